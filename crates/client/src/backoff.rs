//! How long a client waits before it connects again. The wait grows while connecting fails, and also while connections end
//! soon after they were made: a server that ends each of them must not make its clients connect in a loop.

use std::time::Duration;

use tokio::time::Instant;

use crate::random;

/// Wait before the first attempt; doubled with every failure.
const FIRST: Duration = Duration::from_millis(100);
const MAX: Duration = Duration::from_secs(10);
/// A connection that lasted this long was a good one.
const GOOD_AFTER: Duration = Duration::from_secs(10);
/// Failures that count at most while requests are answered, as on a bad network.
const FAILURES_MAX_IF_ANSWERED: u32 = 2;

/// The attempts since the last good connection.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    connected_at: Option<Instant>,
    /// The connection has answered a request.
    answered: bool,
}

impl Backoff {
    /// There is a connection.
    pub(crate) fn connected(&mut self) {
        (self.connected_at, self.answered) = (Some(Instant::now()), false);
    }

    /// The connection has answered a request. Those of the client itself, to resume, do not count.
    pub(crate) fn answered(&mut self, of_caller: bool) {
        self.answered |= of_caller;
    }

    /// The wait after the connection was lost.
    pub(crate) fn after_lost(&mut self) -> Duration {
        let is_good = self.connected_at.is_some_and(|at| at.elapsed() >= GOOD_AFTER);
        self.failures = match (is_good, self.answered) {
            (true, _) => 0,
            (false, true) => (self.failures + 1).min(FAILURES_MAX_IF_ANSWERED),
            (false, false) => self.failures.saturating_add(1),
        };
        self.wait()
    }

    /// The wait after an attempt to connect failed.
    pub(crate) fn after_failure(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.wait()
    }

    fn wait(&self) -> Duration {
        random::backoff(FIRST, MAX, self.failures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The longest wait that may follow so many failures.
    fn most(failures: u32) -> Duration {
        (FIRST * 2_u32.pow(failures)).min(MAX)
    }

    fn lost_after(backoff: &mut Backoff, lasted: Duration, answered: bool) -> Duration {
        backoff.connected();
        backoff.connected_at = backoff.connected_at.map(|at| at - lasted);
        if answered {
            backoff.answered(true);
        }
        backoff.after_lost()
    }

    #[test]
    fn connections_that_end_at_once_are_made_less_and_less_often() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..20).map(|_| lost_after(&mut backoff, Duration::ZERO, false)).collect();
        for (failures, wait) in (1..8).zip(&waits) {
            assert!((most(failures) / 2..=most(failures)).contains(wait), "{failures}: {wait:?}");
        }
        assert!(waits[10..].iter().all(|wait| *wait >= MAX / 2));
        assert!(
            lost_after(&mut backoff, GOOD_AFTER, false) <= FIRST,
            "after a good connection the waits are short again"
        );
    }

    #[test]
    fn a_bad_network_that_carries_something_is_tried_again_soon() {
        let mut backoff = Backoff::default();
        for _ in 0..20 {
            assert!(lost_after(&mut backoff, Duration::ZERO, true) <= most(FAILURES_MAX_IF_ANSWERED));
        }
        let failed: Vec<_> = (0..20).map(|_| backoff.after_failure()).collect();
        assert!(failed[10..].iter().all(|wait| *wait >= MAX / 2));
    }
}
