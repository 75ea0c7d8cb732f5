//! The transaction of a batch, as the changes see it: the connection, the identifiers, and what the commit will report.
//! What each change does is next to the subject that it changes.

use model::{EventId, Tweet};
use rusqlite::Connection;

use super::events;
use super::ids::Ids;
use super::sql::Result;
use super::withdrawn::{Withdrawal, Withdrawn};
use crate::{ChangeResult, Event, EventKind};

/// An open transaction with what it will report once it is committed.
pub(super) struct Tx<'a> {
    pub(super) db: &'a Connection,
    pub(super) ids: &'a mut Ids,
    pub(super) withdrawn: &'a Withdrawn,
    /// Unix milliseconds, the same for all changes of the batch.
    pub(super) now_ms: i64,
    /// All public tweets up to this one are in the search index; later ones are indexed after the commit.
    pub(super) indexed_through: u64,
    /// Tweets that an account less than a day old may post in an hour; 0 is no limit.
    pub(super) new_account_posts: u32,
    /// The random number of this process.
    pub(super) boot: u64,
    pub(super) events: Vec<Event>,
    pub(super) posted: Vec<Tweet>,
    /// Notifications that this transaction withdrew.
    pub(super) withdrawals: Vec<Withdrawal>,
    /// Public tweets that this transaction leaves to be indexed.
    pub(super) unindexed: u64,
}

impl Tx<'_> {
    /// The next identifier, of any kind.
    pub(super) fn next_id(&mut self) -> u64 {
        self.ids.next(self.now_ms)
    }

    /// The newest identifier that was assigned.
    pub(super) fn newest_id(&self) -> u64 {
        self.ids.newest()
    }

    /// Appends an event to the commit log; it is published once the batch is committed.
    pub(super) fn record(&mut self, kind: EventKind) -> Result<()> {
        let id = self.next_id();
        events::insert(self.db, id, kind)?;
        if let Some(id) = EventId::new(id) {
            self.events.push(Event { id, kind });
        }
        Ok(())
    }
}

/// The result of a change that is not about a conversation.
pub(super) fn applied(id: u64, changed: bool) -> Result<ChangeResult> {
    Ok(ChangeResult::new(id, changed))
}
