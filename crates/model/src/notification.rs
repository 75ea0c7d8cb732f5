//! Notifications.

use crate::id::{AccountId, NotificationId, TweetId};

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// Someone follows you.
    Follow,
    /// Someone mentioned you.
    Mention,
    /// Someone replied to your tweet.
    Reply,
    /// Someone retweeted your tweet.
    Retweet,
    /// Someone quoted your tweet.
    Quote,
    /// Someone liked your tweet.
    Like,
}

/// Tells the recipient what another account (the actor) did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Identifier; it contains the time.
    pub id: NotificationId,
    /// What the actor did.
    pub kind: NotificationKind,
    /// The account that caused it.
    pub actor: AccountId,
    /// The recipient's tweet for a like or retweet, the actor's for a mention, reply or quote.
    pub tweet: Option<TweetId>,
    /// Whether the recipient has not read it yet.
    pub unread: bool,
}
