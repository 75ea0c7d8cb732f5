//! Lines in the log that a stranger can cause: of each kind only a few in a minute, then how many were left out. Otherwise
//! connections that are refused would fill the disk.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lines of one kind in each [`PERIOD`].
const LINES_MAX: u32 = 10;
const PERIOD: Duration = Duration::from_secs(60);

/// Counts the lines of one kind.
#[derive(Debug)]
pub(crate) struct LogLimit(Mutex<Count>);

#[derive(Debug)]
struct Count {
    since: Option<Instant>,
    lines: u32,
    /// Lines left out since the last one.
    left_out: u64,
}

impl LogLimit {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Count { since: None, lines: 0, left_out: 0 }))
    }

    /// Whether to write the next line; with how many were left out before it.
    pub(crate) fn admit(&self) -> Option<u64> {
        let now = Instant::now();
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if count.since.is_none_or(|since| now.duration_since(since) >= PERIOD) {
            (count.since, count.lines) = (Some(now), 0);
        }
        if count.lines >= LINES_MAX {
            count.left_out += 1;
            return None;
        }
        count.lines += 1;
        Some(std::mem::take(&mut count.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_a_few_lines_a_minute_and_none_is_uncounted() {
        let limit = LogLimit::new();
        let (mut lines, mut left_out) = (0, 0);
        for _ in 0..3_000 {
            if let Some(before) = limit.admit() {
                (lines, left_out) = (lines + 1, left_out + before);
            }
            tokio::time::advance(Duration::from_millis(50)).await;
        }
        assert_eq!(lines, 3 * u64::from(LINES_MAX), "in two and a half minutes");
        tokio::time::advance(PERIOD).await;
        assert_eq!(limit.admit().map(|before| left_out + before + lines), Some(3_000));
    }
}
