//! From identifiers to events: each is read once for all subscribers, and then decided for each of them.

use std::sync::Arc;

use model::{
    AccountId, AccountState, Hashtag, NotificationId, Result, TweetId, TweetPage, ViewerFlags, Visibility,
};

use super::event::{LiveEvent, Payload};
use crate::policy::{self, Original, Relationships, TweetFacts, TweetList};
use store::{SharedStore, TweetEntities, TweetRecord};

/// A tweet on its way to many subscribers.
pub(super) struct HydratedTweet {
    author: Author,
    visibility: Visibility,
    is_retweet: bool,
    original: Option<OriginalTweet>,
    entities: TweetEntities,
    payload: Arc<Payload>,
    /// The same without the original, for subscribers who may not see that.
    without_original: Option<Arc<Payload>>,
}

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

/// The tweet that is retweeted or quoted.
struct OriginalTweet {
    author: Author,
    visibility: Visibility,
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
        let original = match record.tweet.retweet_of.or(record.tweet.quote_of) {
            Some(id) => read_visible(store, author, id).await?,
            None => None,
        };
        let is_retweet = record.tweet.retweet_of.is_some();
        if is_retweet && original.is_none() {
            return Ok(None);
        }
        let without_original =
            (!is_retweet && original.is_some()).then(|| Payload::new(event(page(record.clone(), None))));
        Ok(Some(Self {
            author: Author::of(&record),
            visibility: record.tweet.visibility,
            is_retweet,
            original: original
                .as_ref()
                .map(|o| OriginalTweet { author: Author::of(o), visibility: o.tweet.visibility }),
            entities,
            payload: Payload::new(event(page(record, original))),
            without_original,
        }))
    }

    /// What a subscriber with these relationships gets of it in this list; `None` is nothing.
    pub(super) fn for_subscriber(
        &self,
        list: TweetList,
        subscriber: AccountId,
        relationships: &Relationships,
    ) -> Option<&Arc<Payload>> {
        let facts = |author: Author, visibility, mentions_viewer| TweetFacts {
            is_own: author.id == subscriber,
            author_state: author.state,
            relationship: relationships.to(author.id),
            visibility,
            mentions_viewer,
        };
        let is_mentioned = self.entities.mentions.contains(&subscriber);
        let tweet = facts(self.author, self.visibility, is_mentioned);
        if !list.includes(tweet, self.is_retweet) {
            return None;
        }
        let Some(original) = &self.original else { return Some(&self.payload) };
        // Originals are public or unlisted: who is mentioned in them decides nothing.
        let original = facts(original.author, original.visibility, false);
        match list.original(tweet, Some(original), self.is_retweet) {
            Original::Shown => Some(&self.payload),
            Original::Omitted => self.without_original.as_ref(),
            Original::HidesTweet => None,
        }
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
            Some(record) => page(record, None),
            None => return Ok(None),
        },
    };
    Ok(Some(Payload::new(LiveEvent::Notification(notification, tweet, actor))))
}
