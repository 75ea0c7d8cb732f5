//! Everything that clients of a Mini-Tweet server can do, and who may see what.
//!
//! `policy` decides who may do and see what, `timeline` caches home timelines, `live` delivers events to connected
//! clients; the other files are the methods of [`Service`], one file for each subject. The crate knows nothing of
//! bytes, sockets or SQL.

mod accounts;
mod admin;
mod announcements;
pub mod config;
mod conversations;
mod deletions;
mod export;
mod follows;
pub mod live;
mod maintenance;
mod network;
mod nodes;
mod notifications;
pub mod passwords;
pub mod policy;
mod presence;
mod read_lines;
#[cfg(test)]
mod reference;
mod reports;
mod search;
mod service;
mod sessions;
mod ssh_keys;
mod statistics;
#[cfg(any(test, feature = "test-support"))]
#[allow(clippy::unwrap_used, missing_docs, reason = "tests stop where they cannot go on")]
pub mod test_support;
#[cfg(test)]
mod tests;
mod throttle;
pub mod timeline;
mod timelines;
mod trends;
mod tweets;
mod views;
mod week_cache;

pub use accounts::{EditProfile, ProfileView, SignUp};
pub use admin::{NewAccount, ServerInfo, Statistics};
pub use config::{Argon2Cost, ServiceConfig, SignUpMode};
pub use conversations::{MessagesView, Sent};
pub use export::ExportPage;
pub use follows::{AccountFilter, AccountListRequest};
pub use network::network_of;
pub use nodes::{DrainTarget, node_name};
pub use notifications::NotificationsView;
pub use policy::Caller;
pub use reports::Reported;
pub use service::{Service, ServiceParts};
#[cfg(feature = "ssh")]
pub use ssh_keys::public_key::fingerprint as fingerprint_of_ssh_key;
pub use store::{NotificationFilter, ProfileFilter};
pub use timelines::{Thread, TimelineRequest};
pub use trends::HashtagSections;
pub use tweets::TweetDraft;
pub use views::{AccountView, LoggedIn};
