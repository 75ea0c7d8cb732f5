//! Limits and timeouts of the ssh gateway.

use std::time::Duration;

use super::host_key::HostKey;
use crate::limits::ConnectionLimits;

/// Largest packet of input that a client may send.
pub(super) const PACKET_BYTES_MAX: u32 = 4 * 1024;

/// What an operator can set of the ssh gateway.
#[derive(Debug, Clone)]
pub struct SshConfig {
    /// Open ssh connections; guests count as not logged in.
    pub connections: ConnectionLimits,
    /// Identifies the server to ssh clients.
    pub host_key: HostKey,
    /// Timeouts of a connection.
    pub timeouts: SshTimeouts,
}

/// Timeouts of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SshTimeouts {
    /// From the first byte to a successful authentication.
    pub authenticate: Duration,
    /// Without a terminal or command.
    pub without_channel: Duration,
    /// Without input.
    pub idle: Duration,
    /// Interval of keepalive requests. A client that leaves three in a row unanswered is disconnected.
    pub keepalive: Duration,
    /// For the application to take input of a terminal; then the input is dropped.
    pub take_typed: Duration,
    /// For a command to take its input; then the command is ended.
    pub take_input: Duration,
    /// For an application to end after its input has closed; then it is aborted.
    pub end: Duration,
}

impl Default for SshTimeouts {
    fn default() -> Self {
        Self {
            authenticate: Duration::from_secs(30),
            without_channel: Duration::from_secs(60),
            idle: Duration::from_secs(24 * 60 * 60),
            keepalive: Duration::from_secs(30),
            take_typed: Duration::from_millis(200),
            take_input: Duration::from_secs(10),
            end: Duration::from_secs(5),
        }
    }
}
