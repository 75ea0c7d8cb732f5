//! When an account is notified of its unread count: at once, but only once in a while. Later changes wait, and then one
//! event has the count of that time.

use std::time::Duration;

use tokio::time::Instant;

/// When an account was notified last, and whether the count has changed since.
#[derive(Debug, Default)]
pub(super) struct UnreadNotices {
    sent_at: Option<Instant>,
    due: bool,
}

impl UnreadNotices {
    fn is_recent(&self, now: Instant, spacing: Duration) -> bool {
        self.sent_at.is_some_and(|at| now.duration_since(at) < spacing)
    }

    /// The count has changed: whether that is sent now. If not, it is due later.
    pub(super) fn changed(&mut self, now: Instant, spacing: Duration) -> bool {
        self.due = true;
        self.take_due(now, spacing)
    }

    /// A new notification is sent. A count that was read shortly before may have included it already, so the count is
    /// sent again.
    pub(super) fn notified(&mut self, now: Instant, spacing: Duration) {
        self.due = self.due || self.is_recent(now, spacing);
    }

    /// Whether a count is due that may be sent now.
    pub(super) fn take_due(&mut self, now: Instant, spacing: Duration) -> bool {
        let take = self.due && !self.is_recent(now, spacing);
        if take {
            *self = Self { sent_at: Some(now), due: false };
        }
        take
    }
}
