//! One's own sessions.

use model::{Operation, Result, SessionId};

use super::{Caller, Service, authorise};
use crate::store::{Applied, Change, SessionRecord};

impl Service {
    /// Ends this session, or all of one's sessions.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn log_out(&self, caller: &Caller, everywhere: bool) -> Result<()> {
        let (account, session) = authorise::member(caller, Operation::LogOut)?;
        let change = if everywhere {
            Change::EndSessions { account, except: None }
        } else {
            Change::EndSession { account, session }
        };
        self.store.apply(change, None).await?;
        Ok(())
    }

    /// One's sessions, the last used first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionRecord>> {
        let (account, _) = authorise::member(caller, Operation::ListSessions)?;
        self.store.sessions(account).await
    }

    /// Ends one of one's sessions; its connections close within a second.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn revoke_session(&self, caller: &Caller, session: SessionId) -> Result<Applied> {
        let (account, _) = authorise::member(caller, Operation::RevokeSession)?;
        self.store.apply(Change::EndSession { account, session }, None).await
    }
}
