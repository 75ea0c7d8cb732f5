//! Accounts that an account may want to follow, and those that it does not want to be suggested again.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use model::limits::SUGGESTIONS_DISMISSED_MAX;
use model::{Account, AccountId, Error};
use rusqlite::{Connection, params};

use super::accounts::account_of;
use super::relationships::NOT_BLOCKED;
use super::sql::{Result, Sql, all, first, get, run};
use super::tx::{Tx, applied};
use crate::ChangeResult;

/// Followed accounts whose follows are looked at, and follows of each of them: the newest.
const CIRCLE_MAX: usize = 100;
const FOLLOWS_MAX: usize = 100;
/// Accounts that are looked at for one answer.
const CANDIDATES_MAX: usize = 1_000;

/// Condition: account `a` may be suggested to the viewer (`?1`), if neither blocks the other.
const SUGGESTED: &str = "
    a.state = 1 AND a.id <> ?1
    AND NOT EXISTS (SELECT 1 FROM follow WHERE follower = ?1 AND followee = a.id)
    AND NOT EXISTS (SELECT 1 FROM mute WHERE muter = ?1 AND muted = a.id)
    AND NOT EXISTS (SELECT 1 FROM suggestion_dismissal WHERE account = ?1 AND dismissed = a.id)";

/// Accounts that those whom the viewer follows follow, the most of them first, then those that posted last.
pub(super) fn list(db: &Connection, viewer: AccountId, limit: usize) -> Result<Vec<Account>> {
    let follows = |account: AccountId, limit: usize| {
        let sql = "SELECT followee FROM follow WHERE follower = ?1 ORDER BY id DESC LIMIT ?2";
        all(db, sql, params![Sql(account), limit], |row| get::<AccountId>(row, 0))
    };
    let mut followed_by: HashMap<AccountId, usize> = HashMap::new();
    for friend in follows(viewer, CIRCLE_MAX)? {
        for account in follows(friend, FOLLOWS_MAX)? {
            *followed_by.entry(account).or_default() += 1;
        }
    }
    let mut candidates: Vec<_> = followed_by.into_iter().collect();
    candidates.sort_unstable_by_key(|(account, count)| Reverse((*count, *account)));
    let sql = format!(
        "SELECT a.id, a.username, a.display_name FROM account a WHERE a.id = ?2 AND {SUGGESTED} AND {NOT_BLOCKED}"
    );
    let mut found = Vec::new();
    for (account, _) in candidates.into_iter().take(CANDIDATES_MAX) {
        if found.len() == limit {
            return Ok(found);
        }
        found.extend(first(db, &sql, params![Sql(viewer), Sql(account)], |row| account_of(row, 0))?);
    }
    let known: HashSet<_> = found.iter().map(|account| account.id).collect();
    let sql = format!(
        "SELECT a.id, a.username, a.display_name FROM
             (SELECT id, username, display_name, state FROM account WHERE state = 1 AND last_post > 0
              ORDER BY last_post DESC, id DESC LIMIT ?2) a
         WHERE {SUGGESTED} AND {NOT_BLOCKED} LIMIT ?4 + ?3"
    );
    let active =
        all(db, &sql, params![Sql(viewer), CANDIDATES_MAX, known.len(), limit], |row| account_of(row, 0))?;
    found.extend(active.into_iter().filter(|account| !known.contains(&account.id)));
    found.truncate(limit);
    Ok(found)
}

/// Usernames of dismissed accounts, the newest first.
pub(super) fn dismissed(db: &Connection, account: AccountId) -> Result<Vec<Account>> {
    let sql = "SELECT a.id, a.username, a.display_name FROM suggestion_dismissal s
               CROSS JOIN account a ON a.id = s.dismissed
               WHERE s.account = ?1 AND a.state <> 3 ORDER BY s.id DESC";
    Ok(all(db, sql, [Sql(account)], |row| account_of(row, 0))?)
}

impl Tx<'_> {
    pub(super) fn dismiss_suggestion(
        &mut self,
        account: AccountId,
        dismissed: AccountId,
    ) -> Result<ChangeResult> {
        if account == dismissed {
            return Err(Error::own_account().into());
        }
        self.require_active(account)?;
        self.require_active(dismissed)?;
        let id = self.next_id().cast_signed();
        let sql = "INSERT OR IGNORE INTO suggestion_dismissal (account, dismissed, id) VALUES (?1, ?2, ?3)";
        let changed = run(self.db, sql, params![Sql(account), Sql(dismissed), id])? > 0;
        if changed {
            let sql = "DELETE FROM suggestion_dismissal WHERE account = ?1 AND id <=
                (SELECT id FROM suggestion_dismissal WHERE account = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";
            run(self.db, sql, params![Sql(account), SUGGESTIONS_DISMISSED_MAX])?;
        }
        applied(dismissed.get(), changed)
    }
}
