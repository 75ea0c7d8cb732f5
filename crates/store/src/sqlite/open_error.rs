//! Why a database cannot be opened, each with the next step for the operator.

use std::io;
use std::path::{Path, PathBuf};

use model::os_error_in_words;
use rusqlite::ErrorCode;

/// Why a database could not be opened, copied or checked; the files are unchanged.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
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
    #[error("{path} is not a regular file; move it away, or name another directory with --data")]
    NotAFile { path: PathBuf },
    #[error(
        "{path} is empty, as no database is; move it away and restore a backup with: mini-tweet restore FILE"
    )]
    Empty { path: PathBuf },
    #[error(
        "there is no {path}, but {left} is left of an earlier database; put the database back, or name an empty \
         directory with --data"
    )]
    Leftover { path: PathBuf, left: PathBuf },
    #[error("another process uses {path}; stop that server first")]
    Locked { path: PathBuf },
    #[error("others can read {path} (mode {mode:o}); run: chmod go= {path}")]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("{path} already exists; it is not overwritten")]
    Exists { path: PathBuf },
    #[error("the disk is full at {path}; free some space")]
    Full { path: PathBuf },
    #[error("{path} does not exist; check the name, or the directory that --data names")]
    Missing { path: PathBuf },
    #[error("cannot use {path}: {}", os_error_in_words(error))]
    Io { path: PathBuf, error: io::Error },
    #[error("cannot use {path}: {detail}")]
    Sql { path: PathBuf, detail: String },
    #[error(
        "{path} is a copy of a database that several servers share; start this server with that database (--store \
         postgres://…), or name another directory with --data"
    )]
    OnlyCopy { path: PathBuf },
    #[error("cannot use the database {url}: {detail}")]
    Postgres { url: String, detail: String },
}

impl OpenError {
    pub(crate) fn sql(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, detail: error.to_string() },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Sql { path, detail: error.to_string() },
        }
    }

    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            // A file that cannot be created lacks its directory.
            io::ErrorKind::NotFound => {
                let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
                Self::missing(parent.filter(|parent| !parent.exists()).unwrap_or(path))
            }
            io::ErrorKind::StorageFull => Self::Full { path: path.to_owned() },
            _ => Self::Io { path: path.to_owned(), error },
        }
    }

    pub(super) fn missing(path: &Path) -> Self {
        Self::Missing { path: path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_without_words_of_the_standard_library() {
        let directory = tempfile::tempdir().unwrap();
        let missing = |path: &Path| OpenError::io(path, io::ErrorKind::NotFound.into()).to_string();
        let file = directory.path().join("a.db");
        assert!(missing(&file).starts_with(&format!("{} does not exist; check", file.display())));
        let nowhere = directory.path().join("nowhere");
        assert!(
            missing(&nowhere.join("a.db"))
                .starts_with(&format!("{} does not exist; check", nowhere.display()))
        );
        let denied = OpenError::io(&file, io::ErrorKind::PermissionDenied.into()).to_string();
        assert_eq!(denied, format!("cannot use {}: permission denied", file.display()));
    }
}
