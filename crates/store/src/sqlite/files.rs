//! Files and directories that only their owner can access, and names that survive a power cut.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::open_error::OpenError;

/// Name of the operator socket, which a server keeps in the directory of its database.
pub const OPERATOR_SOCKET: &str = "operator.sock";

/// An advisory lock on a database, released when the process ends.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "held, not used")] File);

/// Takes the lock of this database.
///
/// # Errors
/// [`OpenError::Locked`] when another process holds it.
pub(super) fn lock(path: &Path) -> Result<Lock, OpenError> {
    let lock = path.with_extension("lock");
    let file = private_file(&lock)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked { path: path.to_owned() }),
        Err(error) => Err(OpenError::io(&lock, error.into())),
    }
}

/// Checks that only its owner can access the directory of this database, or creates it so.
pub(super) fn private_parent(path: &Path) -> Result<(), OpenError> {
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

/// Creates a directory that only its owner can access, and its missing parents. Syncs the parent of each new directory:
/// otherwise a power cut could remove the directory with everything that was synced in it.
///
/// # Errors
/// The error of the file system.
pub fn make_private_directory(path: &Path) -> io::Result<()> {
    let missing = |directory: &&Path| !directory.as_os_str().is_empty() && !directory.exists();
    let missing: Vec<&Path> = path.ancestors().take_while(missing).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    missing.into_iter().try_for_each(sync_parent)
}

/// Syncs the parent directory, so that the name of this file or directory is on the disk.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    File::open(directory_of(path)).and_then(|directory| directory.sync_all())
}

/// What is left in the directory of a database that is not there: its log, a copy, the operator socket, media. The
/// lock and an unfinished database are none of it: a first start that was interrupted leaves them. Nor is the reserve, which
/// holds nothing.
pub(super) fn leftover(database: &Path) -> Result<Option<PathBuf>, OpenError> {
    let directory = directory_of(database);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OpenError::io(directory, error)),
    };
    let stem = database.file_stem().unwrap_or_default().as_encoded_bytes();
    let of_an_earlier_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        let ours = name.as_encoded_bytes().strip_prefix(stem).is_some_and(|rest| rest.starts_with(b"."));
        let begun = [database.with_extension("lock"), unfinished(database), reserve(database)].contains(path);
        (ours && !begun) || name == OPERATOR_SOCKET || name == "media"
    };
    let mut left = Vec::new();
    for entry in entries {
        left.push(entry.map_err(|error| OpenError::io(directory, error))?.path());
    }
    left.retain(of_an_earlier_one);
    // The same one in every report.
    Ok(left.into_iter().min())
}

/// The log of an earlier database at this path, which SQLite would apply to another database of the same name.
pub(super) fn leftover_log(database: &Path) -> Option<PathBuf> {
    let with = |suffix: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    ["-wal", "-journal"].into_iter().map(with).find(|log| log.symlink_metadata().is_ok())
}

/// The file that holds space back for a full disk, next to this database.
pub(super) fn reserve(database: &Path) -> PathBuf {
    database.with_extension("reserve")
}

/// The name of a file while it is being written.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    name.into()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a file that only its owner can access, whatever the umask, and creates it if needed. SQLite gives the WAL the
/// mode of the database.
pub(super) fn private_file(path: &Path) -> Result<File, OpenError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|e| OpenError::io(path, e))
}
