//! What every verb stands on: where this person's files are, which server and account are meant, and a connection.

use std::path::PathBuf;
use std::sync::OnceLock;

use client::{Client, Endpoint, Home, Options, Profile, Profiles, Token};
use etcetera::{AppStrategy as _, AppStrategyArgs, app_strategy::Xdg};
use protocol::tls::Fingerprint;

use crate::args::{Global, TweetRef};
use crate::exit::Failure;
use crate::output::Output;
use crate::prompt::{Asking, whole_stdin};

/// One call of the program.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) home: Home,
    pub(crate) out: Output,
    pub(crate) asking: Asking,
    /// Whose session the connection has.
    profile: OnceLock<Profile>,
    /// Somebody who is not at this machine: nothing of it is theirs.
    visit: Option<SshSession>,
}

/// Somebody from elsewhere who uses the verbs here.
pub(crate) struct SshSession {
    /// The way to the server, with their session if they have one.
    pub(crate) options: Options,
    /// What they sent for standard input.
    pub(crate) stdin: String,
}

impl Context {
    pub(crate) fn new(global: Global) -> Result<Self, Failure> {
        let (out, asking) = (Output::new(&global), Asking::new(global.no_input));
        Ok(Self { home: home()?, out, asking, global, profile: OnceLock::new(), visit: None })
    }

    /// For somebody from elsewhere: nobody is asked, no file is read, no other server is meant.
    #[cfg(feature = "ssh")]
    pub(crate) fn of_visit(global: Global, out: Output, visit: SshSession) -> Self {
        let home = Home::at(PathBuf::new());
        Self { home, out, asking: Asking::new(true), global, profile: OnceLock::new(), visit: Some(visit) }
    }

    /// All of standard input.
    pub(crate) fn stdin(&self) -> Result<String, Failure> {
        match &self.visit {
            Some(visit) => Ok(visit.stdin.trim_end_matches(['\n', '\r']).to_owned()),
            None => whole_stdin(),
        }
    }

    /// Whether files and programs of this machine can be used: only by who sits at it.
    pub(crate) fn is_at_home(&self) -> bool {
        self.visit.is_none()
    }

    /// Where the server is that is meant, whoever is signed in.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, Failure> {
        let named = match &self.global.server {
            Some(server) => Some(server.clone()),
            None => self.chosen_profile()?.map(|profile| profile.server),
        };
        Endpoint::parse(named.as_deref().unwrap_or("127.0.0.1"))
            .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// A connection on which nobody is signed in.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        if let Some(visit) = &self.visit {
            return Ok(Client::connect(Options { token: None, ..visit.options.clone() }).await?);
        }
        self.open(self.endpoint()?, None).await
    }

    /// A connection with the session of the account that is meant.
    pub(crate) async fn signed_in(&self) -> Result<Client, Failure> {
        if let Some(visit) = &self.visit {
            return match &visit.options.token {
                Some(_) => Ok(Client::connect(visit.options.clone()).await?),
                None => Err(Failure::NotSignedIn),
            };
        }
        if let Ok(token) = std::env::var("MINI_TWEET_TOKEN") {
            let token = Token::parse(&token)
                .ok_or_else(|| Failure::Usage("MINI_TWEET_TOKEN is not the token of a session".to_owned()))?;
            return self.open(self.endpoint()?, Some(token)).await;
        }
        let profile = self.chosen_profile()?.ok_or(Failure::NotSignedIn)?;
        let endpoint =
            Endpoint::parse(&profile.server).map_err(|error| Failure::Failed(error.to_string()))?;
        let token = profile.token.clone().ok_or(Failure::NotSignedIn)?;
        let client = self.open(endpoint, Some(token)).await?;
        self.profile.get_or_init(|| profile);
        Ok(client)
    }

    /// The operator's door of the server in this directory.
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
                "First contact with {shown}. Its key, from now on the only one accepted:\n  {key}"
            ));
        }
        Ok(client)
    }

    /// The profile that is meant: the one named, else one on the server named, else the current one.
    pub(crate) fn chosen_profile(&self) -> Result<Option<Profile>, Failure> {
        if self.visit.is_some() {
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
                None => {
                    Err(Failure::Usage(format!("there is no profile {name:?}; see `mini-tweet accounts`")))
                }
            };
        }
        let current = profiles.current().filter(fits);
        Ok(current.or_else(|| profiles.all().find(fits)).cloned())
    }

    /// The tweet that is meant.
    pub(crate) fn tweet(&self, tweet: TweetRef) -> Result<u64, Failure> {
        match tweet {
            TweetRef::Id(id) => Ok(id),
            TweetRef::Last => self.chosen_profile()?.and_then(|profile| profile.last).ok_or_else(|| {
                Failure::Usage("you have written nothing from here yet: name the id".to_owned())
            }),
        }
    }

    /// Remembers it for `@last`.
    pub(crate) fn remember_last(&self, id: u64) -> Result<(), Failure> {
        if let Some(profile) = self.profile.get() {
            Profiles::update(&self.home, |all| {
                all.change(&profile.name(), |profile| profile.last = Some(id));
            })?;
        }
        Ok(())
    }
}

/// How to reach a server, as the flags say.
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
    options.fingerprint = match &global.fingerprint {
        None => None,
        Some(text) => Some(Fingerprint::parse(text).ok_or_else(|| {
            let looks = "the fingerprint must look like SHA256:… (the server says it at its start)";
            Failure::Usage(looks.to_owned())
        })?),
    };
    Ok(options)
}

/// `MINI_TWEET_HOME`, or the place for data of programs.
fn home() -> Result<Home, Failure> {
    if let Some(home) = std::env::var_os("MINI_TWEET_HOME").filter(|home| !home.is_empty()) {
        return Ok(Home::at(PathBuf::from(home)));
    }
    let name = AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "mini-tweet".to_owned(),
    };
    let strategy = Xdg::new(name)
        .map_err(|_| Failure::Failed("there is no home directory; set MINI_TWEET_HOME to one".to_owned()))?;
    Ok(Home::at(strategy.data_dir()))
}

/// A username as people write it, with or without @.
pub(crate) fn username(text: &str) -> String {
    text.strip_prefix('@').unwrap_or(text).to_owned()
}
