//! How much of the processor the client of one ssh user takes. All sessions share the server's processors with its
//! requests, so that a flood of keys of one user must not delay others.

use std::time::Duration;

use tokio::time::Instant;

/// Work that may be done at once: far more than any key or page of a person takes.
const BURST: Duration = Duration::from_millis(100);
/// After that, one part in this many of the time.
const SHARE: u32 = 10;

/// The work that a client has done lately.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Work that was done and not paid for by time that has passed.
    debt: Duration,
    since: Instant,
    is_limited: bool,
}

impl Budget {
    /// The budget of a client; one on its user's own machine is not limited.
    pub(crate) fn new(is_local: bool) -> Self {
        Self { debt: Duration::ZERO, since: Instant::now(), is_limited: !is_local }
    }

    /// Counts work that has just been done.
    pub(crate) fn charge(&mut self, work: Duration) {
        let now = Instant::now();
        let paid = now.duration_since(self.since) / SHARE;
        self.since = now;
        self.debt = self.debt.saturating_sub(paid).saturating_add(work);
    }

    /// Until when the client has to rest before it works again; `None` if it need not.
    pub(crate) fn rest(&self) -> Option<Instant> {
        let excess = self.debt.checked_sub(BURST).filter(|excess| self.is_limited && !excess.is_zero())?;
        Some(self.since + excess * SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_works_all_the_time_gets_a_tenth_of_it() {
        let (begin, mut budget) = (Instant::now(), Budget::new(false));
        let mut worked = Duration::ZERO;
        while begin.elapsed() < Duration::from_secs(10) {
            if let Some(rest) = budget.rest() {
                tokio::time::sleep_until(rest).await;
            }
            let work = Duration::from_millis(4);
            tokio::time::advance(work).await;
            budget.charge(work);
            worked += work;
        }
        assert!((900..=1_300).contains(&worked.as_millis()), "{worked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_who_types_never_waits() {
        let mut budget = Budget::new(false);
        for _ in 0..1_000 {
            budget.charge(Duration::from_millis(3));
            assert_eq!(budget.rest(), None);
            tokio::time::advance(Duration::from_millis(50)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_on_its_own_machine_is_not_limited() {
        let mut budget = Budget::new(true);
        budget.charge(Duration::from_secs(10));
        assert_eq!(budget.rest(), None);
    }
}
