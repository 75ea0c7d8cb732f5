//! Establishes a connection: dial, TLS with the pinned key, hello, resuming the session.

use std::io;
use std::time::Duration;

use model::SafeText;
use protocol::connection::{ConnectionError, FrameReader, FrameWriter, Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::tls::{self, Fingerprint, PinVerifier};
use protocol::v1::{client_frame, request, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use rustls::pki_types::ServerName;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::endpoint::Endpoint;
use crate::error::ClientError;
use crate::known_hosts::KnownHosts;
use crate::options::{Options, Stream};
use crate::token::Token;

/// Timeout of each step of connecting.
const STEP_MAX: Duration = Duration::from_secs(10);

/// A connection that is ready for requests.
pub(crate) struct Link {
    pub(crate) reader: FrameReader<ReadHalf<Box<dyn Stream>>>,
    pub(crate) writer: FrameWriter<WriteHalf<Box<dyn Stream>>>,
    pub(crate) hello: v1::ServerHello,
    /// The server's key, if this was the first connection to it.
    pub(crate) first_contact: Option<Fingerprint>,
}

/// Connects and, with a token, resumes its session.
///
/// # Errors
/// Why there is no connection; `UNAUTHENTICATED` if the session has ended.
pub(crate) async fn establish(options: &Options, token: Option<&Token>) -> Result<Link, ClientError> {
    let (stream, first_contact) = dial(options).await?;
    let (reader, writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
    let mut link = Link { reader, writer, hello: v1::ServerHello::default(), first_contact };
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
    timeout(STEP_MAX, handshake).await.map_err(|_| timed_out(options))??;
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
                link.hello = hello;
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

async fn dial(options: &Options) -> Result<(Box<dyn Stream>, Option<Fingerprint>), ClientError> {
    match &options.endpoint {
        Endpoint::Unix(path) => {
            let stream = UnixStream::connect(path).await.map_err(|error| {
                let reason = match error.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                        "no server is running with this data directory".to_owned()
                    }
                    _ => error.to_string(),
                };
                unreachable(options, reason)
            })?;
            Ok((Box::new(stream), None))
        }
        Endpoint::Within => {
            let dial = options
                .dial
                .as_ref()
                .ok_or_else(|| unreachable(options, "no way to connect within this process was given"))?;
            Ok((dial.open(), None))
        }
        Endpoint::Tcp { host, port } => {
            let connecting = TcpStream::connect((host.as_str(), *port));
            let stream = timeout(STEP_MAX, connecting)
                .await
                .map_err(|_| timed_out(options))?
                .map_err(|error| unreachable(options, reason(&error)))?;
            // Best effort: without it responses arrive a little later.
            let _ = stream.set_nodelay(true);
            if options.insecure { Ok((Box::new(stream), None)) } else { secure(options, stream).await }
        }
    }
}

/// Starts TLS. Accepts only the known key; on the first connection to a server, its key becomes known.
async fn secure(
    options: &Options,
    stream: TcpStream,
) -> Result<(Box<dyn Stream>, Option<Fingerprint>), ClientError> {
    let endpoint = options.endpoint.to_string();
    let known_hosts = KnownHosts::in_file(options.known_hosts.clone());
    let known = match options.fingerprint {
        Some(expected) => Some(expected),
        None => known_hosts.find(&endpoint)?,
    };
    let pin = PinVerifier::new(known);
    let config = tls::client_config(pin.clone()).map_err(|error| protocol(options, error.to_string()))?;
    // The key alone identifies the server; the name is only a formality.
    let name = ServerName::try_from("mini-tweet").map_err(|error| protocol(options, error.to_string()))?;
    let handshake = timeout(STEP_MAX, TlsConnector::from(config).connect(name, stream));
    let outcome = handshake.await.map_err(|_| timed_out(options))?;
    match (known, pin.presented()) {
        (Some(known), Some(presented)) if known != presented => {
            let known_hosts = known_hosts.path().to_owned();
            Err(ClientError::KeyChanged { endpoint, known, presented, known_hosts })
        }
        (known, Some(presented)) => {
            let stream = outcome.map_err(|error| unreachable(options, reason(&error)))?;
            if known.is_none() {
                known_hosts.add(&endpoint, presented)?;
            }
            Ok((Box::new(stream), known.is_none().then_some(presented)))
        }
        (_, None) => {
            let reason =
                outcome.err().map_or_else(|| "it presented no key".to_owned(), |error| reason(&error));
            Err(unreachable(options, format!("the server does not speak TLS 1.3 ({reason})")))
        }
    }
}

/// The cause in plain words where the system's message has none.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "no server is listening there".to_owned(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "the server closed the connection".to_owned()
        }
        _ => SafeText::line(&error.to_string()).to_string(),
    }
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

fn lost(options: &Options, error: &ConnectionError) -> ClientError {
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
