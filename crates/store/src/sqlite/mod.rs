//! The embedded store: SQLite with a write-ahead log (WAL), one writer with group commit, a pool of readers, and a
//! maintenance thread for checkpoints and indexing. `Ok` leaves the writer only after COMMIT returned with
//! `synchronous=FULL`.

mod account_lists;
mod accounts;
mod announcements;
mod backup;
mod batch;
pub(crate) mod changed_rows;
mod check;
mod connection;
mod conversations;
pub(crate) mod copy;
mod dispatch;
mod events;
mod expiry;
mod files;
mod following;
mod hashtags;
mod hidden;
mod ids;
mod import;
mod invites;
pub mod maintenance;
mod maintenance_thread;
mod migrate;
mod notifications;
mod open;
mod open_error;
mod posting;
mod purge;
mod reactions;
mod read_lines;
mod readers;
mod refill;
mod relationships;
mod reports;
mod requests;
mod reserve;
mod schema;
mod search;
mod search_erasure;
mod search_index;
mod sessions;
mod shared;
mod shared_writer;
#[cfg(any(test, feature = "test-support"))]
#[allow(clippy::unwrap_used, missing_docs, reason = "tests stop where they cannot go on")]
pub mod simulated;
mod sql;
mod ssh_keys;
mod store;
mod suggestions;
#[cfg(test)]
mod tests;
mod timelines;
mod tweets;
mod tx;
mod withdrawn;
mod writer;

pub use files::{OPERATOR_SOCKET, make_private_directory};
pub use open_error::OpenError;
pub(crate) use store::draw_boot;
pub use store::{DATABASE, SqliteStore, database_file};
