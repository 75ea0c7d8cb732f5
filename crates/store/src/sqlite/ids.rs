//! Identifiers, and their high-water mark in the database: every assigned identifier is at or below it. It is written
//! ahead of them, so that few commits have to write it.

use model::IdGenerator;
use rusqlite::Connection;

use super::sql::{Result, run};

/// How far ahead: 256 ms. After a crash the first identifiers may lie so far in the future.
const AHEAD: u64 = 256 << 16;

/// Assigns identifiers.
pub(super) struct Ids {
    generator: IdGenerator,
    /// The high-water mark in the database.
    reserved: u64,
}

impl Ids {
    /// For this node, continuing after the high-water mark.
    pub(super) fn new(node: u8, high_water: u64) -> Self {
        Self { generator: IdGenerator::new(node, high_water), reserved: high_water }
    }

    /// The next one at this time.
    pub(super) fn next(&mut self, now_ms: i64) -> u64 {
        self.generator.next(now_ms)
    }

    /// The newest identifier that was assigned.
    pub(super) fn newest(&self) -> u64 {
        self.generator.high_water()
    }

    /// Writes a new high-water mark if the current one is passed, and returns it. Confirm it with [`Ids::reserved`] once
    /// it is committed.
    pub(super) fn reserve(&self, db: &Connection) -> Result<u64> {
        if self.newest() <= self.reserved {
            return Ok(self.reserved);
        }
        write(db, self.newest() + AHEAD)?;
        Ok(self.newest() + AHEAD)
    }

    /// Confirms that this high-water mark is committed.
    pub(super) fn reserved(&mut self, up_to: u64) {
        self.reserved = up_to;
    }

    /// Lowers the high-water mark to the newest identifier, at the end: the next start continues right after it.
    pub(super) fn settle(&self, db: &Connection) -> Result<()> {
        write(db, self.newest())
    }
}

fn write(db: &Connection, id: u64) -> Result<()> {
    run(db, "UPDATE meta SET value = ?1 WHERE name = 'id_high_water'", [id.cast_signed()])?;
    Ok(())
}
