//! The host of a client on this machine: profiles, the editor, links, a local server, the tour.

use std::io::IsTerminal as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, ClientError, Endpoint, FirstContact, Home, Profile, Profiles, Token};
use model::os_error_in_words;
use protocol::tls::Fingerprint;
use protocol::v1;
use tokio::time::timeout;
use tui::local_store::LocalStore;
use tui::run::{Host, Later};

use super::local_terminal::{self, LocalTerminal};
use super::tour;
use crate::args::Global;
use crate::context::{Context, client_options, own_server_options};
use crate::files;
use crate::local_server::LocalServer;
use crate::typing::Typing;

/// Maximum time to ask what is unread in another account.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Chats of another account whose unread messages are counted.
const CHATS_MAX: u32 = 50;

/// Implements the client's host on this machine.
pub(super) struct LocalHost {
    global: Global,
    home: Home,
    /// The terminal to lend to other programs; none in plain mode.
    terminal: Option<Arc<LocalTerminal>>,
    /// In plain mode on a terminal: the line that is being typed.
    typing: Option<Arc<Mutex<Typing>>>,
    /// The account whose session is used.
    profile: Arc<Mutex<Option<Profile>>>,
    /// Address and directory of the tour's server.
    tour: Arc<Mutex<Option<(String, tour::Directory)>>>,
}

impl std::fmt::Debug for LocalHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalHost").finish_non_exhaustive()
    }
}

/// Unix milliseconds.
pub(super) fn now_ms() -> i64 {
    use store::env::{Clock as _, SystemClock};
    SystemClock.now_ms()
}

impl LocalHost {
    pub(super) fn new(
        context: &Context,
        terminal: Option<Arc<LocalTerminal>>,
        typing: Option<Arc<Mutex<Typing>>>,
        profile: Option<Profile>,
    ) -> Self {
        let (global, home) = (context.global.clone(), context.home.clone());
        let (profile, tour) = (Arc::new(Mutex::new(profile)), Arc::default());
        Self { global, home, terminal, typing, profile, tour }
    }

    fn profile(&self) -> Option<Profile> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Host for LocalHost {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn connect(
        &self,
        server: String,
        with_session: bool,
        trusted: Option<Fingerprint>,
    ) -> Later<Result<Client, ClientError>> {
        let token = self.profile().and_then(|profile| profile.token).filter(|_| with_session);
        let own = LocalServer::new(&self.home);
        let is_own = own.is_at(&server);
        // The user compares the key of a server before it is trusted, unless it is that of their own server.
        let mut options = options(&self.global, &self.home, &server, token, FirstContact::Refuse);
        if let (Ok(options), Some(key)) = (&mut options, trusted.or_else(|| own.key_at(&server))) {
            options.fingerprint = Some(key);
        }
        let tour = self.tour.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Ok(options), Some((address, _))) = (&mut options, tour.as_ref()) {
            options.insecure |= *address == server;
        }
        Box::pin(async move {
            let options =
                options.map_err(|problem| ClientError::Unreachable { endpoint: server, reason: problem })?;
            Client::connect(options).await.map_err(|error| match error {
                ClientError::Unreachable { endpoint, reason } if is_own => {
                    let reason = format!("{reason}. It is your own server: “:start-server” starts it");
                    ClientError::Unreachable { endpoint, reason }
                }
                error => error,
            })
        })
    }

    fn signed_in(&self, server: &str, username: &str, token: &[u8]) -> Result<Option<LocalStore>, String> {
        let profile = Profile {
            server: server.to_owned(),
            username: username.to_owned(),
            token: Some(Token::from_bytes(token.to_vec())),
        };
        *self.profile.lock().unwrap_or_else(PoisonError::into_inner) = Some(profile.clone());
        let local_store = files::store_of_account(&self.home, &profile.name());
        Profiles::update(&self.home, |all| all.sign_in(profile)).map_err(|error| error.to_string())?;
        Ok(Some(local_store))
    }

    fn signed_out(&self) {
        if let Some(profile) = self.profile() {
            // Best effort: the session has ended, so the token is useless.
            let _ = Profiles::update(&self.home, |all| all.change(&profile.name(), |kept| kept.token = None));
        }
    }

    fn accounts(&self) -> Vec<String> {
        let all = Profiles::load(&self.home).unwrap_or_default();
        all.all().filter(|profile| profile.token.is_some()).map(Profile::name).collect()
    }

    fn unread_of(&self, account: &str) -> Later<Option<u32>> {
        let all = Profiles::load(&self.home).unwrap_or_default();
        let profile = all.find(account).filter(|profile| profile.token.is_some()).cloned();
        // Its key is known, or there would be no session.
        let options = profile.and_then(|profile| {
            let token = profile.token;
            options(&self.global, &self.home, &profile.server, token, FirstContact::Refuse).ok()
        });
        Box::pin(async move { timeout(UNREAD_TIMEOUT, unread(options?)).await.ok()?.ok() })
    }

    fn edit(&self, text: String) -> Later<Result<String, String>> {
        let (terminal, directory) = (self.terminal.clone(), files::unsent(&self.home));
        Box::pin(async move {
            if let Some(terminal) = &terminal {
                terminal.lend().await;
            }
            let editing = tokio::task::spawn_blocking(move || crate::prompt::editor(&text, &directory));
            let result = match editing.await {
                Ok(Ok(edited)) => {
                    // The composer keeps it as a draft.
                    let text = edited.text.clone();
                    edited.sent();
                    Ok(text)
                }
                Ok(Err(failure)) => Err(failure.message()),
                Err(error) => Err(error.to_string()),
            };
            if let Some(terminal) = &terminal {
                terminal.take_again();
            }
            result
        })
    }

    fn suspend(&self) -> Later<()> {
        let terminal = self.terminal.clone();
        Box::pin(async move {
            let Some(terminal) = terminal else { return };
            terminal.lend().await;
            local_terminal::stop().await;
            terminal.take_again();
        })
    }

    fn hide_input(&self, is_hidden: bool) {
        match &self.typing {
            Some(typing) => typing.lock().unwrap_or_else(PoisonError::into_inner).hide(is_hidden),
            None => local_terminal::hide_input(is_hidden),
        }
    }

    fn has_keyboard(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    fn is_typing(&self) -> bool {
        let typing = self.typing.as_ref();
        typing.is_some_and(|typing| typing.lock().unwrap_or_else(PoisonError::into_inner).is_in_line())
    }

    fn take_typed(&self) -> Option<String> {
        let Some(typing) = &self.typing else {
            local_terminal::discard_input();
            return None;
        };
        Some(typing.lock().unwrap_or_else(PoisonError::into_inner).take_line())
    }

    fn open_link(&self, url: &str) -> Result<(), String> {
        let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let child = Command::new(program)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => {
                    format!("Links can't be opened: {program} isn't installed. Press yy to copy the link.")
                }
                _ => format!(
                    "Cannot start {program}: {}. Press yy to copy the link.",
                    os_error_in_words(&error)
                ),
            })?;
        // Wait for the process, so that it does not become a zombie.
        std::thread::spawn(move || {
            let mut child = child;
            let _ = child.wait();
        });
        Ok(())
    }

    fn host_here(&self) -> Later<Result<String, String>> {
        let server = LocalServer::new(&self.home);
        let options = own_server_options(&self.global, &self.home, &server);
        Box::pin(async move {
            let options = options.map_err(|failure| failure.message())?;
            server.start(&options).await.map_err(|failure| failure.message())?;
            Ok(server.reached_at())
        })
    }

    fn stop_here(&self) -> Later<Result<bool, String>> {
        let server = LocalServer::new(&self.home);
        Box::pin(async move { server.stop().await.map_err(|failure| failure.message()) })
    }

    fn tour(&self) -> Later<Result<String, String>> {
        let (profile, tour) = (self.profile.clone(), self.tour.clone());
        Box::pin(async move {
            let (guest, directory) = tour::begin().await?;
            let server = guest.server.clone();
            *tour.lock().unwrap_or_else(PoisonError::into_inner) = Some((server.clone(), directory));
            *profile.lock().unwrap_or_else(PoisonError::into_inner) = Some(guest);
            Ok(server)
        })
    }
}

/// Connects, asks how many notifications and messages are unread, and disconnects.
async fn unread(options: client::Options) -> Result<u32, ClientError> {
    let client = Client::connect(options).await?;
    let page = |limit| Some(v1::PageRequest { limit, position: None });
    let notifications = v1::ListNotifications { page: page(1), unread_only: true, kinds: Vec::new() };
    let notifications = client.ask(notifications).await?.unread;
    let chats = client.ask(v1::ListConversations { page: page(CHATS_MAX) }).await?.conversations;
    let messages = chats.iter().fold(0, |sum: u32, chat| sum.saturating_add(chat.unread));
    Ok(notifications.saturating_add(messages))
}

/// Client options for this server.
fn options(
    global: &Global,
    home: &Home,
    server: &str,
    token: Option<Token>,
    first_contact: FirstContact,
) -> Result<client::Options, String> {
    let endpoint = Endpoint::parse(server).map_err(|error| error.to_string())?;
    client_options(global, home, endpoint, token, first_contact).map_err(|failure| failure.message())
}
