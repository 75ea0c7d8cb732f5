//! What an application of the ssh gateway implements and is given.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use bytes::Bytes;
use model::Error;
use tokio::sync::{mpsc, watch};

use super::output::SshOutput;
use crate::in_process::PeerConnector;

/// Widest terminal. Programs allocate by the size: 65,535 × 65,535 cells would exhaust the server's memory.
pub const COLUMNS_MAX: u16 = 500;
/// Highest terminal, see [`COLUMNS_MAX`].
pub const ROWS_MAX: u16 = 200;

/// The application that ssh clients use.
#[async_trait]
pub trait SshApp: Send + Sync + fmt::Debug {
    /// Runs with a terminal until it returns. When its input closes it has to return, and is aborted if it has not done
    /// so within [`SshTimeouts::end`](super::SshTimeouts::end). An application that changes the terminal says how to
    /// restore it, see [`SshOutput::restore_at_end`].
    async fn terminal(&self, session: SshSession, terminal: SshTerminal);

    /// Carries out `ssh host VERB…`; returns the exit code.
    async fn command(&self, session: SshSession, command: SshCommand) -> u32;
}

/// Who is at the other end of an ssh connection.
#[derive(Clone)]
pub struct SshSession {
    /// The account that the client's key is bound to; `None` for a guest, who can only log in or sign up.
    pub username: Option<String>,
    /// Token of the session that was made for this connection and ends with it.
    pub token: Option<[u8; 32]>,
    /// A key of a guest that is proved and bound to no account, as one line of OpenSSH: after a log-in, `AddSshKey` can
    /// bind it.
    pub offered_key: Option<String>,
    /// Why the account of a key that a guest has proved may not log in.
    pub refused: Option<Error>,
    /// Address of the client.
    pub peer: IpAddr,
    /// The address of the server that the client has connected to.
    pub local: Option<SocketAddr>,
    /// Connects to the server on the client's behalf.
    pub connector: PeerConnector,
}

/// Without the token.
impl fmt::Debug for SshSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshSession")
            .field("username", &self.username)
            .field("offered_key", &self.offered_key)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// The terminal of an ssh client.
#[derive(Debug)]
pub struct SshTerminal {
    /// Bytes that the user typed or pasted, or the terminal sent. Closes when the client is gone or the server stops.
    /// Input that the application does not take soon is dropped, as the kernel does for a local terminal.
    pub input: mpsc::Receiver<Bytes>,
    /// What the terminal shows.
    pub output: SshOutput,
    /// Columns and rows, at least 1 and at most [`COLUMNS_MAX`] × [`ROWS_MAX`].
    pub size: watch::Receiver<(u16, u16)>,
    /// Kind of terminal, as in `TERM`.
    pub term: String,
    /// Whether the terminal echoed input before ssh switched that off: an application that reads lines then has to echo.
    pub has_echo: bool,
    /// Variables that the client has set.
    pub environment: SshEnvironment,
}

/// A command, or a connection without a terminal.
#[derive(Debug)]
pub struct SshCommand {
    /// The command line, split as a shell does, without any other expansion. Empty without a command.
    pub words: Vec<String>,
    /// The command line as the client sent it: a shell on the client's side has taken its own quotes away.
    pub line: String,
    /// Standard input, which closes at its end. A command that does not take its input within
    /// [`SshTimeouts::take_input`](super::SshTimeouts::take_input) is ended.
    pub input: mpsc::Receiver<Bytes>,
    /// Standard output.
    pub stdout: SshOutput,
    /// Standard error.
    pub stderr: SshOutput,
    /// Columns and rows if the client asked for a terminal all the same (`ssh -t`): then lines end in `\r\n`.
    pub size: Option<watch::Receiver<(u16, u16)>>,
    /// Variables that the client has set.
    pub environment: SshEnvironment,
}

/// The variables that a client may set; others are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshEnvironment {
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `LC_ALL`.
    pub lc_all: Option<String>,
    /// `LC_CTYPE`.
    pub lc_ctype: Option<String>,
    /// `LANG`.
    pub lang: Option<String>,
    /// `TZ`.
    pub tz: Option<String>,
    /// `NO_COLOR`, set to anything.
    pub no_color: bool,
    /// `ACCESSIBLE`, set to anything.
    pub accessible: bool,
}
