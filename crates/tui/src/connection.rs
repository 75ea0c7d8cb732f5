//! The connection to the server, as far as the client knows it.

use std::collections::BTreeMap;
use std::time::Duration;

use client::ServerKey;
use protocol::v1;

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The first attempt goes on.
    Connecting,
    /// Connected.
    Live,
    /// Connected, but a response has been expected for some seconds.
    Late,
    /// Lost; it is being made again. The reason, for the user.
    Reconnecting(String),
    /// Ended, without further attempts. The reason, for the user.
    Stopped(String),
}

/// The connection to the server.
#[derive(Debug)]
pub struct Connection {
    /// The address of the server.
    pub server: String,
    /// The address of the server of the last connection, or before that, of the start.
    pub used: String,
    /// The names of servers by their addresses, as far as they are known.
    pub names: BTreeMap<String, String>,
    /// The server's hello.
    pub hello: v1::ServerHello,
    /// What it says about itself.
    pub info: v1::ServerInfo,
    /// The state of the connection.
    pub link: Link,
    /// How far the server's clock is ahead of this machine's, in milliseconds.
    pub clock_ahead_ms: i64,
    /// When it was lost, in Unix milliseconds; `None` while there is one, or if there never was one.
    pub lost_at: Option<i64>,
    /// When it was made, in Unix milliseconds; `None` while there is none.
    pub made_at: Option<i64>,
    /// The key of the server; `None` without TLS.
    pub key: Option<ServerKey>,
    /// How long a message took to the server and back, when this was last measured.
    pub round_trip: Option<Duration>,
    /// When that was, in Unix milliseconds.
    pub tested_at: Option<i64>,
}

impl Connection {
    /// No connection so far to the server at this address.
    pub(crate) fn before_contact(server: String, names: BTreeMap<String, String>) -> Self {
        Self {
            used: server.clone(),
            server,
            names,
            hello: v1::ServerHello::default(),
            info: v1::ServerInfo::default(),
            link: Link::Connecting,
            clock_ahead_ms: 0,
            lost_at: None,
            made_at: None,
            key: None,
            round_trip: None,
            tested_at: None,
        }
    }
}
