//! Identifiers and what the database knows of them: up to which one all may have been given out. It is kept ahead of
//! those that were, so that few commits have to write it.

use model::IdGenerator;
use rusqlite::Connection;

use super::sql::{Result, run};

/// How far ahead: 256 ms. After a kill the first identifiers may be so far in the future.
const AHEAD: u64 = 256 << 16;

/// Gives out identifiers.
pub(super) struct Ids {
    generator: IdGenerator,
    /// As a committed transaction has it.
    reserved: u64,
}

impl Ids {
    /// For the node with this number, after what the database says.
    pub(super) fn new(node: u8, high_water: u64) -> Self {
        Self { generator: IdGenerator::new(node, high_water), reserved: high_water }
    }

    /// The next one at this time.
    pub(super) fn next(&mut self, now_ms: i64) -> u64 {
        self.generator.next(now_ms)
    }

    /// The last one that was given out.
    pub(super) fn newest(&self) -> u64 {
        self.generator.high_water()
    }

    /// Writes, where that is needed, up to where all may have been given out; to be told with [`Ids::reserved`] when
    /// it is committed.
    pub(super) fn reserve(&self, db: &Connection) -> Result<u64> {
        if self.newest() <= self.reserved {
            return Ok(self.reserved);
        }
        write(db, self.newest() + AHEAD)?;
        Ok(self.newest() + AHEAD)
    }

    /// What was reserved is committed.
    pub(super) fn reserved(&mut self, up_to: u64) {
        self.reserved = up_to;
    }

    /// Writes no more than was given out, at the end: a start after it goes on right behind.
    pub(super) fn settle(&self, db: &Connection) -> Result<()> {
        write(db, self.newest())
    }
}

fn write(db: &Connection, id: u64) -> Result<()> {
    run(db, "UPDATE meta SET value = ?1 WHERE name = 'id_high_water'", [id.cast_signed()])?;
    Ok(())
}
