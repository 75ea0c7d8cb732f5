//! The host of a client that runs on the server for an ssh user: it connects within the process and stores drafts.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::{Client, ClientError, Dial, Options, Token};
use gateway::ssh::SshSession;
use protocol::tls::Fingerprint;
use tui::local_store::LocalStore;
use tui::run::{Host, Later};

use crate::typing::Typing;

/// Host of one ssh session.
pub(super) struct SshHost {
    dial: Dial,
    token: Mutex<Option<Token>>,
    local_stores: PathBuf,
    typing: Arc<Mutex<Typing>>,
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
    /// `typing` is the line that is being typed in plain mode.
    pub(super) fn new(session: &SshSession, local_stores: PathBuf, typing: Arc<Mutex<Typing>>) -> Self {
        let token = session.token.map(|token| Token::from_bytes(token.to_vec()));
        Self { dial: dial(session), token: Mutex::new(token), local_stores, typing }
    }

    fn typing(&self) -> MutexGuard<'_, Typing> {
        self.typing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The local store of this account. A username is safe as a file name: letters, digits and `_` only.
    pub(super) fn local_store(&self, username: &str) -> LocalStore {
        let own = self.local_stores.join(username);
        let settings = own.join("settings.toml");
        LocalStore::new(own, settings)
    }
}

/// Connects to the server within this process.
pub(super) fn dial(session: &SshSession) -> Dial {
    let connector = session.connector.clone();
    Dial::new(move || connector.connect())
}

fn unavailable<T: Send + 'static>(what: &str) -> Later<Result<T, String>> {
    let problem = format!("{what} isn't available over ssh");
    Box::pin(async move { Err(problem) })
}

impl Host for SshHost {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn connect(
        &self,
        _: String,
        with_session: bool,
        _: Option<Fingerprint>,
    ) -> Later<Result<Client, ClientError>> {
        let mut options = Options::within(self.dial.clone());
        options.client_name = "ssh".to_owned();
        options.ends_with_server = true;
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        options.token = token.filter(|_| with_session);
        Box::pin(Client::connect(options))
    }

    fn signed_in(&self, _: &str, username: &str, token: &[u8]) -> Result<Option<LocalStore>, String> {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(Token::from_bytes(token.to_vec()));
        Ok(Some(self.local_store(username)))
    }

    fn signed_out(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn accounts(&self) -> Vec<String> {
        Vec::new()
    }

    fn unread_of(&self, _: &str) -> Later<Option<u32>> {
        Box::pin(async { None })
    }

    fn edit(&self, _: String) -> Later<Result<String, String>> {
        unavailable("An editor")
    }

    fn suspend(&self) -> Later<()> {
        Box::pin(async {})
    }

    fn hide_input(&self, is_hidden: bool) {
        self.typing().hide(is_hidden);
    }

    fn has_keyboard(&self) -> bool {
        self.typing().has_echo()
    }

    fn is_typing(&self) -> bool {
        self.typing().is_in_line()
    }

    fn take_typed(&self) -> Option<String> {
        Some(self.typing().take_line())
    }

    fn open_link(&self, _: &str) -> Result<(), String> {
        Err("Links can't be opened over ssh. Press yy to copy the link.".to_owned())
    }

    fn host_here(&self) -> Later<Result<String, String>> {
        unavailable("A server of your own")
    }

    fn stop_here(&self) -> Later<Result<bool, String>> {
        unavailable("A server of your own")
    }

    fn tour(&self) -> Later<Result<String, String>> {
        unavailable("The tour")
    }
}
