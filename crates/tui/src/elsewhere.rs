//! What is unread in the other accounts of this machine: what is known of it, and when it is checked again.

use std::collections::{BTreeMap, VecDeque};

/// The pause between two checks, in milliseconds.
const PAUSE_MS: i64 = 60_000;
/// The pause before the first check, in milliseconds: what the reader sees is loaded first.
const FIRST_MS: i64 = 3_000;

/// What is unread in the other accounts. One of them is asked at a time.
#[derive(Debug, Default)]
pub struct Elsewhere {
    unread: BTreeMap<String, u32>,
    /// Accounts that are still to be asked in this check.
    waiting: VecDeque<String>,
    /// The account that is asked.
    asked: Option<String>,
    /// When the next check begins, in Unix milliseconds; `None` before the first.
    next_at: Option<i64>,
}

impl Elsewhere {
    /// When the next check begins, in Unix milliseconds; `None` while one goes on.
    #[must_use]
    pub fn due_at(&self, now: i64) -> Option<i64> {
        (!self.is_checking()).then(|| self.next_at.unwrap_or(now))
    }

    /// Begins a check of these accounts if it is time; returns the account that is asked first.
    pub fn begin(&mut self, now: i64, accounts: &[String]) -> Option<String> {
        let due = *self.next_at.get_or_insert(now + FIRST_MS);
        if self.is_checking() || now < due || accounts.is_empty() {
            return None;
        }
        self.waiting = accounts.iter().cloned().collect();
        self.next(now)
    }

    /// Takes in the response of an account; returns the one that is asked next. What could not be asked is not known.
    pub fn answered(&mut self, now: i64, account: &str, unread: Option<u32>) -> Option<String> {
        match unread {
            Some(unread) => self.unread.insert(account.to_owned(), unread),
            None => self.unread.remove(account),
        };
        self.next(now)
    }

    fn next(&mut self, now: i64) -> Option<String> {
        self.asked = self.waiting.pop_front();
        self.next_at = Some(now + PAUSE_MS);
        self.asked.clone()
    }

    fn is_checking(&self) -> bool {
        self.asked.is_some()
    }

    /// How much is unread in an account; 0 if it is not known.
    #[must_use]
    pub fn unread(&self, account: &str) -> u32 {
        self.unread.get(account).copied().unwrap_or(0)
    }

    /// Forgets accounts that are no longer on this machine.
    pub fn keep(&mut self, accounts: &[String]) {
        self.unread.retain(|name, _| accounts.contains(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> [String; 2] {
        ["bob@b.org".to_owned(), "cleo@c.org".to_owned()]
    }

    #[test]
    fn the_accounts_are_asked_one_after_the_other_and_again_a_minute_later() {
        let (mut elsewhere, accounts) = (Elsewhere::default(), accounts());
        assert_eq!(elsewhere.begin(0, &accounts), None);
        assert_eq!(elsewhere.due_at(0), Some(FIRST_MS));
        assert_eq!(elsewhere.begin(FIRST_MS, &accounts).as_deref(), Some("bob@b.org"));
        assert_eq!((elsewhere.begin(FIRST_MS + PAUSE_MS, &accounts), elsewhere.due_at(0)), (None, None));
        assert_eq!(elsewhere.answered(4_000, "bob@b.org", Some(2)).as_deref(), Some("cleo@c.org"));
        assert_eq!(elsewhere.answered(5_000, "cleo@c.org", Some(0)), None);
        assert_eq!(elsewhere.unread("bob@b.org"), 2);
        assert_eq!(elsewhere.unread("cleo@c.org"), 0);
        assert_eq!(elsewhere.begin(5_000 + PAUSE_MS - 1, &accounts), None);
        assert_eq!(elsewhere.begin(5_000 + PAUSE_MS, &accounts).as_deref(), Some("bob@b.org"));
        // A number that is no longer known is not shown.
        assert_eq!(elsewhere.answered(70_000, "bob@b.org", None).as_deref(), Some("cleo@c.org"));
        assert_eq!(elsewhere.unread("bob@b.org"), 0);
    }

    #[test]
    fn without_other_accounts_nothing_is_checked() {
        let mut elsewhere = Elsewhere::default();
        assert_eq!(elsewhere.begin(0, &[]), None);
        assert_eq!(elsewhere.begin(PAUSE_MS, &[]), None);
        assert_eq!(elsewhere.due_at(PAUSE_MS), Some(FIRST_MS));
    }
}
