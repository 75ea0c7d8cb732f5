//! Typing signals: between two accounts only one in a while is passed on, however many a client sends.

use std::time::Duration;

use model::AccountId;
use store::Map;
use tokio::time::Instant;

/// Most pairs that are remembered; above it, signals of further pairs are dropped until older ones have passed.
const PAIRS_MAX: usize = 10_000;

/// When each account signalled last to another.
#[derive(Debug, Default)]
pub(super) struct TypingSignals {
    passed: Map<(AccountId, AccountId), Instant>,
}

impl TypingSignals {
    /// Whether a signal may pass now, `spacing` or more after the last one that did.
    pub(super) fn pass(&mut self, from: AccountId, to: AccountId, now: Instant, spacing: Duration) -> bool {
        let is_recent = |at: &Instant| now.duration_since(*at) < spacing;
        if self.passed.get(&(from, to)).is_some_and(is_recent) {
            return false;
        }
        if self.passed.len() >= PAIRS_MAX {
            self.passed.retain(|_, at| is_recent(at));
        }
        let free = self.passed.len() < PAIRS_MAX;
        if free {
            self.passed.insert((from, to), now);
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPACING: Duration = Duration::from_secs(1);

    fn account(n: usize) -> AccountId {
        AccountId::new(n as u64 + 1).unwrap()
    }

    #[test]
    fn one_signal_a_second_passes_between_two_accounts() {
        let (mut signals, start) = (TypingSignals::default(), Instant::now());
        let mut pass = |from, to, ms| {
            signals.pass(account(from), account(to), start + Duration::from_millis(ms), SPACING)
        };
        assert!(pass(1, 2, 0));
        assert!(!pass(1, 2, 999));
        assert!(pass(2, 1, 999) && pass(1, 3, 999), "other pairs are not delayed");
        assert!(pass(1, 2, 1_000));
    }

    #[test]
    fn memory_is_bounded_and_is_free_again_a_second_later() {
        let (mut signals, start) = (TypingSignals::default(), Instant::now());
        let passed = (0..PAIRS_MAX + 10).filter(|&to| signals.pass(account(to), account(0), start, SPACING));
        assert_eq!(passed.count(), PAIRS_MAX);
        assert!(signals.pass(account(0), account(1), start + SPACING, SPACING));
        assert_eq!(signals.passed.len(), 1);
    }
}
