//! Limits per address and per account: connections, requests a second, reads at the same time.
//!
//! Only counts. The gateway decides how to respond when a limit is reached.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use model::{AccountId, Error, Result};
use service::network_of;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// Limits on connections that are open at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Over all addresses.
    pub total: u32,
    /// From one address.
    pub per_address: u32,
    /// From one address, not logged in yet.
    pub unauthenticated_per_address: u32,
}

/// Counts the open connections of each network (see [`network_of`]).
#[derive(Debug)]
pub struct ConnectionLimiter {
    limits: ConnectionLimits,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    total: u32,
    /// Only addresses that have a connection now, so `total` bounds it.
    addresses: HashMap<IpAddr, AddressCount>,
}

#[derive(Debug, Default)]
struct AddressCount {
    all: u32,
    unauthenticated: u32,
}

/// Why a connection was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionRejected {
    /// [`ConnectionLimits::total`] is reached.
    #[error("the server is full")]
    Full,
    /// One of the limits per address is reached.
    #[error("too many connections from this address")]
    Address,
}

impl ConnectionLimiter {
    /// A limiter without connections.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, counts: Mutex::default() })
    }

    /// Counts a connection that has not logged in yet, for as long as its permit exists.
    ///
    /// # Errors
    /// [`ConnectionRejected`] when a limit is reached.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<ConnectionPermit, ConnectionRejected> {
        let address = network_of(address);
        let mut counts = self.lock();
        if counts.total >= self.limits.total {
            return Err(ConnectionRejected::Full);
        }
        if let Some(count) = counts.addresses.get(&address)
            && (count.all >= self.limits.per_address
                || count.unauthenticated >= self.limits.unauthenticated_per_address)
        {
            return Err(ConnectionRejected::Address);
        }
        counts.total += 1;
        let count = counts.addresses.entry(address).or_default();
        count.all += 1;
        count.unauthenticated += 1;
        Ok(ConnectionPermit { connections: self.clone(), address, authenticated: false })
    }

    /// Open connections, over all addresses.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts one open connection until it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    connections: Arc<ConnectionLimiter>,
    address: IpAddr,
    authenticated: bool,
}

impl ConnectionPermit {
    /// Updates the count after a log-in (`true`) or log-out (`false`).
    pub fn set_authenticated(&mut self, authenticated: bool) {
        if self.authenticated == authenticated {
            return;
        }
        self.authenticated = authenticated;
        if let Some(count) = self.connections.lock().addresses.get_mut(&self.address) {
            if authenticated {
                count.unauthenticated -= 1;
            } else {
                count.unauthenticated += 1;
            }
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.set_authenticated(true);
        let mut counts = self.connections.lock();
        counts.total -= 1;
        if let Some(count) = counts.addresses.get_mut(&self.address) {
            count.all -= 1;
            if count.all == 0 {
                counts.addresses.remove(&self.address);
            }
        }
    }
}

/// What requests are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// The account, over all its connections.
    Account(AccountId),
    /// The address, before log-in.
    Address(IpAddr),
}

/// Limits the requests of each account and address: a token bucket that holds a burst and refills steadily.
#[derive(Debug)]
pub struct RequestRates {
    /// `None`: no limit.
    buckets: Option<DefaultKeyedRateLimiter<RateKey>>,
    clock: DefaultClock,
    checks: AtomicU32,
}

/// After this many requests, full buckets are dropped: those of accounts and addresses that make no requests any more.
const SWEEP_EVERY: u32 = 65_536;

impl RequestRates {
    /// `per_second` in the long run and `burst` at once; 0 a second means no limit.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let buckets = NonZeroU32::new(per_second).map(|rate| {
            let burst = NonZeroU32::new(burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self { buckets, clock: DefaultClock::default(), checks: AtomicU32::new(0) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the next one is possible.
    pub fn check(&self, key: RateKey) -> Result<()> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            buckets.retain_recent();
        }
        let key = match key {
            RateKey::Address(address) => RateKey::Address(network_of(address)),
            account @ RateKey::Account(_) => account,
        };
        buckets
            .check_key(&key)
            .map_err(|until| Error::too_many_requests(until.wait_time_from(self.clock.now())))
    }
}

/// Limits the reads that are carried out at the same time, over all connections. Others queue, in order of arrival. A
/// read that waits too long is refused, so that under overload the remaining ones are still answered in time.
#[derive(Debug)]
pub struct ReadLimiter {
    permits: Semaphore,
    /// `None`: no limit.
    wait: Option<Duration>,
}

impl ReadLimiter {
    /// At most `concurrent` reads at the same time, each after at most `wait`. Without `wait` there is no limit.
    #[must_use]
    pub fn new(concurrent: usize, wait: Option<Duration>) -> Self {
        Self { permits: Semaphore::new(concurrent), wait }
    }

    /// Waits for a permit, to be held while the read is carried out; `None` without a limit. The wait counts from
    /// `since`.
    ///
    /// # Errors
    /// `BUSY` when it takes too long.
    pub async fn acquire(&self, since: Instant) -> Result<Option<SemaphorePermit<'_>>> {
        let Some(wait) = self.wait else { return Ok(None) };
        // Checked first: a read that has waited too long elsewhere gets no permit even if one is free.
        if since.elapsed() > wait {
            return Err(Error::Busy);
        }
        let permit = timeout_at(since + wait, self.permits.acquire()).await.map_err(|_| Error::Busy)?;
        permit.map(Some).map_err(|_| Error::GoingAway)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections() -> Arc<ConnectionLimiter> {
        ConnectionLimiter::new(ConnectionLimits { total: 5, per_address: 3, unauthenticated_per_address: 2 })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_a_limit_and_a_lower_one_before_log_in() {
        let (connections, here) = (connections(), address("192.0.2.1"));
        let mut first = connections.admit(here).unwrap();
        let mut second = connections.admit(here).unwrap();
        assert_eq!(connections.admit(here).unwrap_err(), ConnectionRejected::Address);
        first.set_authenticated(true);
        second.set_authenticated(true);
        let _third = connections.admit(here).unwrap();
        assert_eq!(connections.admit(here).unwrap_err(), ConnectionRejected::Address);
        drop(first);
        connections.admit(here).expect("a closed connection does not count any more");
    }

    #[test]
    fn the_server_has_a_limit_over_all_addresses() {
        let connections = connections();
        let _all: Vec<_> =
            (1..=5).map(|n| connections.admit(address(&format!("192.0.2.{n}"))).unwrap()).collect();
        assert_eq!(connections.admit(address("192.0.2.9")).unwrap_err(), ConnectionRejected::Full);
    }

    #[test]
    fn an_address_without_connections_takes_no_memory() {
        let connections = connections();
        let mut one = connections.admit(address("192.0.2.1")).unwrap();
        one.set_authenticated(true);
        one.set_authenticated(false);
        drop(one);
        assert_eq!(connections.total(), 0);
        assert!(connections.lock().addresses.is_empty());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address_and_a_mapped_one_as_ipv4() {
        assert_eq!(network_of(address("2001:db8::1")), network_of(address("2001:db8::ffff:1")));
        assert_ne!(network_of(address("2001:db8::1")), network_of(address("2001:db8:0:1::1")));
        assert_eq!(network_of(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_error_says_when_to_try_again() {
        let rates = RequestRates::new(1, 3);
        let ada = RateKey::Account(AccountId::new(1).unwrap());
        for _ in 0..3 {
            rates.check(ada).unwrap();
        }
        let Err(Error::RateLimited { retry_after, .. }) = rates.check(ada) else {
            panic!("a fourth request was allowed")
        };
        assert!(!retry_after.is_zero() && retry_after.as_secs() <= 1);
        rates.check(RateKey::Account(AccountId::new(2).unwrap())).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_waits_too_long_is_refused_and_a_later_one_is_not() {
        let reads = ReadLimiter::new(1, Some(Duration::from_millis(75)));
        let arrived = Instant::now();
        let first = reads.acquire(arrived).await.unwrap();
        assert_eq!(reads.acquire(arrived).await.unwrap_err(), Error::Busy);
        assert_eq!(arrived.elapsed().as_millis(), 75);
        drop(first);
        assert!(reads.acquire(Instant::now()).await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_has_already_waited_elsewhere_is_refused_at_once() {
        let reads = ReadLimiter::new(1, Some(Duration::from_millis(75)));
        let arrived = Instant::now();
        tokio::time::advance(Duration::from_millis(76)).await;
        assert_eq!(reads.acquire(arrived).await.unwrap_err(), Error::Busy);
        assert!(ReadLimiter::new(0, None).acquire(arrived).await.unwrap().is_none());
    }

    #[test]
    fn a_rate_of_0_means_no_limit() {
        let rates = RequestRates::new(0, 0);
        for _ in 0..1_000 {
            rates.check(RateKey::Address(address("192.0.2.1"))).unwrap();
        }
    }
}
