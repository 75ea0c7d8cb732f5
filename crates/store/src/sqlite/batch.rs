//! A batch of changes in one transaction. A refused change leaves nothing and does not affect the others; with an
//! idempotency key a change happens once.

use model::{Error, Tweet};
use rusqlite::{Connection, params};

use super::ids::Ids;
use super::requests::PendingChange;
use super::sql::{Failure, Result, first, get_optional, optional, run};
use super::tx::Tx;
use super::withdrawn::{Withdrawal, Withdrawn};
use crate::{ChangeResult, Event, IdempotencyKey};

/// What is the same for all changes of a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchContext {
    /// As [`Tx::now_ms`].
    pub(super) now_ms: i64,
    /// As [`Tx::indexed_through`].
    pub(super) indexed_through: u64,
    /// As [`Tx::new_account_posts`].
    pub(super) new_account_posts: u32,
    /// As [`Tx::boot`].
    pub(super) boot: u64,
}

/// What a transaction did, to be reported once it is committed.
pub(super) struct BatchOutcome {
    /// One for each change, in the order of the batch.
    pub(super) results: Vec<model::Result<ChangeResult>>,
    pub(super) events: Vec<Event>,
    pub(super) posted: Vec<Tweet>,
    pub(super) withdrawals: Vec<Withdrawal>,
    /// As [`Tx::unindexed`].
    pub(super) unindexed: u64,
    /// The high-water mark of identifiers that the transaction wrote.
    pub(super) ids_reserved: u64,
}

/// Begins a transaction and applies the batch in it; `None` when that needs savepoints and there are none.
pub(super) fn apply_batch(
    db: &Connection,
    ids: &mut Ids,
    withdrawn: &Withdrawn,
    context: BatchContext,
    batch: &[PendingChange],
    savepoints: bool,
) -> Result<Option<BatchOutcome>> {
    run(db, "BEGIN IMMEDIATE", [])?;
    let BatchContext { now_ms, indexed_through, new_account_posts, boot } = context;
    let (events, posted, withdrawals) = Default::default();
    let mut tx = Tx {
        db,
        ids,
        withdrawn,
        now_ms,
        indexed_through,
        new_account_posts,
        boot,
        events,
        posted,
        withdrawals,
        unindexed: 0,
    };
    let mut results = Vec::with_capacity(batch.len());
    for pending in batch {
        let Some(result) = tx.apply(pending, savepoints)? else { return Ok(None) };
        results.push(result);
    }
    let Tx { events, posted, withdrawals, unindexed, .. } = tx;
    let ids_reserved = ids.reserve(db)?;
    Ok(Some(BatchOutcome { results, events, posted, withdrawals, unindexed, ids_reserved }))
}

impl Tx<'_> {
    /// Applies one change. `Err` fails the whole batch; `None` means that a refused change has written rows that only
    /// a savepoint could undo.
    fn apply(
        &mut self,
        pending: &PendingChange,
        savepoint: bool,
    ) -> Result<Option<model::Result<ChangeResult>>> {
        if savepoint {
            run(self.db, "SAVEPOINT change", [])?;
        }
        let events = self.events.len();
        let (posted, withdrawals, unindexed) = (self.posted.len(), self.withdrawals.len(), self.unindexed);
        let rows = self.db.total_changes();
        let result = match &pending.key {
            Some(key) => self.dispatch_once(pending, key),
            None => self.dispatch(&pending.change),
        };
        let failure = match result {
            Ok(applied) => {
                if savepoint {
                    run(self.db, "RELEASE change", [])?;
                }
                return Ok(Some(Ok(applied)));
            }
            // SQLite may have rolled the whole transaction back (a full disk): then no change of the batch is left.
            Err(failure) if self.db.is_autocommit() || failure.is_fatal() => return Err(failure),
            Err(failure) => failure,
        };
        if savepoint {
            run(self.db, "ROLLBACK TO change", [])?;
            run(self.db, "RELEASE change", [])?;
        } else if self.db.total_changes() != rows {
            return Ok(None);
        }
        self.events.truncate(events);
        self.posted.truncate(posted);
        self.withdrawals.truncate(withdrawals);
        self.unindexed = unindexed;
        Ok(Some(Err(Failure::into_error(failure))))
    }

    /// Applies a change and stores its result with the key, or returns the result stored earlier.
    fn dispatch_once(&mut self, pending: &PendingChange, key: &IdempotencyKey) -> Result<ChangeResult> {
        let account = key.account.get().cast_signed();
        let stored = first(
            self.db,
            "SELECT request_hash, result, changed, conversation FROM idempotency WHERE key = ?1 AND account = ?2",
            params![key.key, account],
            |row| {
                let (id, changed) = (row.get::<_, i64>(1)?.cast_unsigned(), row.get(2)?);
                let result = ChangeResult { id, changed, conversation: get_optional(row, 3)? };
                Ok((row.get::<_, [u8; 32]>(0)?, result))
            },
        )?;
        if let Some((request_hash, result)) = stored {
            if request_hash != key.request_hash {
                return Err(Error::IdempotencyConflict.into());
            }
            return Ok(result);
        }
        let result = self.dispatch(&pending.change)?;
        run(
            self.db,
            "INSERT INTO idempotency (key, account, request_hash, result, changed, conversation, made_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                key.key,
                account,
                key.request_hash,
                result.id.cast_signed(),
                result.changed,
                optional(result.conversation),
                self.now_ms
            ],
        )?;
        Ok(result)
    }
}
