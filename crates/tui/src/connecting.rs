//! Attempts to connect: one at a time, repeated after temporary errors, and what a given-up one reports is left out.

use std::sync::Arc;
use std::time::Duration;

use client::{Client, ClientError};
use protocol::tls::Fingerprint;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use crate::host::Host;

/// Pause before the next attempt to connect; it doubles each time up to the second value.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// Where an attempt leads.
pub(crate) struct Target {
    /// The address of the server.
    pub(crate) server: String,
    /// Whether the stored session is resumed.
    pub(crate) with_session: bool,
    /// The key that is trusted although it is not known.
    pub(crate) trusted: Option<Fingerprint>,
}

/// The attempt that goes on, if one does.
#[derive(Debug, Default)]
pub(crate) struct Connecting {
    /// The number of the last attempt.
    number: u64,
    task: Option<AbortHandle>,
}

impl Connecting {
    /// Whether this is the number of the attempt that is wanted.
    pub(crate) fn is_wanted(&self, number: u64) -> bool {
        self.number == number
    }

    /// Ends the attempt.
    pub(crate) fn stop(&mut self) {
        self.number += 1;
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }

    /// Connects, in place of an attempt that goes on; retries with a growing pause after temporary errors if there is a
    /// session. A report has the result, whether there is a session, and the number of the attempt.
    pub(crate) fn begin<R: Send + 'static>(
        &mut self,
        tasks: &mut JoinSet<()>,
        host: Arc<dyn Host>,
        reports: mpsc::Sender<R>,
        report: fn(Box<Result<Client, ClientError>>, bool, u64) -> R,
        target: Target,
    ) {
        self.stop();
        let number = self.number;
        self.task = Some(tasks.spawn(async move {
            let Target { server, with_session, trusted } = target;
            let mut wait = RETRY.0;
            loop {
                let result = host.connect(server.clone(), with_session, trusted).await;
                let again = matches!(
                    &result,
                    Err(ClientError::Unreachable { .. } | ClientError::TimedOut { .. } | ClientError::Lost)
                        | Err(ClientError::Refused(
                            model::Error::Busy | model::Error::GoingAway | model::Error::RateLimited { .. }
                        ))
                );
                let report = report(Box::new(result), with_session, number);
                if reports.send(report).await.is_err() || !again || !with_session {
                    return;
                }
                sleep(wait).await;
                wait = (wait * 2).min(RETRY.1);
            }
        }));
    }
}
