//! The seams through which time and randomness come in, so that a test can stop the one and repeat the other.
//! The other two seams are [`Store`](crate::Store) and the gateways' `AsyncRead + AsyncWrite`.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Wall-clock time. Durations are measured with tokio's clock, which tests can pause.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Unix milliseconds.
    fn now_ms(&self) -> i64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the env")]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// Randomness for keys, tokens and salts.
pub trait Random: fmt::Debug + Send + Sync {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[allow(clippy::disallowed_methods, reason = "this is the env")]
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no secret is safe: stopping is the only answer.
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

/// Processors that this process may use; 2 if the operating system does not say.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
