//! Backup, restore and check of a database file. Backup and check may run next to a server.

use std::path::Path;

pub use super::backup::{Copied, backup};
pub use super::check::check;
use super::files;
use super::open_error::OpenError;

/// Restores a backup to a path at which there is no database.
///
/// # Errors
/// [`OpenError`] when the backup is damaged, a database exists already, or another process holds its lock.
pub fn restore(from: &Path, database: &Path) -> Result<Copied, OpenError> {
    if database.exists() {
        return Err(OpenError::Exists { path: database.to_owned() });
    }
    if let Some(left) = files::leftover_log(database) {
        return Err(OpenError::Leftover { path: database.to_owned(), left });
    }
    let findings = check(from)?;
    if let Some(finding) = findings.first() {
        return Err(OpenError::Corrupt { path: from.to_owned(), detail: finding.clone() });
    }
    if let Some(directory) = database.parent().filter(|d| !d.exists()) {
        files::make_private_directory(directory).map_err(|e| OpenError::io(directory, e))?;
    }
    let _lock = files::lock(database)?;
    backup(from, database)
}
