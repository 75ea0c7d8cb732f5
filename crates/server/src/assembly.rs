//! Assembles a server from an opened store: the service and the native gateway over it. The release, the simulation,
//! the fuzz targets and the tests all start a server here. It opens no database and no socket.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use gateway::in_process::{InProcessConnector, channel};
use gateway::limits::ConnectionLimits;
use gateway::native::{NativeConfig, NativeGateway, NativeTimeouts, serve_in_process};
use gateway::{GatewayLimits, Shared};
use model::Result;
use service::live::LiveConfig;
use service::timeline;
use service::{Argon2Cost, Service, ServiceConfig, ServiceParts};
use store::SharedStore;
use store::env::{Clock, Random};
use tokio::sync::watch;

use crate::config::Config;

/// Reads carried out at the same time: while some wait for the disk, others use the processors.
const READS_PER_CORE: usize = 4;

/// What a server is assembled from.
#[derive(Debug)]
pub struct ServerParts {
    /// The service with the opened store.
    pub service: ServiceParts,
    /// Limits over all gateways.
    pub gateways: GatewayLimits,
    /// Limits of the native gateway.
    pub native: NativeConfig,
}

impl ServerParts {
    /// The parts of a server with this configuration.
    #[must_use]
    pub fn new(config: &Config, store: SharedStore, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            service: ServiceParts {
                store,
                clock,
                random,
                config: service_config(config),
                live: LiveConfig::default(),
                timelines: timeline::Limits::default(),
            },
            gateways: gateway_limits(config),
            native: native_config(config),
        }
    }
}

/// An assembled server that serves no socket yet.
#[derive(Debug)]
pub struct Server {
    /// What accounts can do on it.
    pub service: Arc<Service>,
    /// What the gateways share.
    pub shared: Arc<Shared>,
    /// The gateway of the native protocol.
    pub native: Arc<NativeGateway>,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Starts the service over the store and connects the native gateway to it.
    ///
    /// # Errors
    /// Those of [`Service::start`].
    pub async fn assemble(parts: ServerParts) -> Result<Self> {
        let ServerParts { service, gateways, native } = parts;
        let (stop, stopping) = watch::channel(false);
        let shared = Shared::new(gateways, Arc::clone(&service.random), stopping);
        let service = Service::start(service).await?;
        let native = NativeGateway::new(Arc::clone(&shared), Arc::clone(&service), native);
        Ok(Self { service, shared, native, stop })
    }

    /// A connector to this server within the process, and the task that serves its connections: spawn it.
    pub fn in_process(&self) -> (InProcessConnector, impl Future<Output = ()> + Send + use<>) {
        let (connector, listener) = channel();
        (connector, serve_in_process(Arc::clone(&self.native), listener))
    }

    /// Tells all gateways to finish the requests in flight and to close their connections. Dropping the server does the
    /// same.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

fn service_config(config: &Config) -> ServiceConfig {
    let defaults = ServiceConfig::default();
    let days = |days: u32| Duration::from_secs(u64::from(days) * 24 * 60 * 60);
    ServiceConfig {
        server_name: config.server.name.clone(),
        description: config.server.description.clone().unwrap_or_default(),
        rules: config.server.rules.clone(),
        sign_up: config.server.sign_up,
        first_account_is_admin: config.server.first_account_is_admin,
        sessions_idle: days(config.sessions.idle_days),
        sessions_absolute: days(config.sessions.absolute_days),
        hashing_threads: match config.passwords.threads {
            0 => defaults.hashing_threads,
            threads => number(threads),
        },
        hashing_queue: number(config.passwords.queue),
        argon2: Argon2Cost {
            memory_kib: config.passwords.memory_kib,
            passes: config.passwords.passes,
            parallelism: 1,
        },
        sign_ups_per_address: config.limits.sign_ups_per_address,
        stranger_mentions: number(config.limits.stranger_mentions),
        events_kept: Duration::from_secs(u64::from(config.events.keep_hours) * 60 * 60),
        ..defaults
    }
}

fn number(option: u32) -> usize {
    option.try_into().unwrap_or(usize::MAX)
}

fn gateway_limits(config: &Config) -> GatewayLimits {
    let limits = &config.limits;
    GatewayLimits {
        connections: ConnectionLimits {
            total: limits.connections,
            per_address: limits.connections_per_address,
            unauthenticated_per_address: limits.unauthenticated_per_address,
        },
        requests_per_second: limits.requests_per_second,
        requests_burst: limits.requests_burst,
        concurrent_reads: READS_PER_CORE * store::cores(),
        read_wait: config.queue_wait(),
    }
}

fn native_config(config: &Config) -> NativeConfig {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    NativeConfig {
        new_account_posts: config.limits.new_account_posts,
        timeouts: NativeTimeouts {
            log_in: seconds(config.limits.log_in_seconds),
            heartbeat: seconds(config.limits.heartbeat_seconds),
            ..NativeTimeouts::default()
        },
    }
}
