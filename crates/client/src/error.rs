//! What can go wrong between a client and its server.

use std::path::PathBuf;

use protocol::tls::Fingerprint;

/// Why a request has no answer, or not the one that was hoped for. The texts say what to do next. They may hold
/// what a server said: make them safe before showing them on a terminal.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// The server said no.
    #[error("{0}")]
    Refused(#[from] model::Error),
    /// No connection can be made.
    #[error("cannot reach {endpoint}: {reason}")]
    Unreachable {
        /// Which server.
        endpoint: String,
        /// Why not.
        reason: String,
    },
    /// The connection was lost, and it is not known whether the request was carried out.
    #[error("the connection was lost before the answer came: look whether it was done before you try again")]
    Lost,
    /// No answer came in time.
    #[error("no answer from {endpoint} in time")]
    TimedOut {
        /// Which server.
        endpoint: String,
    },
    /// The server has another key than the one that is known. Nothing was sent to it.
    #[error(
        "the key of {endpoint} has CHANGED. Someone may be listening in, or the server was set up anew.\n  \
         known:     {known}\n  presented: {presented}\n\
         Nothing was sent. If its operator confirms the new key, remove the line of {endpoint} from {}",
        known_hosts.display()
    )]
    KeyChanged {
        /// Which server.
        endpoint: String,
        /// What was expected.
        known: Fingerprint,
        /// What it shows now.
        presented: Fingerprint,
        /// Where the known key is written.
        known_hosts: PathBuf,
    },
    /// A file of ours cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The server does not speak this protocol, or another version.
    #[error("{endpoint} does not speak the language of this client: {reason}")]
    Protocol {
        /// Which server.
        endpoint: String,
        /// What it did.
        reason: String,
    },
}

impl ClientError {
    /// The code for logs and JSON: the server's own, or one of the client's.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Unreachable { .. } | Self::Lost => "UNREACHABLE",
            Self::TimedOut { .. } => "TIMED_OUT",
            Self::KeyChanged { .. } => "KEY_CHANGED",
            Self::File { .. } => "FILE",
            Self::Protocol { .. } => "PROTOCOL",
        }
    }

    /// Whether another try may go better without anyone doing anything.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost | Self::TimedOut { .. } => true,
            Self::Refused(error) => matches!(
                error,
                model::Error::Busy
                    | model::Error::GoingAway
                    | model::Error::Unavailable(_)
                    | model::Error::RateLimited { .. }
            ),
            Self::KeyChanged { .. } | Self::File { .. } | Self::Protocol { .. } => false,
        }
    }
}
