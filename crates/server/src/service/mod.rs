//! One method per thing a person can do: who may (see [`authorise`]), what it changes, what they see.
//!
//! It knows nothing of bytes, connections or SQL.

use std::net::IpAddr;

use model::{AccountId, Profile, Role, SessionId};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody yet, from this address.
    Anonymous(IpAddr),
    /// An account with a session.
    Member {
        /// Who.
        account: AccountId,
        /// By which session.
        session: SessionId,
        /// What they may do.
        role: Role,
    },
    /// Whoever can open the operator's socket.
    Operator,
}

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
