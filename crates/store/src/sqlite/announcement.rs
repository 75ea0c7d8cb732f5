//! The announcement: the operator's message to everyone.

use rusqlite::Connection;

use super::sql::{Result, first, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, EventKind};

pub(super) fn read(db: &Connection) -> Result<String> {
    let sql = "SELECT value FROM meta WHERE name = 'announcement'";
    Ok(first(db, sql, [], |row| row.get(0))?.unwrap_or_default())
}

impl Tx<'_> {
    pub(super) fn announce(&mut self, text: &str) -> Result<ChangeResult> {
        if read(self.db)? == text {
            return applied(0, false);
        }
        run(self.db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('announcement', ?1)", [text])?;
        self.record(EventKind::Announced)?;
        applied(0, true)
    }
}
