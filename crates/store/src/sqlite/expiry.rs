//! Expiry of sessions, idempotency keys, invites and events.

use model::{AccountId, SessionId};
use rusqlite::params;

use super::events;
use super::sql::{Result, all, get, run};
use super::tx::{Tx, applied};
use crate::ChangeResult;

impl Tx<'_> {
    pub(super) fn expire(
        &mut self,
        sessions_idle_before_ms: i64,
        sessions_begun_before_ms: i64,
        keys_before_ms: i64,
        events_before_ms: i64,
        effects_before_ms: i64,
    ) -> Result<ChangeResult> {
        let expired: Vec<(AccountId, SessionId)> = all(
            self.db,
            "SELECT account, id FROM session WHERE last_used_ms < ?1 OR id < ?2",
            params![sessions_idle_before_ms, sessions_begun_before_ms << 16],
            |row| Ok((get(row, 0)?, get(row, 1)?)),
        )?;
        let mut changed = !expired.is_empty();
        for (account, session) in expired {
            self.remove_session(account, session)?;
        }
        changed |= run(self.db, "DELETE FROM idempotency WHERE made_ms < ?1", [keys_before_ms])? > 0;
        changed |= run(self.db, "DELETE FROM invite WHERE expires_ms < ?1", [self.now_ms])? > 0;
        changed |= events::prune(self.db, events_before_ms, effects_before_ms)?;
        applied(0, changed)
    }
}
