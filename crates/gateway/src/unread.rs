//! The bytes that each account has been sent and has not read, over all its connections.
//!
//! Only counts. The connection decides what to do at the limit.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::AccountId;

/// With this many bytes unread, an account is refused further reads with `BUSY`: sixteen full pages.
pub(crate) const UNREAD_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Unread bytes by account. Only accounts with a connection are here, so the limit of connections bounds it.
#[derive(Debug, Default)]
pub(crate) struct UnreadBytes {
    accounts: Mutex<HashMap<AccountId, AccountUnread>>,
}

#[derive(Debug, Default)]
struct AccountUnread {
    connections: usize,
    bytes: Arc<AtomicUsize>,
}

impl UnreadBytes {
    /// The part of one more connection of this account.
    pub(crate) fn connect(self: &Arc<Self>, account: AccountId) -> UnreadShare {
        let mut accounts = self.lock();
        let unread = accounts.entry(account).or_default();
        unread.connections += 1;
        let of_account = Arc::clone(&unread.bytes);
        UnreadShare { all: Arc::clone(self), account, of_account, own: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, AccountUnread>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one connection adds to the unread bytes of its account, until it is dropped.
#[derive(Debug)]
pub(crate) struct UnreadShare {
    all: Arc<UnreadBytes>,
    account: AccountId,
    of_account: Arc<AtomicUsize>,
    own: AtomicUsize,
}

impl UnreadShare {
    /// The connection has this many unread bytes now.
    pub(crate) fn set(&self, bytes: usize) {
        let before = self.own.swap(bytes, Ordering::Relaxed);
        if bytes > before {
            self.of_account.fetch_add(bytes - before, Ordering::Relaxed);
        } else if bytes < before {
            self.of_account.fetch_sub(before - bytes, Ordering::Relaxed);
        }
    }

    /// Whether the account has reached [`UNREAD_BYTES_MAX`].
    pub(crate) fn is_full(&self) -> bool {
        self.of_account.load(Ordering::Relaxed) >= UNREAD_BYTES_MAX
    }
}

impl Drop for UnreadShare {
    fn drop(&mut self) {
        self.set(0);
        let mut accounts = self.all.lock();
        if let Some(unread) = accounts.get_mut(&self.account) {
            unread.connections -= 1;
            if unread.connections == 0 {
                accounts.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_full_by_the_sum_of_its_connections_and_others_are_not() {
        let all = Arc::new(UnreadBytes::default());
        let (ada, bob) = (AccountId::new(1).unwrap(), AccountId::new(2).unwrap());
        let (one, two, other) = (all.connect(ada), all.connect(ada), all.connect(bob));
        one.set(UNREAD_BYTES_MAX - 1);
        assert!(!two.is_full());
        two.set(1);
        assert!(one.is_full() && two.is_full() && !other.is_full());
        one.set(0);
        assert!(!two.is_full());
    }

    #[test]
    fn a_closed_connection_counts_no_more_and_leaves_nothing() {
        let all = Arc::new(UnreadBytes::default());
        let ada = AccountId::new(1).unwrap();
        let (one, two) = (all.connect(ada), all.connect(ada));
        one.set(UNREAD_BYTES_MAX);
        drop(one);
        assert!(!two.is_full());
        drop(two);
        assert!(all.lock().is_empty());
    }
}
