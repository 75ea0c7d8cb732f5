//! Notifications.

use crate::{AccountId, NotificationId, TweetId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationKind {
    /// Someone follows you.
    Follow,
    /// Someone mentioned you.
    Mention,
    /// Someone answered your tweet.
    Reply,
    /// Someone retweeted your tweet.
    Retweet,
    /// Someone quoted your tweet.
    Quote,
    /// Someone liked your tweet.
    Like,
}

/// Something that another person did that concerns the recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its identifier, which tells its time.
    pub id: NotificationId,
    /// What happened.
    pub kind: NotificationKind,
    /// Who did it.
    pub actor: AccountId,
    /// The recipient's tweet for a like or retweet, the actor's for a mention, reply or quote.
    pub tweet: Option<TweetId>,
    /// After the recipient's read mark.
    pub unread: bool,
}
