//! From an address to a connection that is ready for requests: dial, TLS with the pinned key, hello, log-in.

use std::io;
use std::time::Duration;

use model::SafeText;
use protocol::connection::{ConnectionError, FrameReader, FrameWriter, Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::tls::{self, Fingerprint, PinVerifier};
use protocol::v1::{client_frame, request, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::known_hosts::KnownHosts;
use crate::{ClientError, Endpoint, Options, Token};

/// For each step of making a connection.
const STEP: Duration = Duration::from_secs(10);

/// Any byte stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection that is ready for requests.
pub(crate) struct Link {
    pub(crate) reader: FrameReader<ReadHalf<Box<dyn Stream>>>,
    pub(crate) writer: FrameWriter<WriteHalf<Box<dyn Stream>>>,
    pub(crate) hello: v1::ServerHello,
    /// Of a server that was met for the first time.
    pub(crate) first_contact: Option<Fingerprint>,
}

/// Makes a connection; with a token, one that belongs to its session.
///
/// # Errors
/// What kept it from being made; `UNAUTHENTICATED` when the session has ended.
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
    let talk = async {
        link.writer.flush().await.map_err(|error| lost(options, &error))?;
        greet(&mut link, options, token.is_some()).await
    };
    timeout(STEP, talk).await.map_err(|_| timed_out(options))??;
    Ok(link)
}

/// Later requests of the connection have larger ones.
pub(crate) const AUTHENTICATE_ID: u32 = 1;

/// Takes the server's hello and, if that was asked, its answer to the token.
async fn greet(link: &mut Link, options: &Options, authenticating: bool) -> Result<(), ClientError> {
    let mut greeted = false;
    while !greeted || authenticating {
        let frame = link.reader.read::<v1::ServerFrame>().await.map_err(|error| lost(options, &error))?;
        let frame = frame.ok_or_else(|| unreachable(options, "it closed the connection"))?;
        match frame.frame {
            Some(server_frame::Frame::Hello(hello)) if hello.protocol_version == PROTOCOL_VERSION => {
                link.hello = hello;
                greeted = true;
            }
            Some(server_frame::Frame::Hello(hello)) => {
                let version = hello.protocol_version;
                return Err(protocol(options, format!("it speaks version {version}, we {PROTOCOL_VERSION}")));
            }
            Some(server_frame::Frame::Response(answer)) if answer.id == AUTHENTICATE_ID => {
                return match answer.result {
                    Some(response::Result::LoggedIn(_)) => Ok(()),
                    Some(response::Result::Error(error)) => Err(model::Error::from(error).into()),
                    _ => Err(protocol(options, "its answer is none to our question".to_owned())),
                };
            }
            Some(server_frame::Frame::Fatal(error)) => return Err(model::Error::from(error).into()),
            Some(server_frame::Frame::GoingAway(_)) => return Err(model::Error::GoingAway.into()),
            // What only a newer server sends.
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
                        "no server runs on this data directory".to_owned()
                    }
                    _ => error.to_string(),
                };
                unreachable(options, reason)
            })?;
            Ok((Box::new(stream), None))
        }
        Endpoint::Within => {
            let dial = options.dial.as_ref().ok_or_else(|| unreachable(options, "there is no way to it"))?;
            Ok((dial.open(), None))
        }
        Endpoint::Tcp { host, port } => {
            let connecting = TcpStream::connect((host.as_str(), *port));
            let stream = timeout(STEP, connecting)
                .await
                .map_err(|_| timed_out(options))?
                .map_err(|error| unreachable(options, says(&error)))?;
            // Best effort: without it answers come a little later.
            let _ = stream.set_nodelay(true);
            if options.insecure { Ok((Box::new(stream), None)) } else { secure(options, stream).await }
        }
    }
}

/// TLS with the key that is known, or, at first contact, with the one that is then known.
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
    // Whom we talk to is decided by the key alone.
    let name = ServerName::try_from("mini-tweet").map_err(|error| protocol(options, error.to_string()))?;
    let handshake = timeout(STEP, TlsConnector::from(config).connect(name, stream));
    let outcome = handshake.await.map_err(|_| timed_out(options))?;
    match (known, pin.presented()) {
        (Some(known), Some(presented)) if known != presented => {
            let known_hosts = known_hosts.path().to_owned();
            Err(ClientError::KeyChanged { endpoint, known, presented, known_hosts })
        }
        (known, Some(presented)) => {
            let stream = outcome.map_err(|error| unreachable(options, says(&error)))?;
            if known.is_none() {
                known_hosts.add(&endpoint, presented)?;
            }
            Ok((Box::new(stream), known.is_none().then_some(presented)))
        }
        (_, None) => {
            let reason = outcome.err().map_or_else(|| "it showed no key".to_owned(), |error| says(&error));
            Err(unreachable(options, format!("no TLS 1.3 there ({reason})")))
        }
    }
}

/// In the words of people, not of the system.
fn says(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "no server listens there".to_owned(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            "it closed the connection".to_owned()
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
        ConnectionError::Io(error) => unreachable(options, says(error)),
        ConnectionError::Frame(error) => protocol(options, error.to_string()),
        ConnectionError::TooSlow(_) => timed_out(options),
    }
}

/// A frame of ours.
pub(crate) fn frame(frame: client_frame::Frame) -> v1::ClientFrame {
    v1::ClientFrame { frame: Some(frame) }
}

/// A request as a frame.
pub(crate) fn request_frame(id: u32, idempotency_key: bytes::Bytes, op: request::Op) -> v1::ClientFrame {
    frame(client_frame::Frame::Request(v1::Request { id, idempotency_key, op: Some(op) }))
}
