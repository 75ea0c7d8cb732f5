//! Randomness of the client: idempotency keys, and waits before a retry.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use uuid::Builder;

/// An idempotency key: a UUID of version 7 (RFC 9562), 48 bits of time and 74 unpredictable ones. The time keeps keys
/// in order for the server, which stores them; a wrong clock does no harm.
pub(crate) fn key() -> [u8; 16] {
    let mut random = [0; 10];
    fill(&mut random);
    Builder::from_unix_timestamp_millis(now_ms(), &random).into_uuid().into_bytes()
}

#[allow(clippy::disallowed_methods, reason = "the time of a key only determines its order")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}

/// The wait before the next attempt: `first`, doubled with every failure before, at most `max`; then a random duration
/// between half of it and all of it, so that clients do not retry at the same time.
pub(crate) fn backoff(first: Duration, max: Duration, failures: u32) -> Duration {
    jitter(first.saturating_mul(2_u32.saturating_pow(failures)).min(max))
}

/// A random duration between half of it and all of it.
pub(crate) fn jitter(wait: Duration) -> Duration {
    let mut byte = [0];
    fill(&mut byte);
    wait / 2 + wait / 2 * u32::from(byte[0]) / 255
}

/// Puts the items into a random order.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    for end in (1..items.len()).rev() {
        let mut bytes = [0; 4];
        fill(&mut bytes);
        // The lists are short: the remainder prefers no item that one could notice.
        items.swap(end, u32::from_le_bytes(bytes) as usize % (end + 1));
    }
}

#[cfg(feature = "seeded")]
thread_local! {
    static SEEDED: std::cell::RefCell<Option<fastrand::Rng>> = const { std::cell::RefCell::new(None) };
}

/// Derives all randomness of this thread from a seed, for simulations.
#[cfg(feature = "seeded")]
pub fn seed(seed: u64) {
    SEEDED.set(Some(fastrand::Rng::with_seed(seed)));
}

#[allow(clippy::disallowed_methods, reason = "this is the client's one source of randomness")]
fn fill(buffer: &mut [u8]) {
    #[cfg(feature = "seeded")]
    if SEEDED.with_borrow_mut(|random| random.as_mut().map(|random| random.fill(buffer)).is_some()) {
        return;
    }
    // Without randomness two requests could share a key, so there is no way to continue.
    getrandom::fill(buffer).expect("the operating system provides random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_different_and_in_the_order_of_time() {
        let (first, second) = (key(), key());
        assert_ne!(first, second);
        assert!(first[..6] <= second[..6]);
        assert_eq!((first[6] >> 4, first[8] >> 6), (7, 2));
    }

    #[test]
    fn a_backoff_doubles_up_to_its_maximum() {
        let (first, max) = (Duration::from_millis(100), Duration::from_secs(10));
        for (failures, ms) in [(0, 100), (1, 200), (3, 800), (7, 10_000), (u32::MAX, 10_000)] {
            let wait = Duration::from_millis(ms);
            let chosen = backoff(first, max, failures);
            assert!((wait / 2..=wait).contains(&chosen), "{failures} failures: {chosen:?}");
        }
    }

    #[test]
    #[cfg(feature = "seeded")]
    fn a_seed_decides_all_randomness_of_its_thread() {
        let draw = || {
            seed(7);
            (0..8).map(|_| jitter(Duration::from_secs(1))).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
    }
}
