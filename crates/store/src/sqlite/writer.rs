//! The one writer: takes what is queued, carries it out in one transaction in which a refused change leaves nothing
//! and harms no neighbour, commits, tells of the events, and only then answers.

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use model::{Error, EventId, Tweet};
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot, watch};

use super::ids::Ids;
use super::maintenance_thread::{MaintenanceTask, MaintenanceThread};
use super::sql::{Fault, Result, first, get_optional, optional, run};
use crate::env::Clock;
use crate::fault::{self, CrashPoint, InjectedBug};
use crate::{Change, ChangeResult, Commit, Event, EventKind, IdempotencyKey, Observer, Touched};

/// A change on its way to the disk.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) once: Option<IdempotencyKey>,
    /// When it came.
    pub(super) since: Instant,
    pub(super) answer: oneshot::Sender<model::Result<ChangeResult>>,
}

/// What the writer is asked for.
#[allow(clippy::large_enum_variant, reason = "nearly all of them are changes: a box would cost each of them")]
pub(super) enum Work {
    Change(Job),
    /// To bring search up to date, and to say when it is.
    Index(Option<oneshot::Sender<()>>),
    /// To begin the log anew.
    Checkpoint(Checkpoint),
}

/// How the log is to begin anew.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Also leave nothing of it on the disk.
    pub(super) empty: bool,
    /// How long all writes may wait for those who read out of it.
    pub(super) patience: Duration,
    /// Is told whether it did.
    pub(super) done: oneshot::Sender<bool>,
}

/// What the writer has done since it started.
#[derive(Debug, Default)]
pub(super) struct WriterMetrics {
    pub(super) commits: AtomicU64,
    pub(super) changes: AtomicU64,
    /// How long the first change of the last transaction had waited, in microseconds.
    pub(super) waited_us: AtomicU64,
    /// Public tweets that search does not know yet.
    pub(super) unindexed: AtomicU64,
}

/// So many new tweets are indexed at once: the index is cheaper to extend by many, and others wait meanwhile.
const INDEXED_AT_ONCE: u64 = 1_024;
/// How long SQLite waits by itself for somebody who reads out of the log. Short, because it does not see when they have
/// ended and begun again after the last write: a new try does.
const CHECKPOINT_TRY: Duration = Duration::from_millis(10);
/// Pages by which the log grows before it goes into the file: 16 MiB. A page that many changes touch, as that of an
/// account is, goes there once for all of them.
const LOG_PAGES: i32 = 4_096;

/// Everything that the writer's thread owns.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) ids: Ids,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) work: mpsc::Receiver<Work>,
    pub(super) maintenance_thread: MaintenanceThread,
    /// Pages in the log after the last commit, as SQLite says it.
    pub(super) log_pages: Arc<AtomicI32>,
    /// Pages in the log when the maintenance_thread was told last.
    pub(super) log_pages_told: i32,
    /// Whether the maintenance_thread was told that there are tweets that search does not know, and has not answered yet.
    pub(super) index_asked: bool,
    /// Search knows all public tweets up to this one.
    pub(super) search_mark: u64,
    pub(super) feed: mpsc::Sender<Arc<[Event]>>,
    pub(super) observer: Arc<OnceLock<Weak<dyn Observer>>>,
    pub(super) metrics: Arc<WriterMetrics>,
    pub(super) failed: watch::Sender<bool>,
    pub(super) batch_max: usize,
    pub(super) new_account_posts: u32,
}

impl Writer {
    /// Until every sender of work is gone.
    pub(super) fn run(mut self) {
        let mut taken = Vec::with_capacity(self.batch_max);
        let mut batch = Vec::with_capacity(self.batch_max);
        // No artificial delay: while one batch is being committed the next one gathers by itself.
        while self.work.blocking_recv_many(&mut taken, self.batch_max) > 0 {
            let mut chores = Vec::new();
            for work in taken.drain(..) {
                match work {
                    Work::Change(job) => batch.push(job),
                    chore => chores.push(chore),
                }
            }
            if *self.failed.borrow() {
                for job in batch.drain(..) {
                    let _ = job.answer.send(Err(storage_failed()));
                }
                continue;
            }
            if let Some(first) = batch.first() {
                let waited = first.since.elapsed().as_micros();
                self.metrics.waited_us.store(waited.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
                self.run_batch(&mut batch);
            }
            self.run_tasks(chores);
        }
        if *self.failed.borrow() {
            super::open::leave_as_it_is(&self.db);
            return;
        }
        while self.metrics.unindexed.load(Ordering::Relaxed) > 0 && self.index() {}
        if !*self.failed.borrow() {
            let _ = self.ids.settle(&self.db);
        }
        let _ = self.db.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    fn run_batch(&mut self, batch: &mut Vec<Job>) {
        let done = match self.carry_out(batch) {
            Ok(done) => done,
            Err(fault) => return self.refuse(batch, fault),
        };
        if fault::is_on(InjectedBug::AcknowledgeBeforeCommit) {
            self.answer(batch, done);
            // As a slow disk would have it: so that the answer is on its way when the process dies.
            std::thread::sleep(std::time::Duration::from_millis(10));
            // Whoever was answered wrongly is not told.
            let _ = self.commit();
            return;
        }
        match self.commit() {
            Ok(()) => self.answer(batch, done),
            Err(fault) => self.refuse(batch, fault),
        }
    }

    /// Tells of what was committed, then answers.
    fn answer(&mut self, batch: &mut Vec<Job>, done: Done) {
        let Done { results, events, posted, touched, unindexed, ids_reserved } = done;
        self.ids.reserved(ids_reserved);
        self.metrics.unindexed.fetch_add(unindexed, Ordering::Relaxed);
        self.metrics.commits.fetch_add(1, Ordering::Relaxed);
        self.metrics.changes.fetch_add(batch.len() as u64, Ordering::Relaxed);
        if let Some(observer) = self.observer.get().and_then(Weak::upgrade) {
            observer.committed(Commit { events: &events, posted: &posted, touched: &touched });
        }
        // A full feed slows commits down rather than losing an event.
        if !events.is_empty() {
            let _ = self.feed.blocking_send(events.into());
        }
        fault::crash_point(CrashPoint::BeforeAcknowledgement);
        for (job, result) in batch.drain(..).zip(results) {
            let _ = job.answer.send(result);
        }
    }

    fn run_tasks(&mut self, chores: Vec<Work>) {
        for chore in chores {
            if *self.failed.borrow() {
                return;
            }
            match chore {
                Work::Index(done) => {
                    self.index_asked = false;
                    while self.metrics.unindexed.load(Ordering::Relaxed) > 0 && self.index() {}
                    if let Some(done) = done {
                        let _ = done.send(());
                    }
                }
                Work::Checkpoint(ask) => match self.restart_wal(&ask) {
                    Ok(begun) => {
                        // Nobody listens when the store closes.
                        let _ = ask.done.send(begun);
                    }
                    Err(error) => self.refuse(&mut Vec::new(), error.into()),
                },
                Work::Change(_) => {}
            }
        }
        if *self.failed.borrow() {
            return;
        }
        match self.metrics.unindexed.load(Ordering::Relaxed) {
            0 => {}
            few if few < INDEXED_AT_ONCE => {
                self.index_asked = self.index_asked || self.maintenance_thread.tell(MaintenanceTask::Index);
            }
            _ => {
                self.index();
            }
        }
        let pages = self.log_pages.load(Ordering::Relaxed);
        // It shrinks when it begins anew.
        self.log_pages_told = self.log_pages_told.min(pages);
        if pages - self.log_pages_told >= LOG_PAGES
            && self.maintenance_thread.tell(MaintenanceTask::Checkpoint)
        {
            self.log_pages_told = pages;
        }
    }

    /// Whether the log could be begun anew. That needs a moment in which nobody reads out of it, and all writes wait for
    /// that moment.
    fn restart_wal(&self, ask: &Checkpoint) -> rusqlite::Result<bool> {
        let how =
            if ask.empty { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(RESTART)" };
        self.db.busy_timeout(CHECKPOINT_TRY)?;
        let (mut end, mut in_file) = (Instant::now() + ask.patience, 0);
        let begun = loop {
            let tried = self.db.query_row(how, [], |row| Ok((row.get(0)?, row.get::<_, i64>(2)?)));
            match tried {
                Ok((0, _)) => break Ok(true),
                // Pages went into the file: that is work and no wait, and comes to its end while nobody writes.
                Ok((1.., pages)) if pages > in_file => {
                    (end, in_file) = (Instant::now() + ask.patience, pages);
                }
                Ok(_) if Instant::now() >= end => break Ok(false),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        self.db.busy_timeout(super::open::BUSY_TIMEOUT)?;
        begun
    }

    /// Makes the next tweets known to search, in a transaction of its own; whether it could.
    fn index(&mut self) -> bool {
        let limit = INDEXED_AT_ONCE;
        match super::search::index(&self.db, self.search_mark, limit) {
            Ok((mark, indexed)) => {
                self.search_mark = mark;
                // The end was reached: nothing is left, whatever was counted.
                let left = |count: u64| if indexed < limit { 0 } else { count.saturating_sub(indexed) };
                self.metrics.unindexed.update(Ordering::Relaxed, Ordering::Relaxed, left);
                true
            }
            Err(fault) => {
                self.refuse(&mut Vec::new(), fault);
                false
            }
        }
    }

    /// Nothing of the batch was committed.
    fn refuse(&mut self, batch: &mut Vec<Job>, fault: Fault) {
        if !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
        }
        // A failed fsync may have thrown the data away and will not say so again: never retry, stop.
        if fault.is_fatal() && !fault::is_on(InjectedBug::ContinueAfterFailure) {
            tracing::error!("writing to the database failed; nothing more is acknowledged");
            self.failed.send_replace(true);
        }
        let error = fault.into_error();
        for job in batch.drain(..) {
            let _ = job.answer.send(Err(error.clone()));
        }
    }

    /// A transaction with all of the batch in it, which waits for its end.
    fn carry_out(&mut self, batch: &[Job]) -> Result<Done> {
        // A savepoint copies every page that is changed after it. It is needed only for a change that is refused
        // when it has written already: then all is taken back and done once more with them.
        if let Some(done) = self.attempt(batch, false)? {
            return Ok(done);
        }
        run(&self.db, "ROLLBACK", [])?;
        self.attempt(batch, true)?.ok_or_else(|| crate::incident(&"a savepoint did not hold").into())
    }

    /// `None` when savepoints are needed and not there.
    fn attempt(&mut self, batch: &[Job], savepoints: bool) -> Result<Option<Done>> {
        if fault::is_on(InjectedBug::IdsFollowTheClock) {
            self.ids = Ids::new(0, 0);
        }
        let terms = Terms {
            now_ms: self.clock.now_ms(),
            search_mark: self.search_mark,
            new_account_posts: self.new_account_posts,
        };
        attempt(&self.db, &mut self.ids, terms, batch, savepoints)
    }

    fn commit(&self) -> Result<()> {
        fault::crash_point(CrashPoint::BeforeCommit);
        run(&self.db, "COMMIT", [])?;
        fault::crash_point(CrashPoint::AfterCommit);
        Ok(())
    }
}

/// What holds for all changes of a batch.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    pub(super) now_ms: i64,
    /// As [`Tx::search_mark`].
    pub(super) search_mark: u64,
    /// As [`Tx::new_account_posts`].
    pub(super) new_account_posts: u32,
}

/// Begins a transaction with all of the batch in it; `None` when savepoints are needed and not there.
pub(super) fn attempt(
    db: &Connection,
    ids: &mut Ids,
    terms: Terms,
    batch: &[Job],
    savepoints: bool,
) -> Result<Option<Done>> {
    run(db, "BEGIN IMMEDIATE", [])?;
    let Terms { now_ms, search_mark, new_account_posts } = terms;
    let (events, posted, touched) = Default::default();
    let mut tx =
        Tx { db, ids, now_ms, search_mark, new_account_posts, events, posted, touched, unindexed: 0 };
    let mut results = Vec::with_capacity(batch.len());
    for job in batch {
        let Some(result) = tx.apply(job, savepoints)? else { return Ok(None) };
        results.push(result);
    }
    let Tx { events, posted, touched, unindexed, .. } = tx;
    let ids_reserved = ids.reserve(db)?;
    Ok(Some(Done { results, events, posted, touched, unindexed, ids_reserved }))
}

/// What a transaction did.
pub(super) struct Done {
    pub(super) results: Vec<model::Result<ChangeResult>>,
    pub(super) events: Vec<Event>,
    pub(super) posted: Vec<Tweet>,
    pub(super) touched: Vec<Touched>,
    /// Public tweets that search will have to learn of.
    unindexed: u64,
    /// The database says that all identifiers up to this one may have been given out.
    ids_reserved: u64,
}

pub(super) fn storage_failed() -> Error {
    Error::Unavailable("the server's storage has failed and it is stopping; its operator has to look".into())
}

/// The transaction of a batch, as the changes see it.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    ids: &'a mut Ids,
    pub(super) now_ms: i64,
    /// Search knows all public tweets up to this one; later ones it learns of behind the commit.
    pub(super) search_mark: u64,
    /// In an hour; 0 is no limit.
    pub(super) new_account_posts: u32,
    events: Vec<Event>,
    pub(super) posted: Vec<Tweet>,
    touched: Vec<Touched>,
    /// Public tweets that search will have to learn of.
    pub(super) unindexed: u64,
}

impl Tx<'_> {
    /// Carries out one change: refused, it leaves nothing, and its neighbours go on. `Err` is for the whole batch,
    /// `None` when something would be left for want of a savepoint.
    fn apply(&mut self, job: &Job, savepoint: bool) -> Result<Option<model::Result<ChangeResult>>> {
        if savepoint {
            run(self.db, "SAVEPOINT change", [])?;
        }
        let (events, touched) = (self.events.len(), self.touched.len());
        let (posted, unindexed) = (self.posted.len(), self.unindexed);
        let rows = self.db.total_changes();
        let result = self.apply_once(job);
        let fault = match result {
            Ok(applied) => {
                if savepoint {
                    run(self.db, "RELEASE change", [])?;
                }
                return Ok(Some(Ok(applied)));
            }
            // SQLite may have rolled the whole transaction back (a full disk): then nobody's change is there.
            Err(fault) if self.db.is_autocommit() || fault.is_fatal() => return Err(fault),
            Err(fault) => fault,
        };
        if savepoint {
            run(self.db, "ROLLBACK TO change", [])?;
            run(self.db, "RELEASE change", [])?;
        } else if self.db.total_changes() != rows {
            return Ok(None);
        }
        self.events.truncate(events);
        self.touched.truncate(touched);
        self.posted.truncate(posted);
        self.unindexed = unindexed;
        Ok(Some(Err(fault.into_error())))
    }

    fn apply_once(&mut self, job: &Job) -> Result<ChangeResult> {
        let Some(once) = &job.once else { return self.carry_out(&job.change) };
        let account = once.account.get().cast_signed();
        let known = first(
            self.db,
            "SELECT request_hash, result, changed, conversation FROM idempotency WHERE key = ?1 AND account = ?2",
            params![once.key, account],
            |row| {
                let (id, changed) = (row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?);
                let result = ChangeResult { id, changed, conversation: get_optional(row, 3)? };
                Ok((row.get::<_, [u8; 32]>(0)?, result))
            },
        )?;
        if let Some((request_hash, result)) = known {
            if request_hash != once.request_hash {
                return Err(Error::IdempotencyConflict.into());
            }
            return Ok(result);
        }
        let applied = self.carry_out(&job.change)?;
        run(
            self.db,
            "INSERT INTO idempotency (key, account, request_hash, result, changed, conversation, made_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                once.key,
                account,
                once.request_hash,
                applied.id.cast_signed(),
                applied.changed,
                optional(applied.conversation),
                self.now_ms
            ],
        )?;
        Ok(applied)
    }

    fn carry_out(&mut self, change: &Change) -> Result<ChangeResult> {
        match change {
            Change::CreateAccount { .. }
            | Change::OpenSession { .. }
            | Change::TouchSession { .. }
            | Change::EndSession { .. }
            | Change::EndSessions { .. }
            | Change::SetPassword { .. }
            | Change::RehashPassword { .. }
            | Change::EditProfile { .. }
            | Change::SetSuspended { .. }
            | Change::DeleteAccount { .. }
            | Change::CreateInvite { .. } => self.change_account(change),
            Change::Post { author, tweet } => self.post(*author, tweet),
            Change::EditTweet { author, tweet, text } => self.edit_tweet(*author, *tweet, text),
            Change::DeleteTweet { author, tweet } => self.delete_tweet(*author, *tweet),
            Change::Retweet { account, tweet } => self.retweet(*account, *tweet),
            Change::UndoRetweet { account, tweet } => self.undo_retweet(*account, *tweet),
            Change::SetLike { account, tweet, liked } => self.set_like(*account, *tweet, *liked),
            Change::SetBookmark { account, tweet, bookmarked } => {
                self.set_bookmark(*account, *tweet, *bookmarked)
            }
            Change::Follow { follower, followee } => self.follow(*follower, *followee),
            Change::Unfollow { follower, followee } => self.unfollow(*follower, *followee),
            Change::Block { blocker, blocked } => self.block(*blocker, *blocked),
            Change::Unblock { blocker, blocked } => self.unblock(*blocker, *blocked),
            Change::SetMute { muter, muted, on } => self.set_mute(*muter, *muted, *on),
            Change::MarkNotificationsRead { account, up_to } => {
                self.mark_notifications_read(*account, *up_to)
            }
            Change::SetReadLine { account, timeline, tweet } => {
                self.set_read_line(*account, timeline, *tweet)
            }
            Change::Report { reporter, account, tweet, reason } => {
                self.report(*reporter, *account, *tweet, reason)
            }
            Change::CloseReport { report } => self.close_report(*report),
            Change::AddSshKey { account, fingerprint, name } => self.add_ssh_key(*account, fingerprint, name),
            Change::RevokeSshKey { account, key } => self.revoke_ssh_key(*account, *key),
            Change::OpenSshSession { key, token_hash, client_name } => {
                self.open_ssh_session(*key, token_hash, client_name)
            }
            Change::EndSshSessions => self.end_ssh_sessions(),
            Change::SendMessage { author, to, text } => self.send_message(*author, *to, text),
            Change::MarkConversation { conversation, account, delivered, read } => {
                self.mark_conversation(*conversation, *account, *delivered, *read)
            }
            Change::ImportAccount { .. } | Change::ImportFollow { .. } | Change::ImportTweet { .. } => {
                self.import(change)
            }
            Change::PurgeAccount { account, limit } => self.purge_account(*account, *limit),
            Change::Announce { text } => self.announce(text),
            Change::Expire {
                sessions_idle_before_ms,
                sessions_begun_before_ms,
                keys_before_ms,
                events_before_ms,
            } => self.expire(
                *sessions_idle_before_ms,
                *sessions_begun_before_ms,
                *keys_before_ms,
                *events_before_ms,
            ),
        }
    }

    /// The next identifier, of any kind.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids.next(self.now_ms)
    }

    /// The newest identifier that was given out.
    pub(super) fn newest_id(&self) -> u64 {
        self.ids.newest()
    }

    /// Notes what was changed beside what events say.
    pub(super) fn touch(&mut self, touched: Touched) {
        if self.touched.last() != Some(&touched) {
            self.touched.push(touched);
        }
    }

    /// Keeps an event; it is told of once the batch is committed.
    pub(super) fn tell(&mut self, kind: EventKind) -> Result<()> {
        let id = self.next_id();
        super::events::insert(self.db, id, kind)?;
        if let Some(id) = EventId::new(id) {
            self.events.push(Event { id, kind });
        }
        Ok(())
    }
}

/// The answer of a change about this subject.
pub(super) fn applied(id: u64, changed: bool) -> Result<ChangeResult> {
    Ok(ChangeResult::new(id, changed))
}
