//! What a store reports of its commits, for clients and for caches.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use model::{
    AccountId, AnnouncementId, ConversationId, EventId, MessageId, NotificationId, SessionId, TweetId,
};

/// Something that was committed. The store keeps events for a configured time, so that a client that was offline can
/// catch up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Larger than that of every earlier event.
    pub id: EventId,
    /// What happened, to what.
    pub kind: EventKind,
}

/// The kind of an event. It has identifiers only: the receiver reads the current state from the store. It names everything
/// whose cached copies it outdates, so that a cache can follow the log alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The store was created.
    Created,
    /// A tweet, reply, quote or plain retweet. The counts of the tweet that it replies to and of the `original` that it
    /// quotes or retweets changed.
    TweetPosted { tweet: TweetId, author: AccountId, reply_to: Option<TweetId>, original: Option<TweetId> },
    /// The text of a tweet changed.
    TweetEdited { tweet: TweetId, author: AccountId },
    /// A tweet was deleted, or a plain retweet undone. It referred to the others as in [`EventKind::TweetPosted`].
    TweetDeleted { tweet: TweetId, author: AccountId, reply_to: Option<TweetId>, original: Option<TweetId> },
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
    /// The operator has announced something.
    Announced { announcement: AnnouncementId },
    /// An announcement was removed, by the operator or because it has ended.
    AnnouncementRemoved { announcement: AnnouncementId },
    /// The account has dismissed an announcement.
    AnnouncementDismissed { account: AccountId, announcement: AnnouncementId },
    /// A new direct message.
    MessageSent { conversation: ConversationId, message: MessageId, author: AccountId, to: AccountId },
    /// A direct message was edited or deleted.
    MessageChanged { conversation: ConversationId, message: MessageId, author: AccountId, to: AccountId },
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
    /// A like was given.
    Liked { account: AccountId, tweet: TweetId },
    /// A like was undone.
    Unliked { account: AccountId, tweet: TweetId },
    /// A bookmark was set.
    Bookmarked { account: AccountId, tweet: TweetId },
    /// A bookmark was removed.
    Unbookmarked { account: AccountId, tweet: TweetId },
    /// Rows of another database were imported: anything may have changed.
    Imported,
}

impl EventKind {
    /// Whether the event is only for caches: no client is notified of it, and the log keeps it for
    /// [`EFFECTS_KEPT`] only.
    #[must_use]
    pub fn is_effect(self) -> bool {
        matches!(
            self,
            Self::Liked { .. }
                | Self::Unliked { .. }
                | Self::Bookmarked { .. }
                | Self::Unbookmarked { .. }
                | Self::Imported
        )
    }

    /// The tweets whose counts changed.
    pub fn counted(self) -> impl Iterator<Item = TweetId> {
        let tweets = match self {
            Self::TweetPosted { reply_to, original, .. } | Self::TweetDeleted { reply_to, original, .. } => {
                [reply_to, original]
            }
            Self::Liked { tweet, .. } | Self::Unliked { tweet, .. } => [Some(tweet), None],
            _ => [None, None],
        };
        tweets.into_iter().flatten()
    }

    /// The account that liked, bookmarked or retweeted a tweet or undid that, and the tweet.
    #[must_use]
    pub fn flagged(self) -> Option<(AccountId, TweetId)> {
        match self {
            Self::Liked { account, tweet }
            | Self::Unliked { account, tweet }
            | Self::Bookmarked { account, tweet }
            | Self::Unbookmarked { account, tweet } => Some((account, tweet)),
            Self::TweetPosted { author, original: Some(original), .. }
            | Self::TweetDeleted { author, original: Some(original), .. } => Some((author, original)),
            _ => None,
        }
    }
}

/// How long the log keeps events that are only for caches.
pub const EFFECTS_KEPT: std::time::Duration = std::time::Duration::from_secs(600);
