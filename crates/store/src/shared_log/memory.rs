//! A shared log in memory, for tests and simulations of copies without PostgreSQL.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{EntriesError, Locked, LogEntry, SharedLog, Unreachable};
use crate::env::Clock;

/// The log; its clones are what the nodes have of it.
#[derive(Debug, Clone)]
pub(crate) struct MemoryLog {
    state: Arc<(Mutex<State>, Condvar)>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct State {
    /// Where it began.
    first: u64,
    head: u64,
    is_locked: bool,
    is_reachable: bool,
    entries: Vec<(u64, Vec<u8>)>,
    /// Outcomes of the next entries that are appended: `None` is appended, and the node does not hear of it.
    outcomes: Vec<Option<bool>>,
}

impl MemoryLog {
    /// A log that continues after this identifier.
    pub(crate) fn new(head: u64, clock: Arc<dyn Clock>) -> Self {
        let (entries, outcomes) = (Vec::new(), Vec::new());
        let state = State { first: head, head, is_locked: false, is_reachable: true, entries, outcomes };
        Self { state: Arc::new((Mutex::new(state), Condvar::new())), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the newest entry.
    pub(crate) fn head(&self) -> u64 {
        self.state().head
    }

    #[cfg(test)]
    pub(crate) fn set_reachable(&self, is_reachable: bool) {
        self.state().is_reachable = is_reachable;
    }

    /// What happens to the next entries.
    #[cfg(test)]
    pub(crate) fn plan(&self, outcomes: &[Option<bool>]) {
        self.state().outcomes = outcomes.to_vec();
    }

    /// Loses the newest entries, as in a failover to a standby that does not have them.
    #[cfg(test)]
    pub(crate) fn lose(&self, entries: usize) {
        let mut state = self.state();
        let left = state.entries.len().saturating_sub(entries);
        state.entries.truncate(left);
        state.head = state.entries.last().map_or(state.first, |(number, _)| *number);
    }

    fn reach(&self) -> Result<MutexGuard<'_, State>, Unreachable> {
        let state = self.state();
        if state.is_reachable { Ok(state) } else { Err(Unreachable("it was cut off".into())) }
    }
}

impl SharedLog for MemoryLog {
    fn lock(&mut self) -> Result<Locked, Unreachable> {
        let mut state = self.reach()?;
        while state.is_locked {
            state = self.state.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_locked = true;
        Ok(Locked { head: state.head, now_ms: self.clock.now_ms() })
    }

    fn entries_after(&mut self, position: u64, limit: usize) -> Result<Vec<(u64, LogEntry)>, EntriesError> {
        let state = self.reach()?;
        if position != state.first && !state.entries.iter().any(|(number, _)| *number == position) {
            return Err(EntriesError::Lost { position, head: state.head });
        }
        let after = state.entries.iter().filter(|(number, _)| *number > position).take(limit);
        Ok(after
            .map(|(number, bytes)| (*number, prost::Message::decode(bytes.as_slice()).unwrap()))
            .collect())
    }

    fn append(&mut self, number: u64, entry: &LogEntry) -> Result<bool, Unreachable> {
        let mut state = self.state();
        assert!(state.is_locked && number > state.head, "{number} after {}", state.head);
        let outcome = if state.outcomes.is_empty() { Some(true) } else { state.outcomes.remove(0) };
        if outcome != Some(false) {
            state.head = number;
            state.entries.push((number, prost::Message::encode_to_vec(entry)));
        }
        drop(state);
        self.unlock();
        outcome.ok_or_else(|| Unreachable("the response was lost".into()))
    }

    fn unlock(&mut self) {
        self.state().is_locked = false;
        self.state.1.notify_one();
    }
}
