//! Backups. A backup may be made next to a server.

use std::fs::{self, File};
use std::path::Path;

use super::connection::{self, open_reader};
use super::files;
use super::open_error::OpenError;
use super::schema;
use crate::fault::{self, CrashPoint};

/// The result of a backup or a restore.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// Size of the copy.
    pub bytes: u64,
    /// Accounts that are not deleted.
    pub accounts: u64,
    /// Tweets that are not deleted.
    pub tweets: u64,
}

/// Copies the database, as it is at this moment, into a new file that only its owner can access.
///
/// # Errors
/// [`OpenError`]; the final name then does not exist, so no half-written backup can be taken for a whole one.
pub fn backup(database: &Path, to: &Path) -> Result<Copied, OpenError> {
    schema::require_database(database)?;
    if to.exists() {
        return Err(OpenError::Exists { path: to.to_owned() });
    }
    let unfinished = &files::unfinished(to);
    let _ = fs::remove_file(unfinished);
    // VACUUM INTO accepts an existing file if it is empty: so its mode is right from the first byte.
    drop(files::private_file(unfinished)?);
    fault::crash_point(CrashPoint::Backup);
    let copy = || -> rusqlite::Result<()> {
        let target = connection::literal(unfinished);
        let target = target.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(unfinished.clone()))?;
        open_reader(database)?.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    };
    let finished = copy().map_err(|e| OpenError::sql(to, &e)).and_then(|()| finish(unfinished, to));
    if finished.is_err() {
        let _ = fs::remove_file(unfinished);
    }
    finished?;
    summary(to)
}

/// Syncs the copy, then gives it its final name. A hard link never replaces an existing file, as a rename would.
fn finish(unfinished: &Path, to: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::io(to, error);
    File::open(unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    fault::crash_point(CrashPoint::Backup);
    fs::hard_link(unfinished, to).map_err(io)?;
    fault::crash_point(CrashPoint::Backup);
    fs::remove_file(unfinished).map_err(io)?;
    files::sync_parent(to).map_err(io)
}

fn summary(path: &Path) -> Result<Copied, OpenError> {
    let sql = |error| OpenError::sql(path, &error);
    let db = open_reader(path).map_err(sql)?;
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned);
    Ok(Copied {
        bytes: fs::metadata(path).map_err(|e| OpenError::io(path, e))?.len(),
        accounts: count("SELECT count(*) FROM account WHERE state <> 3").map_err(sql)?,
        tweets: count("SELECT count(*) FROM tweet WHERE deleted = 0").map_err(sql)?,
    })
}
