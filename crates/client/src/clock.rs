//! The server's clock, as its greeting says it. It goes on by a clock that no one sets: ages stay right when the clock of
//! this machine is wrong, or is set.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// The clock of the server that a client is connected to.
#[derive(Debug, Default)]
pub(crate) struct ServerClock(Mutex<Option<(Instant, u64)>>);

impl ServerClock {
    /// The time of a greeting, in Unix milliseconds; servers of older versions say 0.
    pub(crate) fn set(&self, heard: Instant, time_ms: u64) {
        if time_ms != 0 {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((heard, time_ms));
        }
    }

    /// The time now, in Unix milliseconds; `None` if the server has not said it.
    pub(crate) fn now_ms(&self) -> Option<u64> {
        let (heard, time_ms) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        time_ms.checked_add(u64::try_from(heard.elapsed().as_millis()).ok()?)
    }
}
