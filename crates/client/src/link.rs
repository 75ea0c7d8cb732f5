//! Establishes a connection: dial, TLS with the pinned key, hello, resuming the session.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::{SafeText, os_error_in_words};
use protocol::connection::{ConnectionError, FrameReader, FrameWriter, Limits, framed};
use protocol::frame::{FRAME_BYTES_MAX_FROM_SERVER, FrameError};
use protocol::tls::{self, PinVerifier};
use protocol::v1::{client_frame, request, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use rustls::pki_types::ServerName;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::endpoint::{Address, Endpoint};
use crate::error::ClientError;
use crate::known_hosts::{KnownHosts, ServerKey};
use crate::options::{FirstContact, Options, Stream};
use crate::route::{Round, Target};
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
    /// The key took the place of another one that was known.
    pub(crate) replaces: bool,
    /// The address that was connected to; `None` unless it is reached by TCP.
    pub(crate) at: Option<SocketAddr>,
    /// There are other servers to connect to.
    pub(crate) has_others: bool,
}

/// Connects and, with a token, resumes its session. Tries each address once, in a random order; `left` is where the last
/// connection went, which is tried last.
///
/// # Errors
/// Why there is no connection; `UNAUTHENTICATED` if the session has ended. An address with a wrong key is not passed over.
pub(crate) async fn establish(
    options: &Options,
    token: Option<&Token>,
    left: Option<SocketAddr>,
) -> Result<Link, ClientError> {
    let mut round = Round::new(options, left).await;
    let (step, has_others) = (round.step(options), round.has_others);
    let mut failed = None;
    while let Some(target) = round.targets.pop_front() {
        match try_target(options, token, &target, step).await {
            Ok(link) => return Ok(Link { has_others, ..link }),
            Err(error) if !error.may_differ_elsewhere() => return Err(error),
            Err(error) => {
                tracing::debug!(?target, %error, "no connection");
                // What a server says is better than that one could not be reached.
                if !matches!(failed, Some(ClientError::Refused(_))) {
                    failed = Some(error);
                }
            }
        }
    }
    Err(failed.unwrap_or_else(|| unreachable(options, "its name has no address")))
}

async fn try_target(
    options: &Options,
    token: Option<&Token>,
    target: &Target<'_>,
    step: Duration,
) -> Result<Link, ClientError> {
    let Dialled { stream, key, is_first, replaces } = dial(options, target, step).await?;
    let at = if let Target::Tcp(_, at) = target { Some(*at) } else { None };
    let (reader, writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
    let (hello, greeted) = (v1::ServerHello::default(), Instant::now());
    let mut link = Link { reader, writer, hello, greeted, key, is_first, replaces, at, has_others: false };
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
    timeout(step, handshake).await.map_err(|_| timed_out(options))??;
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
    /// The key took the place of another one that was known.
    replaces: bool,
}

impl Dialled {
    fn without_tls(stream: Box<dyn Stream>) -> Self {
        Self { stream, key: None, is_first: false, replaces: false }
    }
}

async fn dial(options: &Options, target: &Target<'_>, step: Duration) -> Result<Dialled, ClientError> {
    match target {
        Target::Only => without_tls(options).await,
        Target::Unknown(error) => Err(unreachable(options, reason(error))),
        Target::LookUpTimedOut => Err(timed_out(options)),
        Target::Tcp(address, at) => {
            let stream = timeout(step, TcpStream::connect(at))
                .await
                .map_err(|_| timed_out(options))?
                .map_err(|error| unreachable(options, reason(&error)))?;
            // Best effort: without it responses arrive a little later.
            let _ = stream.set_nodelay(true);
            if options.insecure {
                may_be_insecure(options, address, *at)?;
                return Ok(Dialled::without_tls(Box::new(stream)));
            }
            secure(options, address, stream, step).await
        }
    }
}

/// A stream to a server on this machine or in this process.
async fn without_tls(options: &Options) -> Result<Dialled, ClientError> {
    let Endpoint::Unix(path) = &options.endpoint else {
        let dial = options.dial.as_ref();
        let dial =
            dial.ok_or_else(|| unreachable(options, "no way to connect within this process was given"))?;
        return Ok(Dialled::without_tls(dial.open()));
    };
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

/// Nothing may be sent without TLS to another machine, or to a server that has a key.
fn may_be_insecure(options: &Options, address: &Address, at: SocketAddr) -> Result<(), ClientError> {
    if !at.ip().to_canonical().is_loopback() {
        return Err(ClientError::Insecure(format!("{address} is at {}. Leave --insecure out", at.ip())));
    }
    if options.fingerprint.is_some() {
        return Err(ClientError::Insecure(
            "without TLS there is no key to compare with --fingerprint".to_owned(),
        ));
    }
    if let Some((address, _)) = known_key(options)? {
        let file = options.known_hosts.display();
        return Err(ClientError::Insecure(format!(
            "the key of {address} is known. Leave --insecure out, or remove the line for {address} from {file}"
        )));
    }
    Ok(())
}

/// The key that every address must present, with an address of which it is known: the servers of a network have one key.
fn known_key(options: &Options) -> Result<Option<(&Address, ServerKey)>, ClientError> {
    let known_hosts = KnownHosts::in_file(options.known_hosts.clone());
    let mut known: Option<(&Address, ServerKey)> = None;
    for address in options.endpoint.addresses() {
        let Some(key) = known_hosts.find(&address.to_string())? else { continue };
        match known {
            Some((other, one)) if one.fingerprint != key.fingerprint => {
                let path = options.known_hosts.clone();
                let problem = format!(
                    "{other} and {address} have different keys, so they are not servers of one network; name only one of them"
                );
                return Err(ClientError::File { path, problem });
            }
            Some(_) => {}
            None => known = Some((address, key)),
        }
    }
    Ok(known)
}

/// Starts TLS. Accepts only the known key; on the first connection to a network, its key becomes known.
async fn secure(
    options: &Options,
    address: &Address,
    stream: TcpStream,
    step: Duration,
) -> Result<Dialled, ClientError> {
    let stored = known_key(options).map(|known| known.map(|(_, key)| key));
    let known = match options.fingerprint {
        Some(expected) => Some(expected),
        None => stored.clone()?.map(|key| key.fingerprint),
    };
    let pin = PinVerifier::new(known);
    let config = tls::client_config(pin.clone()).map_err(|error| protocol(options, error.to_string()))?;
    // The key alone identifies the server; the name is only a formality.
    let name = ServerName::try_from("mini-tweet").map_err(|error| protocol(options, error.to_string()))?;
    let handshake = timeout(step, TlsConnector::from(config).connect(name, stream));
    let outcome = handshake.await.map_err(|_| timed_out(options))?;
    match (known, pin.presented()) {
        (Some(known), Some(presented)) if known != presented => Err(ClientError::KeyChanged {
            endpoint: options.endpoint.to_string().into(),
            address: address.to_string().into(),
            known,
            presented,
            known_hosts: options.known_hosts.clone(),
        }),
        (known, Some(presented)) => {
            let stream = outcome.map_err(|error| unreachable(options, reason(&error)))?;
            if known.is_none() && options.first_contact == FirstContact::Refuse {
                return Err(ClientError::KeyUnknown { endpoint: options.endpoint.to_string(), presented });
            }
            let since = match &stored {
                Ok(Some(key)) if key.fingerprint == presented => key.since,
                _ => options.now_ms.and_then(day),
            };
            let key = ServerKey { fingerprint: presented, since };
            let remembered = remember(options, address, key);
            // For a key that was given, the file is a convenience.
            let replaces = if known.is_none() { remembered? } else { remembered.unwrap_or_default() };
            Ok(Dialled { stream: Box::new(stream), key: Some(key), is_first: known.is_none(), replaces })
        }
        (_, None) => {
            let reason =
                outcome.err().map_or_else(|| "it presented no key".to_owned(), |error| reason(&error));
            Err(unreachable(options, format!("no TLS 1.3 connection ({reason}); check the port")))
        }
    }
}

/// Notes the key of this address, unless one is noted. A key that was given takes the place of other ones that the network
/// had: returns whether there was one.
fn remember(options: &Options, address: &Address, key: ServerKey) -> Result<bool, ClientError> {
    let known_hosts = KnownHosts::in_file(options.known_hosts.clone());
    let mut replaces = false;
    for one in options.endpoint.addresses() {
        let name = one.to_string();
        match known_hosts.find(&name)? {
            Some(known) if known.fingerprint != key.fingerprint => {
                known_hosts.replace(&name, key)?;
                replaces = true;
            }
            None if one == address => known_hosts.add(&name, key)?,
            _ => {}
        }
    }
    Ok(replaces)
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
        ConnectionError::Frame(error) if options.insecure && is_tls(*error) => {
            ClientError::Insecure(format!("{} speaks TLS. Leave --insecure out", options.endpoint))
        }
        ConnectionError::Frame(error) => protocol(options, error.to_string()),
        ConnectionError::TooSlow(_) => timed_out(options),
    }
}

/// Whether what was taken for the length of a frame is the beginning of a TLS record: its type (20 to 23), then the version,
/// which is 3.1 to 3.3 for all versions of TLS.
fn is_tls(error: FrameError) -> bool {
    let FrameError::TooLong { length, .. } = error else { return false };
    u32::try_from(length).is_ok_and(|length| matches!(length.to_be_bytes(), [20..=23, 3, 1..=3, _]))
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
