//! The ssh gateway of a server: its socket, its key, its app.

use std::sync::Arc;

use model::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{BoundSsh, ServeError};
use crate::config::Config;
use gateway::in_process::InProcessConnector;
use gateway::limits::{ConnectionLimiter, ConnectionLimits};
use gateway::ssh::{HostKey, SshApp, SshGateway, Times};
use service::Service;
use store::env::Random;
use store::sqlite::SqliteStore;

/// Name of the key among the store's secrets.
const HOST_KEY_SECRET: &str = "ssh-host-key";

/// The socket, taken before anything else is touched, and what people will use.
#[derive(Debug)]
pub(super) struct SshSocket {
    listener: TcpListener,
    app: Arc<dyn SshApp>,
}

/// What the gateway stands on.
#[derive(Debug)]
pub(super) struct SshDeps<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a SqliteStore,
    pub(super) random: &'a dyn Random,
    pub(super) service: Arc<Service>,
    pub(super) doors: InProcessConnector,
    pub(super) stopping: watch::Receiver<bool>,
}

impl SshSocket {
    pub(super) fn new(listener: TcpListener, app: Option<Arc<dyn SshApp>>) -> Result<Self, ServeError> {
        Ok(Self { listener, app: app.ok_or(ServeError::NoSsh)? })
    }

    /// The gateway, with where it can be reached.
    pub(super) fn open(
        self,
        rooms: SshDeps<'_>,
    ) -> Result<(BoundSsh, Arc<SshGateway>, TcpListener), ServeError> {
        let Self { listener, app } = self;
        let SshDeps { config, store, random, service, doors, stopping } = rooms;
        let host_key = host_key(store, random)?;
        let address = listener.local_addr().map_err(|error| store::incident(&error))?;
        let limits = ConnectionLimits {
            total: config.limits.ssh_connections,
            per_address: config.limits.ssh_connections_per_address,
            unauthenticated_per_address: config.limits.ssh_guests_per_address,
        };
        let bound = BoundSsh { address, fingerprint: host_key.fingerprint() };
        let gateway = SshGateway {
            service,
            app,
            doors,
            connections: ConnectionLimiter::new(limits),
            host_key,
            times: Times::default(),
            stopping,
        };
        Ok((bound, Arc::new(gateway), listener))
    }
}

/// The key that this server made at its first start with ssh.
fn host_key(store: &SqliteStore, random: &dyn Random) -> Result<HostKey, ServeError> {
    let fresh = || {
        let mut seed = [0; HostKey::SEED_BYTES];
        random.fill(&mut seed);
        seed.to_vec()
    };
    let kept = store.secret(HOST_KEY_SECRET, fresh)?;
    let damaged = || Error::Unavailable("the ssh key in the database is damaged".into());
    let seed = kept.as_slice().try_into().map_err(|_| damaged())?;
    Ok(HostKey::from_seed(seed)?)
}
