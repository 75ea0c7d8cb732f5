//! Readers that subscribe and do not read: bounded memory for each, closed in time, nobody else is slower, and what
//! they missed they get when they come back.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::connection::ConnectionError;
use protocol::v1::request::Op;
use protocol::v1::{self, event, response, server_frame, subscribe};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::latency::{Watch, quantile};
use crate::person::{Person, people};
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, private_directory, until};
use crate::wire::Wire;

/// The server's deadline for what it has written, and some more for a slow machine.
const CLOSED_WITHIN: Duration = Duration::from_secs(13);
/// What may wait in the kernel for one of them.
const KERNEL_BYTES_MAX: usize = 300 * 1024;
/// What the server itself may keep for one of them.
const SERVER_BYTES_MAX: u64 = 300 * 1024;

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let count = setup.times(100, 1_000);
    let directory = private_directory()?;
    let server =
        Launch::new(&setup.program, &directory.path().join("data")).argument("--insecure").start().await?;
    let people = people(&server, 3).await?;
    let [author, watcher, reader] = &people[..] else { return Err("three people".into()) };
    let before = quantile(&Watch::during(watcher, Duration::from_secs(5)).await?, 0.99);
    let mut readers = Vec::new();
    for _ in 0..count {
        readers.push(subscriber(&server.address, reader, 0).await?);
    }
    let memory = server.process.resident_bytes()?;
    let watch = Watch::start(watcher);
    let mut posted = Vec::new();
    // Until well past everything that can wait for one of them: 1,000 of 2 KiB.
    for n in 0..1_000 {
        posted.push(author.post(&format!("{n} {}", "🐢".repeat(480))).await?);
        sleep(Duration::from_millis(2)).await;
    }
    let full = Instant::now();
    let waits = most_unsent(&server.address)?;
    let grown = server.process.resident_bytes()?.saturating_sub(memory) / count as u64;
    let during = quantile(&watch.stop().await?, 0.99);
    let mut broken = Vec::new();
    if waits > KERNEL_BYTES_MAX {
        broken.push(format!("{waits} bytes wait in the kernel for one of them"));
    }
    if grown > SERVER_BYTES_MAX {
        broken.push(format!("the server grew by {grown} bytes for each of them"));
    }
    // Posts take a few milliseconds, and so much is the noise of two busy processors.
    if during > before.mul_f64(1.2) + Duration::from_millis(20) {
        broken.push(format!("a post of somebody else takes {during:?} (p99), before it was {before:?}"));
    }
    let gone = |address: &str| unsent(address).is_ok_and(|queues| queues.iter().all(|bytes| *bytes < 4_096));
    let closed = until("those who do not read are sent away", || gone(&server.address)).await;
    let closed_after = full.elapsed();
    if closed.is_err() || closed_after > CLOSED_WITHIN {
        broken.push(format!("some were still there after {closed_after:?}"));
    }
    let missed = came_back(&server.address, reader, readers.swap_remove(0), &posted).await?;
    broken.extend((missed > 0).then(|| format!("{missed} of 1,000 tweets were missed")));
    Ok(Line {
        promise: 7,
        tried: format!("{count} subscribers that read nothing of 1,000 tweets"),
        figures: format!(
            "{} KiB each in the server, at most {} KiB in the kernel; closed {closed_after:.1?} after the last; posts of \
             others p99 {before:.1?} before, {during:.1?} during; {missed} missed",
            grown / 1_024,
            waits / 1_024,
        ),
        broken,
        control: unbounded().await?,
    })
}

/// A subscription to everything public, on a connection whose kernel takes little.
async fn subscriber(server: &str, person: &Person, cursor: u64) -> Result<Wire, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 * 1_024)?;
    let mut wire = Wire::over(socket.connect(server.parse()?).await?).await?;
    let token = person.token.to_bytes().into();
    wire.ask(Op::Authenticate(v1::Authenticate { token })).await?;
    let topic = Some(subscribe::Topic::Local(v1::LocalTopic {}));
    match wire.ask(Op::Subscribe(v1::Subscribe { topic, cursor })).await? {
        response::Result::Subscribed(_) => Ok(wire),
        other => Err(format!("no subscription: {other:?}").into()),
    }
}

/// How many of these tweets somebody does not get who reads what was left, and then goes on from their cursor.
async fn came_back(server: &str, reader: &Person, mut wire: Wire, posted: &[u64]) -> Result<usize, Error> {
    let mut seen = std::collections::HashSet::new();
    let mut cursor = 0;
    for _ in 0..3 {
        loop {
            let frame =
                tokio::time::timeout(Duration::from_secs(10), wire.reader.read::<v1::ServerFrame>()).await;
            let frame = match frame {
                Ok(Ok(Some(frame))) => frame.frame,
                Err(_) | Ok(Ok(None) | Err(ConnectionError::Io(_))) => break,
                Ok(Err(error)) => return Err(error.into()),
            };
            let Some(server_frame::Frame::Event(v1::Event { sequence, event: Some(event), .. })) = frame
            else {
                continue;
            };
            match event {
                event::Event::TweetPosted(posted) => {
                    seen.extend(posted.tweet.map(|tweet| tweet.id));
                    cursor = sequence;
                }
                // Too much to push: it says so, and what is missing is read.
                event::Event::Gap(_) => seen.extend(read_since(&mut wire, cursor).await?),
                event::Event::Closed(_) => break,
                _ => {}
            }
            if posted.iter().all(|id| seen.contains(id)) {
                return Ok(0);
            }
        }
        wire = subscriber(server, reader, cursor).await?;
    }
    Ok(posted.iter().filter(|id| !seen.contains(id)).count())
}

/// What was posted after this cursor, page by page.
async fn read_since(wire: &mut Wire, cursor: u64) -> Result<Vec<u64>, Error> {
    let mut ids = Vec::new();
    let mut position = None;
    loop {
        let timeline = Some(v1::read_timeline::Timeline::Local(v1::Local {}));
        let page = Some(v1::PageRequest { limit: 100, position: position.take() });
        let answer = wire.ask(Op::ReadTimeline(v1::ReadTimeline { timeline, page })).await?;
        let response::Result::TweetPage(page) = answer else {
            return Err(format!("no page: {answer:?}").into());
        };
        ids.extend(page.tweets.iter().map(|tweet| tweet.id));
        if page.next.is_empty() || page.tweets.last().is_none_or(|tweet| tweet.id < cursor) {
            return Ok(ids);
        }
        position = Some(v1::page_request::Position::Before(page.next));
    }
}

/// Bytes that the kernel holds for each connection of a server on the loopback.
fn unsent(server: &str) -> Result<Vec<usize>, Error> {
    let port = server.parse::<SocketAddr>()?.port();
    // See proc_net_tcp(5): address, peer, state, bytes to send and to read, in hexadecimal. 01 is ESTABLISHED.
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let of_line = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (_, local) = fields.next()?.split_once(':')?;
        let state = fields.nth(1)?;
        let (to_send, _) = fields.next()?.split_once(':')?;
        let ours = u16::from_str_radix(local, 16) == Ok(port) && state == "01";
        ours.then(|| usize::from_str_radix(to_send, 16).ok())?
    };
    Ok(table.lines().skip(1).filter_map(of_line).collect())
}

fn most_unsent(server: &str) -> Result<usize, Error> {
    Ok(unsent(server)?.into_iter().max().unwrap_or_default())
}

/// A server that leaves it to the kernel how much it keeps, and waits for ever: both are seen.
async fn unbounded() -> Result<Control, Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 * 1_024)?;
    let _reader = socket.connect(address).await?;
    let (stream, _) = listener.accept().await?;
    let bytes = vec![0; 64 * 1_024];
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        if stream.try_write(&bytes).is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    }
    let waits = most_unsent(&address.to_string())?;
    Ok(Control::of(
        waits > KERNEL_BYTES_MAX,
        format!("without a bound {} KiB wait in the kernel", waits / 1_024),
    ))
}
