//! Connections that only read, each on a thread where it may block.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::Error;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use super::sql;

/// A pool of connections. Whoever finds none waits in line.
#[derive(Debug)]
pub(super) struct Readers {
    free: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    /// In a simulation: one connection, no other thread, and no permits.
    #[cfg(any(test, feature = "test-support"))]
    simulated: Option<Arc<Mutex<Connection>>>,
}

impl Readers {
    pub(super) fn open(path: &Path, count: usize) -> rusqlite::Result<Self> {
        let connections: Vec<_> = (0..count.max(1)).map(|_| reader(path)).collect::<Result<_, _>>()?;
        let permits = Arc::new(Semaphore::new(connections.len()));
        Ok(Self {
            free: Arc::new(Mutex::new(connections)),
            permits,
            #[cfg(any(test, feature = "test-support"))]
            simulated: None,
        })
    }

    #[cfg(any(test, feature = "test-support"))]
    pub(super) fn simulated(db: Arc<Mutex<Connection>>) -> Self {
        Self { free: Arc::default(), permits: Arc::new(Semaphore::new(0)), simulated: Some(db) }
    }

    /// Reads a few rows by their keys where it is asked for: that is done sooner than another thread would begin.
    pub(super) async fn read_inline<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> model::Result<T> {
        let Ok(_permit) = self.permits.try_acquire() else { return self.read_blocking(read).await };
        on_a_free_one(&self.free, read)
    }

    /// Reads in one transaction: all statements see the same state.
    pub(super) async fn read_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> model::Result<T> {
        #[cfg(any(test, feature = "test-support"))]
        if let Some(db) = &self.simulated {
            let db = db.lock().unwrap_or_else(PoisonError::into_inner);
            return in_transaction(&db, read).map_err(sql::Fault::into_error);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::GoingAway)?;
        let free = Arc::clone(&self.free);
        let result = tokio::task::spawn_blocking(move || {
            let result = on_a_free_one(&free, read);
            drop(permit);
            result
        });
        result.await.map_err(|error| crate::incident(&error))?
    }
}

/// For whoever has a permit: then one is free.
fn on_a_free_one<T>(
    free: &Mutex<Vec<Connection>>,
    read: impl FnOnce(&Connection) -> sql::Result<T>,
) -> model::Result<T> {
    let connection = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let Some(connection) = connection else { return Err(Error::Busy) };
    let result = in_transaction(&connection, read).map_err(sql::Fault::into_error);
    free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    result
}

fn in_transaction<T>(db: &Connection, read: impl FnOnce(&Connection) -> sql::Result<T>) -> sql::Result<T> {
    let transaction = db.unchecked_transaction()?;
    let value = read(db)?;
    transaction.commit()?;
    Ok(value)
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    stable_plans(&db)?;
    db.set_prepared_statement_cache_capacity(128);
    // Not mapped into memory: a file that grows is mapped anew, which stops all threads for a moment.
    db.pragma_update(None, "cache_size", -16_384)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(db)
}

/// Plans do not depend on the values bound. Without this, an SQLite that was built with STAT4 (as the bundled one is)
/// compiles a statement anew for each value: a feed took 2.3 ms instead of 0.5.
pub(super) fn stable_plans(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}
