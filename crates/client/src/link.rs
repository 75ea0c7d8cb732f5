//! Establishes a connection: dial, TLS with the pinned key, hello, resuming the session.

use std::io;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{SafeText, os_error_in_words};
use protocol::connection::{ConnectionError, FrameReader, FrameWriter, Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::tls::{self, PinVerifier};
use protocol::v1::{client_frame, request, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use rustls::pki_types::ServerName;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::endpoint::Endpoint;
use crate::error::ClientError;
use crate::known_hosts::{KnownHosts, ServerKey};
use crate::options::{FirstContact, Options, Stream};
use crate::token::Token;

/// A connection that is ready for requests.
pub(crate) struct Link {
    pub(crate) reader: FrameReader<ReadHalf<Box<dyn Stream>>>,
    pub(crate) writer: FrameWriter<WriteHalf<Box<dyn Stream>>>,
    pub(crate) hello: v1::ServerHello,
    /// When the hello arrived.
    pub(crate) greeted: Instant,
    /// The server's key; `None` without TLS.
    pub(crate) key: Option<ServerKey>,
    /// This was the first connection to the server.
    pub(crate) is_first: bool,
}

/// Connects and, with a token, resumes its session.
///
/// # Errors
/// Why there is no connection; `UNAUTHENTICATED` if the session has ended.
pub(crate) async fn establish(options: &Options, token: Option<&Token>) -> Result<Link, ClientError> {
    let Dialled { stream, key, is_first } = dial(options).await?;
    let (reader, writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
    let (hello, greeted) = (v1::ServerHello::default(), Instant::now());
    let mut link = Link { reader, writer, hello, greeted, key, is_first };
    link.writer.queue(&frame(client_frame::Frame::Hello(v1::ClientHello {
        protocol_version: PROTOCOL_VERSION,
        client_name: options.client_name.clone(),
    })));
    if let Some(token) = token {
        let op = request::Op::Authenticate(v1::Authenticate { token: token.to_bytes().into() });
        link.writer.queue(&request_frame(AUTHENTICATE_ID, bytes::Bytes::new(), op));
    }
    let handshake = async {
        link.writer.flush().await.map_err(|error| lost(options, &error))?;
        greet(&mut link, options, token.is_some()).await
    };
    timeout(options.connect_timeout, handshake).await.map_err(|_| timed_out(options))??;
    Ok(link)
}

/// Request id of resuming the session. Later requests of the connection have larger ids.
pub(crate) const AUTHENTICATE_ID: u32 = 1;

/// Reads the server's hello and, after a token, the response to it.
async fn greet(link: &mut Link, options: &Options, authenticating: bool) -> Result<(), ClientError> {
    let mut greeted = false;
    while !greeted || authenticating {
        let frame = link.reader.read::<v1::ServerFrame>().await.map_err(|error| lost(options, &error))?;
        let frame = frame.ok_or_else(|| unreachable(options, "the server closed the connection"))?;
        match frame.frame {
            Some(server_frame::Frame::Hello(hello)) if hello.protocol_version == PROTOCOL_VERSION => {
                (link.hello, link.greeted) = (hello, Instant::now());
                greeted = true;
            }
            Some(server_frame::Frame::Hello(hello)) => {
                let version = hello.protocol_version;
                return Err(protocol(
                    options,
                    format!("the server speaks version {version}, this client {PROTOCOL_VERSION}"),
                ));
            }
            Some(server_frame::Frame::Response(answer)) if answer.id == AUTHENTICATE_ID => {
                return match answer.result {
                    Some(response::Result::LoggedIn(_)) => Ok(()),
                    Some(response::Result::Error(error)) => Err(model::Error::from(error).into()),
                    _ => Err(protocol(options, "the response does not match the request".to_owned())),
                };
            }
            Some(server_frame::Frame::Fatal(error)) => return Err(model::Error::from(error).into()),
            Some(server_frame::Frame::GoingAway(_)) => return Err(model::Error::GoingAway.into()),
            // Frames that only newer servers send.
            _ => {}
        }
    }
    Ok(())
}

/// A stream to the server.
struct Dialled {
    stream: Box<dyn Stream>,
    /// The server's key; `None` without TLS.
    key: Option<ServerKey>,
    /// The key was not known before.
    is_first: bool,
}

impl Dialled {
    fn without_tls(stream: Box<dyn Stream>) -> Self {
        Self { stream, key: None, is_first: false }
    }
}

async fn dial(options: &Options) -> Result<Dialled, ClientError> {
    match &options.endpoint {
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| {
                let reason = match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                        "no server is running with this data directory".to_owned()
                    }
                    _ => reason(&error),
                };
                unreachable(options, reason)
            })?;
            Ok(Dialled::without_tls(Box::new(stream)))
        }
        Endpoint::Within => {
            let dial = options
                .dial
                .as_ref()
                .ok_or_else(|| unreachable(options, "no way to connect within this process was given"))?;
            Ok(Dialled::without_tls(dial.open()))
        }
        Endpoint::Tcp { host, port } => {
            let connecting = TcpStream::connect((host.as_str(), *port));
            let stream = timeout(options.connect_timeout, connecting)
                .await
                .map_err(|_| timed_out(options))?
                .map_err(|error| unreachable(options, reason(&error)))?;
            // Best effort: without it responses arrive a little later.
            let _ = stream.set_nodelay(true);
            if options.insecure {
                may_be_insecure(options, &stream)?;
                return Ok(Dialled::without_tls(Box::new(stream)));
            }
            secure(options, stream).await
        }
    }
}

/// Nothing may be sent without TLS to another machine, or to a server that has a key.
fn may_be_insecure(options: &Options, stream: &TcpStream) -> Result<(), ClientError> {
    let endpoint = &options.endpoint;
    let address = stream.peer_addr().map_err(|error| unreachable(options, reason(&error)))?.ip();
    if !address.to_canonical().is_loopback() {
        return Err(ClientError::Insecure(format!("{endpoint} is at {address}. Leave --insecure out")));
    }
    if options.fingerprint.is_some() {
        return Err(ClientError::Insecure(
            "without TLS there is no key to compare with --fingerprint".to_owned(),
        ));
    }
    if KnownHosts::in_file(options.known_hosts.clone()).find(&endpoint.to_string())?.is_some() {
        let file = options.known_hosts.display();
        return Err(ClientError::Insecure(format!(
            "the key of {endpoint} is known. Leave --insecure out, or remove the line for {endpoint} from {file}"
        )));
    }
    Ok(())
}

/// Starts TLS. Accepts only the known key; on the first connection to a server, its key becomes known.
async fn secure(options: &Options, stream: TcpStream) -> Result<Dialled, ClientError> {
    let endpoint = options.endpoint.to_string();
    let known_hosts = KnownHosts::in_file(options.known_hosts.clone());
    let stored = known_hosts.find(&endpoint);
    let known = match options.fingerprint {
        Some(expected) => Some(expected),
        None => stored.clone()?.map(|key| key.fingerprint),
    };
    let pin = PinVerifier::new(known);
    let config = tls::client_config(pin.clone()).map_err(|error| protocol(options, error.to_string()))?;
    // The key alone identifies the server; the name is only a formality.
    let name = ServerName::try_from("mini-tweet").map_err(|error| protocol(options, error.to_string()))?;
    let handshake = timeout(options.connect_timeout, TlsConnector::from(config).connect(name, stream));
    let outcome = handshake.await.map_err(|_| timed_out(options))?;
    match (known, pin.presented()) {
        (Some(known), Some(presented)) if known != presented => {
            let known_hosts = known_hosts.path().to_owned();
            Err(ClientError::KeyChanged { endpoint, known, presented, known_hosts })
        }
        (known, Some(presented)) => {
            let stream = outcome.map_err(|error| unreachable(options, reason(&error)))?;
            if known.is_none() && options.first_contact == FirstContact::Refuse {
                return Err(ClientError::KeyUnknown { endpoint, presented });
            }
            let since = match &stored {
                Ok(Some(key)) => key.since.filter(|_| key.fingerprint == presented),
                _ => options.now_ms.and_then(day),
            };
            let key = ServerKey { fingerprint: presented, since };
            if matches!(stored, Ok(None)) {
                let added = known_hosts.add(&endpoint, key);
                // For a key that was given, the file is a convenience.
                if known.is_none() {
                    added?;
                }
            }
            Ok(Dialled { stream: Box::new(stream), key: Some(key), is_first: known.is_none() })
        }
        (_, None) => {
            let reason =
                outcome.err().map_or_else(|| "it presented no key".to_owned(), |error| reason(&error));
            Err(unreachable(options, format!("no TLS 1.3 connection ({reason}); check the port")))
        }
    }
}

/// The day in UTC at this time.
fn day(ms: i64) -> Option<Date> {
    Timestamp::from_millisecond(ms).ok().map(|time| time.to_zoned(TimeZone::UTC).date())
}

/// Why a connection failed, in plain words.
fn reason(error: &io::Error) -> String {
    let message = error.to_string();
    let words = match error.kind() {
        io::ErrorKind::ConnectionRefused => "no server is listening there",
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::WriteZero => "the server closed the connection",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            "there is no way to it from here; check your network"
        }
        io::ErrorKind::TimedOut => "it does not answer; check the address and your network",
        // The standard library has no kind for it.
        _ if message.starts_with("failed to lookup address information") => {
            "no host with this name was found; check the name and your network"
        }
        _ if error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => {
            tracing::debug!(%error, "TLS failed");
            "what it sends is not TLS as this client knows it"
        }
        _ => return SafeText::line(&os_error_in_words(error)).to_string(),
    };
    words.to_owned()
}

fn unreachable(options: &Options, reason: impl Into<String>) -> ClientError {
    ClientError::Unreachable { endpoint: options.endpoint.to_string(), reason: reason.into() }
}

fn timed_out(options: &Options) -> ClientError {
    ClientError::TimedOut { endpoint: options.endpoint.to_string() }
}

fn protocol(options: &Options, reason: String) -> ClientError {
    ClientError::Protocol { endpoint: options.endpoint.to_string(), reason }
}

/// Why a connection ended.
pub(crate) fn lost(options: &Options, error: &ConnectionError) -> ClientError {
    match error {
        ConnectionError::Io(error) => unreachable(options, reason(error)),
        ConnectionError::Frame(error) => protocol(options, error.to_string()),
        ConnectionError::TooSlow(_) => timed_out(options),
    }
}

/// A client's frame.
pub(crate) fn frame(frame: client_frame::Frame) -> v1::ClientFrame {
    v1::ClientFrame { frame: Some(frame) }
}

/// A frame with a request.
pub(crate) fn request_frame(id: u32, idempotency_key: bytes::Bytes, op: request::Op) -> v1::ClientFrame {
    frame(client_frame::Frame::Request(v1::Request { id, idempotency_key, op: Some(op) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_no_words_of_libraries() {
        let lookup = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(reason(&lookup), "no host with this name was found; check the name and your network");
        let tls = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "peer closed connection without sending TLS close_notify: https://docs.rs/rustls/…",
        );
        assert_eq!(reason(&tls), "the server closed the connection");
        for number in [101, 110, 113] {
            let words = reason(&io::Error::from_raw_os_error(number));
            assert!(words.contains("check"), "{number}: {words}");
        }
    }
}
