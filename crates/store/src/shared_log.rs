//! The log that the nodes of a cluster share. Each node has a copy of the whole database that follows this log: it carries out a
//! batch of changes on its copy while it holds the lock of the log, then appends the rows that the batch changed. So all
//! nodes change the same rows in the same order, and the rules of a change run where the rows are.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{AttemptCounters, Bus, NodeRecord, NodeReport, OpenError};

#[cfg(any(test, feature = "test-support"))]
#[allow(clippy::unwrap_used, reason = "tests stop where they cannot go on")]
pub(crate) mod memory;

/// A value in a column, as SQLite has it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Value {
    /// `None` is NULL.
    #[prost(oneof = "Datum", tags = "1, 2, 3")]
    pub(crate) datum: Option<Datum>,
}

/// A value that is not NULL.
#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(crate) enum Datum {
    /// A number.
    #[prost(sint64, tag = "1")]
    Integer(i64),
    /// A text.
    #[prost(string, tag = "2")]
    Text(String),
    /// Bytes.
    #[prost(bytes, tag = "3")]
    Blob(Vec<u8>),
}

/// A row.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Row {
    /// In the order of the columns.
    #[prost(message, repeated, tag = "1")]
    pub(crate) values: Vec<Value>,
}

/// The rows of a table that a batch changed, as they are after it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct TableChanges {
    /// Name of the table.
    #[prost(string, tag = "1")]
    pub(crate) table: String,
    /// Names of the columns of `rows`, those of the primary key first.
    #[prost(string, repeated, tag = "2")]
    pub(crate) columns: Vec<String>,
    /// Number of columns of the primary key.
    #[prost(uint32, tag = "3")]
    pub(crate) key_columns: u32,
    /// Rows that were inserted or changed.
    #[prost(message, repeated, tag = "4")]
    pub(crate) rows: Vec<Row>,
    /// Primary keys of rows that were deleted.
    #[prost(message, repeated, tag = "5")]
    pub(crate) deleted: Vec<Row>,
}

/// What a batch of changes did, as it is in the log.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct LogEntry {
    /// The tables that it changed.
    #[prost(message, repeated, tag = "1")]
    pub(crate) tables: Vec<TableChanges>,
}

/// The lock of the log is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Locked {
    /// The newest identifier that is assigned, by any node; also the number of the newest entry.
    pub(crate) head: u64,
    /// The time of all changes of the batch (Unix milliseconds), by the one clock of the cluster.
    pub(crate) now_ms: i64,
}

/// The shared log does not answer, or not in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Unreachable(pub(crate) String);

/// Why the entries after a position cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntriesError {
    /// The log does not answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// It does not have the entry at this position: it has lost its end.
    #[error(
        "the shared database has lost changes that it had acknowledged, as in a failover to an asynchronous standby: this \
         server has them up to {position}, the database goes on from before that and is at {head} now; the server copies it \
         again when it is started"
    )]
    Lost { position: u64, head: u64 },
    /// It no longer has the entries after this position.
    #[error(
        "this server was away for too long: it has changes up to {position}, the log begins after {pruned}; the server copies \
         the shared database again when it is started"
    )]
    Pruned { position: u64, pruned: u64 },
}

/// The log that the nodes of a cluster share. All calls block.
pub(crate) trait SharedLog: fmt::Debug + Send {
    /// Waits for the lock of the log. [`SharedLog::append`] or [`SharedLog::unlock`] ends it.
    ///
    /// # Errors
    /// When the log cannot be reached; the lock is not held then.
    fn lock(&mut self) -> Result<Locked, Unreachable>;

    /// Up to `limit` entries after the one with this number, oldest first, each with its number. Does not need the lock.
    ///
    /// # Errors
    /// When the log cannot be reached, or does not have that entry or those after it: then the copy has to be made again.
    fn entries_after(&mut self, position: u64, limit: usize) -> Result<Vec<(u64, LogEntry)>, EntriesError>;

    /// Appends an entry with this number, which is above the head, and gives the lock back. When it returns `true` the entry is
    /// durable; after `false` it is not in the log and never will be.
    ///
    /// # Errors
    /// When it could not be found out in time whether the entry is in the log.
    fn append(&mut self, number: u64, entry: &LogEntry) -> Result<bool, Unreachable>;

    /// Gives the lock back without an entry.
    fn unlock(&mut self);
}

/// What the nodes have in common besides the rows of the network.
#[async_trait]
pub(crate) trait Commons: fmt::Debug + Send + Sync {
    /// As [`Engine::secret`](crate::Engine::secret).
    async fn secret(&self, name: &str, new: &[u8]) -> Result<Vec<u8>, OpenError>;

    /// As [`Store::other_processes`](crate::Store::other_processes).
    async fn other_processes(&self) -> model::Result<Vec<u64>>;

    /// As [`Store::is_maintainer`](crate::Store::is_maintainer).
    async fn is_maintainer(&self) -> bool {
        true
    }

    /// As [`Store::attempts`](crate::Store::attempts).
    fn attempts(&self) -> Option<Arc<dyn AttemptCounters>> {
        None
    }

    /// As [`Store::nodes`](crate::Store::nodes).
    async fn nodes(&self) -> model::Result<Vec<NodeRecord>> {
        Ok(Vec::new())
    }

    /// As [`Store::request_drain`](crate::Store::request_drain).
    async fn request_drain(&self, _boot: u64) -> model::Result<bool> {
        Ok(false)
    }

    /// As [`Engine::report`](crate::Engine::report).
    fn report(&self, _report: NodeReport) {}

    /// As [`Engine::drain_requested`](crate::Engine::drain_requested).
    fn drain_requested(&self) -> Option<watch::Receiver<bool>> {
        None
    }

    /// Tells the other nodes that this one has ended.
    async fn leave(&self);
}

/// The shared database, as a node has it.
#[derive(Debug)]
pub(crate) struct SharedDatabase {
    pub(crate) log: Box<dyn SharedLog>,
    pub(crate) commons: Box<dyn Commons>,
    pub(crate) bus: Bus,
    /// The random number of this process.
    pub(crate) boot: u64,
}
