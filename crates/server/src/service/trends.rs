//! What many people write about now.

use model::{Operation, Result, Trend};

use super::{Caller, Service, authorise};

impl Service {
    /// The strongest trends.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub fn trends(&self, caller: &Caller, limit: usize) -> Result<Vec<Trend>> {
        authorise::member(caller, Operation::GetTrends)?;
        Ok(self.live.trends(limit))
    }
}
