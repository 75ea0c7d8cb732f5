//! Accounts and passwords.

use model::{
    Account, AccountId, AccountState, Bio, Cursor, DisplayName, Error, Page, Profile, Role, SessionId,
    Username,
};
use rusqlite::{Connection, Row, params};

use super::hidden::HIDDEN;
use super::sql::{Result, Sql, all, exists, first, get, parsed, run};
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

pub(super) fn by_username(db: &Connection, username: &Username) -> Result<Option<Profile>> {
    Ok(first(db, &profiles_where("username = ?1"), [username.as_str()], profile_of)?)
}

pub(super) fn by_id(db: &Connection, id: AccountId) -> Result<Option<Profile>> {
    Ok(first(db, &profiles_where("id = ?1"), [Sql(id)], profile_of)?)
}

pub(super) fn by_ids(db: &Connection, ids: &[AccountId]) -> Result<Vec<Account>> {
    let sql = "SELECT id, username, display_name FROM account WHERE id = ?1 AND state <> 3";
    let mut accounts = Vec::with_capacity(ids.len());
    for id in ids {
        accounts.extend(first(db, sql, [Sql(*id)], |row| account_of(row, 0))?);
    }
    Ok(accounts)
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
                                  password_change_advised)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id.cast_signed(),
                username.as_str(),
                display_name.as_str(),
                Sql(role),
                password.phc,
                password.legacy,
                password_change_advised
            ],
        )?;
        self.index_name(id.cast_signed(), username.as_str(), display_name.as_str())
    }

    fn index_name(&self, id: i64, username: &str, display_name: &str) -> Result<()> {
        let name = format!("{username} {}", display_name.to_lowercase());
        run(self.db, "INSERT INTO account_search (rowid, name) VALUES (?1, ?2)", params![id, name])?;
        Ok(())
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
                run(self.db, "DELETE FROM account_search WHERE rowid = ?1", [Sql(account)])?;
                self.index_name(account.get().cast_signed(), &username, &display_name)?;
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
            self.remove_sessions(account, None)?;
            self.record(EventKind::AccountHidden { account })?;
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
            self.remove_sessions(account, None)?;
            self.record(EventKind::AccountHidden { account })?;
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

    fn require_active_or_suspended(&self, account: AccountId) -> Result<()> {
        if exists(self.db, "SELECT 1 FROM account WHERE id = ?1 AND state <> 3", [Sql(account)])? {
            return Ok(());
        }
        Err(Error::not_found("account").into())
    }
}
