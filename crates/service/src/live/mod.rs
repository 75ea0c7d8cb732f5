//! What happens now: live subscriptions, presence and trends. All of it is in memory and can be dropped at any
//! time; the store has the truth.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

mod connection;
mod distribute;
mod hub;
mod hydrate;
mod inbox;
#[cfg(test)]
mod tests;
mod trends;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use model::{
    Account, AccountId, ConversationId, DirectMessage, Error, EventId, Hashtag, Notification, Presence,
    ReadReceipts, Result, SessionId, Trend, TweetId, TweetPage,
};
use tokio::sync::Notify;

pub use connection::LiveConnection;
use hub::Hub;
use trends::Trends;

use store::EventReceiver;
use store::SharedStore;
use store::env::Clock;

/// How the live room behaves.
#[derive(Debug, Clone)]
pub struct LiveConfig {
    /// Deliveries that may wait for one connection; a reader that is slower loses its subscriptions.
    pub inbox: usize,
    /// Subscriptions of one connection.
    pub subscriptions: usize,
    /// Events that are looked at to catch up; past it the client is told of a gap.
    pub replay_max: usize,
    /// Someone without a request for this long is away.
    pub away_after: Duration,
    /// Someone without a connection for this long is offline: a short break is nobody's business.
    pub offline_grace: Duration,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            inbox: 1_024,
            subscriptions: 32,
            replay_max: 1_000,
            away_after: Duration::from_secs(600),
            offline_grace: Duration::from_secs(5),
        }
    }
}

/// Counts for operators.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LiveStatistics {
    /// Connections that are signed in.
    pub connections: u32,
    /// Subscriptions.
    pub subscriptions: u32,
    /// People who are online or away and do not hide it.
    pub online: u32,
}

/// What happens now.
#[derive(Debug)]
pub struct Live {
    store: SharedStore,
    clock: Arc<dyn Clock>,
    config: LiveConfig,
    hub: Mutex<Hub>,
    trends: Mutex<Trends>,
    /// Someone's presence may have changed.
    presence_changed: Notify,
}

impl Live {
    /// Begins to distribute what the store tells; trends are gathered from it first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(
        store: SharedStore,
        feed: EventReceiver,
        clock: Arc<dyn Clock>,
        config: LiveConfig,
    ) -> Result<Arc<Self>> {
        let head = store.last_event().await?;
        let trends = Trends::gather(&store, clock.now_ms()).await?;
        let live = Arc::new(Self {
            store,
            clock,
            config,
            hub: Mutex::new(Hub::new(head)),
            trends: Mutex::new(trends),
            presence_changed: Notify::new(),
        });
        tokio::spawn(distribute::run(Arc::downgrade(&live), feed));
        Ok(live)
    }

    /// A connection that has signed in. It counts for presence once it has a subscription.
    #[must_use]
    pub fn connect(self: &Arc<Self>, account: AccountId, session: SessionId) -> LiveConnection {
        LiveConnection::new(Arc::clone(self), account, session)
    }

    /// Tells `to`, if there, that `from` is writing to them.
    pub fn typing(&self, from: Account, to: AccountId) {
        let from_id = from.id;
        let payload = Payload::new(LiveEvent::Typing(from));
        let inbox = self.config.inbox;
        let mut hub = self.hub();
        for target in hub.conversation_subscriptions(to, from_id) {
            hub.push(target, None, &payload, inbox);
        }
    }

    /// Whether someone is there, as others may know.
    #[must_use]
    pub fn presence(&self, account: AccountId) -> Presence {
        self.hub().presence(account)
    }

    /// How long somebody who is away has done nothing, as others may know.
    #[must_use]
    pub fn idle(&self, account: AccountId) -> Duration {
        self.hub().idle(account)
    }

    /// Everyone who is there and does not hide it.
    #[must_use]
    pub fn online(&self) -> Vec<(AccountId, Presence)> {
        self.hub().online()
    }

    /// The strongest trends.
    #[must_use]
    pub fn trends(&self, limit: usize) -> Vec<Trend> {
        let now_ms = self.clock.now_ms();
        self.trends.lock().unwrap_or_else(PoisonError::into_inner).top(now_ms, limit)
    }

    /// Most subscriptions of one connection, which gateways publish.
    #[must_use]
    pub fn subscriptions_max(&self) -> usize {
        self.config.subscriptions
    }

    /// Counts for operators.
    #[must_use]
    pub fn statistics(&self) -> LiveStatistics {
        self.hub().statistics()
    }

    /// Never held across an await.
    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
    /// ReadReceipts of `account`.
    ReadReceipts { conversation: ConversationId, account: Account, marks: ReadReceipts },
    /// This account is writing to the subscriber.
    Typing(Account),
    /// This account came, went or is away, and how long it has then done nothing.
    Presence(Account, Presence, Duration),
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

impl Payload {
    fn new(event: LiveEvent) -> Arc<Self> {
        Arc::new(Self { event, encoded: OnceLock::new() })
    }
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
