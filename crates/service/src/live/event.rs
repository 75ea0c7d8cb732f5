//! What can be subscribed to, and what subscribers get.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use model::{
    Account, AccountId, Announcement, AnnouncementId, ConversationId, DirectMessage, Error, EventId, Hashtag,
    Notification, Presence, ReadReceipts, TweetId, TweetPage,
};

/// What can be subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// The subscriber's home timeline.
    Home,
    /// All public tweets.
    Local,
    /// Public tweets with a hashtag.
    Hashtag(Hashtag),
    /// The subscriber's notifications.
    Notifications,
    /// Messages, read receipts and typing in all the subscriber's conversations.
    Conversations,
    /// The same in the conversation with this account.
    Conversation(AccountId),
    /// Presence of all accounts.
    Presence,
}

/// What subscribers are notified of. Tweets come without viewer flags, because all subscribers share one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveEvent {
    /// A page of one.
    TweetPosted(TweetPage),
    /// A page of one.
    TweetEdited(TweetPage),
    /// Also an undone retweet.
    TweetDeleted(TweetId),
    /// With its tweet, if it has one.
    Notification(Notification, TweetPage, Account),
    /// So many notifications of the subscriber are unread now; not for a new one.
    Unread(u32),
    /// What happened to an announcement, and the text of the newest one; empty: there is none.
    Announcement { change: AnnouncementChange, newest: String },
    /// `with` is the other account of the conversation, seen from the subscriber.
    Message { message: DirectMessage, author: Account, with: Account },
    /// The message was edited or deleted.
    MessageChanged { message: DirectMessage, author: Account, with: Account },
    /// How far `account` has received and read the conversation.
    ReadReceipts { conversation: ConversationId, account: Account, marks: ReadReceipts },
    /// This account is typing a message to the subscriber.
    Typing(Account),
    /// The new presence of an account, and for how long it has been idle.
    Presence(Account, Presence, Duration),
    /// Events after this one, up to the sequence of the delivery, are not delivered.
    Gap { after: EventId },
}

/// What happened to an announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnnouncementChange {
    /// It was made.
    Added(Announcement),
    /// It was removed, or has ended.
    Removed(AnnouncementId),
    /// The subscriber has dismissed it.
    Dismissed(AnnouncementId),
}

/// An event, shared by all subscribers who get it.
#[derive(Debug)]
pub struct Payload {
    /// The event.
    pub event: LiveEvent,
    /// The event's fields in the encoding of a gateway's protocol, made by the first connection that sends it.
    pub encoded: OnceLock<Bytes>,
}

impl Payload {
    pub(super) fn new(event: LiveEvent) -> Arc<Self> {
        Arc::new(Self { event, encoded: OnceLock::new() })
    }
}

/// What a connection receives next.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// An event of a subscription.
    Event { subscription: u32, sequence: EventId, payload: Arc<Payload> },
    /// A subscription ended (`SLOW_CONSUMER` with the cursor to resume from).
    Closed { subscription: u32, error: Error },
    /// The connection's session ended: close it.
    SessionEnded,
    /// The connection's account was suspended or deleted: close it.
    AccountClosed,
}
