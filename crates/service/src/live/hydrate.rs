//! From identifiers to what is told: read once for all who get it, and for whom it is.

use std::collections::HashSet;
use std::sync::Arc;

use model::{AccountId, Hashtag, NotificationId, Result, TweetId, TweetPage, ViewerFlags, Visibility};

use super::hub::AccountPresence;
use super::{LiveEvent, Payload};
use crate::policy;
use store::{SharedStore, TweetEntities, TweetRecord};

/// A tweet on its way to many.
pub(super) struct HydratedTweet {
    author: AccountId,
    visibility: Visibility,
    is_retweet: bool,
    /// Author of what it retweets or quotes.
    original_author: Option<AccountId>,
    marks: TweetEntities,
    payload: Arc<Payload>,
    /// The same without what it quotes, for those who do not see that.
    without_quote: Option<Arc<Payload>>,
}

impl HydratedTweet {
    /// `None` when it is gone by now.
    pub(super) async fn read(
        store: &SharedStore,
        tweet: TweetId,
        author: AccountId,
        event: impl Fn(TweetPage) -> LiveEvent,
    ) -> Result<Option<Self>> {
        let Some(record) = store.tweets(author, &[tweet]).await?.pop() else { return Ok(None) };
        if !policy::can_see(&record, author) {
            return Ok(None);
        }
        let marks = store.tweet_entities(tweet).await?;
        let original = match record.tweet.retweet_of.or(record.tweet.quote_of) {
            Some(id) => store.tweets(author, &[id]).await?.pop().filter(|o| policy::can_see(o, author)),
            None => None,
        };
        let is_retweet = record.tweet.retweet_of.is_some();
        if is_retweet && original.is_none() {
            return Ok(None);
        }
        let original_author = original.as_ref().map(|o| o.author.id);
        let without_quote =
            (!is_retweet && original.is_some()).then(|| Payload::new(event(page(record.clone(), None))));
        Ok(Some(Self {
            author,
            visibility: record.tweet.visibility,
            is_retweet,
            original_author,
            marks,
            payload: Payload::new(event(page(record, original))),
            without_quote,
        }))
    }

    /// What someone gets of it on a public topic; `None` is nothing.
    pub(super) fn for_listener(
        &self,
        listener: AccountId,
        relationships: &AccountPresence,
    ) -> Option<&Arc<Payload>> {
        if self.visibility != Visibility::Public {
            return None;
        }
        self.unless_unwanted(listener, relationships)
    }

    /// What a home timeline gets of it.
    pub(super) fn for_home(
        &self,
        reader: AccountId,
        relationships: &AccountPresence,
    ) -> Option<&Arc<Payload>> {
        let may_see = reader == self.author
            || (relationships.following.contains(&self.author)
                && (self.visibility != Visibility::Direct || self.marks.mentions.contains(&reader)));
        if may_see { self.unless_unwanted(reader, relationships) } else { None }
    }

    fn unless_unwanted(&self, reader: AccountId, relationships: &AccountPresence) -> Option<&Arc<Payload>> {
        if reader != self.author
            && (relationships.blocked.contains(&self.author) || relationships.muted.contains(&self.author))
        {
            return None;
        }
        let Some(original_author) = self.original_author else { return Some(&self.payload) };
        let hidden = relationships.blocked.contains(&original_author);
        if self.is_retweet {
            return if hidden || relationships.muted.contains(&original_author) {
                None
            } else {
                Some(&self.payload)
            };
        }
        if hidden { self.without_quote.as_ref() } else { Some(&self.payload) }
    }

    pub(super) fn is_retweet(&self) -> bool {
        self.is_retweet
    }

    pub(super) fn hashtags(&self) -> &[Hashtag] {
        &self.marks.hashtags
    }
}

/// A page of one tweet that is no particular viewer's.
fn page(record: TweetRecord, original: Option<TweetRecord>) -> TweetPage {
    let mut page = TweetPage::default();
    let mut known = HashSet::new();
    for (mut record, is_original) in [(Some(record), false), (original, true)]
        .into_iter()
        .filter_map(|(record, is_original)| Some((record?, is_original)))
    {
        record.tweet.viewer = ViewerFlags::default();
        if known.insert(record.author.id) {
            page.accounts.push(record.author);
        }
        if is_original { &mut page.referenced } else { &mut page.tweets }.push(record.tweet);
    }
    page
}

/// A notification for its recipient; `None` when it is gone or not for them any more.
pub(super) async fn notification(
    store: &SharedStore,
    recipient: AccountId,
    id: NotificationId,
) -> Result<Option<Arc<Payload>>> {
    let Some(notification) = store.notification(id).await? else { return Ok(None) };
    let Some(actor) = store.accounts(&[notification.actor]).await?.pop() else { return Ok(None) };
    let tweet = match notification.tweet {
        None => TweetPage::default(),
        Some(tweet) => match store.tweets(recipient, &[tweet]).await?.pop() {
            Some(record) if policy::can_see(&record, recipient) => page(record, None),
            _ => return Ok(None),
        },
    };
    Ok(Some(Payload::new(LiveEvent::Notification(notification, tweet, actor))))
}
