//! The store of a simulation: the real statements on a database in memory, in one thread, with a disk that takes time
//! and forgets at a crash what it was not made to keep.
//!
//! A batch is kept as a whole or not at all, which is what a transaction of SQLite promises of a real disk; whether
//! SQLite keeps that promise is tried elsewhere, on a disk that loses what was not synced.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use super::ids::Ids;
use super::readers::Readers;
use super::writer::{Done, Job, Terms, Work, WriterMetrics, attempt};
use super::{SqliteStore, open};
use crate::EventReceiver;
use crate::env::Clock;
use crate::{Change, Commit, Event, IdempotencyKey, Observer};

/// A transaction: when, and what.
type Written = (i64, Vec<(Change, Option<IdempotencyKey>)>);

/// What outlives a crash.
#[derive(Debug)]
pub struct SimulatedDisk {
    db: Arc<Mutex<Connection>>,
    born_ms: i64,
    /// Everything that was written, with its time.
    log: Mutex<Vec<Written>>,
    /// So many of them are kept.
    synced: AtomicUsize,
}

/// How the disk and its server behave.
#[derive(Debug, Clone)]
pub struct SimOptions {
    /// A time that a sync or an answer takes.
    pub takes: fn(&Mutex<u64>) -> Duration,
    /// Where chance comes from.
    pub chance: Arc<Mutex<u64>>,
    /// Changes that may wait.
    pub queue: usize,
    /// For the negative control: answers, and syncs a while later.
    pub acknowledges_early: bool,
}

/// After so long the control syncs.
const LATER: Duration = Duration::from_millis(300);
/// Changes in one transaction.
const BATCH_MAX: usize = 8;
/// Whatever the tweet, it is known to search at once.
const ALL_SEARCHABLE: u64 = u64::MAX;

impl SimulatedDisk {
    pub fn new(now_ms: i64) -> Arc<Self> {
        Arc::new(Self {
            db: Arc::new(Mutex::new(open::in_memory(now_ms))),
            born_ms: now_ms,
            log: Mutex::default(),
            synced: AtomicUsize::new(0),
        })
    }

    pub fn database(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes and syncs at once, before there is a server; the identifier that came of it.
    pub fn write_now(&self, change: Change) -> u64 {
        let db = self.database();
        let mut ids = Ids::new(0, open::high_water(&db).unwrap());
        let done = carry_out(&db, &mut ids, self.born_ms, &[job(&change, None)]);
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push((self.born_ms, vec![(change, None)]));
        self.synced.store(log.len(), Ordering::Relaxed);
        done.results.into_iter().next().unwrap().unwrap().id
    }

    pub fn last_event(&self) -> u64 {
        super::events::last(&self.database()).unwrap().get()
    }

    /// What was written and not synced is gone: the database is made again from the rest.
    fn forget(&self) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let synced = self.synced.load(Ordering::Relaxed);
        if log.len() == synced {
            // A transaction that was under way.
            let _ = self.database().execute_batch("ROLLBACK");
            return;
        }
        log.truncate(synced);
        let db = open::in_memory(self.born_ms);
        let mut ids = Ids::new(0, open::high_water(&db).unwrap());
        for (now_ms, batch) in log.iter() {
            let jobs: Vec<Job> = batch.iter().map(|(change, once)| job(change, once.as_ref())).collect();
            carry_out(&db, &mut ids, *now_ms, &jobs);
        }
        *self.database() = db;
    }

    /// Starts a server's store on this disk, as after a crash.
    pub fn open(
        self: &Arc<Self>,
        clock: Arc<dyn Clock>,
        options: SimOptions,
    ) -> (SqliteStore, EventReceiver) {
        self.forget();
        let (work, queue) = mpsc::channel(options.queue);
        let (feed, events) = mpsc::channel(64);
        let (_, failed) = watch::channel(false);
        let observer = Arc::new(OnceLock::new());
        let ids = Ids::new(0, open::high_water(&self.database()).unwrap());
        let writer = Writer { disk: self.clone(), clock, ids, feed, observer: observer.clone(), options };
        tokio::spawn(writer.run(queue));
        let store = SqliteStore {
            path: PathBuf::from("memory"),
            work: Mutex::new(Some(work)),
            writer: Mutex::new(None),
            readers: Readers::simulated(self.db.clone()),
            observer,
            metrics: Arc::new(WriterMetrics::default()),
            failed,
            queue_wait: None,
            batch_max: 256,
            _lock: None,
        };
        (store, events)
    }
}

fn job(change: &Change, once: Option<&IdempotencyKey>) -> Job {
    let (answer, _) = oneshot::channel();
    Job { change: change.clone(), once: once.cloned(), since: Instant::now(), answer }
}

/// In one instant: nobody sees half of it.
fn carry_out(db: &Connection, ids: &mut Ids, now_ms: i64, batch: &[Job]) -> Done {
    let terms = Terms { now_ms, search_mark: ALL_SEARCHABLE, new_account_posts: 0 };
    let done = attempt(db, ids, terms, batch, true);
    let done = done.ok().flatten().expect("memory does not fail");
    // Not ahead: what is made again after a crash gets the identifiers that it had.
    ids.settle(db).expect("memory does not fail");
    db.execute_batch("COMMIT").expect("memory does not fail");
    done
}

struct Writer {
    disk: Arc<SimulatedDisk>,
    clock: Arc<dyn Clock>,
    ids: Ids,
    feed: mpsc::Sender<Arc<[Event]>>,
    observer: Arc<OnceLock<Weak<dyn Observer>>>,
    options: SimOptions,
}

impl Writer {
    /// As the real one, with time passing where a disk and a thread take theirs. It may end at any `await`: a crash.
    async fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        let mut taken = Vec::new();
        while queue.recv_many(&mut taken, BATCH_MAX).await > 0 {
            let mut batch = Vec::new();
            for work in taken.drain(..) {
                match work {
                    Work::Change(job) => batch.push(job),
                    Work::Index(Some(done)) => drop(done.send(())),
                    Work::Checkpoint(ask) => drop(ask.done.send(true)),
                    Work::Index(None) => {}
                }
            }
            if batch.is_empty() {
                continue;
            }
            let early = self.options.acknowledges_early;
            if !early {
                self.time_passes().await;
            }
            let Done { results, events, posted, touched, .. } = self.write(&batch, !early);
            if let Some(observer) = self.observer.get().and_then(Weak::upgrade) {
                observer.committed(Commit { events: &events, posted: &posted, touched: &touched });
            }
            if !events.is_empty() {
                let _ = self.feed.send(events.into()).await;
            }
            self.time_passes().await;
            for (job, result) in batch.into_iter().zip(results) {
                let _ = job.answer.send(result);
            }
            if early {
                sleep(LATER).await;
                self.sync();
            }
        }
    }

    fn write(&mut self, batch: &[Job], sync: bool) -> Done {
        let now_ms = self.clock.now_ms();
        let done = carry_out(&self.disk.database(), &mut self.ids, now_ms, batch);
        let changes = batch.iter().map(|job| (job.change.clone(), job.once.clone())).collect();
        self.disk.log.lock().unwrap_or_else(PoisonError::into_inner).push((now_ms, changes));
        if sync {
            self.sync();
        }
        done
    }

    fn sync(&self) {
        let written = self.disk.log.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.disk.synced.store(written, Ordering::Relaxed);
    }

    async fn time_passes(&self) {
        sleep((self.options.takes)(&self.options.chance)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::StoreFixture;
    use crate::test_support::{START_MS, TestClock};

    async fn open() -> StoreFixture {
        let clock = TestClock::new();
        let disk = SimulatedDisk::new(START_MS);
        let options = SimOptions {
            takes: |_| Duration::ZERO,
            chance: Arc::default(),
            queue: 1_000,
            acknowledges_early: false,
        };
        let (store, feed) = disk.open(clock.clone(), options);
        StoreFixture::over(Arc::new(store), clock, feed, Box::new(disk)).await
    }

    crate::conformance::conformance_suite!(open);
}
