//! The closed list of everything that can go wrong, over the whole product.

use std::borrow::Cow;
use std::time::Duration;

use crate::id::EventId;
use crate::limits::SSH_SESSIONS_MAX;

/// A result with our [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What can go wrong. The texts are for people and say what to do next; they begin with a small letter, so that a
/// program can put something in front. Nothing in them comes from inside the server (no SQL, path or line number).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A field of a request is not acceptable.
    #[error("{} {reason}", label(field))]
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
    /// It does not exist, or the caller may not know that it does.
    #[error("there is no such {0}")]
    NotFound(Cow<'static, str>),
    /// A name is taken.
    #[error("this {0} is already taken; choose another")]
    AlreadyExists(Cow<'static, str>),
    /// An idempotency key was used before for another request.
    #[error("this idempotency key was already used for a different request")]
    IdempotencyConflict,
    /// Too many requests of this kind.
    #[error("{limit}; try again in {}", in_words(*retry_after))]
    RateLimited {
        /// Which limit was reached: "too many requests".
        limit: Cow<'static, str>,
        /// How long to wait before the same request can succeed.
        retry_after: Duration,
    },
    /// A queue is full.
    #[error("the server is busy; try again in a moment")]
    Busy,
    /// No space on the server's disk.
    #[error(
        "the server's disk is full; you can read, but nothing can be posted until its operator frees space"
    )]
    StorageFull,
    /// The server or its store cannot be reached.
    #[error("{0}")]
    Unavailable(Cow<'static, str>),
    /// The reader of a subscription was too slow, and the server ended the subscription.
    #[error("events arrived faster than they were read; subscribe again from the cursor")]
    SlowConsumer {
        /// The last event that was delivered.
        cursor: Option<EventId>,
    },
    /// The server is stopping.
    #[error("the server is shutting down; reconnect in a moment")]
    GoingAway,
    /// Bytes that the protocol does not allow.
    #[error("protocol error: {0}")]
    Protocol(Cow<'static, str>),
    /// A bug or an unexpected state of the server.
    #[error("internal server error; its operator can find the cause in the log under incident {incident}")]
    Internal {
        /// Identifier that the log line carries too.
        incident: String,
    },
}

impl Error {
    /// [`Error::Invalid`] with a reason that goes on from the field's name.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    /// [`Error::Invalid`] for an action on other accounts that was aimed at one's own.
    #[must_use]
    pub fn own_account() -> Self {
        Self::invalid("username", OWN_ACCOUNT)
    }

    /// Whether this is [`Error::own_account`], also after it came from a server.
    #[must_use]
    pub fn is_own_account(&self) -> bool {
        matches!(self, Self::Invalid { field, reason } if field == "username" && reason == OWN_ACCOUNT)
    }

    /// [`Error::Forbidden`] for someone who has proved to own an account that is suspended.
    #[must_use]
    pub fn suspended() -> Self {
        Self::forbidden("this account is suspended: ask the operator of this server")
    }

    /// [`Error::Forbidden`] for someone who has proved to own an account with [`SSH_SESSIONS_MAX`] sessions over ssh.
    #[must_use]
    pub fn too_many_ssh_sessions() -> Self {
        Self::forbidden(format!(
            "your account has {SSH_SESSIONS_MAX} connections over ssh, which is the most; close one, then connect again"
        ))
    }

    /// Whether this is [`Error::too_many_ssh_sessions`].
    #[must_use]
    pub fn is_too_many_ssh_sessions(&self) -> bool {
        *self == Self::too_many_ssh_sessions()
    }

    /// [`Error::RateLimited`] for a limit on requests of any kind.
    #[must_use]
    pub fn too_many_requests(retry_after: Duration) -> Self {
        Self::RateLimited { limit: "too many requests".into(), retry_after }
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

const OWN_ACCOUNT: &str = "is your own";

/// What people call a field of the protocol.
fn label(field: &str) -> &str {
    match field {
        "display_name" => "display name",
        "invite_code" => "invite code",
        "idempotency_key" => "idempotency key",
        "new_password" => "new password",
        "old_password" => "current password",
        "public_key" => "public key",
        "query" => "search text",
        "message_id" => "this message",
        "tweet_id" => "this tweet",
        "valid_hours" => "number of hours",
        field => field,
    }
}

/// A wait as people say it, rounded up: "30 minutes".
#[must_use]
pub fn in_words(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds.div_ceil(60), "minute"),
        7_200..172_800 => (seconds.div_ceil(3_600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_about_a_field_has_the_words_of_people() {
        let error = Error::invalid("tweet_id", "was edited 100 times and cannot be edited again");
        assert_eq!(error.to_string(), "this tweet was edited 100 times and cannot be edited again");
    }

    #[test]
    fn waits_are_rounded_up_to_the_unit_that_people_would_use() {
        for (ms, words) in [
            (0, "1 second"),
            (1_500, "2 seconds"),
            (119_000, "119 seconds"),
            (120_000, "2 minutes"),
            (1_776_000, "30 minutes"),
            (7_200_000, "2 hours"),
            (172_800_001, "3 days"),
        ] {
            assert_eq!(in_words(Duration::from_millis(ms)), words, "{ms} ms");
        }
    }

    #[test]
    fn a_field_is_named_as_people_call_it() {
        assert_eq!(Error::invalid("old_password", "is wrong").to_string(), "current password is wrong");
        assert_eq!(Error::invalid("bio", "is empty").to_string(), "bio is empty");
    }

    #[test]
    fn an_action_on_ones_own_account_is_recognised() {
        assert!(Error::own_account().is_own_account());
        assert!(!Error::invalid("username", "is empty").is_own_account());
    }
}
