//! Files of the client, which only their owner can read.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Extension of a file that is being written. A crash can leave such a file behind; the next write replaces it.
pub const UNFINISHED: &str = "unfinished";

/// How far a write must have come before [`replace`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The new content survives a power failure.
    Durable,
    /// A power failure can lose the new content, for caches.
    Relaxed,
}

/// Replaces a file, or creates it with its directory: readers see the old or the new content, never a part. The new
/// content is written to a file next to it with the extension [`UNFINISHED`], which is then renamed. Two writers of
/// the same file must be kept apart by the caller.
///
/// # Errors
/// What the file system reports; the old file is then unchanged.
pub fn replace(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(directory) = directory {
        create_directory(directory)?;
    }
    let unfinished = path.with_extension(UNFINISHED);
    // A new file and not the one that is there: that one may have another mode, or be a link.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(content)?;
    if durability == Durability::Durable {
        file.sync_all()?;
    }
    fs::rename(unfinished, path)?;
    if durability == Durability::Durable {
        File::open(directory.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Creates a directory with its parents, all for their owner only. One that exists keeps its mode.
///
/// # Errors
/// What the file system reports.
pub fn create_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_and_private_with_its_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("home/settings.toml");
        for (content, durability) in [("one", Durability::Durable), ("two", Durability::Relaxed)] {
            replace(&path, content.as_bytes(), durability).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(!path.with_extension(UNFINISHED).exists());
    }

    #[test]
    fn what_a_crash_left_behind_is_neither_followed_nor_reused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("profiles.toml");
        let elsewhere = directory.path().join("elsewhere");
        fs::write(&elsewhere, "untouched").unwrap();
        symlink(&elsewhere, path.with_extension(UNFINISHED)).unwrap();
        replace(&path, b"new", Durability::Durable).unwrap();
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "untouched");
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("new", 0o600));
    }
}
