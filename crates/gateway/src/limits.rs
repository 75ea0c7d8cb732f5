//! How much one address or one account may ask of the server.
//!
//! It counts; what is answered when a count is full is decided where the door is.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use model::{AccountId, Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

/// How many connections there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub total: u32,
    /// From one address.
    pub per_address: u32,
    /// From one address that have not logged in yet.
    pub unauthenticated_per_address: u32,
}

/// Counts the connections of each address. An IPv6 address counts as its /64: that is what one customer has.
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

/// Why a connection was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionRejected {
    /// The server has as many as it takes.
    #[error("the server is full")]
    Full,
    /// The address has as many as one may have.
    #[error("too many connections from this address")]
    Address,
}

impl ConnectionLimiter {
    /// With these limits.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self { limits, counts: Mutex::default() })
    }

    /// Lets a connection in that has not logged in yet.
    ///
    /// # Errors
    /// [`ConnectionRejected`].
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Result<ConnectionPermit, ConnectionRejected> {
        let address = counted_as(address);
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

    /// Connections now.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the count, given back when it is dropped.
#[derive(Debug)]
pub struct ConnectionPermit {
    connections: Arc<ConnectionLimiter>,
    address: IpAddr,
    authenticated: bool,
}

impl ConnectionPermit {
    /// The connection has logged in, or out again.
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

fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// An account, over all its connections.
    Account(AccountId),
    /// An address, before log-in.
    Address(IpAddr),
}

/// Requests per second of each asker: a bucket that holds a burst and fills up steadily.
#[derive(Debug)]
pub struct RequestRates {
    /// `None`: no limit.
    buckets: Option<DefaultKeyedRateLimiter<RateKey>>,
    clock: DefaultClock,
    asked: AtomicU32,
}

/// After so many requests the full buckets are thrown away, so that those who left are forgotten.
const SWEEP_EVERY: u32 = 65_536;

impl RequestRates {
    /// `per_second` in the long run and `burst` at once; 0 a second means no limit.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let buckets = NonZeroU32::new(per_second).map(|rate| {
            let burst = NonZeroU32::new(burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self { buckets, clock: DefaultClock::default(), asked: AtomicU32::new(0) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// `RATE_LIMITED` with the time until the next one is possible.
    pub fn check(&self, asker: RateKey) -> Result<()> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        if self.asked.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            buckets.retain_recent();
        }
        let asker = match asker {
            RateKey::Address(address) => RateKey::Address(counted_as(address)),
            account @ RateKey::Account(_) => account,
        };
        buckets
            .check_key(&asker)
            .map_err(|until| Error::RateLimited { retry_after: until.wait_time_from(self.clock.now()) })
    }
}

/// Reads that are worked on at once, over all connections. The others wait in line. Who has waited for too long is
/// refused, so that those who are not are answered while they still want to know.
#[derive(Debug)]
pub struct ReadLimiter {
    free: Semaphore,
    /// `None`: nobody is refused, and nobody counted.
    wait: Option<Duration>,
}

impl ReadLimiter {
    /// So many at once, each after at most `wait`.
    #[must_use]
    pub fn new(at_once: usize, wait: Option<Duration>) -> Self {
        Self { free: Semaphore::new(at_once), wait }
    }

    /// Waits for a turn, which ends when it is dropped. The waiting began at `since`.
    ///
    /// # Errors
    /// `BUSY` when it has lasted too long.
    pub async fn take(&self, since: Instant) -> Result<Option<SemaphorePermit<'_>>> {
        let Some(wait) = self.wait else { return Ok(None) };
        // In this order, one that came too late is not let in even if it could be.
        if since.elapsed() > wait {
            return Err(Error::Busy);
        }
        let turn = timeout_at(since + wait, self.free.acquire()).await.map_err(|_| Error::Busy)?;
        turn.map(Some).map_err(|_| Error::GoingAway)
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
        assert!(connections.admit(here).is_ok(), "a place that was given back can be taken");
    }

    #[test]
    fn the_server_has_a_limit_over_all_addresses() {
        let connections = connections();
        let _all: Vec<_> =
            (1..=5).map(|n| connections.admit(address(&format!("192.0.2.{n}"))).unwrap()).collect();
        assert_eq!(connections.admit(address("192.0.2.9")).unwrap_err(), ConnectionRejected::Full);
    }

    #[test]
    fn nothing_is_kept_of_an_address_without_connections() {
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
        assert_eq!(counted_as(address("2001:db8::1")), counted_as(address("2001:db8::ffff:1")));
        assert_ne!(counted_as(address("2001:db8::1")), counted_as(address("2001:db8:0:1::1")));
        assert_eq!(counted_as(address("::ffff:192.0.2.1")), address("192.0.2.1"));
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_asker_is_told_when_to_come_back() {
        let rates = RequestRates::new(1, 3);
        let ada = RateKey::Account(AccountId::new(1).unwrap());
        for _ in 0..3 {
            rates.check(ada).unwrap();
        }
        let Err(Error::RateLimited { retry_after }) = rates.check(ada) else {
            panic!("a fourth was allowed")
        };
        assert!(!retry_after.is_zero() && retry_after.as_secs() <= 1);
        rates.check(RateKey::Account(AccountId::new(2).unwrap())).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_turn_is_refused_and_who_comes_later_is_not() {
        let turns = ReadLimiter::new(1, Some(Duration::from_millis(75)));
        let came = Instant::now();
        let first = turns.take(came).await.unwrap();
        assert_eq!(turns.take(came).await.unwrap_err(), Error::Busy);
        assert_eq!(came.elapsed().as_millis(), 75);
        drop(first);
        assert!(turns.take(Instant::now()).await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_elsewhere_already_is_refused_at_once() {
        let turns = ReadLimiter::new(1, Some(Duration::from_millis(75)));
        let came = Instant::now();
        tokio::time::advance(Duration::from_millis(76)).await;
        assert_eq!(turns.take(came).await.unwrap_err(), Error::Busy);
        assert!(ReadLimiter::new(0, None).take(came).await.unwrap().is_none());
    }

    #[test]
    fn a_rate_of_nothing_means_no_limit() {
        let rates = RequestRates::new(0, 0);
        for _ in 0..1_000 {
            rates.check(RateKey::Address(address("192.0.2.1"))).unwrap();
        }
    }
}
