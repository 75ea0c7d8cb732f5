//! Accounts and passwords.

use model::{
    Account, AccountCounts, AccountId, AccountState, Bio, Cursor, DisplayName, Error, Page, Profile, Role,
    SessionId, Username,
};
use rusqlite::{Connection, Row, params};

use super::hidden::HIDDEN;
use super::search_index::insert_name;
use super::sql::{Result, Sql, all, array, exists, first, get, parsed, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, Credentials, EventKind, PasswordHash, ProfileFilter};

/// How long the username of a deleted account stays reserved.
const USERNAME_RESERVED_MS: i64 = 90 * 24 * 3_600 * 1_000;

/// The columns of a profile; `followers` and `following` count accounts that are not hidden.
fn profiles_where(condition: &str) -> String {
    format!(
        "SELECT id, username, display_name, bio, role, state, tweets,
                followers - (SELECT count(*) FROM {HIDDEN} hidden
                             CROSS JOIN follow ON follower = hidden.value AND followee = account.id),
                following - (SELECT count(*) FROM {HIDDEN} hidden
                             CROSS JOIN follow ON follower = account.id AND followee = hidden.value),
                presence_hidden, password_change_advised
         FROM account WHERE state <> 3 AND {condition}"
    )
}

/// Reads the columns `id, username, display_name`, beginning with `column`.
pub(super) fn account_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Account> {
    Ok(Account {
        id: get(row, column)?,
        username: parsed(column + 1, Username::parse(&row.get::<_, String>(column + 1)?))?,
        display_name: parsed(column + 2, DisplayName::parse(&row.get::<_, String>(column + 2)?))?,
    })
}

fn profile_of(row: &Row<'_>) -> rusqlite::Result<Profile> {
    let account = account_of(row, 0)?;
    Ok(Profile {
        created_ms: account.id.time_ms(),
        account,
        bio: parsed(3, Bio::parse(&row.get::<_, String>(3)?))?,
        role: get(row, 4)?,
        state: get(row, 5)?,
        tweets: row.get(6)?,
        followers: row.get(7)?,
        following: row.get(8)?,
        presence_hidden: row.get(9)?,
        password_change_advised: row.get(10)?,
    })
}

/// The figures of these accounts in a list, in the order of `ids`.
pub(super) fn counts(db: &Connection, ids: &[AccountId]) -> Result<Vec<AccountCounts>> {
    let sql = format!(
        "SELECT coalesce(tweets, 0),
                coalesce(followers, 0) - (SELECT count(*) FROM {HIDDEN} hidden
                    CROSS JOIN follow ON follower = hidden.value AND followee = account.id),
                coalesce(last_post, 0)
         FROM rarray(?1) ids LEFT JOIN account ON account.id = ids.value ORDER BY ids.rowid"
    );
    Ok(all(db, &sql, [array(ids)], |row| {
        let last_post = row.get::<_, i64>(2)?.cast_unsigned();
        let last_post_ms = if last_post == 0 { 0 } else { model::time_of_id(last_post) };
        Ok(AccountCounts { tweets: row.get(0)?, followers: row.get(1)?, last_post_ms })
    })?)
}

pub(super) fn by_username(db: &Connection, username: &Username) -> Result<Option<Profile>> {
    Ok(first(db, &profiles_where("username = ?1"), [username.as_str()], profile_of)?)
}

/// Whether another username, of an account that is not deleted, looks like this one.
pub(super) fn has_lookalike(db: &Connection, username: &Username) -> Result<bool> {
    let sql = "SELECT 1 FROM account WHERE skeleton = ?1 AND username <> ?2 AND state <> 3";
    Ok(exists(db, sql, [username.skeleton().as_str(), username.as_str()])?)
}

pub(super) fn by_id(db: &Connection, id: AccountId) -> Result<Option<Profile>> {
    Ok(first(db, &profiles_where("id = ?1"), [Sql(id)], profile_of)?)
}

pub(super) fn by_ids(db: &Connection, ids: &[AccountId]) -> Result<Vec<Account>> {
    let sql = "SELECT a.id, a.username, a.display_name
               FROM rarray(?1) ids CROSS JOIN account a ON a.id = ids.value WHERE a.state <> 3";
    Ok(all(db, sql, [array(ids)], |row| account_of(row, 0))?)
}

/// Accounts whose username comes after this one and begins with the filter's query, by username.
pub(super) fn profiles(
    db: &Connection,
    filter: &ProfileFilter,
    after: Option<&Username>,
    limit: usize,
) -> Result<Page<Profile>> {
    let sql = profiles_where(
        "username > ?1 AND username >= ?2 AND username < ?2 || char(1114111)
         AND (?3 = 0 OR state = 2) AND (?4 = 0 OR role = 2) ORDER BY username LIMIT ?5",
    );
    let after = after.map_or("", Username::as_str);
    let params = params![after, filter.query, filter.suspended_only, filter.admins_only, limit + 1];
    let rows = all(db, &sql, params, profile_of)?;
    Ok(Page::from_surplus(rows, limit, |profile| Cursor::Username(profile.account.username.clone())))
}

pub(super) fn credentials(db: &Connection, username: &Username) -> Result<Option<Credentials>> {
    let sql =
        "SELECT id, state, password_phc, password_legacy FROM account WHERE username = ?1 AND state <> 3";
    Ok(first(db, sql, [username.as_str()], |row| {
        Ok(Credentials {
            account: get(row, 0)?,
            state: get(row, 1)?,
            password: PasswordHash { phc: row.get(2)?, legacy: row.get(3)? },
        })
    })?)
}

pub(super) fn to_purge(db: &Connection) -> Result<Vec<AccountId>> {
    let sql = "SELECT id FROM account WHERE state = 3 AND password_phc <> ''";
    Ok(all(db, sql, [], |row| get(row, 0))?)
}

impl Tx<'_> {
    pub(super) fn create_account(
        &mut self,
        username: &Username,
        display_name: &DisplayName,
        password: &PasswordHash,
        role: Role,
        invite: Option<[u8; 32]>,
        password_change_advised: bool,
    ) -> Result<ChangeResult> {
        if let Some(code_hash) = invite {
            self.use_invite(&code_hash)?;
        }
        let id = self.next_id();
        self.insert_account(id, username, display_name, password, role, password_change_advised)?;
        applied(id, true)
    }

    pub(super) fn set_password(
        &mut self,
        account: AccountId,
        password: &PasswordHash,
        password_change_advised: bool,
        keep: Option<SessionId>,
    ) -> Result<ChangeResult> {
        self.require_active_or_suspended(account)?;
        run(
            self.db,
            "UPDATE account SET password_phc = ?2, password_legacy = ?3, password_change_advised = ?4
             WHERE id = ?1",
            params![Sql(account), password.phc, password.legacy, password_change_advised],
        )?;
        self.remove_sessions(account, keep)?;
        if keep.is_none() {
            self.remove_ssh_keys(account)?;
        }
        self.record(EventKind::ProfileEdited { account })?;
        applied(account.get(), true)
    }

    pub(super) fn rehash_password(
        &mut self,
        account: AccountId,
        password: &PasswordHash,
    ) -> Result<ChangeResult> {
        let sql = "UPDATE account SET password_phc = ?2, password_legacy = ?3 WHERE id = ?1 AND state <> 3";
        let changed = run(self.db, sql, params![Sql(account), password.phc, password.legacy])? > 0;
        applied(account.get(), changed)
    }

    pub(super) fn set_role(&mut self, account: AccountId, role: Role) -> Result<ChangeResult> {
        self.require_active_or_suspended(account)?;
        let sql = "UPDATE account SET role = ?2 WHERE id = ?1 AND role <> ?2";
        let changed = run(self.db, sql, params![Sql(account), Sql(role)])? > 0;
        if changed {
            if role == Role::Member {
                // Open connections have the role that they began with.
                self.remove_sessions(account, None)?;
            }
            self.record(EventKind::ProfileEdited { account })?;
        }
        applied(account.get(), changed)
    }

    pub(super) fn insert_account(
        &self,
        id: u64,
        username: &Username,
        display_name: &DisplayName,
        password: &PasswordHash,
        role: Role,
        password_change_advised: bool,
    ) -> Result<()> {
        let taken = first(
            self.db,
            "SELECT state = 3 AND password_phc = '' AND deleted_ms < ?2, id FROM account WHERE username = ?1",
            params![username.as_str(), self.now_ms - USERNAME_RESERVED_MS],
            |row| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?)),
        )?;
        match taken {
            Some((false, _)) => return Err(Error::AlreadyExists("username".into()).into()),
            // Deleted long ago: the row stays for what refers to it, the username is free again.
            Some((true, old)) => {
                run(self.db, "UPDATE account SET username = 'gone/' || id WHERE id = ?1", [old])?;
            }
            None => {}
        }
        run(
            self.db,
            "INSERT INTO account (id, username, display_name, role, password_phc, password_legacy,
                                  password_change_advised, skeleton, username_key, name_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                id.cast_signed(),
                username.as_str(),
                display_name.as_str(),
                Sql(role),
                password.phc,
                password.legacy,
                password_change_advised,
                username.skeleton(),
                username.sort_key(),
                Account::name_key(username.as_str(), display_name.as_str())
            ],
        )?;
        Ok(insert_name(self.db, id.cast_signed(), username.as_str(), display_name.as_str())?)
    }

    pub(super) fn edit_profile(
        &mut self,
        account: AccountId,
        display_name: Option<&DisplayName>,
        bio: Option<&Bio>,
        presence_hidden: Option<bool>,
    ) -> Result<ChangeResult> {
        let changed = run(
            self.db,
            "UPDATE account SET display_name = coalesce(?2, display_name), bio = coalesce(?3, bio),
                                presence_hidden = coalesce(?4, presence_hidden)
             WHERE id = ?1 AND state <> 3
               AND (display_name, bio, presence_hidden)
                   IS NOT (coalesce(?2, display_name), coalesce(?3, bio), coalesce(?4, presence_hidden))",
            params![
                Sql(account),
                display_name.map(DisplayName::as_str),
                bio.map(Bio::as_str),
                presence_hidden
            ],
        )? > 0;
        if changed {
            let sql = "SELECT username, display_name FROM account WHERE id = ?1";
            let names = first(self.db, sql, [Sql(account)], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })?;
            if let Some((username, display_name)) = names {
                let sql = "UPDATE account SET name_key = ?2 WHERE id = ?1";
                run(self.db, sql, params![Sql(account), Account::name_key(&username, &display_name)])?;
                run(self.db, "DELETE FROM account_search WHERE rowid = ?1", [Sql(account)])?;
                insert_name(self.db, account.get().cast_signed(), &username, &display_name)?;
            }
            self.record(EventKind::ProfileEdited { account })?;
        }
        applied(account.get(), changed)
    }

    pub(super) fn set_suspended(&mut self, account: AccountId, suspended: bool) -> Result<ChangeResult> {
        self.require_active_or_suspended(account)?;
        let (from, to) = if suspended {
            (AccountState::Active, AccountState::Suspended)
        } else {
            (AccountState::Suspended, AccountState::Active)
        };
        let sql = "UPDATE account SET state = ?3 WHERE id = ?1 AND state = ?2";
        let changed = run(self.db, sql, params![Sql(account), Sql(from), Sql(to)])? > 0;
        if changed {
            self.set_hidden(account, suspended)?;
        }
        if changed && suspended {
            // Before the sessions: their connections get this as the reason.
            self.record(EventKind::AccountHidden { account })?;
            self.remove_sessions(account, None)?;
        } else if changed {
            self.record(EventKind::AccountShown { account })?;
        }
        applied(account.get(), changed)
    }

    pub(super) fn delete_account(&mut self, account: AccountId) -> Result<ChangeResult> {
        let sql = "UPDATE account SET state = 3, deleted_ms = ?2 WHERE id = ?1 AND state <> 3";
        let changed = run(self.db, sql, params![Sql(account), self.now_ms])? > 0;
        if changed {
            self.set_hidden(account, true)?;
            run(self.db, "DELETE FROM account_search WHERE rowid = ?1", [Sql(account)])?;
            self.record(EventKind::AccountHidden { account })?;
            self.remove_sessions(account, None)?;
        }
        applied(account.get(), changed)
    }

    /// Refuses with `NOT_FOUND{account}` unless the account is active.
    pub(super) fn require_active(&self, account: AccountId) -> Result<()> {
        if exists(self.db, "SELECT 1 FROM account WHERE id = ?1 AND state = 1", [Sql(account)])? {
            return Ok(());
        }
        Err(Error::not_found("account").into())
    }

    /// Refuses with `NOT_FOUND{account}` if the account is deleted or unknown.
    pub(super) fn require_active_or_suspended(&self, account: AccountId) -> Result<()> {
        if exists(self.db, "SELECT 1 FROM account WHERE id = ?1 AND state <> 3", [Sql(account)])? {
            return Ok(());
        }
        Err(Error::not_found("account").into())
    }
}
