//! Imports data into a store: databases of the original Python program, and social graphs for tests and benchmarks.
//!
//! Everything is a [`Change::ImportAccount`], [`Change::ImportFollow`] or [`Change::ImportTweet`]. They carry the origin
//! of each row, so that a second import finds what the first one brought. An invalid row is reported as a [`Problem`] and
//! skipped. Nothing here knows SQL, terminals or how passwords are hashed.

#[cfg(test)]
mod fake_store;
pub mod graph;
pub mod python;
mod synthetic;

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use model::{Error, TweetText};
use store::{Change, ChangeResult};

/// Applies a change to the store: all that an import needs of it.
pub type Apply<'a> = &'a (dyn Fn(Change) -> BoxFuture<'a, model::Result<ChangeResult>> + Sync);

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// Changes in flight: enough to fill the batches of the store, and far fewer than its queue holds.
const CHANGES_IN_FLIGHT: usize = 200;

/// A row that was skipped, or imported in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// The row, for example `line 7` or `user 10003`.
    pub row: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Problem {
    fn new(file: impl Into<String>, row: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), row: row.into(), reason: reason.into() }
    }
}

/// The reason can quote the file: sanitise the text before showing it on a terminal.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.file, self.row, self.reason)
    }
}

/// Why an import did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is missing or cannot be read.
    #[error("cannot read {}: {}", path.display(), model::os_error_in_words(source))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file is larger than [`FILE_BYTES_MAX`].
    #[error("{} is larger than {} MiB", path.display(), FILE_BYTES_MAX >> 20)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A whole file has the wrong format.
    #[error("{} {reason}", path.display())]
    WrongFormat {
        /// The file.
        path: PathBuf,
        /// Continues after the name of the file: "is not JSON".
        reason: String,
    },
    /// The store failed. The rows before it are imported; a second import continues after them.
    #[error("the import stopped: {0}; rows imported so far are stored; run it again to continue")]
    Store(Error),
}

/// A part of an import, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// All accounts.
    Accounts,
    /// All follows between these accounts.
    Follows,
    /// All tweets, oldest first.
    Tweets,
}

/// Progress of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The current phase.
    pub phase: Phase,
    /// Rows processed in this phase.
    pub done: usize,
    /// Rows of this phase in total.
    pub total: usize,
}

/// Called after every row.
pub type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// Result of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// New accounts.
    pub accounts: usize,
    /// New follows.
    pub follows: usize,
    /// New tweets, including quotes.
    pub tweets: usize,
    /// New quotes.
    pub quotes: usize,
    /// Distinct hashtags of the new tweets.
    pub hashtags: usize,
    /// Accounts, follows and tweets of an earlier import.
    pub already_there: usize,
    /// Rows that were skipped.
    pub problems: Vec<Problem>,
}

impl Summary {
    /// Counts a row with `new` if it changed the store, otherwise as already there.
    fn count(&mut self, changed: bool, new: impl FnOnce(&mut Self)) {
        if changed { new(self) } else { self.already_there += 1 }
    }
}

/// Counts the distinct hashtags of new tweets.
#[derive(Debug, Default)]
struct HashtagCount(HashSet<String>);

impl HashtagCount {
    fn add(&mut self, text: &TweetText) {
        self.0.extend(text.hashtags().iter().map(|tag| tag.key().to_owned()));
    }
}

/// Applies the change of each row, several at a time, and passes the results to `each` in the order of the rows: the
/// reason if a row was rejected.
///
/// # Errors
/// [`ImportError::Store`] for the first error that does not concern a single row.
async fn apply_rows<T>(
    apply: Apply<'_>,
    phase: Phase,
    rows: Vec<T>,
    change: impl Fn(&T) -> model::Result<Change>,
    mut each: impl FnMut(T, Result<ChangeResult, String>),
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let total = rows.len();
    let applying = rows.into_iter().map(|row| {
        let change = change(&row);
        async move {
            let result = match change {
                Ok(change) => apply(change).await,
                Err(error) => Err(error),
            };
            (row, result)
        }
    });
    let mut results = stream::iter(applying).buffered(CHANGES_IN_FLIGHT);
    let mut done = 0;
    while let Some((row, result)) = results.next().await {
        match result {
            Ok(result) => each(row, Ok(result)),
            Err(error) if concerns_row(&error) => each(row, Err(error.to_string())),
            Err(error) => return Err(ImportError::Store(error)),
        }
        done += 1;
        on_progress(Progress { phase, done, total });
    }
    Ok(())
}

fn concerns_row(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid { .. } | Error::NotFound(_) | Error::AlreadyExists(_) | Error::Forbidden(_)
    )
}

/// Checks that these files can be opened, before anything is created for an import of them.
///
/// # Errors
/// [`ImportError::Unreadable`] for the first that cannot.
pub fn check_readable<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<(), ImportError> {
    let unreadable = |path: &Path, source| ImportError::Unreadable { path: path.to_owned(), source };
    paths.into_iter().try_for_each(|path| File::open(path).map(drop).map_err(|error| unreadable(path, error)))
}

/// The content of the file without a byte order mark.
fn read_file(path: &Path) -> Result<Vec<u8>, ImportError> {
    let unreadable = |source| ImportError::Unreadable { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ImportError::TooLarge { path: path.to_owned() });
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("nothing.csv");
        let error = read_file(&path).unwrap_err();
        assert!(error.to_string().contains("nothing.csv"), "{error}");
    }

    #[test]
    fn a_byte_order_mark_is_not_part_of_the_data() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, b"\xEF\xBB\xBFa").unwrap();
        assert_eq!(read_file(&path).unwrap(), b"a");
    }

    #[test]
    fn an_error_of_the_whole_store_does_not_concern_a_row() {
        assert!(concerns_row(&Error::AlreadyExists("username".into())));
        for error in [Error::Busy, Error::StorageFull, Error::Internal { incident: "1".into() }] {
            assert!(!concerns_row(&error), "{error}");
        }
    }
}
