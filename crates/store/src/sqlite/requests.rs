//! What the writer and the maintenance thread ask of each other, and what they count.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use model::Error;
use tokio::sync::oneshot;

use crate::{Change, ChangeResult, IdempotencyKey};

/// A change that waits for the writer.
pub(super) struct PendingChange {
    pub(super) change: Change,
    pub(super) key: Option<IdempotencyKey>,
    pub(super) queued_at: Instant,
    pub(super) response: oneshot::Sender<model::Result<ChangeResult>>,
}

/// A request to the writer.
#[allow(clippy::large_enum_variant, reason = "nearly all of them are changes: a box would cost each of them")]
pub(super) enum WriterRequest {
    Change(PendingChange),
    /// Index every tweet that is not indexed yet; the sender is notified when that is done.
    Index(Option<oneshot::Sender<()>>),
    RestartWal(WalRestart),
    /// Apply what other nodes have appended to the shared log; the sender receives whether the log could be read.
    Follow(Option<oneshot::Sender<bool>>),
}

/// A request to restart the write-ahead log (WAL) from its beginning.
#[derive(Debug)]
pub(super) struct WalRestart {
    /// Also truncate the file to zero bytes.
    pub(super) truncate: bool,
    /// How long all writes may stall while readers still use the WAL.
    pub(super) stall_max: Duration,
    /// Receives whether the WAL was restarted.
    pub(super) done: oneshot::Sender<bool>,
}

/// A task for the maintenance thread.
#[derive(Debug, Clone, Copy)]
pub(super) enum MaintenanceTask {
    /// Ask the writer to index pending tweets, once the indexing delay has passed.
    Index,
    /// Checkpoint the WAL, which has grown.
    Checkpoint,
}

/// Counters of the writer since it started.
#[derive(Debug, Default)]
pub(super) struct WriterMetrics {
    /// Transactions.
    pub(super) commits: AtomicU64,
    /// Changes, refused ones included.
    pub(super) changes: AtomicU64,
    /// Queueing time of the first change in the last transaction, in microseconds.
    pub(super) queue_wait_us: AtomicU64,
    /// Public tweets that are not indexed yet.
    pub(super) unindexed: AtomicU64,
}

/// Stall that a WAL restart may cause: the server's own reads take milliseconds, and two alternating readers of 40 ms
/// each still leave a gap within it.
pub(super) const WAL_RESTART_STALL_MAX: Duration = Duration::from_millis(150);

/// The response to every change after the disk has failed.
pub(super) fn storage_failed() -> Error {
    Error::Unavailable("the server's storage has failed and the server is stopping; ask its operator".into())
}
