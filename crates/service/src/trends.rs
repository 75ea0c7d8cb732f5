//! Trends: hashtags that many accounts use now.

use model::{Operation, Result, Trend};

use crate::policy::{self, Caller};
use crate::service::Service;

impl Service {
    /// The strongest trends.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, and those of the store.
    pub async fn trends(&self, caller: &Caller, limit: usize) -> Result<Vec<Trend>> {
        policy::member(caller, Operation::GetTrends)?;
        let counts = self.statistics.read(self.store.as_ref()).await?;
        Ok(self.live.trends(limit, counts.accounts))
    }
}
