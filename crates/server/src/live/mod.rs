//! What happens now: live subscriptions, presence and trends. All of it is in memory and can be dropped at any
//! time; the store has the truth.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use model::{
    Account, AccountId, ConversationId, DirectMessage, Error, EventId, Hashtag, Marks, Notification,
    Presence, TweetId, TweetPage,
};

/// What can be subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// One's home timeline.
    Home,
    /// All public tweets.
    Local,
    /// Public tweets with a hashtag.
    Hashtag(Hashtag),
    /// One's notifications.
    Notifications,
    /// Messages, marks and typing in all one's conversations.
    Conversations,
    /// The same in the conversation with this account.
    Conversation(AccountId),
    /// Who comes and goes.
    Presence,
}

/// Something to tell subscribers. Seen by whoever may see it, without a viewer's own marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiveEvent {
    /// A page of one.
    TweetPosted(TweetPage),
    /// A page of one.
    TweetEdited(TweetPage),
    /// It is gone.
    TweetDeleted(TweetId),
    /// With its tweet, if it has one.
    Notification(Notification, TweetPage, Account),
    /// `with` is the other one, seen from the subscriber.
    Message { message: DirectMessage, author: Account, with: Account },
    /// Marks of `account`.
    Marks { conversation: ConversationId, account: Account, marks: Marks },
    /// This account is writing to the subscriber.
    Typing(Account),
    /// This account came, went or is away.
    Presence(Account, Presence),
    /// Events after this one and up to the delivery's sequence will not come.
    Gap { after: EventId },
}

/// An event as shared by all who get it.
#[derive(Debug)]
pub struct Payload {
    /// What happened.
    pub event: LiveEvent,
    /// The event's fields in the form of a gateway's protocol: made once, by the first who delivers it.
    pub encoded: OnceLock<Bytes>,
}

/// What a connection is given next.
#[derive(Debug, Clone)]
pub enum Delivery {
    /// An event of a subscription.
    Event { subscription: u32, sequence: EventId, payload: Arc<Payload> },
    /// A subscription ended (`SLOW_CONSUMER` with the cursor to resume from).
    Closed { subscription: u32, error: Error },
    /// The connection's session ended: close it.
    SessionEnded,
}
