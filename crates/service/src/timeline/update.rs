//! What committed events do to the cache, and the latest ones for reads that began before.

use std::collections::{VecDeque, vec_deque};

use model::AccountId;
use store::{EventKind, TweetRecord};

/// Whether this account's home cannot be updated in memory after the event: it is read again.
pub(super) fn ends_home(event: EventKind, me: AccountId) -> bool {
    match event {
        // One of the two may still block the other: only the store knows.
        EventKind::Unblocked { blocker, blocked } => blocker == me || blocked == me,
        EventKind::Imported => true,
        _ => false,
    }
}

/// Whether a record that was read for this viewer before the event may be out of date.
pub(super) fn outdates(event: EventKind, me: AccountId, record: &TweetRecord) -> bool {
    let id = record.tweet.id;
    if event.counted().any(|tweet| tweet == id) || event.flagged() == Some((me, id)) {
        return true;
    }
    match event {
        EventKind::TweetEdited { tweet, .. } | EventKind::TweetDeleted { tweet, .. } => tweet == id,
        EventKind::ProfileEdited { account }
        | EventKind::AccountHidden { account }
        | EventKind::AccountShown { account } => account == record.author.id,
        EventKind::Imported => true,
        _ => false,
    }
}

/// The latest events. Positions count all events since the start.
#[derive(Debug, Default)]
pub(super) struct UpdateLog {
    latest: VecDeque<EventKind>,
    position: u64,
}

impl UpdateLog {
    /// The number of updates so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn push(&mut self, update: EventKind) {
        self.latest.push_back(update);
        self.position += 1;
    }

    /// Forgets all but the latest `max` updates.
    pub(super) fn truncate(&mut self, max: usize) {
        let surplus = self.latest.len().saturating_sub(max);
        self.latest.drain(..surplus);
    }

    /// The updates after this position, oldest first; `None` when some of them are forgotten.
    pub(super) fn since(&self, position: u64) -> Option<vec_deque::Iter<'_, EventKind>> {
        let missed = usize::try_from(self.position - position).ok()?;
        let start = self.latest.len().checked_sub(missed)?;
        Some(self.latest.range(start..))
    }
}
