//! How a verb ends badly: what is said and with which exit code.

use client::ClientError;
use model::{Error, SafeText};
use serde_json::{Map, Value, json};

use crate::logging::talk;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody is signed in.
    NotSignedIn,
    /// The server, or the way to it.
    Client(ClientError),
    /// What was typed makes no sense.
    Usage(String),
    /// There is nothing, and --exit-status was given.
    Empty,
    /// Anything else that went wrong on this machine.
    Failed(String),
    /// Whoever read our output has left.
    Unread,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Client(error.into())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl Failure {
    /// As in the help of the program.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Empty => 3,
            Self::NotSignedIn => 4,
            Self::Client(ClientError::Refused(error)) => match error {
                Error::NotFound(_) => 3,
                Error::Unauthenticated(_) => 4,
                Error::Invalid { .. } | Error::Forbidden(_) => 5,
                Error::RateLimited { .. } | Error::Busy => 6,
                Error::Unavailable(_) | Error::GoingAway => 7,
                Error::AlreadyExists(_) | Error::IdempotencyConflict => 8,
                Error::StorageFull
                | Error::SlowConsumer { .. }
                | Error::Protocol(_)
                | Error::Internal { .. } => 1,
            },
            Self::Client(ClientError::File { .. } | ClientError::Protocol { .. }) => 1,
            Self::Client(_) => 7,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "UNAUTHENTICATED",
            Self::Client(error) => error.code(),
            Self::Usage(_) => "USAGE",
            Self::Empty => "EMPTY",
            Self::Failed(_) => "FAILED",
            Self::Unread => "UNREAD",
        }
    }

    /// As a line on stderr. What a server said may be part of it.
    #[cfg(feature = "ssh")]
    pub(crate) fn line(&self) -> String {
        format!("error: {}", self.message())
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::NotSignedIn => {
                "nobody is signed in: run `mini-tweet login`, or `mini-tweet signup` for a new account"
                    .to_owned()
            }
            Self::Client(ClientError::Refused(Error::Unauthenticated(reason))) => {
                format!("{reason} (`mini-tweet login`)")
            }
            Self::Client(error) => error.to_string(),
            Self::Usage(text) | Self::Failed(text) => text.clone(),
            Self::Empty => "there is nothing".to_owned(),
            Self::Unread => "nobody reads".to_owned(),
        }
    }

    /// Says it on stderr: a line for people, an object for programs.
    pub(crate) fn print(&self, as_json: bool) {
        match self {
            Self::Unread | Self::Empty => {}
            _ if as_json => talk(self.json_line()),
            // What a server said may be part of it.
            _ => talk(format_args!("error: {}", SafeText::lines(&self.message()))),
        }
    }

    fn json_line(&self) -> String {
        crate::output::json::line(&self.json())
    }

    fn json(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), self.code().into());
        error.insert("message".into(), self.message().into());
        match self {
            Self::Client(ClientError::Refused(Error::Invalid { field, .. })) => {
                error.insert("field".into(), field.as_ref().into());
            }
            Self::Client(ClientError::Refused(Error::RateLimited { retry_after })) => {
                let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                error.insert("retry_after_ms".into(), milliseconds.into());
            }
            Self::Client(ClientError::Refused(Error::Internal { incident })) => {
                error.insert("incident".into(), incident.as_str().into());
            }
            _ => {}
        }
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn programs_get_the_code_and_what_belongs_to_it() {
        let failure = Failure::from(Error::RateLimited { retry_after: Duration::from_millis(1_500) });
        assert_eq!(failure.exit_code(), 6);
        assert_eq!(failure.json()["error"]["code"], "RATE_LIMITED");
        assert_eq!(failure.json()["error"]["retry_after_ms"], 1_500);
        let failure = Failure::from(Error::invalid("text", "is too long"));
        assert_eq!((failure.exit_code(), &failure.json()["error"]["field"]), (5, &"text".into()));
    }

    #[test]
    fn what_a_server_says_drives_no_terminal_of_programs_either() {
        let failure = Failure::from(Error::forbidden("\u{9b}31m\u{7f}\u{202e}"));
        assert!(failure.json_line().is_ascii(), "{}", failure.json_line());
    }

    #[test]
    fn who_is_not_signed_in_is_told_how_to() {
        for failure in [Failure::NotSignedIn, Error::Unauthenticated("the session has ended".into()).into()] {
            assert_eq!(failure.exit_code(), 4);
            assert!(failure.message().contains("mini-tweet login"));
        }
    }
}
