//! Malformed frames: each must end its connection with PROTOCOL, at once, and cost no memory.

use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use protocol::frame::{
    self, Decoder, FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN, FRAME_BYTES_MAX_FROM_SERVER,
};
use protocol::v1::{self, client_frame, request::Op, server_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, Server, private_directory};
use crate::user::User;
use fastrand::Rng;

/// Limit for closing a connection after a malformed frame.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);
/// Limit for closing a connection that sends one byte per second.
const DRIP_CLOSED_WITHIN: Duration = Duration::from_secs(45);
/// Connections of the flood, and bytes that each sends after the length of an endless frame.
const FLOOD_CONNECTIONS: usize = 64;
const FLOOD_BYTES: usize = 4 << 20;
/// Limit for the growth of the server's memory during the flood.
const GROWTH_MAX: u64 = 32 << 20;
/// Nesting depth beyond what a message may have.
const NESTING: usize = 200;

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let noise = context.times(500, 20_000);
    let mut random = context.random("malformed");
    let found = send_all(&context.program, "", noise, true, &mut random).await?;
    let control = send_all(&context.faults, "unbounded-frames", 0, false, &mut random).await?;
    Ok(Finding {
        promise: 6,
        tried: format!(
            "{} kinds of malformed frames, {noise} connections of noise, one byte per second, and a flood",
            found.kinds
        ),
        figures: format!(
            "{} broken, memory grew by at most {} MiB during {FLOOD_CONNECTIONS} × {} MiB",
            found.broken.len(),
            found.growth >> 20,
            FLOOD_BYTES >> 20
        ),
        broken: found.broken,
        control: Control::of(
            control.growth > GROWTH_MAX && !control.broken.is_empty(),
            format!(
                "a server with unbounded frames: {} broken, memory grew by {} MiB",
                control.broken.len(),
                control.growth >> 20
            ),
        ),
    })
}

struct Found {
    kinds: usize,
    growth: u64,
    broken: Vec<String>,
}

async fn send_all(
    program: &std::path::Path,
    faults: &str,
    noise: usize,
    with_drip: bool,
    random: &mut Rng,
) -> Result<Found, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data"))
        .with("MINI_TWEET_FAULTS", faults)
        .argument("--insecure");
    let mut server = launch.start().await?;
    let user = User::sign_up(&server, "ada").await?;
    let drip = with_drip.then(|| tokio::spawn(drip(server.address.clone())));

    let mut broken = Vec::new();
    let kinds = kinds();
    for kind in &kinds {
        match kind.send(&server, &user).await {
            Ok(Some(v1::ErrorCode::Protocol)) => {}
            Ok(other) => broken.push(format!("{}: the connection ended with {other:?}", kind.name)),
            Err(error) => broken.push(format!("{}: {error}", kind.name)),
        }
    }
    for _ in 0..noise {
        let bytes: Vec<u8> = (0..1 + random.usize(..200)).map(|_| random.u64(..) as u8).collect();
        // Noise may be a valid empty message; then the server closes because this side does.
        if let Err(error) =
            RawSocket::greeted(&server.address).await?.send_and_close(&with_length(&bytes)).await
        {
            broken.push(format!("noise {bytes:02x?}: {error}"));
        }
    }
    let before = server.process.resident_bytes()?;
    let most = flood(&server).await?;
    let growth = most.saturating_sub(before);
    if growth > GROWTH_MAX {
        broken.push(format!("memory grew by {} MiB during a flood", growth >> 20));
    }
    if let Some(drip) = drip {
        broken.extend(drip.await??);
    }
    if server.process.has_ended()? || server.process.output().contains("panicked") {
        broken.push(format!("the server stopped or panicked: {}", server.process.output()));
    } else {
        user.post("after the malformed frames").await?;
        server.stop().await?;
    }
    Ok(Found { kinds: kinds.len(), growth, broken })
}

/// A kind of malformed frame.
struct Malformed {
    name: &'static str,
    when: When,
    bytes: Vec<u8>,
}

/// State of the connection in which the frame is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    First,
    Greeted,
    LoggedIn,
}

fn kinds() -> Vec<Malformed> {
    let kind = |name, bytes| Malformed { name, when: When::Greeted, bytes };
    let hello = |name, protocol_version, client_name: &str| {
        let hello = v1::ClientHello { protocol_version, client_name: client_name.to_owned() };
        Malformed { name, when: When::First, bytes: frame_of(client_frame::Frame::Hello(hello)) }
    };
    let too_long = |max: usize| [&(max as u32 + 1).to_be_bytes()[..], &vec![0; max + 1]].concat();
    // An unknown field: nested groups.
    let nested = [vec![0x7b; NESTING], vec![0x7c; NESTING]].concat();
    let broken_text = with_length(&[0x12, 0x0a, 0x08, 1, 0x52, 0x06, 0x0a, 0x04, 0xff, 0xfe, 0xfd, 0xfc]);
    vec![
        kind("a length of 0", vec![0; 4]),
        kind("4 GiB", vec![0xff; 64]),
        kind("a byte too long before log-in", too_long(FRAME_BYTES_MAX_BEFORE_LOGIN)),
        Malformed {
            name: "a byte too long after log-in",
            when: When::LoggedIn,
            bytes: too_long(FRAME_BYTES_MAX),
        },
        kind("no message", with_length(&[0xff; 9])),
        kind("a message that ends too early", with_length(&[0x12, 0x20, 0x08])),
        kind("a field of another type", with_length(&[0x08, 0x01])),
        kind("deeply nested", with_length(&nested)),
        kind("a text that is not UTF-8", broken_text),
        hello("another version", 99, "torture"),
        hello("a name with control characters", 1, "\u{1b}[2J"),
    ]
}

impl Malformed {
    /// Sends the frame; the error with which the server closed the connection.
    async fn send(&self, server: &Server, user: &User) -> Result<Option<v1::ErrorCode>, Error> {
        let mut raw = match self.when {
            When::First => RawSocket::connect(&server.address).await?,
            When::Greeted | When::LoggedIn => RawSocket::greeted(&server.address).await?,
        };
        if self.when == When::LoggedIn {
            raw.authenticate(user.token.to_bytes()).await?;
        }
        raw.stream.write_all(&self.bytes).await?;
        timeout(CLOSED_WITHIN, raw.final_error()).await.map_err(|_| "the connection is still open")?
    }
}

/// A TCP connection for arbitrary bytes.
struct RawSocket {
    stream: TcpStream,
    buffer: BytesMut,
}

impl RawSocket {
    async fn connect(address: &str) -> Result<Self, Error> {
        Ok(Self { stream: TcpStream::connect(address).await?, buffer: BytesMut::new() })
    }

    async fn greeted(address: &str) -> Result<Self, Error> {
        let mut raw = Self::connect(address).await?;
        let hello = v1::ClientHello { protocol_version: 1, client_name: "torture".to_owned() };
        raw.stream.write_all(&frame_of(client_frame::Frame::Hello(hello))).await?;
        Ok(raw)
    }

    async fn authenticate(&mut self, token: Vec<u8>) -> Result<(), Error> {
        let op = Some(Op::Authenticate(v1::Authenticate { token: token.into() }));
        let request = v1::Request { id: 1, idempotency_key: bytes::Bytes::new(), op };
        self.stream.write_all(&frame_of(client_frame::Frame::Request(request))).await?;
        let answered = async {
            loop {
                match self.next().await? {
                    Some(server_frame::Frame::Response(_)) => return Ok(()),
                    Some(_) => {}
                    None => return Err("the connection was closed".into()),
                }
            }
        };
        timeout(CLOSED_WITHIN, answered).await?
    }

    /// The next frame, or `None` if the server has closed the connection.
    async fn next(&mut self) -> Result<Option<server_frame::Frame>, Error> {
        let mut decoder = Decoder::new(FRAME_BYTES_MAX_FROM_SERVER);
        loop {
            if let Some(bytes) = decoder.next(&mut self.buffer)? {
                return Ok(frame::decode::<v1::ServerFrame>(bytes)?.frame);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads until the server closes the connection; the code of its last fatal error.
    async fn final_error(&mut self) -> Result<Option<v1::ErrorCode>, Error> {
        let mut code = None;
        while let Some(frame) = self.next().await? {
            if let server_frame::Frame::Fatal(error) = frame {
                code = Some(error.code());
            }
        }
        Ok(code)
    }

    /// Sends these bytes and half-closes; the server must close in time.
    async fn send_and_close(mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).await?;
        self.stream.shutdown().await?;
        timeout(CLOSED_WITHIN, self.final_error())
            .await
            .map_err(|_| "the connection is still open")?
            .map(drop)
    }
}

fn frame_of(frame: client_frame::Frame) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    frame::encode(&v1::ClientFrame { frame: Some(frame) }, &mut bytes);
    bytes.copy_to_bytes(bytes.len()).to_vec()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// Sends an endless frame on many connections; the largest memory of the server meanwhile.
async fn flood(server: &Server) -> Result<u64, Error> {
    let mut connections = JoinSet::new();
    for _ in 0..FLOOD_CONNECTIONS {
        let mut raw = RawSocket::greeted(&server.address).await?;
        connections.spawn(async move {
            let bytes = [&[0x7f, 0xff, 0xff, 0xff][..], &vec![0x7b; FLOOD_BYTES]].concat();
            // A server with a limit closes the connection meanwhile.
            let _ = timeout(CLOSED_WITHIN, raw.stream.write_all(&bytes)).await;
            raw
        });
    }
    let mut most = 0;
    let mut open = Vec::new();
    loop {
        most = most.max(server.process.resident_bytes()?);
        match timeout(Duration::from_millis(5), connections.join_next()).await {
            Ok(Some(connection)) => open.push(connection?),
            Ok(None) => return Ok(most),
            Err(_) => {}
        }
    }
}

/// Sends a frame of 1,000 bytes at one byte per second. The server must close the connection before the end.
async fn drip(address: String) -> Result<Option<String>, Error> {
    let mut raw = RawSocket::greeted(&address).await?;
    let start = Instant::now();
    raw.stream.write_all(&1_000_u32.to_be_bytes()).await?;
    let closed = async {
        loop {
            if raw.stream.write_all(&[0x7b]).await.is_err() {
                return;
            }
            // Reads the hello of the server, and then the end of the connection.
            let read = timeout(Duration::from_secs(1), raw.stream.read_buf(&mut raw.buffer)).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let is_open = timeout(DRIP_CLOSED_WITHIN, closed).await.is_err();
    Ok(is_open.then(|| format!("one byte per second: still open after {} s", start.elapsed().as_secs())))
}
