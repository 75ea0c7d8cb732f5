//! Randomness of the client: keys of requests, and waits that do not fall together.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An idempotency key: a UUID of version 7 (RFC 9562), 48 bits of time and 74 unpredictable ones. The time is for
/// the server's sake, which keeps keys in their order; a clock that is wrong does no harm.
pub(crate) fn key() -> [u8; 16] {
    let mut key = [0; 16];
    fill(&mut key);
    if let Some((time, [version, _, variant, ..])) = key.split_at_mut_checked(6) {
        time.copy_from_slice(&now_ms().to_be_bytes()[2..]);
        *version = *version & 0x0f | 0x70;
        *variant = *variant & 0x3f | 0x80;
    }
    key
}

#[allow(clippy::disallowed_methods, reason = "the time of a key only puts it in its place")]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}

/// Between half of it and all of it.
pub(crate) fn jitter(wait: Duration) -> Duration {
    let mut byte = [0];
    fill(&mut byte);
    wait / 2 + wait / 2 * u32::from(byte[0]) / 255
}

#[cfg(feature = "seeded")]
thread_local! {
    static SEED: std::cell::Cell<Option<u64>> = const { std::cell::Cell::new(None) };
}

/// From now on all of this thread is decided by this seed: for simulations.
#[cfg(feature = "seeded")]
pub fn seed(seed: u64) {
    SEED.set(Some(seed));
}

/// Fills the buffer from the seed, if there is one (SplitMix64).
#[cfg(feature = "seeded")]
fn fill_from_seed(buffer: &mut [u8]) -> bool {
    let Some(mut state) = SEED.get() else { return false };
    for chunk in buffer.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bytes = (z ^ (z >> 31)).to_le_bytes();
        chunk.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    }
    SEED.set(Some(state));
    true
}

#[allow(clippy::disallowed_methods, reason = "this is the client's one source of randomness")]
fn fill(buffer: &mut [u8]) {
    #[cfg(feature = "seeded")]
    if fill_from_seed(buffer) {
        return;
    }
    // Without randomness two requests could share a key: stopping is the only answer.
    getrandom::fill(buffer).expect("the operating system gives random bytes");
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
}
