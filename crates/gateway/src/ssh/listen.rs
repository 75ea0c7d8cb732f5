//! The listener of the ssh gateway: rejects connections above the limits, and configures the ssh library.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::Algorithm;
use russh::server::Config;
use russh::{MethodKind, MethodSet, Preferred, SshId, compression, kex};
use tokio::net::TcpStream;

use super::config::PACKET_BYTES_MAX;
use super::connection;
use super::gateway::SshGateway;
use crate::accept::{accept_all, prepare};
use crate::log_limit::LogLimit;
use crate::proxy::{PublicListener, client_address};

/// Its name in the log.
const PROTOCOL: &str = "ssh";
/// Input that a client may send before its window is adjusted.
const WINDOW_BYTES: u32 = 64 * 1024;
/// Keys that a client may fail with; users have a few.
const ATTEMPTS_MAX: usize = 20;
/// Keepalive requests without an answer after which a client is disconnected.
const KEEPALIVES_MAX: usize = 3;

static REJECTED: LogLimit = LogLimit::new();

/// Serves ssh clients until the server stops and every connection has ended.
/// No new connections are accepted once the server drains.
pub async fn serve_ssh(gateway: Arc<SshGateway>, listener: impl Into<PublicListener>) {
    let PublicListener { socket, balancers } = listener.into();
    if let Err(error) = gateway.service.end_ssh_sessions().await {
        tracing::warn!(%error, "cannot end the ssh sessions of the previous run; they stay until they expire");
    }
    let config = Arc::new(config(&gateway));
    accept_all(socket, PROTOCOL, gateway.shared.closes(), |(stream, peer), connections| {
        let (gateway, config, balancers) = (gateway.clone(), config.clone(), balancers.clone());
        connections.spawn(async move {
            let mut stream = stream;
            if let Some(address) = client_address(&mut stream, peer.ip(), &balancers, PROTOCOL).await
                && let Some(serving) = admitted(&gateway, &config, stream, address)
            {
                serving.await;
            }
        });
    })
    .await;
}

/// The task of a connection, unless it is rejected.
fn admitted(
    gateway: &Arc<SshGateway>,
    config: &Arc<Config>,
    stream: TcpStream,
    address: IpAddr,
) -> Option<impl Future<Output = ()> + use<>> {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%address, %error, "ssh connection closed before it was served");
        return None;
    }
    match gateway.connections.admit(address) {
        Ok(permit) => Some(connection::serve(gateway.clone(), config.clone(), stream, address, permit)),
        Err(reason) => {
            if let Some(left_out) = REJECTED.admit() {
                tracing::warn!(%address, %reason, left_out, "ssh connection rejected");
            }
            None
        }
    }
}

fn config(gateway: &SshGateway) -> Config {
    let methods = [MethodKind::PublicKey, MethodKind::KeyboardInteractive];
    let keepalive = gateway.config.timeouts.keepalive;
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-mini-tweet")),
        methods: MethodSet::from(&methods[..]),
        // There are no passwords to guess, so delays would protect nothing.
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![gateway.config.host_key.private()],
        window_size: WINDOW_BYTES,
        maximum_packet_size: PACKET_BYTES_MAX,
        preferred: preferred(),
        max_auth_attempts: ATTEMPTS_MAX,
        // For a client that does not read: the keepalive requests do not even reach it.
        inactivity_timeout: Some(keepalive * u32::try_from(KEEPALIVES_MAX + 1).unwrap_or(u32::MAX)),
        keepalive_interval: Some(keepalive),
        keepalive_max: KEEPALIVES_MAX,
        ..Config::default()
    }
}

fn without_sha1(algorithms: &[Algorithm]) -> Vec<Algorithm> {
    let with_sha1 = Algorithm::Rsa { hash: None };
    algorithms.iter().filter(|algorithm| **algorithm != with_sha1).cloned().collect()
}

/// Algorithms that every client of the last ten years supports. Without finite-field Diffie-Hellman: an unauthenticated
/// client could make the server compute for long.
fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(&[
            kex::MLKEM768X25519_SHA256,
            kex::CURVE25519,
            kex::CURVE25519_PRE_RFC_8731,
            kex::EXTENSION_SUPPORT_AS_SERVER,
            kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
        ]),
        // Also advertised to clients for their signatures; without SHA-1.
        key: Cow::Owned(without_sha1(&Preferred::DEFAULT.key)),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::DEFAULT
    }
}
