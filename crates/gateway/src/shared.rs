//! What all gateways of a server share: the limits that hold over all of them, the count of requests, the signals to stop
//! and to drain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use service::Service;
use store::NodeReport;
use store::env::Random;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::limits::{ConnectionLimiter, ConnectionLimits, ReadLimiter, RequestRates};
use crate::unread::UnreadBytes;

/// Limits that hold over all gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayLimits {
    /// Connections of the native protocol, over a socket or within the process.
    pub connections: ConnectionLimits,
    /// Requests a second of one account, or of one address before log-in; 0 means no limit.
    pub requests_per_second: u32,
    /// Requests that one of them may make at once.
    pub requests_burst: u32,
    /// Reads that are carried out at the same time.
    pub concurrent_reads: usize,
    /// How long a read may wait before it is refused with `BUSY`; `None`: reads are not limited at all.
    pub read_wait: Option<Duration>,
}

impl GatewayLimits {
    /// Limits that nothing reaches, for tests and simulations.
    #[must_use]
    pub const fn unlimited() -> Self {
        const MAX: u32 = u32::MAX;
        Self {
            connections: ConnectionLimits { total: MAX, per_address: MAX, unauthenticated_per_address: MAX },
            requests_per_second: 0,
            requests_burst: 0,
            concurrent_reads: 1,
            read_wait: None,
        }
    }
}

/// Reads that may run at the same time for each search among them.
const READS_PER_SEARCH: usize = 8;

/// A server that drains tells its connections to leave one after the other, with this time between two of them, so that the
/// other servers do not get all of them at once; in this time at most.
const BETWEEN_LEAVING: Duration = Duration::from_millis(5);
const LEAVING_MAX: Duration = Duration::from_secs(10);
const LOOK_FOR_CONNECTIONS: Duration = Duration::from_millis(20);

/// What all gateways of a server share.
#[derive(Debug)]
pub struct Shared {
    pub(crate) connections: Arc<ConnectionLimiter>,
    pub(crate) rates: RequestRates,
    pub(crate) reads: ReadLimiter,
    /// Searches take one of these before they take one of the reads, so that they leave most of those to others.
    pub(crate) searches: ReadLimiter,
    pub(crate) unread: Arc<UnreadBytes>,
    pub(crate) random: Arc<dyn Random>,
    /// Becomes true when the server stops.
    stopping: watch::Receiver<bool>,
    /// Set when the server drains: how long its connections take to leave.
    draining: watch::Sender<Option<Duration>>,
    address: OnceLock<String>,
    requests: AtomicU64,
}

impl Shared {
    /// The gateways stop when `stopping` becomes true or its sender is dropped. `random` spreads the moments at which
    /// clients reconnect then.
    #[must_use]
    pub fn new(limits: GatewayLimits, random: Arc<dyn Random>, stopping: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            connections: ConnectionLimiter::new(limits.connections),
            rates: RequestRates::new(limits.requests_per_second, limits.requests_burst),
            reads: ReadLimiter::new(limits.concurrent_reads, limits.read_wait),
            searches: ReadLimiter::new((limits.concurrent_reads / READS_PER_SEARCH).max(1), limits.read_wait),
            unread: Arc::default(),
            random,
            stopping,
            draining: watch::Sender::new(None),
            address: OnceLock::new(),
            requests: AtomicU64::new(0),
        })
    }

    /// Sets the address that admins see in the list of servers; it can be set once.
    pub fn set_address(&self, address: String) {
        let _ = self.address.set(address);
    }

    /// What this server is to the others, and to admins.
    #[must_use]
    pub fn report(&self, service: &Service) -> NodeReport {
        NodeReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: self.address.get().cloned().unwrap_or_default(),
            started_ms: service.started_ms(),
            connections: self.connections.total(),
            is_draining: self.is_draining(),
        }
    }

    /// Makes the gateways refuse new connections over the network and tell those that are open to leave, which takes up to
    /// the returned time; `None` if they do so already. Requests in flight are answered.
    pub fn drain(&self) -> Option<Duration> {
        let connections = self.connections.total();
        let spread = BETWEEN_LEAVING.saturating_mul(connections).min(LEAVING_MAX);
        let has_begun = self.draining.send_if_modified(|draining| draining.replace(spread).is_none());
        if has_begun {
            tracing::info!(connections, "draining: the clients move to the other servers");
        }
        has_begun.then_some(spread)
    }

    /// Whether this server drains.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.borrow().is_some()
    }

    /// Resolves when this server drains.
    pub async fn drains(&self) {
        // It has the sender, so this does not fail.
        let _ = self.draining.subscribe().wait_for(Option::is_some).await;
    }

    /// Resolves when no connection is left.
    pub async fn is_empty(&self) {
        while self.connections.total() > 0 {
            sleep(LOOK_FOR_CONNECTIONS).await;
        }
    }

    /// Resolves when this server drains and it is the turn of one connection to leave.
    pub(crate) async fn turn_to_leave(&self) {
        self.drains().await;
        let spread = self.draining.borrow().unwrap_or_default();
        let mut bytes = [0; 2];
        self.random.fill(&mut bytes);
        sleep(spread * u32::from(u16::from_le_bytes(bytes)) / u32::from(u16::MAX)).await;
    }

    /// Resolves when the server stops.
    pub(crate) async fn stops(&self) {
        // An error means that the sender was dropped: the server has ended.
        let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }

    /// Resolves when connections over the network are not accepted any more.
    pub(crate) async fn closes(&self) {
        tokio::select! {
            () = self.stops() => {}
            () = self.drains() => {}
        }
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests since the start.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}
