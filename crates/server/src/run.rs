//! Runs a server: opens its sockets and its database, assembles it, and closes everything in order.

mod bound;
mod data_directory;
mod error;
mod secrets;
mod sockets;
#[cfg(feature = "ssh")]
mod ssh;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use gateway::native::{NativeTimeouts, serve_tcp, serve_unix};
#[cfg(feature = "ssh")]
use gateway::ssh::SshApp;
use protocol::tls::{self, Identity};
use store::EventReceiver;
use store::env::{Clock, Random, SystemClock, SystemRandom};
use store::sqlite::{DATABASE, SqliteOptions, SqliteStore};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub use self::bound::{Bound, BoundSsh};
pub use self::error::ServeError;
use self::sockets::BoundSockets;
pub use self::sockets::Sockets;
use crate::assembly::{Server, ServerParts};
use crate::config::Config;
pub use store::sqlite::OPERATOR_SOCKET;

/// For the tasks of connections to end after their time to drain is over.
const SHUTDOWN_SLACK: Duration = Duration::from_secs(3);

/// What the program that runs a server adds to it.
#[derive(Debug, Default)]
pub struct Extras {
    /// Receives the addresses when the server accepts connections.
    pub ready: Option<oneshot::Sender<Bound>>,
    /// Sockets in place of those that the configuration names.
    pub sockets: Sockets,
    /// The application that ssh clients use.
    #[cfg(feature = "ssh")]
    pub ssh_app: Option<Arc<dyn SshApp>>,
}

/// Serves until `shutdown` resolves, then drains the connections and closes the database.
///
/// # Errors
/// [`ServeError`] if the server cannot start, or if the store fails.
pub async fn serve(
    config: Config,
    shutdown: impl Future<Output = ()>,
    mut extras: Extras,
) -> Result<(), ServeError> {
    let ready = extras.ready.take();
    let running = Running::start(&config, extras).await?;
    running.bound.log();
    if let Some(ready) = ready {
        // The receiver may be gone: then no one waits for it.
        let _ = ready.send(running.bound.clone());
    }
    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        () = running.store.failed() => Err(ServeError::StorageFailed),
    };
    running.shut_down().await;
    outcome
}

/// A server that accepts connections.
struct Running {
    server: Server,
    store: Arc<SqliteStore>,
    listeners: JoinSet<()>,
    maintenance: JoinHandle<()>,
    bound: Bound,
}

impl Running {
    async fn start(config: &Config, extras: Extras) -> Result<Self, ServeError> {
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
            (Arc::new(SystemClock), Arc::new(SystemRandom));
        data_directory::prepare(&config.data_dir)?;
        // Before the database is opened: a port in use must leave everything untouched.
        let BoundSockets { native, ssh } = extras.sockets.bind(config).await?;
        #[cfg(feature = "ssh")]
        let ssh = ssh.map(|socket| ssh::SshSocket::new(socket, extras.ssh_app)).transpose()?;
        #[cfg(not(feature = "ssh"))]
        if ssh.is_some() {
            return Err(ServeError::NoSsh);
        }
        let (store, events) = open_store(config, Arc::clone(&clock))?;
        let identity = if config.insecure { None } else { Some(secrets::identity(config, &store)?) };
        let tls = identity.as_ref().map(tls::server_config).transpose()?.map(TlsAcceptor::from);
        let operator_socket = config.data_dir.join(OPERATOR_SOCKET);
        let operator = sockets::bind_operator_socket(&operator_socket)?;
        #[cfg_attr(not(feature = "ssh"), allow(unused_mut, reason = "only ssh changes it"))]
        let mut bound = Bound {
            address: sockets::local_address(&native)?,
            operator_socket,
            fingerprint: identity.as_ref().map(Identity::fingerprint),
            ssh: None,
        };

        let parts = ServerParts::new(config, store.clone(), events, clock, Arc::clone(&random));
        let server = Server::assemble(parts).await?;
        let mut listeners = JoinSet::new();
        listeners.spawn(serve_tcp(Arc::clone(&server.native), native, tls));
        listeners.spawn(serve_unix(Arc::clone(&server.native), operator));
        #[cfg(feature = "ssh")]
        if let Some(socket) = ssh {
            let host_key = secrets::host_key(&store, &*random)?;
            bound.ssh = Some(socket.serve(config, &server, host_key, &mut listeners)?);
        }
        let service = Arc::clone(&server.service);
        let maintenance = tokio::spawn(async move { service.maintain().await });
        Ok(Self { server, store, listeners, maintenance, bound })
    }

    /// Lets the requests in flight finish, closes the connections and then the store.
    async fn shut_down(mut self) {
        tracing::info!("shutting down: draining in-flight requests");
        self.maintenance.abort();
        self.server.stop();
        let all_closed = async { while self.listeners.join_next().await.is_some() {} };
        if timeout(NativeTimeouts::default().drain + SHUTDOWN_SLACK, all_closed).await.is_err() {
            tracing::warn!("some connections did not drain in time and were cut");
        }
        self.listeners.shutdown().await;
        sockets::remove_operator_socket(&self.bound.operator_socket);
        self.store.close().await;
        tracing::info!("stopped");
    }
}

fn open_store(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(Arc<SqliteStore>, EventReceiver), ServeError> {
    let options = SqliteOptions {
        node: config.server.node,
        queue_wait: config.queue_wait(),
        new_account_posts: config.limits.new_account_posts,
        ..SqliteOptions::default()
    };
    let (store, events) = SqliteStore::open(&config.data_dir.join(DATABASE), &options, clock)?;
    Ok((Arc::new(store), events))
}
