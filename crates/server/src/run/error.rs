//! Why a server does not start, or stops.

use std::io;
use std::path::PathBuf;

use model::os_error_in_words;
use protocol::tls::IdentityError;
use store::OpenError;

/// Why a server did not start, or why it stopped. Each message is one line with the next step.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory cannot be used.
    #[error("data directory {}: {problem}", path.display())]
    DataDirectory {
        /// The directory.
        path: PathBuf,
        /// What is wrong and how to fix it.
        problem: String,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The server cannot listen on an address or a socket.
    #[error("cannot listen on {address}: {problem}")]
    Listen {
        /// Address, or path of a unix socket.
        address: String,
        /// What is wrong and how to fix it.
        problem: String,
    },
    /// A file that the configuration names cannot be read.
    #[error("cannot read {}: {}", path.display(), os_error_in_words(error))]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// Others can read the private key of the certificate.
    #[error("others can read the TLS key {} (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    OpenKey {
        /// The file with the key.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The TLS certificate or its key is invalid.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The data that a server needs at its start cannot be read.
    #[error("the server cannot start: {0}")]
    Start(#[from] model::Error),
    /// The configuration asks for ssh, and the program was built without it.
    #[error("this program was built without ssh; remove the option ssh")]
    NoSsh,
    /// The store failed while the server ran.
    #[error(
        "storage failed; the server stopped so that no acknowledged change is lost; check the disk and the log"
    )]
    StorageFailed,
}
