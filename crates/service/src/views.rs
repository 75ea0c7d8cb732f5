//! Views of accounts and sessions that the service returns.

use std::time::Duration;

use model::{Account, AccountCounts, Presence, Profile, Relationship, SessionId};

use crate::policy::Caller;

/// The result of a sign-up, log-in or resumed session.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session token, which is returned only once; `None` for a resumed session.
    pub token: Option<[u8; 32]>,
    /// The session.
    pub session: SessionId,
    /// The account.
    pub profile: Profile,
}

impl LoggedIn {
    /// The caller of later requests.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::Member { account: self.profile.account.id, session: self.session, role: self.profile.role }
    }
}

/// An account in a list.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// The account.
    pub account: Account,
    /// The viewer's relationship to it.
    pub relationship: Relationship,
    /// Its presence, as the viewer may see it.
    pub presence: Presence,
    /// For how long an account that is away has been idle; zero for every other account.
    pub idle: Duration,
    /// Its figures.
    pub counts: AccountCounts,
}
