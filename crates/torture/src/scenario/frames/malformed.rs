//! Bytes that are no frame: each ends its connection with PROTOCOL, at once, and takes no memory with it.

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

use super::super::Setup;
use crate::Error;
use crate::person::Person;
use crate::random::Random;
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};

/// Until a connection that sent nonsense is closed.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Until one is closed that sends a byte a second.
const DRIP: Duration = Duration::from_secs(45);
/// A flood of bytes that belong to no frame: so many connections, so many bytes each.
const FLOOD: usize = 64;
const FLOOD_BYTES: usize = 4 << 20;
/// What the server may need more than before under it.
const GROWTH_MAX: u64 = 32 << 20;
/// What a raw message cannot be nested deeper than.
const DEEP: usize = 200;

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let noise = setup.times(500, 20_000);
    let mut random = setup.random("malformed");
    let found = torment(&setup.program, "", noise, true, &mut random).await?;
    let control = torment(&setup.faults, "unbounded-frames", 0, false, &mut random).await?;
    Ok(Line {
        promise: 6,
        tried: format!("{} kinds of malformed frames, {noise} of noise, a drip and a flood", found.kinds),
        figures: format!(
            "{} broken, {} MiB more at most under {FLOOD} × {} MiB",
            found.broken.len(),
            found.growth >> 20,
            FLOOD_BYTES >> 20
        ),
        broken: found.broken,
        control: Control::of(
            control.growth > GROWTH_MAX && !control.broken.is_empty(),
            format!(
                "a server without bounds: {} broken, {} MiB more",
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

async fn torment(
    program: &std::path::Path,
    faults: &str,
    noise: usize,
    with_drip: bool,
    random: &mut Random,
) -> Result<Found, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data"))
        .with("MINI_TWEET_FAULTS", faults)
        .argument("--insecure");
    let mut server = launch.start().await?;
    let person = Person::sign_up(&server, "ada").await?;
    let drip = with_drip.then(|| tokio::spawn(drip(server.address.clone())));

    let mut broken = Vec::new();
    let kinds = kinds();
    for kind in &kinds {
        match kind.end(&server, &person).await {
            Ok(Some(v1::ErrorCode::Protocol)) => {}
            Ok(other) => broken.push(format!("{}: it ended with {other:?}", kind.name)),
            Err(error) => broken.push(format!("{}: {error}", kind.name)),
        }
    }
    for _ in 0..noise {
        let bytes: Vec<u8> = (0..1 + random.below(200)).map(|_| random.next() as u8).collect();
        // Some of it may be a message that says nothing: then our own end is the end.
        if let Err(error) = Raw::greeted(&server.address).await?.end_of(&with_length(&bytes)).await {
            broken.push(format!("noise {bytes:02x?}: {error}"));
        }
    }
    let before = server.process.resident_bytes()?;
    let most = flood(&server).await?;
    let growth = most.saturating_sub(before);
    if growth > GROWTH_MAX {
        broken.push(format!("{} MiB more under a flood", growth >> 20));
    }
    if let Some(drip) = drip {
        broken.extend(drip.await??);
    }
    if server.process.has_ended()? || server.process.said().contains("panicked") {
        broken.push(format!("the server has ended: {}", server.process.said()));
    } else {
        person.post("all is well").await?;
        server.stop().await?;
    }
    Ok(Found { kinds: kinds.len(), growth, broken })
}

/// Something that is no frame of the protocol.
struct Kind {
    name: &'static str,
    when: When,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    First,
    Greeted,
    LoggedIn,
}

fn kinds() -> Vec<Kind> {
    let kind = |name, bytes| Kind { name, when: When::Greeted, bytes };
    let hello = |name, protocol_version, client_name: &str| {
        let hello = v1::ClientHello { protocol_version, client_name: client_name.to_owned() };
        Kind { name, when: When::First, bytes: whole(client_frame::Frame::Hello(hello)) }
    };
    let too_long = |max: usize| [&(max as u32 + 1).to_be_bytes()[..], &vec![0; max + 1]].concat();
    // A field that nobody knows, as a group within a group and so on.
    let nested = [vec![0x7b; DEEP], vec![0x7c; DEEP]].concat();
    let broken_text = with_length(&[0x12, 0x0a, 0x08, 1, 0x52, 0x06, 0x0a, 0x04, 0xff, 0xfe, 0xfd, 0xfc]);
    vec![
        kind("a length of 0", vec![0; 4]),
        kind("4 GiB", vec![0xff; 64]),
        kind("a byte too long before log-in", too_long(FRAME_BYTES_MAX_BEFORE_LOGIN)),
        Kind { name: "a byte too long after log-in", when: When::LoggedIn, bytes: too_long(FRAME_BYTES_MAX) },
        kind("no message", with_length(&[0xff; 9])),
        kind("a message that ends too early", with_length(&[0x12, 0x20, 0x08])),
        kind("a field of another type", with_length(&[0x08, 0x01])),
        kind("deeply nested", with_length(&nested)),
        kind("a text that is not UTF-8", broken_text),
        hello("another version", 99, "torture"),
        hello("a name with control characters", 1, "\u{1b}[2J"),
    ]
}

impl Kind {
    /// Sends it; with what the server ended the connection.
    async fn end(&self, server: &Server, person: &Person) -> Result<Option<v1::ErrorCode>, Error> {
        let mut raw = match self.when {
            When::First => Raw::connect(&server.address).await?,
            When::Greeted | When::LoggedIn => Raw::greeted(&server.address).await?,
        };
        if self.when == When::LoggedIn {
            raw.authenticate(person.token.to_bytes()).await?;
        }
        raw.stream.write_all(&self.bytes).await?;
        timeout(AT_ONCE, raw.last_words()).await.map_err(|_| "it is still open")?
    }
}

/// A connection without a client library.
struct Raw {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Raw {
    async fn connect(address: &str) -> Result<Self, Error> {
        Ok(Self { stream: TcpStream::connect(address).await?, buffer: BytesMut::new() })
    }

    async fn greeted(address: &str) -> Result<Self, Error> {
        let mut raw = Self::connect(address).await?;
        let hello = v1::ClientHello { protocol_version: 1, client_name: "torture".to_owned() };
        raw.stream.write_all(&whole(client_frame::Frame::Hello(hello))).await?;
        Ok(raw)
    }

    async fn authenticate(&mut self, token: Vec<u8>) -> Result<(), Error> {
        let op = Some(Op::Authenticate(v1::Authenticate { token: token.into() }));
        let request = v1::Request { id: 1, idempotency_key: bytes::Bytes::new(), op };
        self.stream.write_all(&whole(client_frame::Frame::Request(request))).await?;
        let answered = async {
            loop {
                match self.next().await? {
                    Some(server_frame::Frame::Response(_)) => return Ok(()),
                    Some(_) => {}
                    None => return Err("it was closed".into()),
                }
            }
        };
        timeout(AT_ONCE, answered).await?
    }

    /// The next frame; `None` when the server has closed.
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

    /// Reads until the server has closed; what it said of the connection itself.
    async fn last_words(&mut self) -> Result<Option<v1::ErrorCode>, Error> {
        let mut code = None;
        while let Some(frame) = self.next().await? {
            if let server_frame::Frame::Fatal(error) = frame {
                code = Some(error.code());
            }
        }
        Ok(code)
    }

    /// Sends this and nothing more; the server must close in time.
    async fn end_of(mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).await?;
        self.stream.shutdown().await?;
        timeout(AT_ONCE, self.last_words()).await.map_err(|_| "it is still open")?.map(drop)
    }
}

fn whole(frame: client_frame::Frame) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    frame::encode(&v1::ClientFrame { frame: Some(frame) }, &mut bytes);
    bytes.copy_to_bytes(bytes.len()).to_vec()
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
}

/// Sends bytes without end on many connections; the most memory that the server had meanwhile.
async fn flood(server: &Server) -> Result<u64, Error> {
    let mut connections = JoinSet::new();
    for _ in 0..FLOOD {
        let mut raw = Raw::greeted(&server.address).await?;
        connections.spawn(async move {
            let bytes = [&[0x7f, 0xff, 0xff, 0xff][..], &vec![0x7b; FLOOD_BYTES]].concat();
            // It is closed in the middle, where there are bounds.
            let _ = timeout(AT_ONCE, raw.stream.write_all(&bytes)).await;
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

/// A byte a second, of a frame that is whole at last: nobody may hold a connection so.
async fn drip(address: String) -> Result<Option<String>, Error> {
    let mut raw = Raw::greeted(&address).await?;
    let begun = Instant::now();
    raw.stream.write_all(&1_000_u32.to_be_bytes()).await?;
    let closed = async {
        loop {
            if raw.stream.write_all(&[0x7b]).await.is_err() {
                return;
            }
            // The hello that waits to be read, and then the end.
            let read = timeout(Duration::from_secs(1), raw.stream.read_buf(&mut raw.buffer)).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    let is_open = timeout(DRIP, closed).await.is_err();
    Ok(is_open.then(|| format!("a byte a second: still open after {} s", begun.elapsed().as_secs())))
}
