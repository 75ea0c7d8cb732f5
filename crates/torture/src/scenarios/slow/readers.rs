//! Clients that subscribe and do not read: they need bounded memory, are disconnected in time, do not slow down others,
//! and get the events they missed when they reconnect.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::connection::ConnectionError;
use protocol::v1::request::Op;
use protocol::v1::{self, event, response, server_frame, subscribe};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::{LatencyProbe, quantile};
use crate::server::{Launch, private_directory, wait_until};
use crate::user::{User, sign_up_users};

/// The write timeout of the server, and a margin for a slow machine.
const CLOSED_WITHIN: Duration = Duration::from_secs(13);
/// Limit for unsent data of one connection in the kernel.
const KERNEL_BYTES_MAX: usize = 300 * 1024;
/// Limit for memory of the server for each of them.
const SERVER_BYTES_MAX: u64 = 300 * 1024;

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let count = context.times(100, 1_000);
    let directory = private_directory()?;
    let server =
        Launch::new(&context.program, &directory.path().join("data")).argument("--insecure").start().await?;
    let users = sign_up_users(&server, 3).await?;
    let [author, prober, reader] = &users[..] else { return Err("expected three users".into()) };
    let before = quantile(&LatencyProbe::during(prober, Duration::from_secs(5)).await?, 0.99);
    let mut readers = Vec::new();
    for _ in 0..count {
        readers.push(subscriber(&server.address, reader, 0).await?);
    }
    let memory = server.process.resident_bytes()?;
    let probe = LatencyProbe::start(prober);
    let mut posted = Vec::new();
    // 1,000 tweets of 2 KiB: far more than the buffers of one connection can hold.
    for n in 0..1_000 {
        posted.push(author.post(&format!("{n} {}", "🐢".repeat(480))).await?);
        sleep(Duration::from_millis(2)).await;
    }
    let full = Instant::now();
    let queued = most_unsent(&server.address)?;
    let grown = server.process.resident_bytes()?.saturating_sub(memory) / count as u64;
    let during = quantile(&probe.stop().await?, 0.99);
    let mut broken = Vec::new();
    if queued > KERNEL_BYTES_MAX {
        broken.push(format!("{queued} bytes wait in the kernel for one connection"));
    }
    if grown > SERVER_BYTES_MAX {
        broken.push(format!("the server grew by {grown} bytes for each connection"));
    }
    // Posts take a few milliseconds; the rest is the jitter of two busy CPUs.
    if during > before.mul_f64(1.2) + Duration::from_millis(20) {
        broken.push(format!("posts of others take {during:?} (p99), {before:?} before"));
    }
    let gone = |address: &str| unsent(address).is_ok_and(|queues| queues.iter().all(|bytes| *bytes < 4_096));
    let closed = wait_until("clients that do not read are disconnected", || gone(&server.address)).await;
    let closed_after = full.elapsed();
    if closed.is_err() || closed_after > CLOSED_WITHIN {
        broken.push(format!("some were still connected after {closed_after:?}"));
    }
    let missed = missed_after_reconnecting(&server.address, reader, readers.swap_remove(0), &posted).await?;
    broken.extend((missed > 0).then(|| format!("{missed} of 1,000 tweets were missed")));
    Ok(Finding {
        promise: 7,
        tried: format!("{count} subscribers that read none of 1,000 tweets"),
        figures: format!(
            "{} KiB each in the server, at most {} KiB in the kernel; closed {closed_after:.1?} after the last; posts of \
             others p99 {before:.1?} before, {during:.1?} during; {missed} missed",
            grown / 1_024,
            queued / 1_024,
        ),
        broken,
        control: unbounded().await?,
    })
}

/// Subscribes to all public tweets, with a small receive buffer in the kernel.
async fn subscriber(server: &str, user: &User, cursor: u64) -> Result<Connection, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(8 * 1_024)?;
    let mut connection = Connection::over(socket.connect(server.parse()?).await?).await?;
    let token = user.token.to_bytes().into();
    connection.ask(Op::Authenticate(v1::Authenticate { token })).await?;
    let topic = Some(subscribe::Topic::Local(v1::LocalTopic {}));
    match connection.ask(Op::Subscribe(v1::Subscribe { topic, cursor })).await? {
        response::Result::Subscribed(_) => Ok(connection),
        other => Err(format!("the subscription failed: {other:?}").into()),
    }
}

/// Reads what is left on the connection, then reconnects and continues from the cursor; how many tweets are missing.
async fn missed_after_reconnecting(
    server: &str,
    reader: &User,
    mut connection: Connection,
    posted: &[u64],
) -> Result<usize, Error> {
    let mut seen = std::collections::HashSet::new();
    let mut cursor = 0;
    for _ in 0..3 {
        loop {
            let frame =
                tokio::time::timeout(Duration::from_secs(10), connection.reader.read::<v1::ServerFrame>())
                    .await;
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
                // Too many events to push: the client reads the missing tweets.
                event::Event::Gap(_) => seen.extend(read_since(&mut connection, cursor).await?),
                event::Event::Closed(_) => break,
                _ => {}
            }
            if posted.iter().all(|id| seen.contains(id)) {
                return Ok(0);
            }
        }
        connection = subscriber(server, reader, cursor).await?;
    }
    Ok(posted.iter().filter(|id| !seen.contains(id)).count())
}

/// Tweets posted after this cursor, page by page.
async fn read_since(connection: &mut Connection, cursor: u64) -> Result<Vec<u64>, Error> {
    let mut ids = Vec::new();
    let mut position = None;
    loop {
        let timeline = Some(v1::read_timeline::Timeline::Local(v1::Local {}));
        let page = Some(v1::PageRequest { limit: 100, position: position.take() });
        let answer = connection.ask(Op::ReadTimeline(v1::ReadTimeline { timeline, page })).await?;
        let response::Result::TweetPage(page) = answer else {
            return Err(format!("unexpected response: {answer:?}").into());
        };
        ids.extend(page.tweets.iter().map(|tweet| tweet.id));
        if page.next.is_empty() || page.tweets.last().is_none_or(|tweet| tweet.id < cursor) {
            return Ok(ids);
        }
        position = Some(v1::page_request::Position::Before(page.next));
    }
}

/// Unsent bytes in the kernel for each connection of a server on the loopback interface.
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

/// The negative control: a server that fills the buffers of the kernel and never closes the connection.
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
    let queued = most_unsent(&address.to_string())?;
    Ok(Control::of(
        queued > KERNEL_BYTES_MAX,
        format!("without a limit {} KiB wait in the kernel", queued / 1_024),
    ))
}
