//! The writer of a copy that follows a log which several nodes share: see [`SharedLog`](crate::shared_log::SharedLog).

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;

use super::following;
use super::ids::Ids;
use super::requests::PendingChange;
use super::search_erasure::{self, Purge, STEP_PAGES_MAX};
use super::shared::{SharedFailure, set_position, unavailable, unreachable};
use super::sql::{Result, run};
use super::writer::Writer;
use crate::fault::{self, CrashPoint, InjectedBug};
use crate::shared_log::{EntriesError, Locked, LogEntry};

/// Entries that are read and applied at once.
const ENTRIES_MAX: usize = 64;
/// A batch whose entry was certainly not appended is carried out again this often.
const ATTEMPTS_MAX: usize = 3;

impl Writer {
    /// Carries a batch out while this node holds the lock of the log.
    pub(super) fn run_shared_batch(&mut self, batch: &mut Vec<PendingChange>) {
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt_shared(batch) {
                Ok(true) => return,
                Ok(false) => {}
                Err(SharedFailure::Unreachable(error)) => {
                    tracing::warn!(%error, "the shared database cannot be reached");
                    break;
                }
                Err(SharedFailure::Outdated(error)) => {
                    self.give_up(&error);
                    break;
                }
                Err(SharedFailure::Local(failure)) => return self.fail(batch, failure),
            }
        }
        for pending in batch.drain(..) {
            let _ = pending.response.send(Err(unavailable()));
        }
    }

    /// `false` when nothing was changed and the batch can be tried again.
    fn attempt_shared(&mut self, batch: &mut Vec<PendingChange>) -> Result<bool, SharedFailure> {
        let locked = self.lock()?;
        fault::crash_point(CrashPoint::LogLocked);
        // All identifiers are drawn under the lock: they increase in the order of the log.
        self.ids = Ids::new(0, locked.head);
        let applied = self.apply(batch, locked.now_ms).and_then(|outcome| {
            let number = self.ids.next(locked.now_ms);
            let entry = self.changed_rows()?;
            if !entry.tables.is_empty() {
                set_position(&self.db, number)?;
            }
            Ok((outcome, number, entry))
        });
        let Some(shared) = &mut self.shared else { return Ok(false) };
        let (outcome, number, entry) = match applied {
            Ok(applied) => applied,
            Err(failure) => {
                shared.log.unlock();
                return Err(failure.into());
            }
        };
        let has_changed = !entry.tables.is_empty();
        if fault::is_on(InjectedBug::AcknowledgeBeforeCommit) {
            self.acknowledge(batch, outcome);
            // As in a slow network: the response is on its way when the process dies.
            std::thread::sleep(Duration::from_millis(10));
            return self.append_acknowledged(number, &entry);
        }
        let appended = if has_changed {
            shared.log.append(number, &entry)
        } else {
            shared.log.unlock();
            Ok(true)
        };
        match appended {
            Ok(true) => {}
            Ok(false) => {
                self.roll_back();
                return Ok(false);
            }
            Err(error) => {
                self.roll_back();
                return Err(error.into());
            }
        }
        // If this fails, the copy lacks what is in the log, and gets it with the next entries.
        self.commit()?;
        if let Some(shared) = self.shared.as_mut().filter(|_| has_changed) {
            shared.moved_to(number);
        }
        self.acknowledge(batch, outcome);
        Ok(true)
    }

    /// The rest of an attempt for the injected bug that responds first.
    fn append_acknowledged(&mut self, number: u64, entry: &LogEntry) -> Result<bool, SharedFailure> {
        let Some(shared) = &mut self.shared else { return Ok(true) };
        if entry.tables.is_empty() || !shared.log.append(number, entry).unwrap_or_default() {
            shared.log.unlock();
            self.roll_back();
            return Ok(true);
        }
        shared.position = number;
        self.commit()?;
        Ok(true)
    }

    fn changed_rows(&self) -> Result<LogEntry> {
        match &self.shared {
            Some(shared) => Ok(shared.changed.take(&self.db)?),
            None => Ok(LogEntry::default()),
        }
    }

    /// Takes the lock, and applies all that other nodes have appended before.
    fn lock(&mut self) -> Result<Locked, SharedFailure> {
        let asked = Instant::now();
        let Some(shared) = &mut self.shared else { return Err(unreachable("no shared log")) };
        let locked = shared.log.lock()?;
        let caught_up = self.catch_up(Some(locked.head));
        let Some(shared) = &mut self.shared else { return Err(unreachable("no shared log")) };
        match caught_up {
            Ok(()) if shared.position == locked.head => {
                shared.freshness.confirm(asked);
                Ok(locked)
            }
            Ok(()) => {
                shared.log.unlock();
                Err(unreachable("its log has no entry for its newest identifier"))
            }
            Err(failure) => {
                shared.log.unlock();
                Err(failure)
            }
        }
    }

    /// Applies what other nodes have appended.
    pub(super) fn follow(&mut self) -> Result<(), SharedFailure> {
        let asked = Instant::now();
        let followed = self.catch_up(None);
        match (&followed, &self.shared) {
            (Ok(()), Some(shared)) => shared.freshness.confirm(asked),
            (Err(SharedFailure::Outdated(error)), _) => self.give_up(error),
            (Err(SharedFailure::Local(failure)), _) => {
                // A copy that cannot apply an entry must not answer any more.
                tracing::error!(?failure, "the copy of the database cannot follow the log");
                self.roll_back();
                self.failed.send_replace(true);
            }
            _ => {}
        }
        followed
    }

    /// Stops: what this copy has is not what the shared database has.
    fn give_up(&self, why: &EntriesError) {
        tracing::error!("{why}");
        self.failed.send_replace(true);
    }

    /// Removes some of the words of accounts that other nodes have purged from the search indexes of this copy.
    pub(super) fn erase_words_of_others(&mut self) {
        let step = || -> Result<()> {
            let Some((account, _)) = search_erasure::erasure(&self.db, Purge::Elsewhere)? else {
                return Ok(());
            };
            run(&self.db, "BEGIN IMMEDIATE", [])?;
            search_erasure::erase_words(&self.db, Purge::Elsewhere, account, STEP_PAGES_MAX)?;
            run(&self.db, "COMMIT", [])?;
            Ok(())
        };
        if let Err(failure) = step() {
            self.fail(&mut Vec::new(), failure);
        }
    }

    /// Applies the entries after the position of this copy, up to the head if it is known.
    fn catch_up(&mut self, head: Option<u64>) -> Result<(), SharedFailure> {
        loop {
            let Some(shared) = &mut self.shared else { return Ok(()) };
            if let Some(head) = head.filter(|head| shared.position >= *head) {
                let position = shared.position;
                return if position == head {
                    Ok(())
                } else {
                    Err(EntriesError::Lost { position, head }.into())
                };
            }
            let entries = shared.log.entries_after(shared.position, ENTRIES_MAX)?;
            let is_last = entries.len() < ENTRIES_MAX;
            for (number, entry) in entries {
                self.apply_entry(number, &entry)?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn apply_entry(&mut self, number: u64, entry: &LogEntry) -> Result<()> {
        run(&self.db, "BEGIN IMMEDIATE", [])?;
        let (events, unindexed) = following::apply(&self.db, entry, self.indexed_through)?;
        set_position(&self.db, number)?;
        if let Some(shared) = &mut self.shared {
            shared.changed.forget(&self.db)?;
            run(&self.db, "COMMIT", [])?;
            shared.moved_to(number);
        }
        self.ids = Ids::new(0, number);
        self.metrics.unindexed.fetch_add(unindexed, Ordering::Relaxed);
        self.publish(events, Vec::new());
        Ok(())
    }
}
