//! What every verb needs: the user's files, the selected server and account, and a connection.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use client::{Client, ClientError, Endpoint, FirstContact, Home, Options, Profile, Profiles, Token};
use etcetera::{AppStrategy as _, AppStrategyArgs, app_strategy::Xdg};
use protocol::tls::Fingerprint;
use protocol::v1;
use protocol::v1::page_request::Position;
use protocol::v1::read_timeline::Timeline;
use server::config::DATA_DIRECTORY;
use store::env::{Clock as _, SystemClock};
use zeroize::Zeroizing;

use crate::args::{Global, TweetRef};
use crate::exit::Failure;
use crate::local_server::LocalServer;
use crate::output::{Output, style};
use crate::prompt::{Prompts, secret_line, whole_stdin};

/// Largest page that servers return.
pub(crate) const PAGE_MAX: u32 = 100;

/// One run of a verb.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) home: Home,
    pub(crate) out: Output,
    pub(crate) prompts: Prompts,
    /// Set if the verb runs over ssh: then no file and no prompt of this machine may be used.
    remote: Option<RemoteCaller>,
}

/// The caller of a verb over ssh.
pub(crate) struct RemoteCaller {
    /// How to connect to the server, with the caller's session if there is one.
    pub(crate) options: Options,
    /// The standard input of the command.
    pub(crate) stdin: String,
    /// Lines of it that were taken as secrets.
    pub(crate) secrets_taken: AtomicUsize,
}

impl Context {
    pub(crate) fn new(global: Global) -> Result<Self, Failure> {
        let (out, prompts) = (Output::new(&global), Prompts::new(global.no_input));
        Ok(Self { home: home()?, out, prompts, global, remote: None })
    }

    /// For a verb over ssh: no prompts, no files, no other server.
    #[cfg(feature = "ssh")]
    pub(crate) fn over_ssh(global: Global, out: Output, caller: RemoteCaller) -> Self {
        let home = Home::at(PathBuf::new());
        let prompts = Prompts::new(true);
        Self { home, out, prompts, global, remote: Some(caller) }
    }

    /// All of standard input, without the newline at its end.
    pub(crate) fn stdin(&self) -> Result<String, Failure> {
        match &self.remote {
            Some(caller) => Ok(caller.stdin.trim_end_matches(['\n', '\r']).to_owned()),
            None => whole_stdin(),
        }
    }

    /// The next line of standard input: a password or a token.
    pub(crate) fn secret_line(&self) -> Result<Zeroizing<String>, Failure> {
        let Some(caller) = &self.remote else { return secret_line() };
        let line = caller.stdin.lines().nth(caller.secrets_taken.fetch_add(1, Ordering::Relaxed));
        line.map(|line| Zeroizing::new(line.to_owned()))
            .ok_or_else(|| Failure::Usage("stdin has no more lines".to_owned()))
    }

    /// Whether files and programs of this machine may be used.
    pub(crate) fn is_local(&self) -> bool {
        self.remote.is_none()
    }

    /// The server that this user runs on this computer.
    pub(crate) fn local_server(&self) -> LocalServer {
        LocalServer::new(&self.home)
    }

    /// Address of the selected server.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        let named = match &self.global.server {
            Some(server) => Some(server.clone()),
            None => self.chosen_profile()?.map(|profile| profile.server),
        };
        // Without an account, the user's own server, wherever it listens.
        let server =
            named.unwrap_or_else(|| self.local_server().reached_at_if_runs().unwrap_or_else(default_server));
        Endpoint::parse(&server).map_err(|error| Failure::Usage(error.to_string()))
    }

    /// A connection without a session.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        if let Some(caller) = &self.remote {
            return Ok(Client::connect(Options { token: None, ..self.options_of(caller) }).await?);
        }
        self.open(self.endpoint()?, None).await
    }

    /// A connection with the session of the selected account.
    pub(crate) async fn signed_in(&self) -> Result<Client, Failure> {
        if let Some(caller) = &self.remote {
            return match &caller.options.token {
                Some(_) => Ok(Client::connect(self.options_of(caller)).await?),
                None => Err(Failure::NotSignedIn),
            };
        }
        if let Ok(token) = std::env::var("MINI_TWEET_TOKEN") {
            let token = Token::parse(&token)
                .ok_or_else(|| Failure::Usage("MINI_TWEET_TOKEN is not a valid session token".to_owned()))?;
            return self.open(self.endpoint()?, Some(token)).await;
        }
        let profile = self.chosen_profile()?.ok_or(Failure::NotSignedIn)?;
        // --server can name other addresses of the profile's network.
        let endpoint = match &self.global.server {
            Some(_) => self.endpoint()?,
            None => Endpoint::parse(&profile.server).map_err(|error| Failure::Failed(error.to_string()))?,
        };
        let token = profile.token.clone().ok_or(Failure::NotSignedIn)?;
        self.open(endpoint, Some(token)).await
    }

    fn options_of(&self, caller: &RemoteCaller) -> Options {
        Options { read_only: self.global.read_only, ..caller.options.clone() }
    }

    /// A connection for operator requests: to the operator socket of this data directory, or of the usual one if a
    /// server runs there, else with the session of the selected account, whose role the server checks.
    pub(crate) async fn operator(&self, data: Option<&Path>) -> Result<Client, Failure> {
        let names_account = self.global.server.is_some() || self.global.profile.is_some() || !self.is_local();
        let socket = |data: &Path| data.join(server::run::OPERATOR_SOCKET);
        let is_here = !names_account && socket(Path::new(DATA_DIRECTORY)).exists();
        match data.or(is_here.then_some(Path::new(DATA_DIRECTORY))).filter(|_| self.is_local()) {
            Some(data) => self.open(Endpoint::Unix(socket(data)), None).await,
            None => match self.signed_in().await {
                Err(Failure::NotSignedIn) if self.is_local() => Err(Failure::NotSignedIn.and(
                    "Your account needs the role admin. On the server's machine, name its data directory instead: --data DIR",
                )),
                outcome => outcome,
            },
        }
    }

    async fn open(&self, endpoint: Endpoint, token: Option<Token>) -> Result<Client, Failure> {
        let shown = endpoint.to_string();
        let first_contact =
            if self.prompts.is_possible() { FirstContact::Trust } else { FirstContact::Refuse };
        let mut options = client_options(&self.global, &self.home, endpoint, token, first_contact)?;
        options.connect_timeout = self.global.timeout;
        if !options.insecure {
            // The user's own server says itself which key it has.
            options.fingerprint = options.fingerprint.or_else(|| self.local_server().key_at(&shown));
        }
        let connecting = tokio::time::timeout(self.global.timeout, Client::connect(options));
        let client = match connecting.await {
            Ok(Ok(client)) => client,
            Ok(Err(error @ ClientError::Unreachable { .. })) if self.local_server().is_at(&shown) => {
                let hint = "It is your own server on this computer: start it with `mini-tweet host start`";
                return Err(Failure::from(error).and(hint));
            }
            Ok(Err(ClientError::TimedOut { .. })) | Err(_) => {
                return Err(Failure::from(ClientError::TimedOut { endpoint: shown }).and("Nothing was sent"));
            }
            Ok(Err(error)) => return Err(error.into()),
        };
        if let Some(now_ms) = client.server_now_ms() {
            style::set_server_now_ms(now_ms);
        }
        if let Some(key) = client.first_contact() {
            // Also with --quiet and --json: there is a terminal, and no other time to compare the key.
            crate::logging::talk(format_args!(
                "First connection to {shown}. From now on, only this server key is accepted:\n  {key}"
            ));
        }
        if let Some(key) = client.replaced_key() {
            crate::logging::talk(format_args!(
                "From now on, only this key of {shown} is accepted, no longer the former one:\n  {key}"
            ));
        }
        Ok(client)
    }

    /// The selected profile: the one named with --profile, else one on the network that has an address named with --server,
    /// else the current one.
    pub(crate) fn chosen_profile(&self) -> Result<Option<Profile>, Failure> {
        if self.remote.is_some() {
            return Ok(None);
        }
        let profiles = Profiles::load(&self.home)?;
        let server = match &self.global.server {
            None => None,
            Some(text) => Some(Endpoint::parse(text).map_err(|error| Failure::Usage(error.to_string()))?),
        };
        let fits = |profile: &&Profile| {
            server.as_ref().is_none_or(|server| {
                Endpoint::parse(&profile.server).is_ok_and(|other| server.is_same_network(&other))
            })
        };
        if let Some(name) = &self.global.profile {
            let found =
                profiles.find(name).or_else(|| profiles.all().filter(fits).find(|p| p.username == *name));
            return match found {
                Some(profile) => Ok(Some(profile.clone())),
                None => Err(Failure::Usage(format!(
                    "no account {name:?} on this machine; see `mini-tweet accounts`"
                ))),
            };
        }
        let current = profiles.current().filter(fits);
        Ok(current.or_else(|| profiles.all().find(fits)).cloned())
    }

    /// The id of the tweet. The server knows which one is `@last`, whichever client posted it.
    pub(crate) async fn tweet(&self, client: &Client, tweet: TweetRef) -> Result<u64, Failure> {
        if let TweetRef::Id(id) = tweet {
            return Ok(id);
        }
        let mut position = None;
        loop {
            let page = Some(v1::PageRequest { limit: PAGE_MAX, position });
            let timeline = Some(Timeline::User(String::new()));
            let answer = client.ask(v1::ReadTimeline { timeline, page }).await?;
            if let Some(own) = answer.tweets.iter().find(|tweet| tweet.retweet_of == 0) {
                return Ok(own.id);
            }
            if answer.next.is_empty() {
                return Err(model::Error::not_found("tweet").into());
            }
            position = Some(Position::Before(answer.next));
        }
    }
}

/// The server of someone who has neither named one nor runs one.
fn default_server() -> String {
    "127.0.0.1".to_owned()
}

/// Client options from the global flags.
pub(crate) fn client_options(
    global: &Global,
    home: &Home,
    endpoint: Endpoint,
    token: Option<Token>,
    first_contact: FirstContact,
) -> Result<Options, Failure> {
    let mut options = Options::new(endpoint, home.known_hosts());
    options.token = token;
    options.now_ms = Some(SystemClock.now_ms());
    options.timeout = global.timeout;
    options.first_contact = first_contact;
    options.insecure = global.insecure;
    options.read_only = global.read_only;
    options.fingerprint = match &global.fingerprint {
        None => None,
        Some(text) => Some(Fingerprint::parse(text).ok_or_else(|| {
            let looks = "--fingerprint must look like SHA256:…; the server logs it when it starts";
            Failure::Usage(looks.to_owned())
        })?),
    };
    Ok(options)
}

/// Client options for the server that this user runs on this computer. It says itself which key it has.
pub(crate) fn own_server_options(
    global: &Global,
    home: &Home,
    server: &LocalServer,
) -> Result<Options, Failure> {
    let address = server.reached_at();
    let endpoint = Endpoint::parse(&address).map_err(|error| Failure::Usage(error.to_string()))?;
    client_options(global, home, endpoint, None, FirstContact::Refuse)
}

/// `MINI_TWEET_HOME`, or the platform's directory for application data.
fn home() -> Result<Home, Failure> {
    if let Some(home) = std::env::var_os("MINI_TWEET_HOME").filter(|home| !home.is_empty()) {
        return Ok(Home::at(PathBuf::from(home)));
    }
    let name = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "mini-tweet".to_owned(),
    };
    let strategy = Xdg::new(name).map_err(|_| {
        Failure::Failed("no home directory found; set MINI_TWEET_HOME to a directory".to_owned())
    })?;
    Ok(Home::at(strategy.data_dir()))
}

/// A text that a user wrote, as the server accepts it: in NFC, without a byte order mark, with LF as the end of a line
/// and with spaces for tabs. Windows and many editors write texts in other forms.
pub(crate) fn written(text: &str) -> String {
    let text =
        text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
    model::to_nfc(text.trim_end_matches('\n'))
}

/// A username from an argument, with or without @.
pub(crate) fn username(text: &str) -> String {
    text.strip_prefix('@').unwrap_or(text).to_owned()
}
