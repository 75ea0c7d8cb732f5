//! A network that is bad: a proxy on the loopback which delays, throttles, splits into single bytes, closes one way,
//! and cuts, before, within or after what is on its way. It knows nothing of what it carries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::listener::Listener;
use crate::random::Random;

/// So much of every connection gets through, or nobody would ever get to the end of a handshake.
const UNHARMED: usize = 3;
/// A connection that was closed one way is closed the other way too after this.
const HALF_OPEN: Duration = Duration::from_secs(2);

/// A proxy, until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    listener: Listener,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    /// Leads to this address. Of so many chunks in a hundred, each way, the connection does not survive one.
    pub(crate) async fn start(to: &str, cut_percent: usize, mut random: Random) -> Result<Self, Error> {
        let cuts = Arc::new(AtomicUsize::new(0));
        let (to, counted) = (to.to_owned(), cuts.clone());
        let listener = Listener::start(move |client| {
            let ways = [Way::new(cut_percent, &mut random), Way::new(cut_percent, &mut random)];
            let (to, counted) = (to.clone(), counted.clone());
            async move {
                if carry(client, &to, ways).await == Ok(End::Cut) {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Ok(Self { listener: listener.await?, cuts })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.listener.address
    }

    /// How many connections it has cut.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

/// How a direction of a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Cut,
    /// What was sent has arrived, and no more will be sent.
    Closed,
}

async fn carry(client: TcpStream, to: &str, [up, down]: [Way; 2]) -> Result<End, std::io::ErrorKind> {
    let server = TcpStream::connect(to).await.map_err(|error| error.kind())?;
    for stream in [&client, &server] {
        stream.set_nodelay(true).map_err(|error| error.kind())?;
        if up.reset {
            // The end comes as a reset: what was not read yet is lost.
            SockRef::from(stream).set_linger(Some(Duration::ZERO)).map_err(|error| error.kind())?;
        }
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, down) = (up.carry(from_client, to_server), down.carry(from_server, to_client));
    tokio::pin!(up, down);
    let (end, up_is_left) = tokio::select! {
        (end, _kept) = &mut up => (end, false),
        (end, _kept) = &mut down => (end, true),
    };
    if end == End::Cut {
        return Ok(end);
    }
    let other = async { if up_is_left { up.await.0 } else { down.await.0 } };
    Ok(timeout(HALF_OPEN, other).await.unwrap_or(End::Closed))
}

/// One direction of a connection.
struct Way {
    cut_percent: usize,
    random: Random,
    reset: bool,
}

impl Way {
    fn new(cut_percent: usize, random: &mut Random) -> Self {
        Self { cut_percent, random: random.fork(), reset: random.percent(50) }
    }

    /// Until one side closes or it is cut; the sockets stay open until then.
    async fn carry(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> (End, OwnedReadHalf) {
        let mut buffer = vec![0; 16 * 1024];
        let mut chunks = 0;
        loop {
            let bytes = match from.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(n) => &buffer[..n],
            };
            chunks += 1;
            if chunks > UNHARMED && self.random.percent(self.cut_percent) {
                let arrive = match self.random.below(3) {
                    0 => 0,
                    1 => self.random.below(bytes.len()),
                    _ => bytes.len(),
                };
                // Whether it still arrives is for the network to say.
                let _ = to.write_all(&bytes[..arrive]).await;
                return (End::Cut, from);
            }
            let carried = match self.random.below(20) {
                0 => {
                    sleep(self.random.between(Duration::ZERO, Duration::from_millis(20))).await;
                    to.write_all(bytes).await
                }
                1 => in_pieces(&mut to, bytes, 1, Duration::ZERO).await,
                2 => in_pieces(&mut to, bytes, 64, Duration::from_millis(1)).await,
                _ => to.write_all(bytes).await,
            };
            if carried.is_err() || (chunks > UNHARMED && self.random.below(200) == 0) {
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
