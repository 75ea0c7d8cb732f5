//! Counts of the store for everyone who asks: not read more often than every few seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use model::Result;
use store::{Store, StoreStatistics};
use tokio::time::Instant;

const MAX_AGE: Duration = Duration::from_secs(10);

/// The last counts and when they were read.
#[derive(Debug, Default)]
pub(crate) struct StatisticsCache(Mutex<Option<(Instant, StoreStatistics)>>);

impl StatisticsCache {
    /// Counts that are at most [`MAX_AGE`] old.
    pub(crate) async fn read(&self, store: &dyn Store) -> Result<StoreStatistics> {
        let now = Instant::now();
        let cached = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counts)) = cached.filter(|(read_at, _)| now.duration_since(*read_at) < MAX_AGE) {
            return Ok(counts);
        }
        let counts = store.statistics().await?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, counts));
        Ok(counts)
    }
}
