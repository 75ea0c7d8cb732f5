//! The commit log as it grows. What was committed earlier is read with [`Store::events`](crate::Store::events).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use model::{EventId, Tweet};
use tokio::sync::mpsc;

use crate::Event;

/// Batches that may wait for a subscriber before commits slow down.
const BATCHES_MAX: usize = 1_024;

/// The events of one committed transaction: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogBatch {
    /// In commit order.
    pub events: Vec<Event>,
    /// New tweets as they were posted. What later changes of the same transaction did to them is in `events`.
    pub posted: Vec<Tweet>,
    /// The newest event.
    pub last: EventId,
}

impl LogBatch {
    /// `None` for a transaction without events.
    pub(crate) fn new(events: Vec<Event>, posted: Vec<Tweet>) -> Option<Self> {
        let last = events.last()?.id;
        Some(Self { events, posted, last })
    }
}

/// A cache that has to be up to date before a change is acknowledged.
pub trait Observer: std::fmt::Debug + Send + Sync {
    /// Called after each commit with events, in commit order, before its changes are acknowledged. Must not block: all
    /// writes wait for it.
    fn committed(&self, batch: &LogBatch);
}

/// The batches after a position, in commit order. The channel is bounded: a slow subscriber slows commits down, and no batch
/// is lost.
#[derive(Debug)]
pub struct LogSubscription {
    /// The newest event before the first batch.
    pub position: EventId,
    /// Ends when the store is closed.
    pub batches: mpsc::Receiver<Arc<LogBatch>>,
}

/// Reports each commit to any number of observers and subscribers.
#[derive(Debug)]
pub struct CommitLog {
    observers: Mutex<Vec<Weak<dyn Observer>>>,
    subscribers: Mutex<Subscribers>,
}

#[derive(Debug)]
struct Subscribers {
    /// The newest event of all.
    last: EventId,
    senders: Vec<mpsc::Sender<Arc<LogBatch>>>,
}

impl CommitLog {
    /// A log that continues after this event.
    pub(crate) fn new(last: EventId) -> Self {
        let subscribers = Subscribers { last, senders: Vec::new() };
        Self { observers: Mutex::default(), subscribers: Mutex::new(subscribers) }
    }

    /// Notifies this observer of every commit from now on, for as long as it exists.
    pub fn observe(&self, observer: Weak<dyn Observer>) {
        lock(&self.observers).push(observer);
    }

    /// The batches that are committed from now on.
    #[must_use]
    pub fn subscribe(&self) -> LogSubscription {
        let (sender, batches) = mpsc::channel(BATCHES_MAX);
        let mut subscribers = lock(&self.subscribers);
        subscribers.senders.push(sender);
        LogSubscription { position: subscribers.last, batches }
    }

    /// Notifies the observers, and returns the subscribers to which the batch has to be sent.
    pub(crate) fn publish(&self, batch: &LogBatch) -> Vec<mpsc::Sender<Arc<LogBatch>>> {
        let mut observers = lock(&self.observers);
        observers.retain(|observer| match observer.upgrade() {
            Some(observer) => {
                observer.committed(batch);
                true
            }
            None => false,
        });
        drop(observers);
        let mut subscribers = lock(&self.subscribers);
        subscribers.last = batch.last;
        subscribers.senders.retain(|sender| !sender.is_closed());
        subscribers.senders.clone()
    }

    /// Ends all subscriptions.
    pub(crate) fn close(&self) {
        lock(&self.subscribers).senders.clear();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
