//! What the service returns of accounts and sessions.

use std::time::Duration;

use model::{Account, Presence, Profile, Relationship, SessionId};

use crate::policy::Caller;

/// The answer to a sign-up or log-in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session's secret, shown this once; `None` when the session was taken up with it.
    pub token: Option<[u8; 32]>,
    /// The session.
    pub session: SessionId,
    /// The account.
    pub profile: Profile,
}

impl LoggedIn {
    /// Who the connection belongs to from now on.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::Member { account: self.profile.account.id, session: self.session, role: self.profile.role }
    }
}

/// Someone in a list of people.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// Who.
    pub account: Account,
    /// The viewer's relationships to them.
    pub relationship: Relationship,
    /// Whether they are there.
    pub presence: Presence,
    /// How long somebody who is away has done nothing.
    pub idle: Duration,
}
