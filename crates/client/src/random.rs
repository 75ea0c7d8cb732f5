//! Randomness of the client: keys of requests, and waits that do not fall together.

use std::time::Duration;

/// 128 unpredictable bits for an idempotency key.
pub(crate) fn key() -> [u8; 16] {
    let mut key = [0; 16];
    fill(&mut key);
    key
}

/// Between half of it and all of it.
pub(crate) fn jitter(wait: Duration) -> Duration {
    let mut byte = [0];
    fill(&mut byte);
    wait / 2 + wait / 2 * u32::from(byte[0]) / 255
}

#[allow(clippy::disallowed_methods, reason = "this is the client's one source of randomness")]
fn fill(buffer: &mut [u8]) {
    // Without randomness two requests could share a key: stopping is the only answer.
    getrandom::fill(buffer).expect("the operating system gives random bytes");
}
