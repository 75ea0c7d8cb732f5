//! The store of a cluster: PostgreSQL has the truth, and each node has a copy of it in SQLite, which follows the log that all
//! nodes share.
//!
//! Reads are answered by the copy. A batch of changes is carried out on the copy while the node holds the lock of the log,
//! and its rows are committed in PostgreSQL before the copy keeps them and the callers get a response.

mod attempts;
#[cfg(test)]
mod bus_tests;
mod connection;
mod log;
mod maintenance;
mod moving;
mod nodes;
#[cfg(feature = "measurements")]
pub mod replay;
mod reports;
mod rows;
mod schema;
mod secrets;
mod store;
#[cfg(test)]
mod tests;
mod transfer;

pub use connection::PostgresUrl;
pub use moving::{Moved, from_postgres, to_postgres};
pub(crate) use store::{COPY, open};
