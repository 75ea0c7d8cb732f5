//! The closed list of everything that can go wrong, over the whole product.

use std::borrow::Cow;
use std::time::Duration;

use crate::EventId;

/// A result with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. The texts are for people and say what to do next; nothing in them comes from inside the
/// server (no SQL, path or line number).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A field of a request is not acceptable.
    #[error("{field} {reason}")]
    Invalid {
        /// Name of the field, as in the protocol.
        field: Cow<'static, str>,
        /// Goes on from the field's name: "is longer than 30 characters".
        reason: Cow<'static, str>,
    },
    /// No session, a session that has ended, or a wrong username or password.
    #[error("{0}")]
    Unauthenticated(Cow<'static, str>),
    /// Signed in, but not allowed.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// It does not exist, or the asker may not know that it does.
    #[error("there is no such {0}")]
    NotFound(Cow<'static, str>),
    /// A name is taken.
    #[error("this {0} is taken already, choose another")]
    AlreadyExists(Cow<'static, str>),
    /// An idempotency key was used before for another request.
    #[error("this idempotency key was used for another request")]
    IdempotencyConflict,
    /// Too many requests of this kind.
    #[error("too many requests, try again in {} s", retry_after.as_secs_f32().ceil())]
    RateLimited {
        /// Earliest time at which trying again makes sense.
        retry_after: Duration,
    },
    /// A queue is full.
    #[error("the server is busy, try again in a moment")]
    Busy,
    /// No room on the server's disk.
    #[error("the server's disk is full: reading works, writing will again when there is room")]
    StorageFull,
    /// The server or its store cannot be reached.
    #[error("{0}")]
    Unavailable(Cow<'static, str>),
    /// The reader of a subscription was too slow and lost its place.
    #[error("events came faster than they were read; subscribe again from the cursor")]
    SlowConsumer {
        /// The last event that was delivered.
        cursor: Option<EventId>,
    },
    /// The server is stopping.
    #[error("the server is going away, connect again in a moment")]
    GoingAway,
    /// Bytes that the protocol does not allow.
    #[error("protocol error: {0}")]
    Protocol(Cow<'static, str>),
    /// A fault of the server.
    #[error("a fault of the server; the operator finds it in the log under incident {incident}")]
    Internal {
        /// What the log line carries too.
        incident: String,
    },
}

impl Error {
    /// [`Error::Invalid`] for this field.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    /// [`Error::NotFound`]: "there is no such …".
    pub fn not_found(what: impl Into<Cow<'static, str>>) -> Self {
        Self::NotFound(what.into())
    }

    /// [`Error::Forbidden`] with a reason.
    pub fn forbidden(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(reason.into())
    }

    /// The code as written in logs, JSON and the protocol.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "INVALID",
            Self::Unauthenticated(_) => "UNAUTHENTICATED",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::NotFound(_) => "NOT_FOUND",
            Self::AlreadyExists(_) => "ALREADY_EXISTS",
            Self::IdempotencyConflict => "IDEMPOTENCY_CONFLICT",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Busy => "BUSY",
            Self::StorageFull => "STORAGE_FULL",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::SlowConsumer { .. } => "SLOW_CONSUMER",
            Self::GoingAway => "GOING_AWAY",
            Self::Protocol(_) => "PROTOCOL",
            Self::Internal { .. } => "INTERNAL",
        }
    }
}
