//! A bad network: a proxy that delays, throttles, splits data into single bytes, half-closes connections, and cuts them
//! before, within or after a chunk. It does not know the protocol that it carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};

use crate::error::Error;
use crate::listener::Listener;
use crate::random::duration_in;
use fastrand::Rng;

/// Chunks at the start of each connection that always get through; otherwise no handshake would succeed.
const SPARED_CHUNKS: usize = 3;
/// How long a half-closed connection stays open.
const HALF_OPEN: Duration = Duration::from_secs(2);

/// A proxy. Dropping it closes the listener.
#[derive(Debug)]
pub(crate) struct ChaosProxy {
    listener: Listener,
    cuts: Arc<AtomicUsize>,
}

impl ChaosProxy {
    /// Starts a proxy to this address that cuts the connection at this percentage of chunks, in each direction.
    pub(crate) async fn start(to: &str, cut_percent: usize, mut random: Rng) -> Result<Self, Error> {
        let cuts = Arc::new(AtomicUsize::new(0));
        let (to, counter) = (to.to_owned(), cuts.clone());
        let listener = Listener::start(move |client| {
            let directions =
                [Direction::new(cut_percent, &mut random), Direction::new(cut_percent, &mut random)];
            let (to, counter) = (to.clone(), counter.clone());
            async move {
                if carry(client, &to, directions).await == Ok(End::Cut) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Self { listener: listener.await?, cuts })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.listener.address
    }

    /// Number of connections cut so far.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// How a direction of a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Cut,
    /// One side has closed, and its data was delivered.
    Closed,
}

async fn carry(client: TcpStream, to: &str, [up, down]: [Direction; 2]) -> Result<End, std::io::ErrorKind> {
    let server = TcpStream::connect(to).await.map_err(|error| error.kind())?;
    for stream in [&client, &server] {
        stream.set_nodelay(true).map_err(|error| error.kind())?;
        if up.reset {
            // Closing resets the connection: unread data is lost.
            SockRef::from(stream).set_linger(Some(Duration::ZERO)).map_err(|error| error.kind())?;
        }
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, down) = (up.carry(from_client, to_server), down.carry(from_server, to_client));
    tokio::pin!(up, down);
    let (end, up_remains) = tokio::select! {
        (end, _reader) = &mut up => (end, false),
        (end, _reader) = &mut down => (end, true),
    };
    if end == End::Cut {
        return Ok(end);
    }
    let other = async { if up_remains { up.await.0 } else { down.await.0 } };
    Ok(timeout(HALF_OPEN, other).await.unwrap_or(End::Closed))
}

/// One direction of a connection.
struct Direction {
    cut_percent: usize,
    random: Rng,
    reset: bool,
}

impl Direction {
    fn new(cut_percent: usize, random: &mut Rng) -> Self {
        Self { cut_percent, random: random.fork(), reset: random.bool() }
    }

    /// Copies data until one side closes or the connection is cut. Returns the reader so that the socket stays open.
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> (End, OwnedReadHalf) {
        let mut buffer = vec![0; 16 * 1024];
        let mut chunks = 0;
        loop {
            let bytes = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(n) => &buffer[..n],
            };
            chunks += 1;
            if chunks > SPARED_CHUNKS && self.random.usize(..100) < self.cut_percent {
                let delivered = match self.random.usize(..3) {
                    0 => 0,
                    1 => self.random.usize(..bytes.len()),
                    _ => bytes.len(),
                };
                // The peer may be gone already.
                let _ = to.write_all(&bytes[..delivered]).await;
                return (End::Cut, from);
            }
            let carried = match self.random.usize(..20) {
                0 => {
                    sleep(duration_in(&mut self.random, Duration::ZERO..=Duration::from_millis(20))).await;
                    to.write_all(bytes).await
                }
                1 => in_pieces(&mut to, bytes, 1, Duration::ZERO).await,
                2 => in_pieces(&mut to, bytes, 64, Duration::from_millis(1)).await,
                _ => to.write_all(bytes).await,
            };
            if carried.is_err() || (chunks > SPARED_CHUNKS && self.random.usize(..200) == 0) {
                break;
            }
        }
        let _ = to.shutdown().await;
        (End::Closed, from)
    }
}

async fn in_pieces(
    to: &mut OwnedWriteHalf,
    bytes: &[u8],
    size: usize,
    pause: Duration,
) -> std::io::Result<()> {
    for piece in bytes.chunks(size) {
        to.write_all(piece).await?;
        if pause.is_zero() {
            tokio::task::yield_now().await;
        } else {
            sleep(pause).await;
        }
    }
    Ok(())
}
