//! What a store reports of its commits: events for clients, and effects for caches.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use std::sync::Arc;

use model::{AccountId, ConversationId, EventId, MessageId, NotificationId, SessionId, Tweet, TweetId};

/// Something that was committed. The store keeps events for a configured time, so that a client that was offline can
/// catch up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Larger than that of every earlier event.
    pub id: EventId,
    /// What happened, to what.
    pub kind: EventKind,
}

/// The events of each commit, in commit order. The channel is bounded: a slow receiver slows commits down, and no event
/// is lost.
pub type EventReceiver = tokio::sync::mpsc::Receiver<Arc<[Event]>>;

/// The kind of an event. It has identifiers only: the receiver reads the current state from the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The store was created.
    Created,
    /// A tweet, reply, quote or plain retweet.
    TweetPosted { tweet: TweetId, author: AccountId },
    /// The text of a tweet changed.
    TweetEdited { tweet: TweetId, author: AccountId },
    /// A tweet was deleted, or a plain retweet undone.
    TweetDeleted { tweet: TweetId, author: AccountId },
    /// A follow began.
    Followed { follower: AccountId, followee: AccountId },
    /// A follow ended: by the follower, by the account followed, or by a block.
    Unfollowed { follower: AccountId, followee: AccountId },
    /// A block began. Follows that it ended have events of their own.
    Blocked { blocker: AccountId, blocked: AccountId },
    /// A block ended. The other account may still block this one.
    Unblocked { blocker: AccountId, blocked: AccountId },
    /// A mute began.
    Muted { muter: AccountId, muted: AccountId },
    /// A mute ended.
    Unmuted { muter: AccountId, muted: AccountId },
    /// A new notification.
    Notified { recipient: AccountId, notification: NotificationId },
    /// Unread notifications became fewer or more other than by a new one: they were read, or removed with their cause.
    UnreadChanged { recipient: AccountId },
    /// The operator's message to everyone changed.
    Announced,
    /// A new direct message.
    MessageSent { conversation: ConversationId, message: MessageId, author: AccountId, to: AccountId },
    /// The read receipts of `account` moved; `with` is the other member.
    ConversationMarked { conversation: ConversationId, account: AccountId, with: AccountId },
    /// The display name, bio, password or a setting changed.
    ProfileEdited { account: AccountId },
    /// A session ended: log-out, revocation, expiry, password change, suspension or deletion.
    SessionEnded { session: SessionId, account: AccountId },
    /// The account was suspended or deleted: its content is no longer shown.
    AccountHidden { account: AccountId },
    /// The suspension of the account ended.
    AccountShown { account: AccountId },
}

/// An effect of a commit that its events do not describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// The counts of the tweet changed.
    Tweet(TweetId),
    /// The account liked, bookmarked or retweeted the tweet, or undid that.
    ViewerFlags { account: AccountId, tweet: TweetId },
    /// Anything may have changed: an import, which has no events.
    Everything,
}

/// A committed transaction.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// In commit order.
    pub events: &'a [Event],
    /// New tweets as they were posted. What later changes of the same transaction did to them is in `events` and
    /// `touched`.
    pub posted: &'a [Tweet],
    /// In any order; may repeat.
    pub touched: &'a [Touched],
}

/// A cache of the store's contents.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// Called after each commit, in commit order, before its changes are acknowledged. Must not block: all writes wait
    /// for it.
    fn committed(&self, commit: Commit<'_>);
}
