//! Presence of one account: what its connections say, and what others were notified of.
//!
//! ```text
//!           subscribed                     away_after, or the client says so
//! offline ─────────────▶ online ◀──────────────────────────────▶ away
//!    ▲                      │ no subscribed connection              │
//!    └──── offline_grace ───┴───────────────────────────────────────┘
//! ```
//!
//! Going online or away is announced at once, going offline only after a grace period, and hiding at once; but a change
//! that follows another one too soon is announced later, and not at all if it is undone meanwhile.

use model::Presence;
use tokio::time::Instant;

use super::config::LiveConfig;

/// What others were notified of, and what decides what they are notified of next.
#[derive(Debug)]
pub(super) struct AccountPresence {
    /// The account does not want to be seen.
    hidden: bool,
    /// What others were notified of last.
    announced: Presence,
    /// Since when no connection of an account that is announced as present is subscribed.
    absent_since: Option<Instant>,
    announced_at: Option<Instant>,
}

impl AccountPresence {
    pub(super) fn new() -> Self {
        Self { hidden: false, announced: Presence::Offline, absent_since: None, announced_at: None }
    }

    pub(super) fn set_hidden(&mut self, hidden: bool) {
        self.hidden = hidden;
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// What others may see.
    pub(super) fn visible(&self) -> Presence {
        if self.hidden { Presence::Offline } else { self.announced }
    }

    /// Whether others were notified that the account is offline, or never notified of anything else.
    pub(super) fn is_announced_offline(&self) -> bool {
        self.announced == Presence::Offline
    }

    /// Takes in what the connections say now; returns what others have to be notified of, if anything.
    pub(super) fn update(
        &mut self,
        of_connections: Presence,
        now: Instant,
        config: &LiveConfig,
    ) -> Option<Presence> {
        let presence = if self.hidden { Presence::Offline } else { of_connections };
        let goes_offline = presence == Presence::Offline && !self.hidden && !self.is_announced_offline();
        if goes_offline {
            let since = *self.absent_since.get_or_insert(now);
            if now.duration_since(since) < config.offline_grace {
                return None;
            }
        }
        let changed = self.announced != presence;
        if changed && self.announced_at.is_some_and(|at| now.duration_since(at) < config.spacing) {
            return None;
        }
        self.absent_since = None;
        if !changed {
            return None;
        }
        self.announced = presence;
        self.announced_at = Some(now);
        Some(presence)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    fn update(presence: &mut AccountPresence, of_connections: Presence) -> Option<Presence> {
        let config = LiveConfig { offline_grace: GRACE, ..LiveConfig::default() };
        presence.update(of_connections, Instant::now(), &config)
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_break_is_not_announced_and_a_long_one_is_once() {
        let mut presence = AccountPresence::new();
        let mut update = |of_connections| update(&mut presence, of_connections);
        assert_eq!(update(Presence::Online), Some(Presence::Online));
        assert_eq!(update(Presence::Offline), None);
        tokio::time::advance(GRACE / 2).await;
        assert_eq!(update(Presence::Online), None, "back before the grace period ended");
        assert_eq!(update(Presence::Offline), None);
        tokio::time::advance(GRACE / 2).await;
        assert_eq!(update(Presence::Offline), None, "the second break has a grace period of its own");
        tokio::time::advance(GRACE / 2).await;
        assert_eq!(update(Presence::Offline), Some(Presence::Offline));
        assert_eq!(update(Presence::Offline), None);
    }

    #[tokio::test(start_paused = true)]
    async fn hiding_is_announced_at_once_and_hides_from_lists() {
        let mut presence = AccountPresence::new();
        update(&mut presence, Presence::Away);
        tokio::time::advance(GRACE).await;
        assert_eq!(presence.visible(), Presence::Away);
        presence.set_hidden(true);
        assert_eq!(presence.visible(), Presence::Offline);
        assert_eq!(update(&mut presence, Presence::Away), Some(Presence::Offline));
        assert_eq!(update(&mut presence, Presence::Online), None);
        presence.set_hidden(false);
        tokio::time::advance(GRACE).await;
        assert_eq!(update(&mut presence, Presence::Online), Some(Presence::Online));
    }

    #[tokio::test(start_paused = true)]
    async fn changes_in_quick_succession_are_announced_as_one_a_second() {
        let mut presence = AccountPresence::new();
        let mut announced = Vec::new();
        for step in 0..300 {
            let state = if step % 2 == 0 { Presence::Online } else { Presence::Away };
            announced.extend(update(&mut presence, state));
            tokio::time::advance(Duration::from_millis(10)).await;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
        announced.extend(update(&mut presence, Presence::Away));
        assert!((2..=5).contains(&announced.len()), "{announced:?}");
        assert_eq!(announced.last(), Some(&Presence::Away), "the last state is announced in the end");
    }
}
