//! Attempts that the processes of a shared store count together, such as wrong passwords: else every further server would
//! give a guesser as many tries again.

use std::time::Duration;

use async_trait::async_trait;

/// Which attempts are counted together, and for how long they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptWindow {
    /// What is attempted.
    pub kind: &'static str,
    /// How long attempts count.
    pub length: Duration,
    /// The window begins again with each attempt that counts.
    pub is_sliding: bool,
}

/// The attempts of a key in the current window, without the one that was just begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedAttempts {
    /// Those that count.
    pub count: u32,
    /// Those whose outcome is not known yet, by any process. Those of a process that was killed are among them until the
    /// window has passed.
    pub pending: u32,
    /// Since the window began.
    pub since_first: Duration,
    /// Since the last one that counts, or since the window began.
    pub since_last: Duration,
}

/// The shared counters cannot be reached, or not in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AttemptsUnreachable(pub String);

/// Counts attempts over all processes that share a store.
#[async_trait]
pub trait AttemptCounters: std::fmt::Debug + Send + Sync {
    /// Begins an attempt of this key, and returns those before it. [`AttemptCounters::finish`] ends it.
    ///
    /// # Errors
    /// When the counters cannot be reached; the attempt is not begun then.
    async fn begin(&self, window: AttemptWindow, key: &str) -> Result<CountedAttempts, AttemptsUnreachable>;

    /// Ends an attempt. One that does not count is as if it had not been made.
    async fn finish(&self, window: AttemptWindow, key: &str, counts: bool);

    /// Forgets all attempts of this key.
    async fn forget(&self, window: AttemptWindow, key: &str);
}
