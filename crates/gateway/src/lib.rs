//! The gateways: they turn bytes into requests, requests into calls of the service, and live events into pushes.
//!
//! A gateway decodes, limits and counts. Who may do and see what is decided by the service.

mod accept;
pub mod in_process;
pub mod limits;
mod log_limit;
pub mod native;
mod pipeline;
pub mod proxy;
mod shared;
#[cfg(feature = "ssh")]
pub mod ssh;
mod unread;

pub use shared::{GatewayLimits, Shared};
