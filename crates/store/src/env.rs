//! Time and randomness as traits, so that tests can control the clock and repeat random values. Storage is abstracted
//! by [`Store`](crate::Store), the network by `AsyncRead + AsyncWrite`.

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
    #[allow(clippy::disallowed_methods, reason = "the implementation of the trait")]
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
    #[allow(clippy::disallowed_methods, reason = "the implementation of the trait")]
    fn fill(&self, buffer: &mut [u8]) {
        // No secret is safe without randomness: the process has to stop.
        getrandom::fill(buffer).expect("the operating system provides random bytes");
    }
}

/// The number of processors that this process may use; 2 if it is unknown.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}
