//! Connections to PostgreSQL: how they are named, encrypted and set up.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::fault::{self, InjectedBug};

/// Longest wait for a connection, with all that is exchanged until it can be used.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The same for one of several servers to accept it; then the next one is tried.
const ACCEPT_TIMEOUT: Duration = Duration::from_secs(2);
/// What every session sets. Others get the lock of the log a second after a node was stopped that holds it.
const SETTINGS: &str = "SET lock_timeout = '1s'; SET idle_in_transaction_session_timeout = '1s'; \
                        SET plan_cache_mode = force_generic_plan; SET client_min_messages = warning";

/// The address of a PostgreSQL database: `postgres://user:password@host:port/database`, with the parameters that libpq has,
/// and `sslrootcert=FILE` for the certificates that may sign the one of the server.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    config: Config,
    root_certificates: Option<String>,
    /// Without the password.
    shown: String,
}

impl PostgresUrl {
    /// Whether this is meant to be such an address.
    #[must_use]
    pub fn is_one(url: &str) -> bool {
        url.starts_with("postgres://") || url.starts_with("postgresql://")
    }

    /// The servers, in the order in which they are tried.
    fn is_local(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
            Host::Unix(_) => true,
        })
    }
}

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
        let (own, others): (Vec<_>, Vec<_>) = parameters
            .split('&')
            .filter(|parameter| !parameter.is_empty())
            .partition(|parameter| parameter.starts_with("sslrootcert="));
        let root_certificates = own.first().map(|file| file.trim_start_matches("sslrootcert=").to_owned());
        let plain = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
        let mut config =
            Config::from_str(&plain).map_err(|error| format!("is not the address of a database: {error}"))?;
        if config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return Err("needs a host and a database: postgres://user@host/database".to_owned());
        }
        // After a failover the first of several may be a standby.
        if config.get_hosts().len() > 1 && !parameters.contains("target_session_attrs=") {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        let has_mode = others.iter().any(|parameter| parameter.starts_with("sslmode="));
        config.connect_timeout(ACCEPT_TIMEOUT).application_name("mini-tweet");
        config.tcp_user_timeout(Duration::from_secs(3));
        config.keepalives_idle(Duration::from_secs(1)).keepalives_interval(Duration::from_secs(1));
        config.keepalives_retries(3);
        let mut this = Self { config, root_certificates, shown: without_password(url) };
        // "prefer", the usual default, accepts a server that refuses to encrypt.
        if !has_mode {
            let mode = if this.is_local() { SslMode::Disable } else { SslMode::Require };
            this.config.ssl_mode(mode);
        } else if this.config.get_ssl_mode() == SslMode::Prefer {
            return Err("has sslmode=prefer, which does not protect the connection: use require or disable"
                .to_owned());
        }
        if this.config.get_ssl_mode() == SslMode::Require && this.root_certificates.is_none() {
            return Err("needs sslrootcert=FILE, the certificate that signs the one of the server, or \
                        sslmode=disable in a network that no one else can read"
                .to_owned());
        }
        Ok(this)
    }
}

/// The address without what only the server may know.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{scheme}://{user}@{host}")
        }
        None => url.to_owned(),
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Opens a connection. The future that comes with the client has to run for as long as it is used.
///
/// # Errors
/// In words, for the operator.
pub(super) async fn connect(url: &PostgresUrl) -> Result<(Client, Link), String> {
    // A server that was stopped accepts connections, and says nothing.
    let connected = timeout(CONNECT_TIMEOUT, open(url)).await;
    connected.unwrap_or_else(|_| Err("PostgreSQL did not respond in time".to_owned()))
}

async fn open(url: &PostgresUrl) -> Result<(Client, Link), String> {
    let config = &url.config;
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, connection) = config.connect(NoTls).await.map_err(|e| in_words(&e))?;
        return Ok((client, Link::Plain(Box::new(connection))));
    }
    let mut roots = RootCertStore::empty();
    let file = url.root_certificates.as_deref().unwrap_or_default();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|e| format!("{file}: {e}"))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|e| format!("{file}: {e}"))?;
        roots.add(certificate).map_err(|e| format!("{file}: {e}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls)).await.map_err(|e| in_words(&e))?;
    Ok((client, Link::Tls(Box::new(connection))))
}

/// Opens a connection that only answers, and runs it.
///
/// # Errors
/// In words, for the operator.
pub(super) async fn client(url: &PostgresUrl) -> Result<Client, String> {
    let (client, link) = connect(url).await?;
    tokio::spawn(link.run());
    Ok(client)
}

/// Sets a session up for changes.
pub(super) async fn set_up(client: &Client) -> Result<(), String> {
    if fault::is_on(InjectedBug::NoLockTimeouts) {
        return Ok(());
    }
    client.batch_execute(SETTINGS).await.map_err(|e| in_words(&e))
}

/// The other half of a connection.
pub(super) enum Link {
    Plain(Box<Connection<Socket, tokio_postgres::tls::NoTlsStream>>),
    Tls(Box<Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>>),
}

impl Link {
    /// The next message that is no response; `None` when the connection has ended.
    pub(super) async fn next(&mut self) -> Option<tokio_postgres::AsyncMessage> {
        let message = std::future::poll_fn(|context| match self {
            Self::Plain(connection) => connection.poll_message(context),
            Self::Tls(connection) => connection.poll_message(context),
        });
        message.await?.ok()
    }

    /// Moves bytes until the connection ends.
    pub(super) async fn run(mut self) {
        while self.next().await.is_some() {}
    }
}

/// An error with its cause: the error itself says only "db error" or "error connecting to server".
pub(super) fn in_words(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    match error.source() {
        Some(cause) => match cause.downcast_ref::<std::io::Error>() {
            Some(cause) if cause.raw_os_error().is_some() => {
                format!("{error}: {}", model::os_error_in_words(cause))
            }
            _ => format!("{error}: {cause}"),
        },
        None => error.to_string(),
    }
}
