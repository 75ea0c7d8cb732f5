//! Limits and timeouts of the native gateway.

use std::time::Duration;

use protocol::v1;
use service::SignUpMode;

/// Requests of a connection that have no response yet; more are refused with `BUSY`.
pub const REQUESTS_IN_FLIGHT_MAX: usize = 64;

/// What an operator can set of the native gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NativeConfig {
    /// Tweets an hour of a new account, for the hello; the store enforces it. 0 means no limit.
    pub new_account_posts: u32,
    /// Timeouts of a connection.
    pub timeouts: NativeTimeouts,
}

/// Timeouts of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeTimeouts {
    /// For the TLS handshake.
    pub handshake: Duration,
    /// From the server's hello to a session.
    pub log_in: Duration,
    /// Interval at which clients send something. A client that is silent for three times as long is disconnected.
    pub heartbeat: Duration,
    /// From the first byte of a frame to its last.
    pub read_frame: Duration,
    /// For the client to take what it is sent.
    pub write: Duration,
    /// For requests in flight when the server stops or the client closes.
    pub drain: Duration,
}

impl Default for NativeTimeouts {
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

/// The wire's value of a sign-up mode.
pub(super) fn sign_up_mode(mode: SignUpMode) -> v1::SignUpMode {
    match mode {
        SignUpMode::Open => v1::SignUpMode::Open,
        SignUpMode::Invite => v1::SignUpMode::Invite,
        SignUpMode::Closed => v1::SignUpMode::Closed,
    }
}

/// A limit as the wire has it.
pub(super) fn wire_number(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// A duration as the wire has it.
pub(super) fn wire_milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
