//! Who makes a request.

use std::net::IpAddr;

use model::{AccountId, Role, SessionId};

/// The identity under which a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// An unauthenticated client at this address.
    Anonymous(IpAddr),
    /// An account with a session.
    Member {
        /// The account.
        account: AccountId,
        /// The session that authenticated it.
        session: SessionId,
        /// Its role when the session was opened or resumed.
        role: Role,
    },
    /// The person who runs the server: anyone who can open its local socket.
    Operator,
}
