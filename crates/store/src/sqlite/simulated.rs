//! The store of a simulation: the real statements on a database in memory, in one thread, with a disk that takes time
//! and loses in a crash what was not synced.
//!
//! A batch survives as a whole or not at all, as SQLite promises for a transaction on a real disk. Whether SQLite keeps
//! that promise is tested elsewhere, on a real disk that loses what was not synced.

pub mod cluster;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use super::batch::{BatchContext, BatchOutcome, apply_batch};
use super::ids::Ids;
use super::readers::Readers;
use super::requests::{PendingChange, WriterMetrics, WriterRequest};
use super::store::SqliteStore;
use super::withdrawn::Withdrawn;
use super::{events, open};
use crate::env::Clock;
use crate::{Change, CommitLog, IdempotencyKey, LogBatch};

/// A transaction: its time, the number of its process and its changes.
type Written = (i64, u64, Vec<(Change, Option<IdempotencyKey>)>);

/// The part of a server that survives a crash.
#[derive(Debug)]
pub struct SimulatedDisk {
    db: Arc<Mutex<Connection>>,
    created_ms: i64,
    /// Every transaction that was written.
    log: Mutex<Vec<Written>>,
    /// How many of them are synced.
    synced: AtomicUsize,
    /// How often it was opened: the number of the process that has it open.
    opened: AtomicU64,
    /// Follows from the log, as the database does: it is the same when the log is applied again.
    withdrawn: Mutex<Withdrawn>,
}

/// Behaviour of the disk and of the writer.
#[derive(Debug, Clone)]
pub struct SimOptions {
    /// Draws the duration of a sync or a response.
    pub takes: fn(&Mutex<u64>) -> Duration,
    /// State of the random generator.
    pub chance: Arc<Mutex<u64>>,
    /// Length of the writer's queue.
    pub queue: usize,
    /// Injected bug: responds first and syncs later.
    pub acknowledges_early: bool,
}

/// Delay of the sync when the writer acknowledges early.
const LATE_SYNC: Duration = Duration::from_millis(300);
/// Changes in one transaction.
const BATCH_MAX: usize = 8;
/// Every tweet is indexed in the transaction that posts it.
const INDEXED_THROUGH: u64 = u64::MAX;

impl SimulatedDisk {
    pub fn new(now_ms: i64) -> Arc<Self> {
        Arc::new(Self {
            db: Arc::new(Mutex::new(open::open_in_memory(now_ms))),
            created_ms: now_ms,
            log: Mutex::default(),
            synced: AtomicUsize::new(0),
            opened: AtomicU64::new(0),
            withdrawn: Mutex::default(),
        })
    }

    fn withdrawn(&self) -> MutexGuard<'_, Withdrawn> {
        self.withdrawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn database(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies and syncs a change before there is a server; returns `ChangeResult::id`.
    pub fn write_now(&self, change: Change) -> u64 {
        let db = self.database();
        let mut ids = Ids::new(0, open::id_high_water(&db).unwrap());
        let (now_ms, batch) = (self.created_ms, [pending(&change, None)]);
        let outcome = write(&db, &mut ids, &mut self.withdrawn(), now_ms, 0, &batch);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push((now_ms, 0, vec![(change, None)]));
        self.synced.store(log.len(), Ordering::Relaxed);
        outcome.results.into_iter().next().unwrap().unwrap().id
    }

    pub fn last_event(&self) -> u64 {
        events::last(&self.database()).unwrap().get()
    }

    /// Loses what was not synced: the database is rebuilt from the rest.
    fn crash(&self) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let synced = self.synced.load(Ordering::Relaxed);
        if log.len() == synced {
            // Of a transaction that was open.
            let _ = self.database().execute_batch("ROLLBACK");
            return;
        }
        log.truncate(synced);
        let db = open::open_in_memory(self.created_ms);
        let mut ids = Ids::new(0, open::id_high_water(&db).unwrap());
        let mut withdrawn = Withdrawn::default();
        for (now_ms, boot, batch) in log.iter() {
            let batch: Vec<_> = batch.iter().map(|(change, key)| pending(change, key.as_ref())).collect();
            write(&db, &mut ids, &mut withdrawn, *now_ms, *boot, &batch);
        }
        *self.withdrawn() = withdrawn;
        *self.database() = db;
    }

    /// Opens a store on this disk, as after a crash.
    pub fn open(self: &Arc<Self>, clock: Arc<dyn Clock>, options: SimOptions) -> SqliteStore {
        self.crash();
        let (requests, queue) = mpsc::channel(options.queue);
        let (_, failed) = watch::channel(false);
        let metrics = Arc::new(WriterMetrics::default());
        let log = Arc::new(CommitLog::new(events::last(&self.database()).unwrap()));
        let ids = Ids::new(0, open::id_high_water(&self.database()).unwrap());
        let writer = Writer {
            disk: self.clone(),
            boot: self.opened.fetch_add(1, Ordering::Relaxed) + 1,
            clock,
            ids,
            log: log.clone(),
            metrics: metrics.clone(),
            options,
        };
        tokio::spawn(writer.run(queue));
        SqliteStore {
            path: PathBuf::from("memory"),
            requests: Mutex::new(Some(requests)),
            writer: Mutex::new(None),
            readers: Readers::simulated(self.db.clone()),
            log,
            metrics,
            failed,
            queue_wait: None,
            batch_max: 256,
            freshness: None,
            commons: None,
            bus: None,
            _lock: None,
        }
    }
}

fn pending(change: &Change, key: Option<&IdempotencyKey>) -> PendingChange {
    let (response, _) = oneshot::channel();
    PendingChange { change: change.clone(), key: key.cloned(), queued_at: Instant::now(), response }
}

/// Writes a batch in one transaction.
fn write(
    db: &Connection,
    ids: &mut Ids,
    withdrawn: &mut Withdrawn,
    now_ms: i64,
    boot: u64,
    batch: &[PendingChange],
) -> BatchOutcome {
    let context = BatchContext { now_ms, indexed_through: INDEXED_THROUGH, new_account_posts: 0, boot };
    let outcome = apply_batch(db, ids, withdrawn, context, batch, true);
    let mut outcome = outcome.ok().flatten().expect("memory does not fail");
    withdrawn.add(std::mem::take(&mut outcome.withdrawals));
    // Not ahead: a change that is applied again after a crash gets the identifiers that it had.
    ids.settle(db).expect("memory does not fail");
    db.execute_batch("COMMIT").expect("memory does not fail");
    outcome
}

struct Writer {
    disk: Arc<SimulatedDisk>,
    boot: u64,
    clock: Arc<dyn Clock>,
    ids: Ids,
    log: Arc<CommitLog>,
    metrics: Arc<WriterMetrics>,
    options: SimOptions,
}

impl Writer {
    /// Works as the real writer, and sleeps where a disk and a thread take time. It may end at any `await`: a crash.
    async fn run(mut self, mut queue: mpsc::Receiver<WriterRequest>) {
        let mut received = Vec::new();
        while queue.recv_many(&mut received, BATCH_MAX).await > 0 {
            let mut batch = Vec::new();
            for request in received.drain(..) {
                match request {
                    WriterRequest::Change(pending) => batch.push(pending),
                    WriterRequest::Index(Some(done)) => drop(done.send(())),
                    WriterRequest::RestartWal(restart) => drop(restart.done.send(true)),
                    WriterRequest::Index(None) | WriterRequest::Follow(_) => {}
                }
            }
            if batch.is_empty() {
                continue;
            }
            let early = self.options.acknowledges_early;
            if !early {
                self.pause().await;
            }
            let BatchOutcome { results, events, posted, .. } = self.write(&batch, !early);
            self.metrics.commits.fetch_add(1, Ordering::Relaxed);
            self.metrics.changes.fetch_add(batch.len() as u64, Ordering::Relaxed);
            if let Some(batch) = LogBatch::new(events, posted) {
                let batch = Arc::new(batch);
                for subscriber in self.log.publish(&batch) {
                    let _ = subscriber.send(Arc::clone(&batch)).await;
                }
            }
            self.pause().await;
            for (pending, result) in batch.into_iter().zip(results) {
                let _ = pending.response.send(result);
            }
            if early {
                sleep(LATE_SYNC).await;
                self.sync();
            }
        }
    }

    fn write(&mut self, batch: &[PendingChange], sync: bool) -> BatchOutcome {
        let (now_ms, boot) = (self.clock.now_ms(), self.boot);
        let (db, mut withdrawn) = (self.disk.database(), self.disk.withdrawn());
        let outcome = write(&db, &mut self.ids, &mut withdrawn, now_ms, boot, batch);
        drop((db, withdrawn));
        let changes = batch.iter().map(|pending| (pending.change.clone(), pending.key.clone())).collect();
        self.disk.log.lock().unwrap_or_else(PoisonError::into_inner).push((now_ms, boot, changes));
        if sync {
            self.sync();
        }
        outcome
    }

    fn sync(&self) {
        let written = self.disk.log.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.disk.synced.store(written, Ordering::Relaxed);
    }

    async fn pause(&self) {
        sleep((self.options.takes)(&self.options.chance)).await;
    }
}
