//! Invites. Only the hashes of their codes are stored.

use model::Error;
use model::limits::INVITES_LISTED_MAX;
use rusqlite::{Connection, Row, params};

use super::sql::{Result, all, first, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, InviteRecord};

fn invite_of(row: &Row<'_>) -> rusqlite::Result<InviteRecord> {
    Ok(InviteRecord { code_hash: row.get(0)?, uses_left: row.get(1)?, expires_ms: row.get(2)? })
}

pub(super) fn list(db: &Connection, now_ms: i64) -> Result<Vec<InviteRecord>> {
    let sql = "SELECT code_hash, uses_left, expires_ms FROM invite
               WHERE code_hash >= x'' AND uses_left > 0 AND expires_ms > ?1 ORDER BY expires_ms, code_hash LIMIT ?2";
    Ok(all(db, sql, params![now_ms, INVITES_LISTED_MAX], invite_of)?)
}

pub(super) fn one(db: &Connection, code_hash: &[u8; 32]) -> Result<Option<InviteRecord>> {
    let sql = "SELECT code_hash, uses_left, expires_ms FROM invite WHERE code_hash = ?1";
    Ok(first(db, sql, [code_hash], invite_of)?)
}

impl Tx<'_> {
    pub(super) fn create_invite(
        &mut self,
        code_hash: &[u8; 32],
        uses: u32,
        expires_ms: i64,
    ) -> Result<ChangeResult> {
        let sql = "INSERT OR IGNORE INTO invite (code_hash, uses_left, expires_ms) VALUES (?1, ?2, ?3)";
        applied(0, run(self.db, sql, params![code_hash, uses, expires_ms])? > 0)
    }

    pub(super) fn use_invite(&self, code_hash: &[u8; 32]) -> Result<()> {
        let sql = "UPDATE invite SET uses_left = uses_left - 1
                   WHERE code_hash = ?1 AND uses_left > 0 AND expires_ms > ?2";
        if run(self.db, sql, params![code_hash, self.now_ms])? == 0 {
            return Err(
                Error::invalid("invite_code", "is invalid or has expired; ask for another one").into()
            );
        }
        Ok(())
    }

    pub(super) fn revoke_invite(&self, code_hash: &[u8; 32]) -> Result<ChangeResult> {
        applied(0, run(self.db, "DELETE FROM invite WHERE code_hash = ?1", [code_hash])? > 0)
    }
}
