//! How a verb fails: its message, its exit code and its JSON.

use client::ClientError;
use model::{Error, SafeText, os_error_in_words};
use serde_json::{Map, Value, json};

use crate::logging::talk;

/// Why a verb failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The verb needs an account, and none is signed in.
    NotSignedIn,
    /// The server refused the request or could not be reached.
    Client(ClientError),
    /// The same, with a message of the verb, which knows more of what was asked.
    Explained { error: Box<ClientError>, message: String },
    /// The command line makes no sense.
    Usage(String),
    /// Nothing was shown, and --exit-status was given.
    Empty,
    /// Anything else that went wrong on this machine.
    Failed(String),
    /// The reader of our output has closed it.
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
            _ => Self::Failed(os_error_in_words(&error)),
        }
    }
}

impl Failure {
    /// Says what cannot be done to one's own account ("follow yourself"), if that is why the server refused the request.
    pub(crate) fn name_action(self, action: &str) -> Self {
        match self {
            Self::Client(error) if matches!(&error, ClientError::Refused(why) if why.is_own_account()) => {
                Self::Explained { error: error.into(), message: format!("you can't {action}") }
            }
            other => other,
        }
    }

    /// Adds sentences to the message if the request was sent, and it is not known whether the server has carried it out.
    pub(crate) fn if_outcome_is_unknown(self, state: &str, advice: &str) -> Self {
        match &self {
            Self::Client(ClientError::TimedOut { .. } | ClientError::Lost) => self.and(state).and(advice),
            _ => self,
        }
    }

    /// Adds a sentence to the message.
    pub(crate) fn and(self, more: &str) -> Self {
        let message = format!("{}. {more}", self.message().trim_end_matches('.'));
        match self {
            Self::Client(error) => Self::Explained { error: error.into(), message },
            Self::Explained { error, .. } => Self::Explained { error, message },
            Self::Usage(_) => Self::Usage(message),
            Self::NotSignedIn => Self::Explained {
                error: Box::new(Error::Unauthenticated("no session".into()).into()),
                message,
            },
            Self::Empty | Self::Failed(_) | Self::Unread => Self::Failed(message),
        }
    }

    /// For a refused log-in: without the hint to log in.
    pub(crate) fn of_log_in(error: ClientError) -> Self {
        let message = error.to_string();
        Self::Explained { error: error.into(), message }
    }

    /// The exit code, as the program's help lists them.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Empty => 3,
            Self::NotSignedIn => 4,
            Self::Client(error) => Self::exit_code_of(error),
            Self::Explained { error, .. } => Self::exit_code_of(error),
        }
    }

    fn exit_code_of(error: &ClientError) -> u8 {
        match error {
            ClientError::Refused(error) => match error {
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
            ClientError::ReadOnly => 5,
            ClientError::KeyUnknown { .. } => 9,
            ClientError::Insecure(_) => 2,
            ClientError::File { .. } | ClientError::Protocol { .. } => 1,
            _ => 7,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "UNAUTHENTICATED",
            Self::Client(error) => error.code(),
            Self::Explained { error, .. } => error.code(),
            Self::Usage(_) => "USAGE",
            Self::Empty => "EMPTY",
            Self::Failed(_) => "FAILED",
            Self::Unread => "UNREAD",
        }
    }

    /// The line for stderr. It may contain text from a server.
    #[cfg(feature = "ssh")]
    pub(crate) fn line(&self) -> String {
        format!("error: {}", self.message())
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::NotSignedIn => {
                "you're not signed in; run `mini-tweet login`, or `mini-tweet signup` to create an account"
                    .to_owned()
            }
            Self::Client(ClientError::Refused(Error::Unauthenticated(reason))) => {
                format!("{reason} (run `mini-tweet login`)")
            }
            Self::Client(error @ ClientError::KeyChanged { .. }) => {
                format!("{error}, or give the presented key with --fingerprint; it is remembered")
            }
            Self::Client(error) => error.to_string(),
            Self::Explained { message: text, .. } | Self::Usage(text) | Self::Failed(text) => text.clone(),
            Self::Empty => "nothing to show".to_owned(),
            Self::Unread => "the output was closed".to_owned(),
        }
    }

    /// Prints the failure to stderr: a line for people, an object for programs.
    pub(crate) fn print(&self, as_json: bool) {
        match self {
            Self::Unread | Self::Empty => {}
            _ if as_json => talk(self.json_line()),
            // The message may contain text from a server.
            _ => talk(format_args!("error: {}", SafeText::lines(&self.message()))),
        }
    }

    fn json_line(&self) -> String {
        crate::output::json::line(&self.json(), crate::locale::charset())
    }

    fn json(&self) -> Value {
        let mut error = Map::new();
        error.insert("code".into(), self.code().into());
        error.insert("message".into(), self.message().into());
        let client_error = match self {
            Self::Client(error) => Some(error),
            Self::Explained { error, .. } => Some(error.as_ref()),
            _ => None,
        };
        match client_error {
            Some(ClientError::Refused(Error::Invalid { field, .. })) => {
                error.insert("field".into(), field.as_ref().into());
            }
            Some(ClientError::Refused(Error::RateLimited { retry_after, .. })) => {
                let milliseconds = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
                error.insert("retry_after_ms".into(), milliseconds.into());
            }
            Some(ClientError::Refused(Error::Internal { incident })) => {
                error.insert("incident".into(), incident.as_str().into());
            }
            _ => {}
        }
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn programs_get_the_code_and_what_belongs_to_it() {
        let failure = Failure::from(Error::too_many_requests(Duration::from_millis(1_500)));
        assert_eq!(failure.exit_code(), 6);
        assert_eq!(failure.json()["error"]["code"], "RATE_LIMITED");
        assert_eq!(failure.json()["error"]["retry_after_ms"], 1_500);
        let failure = Failure::from(Error::invalid("text", "is too long"));
        assert_eq!((failure.exit_code(), &failure.json()["error"]["field"]), (5, &"text".into()));
    }

    #[test]
    fn an_action_on_ones_own_account_is_refused_by_its_name() {
        let failure = Failure::from(Error::own_account()).name_action("follow yourself");
        assert_eq!((failure.exit_code(), failure.message().as_str()), (5, "you can't follow yourself"));
        assert_eq!(failure.json()["error"]["field"], "username");
    }

    #[test]
    fn advice_for_an_unknown_outcome_is_given_only_if_the_outcome_is_unknown() {
        let after =
            |error: ClientError| Failure::from(error).if_outcome_is_unknown("Unknown", "Look").message();
        let timed_out = ClientError::TimedOut { endpoint: "a.org:4280".into() };
        assert_eq!(after(timed_out), "no response from a.org:4280 in time. Unknown. Look");
        assert_eq!(after(Error::Busy.into()), Error::Busy.to_string());
    }

    #[test]
    fn text_from_a_server_cannot_drive_the_terminal_in_json_errors_either() {
        let failure = Failure::from(Error::forbidden("\u{9b}31m\u{7f}\u{202e}"));
        assert!(failure.json_line().is_ascii(), "{}", failure.json_line());
    }

    #[test]
    fn an_error_about_a_missing_session_names_the_command_to_sign_in() {
        for failure in [Failure::NotSignedIn, Error::Unauthenticated("the session has ended".into()).into()] {
            assert_eq!(failure.exit_code(), 4);
            assert!(failure.message().contains("mini-tweet login"));
        }
        let refused = Error::Unauthenticated("wrong username or password".into());
        let failure = Failure::of_log_in(refused.into());
        assert_eq!((failure.exit_code(), failure.message().as_str()), (4, "wrong username or password"));
    }
}
