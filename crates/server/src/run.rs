//! A whole server from a configuration: checks what it stands on, opens the rooms, and closes them in order.

#[cfg(feature = "ssh")]
mod ssh;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use model::SshFingerprint;
use protocol::tls::{self, Fingerprint, Identity, IdentityError};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use gateway::limits::{ConnectionLimiter, ConnectionLimits, ReadLimiter, RequestRates};
use gateway::native::{NativeGateway, Times, serve_tcp, serve_unix};
#[cfg(feature = "ssh")]
use gateway::{in_process, native::serve_in_process, ssh::SshApp, ssh::serve_ssh};
use service::live::{Live, LiveConfig};
use service::timeline::{self, Timelines};
use service::{Argon2Cost, Service, ServiceConfig, ServiceParts};
use store::env::{Clock, Random, SystemClock, SystemRandom};
use store::sqlite::{DATABASE, OpenError, SqliteOptions, SqliteStore, make_private_directory};

/// Name of the operator's socket in the data directory.
pub const OPERATOR_SOCKET: &str = "operator.sock";
/// Name of the TLS identity among the store's secrets.
const IDENTITY_SECRET: &str = "tls-identity";
/// With less room the operator is warned: the log grows with every write until it is checkpointed.
const FREE_BYTES_LOW: u64 = 256 * 1024 * 1024;
/// Reads that are worked on at once: while some wait for the disk others are computed.
const READS_PER_CORE: usize = 4;
/// After the connections had their time, for their tasks to end.
const STOP_SLACK: Duration = Duration::from_secs(3);

/// Why a server did not start, or stopped. Each is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error("data directory {}: {problem}", path.display())]
    DataDirectory {
        /// Which.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {problem}")]
    Listen {
        /// Address or path.
        address: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A file of the configuration cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The TLS key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Something that the database holds could not be read at the start.
    #[error("the server cannot start: {0}")]
    Start(#[from] model::Error),
    /// ssh was asked for.
    #[error("this program was built without ssh; leave the option ssh out")]
    NoSsh,
    /// The database cannot go on.
    #[error(
        "the disk failed and the server stopped; what was acknowledged is safe, look at the disk and the log"
    )]
    Failed,
}

/// What a program that runs a server adds to it.
#[derive(Debug, Default)]
pub struct Extras {
    /// Told when connections are taken.
    pub ready: Option<oneshot::Sender<Bound>>,
    /// Sockets in place of those that the configuration names.
    pub sockets: Sockets,
    /// What people who come by ssh use.
    #[cfg(feature = "ssh")]
    pub ssh_app: Option<Arc<dyn SshApp>>,
}

/// Sockets that were opened before the server started. They stay while servers come and go behind them, so that
/// nobody is refused in between.
#[derive(Debug, Default)]
pub struct Sockets {
    /// Where clients connect.
    pub native: Option<std::net::TcpListener>,
    /// Where people come in by ssh.
    pub ssh: Option<std::net::TcpListener>,
}

/// Where a server that has started can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The address, with the port that was taken.
    pub address: SocketAddr,
    /// The operator's socket.
    pub operator_socket: PathBuf,
    /// Of the TLS key; `None` without TLS.
    pub fingerprint: Option<Fingerprint>,
    /// Where people come in by ssh, if they do.
    pub ssh: Option<BoundSsh>,
}

/// Where people come in by ssh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundSsh {
    /// The address, with the port that was taken.
    pub address: SocketAddr,
    /// Of the key by which their clients know the server.
    pub fingerprint: SshFingerprint,
}

/// Serves until `shutdown` resolves, then drains and closes.
///
/// # Errors
/// [`ServeError`] when it cannot start, or the database fails.
pub async fn serve(
    config: Config,
    shutdown: impl Future<Output = ()>,
    extras: Extras,
) -> Result<(), ServeError> {
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    prepare_data_directory(&config.data_dir)?;
    // Before the database is opened: a port in use must leave everything untouched.
    let tcp = match extras.sockets.native {
        Some(socket) => take_over(socket)?,
        None => bind_tcp(config.listen, "--listen").await?,
    };
    let address = tcp.local_addr().unwrap_or(config.listen);
    if config.insecure && !address.ip().is_loopback() {
        let problem = "insecure is for loopback addresses only: leave it out".to_owned();
        return Err(ServeError::Listen { address: address.to_string(), problem });
    }
    let ssh = match (extras.sockets.ssh, config.ssh) {
        (Some(socket), _) => Some(take_over(socket)?),
        (None, Some(address)) => Some(bind_tcp(address, "--ssh").await?),
        (None, None) => None,
    };
    #[cfg(feature = "ssh")]
    let ssh = ssh.map(|listener| ssh::SshSocket::new(listener, extras.ssh_app)).transpose()?;
    #[cfg(not(feature = "ssh"))]
    if ssh.is_some() {
        return Err(ServeError::NoSsh);
    }
    let (store, feed) = open_store(&config, clock.clone())?;
    let store = Arc::new(store);
    let identity = if config.insecure { None } else { Some(identity(&config, &store)?) };
    let operator_socket = config.data_dir.join(OPERATOR_SOCKET);
    let unix = bind_operator_socket(&operator_socket)?;

    let timelines = Timelines::start(store.clone(), timeline::Limits::default()).await?;
    store.observe(Arc::<Timelines>::downgrade(&timelines));
    let live = Live::start(store.clone(), feed, clock.clone(), LiveConfig::default()).await?;
    let service = Service::new(ServiceParts {
        store: store.clone(),
        timelines,
        live: live.clone(),
        clock,
        random: random.clone(),
        config: service_config(&config),
    });
    let (stop, stopping) = watch::channel(false);
    let gateway = Arc::new(gateway(&config, service.clone(), live, random.clone(), stopping.clone()));

    #[cfg_attr(not(feature = "ssh"), allow(unused_mut, reason = "ssh alone changes it"))]
    let mut bound = Bound {
        address,
        operator_socket: operator_socket.clone(),
        fingerprint: identity.as_ref().map(Identity::fingerprint),
        ssh: None,
    };
    let tls = identity.as_ref().map(tls::server_config).transpose()?.map(TlsAcceptor::from);
    let mut doors = JoinSet::new();
    doors.spawn(serve_tcp(gateway.clone(), tcp, tls));
    doors.spawn(serve_unix(gateway.clone(), unix));
    #[cfg(feature = "ssh")]
    if let Some(socket) = ssh {
        let (connector, listener) = in_process::channel();
        doors.spawn(serve_in_process(gateway, listener));
        let rooms = ssh::SshDeps {
            config: &config,
            store: &store,
            random: &*random,
            service: service.clone(),
            doors: connector,
            stopping,
        };
        let (bound_ssh, gateway, listener) = socket.open(rooms)?;
        bound.ssh = Some(bound_ssh);
        doors.spawn(serve_ssh(gateway, listener));
    }
    let maintenance = tokio::spawn(async move { service.maintain().await });
    announce(&bound);
    if let Some(ready) = extras.ready {
        // Whoever started the server may not care to know.
        let _ = ready.send(bound);
    }

    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        () = store.failed() => Err(ServeError::Failed),
    };
    tracing::info!("stopping: what is in flight is answered, clients are told to come back");
    maintenance.abort();
    stop.send_replace(true);
    let all_closed = async { while doors.join_next().await.is_some() {} };
    if timeout(Times::default().drain + STOP_SLACK, all_closed).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
    doors.shutdown().await;
    remove_socket(&operator_socket);
    store.close().await;
    tracing::info!("stopped");
    outcome
}

/// The one line that tells an operator that it works, and the one that tells how to let others in.
fn announce(bound: &Bound) {
    let address = bound.address;
    match bound.fingerprint {
        Some(fingerprint) => tracing::info!(%fingerprint, "listening on {address}"),
        None => tracing::warn!("listening on {address} without TLS"),
    }
    if let Some(BoundSsh { address, fingerprint }) = bound.ssh {
        tracing::info!(%fingerprint, "people come in by ssh at {address}");
    }
    if address.ip().is_loopback() {
        let port = address.port();
        tracing::info!("only this machine can connect; to open it to the world: --listen 0.0.0.0:{port}");
    }
}

fn gateway(
    config: &Config,
    service: Arc<Service>,
    live: Arc<Live>,
    random: Arc<dyn Random>,
    stopping: watch::Receiver<bool>,
) -> NativeGateway {
    let limits = ConnectionLimits {
        total: config.limits_connections,
        per_address: config.limits_connections_per_address,
        unauthenticated_per_address: config.limits_unauthenticated_per_address,
    };
    NativeGateway {
        service,
        live,
        random,
        connections: ConnectionLimiter::new(limits),
        rates: RequestRates::new(config.limits_requests_per_second, config.limits_requests_burst),
        turns: ReadLimiter::new(READS_PER_CORE * store::cores(), queue_wait(config)),
        times: Times {
            log_in: Duration::from_secs(config.limits_log_in_seconds.into()),
            heartbeat: Duration::from_secs(config.limits_heartbeat_seconds.into()),
            ..Times::default()
        },
        server_name: config.server_name.clone(),
        sign_up: config.server_sign_up,
        stranger_mentions: config.limits_stranger_mentions,
        new_account_posts: config.limits_new_account_posts,
        requests: AtomicU64::new(0),
        stopping,
    }
}

fn service_config(config: &Config) -> ServiceConfig {
    let defaults = ServiceConfig::default();
    let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    ServiceConfig {
        server_name: config.server_name.clone(),
        sign_up: config.server_sign_up,
        sessions_idle: days(config.sessions_idle_days),
        sessions_absolute: days(config.sessions_absolute_days),
        hashing_threads: match config.passwords_threads {
            0 => defaults.hashing_threads,
            threads => threads.try_into().unwrap_or(usize::MAX),
        },
        hashing_queue: config.passwords_queue.try_into().unwrap_or(usize::MAX),
        argon2: Argon2Cost {
            memory_kib: config.passwords_memory_kib,
            passes: config.passwords_passes,
            lanes: 1,
        },
        sign_ups_per_address: config.limits_sign_ups_per_address,
        stranger_mentions: config.limits_stranger_mentions.try_into().unwrap_or(usize::MAX),
        events_kept: Duration::from_secs(u64::from(config.events_keep_hours) * 60 * 60),
        ..defaults
    }
}

/// How long a request may wait before others are refused; `None` for ever.
fn queue_wait(config: &Config) -> Option<Duration> {
    (config.limits_queue_ms > 0).then(|| Duration::from_millis(config.limits_queue_ms.into()))
}

fn open_store(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(SqliteStore, store::EventReceiver), ServeError> {
    let options = SqliteOptions {
        node: config.server_node,
        queue_wait: queue_wait(config),
        new_account_posts: config.limits_new_account_posts,
        ..SqliteOptions::default()
    };
    Ok(SqliteStore::open(&config.data_dir.join(DATABASE), &options, clock)?)
}

/// The operator's own certificate, or the one that this server made at its first start.
fn identity(config: &Config, store: &SqliteStore) -> Result<Identity, ServeError> {
    if let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| ServeError::Read { path: path.to_owned(), error })
        };
        return Ok(Identity::from_pem(&read(certificate)?, &read(key)?)?);
    }
    let fresh = Identity::generate_pem()?;
    let kept = store.secret(IDENTITY_SECRET, || fresh.into_bytes())?;
    let pem = String::from_utf8(kept).map_err(|_| IdentityError::Pem("key in the database"))?;
    Ok(Identity::from_pem(&pem, &pem)?)
}

/// Makes the directory or checks that nobody else can look into it.
fn prepare_data_directory(path: &Path) -> Result<(), ServeError> {
    let wrong = |problem: String| ServeError::DataDirectory { path: path.to_owned(), problem };
    let exists = path.try_exists().map_err(|error| wrong(error.to_string()))?;
    if !exists {
        make_private_directory(path).map_err(|error| wrong(format!("cannot be made: {error}")))?;
    }
    let metadata = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if !metadata.is_dir() {
        return Err(wrong("is not a directory; choose another with --data".to_owned()));
    }
    let (owner, we) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != we {
        return Err(wrong(format!("belongs to user {owner}, the server runs as {we}: run it as its owner")));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let fix = format!("chmod 700 {}", path.display());
        return Err(wrong(format!("can be read by others (mode {mode:03o}); run: {fix}")));
    }
    if let Ok(disk) = rustix::fs::statvfs(path) {
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < FREE_BYTES_LOW {
            tracing::warn!(free_mib = free / (1024 * 1024), "the disk of the data directory is almost full");
        }
    }
    Ok(())
}

fn take_over(socket: std::net::TcpListener) -> Result<TcpListener, ServeError> {
    let taken = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
    taken.map_err(|error| ServeError::Listen {
        address: "the socket that was passed".to_owned(),
        problem: error.to_string(),
    })
}

async fn bind_tcp(address: SocketAddr, option: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|error| ServeError::Listen {
        address: address.to_string(),
        problem: match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another program uses this port; stop it or choose another with {option}")
            }
            io::ErrorKind::PermissionDenied => {
                format!("not permitted (ports below 1024 need rights); choose another with {option}")
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine does not have that address; choose another with {option}")
            }
            _ => error.to_string(),
        },
    })
}

/// Binds the operator's socket, in the place of one that a killed server left behind. The directory is closed to
/// others, so nobody gets in between binding and setting the mode.
fn bind_operator_socket(path: &Path) -> Result<UnixListener, ServeError> {
    let wrong = |problem: String| ServeError::Listen { address: path.display().to_string(), problem };
    if let Ok(metadata) = std::fs::symlink_metadata(path) {
        if !metadata.file_type().is_socket() {
            return Err(wrong("something that is not a socket has this name; move it away".to_owned()));
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(wrong("another server runs on this data directory; stop it first".to_owned()));
        }
        remove_socket(path);
    }
    let listener = UnixListener::bind(path).map_err(|error| wrong(error.to_string()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| wrong(error.to_string()))?;
    Ok(listener)
}

fn remove_socket(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "the operator's socket could not be removed");
    }
}
