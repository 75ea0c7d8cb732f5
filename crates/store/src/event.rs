//! What a store tells of its commits.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use std::sync::Arc;

use model::{AccountId, ConversationId, EventId, MessageId, NotificationId, SessionId, Tweet, TweetId};
use tokio::sync::mpsc;

/// Something that was committed. Events are kept in the store (for as long as the operator says), so that a
/// client that was away can ask for what it missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Larger than that of every event committed before.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened. Identifiers only: whoever wants more reads it, as it stands then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The store was made.
    Created,
    /// Also a quote or a plain retweet.
    TweetPosted { tweet: TweetId, author: AccountId },
    /// The text changed.
    TweetEdited { tweet: TweetId, author: AccountId },
    /// Also a retweet that was undone.
    TweetDeleted { tweet: TweetId, author: AccountId },
    /// A new follow.
    Followed { follower: AccountId, followee: AccountId },
    /// By either of the two, or by a block.
    Unfollowed { follower: AccountId, followee: AccountId },
    /// The follows that it ended have events of their own.
    Blocked { blocker: AccountId, blocked: AccountId },
    /// Neither may still block the other.
    Unblocked { blocker: AccountId, blocked: AccountId },
    /// A new mute.
    Muted { muter: AccountId, muted: AccountId },
    /// A mute ended.
    Unmuted { muter: AccountId, muted: AccountId },
    /// A new notification.
    Notified { recipient: AccountId, notification: NotificationId },
    /// A new message.
    MessageSent { conversation: ConversationId, message: MessageId, author: AccountId, to: AccountId },
    /// Someone's marks moved; `with` is the other one.
    ConversationMarked { conversation: ConversationId, account: AccountId, with: AccountId },
    /// Display name, bio or a setting.
    ProfileEdited { account: AccountId },
    /// Log-out, revocation, expiry, password change or suspension.
    SessionEnded { session: SessionId, account: AccountId },
    /// Nothing of the account may be shown any more.
    AccountHidden { account: AccountId },
    /// The account may be shown again.
    AccountShown { account: AccountId },
}

/// What a commit changed beside what its events say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// Its counts.
    Tweet(TweetId),
    /// What this account did with a tweet: likes, bookmarks, plain retweets.
    ViewerFlags { account: AccountId, tweet: TweetId },
    /// Much, without events: an import, or what a deleted account left.
    Everything,
}

/// What one transaction did.
#[derive(Debug, Clone, Copy)]
pub struct Commit<'a> {
    /// In order.
    pub events: &'a [Event],
    /// Tweets that are new, as they were written: what happened to them since is in the others.
    pub posted: &'a [Tweet],
    /// In any order.
    pub touched: &'a [Touched],
}

/// Committed events, one batch for each transaction, in commit order. A slow receiver slows commits down; no event
/// is lost.
pub type EventReceiver = mpsc::Receiver<Arc<[Event]>>;

/// Somebody who keeps something of the store in memory.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// Something was committed. It is acknowledged when this returns, so it must not wait for anything.
    fn committed(&self, commit: Commit<'_>);
}
