//! The doors of the server: bytes become requests, requests become calls of the service, events become pushes.
//!
//! A gateway decodes, bounds and counts. It decides nothing: who may do what is the service's business.

mod accept;
pub mod in_process;
pub mod limits;
pub mod native;
#[cfg(feature = "ssh")]
pub mod ssh;

use tokio::sync::watch;

/// Resolves when the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that whoever could say so is gone: the server has ended.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
