//! InProcessConnector within this process: another gateway's people reach the native one without a socket.
//!
//! Neither side knows the other; both know this.

use std::net::IpAddr;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

/// Bytes under way in each direction; whoever writes more waits. All of it is allocated for as long as the door is
/// open, idle or not: 64 KiB would be half of what a session over ssh costs.
const BUFFER_BYTES: usize = 2 * 1024;
/// Connections that may wait to be taken up.
const WAITING_MAX: usize = 64;

/// Where doors are made.
#[derive(Debug, Clone)]
pub struct InProcessConnector(mpsc::Sender<(DuplexStream, IpAddr)>);

/// Where those who come through a door arrive.
#[derive(Debug)]
pub struct InProcessListener(mpsc::Receiver<(DuplexStream, IpAddr)>);

/// A way in for somebody at an address, with no more rights than over the network.
#[derive(Debug, Clone)]
pub struct PeerConnector {
    doors: InProcessConnector,
    address: IpAddr,
}

/// Both sides.
#[must_use]
pub fn channel() -> (InProcessConnector, InProcessListener) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (InProcessConnector(sender), InProcessListener(receiver))
}

impl InProcessConnector {
    /// A door for somebody at this address; each connection counts as one from there.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> PeerConnector {
        PeerConnector { doors: self.clone(), address }
    }
}

impl PeerConnector {
    /// A connection, in clear. It is closed at once when too many wait or the server stops.
    #[must_use]
    pub fn open(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(BUFFER_BYTES);
        // What does not go through is dropped, and that closes it.
        let _ = self.doors.0.try_send((far, self.address));
        near
    }
}

impl InProcessListener {
    /// The next one; never again when no door is left. Cancel safe.
    pub(super) async fn accept(&mut self) -> (DuplexStream, IpAddr) {
        match self.0.recv().await {
            Some(arrived) => arrived,
            None => std::future::pending().await,
        }
    }
}
