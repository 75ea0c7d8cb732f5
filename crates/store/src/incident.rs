//! Internal errors: the log has the cause, the client gets the number of the incident.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};

/// Logs the cause of an internal error and returns the error for the client, which has the number of the incident and
/// not the cause.
pub fn incident(cause: &dyn Display) -> model::Error {
    static INCIDENTS: AtomicU64 = AtomicU64::new(1);
    let incident = format!("{}-{}", std::process::id(), INCIDENTS.fetch_add(1, Ordering::Relaxed));
    tracing::error!(incident, cause = %model::SafeText::line(&cause.to_string()), "internal error");
    model::Error::Internal { incident }
}
