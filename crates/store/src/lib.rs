//! The store: the only durable state, with everything that was acknowledged on disk.
//!
//! A [`Store`] applies [`Change`]s and responds when they are durable, answers reads, and reports each commit as
//! [`Event`]s in commit order. It enforces the invariants of the data (unique usernames, no follow across a block, no
//! reference to a deleted tweet) and does not know who may request what.

mod attempts;
mod bus;
pub mod change;
mod collections;
#[cfg(test)]
mod conformance;
mod engine;
pub mod env;
pub mod event;
pub mod fault;
mod incident;
mod log;
mod nats;
mod nodes;
mod open;
mod postgres;
mod records;
mod shared_log;
pub mod sqlite;
mod store;
#[cfg(any(test, feature = "test-support", feature = "measurements"))]
#[allow(clippy::unwrap_used, missing_docs, reason = "tests stop where they cannot go on")]
pub mod test_support;

pub use attempts::{AttemptCounters, AttemptWindow, AttemptsUnreachable, CountedAttempts};
pub use bus::{Bus, BusMessage};
pub use change::{Change, ChangeResult, Expiry, IdempotencyKey, Origin, PasswordHash};
pub use collections::{Map, RandomState, Set};
pub use engine::{Engine, Options};
pub use env::cores;
pub use event::{EFFECTS_KEPT, Event, EventKind};
pub use incident::incident;
pub use log::{CommitLog, LogBatch, LogSubscription, Observer};
pub use nats::BusUrl;
pub use nodes::{NodeRecord, NodeReport};
pub use open::{StoreUrl, copy_file, only_copy, open};
#[cfg(feature = "measurements")]
pub use postgres::replay;
pub use postgres::{Moved, PostgresUrl, from_postgres, to_postgres};
pub use records::{
    AccountList, AccountQuery, ConversationList, Credentials, EventLog, EventScope, HashtagUse, InviteRecord,
    NotificationFilter, ProfileFilter, SessionRecord, SocialGraph, StoreStatistics, Timeline, TimelineEntry,
    TweetEntities, TweetRecord,
};
pub use sqlite::{OPERATOR_SOCKET, OpenError, database_file, maintenance, make_private_directory};
pub use store::{SharedStore, Store};
