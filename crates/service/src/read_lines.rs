//! How far the caller has read each timeline.

use model::{Operation, ReadLine, Result, TimelineName, TweetId};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult};

impl Service {
    /// Moves the caller's read position in a timeline forward; it never moves back.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_read_line(
        &self,
        caller: &Caller,
        timeline: TimelineName,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::SetReadLine)?;
        self.store.apply(Change::SetReadLine { account, timeline, tweet }, None).await
    }

    /// The caller's read positions, the one that was moved last first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read_lines(&self, caller: &Caller) -> Result<Vec<ReadLine>> {
        let (account, _) = policy::member(caller, Operation::ListReadLines)?;
        self.store.read_lines(account).await
    }
}
