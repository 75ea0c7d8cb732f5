//! Presence of one account: what its connections say, and what others were notified of.
//!
//! ```text
//!           subscribed                     away_after, or the client says so
//! offline ─────────────▶ online ◀──────────────────────────────▶ away
//!    ▲                      │ no subscribed connection              │
//!    └──── offline_grace ───┴───────────────────────────────────────┘
//! ```
//!
//! Going online or away is announced at once, going offline only after a grace period, and hiding at once.

use std::time::Duration;

use model::Presence;
use tokio::time::Instant;

/// What others were notified of, and what decides what they are notified of next.
#[derive(Debug)]
pub(super) struct AccountPresence {
    /// The account does not want to be seen.
    hidden: bool,
    /// What others were notified of last.
    announced: Presence,
    /// Since when no connection of an account that is announced as present is subscribed.
    absent_since: Option<Instant>,
}

impl AccountPresence {
    pub(super) fn new() -> Self {
        Self { hidden: false, announced: Presence::Offline, absent_since: None }
    }

    pub(super) fn set_hidden(&mut self, hidden: bool) {
        self.hidden = hidden;
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
        offline_grace: Duration,
    ) -> Option<Presence> {
        let presence = if self.hidden { Presence::Offline } else { of_connections };
        let goes_offline = presence == Presence::Offline && !self.hidden && !self.is_announced_offline();
        if goes_offline {
            let since = *self.absent_since.get_or_insert(now);
            if now.duration_since(since) < offline_grace {
                return None;
            }
        }
        self.absent_since = None;
        let changed = self.announced != presence;
        self.announced = presence;
        changed.then_some(presence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn a_short_break_is_not_announced_and_a_long_one_is_once() {
        let mut presence = AccountPresence::new();
        let mut update = |of_connections| presence.update(of_connections, Instant::now(), GRACE);
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
        presence.update(Presence::Away, Instant::now(), GRACE);
        assert_eq!(presence.visible(), Presence::Away);
        presence.set_hidden(true);
        assert_eq!(presence.visible(), Presence::Offline);
        assert_eq!(presence.update(Presence::Away, Instant::now(), GRACE), Some(Presence::Offline));
        assert_eq!(presence.update(Presence::Online, Instant::now(), GRACE), None);
        presence.set_hidden(false);
        assert_eq!(presence.update(Presence::Online, Instant::now(), GRACE), Some(Presence::Online));
    }
}
