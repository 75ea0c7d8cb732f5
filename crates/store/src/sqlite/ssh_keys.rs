//! SSH keys, and the sessions opened with them.

use model::limits::{SSH_KEYS_MAX, SSH_SESSIONS_MAX};
use model::{AccountId, Error, SessionId, SshFingerprint, SshKey, SshKeyId, SshKeyName};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, first, get, parsed, run};
use super::tx::{Tx, applied};
use crate::ChangeResult;

pub(super) fn of_account(db: &Connection, account: AccountId) -> Result<Vec<SshKey>> {
    let sql = "SELECT id, fingerprint, name, last_used_ms FROM ssh_key WHERE account = ?1 ORDER BY id";
    Ok(all(db, sql, [Sql(account)], |row| {
        Ok(SshKey {
            id: get(row, 0)?,
            fingerprint: SshFingerprint(row.get(1)?),
            name: parsed(2, SshKeyName::parse(&row.get::<_, String>(2)?))?,
            last_used_ms: row.get(3)?,
        })
    })?)
}

pub(super) fn by_fingerprint(db: &Connection, fingerprint: &SshFingerprint) -> Result<Option<SshKeyId>> {
    let sql = "SELECT id FROM ssh_key WHERE fingerprint = ?1";
    Ok(first(db, sql, [fingerprint.0], |row| get(row, 0))?)
}

impl Tx<'_> {
    pub(super) fn add_ssh_key(
        &mut self,
        account: AccountId,
        fingerprint: &SshFingerprint,
        name: &SshKeyName,
    ) -> Result<ChangeResult> {
        self.require_active(account)?;
        let sql = "SELECT id, account FROM ssh_key WHERE fingerprint = ?1";
        let known = first(self.db, sql, [fingerprint.0], |row| {
            Ok((get::<SshKeyId>(row, 0)?, get::<AccountId>(row, 1)?))
        })?;
        match known {
            Some((key, owner)) if owner == account => return applied(key.get(), false),
            Some(_) => return Err(Error::AlreadyExists("ssh key".into()).into()),
            None => {}
        }
        let sql = "SELECT count(*) FROM ssh_key WHERE account = ?1";
        let count: usize = first(self.db, sql, [Sql(account)], |row| row.get(0))?.unwrap_or_default();
        if count >= SSH_KEYS_MAX {
            let reason = format!("is one too many: an account has at most {SSH_KEYS_MAX}, revoke one first");
            return Err(Error::invalid("public_key", reason).into());
        }
        let id = self.next_id();
        run(
            self.db,
            "INSERT INTO ssh_key (id, account, fingerprint, name) VALUES (?1, ?2, ?3, ?4)",
            params![id.cast_signed(), Sql(account), fingerprint.0, name.as_str()],
        )?;
        applied(id, true)
    }

    pub(super) fn revoke_ssh_key(&mut self, account: AccountId, key: SshKeyId) -> Result<ChangeResult> {
        let sql = "SELECT id FROM session WHERE ssh_key = ?1 AND account = ?2";
        let sessions: Vec<SessionId> = all(self.db, sql, params![Sql(key), Sql(account)], |row| get(row, 0))?;
        for session in sessions {
            self.remove_session(account, session)?;
        }
        let sql = "DELETE FROM ssh_key WHERE id = ?1 AND account = ?2";
        applied(key.get(), run(self.db, sql, params![Sql(key), Sql(account)])? > 0)
    }

    /// Removes all keys of an account that has no session any more.
    pub(super) fn remove_ssh_keys(&self, account: AccountId) -> Result<()> {
        run(self.db, "DELETE FROM ssh_key WHERE account = ?1", [Sql(account)])?;
        Ok(())
    }

    pub(super) fn open_ssh_session(
        &mut self,
        key: SshKeyId,
        token_hash: &[u8; 32],
        client_name: &str,
    ) -> Result<ChangeResult> {
        let sql = "UPDATE ssh_key SET last_used_ms = ?2 WHERE id = ?1 RETURNING account";
        let account = first(self.db, sql, params![Sql(key), self.now_ms], |row| get::<AccountId>(row, 0))?;
        let Some(account) = account else { return Err(Error::not_found("ssh key").into()) };
        let sql = "SELECT count(*) FROM session WHERE account = ?1 AND ssh_key IS NOT NULL";
        let by_ssh: usize = first(self.db, sql, [Sql(account)], |row| row.get(0))?.unwrap_or_default();
        if by_ssh >= SSH_SESSIONS_MAX {
            // All are in use: each ends with its connection.
            return Err(Error::too_many_ssh_sessions().into());
        }
        self.open_session(account, token_hash, client_name, Some(key))
    }

    pub(super) fn end_ssh_sessions(&mut self, other_processes: &[u64]) -> Result<ChangeResult> {
        let sql = "SELECT account, id, boot FROM session WHERE ssh_key IS NOT NULL AND boot <> ?1";
        let mut sessions: Vec<(AccountId, SessionId, u64)> =
            all(self.db, sql, [self.boot.cast_signed()], |row| {
                Ok((get(row, 0)?, get(row, 1)?, row.get::<_, i64>(2)?.cast_unsigned()))
            })?;
        sessions.retain(|(_, _, boot)| !other_processes.contains(boot));
        for (account, session, _) in &sessions {
            self.remove_session(*account, *session)?;
        }
        applied(0, !sessions.is_empty())
    }
}
