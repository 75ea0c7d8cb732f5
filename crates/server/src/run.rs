//! Runs a server: opens its sockets and its database, assembles it, and closes everything in order.

mod bound;
mod data_directory;
mod error;
mod health;
mod listening;
mod nodes;
mod secrets;
mod sockets;
#[cfg(feature = "ssh")]
mod ssh;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use gateway::native::{NativeTimeouts, serve_tcp, serve_unix};
use gateway::proxy::PublicListener;
#[cfg(feature = "ssh")]
use gateway::ssh::SshApp;
use protocol::tls::{self, Identity};
use store::env::{Clock, Random, SystemClock, SystemRandom};
use store::{Engine, Options};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

pub use self::bound::{Bound, BoundSsh};
pub use self::error::ServeError;
pub use self::listening::Listening;
use self::sockets::BoundSockets;
pub use self::sockets::Sockets;
use crate::assembly::{Server, ServerParts};
use crate::config::Config;
pub use store::OPERATOR_SOCKET;

/// For the tasks of connections to end after their time to drain is over.
const SHUTDOWN_SLACK: Duration = Duration::from_secs(3);

/// What the program that runs a server adds to it.
#[derive(Debug, Default)]
pub struct Extras {
    /// Receives the addresses when the server accepts connections.
    pub ready: Option<oneshot::Sender<Bound>>,
    /// Each message makes the server read its TLS certificate and key again.
    pub reload: Option<mpsc::Receiver<()>>,
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
    let (ready, mut reload) = (extras.ready.take(), extras.reload.take());
    let running = Running::start(&config, extras).await?;
    running.bound.log();
    if let Some(ready) = ready {
        // The receiver may be gone: then no one waits for it.
        let _ = ready.send(running.bound.clone());
    }
    let mut shutdown = pin!(shutdown);
    let outcome = loop {
        tokio::select! {
            () = &mut shutdown => break Ok(()),
            () = running.store.failed() => break Err(ServeError::StorageFailed),
            () = next_reload(&mut reload) => running.reload_certificate(&config).await,
        }
    };
    running.shut_down().await;
    outcome
}

/// Waits for the next request to reload; for ever once there can be none.
async fn next_reload(reload: &mut Option<mpsc::Receiver<()>>) {
    if let Some(requests) = reload
        && requests.recv().await.is_some()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// A server that accepts connections.
struct Running {
    server: Server,
    store: Arc<dyn Engine>,
    listeners: JoinSet<()>,
    /// Maintenance, reports to other servers, health checks.
    background: JoinSet<()>,
    bound: Bound,
    /// What new connections are encrypted with; `None` without TLS.
    tls: Option<watch::Sender<TlsAcceptor>>,
}

impl Running {
    async fn start(config: &Config, extras: Extras) -> Result<Self, ServeError> {
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
            (Arc::new(SystemClock), Arc::new(SystemRandom));
        data_directory::prepare(&config.data_dir)?;
        // Before the database is opened: a port in use must leave everything untouched.
        let BoundSockets { native, ssh, health } = extras.sockets.bind(config).await?;
        #[cfg(feature = "ssh")]
        let ssh = ssh.map(|socket| ssh::SshSocket::new(socket, extras.ssh_app)).transpose()?;
        #[cfg(not(feature = "ssh"))]
        if ssh.is_some() {
            return Err(ServeError::NoSsh);
        }
        let store = open_store(config, Arc::clone(&clock)).await?;
        let identity = if config.insecure { None } else { Some(secrets::identity(config, &*store).await?) };
        let acceptor = identity.as_ref().map(tls::server_config).transpose()?.map(TlsAcceptor::from);
        let tls = acceptor.map(watch::Sender::new);
        let address = sockets::local_address(&native)?;
        let fingerprint = identity.as_ref().map(Identity::fingerprint);
        // Before the operator socket, which says that the server runs.
        Listening { process: std::process::id(), address, fingerprint }.save(&config.data_dir);
        let operator_socket = config.data_dir.join(OPERATOR_SOCKET);
        let operator = sockets::bind_operator_socket(&operator_socket)?;
        #[cfg_attr(not(feature = "ssh"), allow(unused_mut, reason = "only ssh changes it"))]
        let mut bound = Bound { address, operator_socket, fingerprint, ssh: None };

        let parts = ServerParts::new(config, store.clone(), clock, Arc::clone(&random));
        let server = Server::assemble(parts).await?;
        server.shared.set_address(nodes::shown_address(address));
        let (mut listeners, mut background) = (JoinSet::new(), JoinSet::new());
        listeners.spawn(serve_tcp(
            Arc::clone(&server.native),
            PublicListener::behind(native, &config.proxy.trusted),
            tls.as_ref().map(watch::Sender::subscribe),
        ));
        listeners.spawn(serve_unix(Arc::clone(&server.native), operator));
        #[cfg(feature = "ssh")]
        if let Some(socket) = ssh {
            let host_key = secrets::host_key(&*store, &*random).await?;
            bound.ssh = Some(socket.serve(config, &server, host_key, &mut listeners)?);
        }
        let service = Arc::clone(&server.service);
        background.spawn(async move { service.maintain().await });
        let (shared, service) = (Arc::clone(&server.shared), Arc::clone(&server.service));
        background.spawn(nodes::report(shared, service, Arc::clone(&store)));
        if let Some(listener) = health {
            background.spawn(health::serve(listener, Arc::clone(&server.shared), Arc::clone(&store)));
        }
        Ok(Self { server, store, listeners, background, bound, tls })
    }

    /// Reads the TLS certificate and key again, for new connections. If that fails, those before stay in use.
    async fn reload_certificate(&self, config: &Config) {
        let Some(tls) = &self.tls else {
            tracing::info!("nothing to reload: this server does not use TLS");
            return;
        };
        let reloaded = secrets::identity(config, &*self.store)
            .await
            .and_then(|identity| Ok((identity.fingerprint(), tls::server_config(&identity)?)));
        match reloaded {
            Ok((fingerprint, server_config)) => {
                let (process, address) = (std::process::id(), self.bound.address);
                Listening { process, address, fingerprint: Some(fingerprint) }.save(&config.data_dir);
                tls.send_replace(TlsAcceptor::from(server_config));
                tracing::info!(%fingerprint, "TLS certificate reloaded");
            }
            Err(error) => {
                tracing::error!(%error, "TLS certificate not reloaded; the one before stays in use");
            }
        }
    }

    /// Lets the requests in flight finish, closes the connections and then the store.
    async fn shut_down(mut self) {
        tracing::info!("shutting down: draining in-flight requests");
        nodes::drain_before_stop(&self.server.shared, &*self.store).await;
        self.background.shutdown().await;
        self.server.stop();
        let all_closed = async { while self.listeners.join_next().await.is_some() {} };
        if timeout(NativeTimeouts::default().drain + SHUTDOWN_SLACK, all_closed).await.is_err() {
            tracing::warn!("some connections did not drain in time and were cut");
        }
        self.listeners.shutdown().await;
        sockets::remove_operator_socket(&self.bound.operator_socket);
        if let Some(data_dir) = self.bound.operator_socket.parent() {
            Listening::remove(data_dir);
        }
        self.store.close().await;
        tracing::info!("stopped");
    }
}

async fn open_store(config: &Config, clock: Arc<dyn Clock>) -> Result<Arc<dyn Engine>, ServeError> {
    let options = Options {
        node: config.server.node,
        queue_wait: config.queue_wait(),
        new_account_posts: config.limits.new_account_posts,
        bus: config.bus.clone(),
        ..Options::default()
    };
    Ok(store::open(&config.store, &config.data_dir, &options, clock).await?)
}
