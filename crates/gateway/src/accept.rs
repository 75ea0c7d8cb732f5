//! How every gateway takes connections in: one behind the other, each served by a task of its own, until the server
//! stops. Who is let in and what is served, the gateways say.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::DuplexStream;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::in_process::InProcessListener;
use super::stopped;

/// Kernel memory for what a client does not read: measured 283 KiB a connection, and 4.2 MiB without it.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// When no connection can be accepted (no file descriptor left) it is tried again after this.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Where connections come from.
pub(super) trait Listener {
    /// A connection with resolve_or_self it is.
    type Accepted;
    /// The next that comes. Cancel safe.
    fn next(&mut self) -> impl Future<Output = io::Result<Self::Accepted>> + Send;
}

impl Listener for TcpListener {
    type Accepted = (TcpStream, SocketAddr);

    async fn next(&mut self) -> io::Result<Self::Accepted> {
        self.accept().await
    }
}

impl Listener for UnixListener {
    type Accepted = UnixStream;

    async fn next(&mut self) -> io::Result<Self::Accepted> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Listener for InProcessListener {
    type Accepted = (DuplexStream, IpAddr);

    async fn next(&mut self) -> io::Result<Self::Accepted> {
        Ok(self.accept().await)
    }
}

/// Gives each connection to `take`, which spawns its task or lets it go. Ends when the server stops and every task has
/// ended. `by` stands in the log behind "no connection can be accepted".
pub(super) async fn accept_all<L: Listener>(
    mut listener: L,
    by: &str,
    mut stopping: watch::Receiver<bool>,
    mut take: impl FnMut(L::Accepted, &mut JoinSet<()>),
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.next() => match accepted {
                Ok(accepted) => take(accepted, &mut connections),
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted{by}");
                    sleep(ACCEPT_AGAIN_AFTER).await;
                }
            },
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// What every connection over TCP is given.
pub(super) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    SockRef::from(stream).set_send_buffer_size(SEND_BUFFER_BYTES)
}
