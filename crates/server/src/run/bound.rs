//! The addresses of a running server.

use std::net::SocketAddr;
use std::path::PathBuf;

use model::SshFingerprint;
use protocol::tls::Fingerprint;

/// Where a running server can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// Address of the native protocol, with the actual port.
    pub address: SocketAddr,
    /// Path of the operator's socket.
    pub operator_socket: PathBuf,
    /// Fingerprint of the TLS key; `None` without TLS.
    pub fingerprint: Option<Fingerprint>,
    /// Where ssh clients connect; `None` without ssh.
    pub ssh: Option<BoundSsh>,
}

/// Where ssh clients connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BoundSsh {
    /// The address, with the actual port.
    pub address: SocketAddr,
    /// Fingerprint of the host key.
    pub fingerprint: SshFingerprint,
}

impl Bound {
    /// Logs the addresses with the fingerprints, and how to accept connections from other machines.
    pub(super) fn log(&self) {
        let address = self.address;
        match self.fingerprint {
            Some(fingerprint) => tracing::info!(%fingerprint, "listening on {address}"),
            None => tracing::warn!("listening on {address} without TLS"),
        }
        if let Some(BoundSsh { address, fingerprint }) = self.ssh {
            tracing::info!(%fingerprint, "ssh listening on {address}");
        }
        if address.ip().is_loopback() {
            let port = address.port();
            tracing::info!("only this machine can connect; to accept others: --listen 0.0.0.0:{port}");
        }
    }
}
