//! The ssh gateway of a running server.

use std::sync::Arc;

use gateway::limits::ConnectionLimits;
use gateway::proxy::PublicListener;
use gateway::ssh::{HostKey, SshApp, SshConfig, SshGateway, SshTimeouts, serve_ssh};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::bound::BoundSsh;
use super::error::ServeError;
use super::sockets::local_address;
use crate::assembly::Server;
use crate::config::Config;

/// The socket for ssh, and the application that its clients use.
#[derive(Debug)]
pub(super) struct SshSocket {
    listener: TcpListener,
    app: Arc<dyn SshApp>,
}

impl SshSocket {
    pub(super) fn new(listener: TcpListener, app: Option<Arc<dyn SshApp>>) -> Result<Self, ServeError> {
        Ok(Self { listener, app: app.ok_or(ServeError::NoSsh)? })
    }

    /// Serves ssh clients in tasks of `listeners`. They reach the native gateway within the process.
    pub(super) fn serve(
        self,
        config: &Config,
        server: &Server,
        host_key: HostKey,
        listeners: &mut JoinSet<()>,
    ) -> Result<BoundSsh, ServeError> {
        let bound = BoundSsh { address: local_address(&self.listener)?, fingerprint: host_key.fingerprint() };
        let (connector, serve_in_process) = server.in_process();
        let connections = ConnectionLimits {
            total: config.limits.ssh_connections,
            per_address: config.limits.ssh_connections_per_address,
            unauthenticated_per_address: config.limits.ssh_guests_per_address,
        };
        let balancers = &config.proxy.trusted;
        let config = SshConfig { connections, host_key, timeouts: SshTimeouts::default() };
        let (shared, service) = (Arc::clone(&server.shared), Arc::clone(&server.service));
        let gateway = SshGateway::new(shared, service, connector, self.app, config);
        listeners.spawn(serve_in_process);
        listeners.spawn(serve_ssh(gateway, PublicListener::behind(self.listener, balancers)));
        Ok(bound)
    }
}
