//! What waits for one connection, and when it was last active. Each connection has a lock of its own, so that reading
//! its inbox or recording a request delays no other connection.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::event::Delivery;

/// A connection's inbox. The sender keeps its bound.
#[derive(Debug)]
pub(super) struct Inbox {
    waiting: Mutex<VecDeque<Delivery>>,
    /// Woken by every push.
    reader: AtomicWaker,
    /// Notified when something was taken out.
    taken: Notify,
    connected_at: Instant,
    /// Milliseconds from `connected_at` to the last activity.
    last_activity_ms: AtomicU64,
    set_away: AtomicBool,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            reader: AtomicWaker::new(),
            taken: Notify::new(),
            connected_at: Instant::now(),
            last_activity_ms: AtomicU64::new(0),
            set_away: AtomicBool::new(false),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Delivery>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting().len()
    }

    pub(super) fn push(&self, delivery: Delivery) {
        self.waiting().push_back(delivery);
        self.reader.wake();
    }

    /// A reason to close the connection, before everything else that waits except an earlier one.
    pub(super) fn push_end(&self, delivery: Delivery) {
        let mut waiting = self.waiting();
        if !matches!(waiting.front(), Some(Delivery::SessionEnded | Delivery::AccountClosed)) {
            waiting.push_front(delivery);
        }
        drop(waiting);
        self.reader.wake();
    }

    /// Waits for the next delivery; one caller at a time. Cancelling the wait loses nothing.
    pub(super) async fn next(&self) -> Delivery {
        let delivery = poll_fn(|context| {
            // Registered before looking, so that no push between the two is missed.
            self.reader.register(context.waker());
            self.waiting().pop_front().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        self.taken.notify_waiters();
        delivery
    }

    /// The connection has ended: senders that wait go on.
    pub(super) fn close(&self) {
        self.waiting().clear();
        self.taken.notify_waiters();
    }

    /// Waits until fewer than `max` deliveries wait.
    pub(super) async fn wait_until_below(&self, max: usize) {
        loop {
            let mut notified = pin!(self.taken.notified());
            notified.as_mut().enable();
            if self.len() < max {
                return;
            }
            notified.await;
        }
    }

    /// Records a request; whether it ends an absence that the client had declared.
    pub(super) fn record_activity(&self) -> bool {
        let now_ms = u64::try_from(self.connected_at.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_activity_ms.store(now_ms, Ordering::Relaxed);
        // Most clients declare nothing, and reading is cheaper than writing.
        self.set_away.load(Ordering::Relaxed) && self.set_away.swap(false, Ordering::Relaxed)
    }

    pub(super) fn set_away(&self, away: bool) {
        self.record_activity();
        self.set_away.store(away, Ordering::Relaxed);
    }

    /// Whether the client has declared it, or there was no activity for so long.
    pub(super) fn is_away(&self, now: Instant, away_after: Duration) -> bool {
        self.set_away.load(Ordering::Relaxed) || self.idle(now) >= away_after
    }

    /// Time since the last activity.
    pub(super) fn idle(&self, now: Instant) -> Duration {
        let last_activity = Duration::from_millis(self.last_activity_ms.load(Ordering::Relaxed));
        now.duration_since(self.connected_at).saturating_sub(last_activity)
    }
}
