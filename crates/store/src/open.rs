//! Opening a store by its URL.

use std::path::Path;
use std::sync::Arc;

use crate::env::Clock;
use crate::sqlite::{SqliteStore, database_file};
use crate::{Engine, OpenError, Options};

/// Which engine keeps the data, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreUrl {
    /// `sqlite:`, a database in the data directory of the server.
    Sqlite,
}

/// Opens the store of a server with this data directory, or creates one.
///
/// # Errors
/// [`OpenError`], with the next step for the operator; what is stored is unchanged then.
pub async fn open(
    url: StoreUrl,
    data_dir: &Path,
    options: &Options,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Engine>, OpenError> {
    match url {
        StoreUrl::Sqlite => Ok(Arc::new(SqliteStore::open(&database_file(data_dir), options, clock)?)),
    }
}
