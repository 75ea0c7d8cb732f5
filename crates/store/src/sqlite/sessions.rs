//! Sessions.

use model::limits::SESSIONS_MAX;
use model::{AccountId, SessionId, SshKeyId};
use rusqlite::{Connection, Row, params};

use super::sql::{Result, Sql, all, first, get, optional, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, EventKind, SessionRecord};

const SESSION: &str = "
    SELECT s.id, s.account, a.state, a.role, s.client_name, s.last_used_ms, s.ssh_key IS NOT NULL
    FROM session s JOIN account a ON a.id = s.account WHERE ";

fn session_of(row: &Row<'_>) -> rusqlite::Result<SessionRecord> {
    Ok(SessionRecord {
        id: get(row, 0)?,
        account: get(row, 1)?,
        state: get(row, 2)?,
        role: get(row, 3)?,
        client_name: row.get(4)?,
        last_used_ms: row.get(5)?,
        by_ssh_key: row.get(6)?,
    })
}

pub(super) fn by_token(db: &Connection, token_hash: &[u8; 32]) -> Result<Option<SessionRecord>> {
    Ok(first(db, &format!("{SESSION} s.token_hash = ?1"), [token_hash], session_of)?)
}

pub(super) fn of_account(db: &Connection, account: AccountId) -> Result<Vec<SessionRecord>> {
    let sql = format!("{SESSION} s.account = ?1 ORDER BY s.last_used_ms DESC, s.id DESC");
    Ok(all(db, &sql, [Sql(account)], session_of)?)
}

impl Tx<'_> {
    pub(super) fn open_session(
        &mut self,
        account: AccountId,
        token_hash: &[u8; 32],
        client_name: &str,
        ssh_key: Option<SshKeyId>,
    ) -> Result<ChangeResult> {
        self.require_active(account)?;
        if ssh_key.is_none() {
            let sql = "SELECT id FROM session WHERE account = ?1 AND ssh_key IS NULL
                       ORDER BY last_used_ms DESC, id DESC";
            let sessions: Vec<SessionId> = all(self.db, sql, [Sql(account)], |row| get(row, 0))?;
            for session in sessions.iter().skip(SESSIONS_MAX - 1) {
                self.remove_session(account, *session)?;
            }
        }
        let id = self.next_id();
        run(
            self.db,
            "INSERT INTO session (id, account, token_hash, client_name, last_used_ms, ssh_key, boot)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id.cast_signed(),
                Sql(account),
                token_hash,
                client_name,
                self.now_ms,
                optional(ssh_key),
                self.boot.cast_signed()
            ],
        )?;
        applied(id, true)
    }

    pub(super) fn touch_session(&mut self, session: SessionId) -> Result<ChangeResult> {
        let sql = "UPDATE session SET last_used_ms = ?2 WHERE id = ?1";
        applied(session.get(), run(self.db, sql, params![Sql(session), self.now_ms])? > 0)
    }

    pub(super) fn end_session(&mut self, account: AccountId, session: SessionId) -> Result<ChangeResult> {
        applied(session.get(), self.remove_session(account, session)?)
    }

    pub(super) fn end_sessions(
        &mut self,
        account: AccountId,
        except: Option<SessionId>,
    ) -> Result<ChangeResult> {
        let changed = self.remove_sessions(account, except)?;
        if except.is_none() {
            self.remove_ssh_keys(account)?;
        }
        applied(account.get(), changed)
    }

    /// Ends a session of this account; `false` if there is none.
    pub(super) fn remove_session(&mut self, account: AccountId, session: SessionId) -> Result<bool> {
        let sql = "DELETE FROM session WHERE id = ?1 AND account = ?2";
        let ended = run(self.db, sql, params![Sql(session), Sql(account)])? > 0;
        if ended {
            self.record(EventKind::SessionEnded { session, account })?;
        }
        Ok(ended)
    }

    /// Ends all sessions of an account but one; `false` if there were none.
    pub(super) fn remove_sessions(&mut self, account: AccountId, except: Option<SessionId>) -> Result<bool> {
        let sql = "SELECT id FROM session WHERE account = ?1 AND id IS NOT ?2";
        let sessions = all(self.db, sql, params![Sql(account), optional(except)], |row| get(row, 0))?;
        for session in &sessions {
            self.remove_session(account, *session)?;
        }
        Ok(!sessions.is_empty())
    }
}
