//! Live delivery: subscriptions, presence and trends.
//!
//! `distribute` takes committed events in order, `hydrate` reads what they are about, `hub` knows who is subscribed to
//! what, `inbox` holds what waits for one connection, `connection` is a client's side, with the replay of missed
//! events. All of it is in memory and can be dropped at any time; the store has the truth.

mod config;
mod connection;
mod distribute;
mod elsewhere;
mod event;
mod hub;
mod hydrate;
mod inbox;
mod presence;
mod subsystem;
#[cfg(test)]
mod tests;
mod trends;
mod typing;
mod unread;

pub use config::{LiveConfig, LiveStatistics};
pub use connection::LiveConnection;
pub use event::{AnnouncementChange, Delivery, LiveEvent, Payload, Topic};
pub use subsystem::Live;
