//! The pool of read-only connections.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use model::Error;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::open_reader;
use super::sql;

/// A pool of connections. A query waits in line for a free one.
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
        let connections: Vec<_> = (0..count.max(1)).map(|_| open_reader(path)).collect::<Result<_, _>>()?;
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

    /// Runs a point query on the calling task; this is faster than dispatching to a blocking thread.
    pub(super) async fn read_inline<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> model::Result<T> {
        let Ok(_permit) = self.permits.try_acquire() else { return self.read_blocking(read).await };
        on_free_connection(&self.free, read)
    }

    /// Runs a query on a blocking thread, in one transaction: all statements see the same state.
    pub(super) async fn read_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> sql::Result<T> + Send + 'static,
    ) -> model::Result<T> {
        #[cfg(any(test, feature = "test-support"))]
        if let Some(db) = &self.simulated {
            let db = db.lock().unwrap_or_else(PoisonError::into_inner);
            return in_transaction(&db, read).map_err(sql::Failure::into_error);
        }
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| Error::GoingAway)?;
        let free = Arc::clone(&self.free);
        let result = tokio::task::spawn_blocking(move || {
            let result = on_free_connection(&free, read);
            drop(permit);
            result
        });
        result.await.map_err(|error| crate::incident(&error))?
    }
}

/// Runs a query for the holder of a permit, for whom a connection is free.
fn on_free_connection<T>(
    free: &Mutex<Vec<Connection>>,
    read: impl FnOnce(&Connection) -> sql::Result<T>,
) -> model::Result<T> {
    let connection = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let Some(connection) = connection else { return Err(Error::Busy) };
    let result = in_transaction(&connection, read).map_err(sql::Failure::into_error);
    free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    result
}

fn in_transaction<T>(db: &Connection, read: impl FnOnce(&Connection) -> sql::Result<T>) -> sql::Result<T> {
    let transaction = db.unchecked_transaction()?;
    let value = read(db)?;
    transaction.commit()?;
    Ok(value)
}
