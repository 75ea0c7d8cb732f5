//! How long answers take while something else goes on.

use std::time::Duration;

use client::ClientError;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::person::Person;

/// The latency below which this share of them is.
pub(crate) fn quantile(latencies: &[Duration], share: f64) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).ceil() as usize).copied().unwrap_or_default()
}

/// Somebody who posts every few milliseconds and looks at the clock.
#[derive(Debug)]
pub(crate) struct Watch {
    stop: oneshot::Sender<()>,
    watching: JoinHandle<Result<Vec<Duration>, ClientError>>,
}

impl Watch {
    pub(crate) fn start(person: &Person) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let person = person.clone();
        let watching = tokio::spawn(async move {
            let mut latencies = Vec::new();
            while stopped.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
                let asked = Instant::now();
                person.post(&format!("{} of {}", latencies.len(), person.name)).await?;
                latencies.push(asked.elapsed());
                sleep(Duration::from_millis(5)).await;
            }
            Ok(latencies)
        });
        Self { stop, watching }
    }

    /// How long each post took.
    pub(crate) async fn stop(self) -> Result<Vec<Duration>, Error> {
        // Somebody who got an error has stopped already.
        let _ = self.stop.send(());
        Ok(self.watching.await??)
    }

    /// For so long.
    pub(crate) async fn during(person: &Person, length: Duration) -> Result<Vec<Duration>, Error> {
        let watch = Self::start(person);
        sleep(length).await;
        watch.stop().await
    }
}
