//! What every verb needs: the user's files, the selected server and account, and a connection.

use std::path::PathBuf;

use client::{Client, Endpoint, Home, Options, Profile, Profiles, Token};
use etcetera::{AppStrategy as _, AppStrategyArgs, app_strategy::Xdg};
use protocol::tls::Fingerprint;
use protocol::v1;
use protocol::v1::page_request::Position;
use protocol::v1::read_timeline::Timeline;

use crate::args::{Global, TweetRef};
use crate::exit::Failure;
use crate::output::Output;
use crate::prompt::{Prompts, whole_stdin};

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

    /// Whether files and programs of this machine may be used.
    pub(crate) fn is_local(&self) -> bool {
        self.remote.is_none()
    }

    /// Address of the selected server.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        let named = match &self.global.server {
            Some(server) => Some(server.clone()),
            None => self.chosen_profile()?.map(|profile| profile.server),
        };
        Endpoint::parse(named.as_deref().unwrap_or("127.0.0.1"))
            .map_err(|error| Failure::Usage(error.to_string()))
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
        let endpoint =
            Endpoint::parse(&profile.server).map_err(|error| Failure::Failed(error.to_string()))?;
        let token = profile.token.clone().ok_or(Failure::NotSignedIn)?;
        self.open(endpoint, Some(token)).await
    }

    fn options_of(&self, caller: &RemoteCaller) -> Options {
        Options { read_only: self.global.read_only, ..caller.options.clone() }
    }

    /// A connection to the operator socket of the server with this data directory.
    pub(crate) async fn operator(&self, data: &std::path::Path) -> Result<Client, Failure> {
        self.open(Endpoint::Unix(data.join(server::run::OPERATOR_SOCKET)), None).await
    }

    async fn open(&self, endpoint: Endpoint, token: Option<Token>) -> Result<Client, Failure> {
        let shown = endpoint.to_string();
        let options = client_options(&self.global, &self.home, endpoint, token)?;
        let connecting = tokio::time::timeout(self.global.timeout, Client::connect(options));
        let client =
            connecting.await.map_err(|_| client::ClientError::TimedOut { endpoint: shown.clone() })??;
        if let Some(key) = client.first_contact() {
            self.out.say(&format!(
                "First connection to {shown}. From now on, only this server key is accepted:\n  {key}"
            ));
        }
        Ok(client)
    }

    /// The selected profile: the one named with --profile, else one on the server named with --server, else the
    /// current one.
    pub(crate) fn chosen_profile(&self) -> Result<Option<Profile>, Failure> {
        if self.remote.is_some() {
            return Ok(None);
        }
        let profiles = Profiles::load(&self.home)?;
        let server = match &self.global.server {
            None => None,
            Some(text) => {
                Some(Endpoint::parse(text).map_err(|error| Failure::Usage(error.to_string()))?.to_string())
            }
        };
        let fits = |profile: &&Profile| server.as_ref().is_none_or(|server| *server == profile.server);
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

/// Client options from the global flags.
pub(crate) fn client_options(
    global: &Global,
    home: &Home,
    endpoint: Endpoint,
    token: Option<Token>,
) -> Result<Options, Failure> {
    let mut options = Options::new(endpoint, home.known_hosts());
    options.token = token;
    options.timeout = global.timeout;
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
