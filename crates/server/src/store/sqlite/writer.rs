//! The one writer: takes what is queued, carries it out in one transaction with a savepoint for each change,
//! commits, tells of the events, and only then answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::{Error, EventId, IdGenerator};
use rusqlite::{Connection, params};
use tokio::sync::{mpsc, oneshot, watch};

use super::sql::{Fault, Result, first, run};
use crate::seam::Clock;
use crate::store::{Applied, Change, Event, EventKind, Once};

/// A change on its way to the disk.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) once: Option<Once>,
    pub(super) answer: oneshot::Sender<model::Result<Applied>>,
}

/// What the writer has done since it started.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) commits: AtomicU64,
    pub(super) changes: AtomicU64,
}

/// Everything that the writer's thread owns.
pub(super) struct Writer {
    pub(super) db: Connection,
    pub(super) ids: IdGenerator,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) feed: mpsc::Sender<Arc<[Event]>>,
    pub(super) tally: Arc<Tally>,
    pub(super) failed: watch::Sender<bool>,
    pub(super) batch_max: usize,
}

impl Writer {
    /// Until every sender of jobs is gone.
    pub(super) fn run(mut self) {
        let mut batch = Vec::with_capacity(self.batch_max);
        // No artificial delay: while one batch is being committed the next one gathers by itself.
        while self.jobs.blocking_recv_many(&mut batch, self.batch_max) > 0 {
            if *self.failed.borrow() {
                for job in batch.drain(..) {
                    let _ = job.answer.send(Err(storage_failed()));
                }
                continue;
            }
            match self.commit(&batch) {
                Ok((results, events)) => {
                    self.tally.commits.fetch_add(1, Ordering::Relaxed);
                    self.tally.changes.fetch_add(batch.len() as u64, Ordering::Relaxed);
                    // A full feed slows commits down rather than losing an event.
                    if !events.is_empty() {
                        let _ = self.feed.blocking_send(events.into());
                    }
                    for (job, result) in batch.drain(..).zip(results) {
                        let _ = job.answer.send(result);
                    }
                }
                Err(fault) => self.refuse(&mut batch, fault),
            }
        }
        let _ = self.db.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    /// Nothing of the batch was committed.
    fn refuse(&mut self, batch: &mut Vec<Job>, fault: Fault) {
        if !self.db.is_autocommit() {
            let _ = self.db.execute_batch("ROLLBACK");
        }
        // A failed fsync may have thrown the data away and will not say so again: never retry, stop.
        if fault.is_fatal() {
            tracing::error!("writing to the database failed; nothing more is acknowledged");
            self.failed.send_replace(true);
        }
        let error = fault.into_error();
        for job in batch.drain(..) {
            let _ = job.answer.send(Err(error.clone()));
        }
    }

    fn commit(&mut self, batch: &[Job]) -> Result<(Vec<model::Result<Applied>>, Vec<Event>)> {
        run(&self.db, "BEGIN IMMEDIATE", [])?;
        let now_ms = self.clock.now_ms();
        let mut tx = Tx { db: &self.db, ids: &mut self.ids, now_ms, events: Vec::new() };
        let mut results = Vec::with_capacity(batch.len());
        for job in batch {
            results.push(tx.apply(job)?);
        }
        let events = std::mem::take(&mut tx.events);
        let high_water = self.ids.high_water().cast_signed();
        run(&self.db, "UPDATE meta SET value = ?1 WHERE name = 'id_high_water'", [high_water])?;
        run(&self.db, "COMMIT", [])?;
        Ok((results, events))
    }
}

pub(super) fn storage_failed() -> Error {
    Error::Unavailable("the server's storage has failed and it is stopping; its operator has to look".into())
}

/// The transaction of a batch, as the changes see it.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    ids: &'a mut IdGenerator,
    pub(super) now_ms: i64,
    events: Vec<Event>,
}

impl Tx<'_> {
    /// Carries out one change within a savepoint: refused, it leaves nothing, and its neighbours go on.
    /// `Err` is for the whole batch.
    fn apply(&mut self, job: &Job) -> Result<model::Result<Applied>> {
        run(self.db, "SAVEPOINT change", [])?;
        let events = self.events.len();
        match self.apply_once(job) {
            Ok(applied) => {
                run(self.db, "RELEASE change", [])?;
                Ok(Ok(applied))
            }
            // SQLite may have rolled the whole transaction back (a full disk): then nobody's change is there.
            Err(fault) if self.db.is_autocommit() || fault.is_fatal() => Err(fault),
            Err(fault) => {
                run(self.db, "ROLLBACK TO change", [])?;
                run(self.db, "RELEASE change", [])?;
                self.events.truncate(events);
                Ok(Err(fault.into_error()))
            }
        }
    }

    fn apply_once(&mut self, job: &Job) -> Result<Applied> {
        let Some(once) = &job.once else { return self.carry_out(&job.change) };
        let account = once.account.get().cast_signed();
        let known = first(
            self.db,
            "SELECT request_hash, result, changed FROM idempotency WHERE account = ?1 AND key = ?2",
            params![account, once.key],
            |row| Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?, row.get(2)?)),
        )?;
        if let Some((request_hash, id, changed)) = known {
            if request_hash != once.request_hash {
                return Err(Error::IdempotencyConflict.into());
            }
            return Ok(Applied { id: id.cast_unsigned(), changed });
        }
        let applied = self.carry_out(&job.change)?;
        run(
            self.db,
            "INSERT INTO idempotency (account, key, request_hash, result, changed, made_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                account,
                once.key,
                once.request_hash,
                applied.id.cast_signed(),
                applied.changed,
                self.now_ms
            ],
        )?;
        Ok(applied)
    }

    fn carry_out(&mut self, change: &Change) -> Result<Applied> {
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
pub(super) fn applied(id: u64, changed: bool) -> Result<Applied> {
    Ok(Applied { id, changed })
}
