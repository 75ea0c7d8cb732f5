//! The environment of the client, which only `run` and `plain` know.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use client::{Client, ClientError};
use protocol::tls::Fingerprint;

use crate::local_store::LocalStore;

/// A boxed future.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The environment of the client: the user's machine, or a server with a user over ssh.
pub trait Host: Send + Sync + fmt::Debug {
    /// Unix milliseconds.
    fn now_ms(&self) -> i64;
    /// Connects; `with_session` resumes the stored session of the account. A key that is not known is refused unless it
    /// is the trusted one, which becomes known.
    fn connect(
        &self,
        server: String,
        with_session: bool,
        trusted: Option<Fingerprint>,
    ) -> Later<Result<Client, ClientError>>;
    /// Stores the token of a session; returns the local store of the account, if there is one.
    ///
    /// # Errors
    /// The reason why the token cannot be stored, for the user.
    fn signed_in(&self, server: &str, username: &str, token: &[u8]) -> Result<Option<LocalStore>, String>;
    /// Deletes the token of the session.
    fn signed_out(&self);
    /// Names of the accounts on this machine.
    fn accounts(&self) -> Vec<String>;
    /// How many notifications and messages another account of this machine has not read; `None` if it cannot be known
    /// now. Connects with the session of that account, and disconnects.
    fn unread_of(&self, account: &str) -> Later<Option<u32>>;
    /// Opens the user's editor on the terminal; returns the text, or the problem for the user.
    fn edit(&self, text: String) -> Later<Result<String, String>>;
    /// Suspends the program; completes when it is resumed.
    fn suspend(&self) -> Later<()>;
    /// Turns the echo of typed text off or on.
    fn hide_input(&self, is_hidden: bool);
    /// In plain mode: whether a person types the lines. Otherwise they come from a file or a program.
    fn has_keyboard(&self) -> bool;
    /// In plain mode: whether a line is being typed that has no end so far.
    fn is_typing(&self) -> bool;
    /// In plain mode: takes the line that is being typed, if that is known. It is not typed any more.
    fn take_typed(&self) -> Option<String>;
    /// Opens a link in the browser.
    ///
    /// # Errors
    /// The problem, for the user.
    fn open_link(&self, url: &str) -> Result<(), String>;
    /// Starts a server on this machine; returns its address, or the problem for the user.
    fn host_here(&self) -> Later<Result<String, String>>;
    /// Stops the server on this machine; returns whether it was running, or the problem for the user.
    fn stop_here(&self) -> Later<Result<bool, String>>;
    /// Starts a server with sample data and signs in there; returns its address, or the problem for the user.
    fn tour(&self) -> Later<Result<String, String>>;
}
