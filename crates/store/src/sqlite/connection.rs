//! Connections to the database: the writer's, the readers', and that of the maintenance thread.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::vtab::array;
use rusqlite::{Connection, OpenFlags};

use crate::fault::{self, InjectedBug};

/// How long a connection waits while another one locks the database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The same path as SQLite has to be given it: a name that begins with `file:` would be a URI, with options that open
/// another file in another way, and `:memory:` none at all.
pub(super) fn literal(path: &Path) -> Cow<'_, Path> {
    if path.is_absolute() { path.into() } else { Path::new(".").join(path).into() }
}

/// A connection that can write, not yet configured for durability.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(literal(path))?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    use_stable_plans(&db)?;
    db.set_prepared_statement_cache_capacity(256);
    Ok(db)
}

/// A second connection next to the writer's, for checkpoints.
pub(super) fn open_for_checkpoints(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(literal(path))?;
    configure(&db)?;
    Ok(db)
}

/// A connection that cannot write.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(literal(path), flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    use_stable_plans(&db)?;
    array::load_module(&db)?;
    db.set_prepared_statement_cache_capacity(128);
    // No memory map: remapping a growing file pauses all threads.
    db.pragma_update(None, "cache_size", -16_384)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

/// Makes plans independent of bound values. Otherwise an SQLite built with STAT4, as the bundled one is, recompiles a
/// statement for each value: a home timeline took 2.3 ms instead of 0.5 ms.
pub(super) fn use_stable_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Counts the pages in the WAL after each commit. Replaces SQLite's automatic checkpoints.
pub(super) fn count_wal_pages(db: &mut Connection) -> rusqlite::Result<Arc<AtomicI32>> {
    let pages = Arc::new(AtomicI32::new(0));
    let counter = Arc::clone(&pages);
    db.wal_hook(Some(move |_: &mut Wal, pages: i32| {
        counter.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(pages)
}

/// Closing this connection leaves the WAL as it is. After a failed sync the kernel has discarded what it could not
/// write, and the next sync would report success; every acknowledged change is still in the WAL.
pub(super) fn disable_checkpoint_on_close(db: &Connection) {
    // There is no other way to protect the WAL if this fails as well.
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

/// Sets what durability depends on and reads it back: a build of SQLite may override it.
pub(super) fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = if fault::is_on(InjectedBug::SynchronousNormal) { 1 } else { 2 };
    for (pragma, value) in [
        ("synchronous", synchronous),
        ("foreign_keys", 1_i64),
        ("secure_delete", 1),
        ("journal_size_limit", 64 << 20),
        ("wal_autocheckpoint", 1_000),
    ] {
        db.pragma_update(None, pragma, value)?;
        let found: i64 = db.pragma_query_value(None, pragma, |row| row.get(0))?;
        if found != value {
            return Err(rusqlite::Error::InvalidParameterName(format!("{pragma} is {found}, not {value}")));
        }
    }
    let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::InvalidParameterName(format!("journal_mode is {mode}, not wal")));
    }
    // 16 MiB. After a transaction that balanced a B-tree, SQLite scans its whole page table: with 64 MiB that was 7%
    // of the writer's time.
    db.pragma_update(None, "cache_size", -16_384)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}
