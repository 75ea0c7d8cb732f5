//! What the client starts with: the terminal, the account, and what was saved.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::tz::TimeZone;

use crate::composer::{Draft, Outgoing};
use crate::page::Page;
use crate::user_action::UserAction;
use terminal::charset::Charset;
use terminal::grid::Size;
use terminal::paint::Depth;

/// Draws a sign and asks where the cursor is after it. In the second row, because the answer for the first one could be
/// a function key. The next frame clears the screen.
pub(crate) const PROBE_WIDTH: &str = "\x1b[2;1H●\x1b[6n";
/// Asks the terminal for modes 2026 and 2027 and for its background; every terminal answers the last question.
pub(crate) const PROBE: &str = "\x1b[?2026$p\x1b[?2027$p\x1b]11;?\x1b\\\x1b[c";

/// What the terminal supports, as far as it has answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Colors.
    pub depth: Depth,
    /// Synchronized output (mode 2026); `None`: no answer.
    pub synchronized: Option<bool>,
    /// Widths of grapheme clusters (mode 2027); `None`: no answer.
    pub clusters: Option<bool>,
    /// Whether its background is dark; `None`: no answer.
    pub is_dark: Option<bool>,
    /// Whether it draws signs such as `●` two columns wide; `None`: no answer.
    pub has_wide_signs: Option<bool>,
    /// It has answered the last question.
    pub has_answered: bool,
    /// Characters.
    pub charset: Charset,
    /// The value of `TERM`.
    pub term: String,
    /// The name and the version of the program that draws it, as far as it says so (`TERM_PROGRAM`).
    pub program: String,
    /// Whether it is lines that are read and written, not a screen.
    pub is_plain: bool,
    /// Whether the client runs on the user's machine, with an editor, a browser and a shell.
    pub is_local: bool,
    /// Whether no one is there who could compare a key: one that is not known is refused.
    pub is_unattended: bool,
    /// The user's time zone; `None` if it is unknown, as over ssh: times are then shown in UTC, and say so.
    pub zone: Option<TimeZone>,
}

/// The server that the user can have on this computer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnServer {
    /// Its name; empty if it did not say it.
    pub name: String,
    /// Its address.
    pub address: String,
    /// Its data directory, for the user.
    pub data: String,
    /// Whether it is running.
    pub is_running: bool,
}

/// What the state starts with.
#[derive(Debug, Default)]
pub struct Setup {
    /// Unix milliseconds.
    pub now: i64,
    /// The size of the terminal.
    pub size: Size,
    /// What the terminal supports.
    pub capabilities: Capabilities,
    /// The settings file.
    pub settings: String,
    /// Its path, for the user; empty if it is of no use to them.
    pub settings_path: String,
    /// The address of the server; empty if none was chosen yet.
    pub server: String,
    /// The account whose session is resumed.
    pub username: Option<String>,
    /// Saved drafts.
    pub drafts: Vec<Draft>,
    /// The saved outbox.
    pub outbox: Vec<Outgoing>,
    /// Actions that wait for a connection.
    pub actions: Vec<UserAction>,
    /// The cached first page of the home timeline.
    pub home: Option<Page>,
    /// Saved read lines by timeline.
    pub read_lines: BTreeMap<String, u64>,
    /// The accounts of this machine that are signed in, without the one whose session is resumed.
    pub others: Vec<String>,
    /// Servers on which an account was used on this machine.
    pub known_servers: Vec<String>,
    /// The names of servers by their addresses, as far as they are known.
    pub server_names: BTreeMap<String, String>,
    /// The one of the accounts from which another account was asked for.
    pub previous: Option<String>,
    /// The server of the user on this computer; `None` over ssh.
    pub own_server: Option<OwnServer>,
    /// Read-only mode: no request may change anything.
    pub is_read_only: bool,
    /// A key that the ssh client offered and that no account has, as a line in the format of OpenSSH.
    pub offered_key: Option<String>,
    /// Makes idempotency keys; tests replace it.
    pub new_key: Option<fn() -> Bytes>,
}
