//! Expiry of sessions, idempotency keys, invites, announcements and events.

use model::{AccountId, SessionId};
use rusqlite::params;

use super::events;
use super::sql::{Result, all, get, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, Expiry};

impl Tx<'_> {
    pub(super) fn expire(&mut self, expiry: &Expiry) -> Result<ChangeResult> {
        let expired: Vec<(AccountId, SessionId)> = all(
            self.db,
            "SELECT account, id FROM session WHERE last_used_ms < ?1 OR id < ?2",
            params![expiry.sessions_idle_before_ms, expiry.sessions_begun_before_ms << 16],
            |row| Ok((get(row, 0)?, get(row, 1)?)),
        )?;
        let mut changed = !expired.is_empty();
        for (account, session) in expired {
            self.remove_session(account, session)?;
        }
        changed |= run(self.db, "DELETE FROM idempotency WHERE made_ms < ?1", [expiry.keys_before_ms])? > 0;
        changed |= run(self.db, "DELETE FROM invite WHERE expires_ms < ?1", [self.now_ms])? > 0;
        changed |= self.remove_ended_announcements()?;
        changed |= events::prune(self.db, expiry.events_before_ms, expiry.effects_before_ms)?;
        applied(0, changed)
    }
}
