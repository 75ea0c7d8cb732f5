//! The port for health checks of load balancers. It is open while this server can take clients: not while it drains, and not
//! while it cannot reach the shared database.

use std::sync::Arc;
use std::time::Duration;

use gateway::Shared;
use model::os_error_in_words;
use store::Engine;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How often the state of the server is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// For one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// Checks at the same time; further ones are closed at once.
const CHECKS_MAX: usize = 64;
/// For checks over HTTP. Others only look whether the port is open.
const RESPONSE: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";

/// Opens and closes the port until the task is aborted.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, store: Arc<dyn Engine>) {
    let Ok(address) = listener.local_addr() else { return };
    let can_serve = || store.require_fresh().is_ok() && !shared.is_draining();
    let (mut listener, mut checks) = (Some(listener), JoinSet::new());
    loop {
        match (&listener, can_serve()) {
            (Some(_), false) => {
                tracing::warn!(
                    "health checks on {address} are refused: draining, or the database is unreachable"
                );
                listener = None;
            }
            (None, true) => match TcpListener::bind(address).await {
                Ok(bound) => {
                    tracing::info!("health checks on {address} are accepted again");
                    listener = Some(bound);
                }
                Err(error) => {
                    let error = os_error_in_words(&error);
                    tracing::warn!(%error, "cannot listen for health checks on {address}; trying again");
                }
            },
            _ => {}
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            Some(_) = checks.join_next() => {}
            Ok(check) = accept(listener.as_ref()) => {
                if checks.len() < CHECKS_MAX {
                    checks.spawn(timeout(CHECK_TIMEOUT, answer(check)));
                }
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> std::io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

/// Answers a request, or takes note that there is none.
async fn answer(mut check: TcpStream) {
    let mut request = [0; 1_024];
    if matches!(check.read(&mut request).await, Ok(1..)) {
        // The balancer may be gone.
        let _ = check.write_all(RESPONSE).await;
        let _ = check.shutdown().await;
    }
}
