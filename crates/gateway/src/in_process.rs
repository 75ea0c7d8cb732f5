//! Connections within the process: the ssh gateway's clients reach the native gateway without a socket.
//!
//! Both sides depend on this module, neither on the other.

use std::net::IpAddr;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes in flight in each direction; beyond it, writing waits. Both buffers are allocated for the whole life of a
/// connection: 64 KiB would be half of what an ssh session costs.
const BUFFER_BYTES: usize = 2 * 1024;
/// Connections that may wait to be accepted.
const BACKLOG_MAX: usize = 64;

/// Makes connections to the [`InProcessListener`] of the same channel.
#[derive(Debug, Clone)]
pub struct InProcessConnector(mpsc::Sender<(DuplexStream, IpAddr)>);

/// Accepts connections within the process.
#[derive(Debug)]
pub struct InProcessListener(mpsc::Receiver<(DuplexStream, IpAddr)>);

/// Makes connections on behalf of one network peer: they have no more rights than if the peer had made them.
#[derive(Debug, Clone)]
pub struct PeerConnector {
    connector: InProcessConnector,
    peer: IpAddr,
}

/// A connector and its listener.
#[must_use]
pub fn channel() -> (InProcessConnector, InProcessListener) {
    let (sender, receiver) = mpsc::channel(BACKLOG_MAX);
    (InProcessConnector(sender), InProcessListener(receiver))
}

impl InProcessConnector {
    /// A connector for the peer at this address: each of its connections counts as one from there.
    #[must_use]
    pub fn for_peer(&self, peer: IpAddr) -> PeerConnector {
        PeerConnector { connector: self.clone(), peer }
    }
}

impl PeerConnector {
    /// A new connection, without TLS. It is closed at once when the backlog is full or the server has stopped.
    #[must_use]
    pub fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(BUFFER_BYTES);
        // A refused send drops the far end, which closes the near one.
        let _ = self.connector.0.try_send((far, self.peer));
        near
    }
}

impl InProcessListener {
    /// Waits for the next connection; forever once every connector is dropped. Cancel safe.
    pub(super) async fn accept(&mut self) -> (DuplexStream, IpAddr) {
        match self.0.recv().await {
            Some(accepted) => accepted,
            None => std::future::pending().await,
        }
    }
}
