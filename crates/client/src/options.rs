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
    /// Address of the server, or the addresses of the servers of a network.
    pub endpoint: Endpoint,
    /// Makes the connections to [`Endpoint::Within`]; ignored for other endpoints.
    pub dial: Option<Dial>,
    /// File with the keys of known servers. The key of a new server is added.
    pub known_hosts: PathBuf,
    /// The time in Unix milliseconds, if it is known: the day is noted next to the key of a new server.
    pub now_ms: Option<i64>,
    /// The only accepted key of the server, whatever the file of known servers says. It takes the place of
    /// the one in the file, or is added to it.
    pub fingerprint: Option<Fingerprint>,
    /// What happens when the key of the server is not known.
    pub first_contact: FirstContact,
    /// No TLS, for a server on the same machine that was started with the same option. Another address, and a server
    /// whose key is known, are refused.
    pub insecure: bool,
    /// Refuse every request that changes something, without sending it.
    pub read_only: bool,
    /// Session to resume.
    pub token: Option<Token>,
    /// Name of this client in the list of sessions, at most 64 bytes.
    pub client_name: String,
    /// Maximum duration of a request, including reconnecting.
    pub timeout: Duration,
    /// Maximum duration of each step of connecting: the connection itself, TLS, the server's greeting. With several servers
    /// each of them gets a part of it.
    pub connect_timeout: Duration,
    /// The server is in this process, so that there is none to connect to again once it shuts down.
    pub ends_with_server: bool,
}

impl Options {
    /// TLS, no session, 60 s per request, 10 s per step of connecting.
    #[must_use]
    pub fn new(endpoint: Endpoint, known_hosts: PathBuf) -> Self {
        Self {
            endpoint,
            dial: None,
            known_hosts,
            now_ms: None,
            fingerprint: None,
            first_contact: FirstContact::Trust,
            insecure: false,
            read_only: false,
            token: None,
            client_name: concat!("mini-tweet ", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            ends_with_server: false,
        }
    }

    /// A server in this process, reached through these streams: no TLS, no key.
    #[must_use]
    pub fn within(dial: Dial) -> Self {
        Self { dial: Some(dial), ..Self::new(Endpoint::Within, PathBuf::new()) }
    }
}

/// What happens when the key of a server is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstContact {
    /// It is accepted and becomes known: for a person, who can compare it, see
    /// [`Client::first_contact`](crate::Client::first_contact).
    Trust,
    /// It is refused: for programs, which cannot.
    Refuse,
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
