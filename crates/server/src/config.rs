//! What an operator can set: by a TOML file, `MINI_TWEET_…` variables and flags, the later winning.
//!
//! Every option stands once in the table below, with its meaning; the reference in `docs/configuration.md` is
//! made from it. Nothing here opens a socket or a database.

use std::fmt::{self, Display, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use model::SafeText;
use toml::de::{DeTable, DeValue};

use service::SignUpMode;

/// One option, as the reference shows it.
#[derive(Debug, Clone, Copy)]
pub struct OptionEntry {
    /// Its name in the file, with the table: `server.name`.
    pub key: &'static str,
    /// What can be written.
    pub kind: &'static str,
    /// What it does.
    pub doc: &'static str,
}

impl OptionEntry {
    /// The environment variable that sets it: `MINI_TWEET_SERVER_NAME`.
    #[must_use]
    pub fn environment_name(&self) -> String {
        format!("MINI_TWEET_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }
}

macro_rules! options {
    ($($key:literal, $field:ident: $kind:ty = $default:expr, $doc:literal;)*) => {
        /// A server's configuration. Each field is the option of the same name.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config {
            $(#[doc = $doc] pub $field: $kind,)*
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        /// Every option, in the order of the reference.
        pub const OPTIONS: &[OptionEntry] = &[
            $(OptionEntry { key: $key, kind: <$kind as OptionValue>::KIND, doc: $doc },)*
        ];

        impl Config {
            fn set(&mut self, key: &str, text: &str) -> Result<(), Problem> {
                match key {
                    $($key => self.$field = OptionValue::parse(text).map_err(Problem::Value)?,)*
                    _ => return Err(Problem::UnknownKey),
                }
                Ok(())
            }

            fn show(&self, key: &str) -> String {
                match key {
                    $($key => OptionValue::show(&self.$field),)*
                    _ => String::new(),
                }
            }
        }
    };
}

options! {
    "listen", listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], protocol::DEFAULT_PORT)),
    "Where clients connect. The default is reached from this machine only; `0.0.0.0:4280` or `[::]:4280` opens \
     the server to the world. Port 0 takes any free one.";
    "ssh", ssh: Option<SocketAddr> = None,
    "Where people come in by ssh, for example `0.0.0.0:4222`. Without it nobody does.";
    "insecure", insecure: bool = false,
    "Speak without TLS. Only on a loopback address.";
    "data_dir", data_dir: PathBuf = PathBuf::from("mini-tweet-data"),
    "Directory of the database and the operator's socket. Made with mode 0700 if it is not there.";

    "server.name", server_name: String = "Mini-Tweet".to_owned(),
    "What the server calls itself.";
    "server.sign_up", server_sign_up: SignUpMode = SignUpMode::Open,
    "Who may make an account: anyone, whoever has an invite code, or nobody but an operator.";
    "server.node", server_node: u8 = 0,
    "Number of this server among those that share identifiers, 0 to 63.";

    "tls.certificate", tls_certificate: Option<PathBuf> = None,
    "PEM file of your own certificate chain. Without it the server makes a key at its first start.";
    "tls.key", tls_key: Option<PathBuf> = None,
    "PEM file of its private key.";

    "limits.connections", limits_connections: u32 = 10_000,
    "Connections in all. Each needs a file descriptor: see `ulimit -n`.";
    "limits.connections_per_address", limits_connections_per_address: u32 = 1_024,
    "Connections from one address; an IPv6 address counts as its /64.";
    "limits.unauthenticated_per_address", limits_unauthenticated_per_address: u32 = 256,
    "Connections from one address that have not logged in yet.";
    "limits.ssh_connections", limits_ssh_connections: u32 = 1_000,
    "Connections by ssh in all. One with a terminal takes up to 1 MiB of memory.";
    "limits.ssh_connections_per_address", limits_ssh_connections_per_address: u32 = 64,
    "Connections by ssh from one address.";
    "limits.ssh_guests_per_address", limits_ssh_guests_per_address: u32 = 16,
    "Connections by ssh from one address that came without a known key.";
    "limits.requests_per_second", limits_requests_per_second: u32 = 100,
    "Requests of one account in the long run (before log-in: of one address). 0: no limit.";
    "limits.requests_burst", limits_requests_burst: u32 = 500,
    "Requests of one account at once.";
    "limits.queue_ms", limits_queue_ms: u32 = 50,
    "Milliseconds that requests may wait for the disk when there is more to do than the server can. Past that, new \
     ones are answered with BUSY at once. 0: no limit.";
    "limits.sign_ups_per_address", limits_sign_ups_per_address: u32 = 5,
    "New accounts from one address in 30 minutes. 0: no limit.";
    "limits.new_account_posts", limits_new_account_posts: u32 = 30,
    "Tweets in an hour of an account that is less than a day old. 0: no limit.";
    "limits.stranger_mentions", limits_stranger_mentions: u32 = 10,
    "People who do not follow the author that a tweet may mention. 0: no limit.";
    "limits.log_in_seconds", limits_log_in_seconds: u32 = 30,
    "Time to log in before a connection is closed.";
    "limits.heartbeat_seconds", limits_heartbeat_seconds: u32 = 30,
    "A client that is silent for three times this long is gone.";

    "sessions.idle_days", sessions_idle_days: u32 = 30,
    "A session that is not used for so long ends.";
    "sessions.absolute_days", sessions_absolute_days: u32 = 180,
    "No session lives longer, used or not.";

    "passwords.memory_kib", passwords_memory_kib: u32 = 19_456,
    "Memory for one argon2id hash. Older hashes are replaced at the next log-in.";
    "passwords.passes", passwords_passes: u32 = 2,
    "Passes of argon2id over that memory.";
    "passwords.threads", passwords_threads: u32 = 0,
    "Hashes at the same time. 0: one less than there are processors, so that a flood of log-ins leaves one for the \
     rest.";
    "passwords.queue", passwords_queue: u32 = 64,
    "Log-ins and sign-ups that wait for a hash; beyond that the answer is BUSY.";

    "events.keep_hours", events_keep_hours: u32 = 168,
    "How long events are kept for clients that come back and ask for what they missed.";

    "log.format", log_format: LogFormat = LogFormat::Text,
    "Lines for people, or one JSON object a line.";
    "log.level", log_level: LogLevel = LogLevel::Info,
    "The least important lines that are written.";
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the usual levels")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// As written in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What can be written as an option's value.
trait OptionValue: Sized {
    const KIND: &'static str;
    /// The problem goes on from the option's name: "must be true or false".
    fn parse(text: &str) -> Result<Self, String>;
    fn show(&self) -> String;
}

macro_rules! words {
    ($kind:ty, $what:literal, $($word:literal => $value:path),*) => {
        impl OptionValue for $kind {
            const KIND: &'static str = $what;
            fn parse(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok($value),)*
                    _ => Err(concat!("must be ", $what).to_owned()),
                }
            }
            fn show(&self) -> String {
                match self {
                    $($value => $word.to_owned(),)*
                }
            }
        }
    };
}

words!(SignUpMode, "open, invite or closed",
    "open" => SignUpMode::Open, "invite" => SignUpMode::Invite, "closed" => SignUpMode::Closed);
words!(LogFormat, "text or json", "text" => LogFormat::Text, "json" => LogFormat::Json);
words!(LogLevel, "error, warn, info, debug or trace",
    "error" => LogLevel::Error, "warn" => LogLevel::Warn, "info" => LogLevel::Info,
    "debug" => LogLevel::Debug, "trace" => LogLevel::Trace);

macro_rules! from_str {
    ($($kind:ty => $what:literal),*) => {$(
        impl OptionValue for $kind {
            const KIND: &'static str = $what;
            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| concat!("must be ", $what).to_owned())
            }
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

from_str! {
    bool => "true or false",
    u8 => "a number from 0 to 255",
    u32 => "a whole number, 0 or more",
    SocketAddr => "an address with a port, such as 127.0.0.1:4280"
}

impl OptionValue for String {
    const KIND: &'static str = "text of one line";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err("must be text of one line".to_owned());
        }
        Ok(text.to_owned())
    }

    fn show(&self) -> String {
        self.clone()
    }
}

impl OptionValue for PathBuf {
    const KIND: &'static str = "a path";

    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("must be a path".to_owned()) } else { Ok(text.into()) }
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl OptionValue for Option<PathBuf> {
    const KIND: &'static str = "a path";

    fn parse(text: &str) -> Result<Self, String> {
        PathBuf::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(PathBuf::show).unwrap_or_default()
    }
}

impl OptionValue for Option<SocketAddr> {
    const KIND: &'static str = SocketAddr::KIND;

    fn parse(text: &str) -> Result<Self, String> {
        <SocketAddr as OptionValue>::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(OptionValue::show).unwrap_or_default()
    }
}

/// A mistake in the configuration: where it is and what it is, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    place: String,
    problem: String,
}

enum Problem {
    UnknownKey,
    Value(String),
}

impl ConfigError {
    fn new(place: impl Display, problem: impl Display) -> Self {
        // Both may quote what stands in a file.
        let safe = |text: String| SafeText::line(&text).to_string();
        Self { place: safe(place.to_string()), problem: safe(problem.to_string()) }
    }

    fn of(place: impl Display, key: &str, problem: Problem) -> Self {
        match problem {
            Problem::Value(reason) => Self::new(place, format_args!("{key} {reason}")),
            Problem::UnknownKey => match nearest(key) {
                Some(known) => {
                    Self::new(place, format_args!("there is no option `{key}`; did you mean `{known}`?"))
                }
                None => Self::new(place, format_args!("there is no option `{key}`")),
            },
        }
    }
}

/// Where a configuration comes from; what comes later wins.
pub struct Sources<'a> {
    /// The TOML file, if there is one.
    pub file: Option<&'a Path>,
    /// Looks up an environment variable.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Keys and values of the command line.
    pub flags: &'a [(String, String)],
}

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("file", &self.file)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Reads all sources.
    ///
    /// # Errors
    /// [`ConfigError`] for the first mistake.
    pub fn load(sources: &Sources<'_>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(file) = sources.file {
            let place = file.display().to_string();
            let text = std::fs::read_to_string(file).map_err(|error| ConfigError::new(&place, error))?;
            config.read_toml(&place, &text)?;
        }
        for option in OPTIONS {
            let name = option.environment_name();
            if let Some(text) = (sources.environment)(&name) {
                config
                    .set(option.key, &text)
                    .map_err(|problem| ConfigError::of(name, option.key, problem))?;
            }
        }
        for (key, text) in sources.flags {
            config.set(key, text).map_err(|problem| ConfigError::of("command line", key, problem))?;
        }
        config.check()?;
        Ok(config)
    }

    fn read_toml(&mut self, file: &str, text: &str) -> Result<(), ConfigError> {
        let place = |span: Range<usize>| format!("{file}:{}", line_of(text, span.start));
        let table = DeTable::parse(text)
            .map_err(|error| ConfigError::new(place(error.span().unwrap_or(0..0)), error.message()))?;
        self.read_table(&place, "", table.get_ref())
    }

    fn read_table(
        &mut self,
        place: &dyn Fn(Range<usize>) -> String,
        prefix: &str,
        table: &DeTable<'_>,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let here = || place(name.span());
            match value.get_ref() {
                DeValue::Table(inner) => {
                    let prefix = format!("{key}.");
                    if !OPTIONS.iter().any(|option| option.key.starts_with(&prefix)) {
                        return Err(ConfigError::of(here(), &key, Problem::UnknownKey));
                    }
                    self.read_table(place, &prefix, inner)?;
                }
                value => {
                    let text = scalar(value)
                        .ok_or_else(|| ConfigError::new(here(), format_args!("{key} must be one value")))?;
                    self.set(&key, &text).map_err(|problem| ConfigError::of(here(), &key, problem))?;
                }
            }
        }
        Ok(())
    }

    /// What no option can tell alone.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |problem: &str| Err(ConfigError::new("configuration", problem));
        if self.insecure && !self.listen.ip().is_loopback() {
            return wrong("insecure is for loopback addresses only: listen on 127.0.0.1, or leave it out");
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return wrong("tls.certificate and tls.key belong together: set both or none");
        }
        if self.server_node > model::NODE_MAX {
            return wrong("server.node must be from 0 to 63");
        }
        let positive = [
            ("limits.connections", self.limits_connections),
            ("limits.connections_per_address", self.limits_connections_per_address),
            ("limits.unauthenticated_per_address", self.limits_unauthenticated_per_address),
            ("limits.ssh_connections", self.limits_ssh_connections),
            ("limits.ssh_connections_per_address", self.limits_ssh_connections_per_address),
            ("limits.ssh_guests_per_address", self.limits_ssh_guests_per_address),
            ("limits.log_in_seconds", self.limits_log_in_seconds),
            ("limits.heartbeat_seconds", self.limits_heartbeat_seconds),
            ("sessions.idle_days", self.sessions_idle_days),
            ("sessions.absolute_days", self.sessions_absolute_days),
            ("passwords.passes", self.passwords_passes),
            ("passwords.queue", self.passwords_queue),
            ("events.keep_hours", self.events_keep_hours),
        ];
        if let Some((key, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return wrong(&format!("{key} must be at least 1"));
        }
        // What OWASP gives as the least for two passes.
        if self.passwords_memory_kib < 19_456 {
            return wrong("passwords.memory_kib must be at least 19456");
        }
        Ok(())
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok().map(|n| n.to_string())
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// The option that somebody may have meant.
fn nearest(key: &str) -> Option<&'static str> {
    OPTIONS
        .iter()
        .map(|option| (strsim::jaro_winkler(option.key, key), option.key))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

/// The reference of all options, as Markdown.
#[must_use]
pub fn reference() -> String {
    let defaults = Config::default();
    let mut out = String::from(
        "# Configuration\n\n\
         Each option can stand in a TOML file (`mini-tweet serve --config FILE`), in an environment variable, or on \
         the command line (`--set KEY=VALUE`); the later of these wins. A wrong key or value stops the server at \
         its start with one line that names the place. This page is generated from the source.\n",
    );
    for option in OPTIONS {
        let default = match defaults.show(option.key) {
            text if text.is_empty() => "none".to_owned(),
            text => format!("`{text}`"),
        };
        let _ = write!(
            out,
            "\n## `{}`\n\n{}\n\n- value: {}\n- default: {default}\n- environment: `{}`\n",
            option.key,
            option.doc,
            option.kind,
            option.environment_name()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_toml(text: &str) -> Result<Config, ConfigError> {
        let mut config = Config::default();
        config.read_toml("mini-tweet.toml", text)?;
        config.check()?;
        Ok(config)
    }

    fn mistake(text: &str) -> String {
        from_toml(text).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_valid_and_local() {
        let config = from_toml("").unwrap();
        assert_eq!(config, Config::default());
        assert!(config.listen.ip().is_loopback());
    }

    #[test]
    fn options_stand_in_their_tables() {
        let config = from_toml(
            "listen = '[::1]:1'\n[server]\nname = 'Ours'\nsign_up = 'invite'\n[limits]\nconnections = 1_000",
        )
        .unwrap();
        assert_eq!(config.server_name, "Ours");
        assert_eq!(config.server_sign_up, SignUpMode::Invite);
        assert_eq!(config.limits_connections, 1_000);
        assert_eq!(config.listen, "[::1]:1".parse().unwrap());
    }

    #[test]
    fn a_wrong_key_is_named_with_its_line_and_the_key_that_was_meant() {
        assert_eq!(
            mistake("listen = '127.0.0.1:1'\n\n[server]\nnaem = 'Ours'"),
            "mini-tweet.toml:4: there is no option `server.naem`; did you mean `server.name`?"
        );
        assert_eq!(mistake("[zzz]\nq = 1"), "mini-tweet.toml:1: there is no option `zzz`");
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_must_be() {
        assert_eq!(
            mistake("[limits]\nconnections = -1"),
            "mini-tweet.toml:2: limits.connections must be a whole number, 0 or more"
        );
        assert_eq!(
            mistake("listen = 4280"),
            "mini-tweet.toml:1: listen must be an address with a port, such as 127.0.0.1:4280"
        );
        assert_eq!(mistake("listen = ['a']"), "mini-tweet.toml:1: listen must be one value");
        assert!(mistake("listen = ").starts_with("mini-tweet.toml:1: "));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(mistake("insecure = true\nlisten = '0.0.0.0:4280'").contains("loopback"));
        assert!(from_toml("insecure = true").is_ok());
        assert!(mistake("tls.key = 'key.pem'").contains("belong together"));
        assert!(mistake("sessions.idle_days = 0").contains("sessions.idle_days must be at least 1"));
        assert!(mistake("passwords.memory_kib = 1").contains("19456"));
    }

    #[test]
    fn a_variable_wins_over_the_file_and_a_flag_over_both() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("c.toml");
        std::fs::write(&file, "server.name = 'file'\nserver.node = 1\ninsecure = true").unwrap();
        let environment = |name: &str| match name {
            "MINI_TWEET_SERVER_NAME" => Some("variable".to_owned()),
            "MINI_TWEET_SERVER_NODE" => Some("2".to_owned()),
            _ => None,
        };
        let flags = [("server.name".to_owned(), "flag".to_owned())];
        let sources = Sources { file: Some(&file), environment: &environment, flags: &flags };
        let config = Config::load(&sources).unwrap();
        assert_eq!((config.server_name.as_str(), config.server_node, config.insecure), ("flag", 2, true));
    }

    #[test]
    fn a_mistake_outside_the_file_names_the_variable_or_the_command_line() {
        let environment = |name: &str| (name == "MINI_TWEET_INSECURE").then(|| "maybe".to_owned());
        let sources = Sources { file: None, environment: &environment, flags: &[] };
        assert_eq!(
            Config::load(&sources).unwrap_err().to_string(),
            "MINI_TWEET_INSECURE: insecure must be true or false"
        );
        let flags = [("x".to_owned(), "1".to_owned())];
        let sources = Sources { file: None, environment: &|_| None, flags: &flags };
        assert_eq!(Config::load(&sources).unwrap_err().to_string(), "command line: there is no option `x`");
    }

    #[test]
    fn the_reference_names_every_option_and_every_default_can_be_written() {
        let reference = reference();
        let mut config = Config::default();
        for option in OPTIONS {
            assert!(reference.contains(&format!("## `{}`", option.key)));
            let shown = config.show(option.key);
            assert!(shown.is_empty() || config.set(option.key, &shown).is_ok(), "{}", option.key);
        }
        assert_eq!(config, Config::default());
    }
}
