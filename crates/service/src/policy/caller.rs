//! Who makes a request.

use std::net::IpAddr;

use model::{AccountId, Role, SessionId};

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
