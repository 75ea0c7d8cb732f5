//! The caller's sessions.

use model::{Operation, Result, SessionId};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult, IdempotencyKey, SessionRecord};

impl Service {
    /// Ends this session, or all sessions of the caller.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn log_out(&self, caller: &Caller, everywhere: bool) -> Result<()> {
        let (account, session) = policy::member(caller, Operation::LogOut)?;
        let change = if everywhere {
            Change::EndSessions { account, except: None }
        } else {
            Change::EndSession { account, session }
        };
        self.store.apply(change, None).await?;
        Ok(())
    }

    /// The caller's sessions, the last used first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionRecord>> {
        let (account, current) = policy::member(caller, Operation::ListSessions)?;
        let mut sessions = self.store.sessions(account).await?;
        // The time is stored at intervals, but this session is in use.
        for session in sessions.iter_mut().filter(|session| session.id == current) {
            session.last_used_ms = self.clock.now_ms();
        }
        Ok(sessions)
    }

    /// Ends a session of the caller; its connections close within a second.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn revoke_session(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        session: SessionId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::RevokeSession)?;
        self.store.apply(Change::EndSession { account, session }, once).await
    }
}
