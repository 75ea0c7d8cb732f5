//! The single writer. It takes every queued change into one transaction, commits, reports the commit, and only then
//! responds. Between batches it indexes tweets and restarts the write-ahead log (WAL).

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use model::Tweet;
use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::batch::{BatchContext, BatchOutcome, apply_batch};
use super::connection;
use super::ids::Ids;
use super::maintenance_thread::MaintenanceThread;
use super::requests::{
    MaintenanceTask, PendingChange, WalRestart, WriterMetrics, WriterRequest, storage_failed,
};
use super::reserve::{Reserve, is_needed_when_full};
use super::search_index;
use super::shared::Shared;
use super::sql::{Failure, Result, run};
use super::withdrawn::Withdrawn;
use crate::env::Clock;
use crate::fault::{self, CrashPoint, InjectedBug};
use crate::{CommitLog, Event, LogBatch};

/// Tweets indexed in one transaction: larger batches cost less per tweet, but changes wait meanwhile.
const INDEX_BATCH: u64 = 1_024;
/// Busy timeout of one attempt to restart the WAL. Short, because SQLite's own wait does not notice a reader that ended
/// and began again after the last write; a new attempt does.
const RESTART_ATTEMPT: Duration = Duration::from_millis(10);
/// WAL growth (16 MiB) between two passive checkpoints. A page that many changes touch, such as that of an account,
/// is copied into the database once for all of them.
const CHECKPOINT_EVERY_PAGES: i32 = 4_096;
/// The same (256 KiB) while the disk is full: the log must not need more than the reserve.
const CHECKPOINT_EVERY_PAGES_WHEN_FULL: i32 = 64;

/// Everything that the writer's thread owns.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) ids: Ids,
    pub(super) withdrawn: Withdrawn,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) requests: mpsc::Receiver<WriterRequest>,
    pub(super) maintenance_thread: MaintenanceThread,
    /// Pages in the WAL after the last commit, as SQLite reports them.
    pub(super) wal_pages: Arc<AtomicI32>,
    /// Pages in the WAL when a checkpoint was requested last.
    pub(super) wal_pages_requested: i32,
    /// Indexing was requested from the maintenance thread, and its request has not come back yet.
    pub(super) index_requested: bool,
    /// All public tweets up to this one are in the search index.
    pub(super) indexed_through: u64,
    pub(super) log: Arc<CommitLog>,
    pub(super) metrics: Arc<WriterMetrics>,
    /// Set once the disk has failed; from then on every change is refused.
    pub(super) failed: watch::Sender<bool>,
    pub(super) reserve: Reserve,
    pub(super) batch_max: usize,
    pub(super) new_account_posts: u32,
    /// The random number of this process.
    pub(super) boot: u64,
    /// For a copy that follows a log which several nodes share.
    pub(super) shared: Option<Shared>,
}

impl Writer {
    /// Runs until every sender of requests is gone.
    pub(super) fn run(mut self) {
        self.work();
        self.log.close();
    }

    fn work(&mut self) {
        let mut received = Vec::with_capacity(self.batch_max);
        let mut batch = Vec::with_capacity(self.batch_max);
        // No artificial delay: the next batch gathers while this one is being committed.
        while self.requests.blocking_recv_many(&mut received, self.batch_max) > 0 {
            self.serve(&mut received, &mut batch);
        }
        if *self.failed.borrow() {
            connection::disable_checkpoint_on_close(&self.db);
            return;
        }
        self.index_all();
        if !*self.failed.borrow() {
            let _ = self.ids.settle(&self.db);
        }
        let _ = self.db.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    /// Carries out what was received: first the changes, in one batch, then the rest. `batch` is empty before and after.
    pub(super) fn serve(&mut self, received: &mut Vec<WriterRequest>, batch: &mut Vec<PendingChange>) {
        let mut tasks = Vec::new();
        for request in received.drain(..) {
            match request {
                WriterRequest::Change(pending) => batch.push(pending),
                task => tasks.push(task),
            }
        }
        if *self.failed.borrow() {
            for pending in batch.drain(..) {
                let _ = pending.response.send(Err(storage_failed()));
            }
            return;
        }
        if let Some(first) = batch.first() {
            let waited = first.queued_at.elapsed().as_micros();
            self.metrics.queue_wait_us.store(waited.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
            self.run_batch(batch);
        }
        self.run_tasks(tasks);
    }

    fn run_batch(&mut self, batch: &mut Vec<PendingChange>) {
        if self.reserve.is_given_up() {
            for refused in batch.extract_if(.., |pending| !is_needed_when_full(&pending.change)) {
                let _ = refused.response.send(Err(model::Error::StorageFull));
            }
            if batch.is_empty() {
                return;
            }
        }
        if self.shared.is_some() {
            return self.run_shared_batch(batch);
        }
        let outcome = match self.apply(batch, self.clock.now_ms()) {
            Ok(outcome) => outcome,
            Err(failure) => return self.fail_or_retry(batch, failure),
        };
        if fault::is_on(InjectedBug::AcknowledgeBeforeCommit) {
            self.acknowledge(batch, outcome);
            // As on a slow disk: the response is on its way when the process dies.
            std::thread::sleep(Duration::from_millis(10));
            let _ = self.commit();
            return;
        }
        match self.commit() {
            Ok(()) => self.acknowledge(batch, outcome),
            Err(failure) => self.fail_or_retry(batch, failure),
        }
    }

    /// With a full disk, gives the reserve up for those changes of the batch that need it.
    fn fail_or_retry(&mut self, batch: &mut Vec<PendingChange>, failure: Failure) {
        if failure.is_full() && !failure.is_fatal() && self.reserve.give_up() {
            self.roll_back();
            return self.run_batch(batch);
        }
        self.fail(batch, failure);
    }

    /// Reports the commit, then responds to the callers.
    pub(super) fn acknowledge(&mut self, batch: &mut Vec<PendingChange>, outcome: BatchOutcome) {
        let BatchOutcome { results, events, posted, withdrawals, unindexed, ids_reserved } = outcome;
        self.ids.reserved(ids_reserved);
        self.withdrawn.add(withdrawals);
        self.metrics.unindexed.fetch_add(unindexed, Ordering::Relaxed);
        self.metrics.commits.fetch_add(1, Ordering::Relaxed);
        self.metrics.changes.fetch_add(batch.len() as u64, Ordering::Relaxed);
        self.publish(events, posted);
        fault::crash_point(CrashPoint::BeforeAcknowledgement);
        for (pending, result) in batch.drain(..).zip(results) {
            let _ = pending.response.send(result);
        }
    }

    /// Reports the events of a commit.
    pub(super) fn publish(&self, events: Vec<Event>, posted: Vec<Tweet>) {
        if let Some(batch) = LogBatch::new(events, posted) {
            let batch = Arc::new(batch);
            for subscriber in self.log.publish(&batch) {
                // A full channel slows commits down rather than losing an event.
                if let Err(TrySendError::Full(batch)) = subscriber.try_send(Arc::clone(&batch)) {
                    let _ = subscriber.blocking_send(batch);
                }
            }
        }
    }

    fn run_tasks(&mut self, tasks: Vec<WriterRequest>) {
        let is_follow = |task: &WriterRequest| matches!(task, WriterRequest::Follow(_));
        let (follows, tasks): (Vec<_>, Vec<_>) = tasks.into_iter().partition(is_follow);
        if !follows.is_empty() && !*self.failed.borrow() {
            // Once for all of them: each began to wait before.
            let followed = self.follow();
            for follow in follows {
                if let WriterRequest::Follow(Some(done)) = follow {
                    let _ = done.send(followed.is_ok());
                }
            }
            self.erase_words_of_others();
        }
        for task in tasks {
            if *self.failed.borrow() {
                return;
            }
            match task {
                WriterRequest::Index(done) => {
                    self.index_requested = false;
                    self.index_all();
                    if let Some(done) = done {
                        let _ = done.send(());
                    }
                }
                WriterRequest::RestartWal(restart) => match self.restart_wal(&restart) {
                    Ok(restarted) => {
                        // The receiver is gone when the store is being closed.
                        let _ = restart.done.send(restarted);
                    }
                    Err(error) => self.fail(&mut Vec::new(), error.into()),
                },
                WriterRequest::Change(_) | WriterRequest::Follow(_) => {}
            }
        }
        if !*self.failed.borrow() {
            self.schedule_maintenance();
        }
    }

    fn schedule_maintenance(&mut self) {
        match self.metrics.unindexed.load(Ordering::Relaxed) {
            0 => {}
            _ if self.reserve.is_given_up() => {}
            few if few < INDEX_BATCH => {
                self.index_requested =
                    self.index_requested || self.maintenance_thread.request(MaintenanceTask::Index);
            }
            _ => {
                self.index_batch();
            }
        }
        let is_full = self.reserve.is_given_up();
        let checkpoint_every =
            if is_full { CHECKPOINT_EVERY_PAGES_WHEN_FULL } else { CHECKPOINT_EVERY_PAGES };
        let pages = self.wal_pages.load(Ordering::Relaxed);
        // It shrinks when the WAL restarts.
        self.wal_pages_requested = self.wal_pages_requested.min(pages);
        if pages - self.wal_pages_requested >= checkpoint_every
            && self.maintenance_thread.request(MaintenanceTask::Checkpoint)
        {
            self.wal_pages_requested = pages;
        }
    }

    /// Restarts or truncates the WAL; `false` if readers held it longer than `stall_max`. All writes stall meanwhile.
    fn restart_wal(&self, restart: &WalRestart) -> rusqlite::Result<bool> {
        let pragma = if restart.truncate {
            "PRAGMA wal_checkpoint(TRUNCATE)"
        } else {
            "PRAGMA wal_checkpoint(RESTART)"
        };
        self.db.busy_timeout(RESTART_ATTEMPT)?;
        let (mut deadline, mut copied) = (Instant::now() + restart.stall_max, 0);
        let restarted = loop {
            let attempt = self.db.query_row(pragma, [], |row| Ok((row.get(0)?, row.get::<_, i64>(2)?)));
            match attempt {
                Ok((0, _)) => break Ok(true),
                // Copying pages into the database is progress, not waiting, and ends because nothing is written.
                Ok((1.., pages)) if pages > copied => {
                    (deadline, copied) = (Instant::now() + restart.stall_max, pages);
                }
                Ok(_) if Instant::now() >= deadline => break Ok(false),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        self.db.busy_timeout(connection::BUSY_TIMEOUT)?;
        restarted
    }

    /// Indexes every pending tweet, a batch at a time.
    fn index_all(&mut self) {
        while !self.reserve.is_given_up()
            && self.metrics.unindexed.load(Ordering::Relaxed) > 0
            && self.index_batch()
        {}
    }

    /// Indexes the next tweets in a transaction of its own; `false` if that failed.
    fn index_batch(&mut self) -> bool {
        let limit = INDEX_BATCH;
        match search_index::index(&self.db, self.indexed_through, limit) {
            Ok((indexed_through, indexed)) => {
                self.indexed_through = indexed_through;
                // A short batch means that nothing is left, whatever was counted.
                let left = |count: u64| if indexed < limit { 0 } else { count.saturating_sub(indexed) };
                self.metrics.unindexed.update(Ordering::Relaxed, Ordering::Relaxed, left);
                true
            }
            Err(failure) => {
                self.fail(&mut Vec::new(), failure.into());
                false
            }
        }
    }

    /// Rolls back, and refuses every change of the batch. After a failure of the disk the writer stops for good.
    pub(super) fn fail(&mut self, batch: &mut Vec<PendingChange>, failure: Failure) {
        self.roll_back();
        // A failed fsync may have discarded the data and reports that only once: never retry, stop.
        if failure.is_fatal() && !fault::is_on(InjectedBug::ContinueAfterFailure) {
            tracing::error!("writing to the database failed; no further change is acknowledged");
            self.failed.send_replace(true);
        }
        let error = failure.into_error();
        for pending in batch.drain(..) {
            let _ = pending.response.send(Err(error.clone()));
        }
    }

    pub(super) fn roll_back(&self) {
        if !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
        }
    }

    /// Applies the batch in a transaction that is left open for the commit.
    pub(super) fn apply(&mut self, batch: &[PendingChange], now_ms: i64) -> Result<BatchOutcome> {
        // A savepoint copies every page that is changed after it. Only a change that is refused after it has written
        // needs one: then the batch is rolled back and applied again with savepoints.
        if let Some(outcome) = self.attempt(batch, now_ms, false)? {
            return Ok(outcome);
        }
        run(&self.db, "ROLLBACK", [])?;
        self.attempt(batch, now_ms, true)?.ok_or_else(|| crate::incident(&"a savepoint did not hold").into())
    }

    fn attempt(
        &mut self,
        batch: &[PendingChange],
        now_ms: i64,
        savepoints: bool,
    ) -> Result<Option<BatchOutcome>> {
        if fault::is_on(InjectedBug::IdsFollowTheClock) {
            self.ids = Ids::new(0, 0);
        }
        let context = BatchContext {
            now_ms,
            indexed_through: self.indexed_through,
            new_account_posts: self.new_account_posts,
            boot: self.boot,
        };
        apply_batch(&self.db, &mut self.ids, &self.withdrawn, context, batch, savepoints)
    }

    pub(super) fn commit(&self) -> Result<()> {
        fault::crash_point(CrashPoint::BeforeCommit);
        run(&self.db, "COMMIT", [])?;
        fault::crash_point(CrashPoint::AfterCommit);
        Ok(())
    }
}
