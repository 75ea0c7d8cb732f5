//! The data directory of a server.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use model::os_error_in_words;
use store::make_private_directory;

use super::error::ServeError;

/// With less free space the operator is warned: the write-ahead log grows with every write until a checkpoint.
const FREE_BYTES_LOW: u64 = 256 * 1024 * 1024;

/// Creates the directory, or checks that it belongs to this user and that no one else can read it.
pub(super) fn prepare(path: &Path) -> Result<(), ServeError> {
    let wrong = |problem: String| ServeError::DataDirectory { path: path.to_owned(), problem };
    let exists = path.try_exists().map_err(|error| wrong(os_error_in_words(&error)))?;
    if !exists {
        make_private_directory(path).map_err(|error| {
            wrong(format!("cannot create it: {}; choose another with --data", os_error_in_words(&error)))
        })?;
    }
    let metadata = std::fs::metadata(path).map_err(|error| wrong(os_error_in_words(&error)))?;
    if !metadata.is_dir() {
        return Err(wrong("it is not a directory; choose another with --data".to_owned()));
    }
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user {
        return Err(wrong(format!(
            "it belongs to user {owner}, and the server runs as {user}; run it as its owner"
        )));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(wrong(format!(
            "others can access it (mode {mode:03o}); run: chmod 700 {}",
            path.display()
        )));
    }
    if let Ok(disk) = rustix::fs::statvfs(path) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < FREE_BYTES_LOW {
            tracing::warn!(free_mib = free / (1024 * 1024), "the disk of the data directory is almost full");
        }
    }
    Ok(())
}
