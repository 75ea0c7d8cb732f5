//! What waits for one connection, and when its person was last there. Each has a lock of its own, so that a
//! connection that looks for news or tells of a request holds up nobody else.

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

use super::Delivery;

/// A connection's inbox. Its bound is kept by whoever puts something in.
#[derive(Debug)]
pub(super) struct Inbox {
    waiting: Mutex<VecDeque<Delivery>>,
    /// The one who takes out what is put in.
    reader: AtomicWaker,
    /// Rung when there is room again.
    room: Notify,
    began: Instant,
    /// Milliseconds from `began` to the last sign of the person.
    touched_ms: AtomicU64,
    set_away: AtomicBool,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            reader: AtomicWaker::new(),
            room: Notify::new(),
            began: Instant::now(),
            touched_ms: AtomicU64::new(0),
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

    /// Before everything else that waits.
    pub(super) fn push_first(&self, delivery: Delivery) {
        self.waiting().push_front(delivery);
        self.reader.wake();
    }

    /// Waits for what comes next; one waits at a time. Nothing is lost when the wait is given up.
    pub(super) async fn next(&self) -> Delivery {
        let delivery = poll_fn(|context| {
            // From here on a push is heard, so that nothing slips in between look and wait.
            self.reader.register(context.waker());
            self.waiting().pop_front().map_or(Poll::Pending, Poll::Ready)
        })
        .await;
        self.room.notify_waiters();
        delivery
    }

    /// Nobody will look any more: whoever waits for room goes on.
    pub(super) fn close(&self) {
        self.waiting().clear();
        self.room.notify_waiters();
    }

    /// Waits until fewer than so many wait.
    pub(super) async fn has_room(&self, max: usize) {
        loop {
            let mut rung = pin!(self.room.notified());
            rung.as_mut().enable();
            if self.len() < max {
                return;
            }
            rung.await;
        }
    }

    /// There was a sign of the person; whether that ends an absence which the client had told.
    pub(super) fn touch(&self) -> bool {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.touched_ms.store(now_ms, Ordering::Relaxed);
        // Most have told nothing: reading is cheaper than writing.
        self.set_away.load(Ordering::Relaxed) && self.set_away.swap(false, Ordering::Relaxed)
    }

    pub(super) fn set_away(&self, away: bool) {
        self.touch();
        self.set_away.store(away, Ordering::Relaxed);
    }

    /// The client has said so, or there was no sign of the person for so long.
    pub(super) fn is_away(&self, now: Instant, away_after: Duration) -> bool {
        self.set_away.load(Ordering::Relaxed) || self.idle(now) >= away_after
    }

    /// Since the last sign of the person.
    pub(super) fn idle(&self, now: Instant) -> Duration {
        let touched = Duration::from_millis(self.touched_ms.load(Ordering::Relaxed));
        now.duration_since(self.began).saturating_sub(touched)
    }
}
