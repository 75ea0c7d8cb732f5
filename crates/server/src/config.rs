//! The server's configuration: a TOML file, `MINI_TWEET_…` environment variables and command-line options.
//!
//! Each option is one field below. Its doc comment is its text in the reference (`docs/configuration.md`), and its
//! schema gives the values that it takes. Nothing here opens a socket or a database.

mod load;
mod options;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use service::SignUpMode;
use smart_default::SmartDefault;
use store::{BusUrl, StoreUrl};

pub use load::{ConfigError, Sources};

/// The data directory of a server that is given no other, below the current directory.
pub const DATA_DIRECTORY: &str = "mini-tweet-data";

/// A server's configuration.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address for clients. The default accepts connections from this machine only; `0.0.0.0:4280` or `[::]:4280`
    /// accepts them from everywhere. Port 0 takes any free port.
    #[schemars(extend("x-value" = options::ADDRESS))]
    #[default(SocketAddr::from(([127, 0, 0, 1], protocol::DEFAULT_PORT)))]
    pub listen: SocketAddr,
    /// Address for ssh, for example `0.0.0.0:4222`. Without it the server does not accept ssh connections.
    #[schemars(extend("x-value" = options::ADDRESS))]
    pub ssh: Option<SocketAddr>,
    /// Address for the health checks of a load balancer, for example `10.0.0.5:4281`. The port is open while the server can take
    /// clients: it is closed while the server drains or cannot reach its database. It answers HTTP requests with status 200.
    #[schemars(extend("x-value" = options::ADDRESS))]
    pub health: Option<SocketAddr>,
    /// Do not encrypt connections. Allowed on a loopback address only.
    pub insecure: bool,
    /// Directory of the database and the operator socket. It is created with mode 0700 if it does not exist.
    #[schemars(extend("x-value" = options::PATH))]
    #[default(PathBuf::from(DATA_DIRECTORY))]
    pub data_dir: PathBuf,
    /// Database of the server. `sqlite:` is a file in the data directory. With `postgres://user:password@host/database` any
    /// number of servers share a PostgreSQL database, and each keeps a copy of it in its data directory.
    #[serde(with = "store_url")]
    #[schemars(with = "String", extend("x-value" = options::STORE, "x-explains" = true))]
    #[default(StoreUrl::Sqlite)]
    pub store: StoreUrl,
    /// NATS server that carries messages between servers with one PostgreSQL database, for example
    /// `nats://user:password@host` or `tls://user:password@host?sslrootcert=FILE`; the same for all of them. Without it the
    /// database carries them, which is enough for up to 8 servers.
    #[serde(with = "bus_url")]
    #[schemars(with = "Option<String>", extend("x-value" = options::BUS, "x-explains" = true))]
    pub bus: Option<BusUrl>,
    /// Section `server`.
    pub server: ServerOptions,
    /// Section `proxy`.
    pub proxy: ProxyOptions,
    /// Section `tls`.
    pub tls: TlsOptions,
    /// Section `limits`.
    pub limits: LimitOptions,
    /// Section `sessions`.
    pub sessions: SessionOptions,
    /// Section `passwords`.
    pub passwords: PasswordOptions,
    /// Section `events`.
    pub events: EventOptions,
    /// Section `log`.
    pub log: LogOptions,
}

impl Config {
    /// Reads and checks all sources.
    ///
    /// # Errors
    /// [`ConfigError`] for the first mistake.
    pub fn load(sources: &Sources<'_>) -> Result<Self, ConfigError> {
        let config: Self = load::load(sources)?;
        if config.insecure && !config.listen.ip().is_loopback() {
            let problem =
                "insecure is allowed on a loopback address only: listen on 127.0.0.1, or leave it out";
            return Err(ConfigError::new("configuration", problem));
        }
        if config.tls.certificate.is_some() != config.tls.key.is_some() {
            let problem = "tls.certificate and tls.key belong together: set both or neither";
            return Err(ConfigError::new("configuration", problem));
        }
        if config.bus.is_some() && config.store == StoreUrl::Sqlite {
            let problem =
                "bus is for servers that share a database: set store to postgres://…, or leave bus out";
            return Err(ConfigError::new("configuration", problem));
        }
        Ok(config)
    }

    /// How long a request may wait for the disk before others are rejected; `None` means without limit.
    pub(crate) fn queue_wait(&self) -> Option<Duration> {
        (self.limits.queue_ms > 0).then(|| Duration::from_millis(self.limits.queue_ms.into()))
    }
}

/// The reference of all options, as Markdown, with the values of this configuration that are not the default.
#[must_use]
pub fn reference(config: &Config) -> String {
    options::reference(config)
}

/// Section `server`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerOptions {
    /// Name of the server, which clients show.
    #[default("Mini-Tweet".to_owned())]
    pub name: String,
    /// What you say about the server and its rules; clients can show it. May have several lines.
    #[schemars(extend("x-lines" = true))]
    pub description: Option<String>,
    /// The rules of the server, which clients show to people before they sign up, numbered in this order.
    #[schemars(length(max = 20), inner(length(max = 200)))]
    pub rules: Vec<String>,
    /// Who can create an account: everyone, everyone with an invite code, or only the operator.
    #[serde(with = "SignUpModeDef")]
    #[default(SignUpMode::Open)]
    pub sign_up: SignUpMode,
    /// Give the role admin to the account that signs up first. For a server that only its owner can reach before that.
    pub first_account_is_admin: bool,
    /// Number of this server among those that share identifiers.
    #[schemars(range(max = model::NODE_MAX))]
    pub node: u8,
}

/// Section `proxy`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProxyOptions {
    /// Networks of load balancers, such as `10.0.0.0/8` or `10.1.2.3/32`. Every connection from there, also for ssh, has to begin
    /// with a header of the PROXY protocol, version 2, and counts as one from the address in it.
    #[schemars(with = "Vec<String>", length(max = 64), inner(length(max = 50)), extend("x-value" = options::NETWORKS))]
    pub trusted: Vec<IpNet>,
}

/// Section `tls`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsOptions {
    /// PEM file of your own certificate chain. Without it the server generates a key at its first start.
    #[schemars(extend("x-value" = options::PATH))]
    pub certificate: Option<PathBuf>,
    /// PEM file of the private key of that certificate.
    #[schemars(extend("x-value" = options::PATH))]
    pub key: Option<PathBuf>,
}

/// Section `limits`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// Connections in total. Each needs a file descriptor: see `ulimit -n`.
    #[schemars(range(min = 1))]
    #[default = 10_000]
    pub connections: u32,
    /// Connections from one address. An IPv6 address counts as its /64 network.
    #[schemars(range(min = 1))]
    #[default = 1_024]
    pub connections_per_address: u32,
    /// Connections from one address that are not logged in.
    #[schemars(range(min = 1))]
    #[default = 256]
    pub unauthenticated_per_address: u32,
    /// SSH connections in total. One with a terminal needs up to 1 MiB of memory. An account can have 10.
    #[schemars(range(min = 1))]
    #[default = 1_000]
    pub ssh_connections: u32,
    /// SSH connections from one address.
    #[schemars(range(min = 1))]
    #[default = 64]
    pub ssh_connections_per_address: u32,
    /// SSH connections from one address without a known key.
    #[schemars(range(min = 1))]
    #[default = 16]
    pub ssh_guests_per_address: u32,
    /// Requests of one account per second in the long run; before log-in, of one address. 0: no limit.
    #[default = 100]
    pub requests_per_second: u32,
    /// Requests that one account can send at once.
    #[default = 500]
    pub requests_burst: u32,
    /// Milliseconds that requests may wait for the disk when the server is overloaded. When the wait is longer, new
    /// requests are rejected with BUSY. 0: no limit.
    #[default = 50]
    pub queue_ms: u32,
    /// Accounts that one address can create in 30 minutes. Those with an invite code do not count. 0: no limit.
    #[default = 5]
    pub sign_ups_per_address: u32,
    /// Tweets per hour of an account that is less than a day old. Such an account can also send only 20 messages per
    /// hour to people who do not follow it and have not written to it. 0: no limit on either.
    #[default = 120]
    pub new_account_posts: u32,
    /// Accounts that do not follow the author and can be mentioned in one tweet. 0: no limit.
    #[default = 10]
    pub stranger_mentions: u32,
    /// Seconds after which a connection that is not logged in is closed.
    #[schemars(range(min = 1))]
    #[default = 30]
    pub log_in_seconds: u32,
    /// Seconds between heartbeats. A client that is silent for three times as long is disconnected.
    #[schemars(range(min = 1))]
    #[default = 30]
    pub heartbeat_seconds: u32,
}

/// Section `sessions`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionOptions {
    /// Days after which an unused session ends.
    #[schemars(range(min = 1))]
    #[default = 30]
    pub idle_days: u32,
    /// Days after which every session ends, used or not.
    #[schemars(range(min = 1))]
    #[default = 180]
    pub absolute_days: u32,
}

/// Section `passwords`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordOptions {
    /// Memory of one argon2id hash, in KiB. Hashes with other settings are replaced at the next log-in.
    // The minimum that OWASP gives for two passes.
    #[schemars(range(min = 19_456))]
    #[default = 19_456]
    pub memory_kib: u32,
    /// Passes of argon2id over that memory.
    #[schemars(range(min = 1))]
    #[default = 2]
    pub passes: u32,
    /// Hashes computed at the same time. 0: one less than the number of processors, so that a flood of log-ins leaves
    /// one processor for other requests.
    pub threads: u32,
    /// Log-ins and sign-ups that can wait for a hash. More are rejected with BUSY.
    #[schemars(range(min = 1))]
    #[default = 64]
    pub queue: u32,
}

/// Section `events`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventOptions {
    /// Hours for which events are stored. A client that reconnects within this time misses nothing.
    #[schemars(range(min = 1))]
    #[default = 168]
    pub keep_hours: u32,
}

/// Section `log`.
#[derive(Debug, Clone, PartialEq, Eq, SmartDefault, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LogOptions {
    /// Format of the log: lines for people, or one JSON object per line.
    #[default(LogFormat::Text)]
    pub format: LogFormat,
    /// Least severe level that is logged.
    #[default(LogLevel::Info)]
    pub level: LogLevel,
}

/// Format of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "as in the configuration")]
pub enum LogFormat {
    Text,
    Json,
}

/// Severity of a line of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
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

/// How [`SignUpMode`], which knows no configuration, is written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(remote = "SignUpMode", rename_all = "lowercase")]
enum SignUpModeDef {
    Open,
    Invite,
    Closed,
}

/// How a [`StoreUrl`], which knows no configuration, is written: without a password.
mod store_url {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use store::StoreUrl;

    pub(super) fn serialize<S: Serializer>(url: &StoreUrl, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(url)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StoreUrl, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// How a [`BusUrl`] is written: without a password.
mod bus_url {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use store::BusUrl;

    pub(super) fn serialize<S: Serializer>(url: &Option<BusUrl>, serializer: S) -> Result<S::Ok, S::Error> {
        url.as_ref().map(ToString::to_string).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<BusUrl>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests;
