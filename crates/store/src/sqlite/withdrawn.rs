//! Notifications that were withdrawn with their cause: a like that was undone, a follow that ended. When the cause comes
//! back soon, so does its notification, at its old place and without notifying the recipient again. However often someone
//! likes a tweet and undoes that, its author is notified once.
//!
//! In memory only: after a restart the recipient may be notified again.

use model::{AccountId, NotificationId, NotificationKind, TweetId};

use crate::Map;

/// How long a cause may be away.
const REMEMBERED_MS: i64 = 24 * 3_600 * 1_000;
/// Most notifications in one generation. When it is full it becomes the older one, and the one before is forgotten.
const GENERATION_MAX: usize = 10_000;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Cause {
    pub(super) recipient: AccountId,
    pub(super) kind: NotificationKind,
    pub(super) actor: AccountId,
    pub(super) tweet: Option<TweetId>,
}

/// A notification, and whether it was read by itself.
pub(super) type Known = (NotificationId, bool);

/// A notification that was withdrawn, and when (Unix milliseconds).
pub(super) type Withdrawal = (Cause, Known, i64);

/// The withdrawn notifications of committed transactions.
#[derive(Debug, Default)]
pub(super) struct Withdrawn {
    newer: Map<Cause, (Known, i64)>,
    older: Map<Cause, (Known, i64)>,
}

impl Withdrawn {
    pub(super) fn add(&mut self, withdrawals: Vec<Withdrawal>) {
        for (cause, notification, at_ms) in withdrawals {
            if self.newer.len() >= GENERATION_MAX {
                self.older = std::mem::take(&mut self.newer);
            }
            self.newer.insert(cause, (notification, at_ms));
        }
    }

    /// The notification of this cause that was withdrawn last: in the open transaction, or before it.
    pub(super) fn find(&self, open: &[Withdrawal], cause: &Cause, now_ms: i64) -> Option<Known> {
        let in_open = open.iter().rev().find(|(of, ..)| of == cause).map(|&(_, id, at_ms)| (id, at_ms));
        let before = || self.newer.get(cause).or_else(|| self.older.get(cause)).copied();
        let (id, at_ms) = in_open.or_else(before)?;
        (now_ms.saturating_sub(at_ms) < REMEMBERED_MS).then_some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(n: u64) -> Cause {
        let account = |n| AccountId::new(n).unwrap();
        Cause { recipient: account(1), kind: NotificationKind::Follow, actor: account(n + 2), tweet: None }
    }

    #[test]
    fn memory_is_bounded_and_the_newest_are_remembered() {
        let id = |n| (NotificationId::new(n + 1).unwrap(), false);
        let mut withdrawn = Withdrawn::default();
        let many = 3 * GENERATION_MAX as u64;
        for n in 0..many {
            withdrawn.add(vec![(cause(n), id(n), 0)]);
        }
        assert!(withdrawn.newer.len() + withdrawn.older.len() <= 2 * GENERATION_MAX);
        let first_known = many - GENERATION_MAX as u64;
        assert!((first_known..many).all(|n| withdrawn.find(&[], &cause(n), 1) == Some(id(n))));
        assert_eq!(withdrawn.find(&[], &cause(0), 1), None);
        assert_eq!(
            withdrawn.find(&[], &cause(many - 1), REMEMBERED_MS),
            None,
            "a day later it is news again"
        );
    }
}
