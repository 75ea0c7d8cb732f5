//! How to reach a server: address, keys, session and time limit of a client.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use protocol::tls::Fingerprint;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::endpoint::Endpoint;
use crate::token::Token;

/// Options of a [`Client`](crate::Client).
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the server.
    pub endpoint: Endpoint,
    /// Makes the connections to [`Endpoint::Within`]; ignored for other endpoints.
    pub dial: Option<Dial>,
    /// File with the keys of known servers. The key of a new server is added.
    pub known_hosts: PathBuf,
    /// The only accepted key of the server; the file of known servers is then ignored.
    pub fingerprint: Option<Fingerprint>,
    /// No TLS, for a server on the same machine that was started with the same option.
    pub insecure: bool,
    /// Refuse every request that changes something, without sending it.
    pub read_only: bool,
    /// Session to resume.
    pub token: Option<Token>,
    /// Name of this client in the list of sessions, at most 64 bytes.
    pub client_name: String,
    /// Maximum duration of a request, including reconnecting.
    pub timeout: Duration,
}

impl Options {
    /// TLS, no session, 60 s per request.
    #[must_use]
    pub fn new(endpoint: Endpoint, known_hosts: PathBuf) -> Self {
        Self {
            endpoint,
            dial: None,
            known_hosts,
            fingerprint: None,
            insecure: false,
            read_only: false,
            token: None,
            client_name: concat!("mini-tweet ", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(60),
        }
    }

    /// A server in this process, reached through these streams: no TLS, no key.
    #[must_use]
    pub fn within(dial: Dial) -> Self {
        Self { dial: Some(dial), ..Self::new(Endpoint::Within, PathBuf::new()) }
    }
}

/// Makes connections within the process.
#[derive(Clone)]
pub struct Dial(Arc<dyn Fn() -> Box<dyn Stream> + Send + Sync>);

impl Dial {
    /// `open` is called for every connection. A stream that is closed at once stands for a refused connection.
    pub fn new<S>(open: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move || Box::new(open())))
    }

    pub(crate) fn open(&self) -> Box<dyn Stream> {
        (self.0)()
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}

/// Any byte stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}
