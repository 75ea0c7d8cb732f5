//! Opening a store by its URL.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use crate::env::Clock;
use crate::sqlite::{SqliteStore, database_file};
use crate::{Engine, OpenError, Options, PostgresUrl, postgres};

/// Which engine keeps the data, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:`, a database in the data directory of the server.
    Sqlite,
    /// `postgres://…`, a database that several servers share. The data directory has a copy of it.
    Postgres(Box<PostgresUrl>),
}

/// Opens the store of a server with this data directory, or creates one.
///
/// # Errors
/// [`OpenError`], with the next step for the operator; what is stored is unchanged then.
pub async fn open(
    url: &StoreUrl,
    data_dir: &Path,
    options: &Options,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Engine>, OpenError> {
    match url {
        StoreUrl::Sqlite => {
            if let Some(path) = only_copy(data_dir) {
                return Err(OpenError::OnlyCopy { path });
            }
            Ok(Arc::new(SqliteStore::open(&database_file(data_dir), options, clock)?))
        }
        StoreUrl::Postgres(url) => postgres::open(url, data_dir, options, clock, None).await,
    }
}

/// The copy of a shared database in this data directory.
#[must_use]
pub fn copy_file(data_dir: &Path) -> PathBuf {
    data_dir.join(postgres::COPY)
}

/// The same if it exists, and there is no database of a single server.
#[must_use]
pub fn only_copy(data_dir: &Path) -> Option<PathBuf> {
    let copy = copy_file(data_dir);
    (copy.exists() && !database_file(data_dir).exists()).then_some(copy)
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        match url {
            "sqlite:" => Ok(Self::Sqlite),
            _ if PostgresUrl::is_one(url) => Ok(Self::Postgres(Box::new(url.parse()?))),
            _ => Err("is not `sqlite:` or `postgres://user@host/database`".to_owned()),
        }
    }
}

impl fmt::Display for StoreUrl {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite => f.write_str("sqlite:"),
            Self::Postgres(url) => url.fmt(f),
        }
    }
}
