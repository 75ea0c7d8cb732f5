//! What a server can do for a client that runs on it for somebody else: reach it, and keep their drafts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use client::{Client, ClientError, Dial, Options, Token};
use gateway::ssh::SshSession;
use tui::local_store::LocalStore;
use tui::run::{Host, Later};

/// A visit.
pub(super) struct SshHost {
    dial: Dial,
    token: Mutex<Option<Token>>,
    shelves: PathBuf,
    hides_input: AtomicBool,
}

impl std::fmt::Debug for SshHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshHost").finish_non_exhaustive()
    }
}

/// Unix milliseconds.
pub(super) fn now_ms() -> i64 {
    use store::env::{Clock as _, SystemClock};
    SystemClock.now_ms()
}

impl SshHost {
    pub(super) fn new(visit: &SshSession, shelves: PathBuf) -> Self {
        let token = visit.token.map(|token| Token::from_bytes(token.to_vec()));
        Self { dial: dial(visit), token: Mutex::new(token), shelves, hides_input: AtomicBool::new(false) }
    }

    /// Whether what is typed now is nobody's to see.
    pub(super) fn hides_input(&self) -> bool {
        self.hides_input.load(Ordering::Relaxed)
    }

    /// What this person keeps here. A username is nothing but letters, digits and `_`.
    pub(super) fn shelf(&self, username: &str) -> LocalStore {
        let own = self.shelves.join(username);
        let settings = own.join("settings.toml");
        LocalStore::new(own, settings)
    }
}

/// Through the door.
pub(super) fn dial(visit: &SshSession) -> Dial {
    let connector = visit.connector.clone();
    Dial::new(move || connector.connect())
}

fn not_here<T: Send + 'static>(what: &str) -> Later<Result<T, String>> {
    let problem = format!("{what} is not there over ssh");
    Box::pin(async move { Err(problem) })
}

impl Host for SshHost {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn connect(&self, _: String, with_session: bool) -> Later<Result<Client, ClientError>> {
        let mut options = Options::within(self.dial.clone());
        options.client_name = "ssh".to_owned();
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        options.token = token.filter(|_| with_session);
        Box::pin(Client::connect(options))
    }

    fn signed_in(&self, _: &str, username: &str, token: &[u8]) -> Result<Option<LocalStore>, String> {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Token::from_bytes(token.to_vec()));
        Ok(Some(self.shelf(username)))
    }

    fn signed_out(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn accounts(&self) -> Vec<String> {
        Vec::new()
    }

    fn edit(&self, _: String) -> Later<Result<String, String>> {
        not_here("an editor")
    }

    fn suspend(&self) -> Later<()> {
        Box::pin(async {})
    }

    fn hide_input(&self, is_hidden: bool) {
        self.hides_input.store(is_hidden, Ordering::Relaxed);
    }

    fn open_link(&self, _: &str) -> Result<(), String> {
        Err("links open on your own machine: yy copies it".to_owned())
    }

    fn host_here(&self) -> Later<Result<String, String>> {
        not_here("a server of your own")
    }

    fn tour(&self) -> Later<Result<String, String>> {
        not_here("the tour")
    }
}
