//! All relationships of one account, for lookups in memory.

use model::{AccountId, Relationship};
use store::{Set, SocialGraph};

/// The social graph of one account as sets.
#[derive(Debug, Clone, Default)]
pub struct Relationships {
    /// Accounts that it follows.
    pub following: Set<AccountId>,
    /// Accounts that it blocks and accounts that block it.
    pub blocked: Set<AccountId>,
    /// Accounts that it mutes.
    pub muted: Set<AccountId>,
}

impl Relationships {
    /// The relationship to another account, as far as visibility depends on it: a block is `blocking` whichever of the
    /// two began it, and `followed_by` is never set.
    #[inline]
    #[must_use]
    pub fn to(&self, other: AccountId) -> Relationship {
        Relationship {
            following: self.following.contains(&other),
            blocking: !self.blocked.is_empty() && self.blocked.contains(&other),
            muting: !self.muted.is_empty() && self.muted.contains(&other),
            ..Relationship::default()
        }
    }

    /// Bytes of heap memory, roughly.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let ids = self.following.capacity() + self.blocked.capacity() + self.muted.capacity();
        ids * (size_of::<AccountId>() + 1)
    }
}

impl From<SocialGraph> for Relationships {
    fn from(graph: SocialGraph) -> Self {
        let set = |ids: Vec<AccountId>| ids.into_iter().collect();
        Self { following: set(graph.following), blocked: set(graph.blocked), muted: set(graph.muted) }
    }
}
