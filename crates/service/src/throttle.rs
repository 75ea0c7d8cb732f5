//! How often someone may try: counts of tries by key, forgotten after a while, in bounded memory.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::{Error, Result};
use tokio::time::Instant;

/// Most keys kept; past it the ones that were not seen for longest go first.
const KEYS_MAX: usize = 50_000;
/// Longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// Counts tries of one kind.
#[derive(Debug)]
pub(super) struct Throttle {
    free: u32,
    window: Duration,
    growing: bool,
    tries: Mutex<HashMap<String, Tries>>,
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    first: Instant,
    last: Instant,
}

impl Throttle {
    /// So many in a window, then nothing until the window has passed; 0 is no limit.
    pub(super) fn fixed(free: u32, window: Duration) -> Self {
        Self { free, window, growing: false, tries: Mutex::default() }
    }

    /// So many in a window, then each after twice the wait of the one before, from a second on; 0 is no limit.
    pub(super) fn growing(free: u32, window: Duration) -> Self {
        Self { free, window, growing: true, tries: Mutex::default() }
    }

    /// Refuses another try when it comes too early.
    pub(super) fn check(&self, key: &str) -> Result<()> {
        let now = Instant::now();
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(tries) = tries.get(key).filter(|t| self.free > 0 && t.count >= self.free) else {
            return Ok(());
        };
        let allowed_at = if self.growing {
            let doublings = (tries.count - self.free).min(20);
            tries.last + Duration::from_secs(1 << doublings).min(WAIT_MAX)
        } else {
            tries.first + self.window
        };
        let retry_after = allowed_at.saturating_duration_since(now);
        if retry_after.is_zero() { Ok(()) } else { Err(Error::RateLimited { retry_after }) }
    }

    /// Counts a try.
    pub(super) fn count(&self, key: &str) {
        if self.free == 0 {
            return;
        }
        let now = Instant::now();
        let mut all = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEYS_MAX && !all.contains_key(key) {
            let window = self.window.max(WAIT_MAX);
            all.retain(|_, t| now.duration_since(t.last) < window);
            if all.len() >= KEYS_MAX
                && let Some(oldest) = all.iter().min_by_key(|(_, t)| t.last).map(|(key, _)| key.clone())
            {
                all.remove(&oldest);
            }
        }
        let tries = all.entry(key.to_owned()).or_insert(Tries { count: 0, first: now, last: now });
        let forgotten =
            if self.growing { now.duration_since(tries.last) } else { now.duration_since(tries.first) };
        if forgotten >= self.window {
            *tries = Tries { count: 0, first: now, last: now };
        }
        tries.count += 1;
        tries.last = now;
    }

    /// Starts anew.
    pub(super) fn forget(&self, key: &str) {
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// What counts as one address: an IPv6 network of 64 bits belongs to one household.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_grow_after_the_free_tries_and_success_forgets() {
        let throttle = Throttle::growing(3, Duration::from_secs(600));
        for _ in 0..3 {
            assert!(throttle.check("ada").is_ok());
            throttle.count("ada");
        }
        assert!(
            matches!(throttle.check("ada"), Err(Error::RateLimited { retry_after }) if retry_after.as_secs() == 1)
        );
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(throttle.check("ada").is_ok());
        throttle.count("ada");
        assert!(
            matches!(throttle.check("ada"), Err(Error::RateLimited { retry_after }) if retry_after.as_secs() == 2)
        );
        assert!(throttle.check("bob").is_ok(), "others are not held up");
        throttle.forget("ada");
        assert!(throttle.check("ada").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_fixed_window_opens_again() {
        let throttle = Throttle::fixed(2, Duration::from_secs(300));
        throttle.count("x");
        throttle.count("x");
        assert!(throttle.check("x").is_err());
        tokio::time::advance(Duration::from_secs(300)).await;
        assert!(throttle.check("x").is_ok());
        throttle.count("x");
        assert!(throttle.check("x").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let throttle = Throttle::fixed(1, Duration::from_secs(300));
        for n in 0..KEYS_MAX + 10 {
            throttle.count(&n.to_string());
        }
        assert!(throttle.tries.lock().unwrap().len() <= KEYS_MAX);
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let network = |a: &str| network_of(a.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:127.0.0.1"), network("127.0.0.1"));
    }
}
