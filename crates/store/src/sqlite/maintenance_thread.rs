//! The maintenance thread works next to the writer: it checkpoints the write-ahead log (WAL) while writes continue, and
//! asks for pending tweets to be indexed when no search has asked first.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::connection;
use super::requests::{MaintenanceTask, WAL_RESTART_STALL_MAX, WalRestart, WriterRequest};
use super::sql::Failure;
use crate::fault::{self, CrashPoint};

/// Maximum indexing delay when idle. A search request forces pending tweets to be indexed first.
const INDEX_DELAY: Duration = Duration::from_secs(1);
/// WAL size (48 MiB) above which the writer itself restarts the log. Passive checkpoints cannot reset the WAL while
/// writes never pause.
const WAL_PAGES_MAX: i64 = 12_288;
/// WAL size (256 MiB) above which a longer stall of all writes is acceptable: a chain of overlapping external readers
/// would otherwise let the WAL grow without bound.
const WAL_PAGES_LARGE: i64 = 65_536;
/// Stall that restarting a large WAL may cause: two alternating readers of a second each leave a gap within it.
const LARGE_WAL_RESTART_STALL_MAX: Duration = Duration::from_millis(2_500);

/// Handle of the maintenance thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct MaintenanceThread(SyncSender<MaintenanceTask>);

impl MaintenanceThread {
    /// Starts the thread with a database connection of its own.
    ///
    /// # Errors
    /// When the thread cannot be started, or the database cannot be opened a second time.
    pub(super) fn start(
        path: &Path,
        writer: mpsc::WeakSender<WriterRequest>,
        failed: watch::Sender<bool>,
    ) -> Result<Self, std::io::Error> {
        let db = connection::open_for_checkpoints(path).map_err(std::io::Error::other)?;
        // One of each kind: a task that is already queued would only be done twice.
        let (sender, tasks) = sync_channel(2);
        let thread = std::thread::Builder::new().name("store-maintenance".into());
        thread.spawn(move || run(&db, &tasks, &writer, &failed))?;
        Ok(Self(sender))
    }

    /// For a simulation: does nothing.
    #[cfg(any(test, feature = "test-support"))]
    pub(super) fn simulated() -> Self {
        Self(sync_channel(1).0)
    }

    /// Queues a task; `false` when the queue is full, then the caller tries again later.
    pub(super) fn request(&self, task: MaintenanceTask) -> bool {
        !matches!(self.0.try_send(task), Err(TrySendError::Full(_)))
    }
}

fn run(
    db: &Connection,
    tasks: &Receiver<MaintenanceTask>,
    writer: &mpsc::WeakSender<WriterRequest>,
    failed: &watch::Sender<bool>,
) {
    let mut wal_pages_max = WAL_PAGES_MAX;
    let mut index_at = None;
    while let Some(task) = next_task(tasks, &mut index_at) {
        if *failed.borrow() {
            continue;
        }
        match task {
            MaintenanceTask::Index => {
                let Some(writer) = writer.upgrade() else { break };
                // Waiting for a busy writer is fine: it does not ask again before this request arrives.
                let _ = writer.blocking_send(WriterRequest::Index(None));
            }
            MaintenanceTask::Checkpoint => match checkpoint(db, wal_pages_max) {
                Ok(pages) if pages > wal_pages_max => {
                    wal_pages_max = match restart_wal(writer, pages) {
                        Some(true) => WAL_PAGES_MAX,
                        Some(false) => next_wal_limit(pages),
                        None => wal_pages_max,
                    };
                }
                Ok(_) => {}
                Err(failure) => {
                    // As after a failed commit: the disk reports lost writes only once.
                    if failure.is_fatal() {
                        tracing::error!("writing to the database failed; no further change is acknowledged");
                        failed.send_replace(true);
                    }
                }
            },
        }
    }
    if *failed.borrow() {
        connection::disable_checkpoint_on_close(db);
    }
}

/// The size at which a restart is tried again after a long-running reader, such as a backup, prevented one: the WAL may
/// grow rather than stall all writes again and again.
fn next_wal_limit(pages: i64) -> i64 {
    if pages < WAL_PAGES_LARGE {
        return (pages * 2).min(WAL_PAGES_LARGE);
    }
    let mib = pages / 256;
    tracing::warn!(mib, "a long-running reader blocks WAL truncation; the WAL keeps growing");
    pages * 2
}

/// Waits for the next task; `None` when the writer has ended. Indexing is due at `index_at`.
fn next_task(tasks: &Receiver<MaintenanceTask>, index_at: &mut Option<Instant>) -> Option<MaintenanceTask> {
    loop {
        let received = match *index_at {
            Some(at) => tasks.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => tasks.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match received {
            Ok(MaintenanceTask::Index) => *index_at = Some(Instant::now() + INDEX_DELAY),
            Ok(task) => return Some(task),
            Err(RecvTimeoutError::Timeout) => {
                *index_at = None;
                return Some(MaintenanceTask::Index);
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// Asks the writer to restart the WAL and waits for its response; `None` when its queue is full. No checkpoint runs
/// meanwhile: two at once refuse each other.
fn restart_wal(writer: &mpsc::WeakSender<WriterRequest>, pages: i64) -> Option<bool> {
    let (done, restarted) = oneshot::channel();
    let stall_max = if pages < WAL_PAGES_LARGE { WAL_RESTART_STALL_MAX } else { LARGE_WAL_RESTART_STALL_MAX };
    let request = WriterRequest::RestartWal(WalRestart { truncate: false, stall_max, done });
    writer.upgrade()?.try_send(request).ok()?;
    restarted.blocking_recv().ok()
}

/// Runs a passive checkpoint and returns the size of the WAL in pages. Above `wal_pages_max` it runs a second one for
/// the pages written meanwhile, so that the writer's restart has less to copy while writes stall.
fn checkpoint(db: &Connection, wal_pages_max: i64) -> Result<i64, Failure> {
    let pass = || {
        fault::crash_point(CrashPoint::Checkpoint);
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
    };
    let pages = pass()?;
    Ok(if pages > wal_pages_max { pass()? } else { pages })
}
