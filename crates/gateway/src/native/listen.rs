//! Listeners of the native protocol: TCP with TLS, the operator socket, and within the process.
//!
//! It rejects connections above the limits; it does not know what is said on a connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::{Error, SafeText};
use protocol::tls::ALPN;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixListener};
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection;
use super::context::ConnectionContext;
use super::gateway::NativeGateway;
use crate::accept::{accept_all, prepare};
use crate::in_process::InProcessListener;
use crate::limits::ConnectionRejected;
use crate::log_limit::LogLimit;
use crate::pipeline::CallerInLog;
use crate::proxy::{PublicListener, client_address};

/// Its name in the log.
const PROTOCOL: &str = "native";

/// Rejected clients that are sent the reason at the same time; the others are closed without one.
const REJECTIONS_MAX: usize = 32;
/// `retry_after` of a rejected client.
const REJECTED_FOR: Duration = Duration::from_secs(10);

/// Connections on the operator socket; more are closed without a reason.
const OPERATORS_MAX: usize = 64;

static REJECTED: LogLimit = LogLimit::new();
static NO_ALPN: LogLimit = LogLimit::new();
static FAILED: LogLimit = LogLimit::new();
static TIMED_OUT: LogLimit = LogLimit::new();
static CLOSED: LogLimit = LogLimit::new();

static REJECTIONS: Semaphore = Semaphore::const_new(REJECTIONS_MAX);

/// Serves the native protocol over TCP until the server stops and every connection has ended. New connections use the
/// newest value of `tls`; without it connections are not encrypted: for loopback only. No new ones are accepted once the
/// server drains.
pub async fn serve_tcp(
    gateway: Arc<NativeGateway>,
    listener: impl Into<PublicListener>,
    tls: Option<watch::Receiver<TlsAcceptor>>,
) {
    let PublicListener { socket, balancers } = listener.into();
    accept_all(socket, PROTOCOL, gateway.shared.closes(), |(stream, peer), connections| {
        let tls = tls.as_ref().map(|tls| tls.borrow().clone());
        let (gateway, balancers) = (gateway.clone(), balancers.clone());
        connections.spawn(async move {
            let mut stream = stream;
            if let Some(address) = client_address(&mut stream, peer.ip(), &balancers, PROTOCOL).await {
                tcp_connection(gateway, stream, address, tls).await;
            }
        });
    })
    .await;
}

/// Serves the native protocol on the operator socket until the server stops and every connection has ended. Anyone
/// who can open the socket is the operator: the mode of the file decides.
pub async fn serve_unix(gateway: Arc<NativeGateway>, listener: UnixListener) {
    accept_all(listener, PROTOCOL, gateway.shared.stops(), |stream, connections| {
        if connections.len() < OPERATORS_MAX {
            connections.spawn(serve(stream, ConnectionContext::operator(gateway.clone())));
        }
    })
    .await;
}

/// Serves the native protocol within the process until the server stops and every connection has ended: without TLS,
/// with the rights and limits of the peer's address.
pub async fn serve_in_process(gateway: Arc<NativeGateway>, listener: InProcessListener) {
    accept_all(listener, PROTOCOL, gateway.shared.stops(), |(stream, address), connections| {
        match gateway.shared.connections.admit(address) {
            Ok(permit) => {
                let context = ConnectionContext::within(gateway.clone(), address, permit);
                connections.spawn(serve(stream, context));
            }
            Err(reason) => {
                log_rejection(address, reason);
                connections.spawn(connection::reject(stream, rejection()));
            }
        }
    })
    .await;
}

async fn tcp_connection(
    gateway: Arc<NativeGateway>,
    stream: TcpStream,
    address: IpAddr,
    tls: Option<TlsAcceptor>,
) {
    if let Err(error) = prepare(&stream) {
        tracing::debug!(%address, %error, "connection closed before it was served");
        return;
    }
    let permit = match gateway.shared.connections.admit(address) {
        Ok(permit) => permit,
        Err(reason) => {
            log_rejection(address, reason);
            reject(&gateway, stream, tls).await;
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
    match timeout(gateway.config.timeouts.handshake, tls.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(ALPN) => return Some(stream),
        Ok(Ok(_)) => {
            if let Some(left_out) = NO_ALPN.admit() {
                tracing::info!(%address, left_out, "TLS handshake without the protocol's ALPN; closed");
            }
        }
        Ok(Err(error)) => {
            if let Some(left_out) = FAILED.admit() {
                let error = SafeText::line(&error.to_string());
                tracing::info!(%address, %error, left_out, "TLS handshake failed");
            }
        }
        Err(_) => {
            if let Some(left_out) = TIMED_OUT.admit() {
                tracing::info!(%address, left_out, "TLS handshake timed out");
            }
        }
    }
    None
}

fn log_rejection(address: IpAddr, reason: ConnectionRejected) {
    if let Some(left_out) = REJECTED.admit() {
        tracing::warn!(%address, %reason, left_out, "connection rejected");
    }
}

fn rejection() -> Error {
    Error::too_many_requests(REJECTED_FOR)
}

async fn reject(gateway: &NativeGateway, stream: TcpStream, tls: Option<TlsAcceptor>) {
    let Ok(_permit): Result<SemaphorePermit<'_>, _> = REJECTIONS.try_acquire() else { return };
    match tls {
        None => connection::reject(stream, rejection()).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(gateway.config.timeouts.handshake, tls.accept(stream)).await {
                connection::reject(stream, rejection()).await;
            }
        }
    }
}

/// Serves a connection and logs its end.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Send>(stream: S, context: Arc<ConnectionContext>) {
    let start = Instant::now();
    let ended = connection::serve(stream, Arc::clone(&context)).await;
    let reason = SafeText::line(&ended.reason.to_string());
    let client = SafeText::line(context.client_name());
    let caller = CallerInLog(context.caller());
    let seconds = start.elapsed().as_secs();
    // Requests that are still running must not keep the account online.
    context.log_out();
    let requests = ended.requests;
    if ended.reason.is_ordinary() {
        tracing::debug!(%caller, %client, requests, seconds, %reason, "connection closed");
    } else if let Some(left_out) = CLOSED.admit() {
        tracing::info!(%caller, %client, requests, seconds, %reason, left_out, "connection closed by the server");
    }
}
