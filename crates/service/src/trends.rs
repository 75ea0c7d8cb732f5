//! Trends: hashtags that many accounts use now.

use model::{Operation, Result, Trend};

use crate::policy::{self, Caller};
use crate::service::Service;

impl Service {
    /// The strongest trends.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub fn trends(&self, caller: &Caller, limit: usize) -> Result<Vec<Trend>> {
        policy::member(caller, Operation::GetTrends)?;
        Ok(self.live.trends(limit))
    }
}
