//! What commits do to the cache, and the log of it for reads that began before.

use std::collections::{VecDeque, vec_deque};

use model::AccountId;
use store::{EventKind, Touched, TweetRecord};

/// One committed change, as far as caches have to know it.
#[derive(Debug, Clone, Copy)]
pub(super) enum CacheUpdate {
    Event(EventKind),
    Touched(Touched),
}

impl CacheUpdate {
    /// Whether this account's home cannot be updated in memory: it is read again.
    pub(super) fn ends_home(self, me: AccountId) -> bool {
        match self {
            // One of the two may still block the other: only the store knows.
            Self::Event(EventKind::Unblocked { blocker, blocked }) => blocker == me || blocked == me,
            Self::Touched(Touched::Everything) => true,
            Self::Event(_) | Self::Touched(_) => false,
        }
    }

    /// Whether a record that was read for this viewer before the update may be out of date.
    pub(super) fn outdates(self, me: AccountId, record: &TweetRecord) -> bool {
        let id = record.tweet.id;
        match self {
            Self::Event(EventKind::TweetEdited { tweet, .. } | EventKind::TweetDeleted { tweet, .. }) => {
                tweet == id
            }
            Self::Event(
                EventKind::ProfileEdited { account }
                | EventKind::AccountHidden { account }
                | EventKind::AccountShown { account },
            ) => account == record.author.id,
            Self::Touched(Touched::Tweet(tweet)) => tweet == id,
            Self::Touched(Touched::ViewerFlags { account, tweet }) => account == me && tweet == id,
            Self::Touched(Touched::Everything) => true,
            Self::Event(_) => false,
        }
    }
}

/// The latest updates. Positions count all updates since the start.
#[derive(Debug, Default)]
pub(super) struct UpdateLog {
    latest: VecDeque<CacheUpdate>,
    position: u64,
}

impl UpdateLog {
    /// The number of updates so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn push(&mut self, update: CacheUpdate) {
        self.latest.push_back(update);
        self.position += 1;
    }

    /// Forgets all but the latest `max` updates.
    pub(super) fn truncate(&mut self, max: usize) {
        let surplus = self.latest.len().saturating_sub(max);
        self.latest.drain(..surplus);
    }

    /// The updates after this position, oldest first; `None` when some of them are forgotten.
    pub(super) fn since(&self, position: u64) -> Option<vec_deque::Iter<'_, CacheUpdate>> {
        let missed = usize::try_from(self.position - position).ok()?;
        let start = self.latest.len().checked_sub(missed)?;
        Some(self.latest.range(start..))
    }
}
