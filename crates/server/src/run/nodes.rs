//! What a running server does as one of several: it reports itself to the others, and drains when it is asked to or stops.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::Shared;
use gateway::native::NativeTimeouts;
use service::Service;
use store::Engine;
use tokio::time::{interval, timeout};

/// How often the report is renewed.
const REPORT: Duration = Duration::from_secs(1);
/// For the list of the other servers.
const LIST_TIMEOUT: Duration = Duration::from_secs(2);

/// Reports this server to the others, and drains when one of them has asked for it.
pub(super) async fn report(shared: Arc<Shared>, service: Arc<Service>, store: Arc<dyn Engine>) {
    let mut drain_requested = store.drain_requested();
    let mut again = interval(REPORT);
    loop {
        store.report(shared.report(&service));
        let requested = async {
            let Some(requested) = &mut drain_requested else { return pending().await };
            if requested.wait_for(|requested| *requested).await.is_err() {
                // The store is closed.
                pending::<()>().await;
            }
        };
        tokio::select! {
            _ = again.tick() => {}
            () = shared.drains(), if !shared.is_draining() => {}
            () = requested, if !shared.is_draining() => {
                let _ = shared.drain();
            }
        }
    }
}

/// Moves the clients to the other servers, if there are any, before this one stops.
pub(super) async fn drain_before_stop(shared: &Shared, store: &dyn Engine) {
    let Ok(Ok(nodes)) = timeout(LIST_TIMEOUT, store.nodes()).await else { return };
    if nodes.iter().any(|node| !node.is_this && !node.is_lost && !node.report.is_draining) {
        let spread = shared.drain().unwrap_or_default();
        let _ = timeout(spread + NativeTimeouts::default().drain, shared.is_empty()).await;
    }
}

/// The address of this server in lists: with the name of the machine if it listens on all of its addresses.
pub(super) fn shown_address(bound: SocketAddr) -> String {
    if !bound.ip().is_unspecified() {
        return bound.to_string();
    }
    let system = rustix::system::uname();
    format!("{}:{}", system.nodename().to_string_lossy(), bound.port())
}
