//! The sockets: accepting, TLS, the limits at the door. What happens on a connection is not known here.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use model::{Error, SafeText};
use protocol::tls::ALPN;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::NativeGateway;
use super::connection::{self, Terms};
use super::context::{CallerInLog, ConnectionContext};
use crate::accept::{accept_all, prepare};
use crate::in_process::InProcessListener;

/// Clients that are told at the same time why they cannot come in; others are closed without a word.
const REFUSALS_MAX: usize = 32;
/// What a client that was refused is told to wait.
const REFUSED_FOR: Duration = Duration::from_secs(10);

/// Connections on the operator's socket; more are closed without a word.
const OPERATORS_MAX: usize = 64;

static REFUSALS: Semaphore = Semaphore::const_new(REFUSALS_MAX);

/// Serves the native protocol on TCP until the server stops and every connection has ended. Without `tls` it is
/// in clear: for loopback only.
pub async fn serve_tcp(gateway: Arc<NativeGateway>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    accept_all(listener, "", gateway.stopping.clone(), |(stream, address), connections| {
        connections.spawn(tcp_connection(gateway.clone(), stream, address, tls.clone()));
    })
    .await;
}

/// Serves the native protocol on the operator's socket until the server stops: whoever can open it is the
/// operator, so the file's mode is the lock.
pub async fn serve_unix(gateway: Arc<NativeGateway>, listener: UnixListener) {
    accept_all(listener, "", gateway.stopping.clone(), |stream, connections| {
        if connections.len() < OPERATORS_MAX {
            connections.spawn(serve(stream, ConnectionContext::operator(gateway.clone())));
        }
    })
    .await;
}

/// Serves those who come through a door within this process until the server stops: without TLS, with the rights
/// and limits of their address.
pub async fn serve_in_process(gateway: Arc<NativeGateway>, listener: InProcessListener) {
    accept_all(listener, "", gateway.stopping.clone(), |(stream, address), connections| {
        match gateway.connections.admit(address) {
            Ok(permit) => {
                let session = ConnectionContext::anonymous(gateway.clone(), address, permit);
                connections.spawn(serve(stream, session));
            }
            Err(reason) => {
                tracing::warn!(%address, %reason, "a connection was refused");
                connections
                    .spawn(connection::refuse(stream, Error::RateLimited { retry_after: REFUSED_FOR }));
            }
        }
    })
    .await;
}

async fn tcp_connection(
    gateway: Arc<NativeGateway>,
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
) {
    let address = address.ip();
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%address, %error, "a connection was gone before it began");
        return;
    }
    let permit = match gateway.connections.admit(address) {
        Ok(permit) => permit,
        Err(reason) => {
            tracing::warn!(%address, %reason, "a connection was refused");
            refuse(&gateway, stream, tls).await;
            return;
        }
    };
    let Some(tls) = tls else {
        serve(stream, ConnectionContext::anonymous(gateway, address, permit)).await;
        return;
    };
    if let Some(stream) = handshake(&gateway, stream, address, &tls).await {
        serve(stream, ConnectionContext::anonymous(gateway, address, permit)).await;
    }
}

async fn handshake(
    gateway: &NativeGateway,
    stream: TcpStream,
    address: IpAddr,
    tls: &TlsAcceptor,
) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    match timeout(gateway.times.handshake, tls.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN) => return Some(stream),
        Ok(Ok(_)) => tracing::info!(%address, "a client does not speak this protocol"),
        Ok(Err(error)) => {
            let error = SafeText::line(&error.to_string());
            tracing::info!(%address, %error, "a TLS handshake failed");
        }
        Err(_) => tracing::info!(%address, "a TLS handshake took too long"),
    }
    None
}

async fn refuse(gateway: &NativeGateway, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let Ok(_permit): Result<SemaphorePermit<'_>, _> = REFUSALS.try_acquire() else { return };
    let error = Error::RateLimited { retry_after: REFUSED_FOR };
    match tls {
        None => connection::refuse(stream, error).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(gateway.times.handshake, tls.accept(stream)).await {
                connection::refuse(stream, error).await;
            }
        }
    }
}

/// Serves a connection and writes its one line in the log.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Send>(stream: S, session: Arc<ConnectionContext>) {
    let gateway = &session.gateway;
    let terms = Terms {
        hello: gateway.hello(),
        times: gateway.times,
        reconnect_after: jittered(&gateway.random),
        stopping: gateway.stopping.clone(),
    };
    let start = Instant::now();
    let ended = connection::serve(stream, session.clone(), terms).await;
    let reason = SafeText::line(&ended.reason.to_string());
    let client = SafeText::line(session.client_name());
    let caller = CallerInLog(session.caller());
    let seconds = start.elapsed().as_secs();
    // Requests that go on without their client must not keep it online.
    session.log_out();
    let requests = ended.requests;
    if ended.reason.is_ordinary() {
        tracing::debug!(%caller, %client, requests, seconds, %reason, "a connection ended");
    } else {
        tracing::info!(%caller, %client, requests, seconds, %reason, "a connection was ended");
    }
}

/// Half a second to five: not all clients of a server that starts again come in the same moment.
fn jittered(random: &Arc<dyn store::env::Random>) -> Duration {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    Duration::from_millis(500 + u64::from(u16::from_le_bytes(bytes)) % 4_500)
}
