//! The server of Mini-Tweet.
//!
//! Calls go down and events come up: gateway → service → {store, timeline, live}; the store tells of every commit
//! with one type of event, in commit order. No gateway knows another, no room calls up.

pub mod config;
mod fault;
pub mod gateway;
pub mod import;
pub mod live;
pub mod offline;
#[cfg(test)]
mod reference;
pub mod run;
pub mod seam;
pub mod service;
#[cfg(test)]
mod simulation;
pub mod store;
#[cfg(test)]
mod testing;
pub mod timeline;
#[cfg(test)]
mod town;

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};

// A simulation is to be the same again by its seed, whatever it walks through.
#[cfg(test)]
pub(crate) use foldhash::fast::FixedState as RandomState;
#[cfg(not(test))]
pub(crate) use foldhash::fast::RandomState;

// Keys of these are identifiers and names that were parsed: a fast hash, seeded for each map, will do.
pub(crate) type Map<K, V> = HashMap<K, V, RandomState>;
pub(crate) type Set<K> = HashSet<K, RandomState>;

/// A fault of ours: it is logged under an incident, and only the incident goes to the client.
pub(crate) fn incident(fault: &dyn Display) -> model::Error {
    static INCIDENTS: AtomicU64 = AtomicU64::new(1);
    let incident = format!("{}-{}", std::process::id(), INCIDENTS.fetch_add(1, Ordering::Relaxed));
    tracing::error!(incident, fault = %model::SafeText::line(&fault.to_string()), "a fault of the server");
    model::Error::Internal { incident }
}

/// Processors that there are to use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
