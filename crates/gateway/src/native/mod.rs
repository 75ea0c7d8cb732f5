//! The native protocol: frames of protobuf over TLS, or over the operator's unix socket without it.
//!
//! One task a connection. `connection` moves frames and knows no request; `dispatch` and the files beside it
//! turn each request into one call of the service and know no bytes.

mod accounts;
mod admin;
mod connection;
mod context;
mod conversations;
mod dispatch;
mod events;
mod home;
mod listen;
mod live;
mod people;
mod scheduler;
#[cfg(test)]
mod tests;
mod tweets;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use model::limits::{PAGE_ITEMS_MAX, TWEET_BYTES_MAX, TWEET_GRAPHEMES_MAX};
use protocol::frame::{FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN};
use protocol::{PROTOCOL_VERSION, v1};
use tokio::sync::watch;

pub use self::listen::{serve_in_process, serve_tcp, serve_unix};

use super::limits::{ConnectionLimiter, ReadLimiter, RequestRates};
use super::stopped;
use service::live::Live;
use service::{Service, SignUpMode};
use store::env::Random;

/// Requests of a connection that have not been answered.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 64;
/// Subscriptions of a connection.
pub const SUBSCRIPTIONS_MAX: u32 = 32;

/// What all connections share.
#[derive(Debug)]
pub struct NativeGateway {
    /// Who carries out what is asked.
    pub service: Arc<Service>,
    /// Who tells what happens.
    pub live: Arc<Live>,
    /// For jitter and incidents.
    pub random: Arc<dyn Random>,
    /// Connections by address.
    pub connections: Arc<ConnectionLimiter>,
    /// Requests by account.
    pub rates: RequestRates,
    /// Reads that are worked on.
    pub turns: ReadLimiter,
    /// How long things may take.
    pub times: Times,
    /// In the server's hello.
    pub server_name: String,
    /// In the server's hello.
    pub sign_up: SignUpMode,
    /// In the server's hello.
    pub stranger_mentions: u32,
    /// In the server's hello.
    pub new_account_posts: u32,
    /// Requests since the start.
    pub requests: AtomicU64,
    /// ReadLimiter true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// How long things on a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// TLS handshake.
    pub handshake: Duration,
    /// From the hello to a session.
    pub log_in: Duration,
    /// A client that is silent for three times this long is gone.
    pub heartbeat: Duration,
    /// From the first byte of a frame to its last.
    pub read_frame: Duration,
    /// For the client to take what it was sent.
    pub write: Duration,
    /// For requests in flight when the server stops.
    pub drain: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            log_in: Duration::from_secs(30),
            heartbeat: Duration::from_secs(30),
            read_frame: Duration::from_secs(30),
            write: Duration::from_secs(10),
            drain: Duration::from_secs(10),
        }
    }
}

impl NativeGateway {
    fn hello(&self) -> v1::ServerHello {
        v1::ServerHello {
            protocol_version: PROTOCOL_VERSION,
            server_name: self.server_name.clone(),
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            budgets: Some(v1::Budgets {
                frame_bytes_before_login: number(FRAME_BYTES_MAX_BEFORE_LOGIN),
                frame_bytes: number(FRAME_BYTES_MAX),
                requests_in_flight: number(REQUESTS_IN_FLIGHT_MAX),
                subscriptions: SUBSCRIPTIONS_MAX,
                page_items: number(PAGE_ITEMS_MAX),
                tweet_graphemes: number(TWEET_GRAPHEMES_MAX),
                tweet_bytes: number(TWEET_BYTES_MAX),
                heartbeat_ms: milliseconds(self.times.heartbeat),
                login_ms: milliseconds(self.times.log_in),
                stranger_mentions: self.stranger_mentions,
                new_account_posts: self.new_account_posts,
            }),
            features: Vec::new(),
            sign_up: accounts::sign_up_mode(self.sign_up).into(),
        }
    }
}

fn number(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
