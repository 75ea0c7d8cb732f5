//! Reads data of other origin into the store: databases of the original Python program, and social graphs for
//! trials and benchmarks.
//!
//! Everything goes through [`Change::ImportAccount`], [`Change::ImportFollow`] and [`Change::ImportTweet`],
//! which know where a row came from: a second import finds it. A broken row is a [`Problem`] and the rest goes
//! on. It knows nothing of SQL, of terminals or of how passwords are hashed.

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

use futures_util::{StreamExt, stream};
use model::{Error, TweetText};

use store::{Change, ChangeResult, Store};

/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// Changes asked of the store at once: enough to fill its batches, far less than its queue.
const CHANGES_IN_FLIGHT: usize = 200;

/// A row that was not imported, or not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the file.
    pub file: String,
    /// Where in it, for example `line 7` or `user 10003`.
    pub row: String,
    /// What is wrong, as a sentence's end: "has no such author".
    pub reason: String,
}

impl Problem {
    fn new(file: impl Into<String>, row: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), row: row.into(), reason: reason.into() }
    }
}

/// Text from the file may be part of the reason: make it safe before showing it on a terminal.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}: {}", self.file, self.row, self.reason)
    }
}

/// Why an import did not begin, or did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is missing or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is larger than [`FILE_BYTES_MAX`].
    #[error("{} is larger than {} MiB", path.display(), FILE_BYTES_MAX >> 20)]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// A file is not what it should be, as a whole.
    #[error("{} {reason}", path.display())]
    WrongFormat {
        /// Which.
        path: PathBuf,
        /// Goes on from the file's name: "is not JSON".
        reason: String,
    },
    /// The store takes no changes. What it took before stays; the next import goes on from there.
    #[error("the import stopped: {0}; what was imported stays, run it again to go on")]
    Store(Error),
}

/// What is being imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Accounts come first.
    Accounts,
    /// Then who follows whom.
    Follows,
    /// Then tweets, oldest first.
    Tweets,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// In this phase,
    pub phase: Phase,
    /// so many rows are done
    pub done: usize,
    /// of so many.
    pub total: usize,
}

/// Is told of every row.
pub type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// New accounts.
    pub accounts: usize,
    /// New follows.
    pub follows: usize,
    /// New tweets, quotes among them.
    pub tweets: usize,
    /// New quotes.
    pub quotes: usize,
    /// Different hashtags of the new tweets.
    pub hashtags: usize,
    /// Accounts, follows and tweets that an earlier import brought.
    pub already_there: usize,
    /// What was left out.
    pub problems: Vec<Problem>,
}

impl Summary {
    /// Counts a row as new in the way that `new` says, or as there before.
    fn count(&mut self, changed: bool, new: impl FnOnce(&mut Self)) {
        if changed { new(self) } else { self.already_there += 1 }
    }
}

/// Counts the different hashtags of new tweets.
#[derive(Debug, Default)]
struct HashtagCount(HashSet<String>);

impl HashtagCount {
    fn add(&mut self, text: &TweetText) {
        self.0.extend(text.hashtags().iter().map(|tag| tag.key().to_owned()));
    }
}

/// Asks the store for these changes, several at once, and tells of each result in order, with the
/// reason for a row that was refused.
///
/// # Errors
/// [`ImportError::Store`] at the first error that is not about the row.
async fn apply_rows<T>(
    store: &dyn Store,
    phase: Phase,
    rows: Vec<T>,
    change: impl Fn(&T) -> model::Result<Change>,
    mut each: impl FnMut(T, Result<ChangeResult, String>),
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let total = rows.len();
    let asked = rows.into_iter().map(|row| {
        let change = change(&row);
        async move {
            let result = match change {
                Ok(change) => store.apply(change, None).await,
                Err(error) => Err(error),
            };
            (row, result)
        }
    });
    let mut answers = stream::iter(asked).buffered(CHANGES_IN_FLIGHT);
    let mut done = 0;
    while let Some((row, result)) = answers.next().await {
        match result {
            Ok(applied) => each(row, Ok(applied)),
            Err(error) if is_about_the_row(&error) => each(row, Err(error.to_string())),
            Err(error) => return Err(ImportError::Store(error)),
        }
        done += 1;
        on_progress(Progress { phase, done, total });
    }
    Ok(())
}

fn is_about_the_row(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid { .. } | Error::NotFound(_) | Error::AlreadyExists(_) | Error::Forbidden(_)
    )
}

/// The whole file, without a byte order mark.
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
    fn what_concerns_the_whole_store_is_no_problem_of_a_row() {
        assert!(is_about_the_row(&Error::AlreadyExists("username".into())));
        for error in [Error::Busy, Error::StorageFull, Error::Internal { incident: "1".into() }] {
            assert!(!is_about_the_row(&error), "{error}");
        }
    }
}
