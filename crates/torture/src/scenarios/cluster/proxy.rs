//! A network between a server and PostgreSQL that can fail: it delays, stalls, half-closes and cuts connections, cuts
//! them at a COMMIT, and loses notifications. It understands as much of the protocol of PostgreSQL as that needs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::error::Error;
use crate::listener::Listener;

/// The message "simple query" with `COMMIT`, without its first five bytes.
const COMMIT: &[u8] = b"COMMIT\0";
/// Type and length of a message.
const HEADER: usize = 5;
/// The message "sync", which ends each exchange.
const SYNC: &[u8] = b"S\0\0\0\x04";
/// For the response to a COMMIT to arrive before the connection is cut.
const UNTIL_RESPONSE: Duration = Duration::from_millis(100);
/// How long a half-closed connection stays open.
const HALF_OPEN: Duration = Duration::from_secs(2);

/// What the network does to all connections, open and new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Open,
    /// Every chunk arrives so much later.
    Slow(Duration),
    /// Nothing arrives any more; connections stay open.
    Stalled,
    /// What the server sends ends; what PostgreSQL sends still arrives. New connections are refused.
    HalfClosed,
    /// Connections are cut, and new ones refused.
    Cut,
}

impl Mode {
    /// Whether what the server sends no longer arrives, and never will.
    fn ends_up(self) -> bool {
        matches!(self, Self::HalfClosed | Self::Cut)
    }

    fn ends_down(self) -> bool {
        self == Self::Cut
    }
}

/// Where a connection is cut that is about to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommitCut {
    /// PostgreSQL does not get the COMMIT.
    Before,
    /// It gets a part of it.
    Within,
    /// It gets it, and the connection is cut at once.
    After,
    /// It gets it and has responded; the server does not get the response.
    AfterResponse,
    /// Nothing is cut, but what follows a statement before its end is held back: PostgreSQL waits for the rest of the
    /// exchange.
    HoldBeforeSync,
    /// The COMMIT and everything after it is held back.
    HoldBefore,
}

impl CommitCut {
    /// All that cut the connection.
    pub(super) const CUTS: [Self; 4] = [Self::Before, Self::Within, Self::After, Self::AfterResponse];

    /// How many bytes of this chunk, with a COMMIT at this place, still arrive.
    fn delivered(self, chunk: &[u8], commit: usize) -> usize {
        match self {
            Self::Before | Self::HoldBefore => commit.saturating_sub(HEADER),
            Self::Within => commit + COMMIT.len() / 2,
            Self::After | Self::AfterResponse => commit + COMMIT.len(),
            Self::HoldBeforeSync => find(chunk, SYNC).unwrap_or(commit),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[derive(Debug)]
struct Network {
    mode: watch::Sender<Mode>,
    loses_notifications: AtomicBool,
    /// The next COMMIT is cut here.
    commit_cut: Mutex<Option<CommitCut>>,
    commit_cuts: AtomicUsize,
    /// Number of connections so far.
    connections: AtomicUsize,
}

/// A proxy to one PostgreSQL server. Dropping it closes the listener.
#[derive(Debug)]
pub(super) struct DatabaseProxy {
    listener: Listener,
    network: Arc<Network>,
}

impl DatabaseProxy {
    /// Starts a proxy to this address.
    pub(super) async fn start(to: &str) -> Result<Self, Error> {
        let network = Arc::new(Network {
            mode: watch::Sender::new(Mode::Open),
            loses_notifications: AtomicBool::new(false),
            commit_cut: Mutex::new(None),
            commit_cuts: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
        });
        let (to, shared) = (to.to_owned(), network.clone());
        let listener = Listener::start(move |server| carry(server, to.clone(), shared.clone())).await?;
        Ok(Self { listener, network })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.listener.address
    }

    /// Changes what happens to all connections.
    pub(super) fn set(&self, mode: Mode) {
        self.network.mode.send_replace(mode);
    }

    /// Loses all notifications, which are the bus, or none.
    pub(super) fn lose_notifications(&self, lose: bool) {
        self.network.loses_notifications.store(lose, Ordering::Relaxed);
    }

    /// Cuts the connection of the next COMMIT.
    pub(super) fn cut_at_commit(&self, cut: CommitCut) {
        *self.network.commit_cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(cut);
    }

    /// Number of connections that were cut at a COMMIT.
    pub(super) fn commit_cuts(&self) -> usize {
        self.network.commit_cuts.load(Ordering::Relaxed)
    }
}

async fn carry(server: TcpStream, to: String, network: Arc<Network>) {
    // A stalled network does not answer either.
    if pass(&mut network.mode.subscribe(), Mode::ends_up).await.is_none() {
        return;
    }
    let Ok(database) = TcpStream::connect(&to).await else { return };
    let resets = network.connections.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
    for stream in [&server, &database] {
        let _ = stream.set_nodelay(true);
        if resets {
            // Closing resets the connection: unread data is lost.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }
    let ((from_server, to_server), (from_database, to_database)) =
        (server.into_split(), database.into_split());
    let muted = AtomicBool::new(false);
    tokio::select! {
        () = up(from_server, to_database, &network, &muted) => {}
        () = down(from_database, to_server, &network, &muted) => {}
    }
}

/// Waits until a chunk may go on; `None` if the mode ends the direction.
async fn pass(mode: &mut watch::Receiver<Mode>, ends: fn(Mode) -> bool) -> Option<()> {
    let now = *mode.wait_for(|mode| *mode != Mode::Stalled).await.ok()?;
    if let Mode::Slow(delay) = now {
        sleep(delay).await;
    }
    (!ends(now)).then_some(())
}

/// The next chunk; `None` if the mode or the sender ends the direction.
async fn next<'a>(
    from: &mut OwnedReadHalf,
    buffer: &'a mut [u8],
    mode: &mut watch::Receiver<Mode>,
    ends: fn(Mode) -> bool,
) -> Option<&'a [u8]> {
    let read = tokio::select! {
        read = from.read(buffer) => read.ok().filter(|&read| read > 0)?,
        _ = mode.wait_for(|mode| ends(*mode)) => return None,
    };
    pass(mode, ends).await?;
    buffer.get(..read)
}

/// From the server to PostgreSQL. Ends when the connection is to be closed.
async fn up(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: &Network, muted: &AtomicBool) {
    let mut mode = network.mode.subscribe();
    let mut buffer = vec![0; 64 * 1024];
    while let Some(chunk) = next(&mut from, &mut buffer, &mut mode, Mode::ends_up).await {
        let Some((cut, commit)) = commit_cut(network, chunk) else {
            if to.write_all(chunk).await.is_err() {
                return;
            }
            continue;
        };
        muted.store(cut == CommitCut::AfterResponse, Ordering::Relaxed);
        let _ = to.write_all(&chunk[..cut.delivered(chunk, commit)]).await;
        network.commit_cuts.fetch_add(1, Ordering::Relaxed);
        match cut {
            CommitCut::AfterResponse => sleep(UNTIL_RESPONSE).await,
            // Until PostgreSQL ends the connection.
            CommitCut::HoldBeforeSync | CommitCut::HoldBefore => std::future::pending().await,
            _ => {}
        }
        return;
    }
    if *mode.borrow() == Mode::HalfClosed {
        let _ = to.shutdown().await;
        // PostgreSQL closes the other direction.
        sleep(HALF_OPEN).await;
    }
}

/// The cut that was asked for, if this chunk has a COMMIT.
fn commit_cut(network: &Network, chunk: &[u8]) -> Option<(CommitCut, usize)> {
    let mut asked = network.commit_cut.lock().unwrap_or_else(PoisonError::into_inner);
    let commit = asked.and_then(|_| find(chunk, COMMIT))?;
    Some((asked.take()?, commit))
}

/// From PostgreSQL to the server, message by message.
async fn down(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, network: &Network, muted: &AtomicBool) {
    let mut mode = network.mode.subscribe();
    let (mut buffer, mut messages) = (vec![0; 64 * 1024], Messages::default());
    while let Some(chunk) = next(&mut from, &mut buffer, &mut mode, Mode::ends_down).await {
        messages.add(chunk);
        let complete = messages.take_complete(network.loses_notifications.load(Ordering::Relaxed));
        if !muted.load(Ordering::Relaxed) && to.write_all(&complete).await.is_err() {
            return;
        }
    }
}

/// Bytes of PostgreSQL, which are divided into messages.
#[derive(Debug, Default)]
struct Messages(Vec<u8>);

impl Messages {
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Removes all complete messages and returns them, with or without notifications.
    fn take_complete(&mut self, without_notifications: bool) -> Vec<u8> {
        const NOTIFICATION: u8 = b'A';
        let (mut end, mut complete) = (0, Vec::new());
        while let Some(length) = self.0.get(end + 1..end + HEADER) {
            let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
            let Some(message) = self.0.get(end..=end + length) else { break };
            if !(without_notifications && message[0] == NOTIFICATION) {
                complete.extend_from_slice(message);
            }
            end += message.len();
        }
        self.0.drain(..end);
        complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_pass_when_they_are_complete_and_notifications_can_be_lost() {
        let mut messages = Messages::default();
        messages.add(b"Z\0\0\0\x05IA\0\0\0\x06ab");
        assert_eq!(messages.take_complete(false), b"Z\0\0\0\x05IA\0\0\0\x06ab");
        messages.add(b"Z\0\0\0\x05IA\0\0\0");
        assert_eq!(messages.take_complete(true), b"Z\0\0\0\x05I");
        messages.add(b"\x06abZ\0\0\0\x05I");
        assert_eq!(messages.take_complete(true), b"Z\0\0\0\x05I");
        assert!(messages.0.is_empty());
    }

    #[test]
    fn a_commit_is_cut_before_within_and_after_it() {
        let chunk = b"S\0\0\0\x04Q\0\0\0\x0bCOMMIT\0rest";
        let commit = find(chunk, COMMIT).unwrap();
        let delivered = |cut: CommitCut| &chunk[..cut.delivered(chunk, commit)];
        assert_eq!(delivered(CommitCut::Before), b"S\0\0\0\x04");
        assert_eq!(delivered(CommitCut::Within), b"S\0\0\0\x04Q\0\0\0\x0bCOM");
        assert_eq!(delivered(CommitCut::After), b"S\0\0\0\x04Q\0\0\0\x0bCOMMIT\0");
        assert_eq!(delivered(CommitCut::HoldBeforeSync), b"");
    }
}
