//! The host of a client on this machine: profiles, the editor, links, a local server, the tour.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, ClientError, Endpoint, Home, Profile, Profiles, Token};
use tui::local_store::LocalStore;
use tui::run::{Host, Later};

use super::local_terminal::{self, LocalTerminal};
use super::tour;
use crate::args::Global;
use crate::context::{Context, client_options};
use crate::files;

/// Maximum time for a server that was just started to respond.
const START_MAX: Duration = Duration::from_secs(10);

/// Implements the client's host on this machine.
pub(super) struct LocalHost {
    global: Global,
    home: Home,
    /// The terminal to lend to other programs; none in plain mode.
    terminal: Option<Arc<LocalTerminal>>,
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
        profile: Option<Profile>,
    ) -> Self {
        let (global, home) = (context.global.clone(), context.home.clone());
        Self { global, home, terminal, profile: Arc::new(Mutex::new(profile)), tour: Arc::default() }
    }

    fn profile(&self) -> Option<Profile> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Host for LocalHost {
    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn connect(&self, server: String, with_session: bool) -> Later<Result<Client, ClientError>> {
        let token = self.profile().and_then(|profile| profile.token).filter(|_| with_session);
        let mut options = options(&self.global, &self.home, &server, token);
        let tour = self.tour.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Ok(options), Some((address, _))) = (&mut options, tour.as_ref()) {
            options.insecure |= *address == server;
        }
        Box::pin(async move {
            let options =
                options.map_err(|problem| ClientError::Unreachable { endpoint: server, reason: problem })?;
            Client::connect(options).await
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
        local_terminal::hide_input(is_hidden);
    }

    fn open_link(&self, url: &str) -> Result<(), String> {
        let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let child = Command::new(program)
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Cannot start {program}: {error}. Press yy to copy the link."))?;
        // Wait for the process, so that it does not become a zombie.
        std::thread::spawn(move || {
            let mut child = child;
            let _ = child.wait();
        });
        Ok(())
    }

    fn host_here(&self) -> Later<Result<String, String>> {
        let log = self.home.path().join("server.log");
        let (global, home) = (self.global.clone(), self.home.clone());
        Box::pin(async move {
            // The new server listens at the address in the same variable.
            let server = std::env::var("MINI_TWEET_LISTEN").unwrap_or_else(|_| "127.0.0.1:4280".to_owned());
            if answers(&global, &home, &server).await {
                return Ok(server);
            }
            start_server(&log).map_err(|problem| format!("Cannot start a server: {problem}"))?;
            let deadline = tokio::time::Instant::now() + START_MAX;
            while tokio::time::Instant::now() < deadline {
                if answers(&global, &home, &server).await {
                    return Ok(server);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(format!("The server does not respond. See its log: {}", log.display()))
        })
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

async fn answers(global: &Global, home: &Home, server: &str) -> bool {
    match options(global, home, server, None) {
        Ok(options) => Client::connect(options).await.is_ok(),
        Err(_) => false,
    }
}

/// Client options for this server.
fn options(
    global: &Global,
    home: &Home,
    server: &str,
    token: Option<Token>,
) -> Result<client::Options, String> {
    let endpoint = Endpoint::parse(server).map_err(|error| error.to_string())?;
    client_options(global, home, endpoint, token).map_err(|failure| failure.message())
}

/// Starts a server in a process group of its own: it keeps running when the client ends.
fn start_server(log: &Path) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt as _;
    if let Some(directory) = log.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let log = std::fs::File::options().create(true).append(true).open(log)?;
    Command::new(std::env::current_exe()?)
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()?;
    Ok(())
}
