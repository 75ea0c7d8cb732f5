//! The ssh gateway: who comes in by ssh, with a key that is bound to an account or as a guest, and what is moved
//! between their terminal and the program that they use here.
//!
//! It knows no screen and no verb: an [`SshApp`] is given to it, which reaches the server through a
//! [`PeerConnector`] as any client does. No forwarding, no agent, no X11, no subsystem, no password.

mod channel;
mod connection;
mod handler;
mod host_key;
mod listen;
mod output;
mod socket;
#[cfg(test)]
mod tests;
mod words;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};

pub use host_key::HostKey;
pub use listen::serve_ssh;
pub use output::{Gone, SshOutput};

use super::in_process::{InProcessConnector, PeerConnector};
use super::limits::ConnectionLimiter;
use service::Service;

/// Largest terminal. Programs ask for memory by its size: 65,535 × 65,535 would be a way to stop the server.
pub const COLUMNS_MAX: u16 = 500;
/// See [`COLUMNS_MAX`].
pub const ROWS_MAX: u16 = 200;

/// What a person who came by ssh uses.
#[async_trait]
pub trait SshApp: Send + Sync + fmt::Debug {
    /// A session with a terminal; ends when it returns. It is told to end by its input closing, and is stopped
    /// when it has not done so a few seconds later.
    async fn terminal(&self, visit: SshSession, terminal: SshTerminal);

    /// `ssh host VERB…`: returns the exit code.
    async fn command(&self, visit: SshSession, command: SshCommand) -> u32;
}

/// Who came.
#[derive(Clone)]
pub struct SshSession {
    /// Whose key it was; `None` for a guest, who can only log in or sign up.
    pub username: Option<String>,
    /// Secret of the session that was made for this visit and ends with it.
    pub token: Option<[u8; 32]>,
    /// A key that the guest has proved to have and that is nobody's yet, as one line of OpenSSH: it can be bound
    /// with `AddSshKey` after a log-in.
    pub offered_key: Option<String>,
    /// From where.
    pub peer: IpAddr,
    /// The way to the server.
    pub door: PeerConnector,
}

impl fmt::Debug for SshSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshSession")
            .field("username", &self.username)
            .field("offered_key", &self.offered_key)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// A terminal at the other end.
#[derive(Debug)]
pub struct SshTerminal {
    /// Bytes as they were typed, pasted or answered by the terminal. Closes when the person is gone or the server
    /// stops. What is not taken soon is dropped, as the kernel does for a local terminal.
    pub input: mpsc::Receiver<Bytes>,
    /// What is shown.
    pub output: SshOutput,
    /// Columns and rows, at least 1 and at most [`COLUMNS_MAX`] × [`ROWS_MAX`].
    pub size: watch::Receiver<(u16, u16)>,
    /// Kind of terminal, as in `TERM`.
    pub term: String,
    /// Whether it had shown what is typed before ssh took it. Now nobody does, unless whoever reads lines does it.
    pub has_echo: bool,
    /// What else is known of it.
    pub environment: SshEnvironment,
}

/// A command without a terminal.
#[derive(Debug)]
pub struct SshCommand {
    /// As a shell would split the line: quotes and backslashes count, nothing else does. Empty when no command was
    /// given and there is no terminal either.
    pub words: Vec<String>,
    /// The line itself: `ssh host post "it's me"` loses its quotes on the way.
    pub line: String,
    /// Standard input, which closes at its end. What is not taken within seconds ends the command.
    pub input: mpsc::Receiver<Bytes>,
    /// Standard output.
    pub stdout: SshOutput,
    /// Standard error.
    pub stderr: SshOutput,
    /// Columns and rows of the terminal where there is one all the same (`ssh -t`): there lines end in `\r\n`.
    pub size: Option<watch::Receiver<(u16, u16)>>,
    /// What is known of the other end.
    pub environment: SshEnvironment,
}

/// The variables that a client may set; no others are taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshEnvironment {
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `LANG`.
    pub lang: Option<String>,
    /// `NO_COLOR`, set to anything.
    pub no_color: bool,
    /// `ACCESSIBLE`, set to anything.
    pub accessible: bool,
}

/// What all connections share.
#[derive(Debug)]
pub struct SshGateway {
    /// Whose key is resolve_or_self.
    pub service: Arc<Service>,
    /// What people use.
    pub app: Arc<dyn SshApp>,
    /// Ways to the server.
    pub doors: InProcessConnector,
    /// Connections by address; guests count as not logged in.
    pub connections: Arc<ConnectionLimiter>,
    /// By what people know this server.
    pub host_key: HostKey,
    /// How long things may take.
    pub times: Times,
    /// ReadLimiter true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

/// How long things on a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From the first byte until somebody is in.
    pub authenticate: Duration,
    /// Without a terminal or command.
    pub without_channel: Duration,
    /// Without a byte typed.
    pub idle: Duration,
    /// A client that answers none of three questions asked this far apart is gone.
    pub keepalive: Duration,
    /// For a terminal's app to take what was typed, before it is dropped.
    pub take_typed: Duration,
    /// For a command to take its input, before it is ended.
    pub take_input: Duration,
    /// For an app to end after its input has closed.
    pub end: Duration,
}

impl Default for Times {
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
