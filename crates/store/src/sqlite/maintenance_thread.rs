//! What is done behind the commits: search is brought up to date when it is quiet, and the write-ahead log goes into
//! the database's file while the writer goes on.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::sql::Fault;
use super::writer::{Checkpoint, Work};
use crate::fault::{self, CrashPoint};

/// How long search may be behind while nobody searches: who does brings it up to date first.
const INDEX_AFTER: Duration = Duration::from_secs(1);
/// Pages in the log (48 MiB) from which on the writer itself begins it anew. Until then it grows, because a writer that
/// never rests never leaves it all in the file.
const LOG_PAGES_MAX: i64 = 12_288;
/// Pages in the log (256 MiB) from which on that is worth a longer wait of everybody: somebody else reads the database,
/// one read overlaps the next, and without the wait the log would never end.
const LOG_PAGES_MUCH: i64 = 65_536;
/// How long all writes wait for those who read: the server's own reads take milliseconds, and two of 40 ms that take
/// turns are waited for.
pub(super) const PATIENCE: Duration = Duration::from_millis(150);
/// The same of a log that has become much: two that take turns in reading for a second each are waited for.
const PATIENCE_WITH_MUCH: Duration = Duration::from_millis(2_500);

/// Something to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum MaintenanceTask {
    /// There are tweets that search does not know.
    Index,
    /// The log has grown.
    Checkpoint,
}

/// Tells the thread what to do. It ends with this.
#[derive(Debug)]
pub(super) struct MaintenanceThread(SyncSender<MaintenanceTask>);

impl MaintenanceThread {
    /// # Errors
    /// When there can be no thread, or the database cannot be opened once more.
    pub(super) fn start(
        path: &Path,
        work: mpsc::WeakSender<Work>,
        failed: watch::Sender<bool>,
    ) -> Result<Self, std::io::Error> {
        let db = super::open::second(path).map_err(std::io::Error::other)?;
        // One of each kind: what is told again while it waits would only be done twice.
        let (maintenance_thread, chores) = sync_channel(2);
        let thread = std::thread::Builder::new().name("store-maintenance_thread".into());
        thread.spawn(move || keep(&db, &chores, &work, &failed))?;
        Ok(Self(maintenance_thread))
    }

    /// False when it has enough to do: then it is told another time.
    pub(super) fn tell(&self, chore: MaintenanceTask) -> bool {
        !matches!(self.0.try_send(chore), Err(TrySendError::Full(_)))
    }
}

fn keep(
    db: &Connection,
    chores: &Receiver<MaintenanceTask>,
    work: &mpsc::WeakSender<Work>,
    failed: &watch::Sender<bool>,
) {
    let mut log_pages_max = LOG_PAGES_MAX;
    let mut index_at = None;
    while let Some(chore) = next(chores, &mut index_at) {
        if *failed.borrow() {
            continue;
        }
        match chore {
            MaintenanceTask::Index => {
                let Some(work) = work.upgrade() else { break };
                // A writer that has much to do is waited for: it asks once, and not again before this came.
                let _ = work.blocking_send(Work::Index(None));
            }
            MaintenanceTask::Checkpoint => match checkpoint(db, log_pages_max) {
                Ok(pages) if pages > log_pages_max => {
                    log_pages_max = match restart_wal(work, pages) {
                        Some(true) => LOG_PAGES_MAX,
                        // Somebody reads for long, a backup for example: the log is left to grow, rather than
                        // everybody made to wait again and again.
                        Some(false) if pages < LOG_PAGES_MUCH => (pages * 2).min(LOG_PAGES_MUCH),
                        Some(false) => {
                            let mib = pages / 256;
                            tracing::warn!(
                                mib,
                                "somebody reads the database for long: its log goes on to grow"
                            );
                            pages * 2
                        }
                        None => log_pages_max,
                    };
                }
                Ok(_) => {}
                Err(fault) => {
                    // As after a failed commit: what the disk has lost it will not say again.
                    if fault.is_fatal() {
                        tracing::error!("writing to the database failed; nothing more is acknowledged");
                        failed.send_replace(true);
                    }
                }
            },
        }
    }
    if *failed.borrow() {
        super::open::leave_as_it_is(db);
    }
}

/// Waits until something is to be done; `None` when nothing will be any more. Search has time until `index_at`.
fn next(chores: &Receiver<MaintenanceTask>, index_at: &mut Option<Instant>) -> Option<MaintenanceTask> {
    loop {
        let told = match *index_at {
            Some(at) => chores.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => chores.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match told {
            Ok(MaintenanceTask::Index) => *index_at = Some(Instant::now() + INDEX_AFTER),
            Ok(chore) => return Some(chore),
            Err(RecvTimeoutError::Timeout) => {
                *index_at = None;
                return Some(MaintenanceTask::Index);
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

/// Whether the writer could begin the log anew; `None` when it has too much to do. Nothing is checkpointed meanwhile:
/// two at once refuse each other.
fn restart_wal(work: &mpsc::WeakSender<Work>, pages: i64) -> Option<bool> {
    let (done, begun) = oneshot::channel();
    let patience = if pages < LOG_PAGES_MUCH { PATIENCE } else { PATIENCE_WITH_MUCH };
    work.upgrade()?.try_send(Work::Checkpoint(Checkpoint { empty: false, patience, done })).ok()?;
    begun.blocking_recv().ok()
}

/// Puts into the file what can be put there beside a writer; returns the pages in the log. When they are so many that
/// the writer is to begin it anew, what came meanwhile goes there too: so everybody waits for less.
fn checkpoint(db: &Connection, log_pages_max: i64) -> Result<i64, Fault> {
    let pass = || {
        fault::crash_point(CrashPoint::Checkpoint);
        db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
    };
    let pages = pass()?;
    Ok(if pages > log_pages_max { pass()? } else { pages })
}
