//! Opening a database: resolve_or_self file it is, who may read it, which schema it has; and making a new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::hooks::Wal;
use rusqlite::{Connection, ErrorCode, params};

use super::sql::{first, run};
use crate::fault::{self, CrashPoint, InjectedBug};

/// "MiTw": marks the file as ours.
const APPLICATION_ID: i32 = 0x4d69_5477;

/// How long a connection waits for another to let go of the database.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Every step from one schema to the next; the version is the number of steps taken.
const STEPS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
];

/// Where a copy of the database is made before it is brought to this schema.
pub(super) fn copy_before(path: &Path, schema: usize) -> PathBuf {
    path.with_extension(format!("before-schema-{schema}.db"))
}

/// The schema of this program.
#[cfg(test)]
pub(super) const SCHEMA: usize = STEPS.len();

/// Why a database could not be opened; nothing was touched.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the texts say it")]
pub enum OpenError {
    #[error("{path} is not a database; move it away, or name another directory with --data")]
    NotADatabase { path: PathBuf },
    #[error("{path} is a database of another program; name another directory with --data")]
    Foreign { path: PathBuf },
    #[error(
        "{path} was written by a newer version (schema {found}, this one knows {known}); use that version"
    )]
    Newer { path: PathBuf, found: u32, known: usize },
    #[error("{path} is damaged ({detail}); move it away and restore a backup with: mini-tweet restore FILE")]
    Corrupt { path: PathBuf, detail: String },
    #[error("another process uses {path}; stop that server first")]
    Locked { path: PathBuf },
    #[error("others can read {path} (mode {mode:o}); run: chmod go= {path}")]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("{path} is there already; nothing is overwritten")]
    Exists { path: PathBuf },
    #[error("the disk is full at {path}; make room")]
    Full { path: PathBuf },
    #[error("cannot use {path}: {error}")]
    Io { path: PathBuf, error: io::Error },
    #[error("cannot use {path}: {detail}")]
    Sql { path: PathBuf, detail: String },
}

impl OpenError {
    pub(super) fn sql(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, detail: error.to_string() },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Sql { path, detail: error.to_string() },
        }
    }

    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// An advisory lock that ends with the process.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held, not used")] File);

/// The connection of the one writer, with the schema brought up to date.
pub(super) fn writer(path: &Path, now_ms: i64) -> Result<(Lock, Connection), OpenError> {
    private_directory(path)?;
    let is_new = examine(path)?;
    let lock = lock(path)?;
    if is_new {
        private_file(path)?;
    }
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let mut db = connect(path).map_err(sql)?;
    if is_new {
        db.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
    }
    configure(&db).map_err(sql)?;
    migrate(&mut db, path, STEPS, now_ms)?;
    Ok((lock, db))
}

/// A new database as an older version made it.
#[cfg(test)]
pub(super) fn make_at_schema(path: &Path, version: usize, now_ms: i64) -> Result<(), OpenError> {
    private_directory(path)?;
    private_file(path)?;
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let mut db = connect(path).map_err(sql)?;
    db.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
    migrate(&mut db, path, STEPS.get(..version).unwrap_or_default(), now_ms)
}

/// A new database in memory.
#[cfg(any(test, feature = "test-support"))]
pub(super) fn in_memory(now_ms: i64) -> Connection {
    let mut db = Connection::open_in_memory().expect("memory");
    super::readers::stable_plans(&db).expect("an option of a connection");
    db.pragma_update(None, "foreign_keys", 1).expect("an option of a connection");
    migrate(&mut db, Path::new("memory"), STEPS, now_ms).expect("the schema");
    db
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    super::readers::stable_plans(&db)?;
    db.set_prepared_statement_cache_capacity(256);
    Ok(db)
}

/// Keeps the number of pages in the log after each commit, in place of checkpoints by SQLite itself.
pub(super) fn count_log_pages(db: &mut Connection) -> rusqlite::Result<Arc<AtomicI32>> {
    let pages = Arc::new(AtomicI32::new(0));
    let counter = Arc::clone(&pages);
    db.wal_hook(Some(move |_: &mut Wal, pages: i32| {
        counter.store(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(pages)
}

/// A connection beside the writer's, for checkpoints.
pub(super) fn second(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    configure(&db)?;
    Ok(db)
}

/// Closing this connection syncs nothing. After a failed sync the kernel has thrown away what it could not write, and
/// would say of the next one that all is well; what was acknowledged is in the log.
pub(super) fn leave_as_it_is(db: &Connection) {
    // There is nothing else to be done when this fails too.
    let _ = db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
}

/// Sets what durability rests on, and reads it back: a build of SQLite may have been made to differ.
fn configure(db: &Connection) -> rusqlite::Result<()> {
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
    // 16 MiB. At the end of a transaction in which a tree was balanced SQLite goes through the whole table of its pages:
    // with 64 MiB that was 7% of the writer's time.
    db.pragma_update(None, "cache_size", -16_384)?;
    db.pragma_update(None, "temp_store", "MEMORY")
}

/// Looks at a file without opening it as a database; whether there is none yet.
pub(super) fn examine(path: &Path) -> Result<bool, OpenError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(OpenError::io(path, error)),
    };
    let metadata = file.metadata().map_err(|e| OpenError::io(path, e))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::TooOpen { path: path.to_owned(), mode });
    }
    if metadata.len() == 0 {
        return Ok(true);
    }
    // https://www.sqlite.org/fileformat.html: magic at 0, application id at 68.
    let mut header = [0; 100];
    let is_database = file.read_exact(&mut header).is_ok() && header.starts_with(b"SQLite format 3\0");
    if !is_database {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    if header.get(68..72) != Some(&APPLICATION_ID.to_be_bytes()[..]) {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let sql = |error| OpenError::sql(path, &error);
    let db = super::readers::reader(path).map_err(sql)?;
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    if usize::try_from(found).is_ok_and(|found| found > STEPS.len()) {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: STEPS.len() });
    }
    db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).map_err(sql)?;
    Ok(false)
}

fn private_directory(path: &Path) -> Result<(), OpenError> {
    let Some(directory) = path.parent().filter(|d| !d.as_os_str().is_empty()) else { return Ok(()) };
    match fs::metadata(directory) {
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(OpenError::TooOpen { path: directory.to_owned(), mode });
            }
            Ok(())
        }
        Err(_) => make_private_directory(directory).map_err(|e| OpenError::io(directory, e)),
    }
}

/// Makes a directory that only its owner can enter, with what leads to it. A name is on the disk when the directory
/// that it stands in was synced: else a power cut could take the directory away with all that was synced in it.
///
/// # Errors
/// What the system says.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    let missing = |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(missing).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().try_for_each(sync_name)
}

/// Returns when the name of this file or directory is on the disk.
pub(super) fn sync_name(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all())
}

/// An empty file that only its owner can read, whatever the umask; SQLite gives its log the same mode.
pub(super) fn private_file(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| OpenError::io(path, e))
}

pub(super) fn lock(path: &Path) -> Result<Lock, OpenError> {
    let lock = path.with_extension("lock");
    let file = private_file(&lock)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(error) => Err(OpenError::io(&lock, error.into())),
    }
}

/// Takes the missing steps, each in a transaction of its own; a copy is made first where there is something to
/// lose.
fn migrate(db: &mut Connection, path: &Path, steps: &[&str], now_ms: i64) -> Result<(), OpenError> {
    let sql = |error| OpenError::sql(path, &error);
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > 0 && version < steps.len() {
        let copy = copy_before(path, steps.len());
        // One that is there is of a try that was ended before the last step: nobody has written since.
        match fs::remove_file(&copy) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(OpenError::io(&copy, error)),
            _ => super::maintenance::backup(path, &copy)?,
        };
    }
    for (number, step) in steps.iter().enumerate().skip(version) {
        let transaction = db.transaction().map_err(sql)?;
        transaction.execute_batch(step).map_err(sql)?;
        if number == 0 {
            first_rows(&transaction, now_ms).map_err(sql)?;
        }
        transaction.pragma_update(None, "user_version", (number + 1).to_string()).map_err(sql)?;
        fault::crash_point(CrashPoint::Migration);
        transaction.commit().map_err(sql)?;
        tracing::info!(schema = number + 1, "the database has a new schema");
    }
    Ok(())
}

fn first_rows(db: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let id = now_ms.max(1) << 16;
    run(db, "INSERT INTO event (id, kind) VALUES (?1, 0)", [id])?;
    run(db, "INSERT INTO meta (name, value) VALUES ('id_high_water', ?1)", [id])?;
    Ok(())
}

/// The highest identifier that was ever given out.
pub(super) fn high_water(db: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT value FROM meta WHERE name = 'id_high_water'";
    Ok(first(db, sql, [], |row| row.get::<_, i64>(0))?.unwrap_or_default().cast_unsigned())
}

pub(super) fn secret(path: &Path, name: &str, make: impl FnOnce() -> Vec<u8>) -> rusqlite::Result<Vec<u8>> {
    let db = connect(path)?;
    db.pragma_update(None, "synchronous", 2)?;
    let sql = "SELECT value FROM secret WHERE name = ?1";
    if let Some(value) = first(&db, sql, [name], |row| row.get(0))? {
        return Ok(value);
    }
    let value = make();
    run(&db, "INSERT INTO secret (name, value) VALUES (?1, ?2)", params![name, value])?;
    Ok(value)
}
