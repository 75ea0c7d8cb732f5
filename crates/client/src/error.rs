//! Errors of the client.

use std::path::PathBuf;

use protocol::tls::Fingerprint;

/// Why a request failed. The messages say what to do next and begin with a small letter; see
/// [`ClientError::sentence`]. They may contain text from a server: make them safe before showing them on a terminal.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// The server refused the request.
    #[error("{0}")]
    Refused(#[from] model::Error),
    /// The client only reads ([`Options::read_only`](crate::Options::read_only)). Nothing was sent.
    #[error("nothing was changed: --read-only was given")]
    ReadOnly,
    /// There is no connection to the server.
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable {
        /// Address of the server.
        endpoint: String,
        /// The cause.
        reason: String,
    },
    /// The connection was lost, and it is not known whether the request took effect.
    #[error(
        "the connection was lost before the response; check whether the change was made before you try again"
    )]
    Lost,
    /// There was no response in time.
    #[error("no response from {endpoint} in time")]
    TimedOut {
        /// Address of the server.
        endpoint: String,
    },
    /// The server's key is not the known one. Nothing was sent to the server.
    #[error(
        "the key of {address} {}.\n  known:     {known}\n  presented: {presented}\n\
         Nothing was sent. {}, remove the line for {} from {}",
        if endpoint == address {
            "has CHANGED. Someone may be intercepting the connection, or the server was set up again"
        } else {
            "is NOT the key of this network. Someone may be intercepting the connection, or it is another server"
        },
        if endpoint == address {
            "If the operator confirms the new key".to_owned()
        } else {
            format!("Leave {address} out; or, if the operator confirms the new key")
        },
        endpoint.replace(',', " and that for "),
        known_hosts.display()
    )]
    KeyChanged {
        /// Address of the server, or addresses of the network.
        endpoint: Box<str>,
        /// The one of these addresses that presented the key.
        address: Box<str>,
        /// The known key.
        known: Fingerprint,
        /// The key that the server presented.
        presented: Fingerprint,
        /// File with the known key.
        known_hosts: PathBuf,
    },
    /// The server's key is not known, and no one can compare it. Nothing was sent to the server.
    #[error(
        "{endpoint} is a new server, and its key must be compared first.\n  presented: {presented}\n\
         Nothing was sent. If it is the key that the operator named, accept it with --fingerprint {presented}; \
         it is remembered"
    )]
    KeyUnknown {
        /// Address of the server.
        endpoint: String,
        /// The key that the server presented.
        presented: Fingerprint,
    },
    /// A connection without TLS is not allowed there. Nothing was sent to the server.
    #[error("--insecure is only for a server on this machine without TLS: {0}")]
    Insecure(String),
    /// A file of the client cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The server does not speak this protocol, or speaks another version.
    #[error("{endpoint} does not speak the protocol of this client: {reason}")]
    Protocol {
        /// Address of the server.
        endpoint: String,
        /// What the server sent.
        reason: String,
    },
}

impl ClientError {
    /// The response to requests that waited when the user signed out.
    pub(crate) fn signed_out() -> Self {
        model::Error::Unauthenticated("you signed out".into()).into()
    }

    /// The code for logs and JSON: that of the server's error, or one of the client's.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::ReadOnly => "READ_ONLY",
            Self::Unreachable { .. } | Self::Lost => "UNREACHABLE",
            Self::TimedOut { .. } => "TIMED_OUT",
            Self::KeyChanged { .. } => "KEY_CHANGED",
            Self::KeyUnknown { .. } => "KEY_UNKNOWN",
            Self::Insecure(_) => "INSECURE",
            Self::File { .. } => "FILE",
            Self::Protocol { .. } => "PROTOCOL",
        }
    }

    /// The message as a sentence for a screen, with a capital letter at its beginning. Paths and addresses at the
    /// beginning stay as they are.
    #[must_use]
    pub fn sentence(&self) -> String {
        let message = self.to_string();
        if matches!(
            self,
            Self::File { .. } | Self::Protocol { .. } | Self::KeyUnknown { .. } | Self::Insecure(_)
        ) {
            return message;
        }
        let mut chars = message.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }

    /// Whether another server of the same network may accept the connection.
    pub(crate) fn may_differ_elsewhere(&self) -> bool {
        self.is_temporary() || matches!(self, Self::Protocol { .. })
    }

    /// Whether a retry may succeed without anyone changing anything.
    pub(crate) fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost | Self::TimedOut { .. } => true,
            Self::Refused(error) => matches!(
                error,
                model::Error::Busy
                    | model::Error::GoingAway
                    | model::Error::Unavailable(_)
                    | model::Error::RateLimited { .. }
            ),
            Self::KeyUnknown { .. } | Self::Insecure(_) => false,
            Self::ReadOnly | Self::KeyChanged { .. } | Self::File { .. } | Self::Protocol { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_letter_unless_a_name_is_first() {
        let busy = ClientError::from(model::Error::Busy);
        assert_eq!(busy.sentence(), "The server is busy; try again in a moment");
        let file = ClientError::File { path: "profiles.toml".into(), problem: "is broken".into() };
        assert_eq!(file.sentence(), "profiles.toml: is broken");
    }
}
