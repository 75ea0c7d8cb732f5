//! Limits on attempts: how often a key (an address, an account) may try something. In bounded memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Error, Result};
use quick_cache::UnitWeighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use store::{AttemptCounters, AttemptWindow, CountedAttempts, RandomState, SharedStore};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Most keys in memory; above it, keys that were used little are forgotten.
const KEYS_MAX: usize = 50_000;
/// Longest wait between two attempts.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

type Keys = Cache<String, Attempts, UnitWeighter, RandomState>;

/// Counts attempts of one kind.
///
/// An attempt takes one of the free ones before its outcome is known, so that attempts at the same time cannot all pass.
/// If only the unknown outcomes of others are in the way, it is refused as `BUSY` and may come back at once: a class that
/// signs in together behind one address does not have to wait for a window. An attempt that is abandoned counts.
///
/// Where several servers share a store, an attempt has to pass the count of this server, which is also the only one while the
/// shared count cannot be reached, and then the shared one.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Its name in the error.
    limit: &'static str,
    free: u32,
    window: Duration,
    growing: bool,
    keys: Mutex<Keys>,
    shared: Option<Shared>,
}

/// The count over all servers.
#[derive(Debug, Clone)]
struct Shared {
    counters: Arc<dyn AttemptCounters>,
    window: AttemptWindow,
}

#[derive(Debug, Clone, Copy)]
struct Attempts {
    /// Those that count.
    count: u32,
    /// Those whose outcome is not known yet.
    pending: u32,
    first: Instant,
    last: Instant,
}

/// An attempt whose outcome is not known yet. It counts when it is dropped, unless it was refunded.
#[derive(Debug)]
#[must_use = "refund it unless it counts"]
pub(super) struct Attempt<'a> {
    throttle: &'a Throttle,
    key: &'a str,
    at: Instant,
    counts: bool,
    /// Where it was begun as well.
    shared: Option<Shared>,
}

impl Throttle {
    /// `free` attempts in a window, then none until the window has passed; 0 is no limit.
    pub(super) fn fixed(limit: &'static str, free: u32, window: Duration) -> Self {
        Self::new(limit, free, window, false)
    }

    /// `free` attempts in a window, then each only after twice the wait of the one before, from one second on; 0 is no
    /// limit.
    pub(super) fn growing(limit: &'static str, free: u32, window: Duration) -> Self {
        Self::new(limit, free, window, true)
    }

    fn new(limit: &'static str, free: u32, window: Duration, growing: bool) -> Self {
        let capacity = KEYS_MAX as u64;
        let keys = Cache::with(
            KEYS_MAX,
            capacity,
            UnitWeighter,
            RandomState::default(),
            DefaultLifecycle::default(),
        );
        Self { limit, free, window, growing, keys: Mutex::new(keys), shared: None }
    }

    /// Counts the attempts of all servers that share this store, under this name.
    pub(super) fn over_all_servers(mut self, kind: &'static str, store: &SharedStore) -> Self {
        let window = AttemptWindow { kind, length: self.window, is_sliding: self.growing };
        self.shared = store.attempts().map(|counters| Shared { counters, window });
        self
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt of this key.
    ///
    /// # Errors
    /// `RATE_LIMITED` for an attempt that comes too early, `BUSY` while others with an unknown outcome take the free
    /// ones. A refused attempt does not count.
    pub(super) async fn attempt<'a>(&'a self, key: &'a str) -> Result<Attempt<'a>> {
        let mut attempt = self.attempt_here(key)?;
        let Some(shared) = self.shared.as_ref().filter(|_| self.free > 0) else { return Ok(attempt) };
        match shared.counters.begin(shared.window, key).await {
            Ok(before) => {
                attempt.shared = Some(shared.clone());
                let CountedAttempts { count, pending, since_first, since_last } = before;
                if let Err(refused) = self.check(count, pending, since_first, since_last) {
                    attempt.refund().await;
                    return Err(refused);
                }
            }
            Err(error) => {
                tracing::warn!(%error, limit = self.limit, "attempts at other servers are not counted");
            }
        }
        Ok(attempt)
    }

    /// The same by the count of this server.
    fn attempt_here<'a>(&'a self, key: &'a str) -> Result<Attempt<'a>> {
        let now = Instant::now();
        let begun = || Attempt { throttle: self, key, at: now, counts: true, shared: None };
        if self.free == 0 {
            return Ok(begun());
        }
        let mut keys = self.keys();
        let mut attempts = match keys.get(key).copied() {
            Some(attempts) if self.is_over(&attempts, now) => Attempts { count: 0, first: now, ..attempts },
            Some(attempts) => attempts,
            None => Attempts { count: 0, pending: 0, first: now, last: now },
        };
        let since = |time| now.saturating_duration_since(time);
        self.check(attempts.count, attempts.pending, since(attempts.first), since(attempts.last))?;
        attempts.pending += 1;
        keys.insert(key.to_owned(), attempts);
        Ok(begun())
    }

    /// Whether an attempt may be made after these.
    fn check(&self, count: u32, pending: u32, since_first: Duration, since_last: Duration) -> Result<()> {
        let retry_after = if count < self.free {
            Duration::ZERO
        } else if self.growing {
            let doublings = (count - self.free).min(20);
            Duration::from_secs(1 << doublings).min(WAIT_MAX).saturating_sub(since_last)
        } else {
            self.window.saturating_sub(since_first)
        };
        if !retry_after.is_zero() {
            return Err(Error::RateLimited { limit: self.limit.into(), retry_after });
        }
        if pending >= self.free.saturating_sub(count).max(1) {
            return Err(Error::Busy);
        }
        Ok(())
    }

    /// Whether the window of these attempts has passed.
    fn is_over(&self, attempts: &Attempts, now: Instant) -> bool {
        let since = if self.growing { attempts.last } else { attempts.first };
        now.duration_since(since) >= self.window
    }

    fn finish(&self, key: &str, at: Instant, counts: bool) {
        if self.free == 0 {
            return;
        }
        let mut keys = self.keys();
        let known = keys.get(key).copied();
        let mut attempts = known.unwrap_or(Attempts { count: 0, pending: 0, first: at, last: at });
        attempts.pending = attempts.pending.saturating_sub(1);
        if counts {
            attempts.count = attempts.count.saturating_add(1);
            attempts.last = attempts.last.max(at);
        }
        if attempts.count == 0 && attempts.pending == 0 {
            keys.remove(key);
        } else {
            keys.insert(key.to_owned(), attempts);
        }
    }

    /// Forgets all attempts of this key.
    pub(super) async fn forget(&self, key: &str) {
        self.keys().remove(key);
        if let Some(shared) = &self.shared {
            shared.counters.forget(shared.window, key).await;
        }
    }
}

impl Attempt<'_> {
    /// The attempt counts.
    pub(super) async fn keep(self) {
        self.end(true).await;
    }

    /// The attempt does not count: it is as if it had not been made.
    pub(super) async fn refund(self) {
        self.end(false).await;
    }

    /// The outcome is known: the attempt counts, or is as if it had not been made.
    pub(super) async fn end(mut self, counts: bool) {
        self.counts = counts;
        if let Some(finished) = self.finish_shared() {
            let _ = finished.await;
        }
    }

    /// A task of its own, because the caller may go away meanwhile.
    fn finish_shared(&mut self) -> Option<JoinHandle<()>> {
        let Shared { counters, window } = self.shared.take()?;
        let (key, counts) = (self.key.to_owned(), self.counts);
        let runtime = Handle::try_current().ok()?;
        Some(runtime.spawn(async move { counters.finish(window, &key, counts).await }))
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.finish_shared();
        self.throttle.finish(self.key, self.at, self.counts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn wait_of(throttle: &Throttle, key: &str) -> u64 {
        match throttle.attempt(key).await {
            Ok(attempt) => {
                attempt.keep().await;
                0
            }
            Err(Error::RateLimited { retry_after, .. }) => retry_after.as_secs(),
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn waits_of(throttle: &Throttle, key: &str, attempts: u32) -> Vec<u64> {
        let mut waits = Vec::new();
        for _ in 0..attempts {
            waits.push(wait_of(throttle, key).await);
        }
        waits
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_after_the_free_attempts_and_success_forgets() {
        let throttle = Throttle::growing("too many", 3, Duration::from_secs(600));
        let waits = waits_of(&throttle, "ada", 4).await;
        assert_eq!(waits, [0, 0, 0, 1]);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!((wait_of(&throttle, "ada").await, wait_of(&throttle, "ada").await), (0, 2));
        assert_eq!(wait_of(&throttle, "bob").await, 0, "other keys are not delayed");
        throttle.forget("ada").await;
        assert_eq!(wait_of(&throttle, "ada").await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn waits_end_at_a_maximum_and_are_forgotten_after_it() {
        let throttle = Throttle::growing("too many", 1, Duration::from_secs(600));
        let mut waits = Vec::new();
        for _ in 0..14 {
            assert_eq!(wait_of(&throttle, "ada").await, 0);
            waits.push(wait_of(&throttle, "ada").await);
            tokio::time::advance(Duration::from_secs(*waits.last().unwrap())).await;
        }
        assert_eq!(waits[..4], [1, 2, 4, 8]);
        assert_eq!(waits.iter().max(), Some(&WAIT_MAX.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_window_opens_again() {
        let throttle = Throttle::fixed("too many", 2, Duration::from_secs(300));
        let waits = waits_of(&throttle, "x", 3).await;
        assert_eq!(waits, [0, 0, 300]);
        tokio::time::advance(Duration::from_secs(300)).await;
        let waits = waits_of(&throttle, "x", 3).await;
        assert_eq!(waits, [0, 0, 300]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refunded_attempt_was_never_made() {
        let throttle = Throttle::growing("too many", 1, Duration::from_secs(600));
        for _ in 0..5 {
            throttle.attempt("ada").await.unwrap().refund().await;
        }
        assert_eq!((wait_of(&throttle, "ada").await, wait_of(&throttle, "ada").await), (0, 1));
        tokio::time::advance(Duration::from_secs(1)).await;
        for _ in 0..5 {
            throttle.attempt("ada").await.unwrap().refund().await;
        }
        assert_eq!((wait_of(&throttle, "ada").await, wait_of(&throttle, "ada").await), (0, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_at_the_same_time_do_not_all_pass() {
        let throttle = Throttle::fixed("too many", 2, Duration::from_secs(300));
        let mut attempts = Vec::new();
        for _ in 0..5 {
            attempts.push(throttle.attempt("x").await);
        }
        assert_eq!(attempts.iter().filter(|attempt| attempt.is_ok()).count(), 2);
        // The others may come back at once: none of these counts yet.
        assert!(
            attempts.iter().flat_map(|attempt| attempt.as_ref().err()).all(|error| *error == Error::Busy)
        );
        for attempt in attempts.into_iter().flatten() {
            attempt.refund().await;
        }
        assert_eq!(wait_of(&throttle, "x").await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_free_attempts_one_at_a_time_may_wait_for_its_outcome() {
        let throttle = Throttle::growing("too many", 1, Duration::from_secs(600));
        assert_eq!((wait_of(&throttle, "ada").await, wait_of(&throttle, "ada").await), (0, 1));
        tokio::time::advance(Duration::from_secs(1)).await;
        let next = throttle.attempt("ada").await.unwrap();
        assert_eq!(throttle.attempt("ada").await.unwrap_err(), Error::Busy);
        drop(next);
        assert_eq!(wait_of(&throttle, "ada").await, 2, "an attempt that is abandoned counts");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let throttle = Throttle::fixed("too many", 1, Duration::from_secs(300));
        for n in 0..KEYS_MAX + 10 {
            throttle.attempt(&n.to_string()).await.unwrap().keep().await;
        }
        let keys = throttle.keys();
        assert!((KEYS_MAX / 2..=KEYS_MAX).contains(&keys.len()), "{} keys", keys.len());
    }
}
