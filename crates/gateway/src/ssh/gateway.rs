//! What all connections of the ssh gateway share.

use std::sync::Arc;

use service::Service;

use super::app::SshApp;
use super::config::SshConfig;
use crate::in_process::InProcessConnector;
use crate::limits::ConnectionLimiter;
use crate::shared::Shared;

/// What all ssh connections share.
#[derive(Debug)]
pub struct SshGateway {
    pub(super) shared: Arc<Shared>,
    pub(super) service: Arc<Service>,
    pub(super) app: Arc<dyn SshApp>,
    pub(super) connector: InProcessConnector,
    /// The applications connect through `connector`, so [`Shared`] counts them too. What is counted here are clients,
    /// from the first byte on, whether or not their application connects.
    pub(super) connections: Arc<ConnectionLimiter>,
    pub(super) config: SshConfig,
}

impl SshGateway {
    /// A gateway to `app`, which reaches the server through `connector`. It serves no socket yet, see
    /// [`serve_ssh`](super::serve_ssh).
    #[must_use]
    pub fn new(
        shared: Arc<Shared>,
        service: Arc<Service>,
        connector: InProcessConnector,
        app: Arc<dyn SshApp>,
        config: SshConfig,
    ) -> Arc<Self> {
        let connections = ConnectionLimiter::new(config.connections);
        Arc::new(Self { shared, service, app, connector, connections, config })
    }
}
