//! The ssh gateway: authenticates ssh clients by keys bound to accounts, or as guests, and connects their terminals to
//! an application.
//!
//! The application is given to it as an [`SshApp`], and reaches the server through a
//! [`PeerConnector`](crate::in_process::PeerConnector) as any client does: the gateway knows no screen and no verb. No
//! forwarding, no agent, no X11, no subsystems, no passwords.

mod app;
mod channel;
mod command_line;
mod config;
mod connection;
mod ending;
mod gateway;
mod handler;
mod host_key;
mod listen;
mod output;
mod socket;
mod state;
#[cfg(test)]
mod tests;

pub use self::app::{COLUMNS_MAX, ROWS_MAX, SshApp, SshCommand, SshEnvironment, SshSession, SshTerminal};
pub use self::config::{SshConfig, SshTimeouts};
pub use self::gateway::SshGateway;
pub use self::host_key::HostKey;
pub use self::listen::serve_ssh;
pub use self::output::{Gone, SshOutput};
