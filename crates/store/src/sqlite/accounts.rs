//! Accounts, passwords, sessions and invites.

use model::limits::SESSIONS_MAX;
use model::{
    Account, AccountId, AccountState, Bio, DisplayName, Error, Profile, Role, SessionId, SshKeyId, Username,
};
use rusqlite::{Connection, Row, params};

use super::sql::{Result, Sql, all, exists, first, get, optional, parsed, run};
use super::writer::{Tx, applied};
use crate::{Change, ChangeResult, Credentials, EventKind, PasswordHash, SessionRecord};

/// How long the name of a deleted account stays taken.
const NAME_KEPT_MS: i64 = 90 * 24 * 3_600 * 1_000;

const PROFILE: &str = "
    SELECT id, username, display_name, bio, role, state, tweets, followers, following, presence_hidden,
           password_change_advised
    FROM account WHERE state <> 3 AND ";

/// Columns `id, username, display_name`, from this one on.
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
    Ok(first(db, &format!("{PROFILE} username = ?1"), [username.as_str()], profile_of)?)
}

pub(super) fn by_id(db: &Connection, id: AccountId) -> Result<Option<Profile>> {
    Ok(first(db, &format!("{PROFILE} id = ?1"), [Sql(id)], profile_of)?)
}

pub(super) fn by_ids(db: &Connection, ids: &[AccountId]) -> Result<Vec<Account>> {
    let sql = "SELECT id, username, display_name FROM account WHERE id = ?1 AND state <> 3";
    let mut accounts = Vec::with_capacity(ids.len());
    for id in ids {
        accounts.extend(first(db, sql, [Sql(*id)], |row| account_of(row, 0))?);
    }
    Ok(accounts)
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

const SESSION: &str = "
    SELECT s.id, s.account, a.state, a.role, s.client_name, s.last_used_ms
    FROM session s JOIN account a ON a.id = s.account WHERE ";

fn session_of(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        id: get(row, 0)?,
        account: get(row, 1)?,
        state: get(row, 2)?,
        role: get(row, 3)?,
        client_name: row.get(4)?,
        last_used_ms: row.get(5)?,
    })
}

pub(super) fn session_by_token(db: &Connection, token_hash: &[u8; 32]) -> Result<Option<SessionRecord>> {
    Ok(first(db, &format!("{SESSION} s.token_hash = ?1"), [token_hash], session_of)?)
}

pub(super) fn sessions(db: &Connection, account: AccountId) -> Result<Vec<SessionRecord>> {
    let sql = format!("{SESSION} s.account = ?1 ORDER BY s.last_used_ms DESC, s.id DESC");
    Ok(all(db, &sql, [Sql(account)], session_of)?)
}

pub(super) fn to_purge(db: &Connection) -> Result<Vec<AccountId>> {
    let sql = "SELECT id FROM account WHERE state = 3 AND password_phc <> ''";
    Ok(all(db, sql, [], |row| get(row, 0))?)
}

impl Tx<'_> {
    pub(super) fn change_account(&mut self, change: &Change) -> Result<ChangeResult> {
        match change {
            Change::CreateAccount {
                username,
                display_name,
                password,
                role,
                invite,
                password_change_advised,
            } => {
                if let Some(code_hash) = invite {
                    self.use_invite(code_hash)?;
                }
                let id = self.next_id();
                self.insert_account(id, username, display_name, password, *role, *password_change_advised)?;
                applied(id, true)
            }
            Change::OpenSession { account, token_hash, client_name } => {
                self.open_session(*account, token_hash, client_name, None)
            }
            Change::TouchSession { session } => {
                let sql = "UPDATE session SET last_used_ms = ?2 WHERE id = ?1";
                applied(session.get(), run(self.db, sql, params![Sql(*session), self.now_ms])? > 0)
            }
            Change::EndSession { account, session } => {
                applied(session.get(), self.end_session(*account, *session)?)
            }
            Change::EndSessions { account, except } => {
                applied(account.get(), self.end_sessions(*account, *except)?)
            }
            Change::SetPassword { account, password, password_change_advised, keep } => {
                self.require_active_or_suspended(*account)?;
                run(
                    self.db,
                    "UPDATE account SET password_phc = ?2, password_legacy = ?3, password_change_advised = ?4
                     WHERE id = ?1",
                    params![Sql(*account), password.phc, password.legacy, password_change_advised],
                )?;
                self.end_sessions(*account, *keep)?;
                self.tell(EventKind::ProfileEdited { account: *account })?;
                applied(account.get(), true)
            }
            Change::RehashPassword { account, password } => {
                let sql =
                    "UPDATE account SET password_phc = ?2, password_legacy = ?3 WHERE id = ?1 AND state <> 3";
                let changed = run(self.db, sql, params![Sql(*account), password.phc, password.legacy])? > 0;
                applied(account.get(), changed)
            }
            Change::EditProfile { account, display_name, bio, presence_hidden } => {
                self.edit_profile(*account, display_name.as_ref(), bio.as_ref(), *presence_hidden)
            }
            Change::SetSuspended { account, suspended } => self.set_suspended(*account, *suspended),
            Change::DeleteAccount { account } => self.delete_account(*account),
            Change::CreateInvite { code_hash, uses, expires_ms } => {
                let sql = "INSERT INTO invite (code_hash, uses_left, expires_ms) VALUES (?1, ?2, ?3)";
                run(self.db, sql, params![code_hash, uses, expires_ms])?;
                applied(0, true)
            }
            other => Err(crate::incident(&format!("no change of an account: {other:?}")).into()),
        }
    }

    fn use_invite(&self, code_hash: &[u8; 32]) -> Result<()> {
        let sql = "UPDATE invite SET uses_left = uses_left - 1
                   WHERE code_hash = ?1 AND uses_left > 0 AND expires_ms > ?2";
        if run(self.db, sql, params![code_hash, self.now_ms])? == 0 {
            return Err(Error::invalid("invite_code", "is not valid (any more); ask for another one").into());
        }
        Ok(())
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
            params![username.as_str(), self.now_ms - NAME_KEPT_MS],
            |row| Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(1)?)),
        )?;
        match taken {
            Some((false, _)) => return Err(Error::AlreadyExists("username".into()).into()),
            // Deleted long ago: its row stays for what refers to it, the name is free again.
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
        self.index_person(id.cast_signed(), username.as_str(), display_name.as_str())
    }

    fn index_person(&self, id: i64, username: &str, display_name: &str) -> Result<()> {
        let name = format!("{username} {}", display_name.to_lowercase());
        run(self.db, "INSERT INTO person_search (rowid, name) VALUES (?1, ?2)", params![id, name])?;
        Ok(())
    }

    pub(super) fn open_session(
        &mut self,
        account: AccountId,
        token_hash: &[u8; 32],
        client_name: &str,
        ssh_key: Option<SshKeyId>,
    ) -> Result<ChangeResult> {
        self.require_active(account)?;
        let sessions = all(
            self.db,
            "SELECT id FROM session WHERE account = ?1 ORDER BY last_used_ms DESC, id DESC",
            [Sql(account)],
            |row| get::<SessionId>(row, 0),
        )?;
        for session in sessions.iter().skip(SESSIONS_MAX - 1) {
            self.end_session(account, *session)?;
        }
        let id = self.next_id();
        run(
            self.db,
            "INSERT INTO session (id, account, token_hash, client_name, last_used_ms, ssh_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id.cast_signed(), Sql(account), token_hash, client_name, self.now_ms, optional(ssh_key)],
        )?;
        applied(id, true)
    }

    pub(super) fn end_session(&mut self, account: AccountId, session: SessionId) -> Result<bool> {
        let sql = "DELETE FROM session WHERE id = ?1 AND account = ?2";
        let ended = run(self.db, sql, params![Sql(session), Sql(account)])? > 0;
        if ended {
            self.tell(EventKind::SessionEnded { session, account })?;
        }
        Ok(ended)
    }

    fn end_sessions(&mut self, account: AccountId, except: Option<SessionId>) -> Result<bool> {
        let sql = "SELECT id FROM session WHERE account = ?1 AND id IS NOT ?2";
        let sessions = all(self.db, sql, params![Sql(account), optional(except)], |row| get(row, 0))?;
        for session in &sessions {
            self.end_session(account, *session)?;
        }
        Ok(!sessions.is_empty())
    }

    fn edit_profile(
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
                run(self.db, "DELETE FROM person_search WHERE rowid = ?1", [Sql(account)])?;
                self.index_person(account.get().cast_signed(), &username, &display_name)?;
            }
            self.tell(EventKind::ProfileEdited { account })?;
        }
        applied(account.get(), changed)
    }

    fn set_suspended(&mut self, account: AccountId, suspended: bool) -> Result<ChangeResult> {
        self.require_active_or_suspended(account)?;
        let (from, to) = if suspended {
            (AccountState::Active, AccountState::Suspended)
        } else {
            (AccountState::Suspended, AccountState::Active)
        };
        let sql = "UPDATE account SET state = ?3 WHERE id = ?1 AND state = ?2";
        let changed = run(self.db, sql, params![Sql(account), Sql(from), Sql(to)])? > 0;
        if changed && suspended {
            self.end_sessions(account, None)?;
            self.tell(EventKind::AccountHidden { account })?;
        } else if changed {
            self.tell(EventKind::AccountShown { account })?;
        }
        applied(account.get(), changed)
    }

    fn delete_account(&mut self, account: AccountId) -> Result<ChangeResult> {
        let sql = "UPDATE account SET state = 3, deleted_ms = ?2 WHERE id = ?1 AND state <> 3";
        let changed = run(self.db, sql, params![Sql(account), self.now_ms])? > 0;
        if changed {
            run(self.db, "DELETE FROM person_search WHERE rowid = ?1", [Sql(account)])?;
            self.end_sessions(account, None)?;
            self.tell(EventKind::AccountHidden { account })?;
        }
        applied(account.get(), changed)
    }

    /// Refused when there is no such account, or it is not in use.
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
