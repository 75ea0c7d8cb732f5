//! From identifiers to events: each is read once for all subscribers, and then decided for each of them.

use std::sync::Arc;

use model::{
    AccountId, AccountState, Hashtag, NotificationId, Result, TweetId, TweetPage, ViewerFlags, Visibility,
};

use super::event::{AnnouncementChange, LiveEvent, Payload};
use crate::policy::{self, Original, PageEntry as _, Relationships, TweetFacts, TweetList};
use store::{EventKind, SharedStore, TweetEntities, TweetRecord};

/// A tweet on its way to many subscribers.
pub(super) struct HydratedTweet {
    author: Author,
    visibility: Visibility,
    is_retweet: bool,
    original: Option<OtherTweet>,
    /// The tweet that it replies to.
    parent: Option<OtherTweet>,
    entities: TweetEntities,
    /// As all subscribers get it who may see the original and the parent, and without one or both of them, where it has
    /// them: at the index [`HIDES_ORIGINAL`] + [`HIDES_PARENT`].
    payloads: [Option<Arc<Payload>>; 4],
}

const HIDES_ORIGINAL: usize = 1;
const HIDES_PARENT: usize = 2;

#[derive(Clone, Copy)]
struct Author {
    id: AccountId,
    state: AccountState,
}

impl Author {
    fn of(record: &TweetRecord) -> Self {
        Self { id: record.author.id, state: record.author_state }
    }
}

/// A tweet that another one shows: the one that is retweeted or quoted, or the one that is replied to.
struct OtherTweet {
    author: Author,
    visibility: Visibility,
    /// Accounts that see it because it mentions them; none if everyone sees it.
    mentions: Vec<AccountId>,
}

impl OtherTweet {
    async fn read(store: &SharedStore, record: &TweetRecord) -> Result<Self> {
        let visibility = record.tweet.visibility;
        let mentions = if visibility.is_shareable() {
            Vec::new()
        } else {
            store.tweet_entities(record.tweet.id).await?.mentions
        };
        Ok(Self { author: Author::of(record), visibility, mentions })
    }
}

impl HydratedTweet {
    /// `None` when the tweet is deleted or hidden by now.
    pub(super) async fn read(
        store: &SharedStore,
        tweet: TweetId,
        author: AccountId,
        event: impl Fn(TweetPage) -> LiveEvent,
    ) -> Result<Option<Self>> {
        let Some(record) = read_visible(store, author, tweet).await? else { return Ok(None) };
        let entities = store.tweet_entities(tweet).await?;
        let is_retweet = record.tweet.retweet_of.is_some();
        let original = match record.tweet.retweet_of.or(record.tweet.quote_of) {
            Some(id) => read_visible(store, author, id).await?,
            None => None,
        };
        if is_retweet && original.is_none() {
            return Ok(None);
        }
        let parent = match record.tweet.reply_to {
            Some(id) => read_visible(store, author, id).await?,
            None => None,
        };
        let payload = |hidden: usize| {
            let original = original.clone().filter(|_| hidden & HIDES_ORIGINAL == 0);
            let parent = parent.as_ref().filter(|_| hidden & HIDES_PARENT == 0);
            Payload::new(event(page(with_parent(record.clone(), parent), original)))
        };
        // A retweet is nothing without its original.
        let hideable = HIDES_ORIGINAL * usize::from(original.is_some() && !is_retweet)
            + HIDES_PARENT * usize::from(parent.is_some());
        let payloads = [0, 1, 2, 3].map(|hidden| (hidden & !hideable == 0).then(|| payload(hidden)));
        Ok(Some(Self {
            author: Author::of(&record),
            visibility: record.tweet.visibility,
            is_retweet,
            original: match &original {
                Some(original) => Some(OtherTweet::read(store, original).await?),
                None => None,
            },
            parent: match &parent {
                Some(parent) => Some(OtherTweet::read(store, parent).await?),
                None => None,
            },
            entities,
            payloads,
        }))
    }

    /// What a subscriber with these relationships gets of it in this list; `None` is nothing.
    pub(super) fn for_subscriber(
        &self,
        list: TweetList,
        subscriber: AccountId,
        relationships: &Relationships,
    ) -> Option<&Arc<Payload>> {
        let facts = |author: Author, visibility, mentions: &[AccountId]| TweetFacts {
            is_own: author.id == subscriber,
            author_state: author.state,
            relationship: relationships.to(author.id),
            visibility,
            mentions_viewer: mentions.contains(&subscriber),
        };
        let of_other = |other: &OtherTweet| facts(other.author, other.visibility, &other.mentions);
        let tweet = facts(self.author, self.visibility, &self.entities.mentions);
        if !list.includes(tweet, self.is_retweet) {
            return None;
        }
        let mut hidden = 0;
        if let Some(original) = &self.original {
            match list.original(tweet, Some(of_other(original)), self.is_retweet) {
                Original::Shown => {}
                Original::Omitted => hidden += HIDES_ORIGINAL,
                Original::HidesTweet => return None,
            }
        }
        if self.parent.as_ref().is_some_and(|parent| !list.shows_parent(tweet, of_other(parent))) {
            hidden += HIDES_PARENT;
        }
        self.payloads.get(hidden)?.as_ref()
    }

    pub(super) fn hashtags(&self) -> &[Hashtag] {
        &self.entities.hashtags
    }
}

/// A tweet, if this viewer may see it.
async fn read_visible(store: &SharedStore, viewer: AccountId, tweet: TweetId) -> Result<Option<TweetRecord>> {
    let record = store.tweets(viewer, &[tweet]).await?.pop();
    Ok(record.filter(|record| policy::is_visible(record, viewer)))
}

/// A reply with the beginning of the tweet that it answers.
fn with_parent(mut reply: TweetRecord, parent: Option<&TweetRecord>) -> TweetRecord {
    if let Some(parent) = parent {
        reply.set_parent(parent);
    }
    reply
}

/// A page of one tweet without viewer flags.
fn page(record: TweetRecord, original: Option<TweetRecord>) -> TweetPage {
    let without_flags = |mut record: TweetRecord| {
        record.tweet.viewer = ViewerFlags::default();
        record
    };
    policy::page_of_one(without_flags(record), original.map(without_flags)).into()
}

/// A notification for its recipient; `None` when it is deleted or its tweet is hidden by now.
pub(super) async fn notification(
    store: &SharedStore,
    recipient: AccountId,
    id: NotificationId,
) -> Result<Option<Arc<Payload>>> {
    let Some(notification) = store.notification(id).await? else { return Ok(None) };
    let Some(actor) = store.accounts(&[notification.actor]).await?.pop() else { return Ok(None) };
    let tweet = match notification.tweet {
        None => TweetPage::default(),
        Some(tweet) => match read_visible(store, recipient, tweet).await? {
            Some(record) => {
                let parent = match record.tweet.reply_to {
                    Some(parent) => read_visible(store, recipient, parent).await?,
                    None => None,
                };
                let quoted = match record.tweet.quote_of {
                    Some(quoted) => read_visible(store, recipient, quoted).await?,
                    None => None,
                };
                let facts = |record: &TweetRecord| TweetFacts::of(record, recipient);
                // A quoted tweet is shown as one that is replied to.
                let shows =
                    |other: &TweetRecord| TweetList::Requested.shows_parent(facts(&record), facts(other));
                let parent = parent.as_ref().filter(|parent| shows(parent));
                page(with_parent(record.clone(), parent), quoted.filter(shows))
            }
            None => return Ok(None),
        },
    };
    Ok(Some(Payload::new(LiveEvent::Notification(notification, tweet, actor))))
}

/// What happened to an announcement; `None` when it is removed by now.
pub(super) async fn announcement(
    store: &SharedStore,
    kind: EventKind,
    now_ms: i64,
) -> Result<Option<Arc<Payload>>> {
    let all = store.announcements(None, now_ms).await?;
    let change = match kind {
        EventKind::Announced { announcement } => {
            all.iter().find(|one| one.id == announcement).cloned().map(AnnouncementChange::Added)
        }
        EventKind::AnnouncementRemoved { announcement } => Some(AnnouncementChange::Removed(announcement)),
        EventKind::AnnouncementDismissed { announcement, .. } => {
            Some(AnnouncementChange::Dismissed(announcement))
        }
        _ => None,
    };
    let newest = all.into_iter().next().map_or_else(String::new, |newest| newest.text);
    Ok(change.map(|change| Payload::new(LiveEvent::Announcement { change, newest })))
}
