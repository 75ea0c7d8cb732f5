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
    require_sound(from)?;
    if let Some(directory) = database.parent().filter(|d| !d.exists()) {
        files::make_private_directory(directory).map_err(|e| OpenError::io(directory, e))?;
    }
    let _lock = files::lock(database)?;
    backup(from, database)
}

/// Refuses a database in which the check finds something.
///
/// # Errors
/// [`OpenError::Corrupt`] with the first finding.
pub(crate) fn require_sound(database: &Path) -> Result<(), OpenError> {
    match check(database)?.into_iter().next() {
        Some(detail) => Err(OpenError::Corrupt { path: database.to_owned(), detail }),
        None => Ok(()),
    }
}
