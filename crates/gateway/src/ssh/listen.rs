//! The socket of the ssh gateway: accepting, the limits at the door, and what is offered to every client.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::Algorithm;
use russh::server::Config;
use russh::{MethodKind, MethodSet, Preferred, SshId, compression, kex};
use tokio::net::{TcpListener, TcpStream};

use super::{SshGateway, connection};
use crate::accept::{accept_all, prepare};

/// Largest packet of input that a client may send.
pub(super) const PACKET_BYTES_MAX: u32 = 4 * 1024;
/// Input that a client may send before it is told to go on.
const WINDOW_BYTES: u32 = 64 * 1024;
/// Keys that may be refused, one after the other; people have a few.
const ATTEMPTS_MAX: usize = 20;
/// Questions without an answer after which a client is gone.
const KEEPALIVES_MAX: usize = 3;

/// Takes people in by ssh until the server stops and every connection has ended.
pub async fn serve_ssh(gateway: Arc<SshGateway>, listener: TcpListener) {
    if let Err(error) = gateway.service.end_ssh_sessions().await {
        tracing::warn!(%error, "sessions by ssh of before the start stay for now");
    }
    let config = Arc::new(config(&gateway));
    accept_all(listener, " by ssh", gateway.stopping.clone(), |(stream, address), connections| {
        if let Some(serving) = admitted(&gateway, &config, stream, address) {
            connections.spawn(serving);
        }
    })
    .await;
}

/// The connection's task, if there is room for it.
fn admitted(
    gateway: &Arc<SshGateway>,
    config: &Arc<Config>,
    stream: TcpStream,
    address: SocketAddr,
) -> Option<impl Future<Output = ()> + use<>> {
    let address = address.ip();
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%address, %error, "a connection by ssh was gone before it began");
        return None;
    }
    match gateway.connections.admit(address) {
        Ok(permit) => Some(connection::serve(gateway.clone(), config.clone(), stream, address, permit)),
        Err(reason) => {
            tracing::warn!(%address, %reason, "a connection by ssh was refused");
            None
        }
    }
}

fn config(gateway: &SshGateway) -> Config {
    let methods = [MethodKind::PublicKey, MethodKind::KeyboardInteractive];
    let keepalive = gateway.times.keepalive;
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-mini-tweet")),
        methods: MethodSet::from(&methods[..]),
        // There is no password to guess: nothing is gained by letting people wait.
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![gateway.host_key.private()],
        window_size: WINDOW_BYTES,
        maximum_packet_size: PACKET_BYTES_MAX,
        preferred: preferred(),
        max_auth_attempts: ATTEMPTS_MAX,
        // Of a client that answers, every answer counts; this is for one that does not read.
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

/// What every client of the last ten years has. Groups of primes are left out: a stranger could make the server
/// compute with them before anybody is known.
fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(&[
            kex::MLKEM768X25519_SHA256,
            kex::CURVE25519,
            kex::CURVE25519_PRE_RFC_8731,
            kex::EXTENSION_SUPPORT_AS_SERVER,
            kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
        ]),
        // Also what clients are told to sign with; no SHA-1.
        key: Cow::Owned(without_sha1(&Preferred::DEFAULT.key)),
        compression: Cow::Borrowed(&[compression::NONE]),
        ..Preferred::DEFAULT
    }
}
