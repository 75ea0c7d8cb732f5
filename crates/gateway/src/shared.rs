//! What all gateways of a server share: the limits that hold over all of them, the count of requests, the stop signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use store::env::Random;
use tokio::sync::watch;

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
    pub(crate) stopping: watch::Receiver<bool>,
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
            requests: AtomicU64::new(0),
        })
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests since the start.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

/// Resolves when the server stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender was dropped: the server has ended.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
