//! The ssh gateway of a server: its socket, its key, its app.

use std::sync::Arc;

use model::Error;
use tokio::net::TcpListener;

use super::{BoundSsh, ServeError};
use crate::config::Config;
use gateway::Shared;
use gateway::in_process::InProcessConnector;
use gateway::limits::ConnectionLimits;
use gateway::ssh::{HostKey, SshApp, SshConfig, SshGateway, SshTimeouts};
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
    pub(super) connector: InProcessConnector,
    pub(super) shared: Arc<Shared>,
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
        let SshDeps { config, store, random, service, connector, shared } = rooms;
        let host_key = host_key(store, random)?;
        let address = listener.local_addr().map_err(|error| store::incident(&error))?;
        let connections = ConnectionLimits {
            total: config.limits_ssh_connections,
            per_address: config.limits_ssh_connections_per_address,
            unauthenticated_per_address: config.limits_ssh_guests_per_address,
        };
        let bound = BoundSsh { address, fingerprint: host_key.fingerprint() };
        let config = SshConfig { connections, host_key, timeouts: SshTimeouts::default() };
        Ok((bound, SshGateway::new(shared, service, connector, app, config), listener))
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
