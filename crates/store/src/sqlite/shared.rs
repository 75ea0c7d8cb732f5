//! What the writer of a copy has in addition to that of a single server: the log that several nodes share, and how far the
//! copy is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::Error;
use rusqlite::Connection;
use tokio::time::Instant;

use super::changed_rows::ChangedRows;
use super::sql::{Failure, first, run};
use crate::fault::{self, InjectedBug};
use crate::shared_log::{EntriesError, SharedLog, Unreachable};

/// A copy that has not heard of the log for so long answers no reads: what it has may have been revoked elsewhere.
const STALE_AFTER: Duration = Duration::from_secs(2);

/// When a copy was last known to have everything that is in the log.
#[derive(Debug)]
pub(super) struct Freshness {
    start: Instant,
    /// Milliseconds from `start`.
    confirmed: AtomicU64,
    /// The newest entry of the log that the copy has.
    position: AtomicU64,
}

impl Freshness {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), confirmed: AtomicU64::new(0), position: AtomicU64::new(0) }
    }

    pub(super) fn confirm(&self, at: Instant) {
        let at = at.saturating_duration_since(self.start).as_millis();
        self.confirmed.fetch_max(at.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// # Errors
    /// `UNAVAILABLE` when the copy may be out of date.
    pub(super) fn require(&self) -> model::Result<()> {
        let confirmed = Duration::from_millis(self.confirmed.load(Ordering::Relaxed));
        let age = self.start.elapsed().saturating_sub(confirmed);
        if age <= STALE_AFTER || fault::is_on(InjectedBug::AnswerWhenStale) {
            Ok(())
        } else {
            Err(unavailable())
        }
    }
}

/// The response while the shared log cannot be reached.
pub(super) fn unavailable() -> Error {
    Error::Unavailable("the server cannot reach its database; try again in a moment".into())
}

/// What the writer of a copy has in addition.
pub(super) struct Shared {
    pub(super) log: Box<dyn SharedLog>,
    pub(super) changed: ChangedRows,
    /// Number of the newest entry that this copy has.
    pub(super) position: u64,
    pub(super) freshness: Arc<Freshness>,
}

impl Shared {
    /// Begins to note what this connection, the writer's, changes.
    pub(super) fn new(
        db: &Connection,
        log: Box<dyn SharedLog>,
        freshness: Arc<Freshness>,
    ) -> rusqlite::Result<Self> {
        // What is acknowledged is in the log: after a power cut the copy goes on from an earlier position.
        db.pragma_update(None, "synchronous", "NORMAL")?;
        let position = position(db)?.unwrap_or_default();
        freshness.position.store(position, Ordering::Relaxed);
        Ok(Self { log, changed: ChangedRows::of(db)?, position, freshness })
    }

    /// The copy has all entries up to this one.
    pub(super) fn moved_to(&mut self, number: u64) {
        self.position = number;
        self.freshness.position.store(number, Ordering::Relaxed);
    }
}

/// The newest entry that this copy has; `None` if it is no copy.
pub(super) fn position(db: &Connection) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT value FROM meta WHERE name = 'log_position'";
    Ok(first(db, sql, [], |row| row.get::<_, i64>(0))?.map(i64::cast_unsigned))
}

/// Notes that this copy has all entries up to this one.
pub(super) fn set_position(db: &Connection, position: u64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (name, value) VALUES ('log_position', ?1)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    run(db, sql, [position.cast_signed()])?;
    let sql = "UPDATE meta SET value = max(value, ?1) WHERE name = 'id_high_water'";
    run(db, sql, [position.cast_signed()]).map(|_| ())
}

/// Why a batch was not carried out, or entries were not applied.
#[derive(Debug)]
pub(super) enum SharedFailure {
    /// The log cannot be reached.
    Unreachable(Unreachable),
    /// The copy has to be made again.
    Outdated(EntriesError),
    /// This copy failed.
    Local(Failure),
}

pub(super) fn unreachable(why: &str) -> SharedFailure {
    SharedFailure::Unreachable(Unreachable(why.to_owned()))
}

impl From<Unreachable> for SharedFailure {
    fn from(error: Unreachable) -> Self {
        Self::Unreachable(error)
    }
}

impl From<EntriesError> for SharedFailure {
    fn from(error: EntriesError) -> Self {
        match error {
            EntriesError::Unreachable(error) => Self::Unreachable(error),
            EntriesError::Lost { .. } | EntriesError::Pruned { .. } => Self::Outdated(error),
        }
    }
}

impl From<Failure> for SharedFailure {
    fn from(failure: Failure) -> Self {
        Self::Local(failure)
    }
}

impl From<rusqlite::Error> for SharedFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Local(error.into())
    }
}
