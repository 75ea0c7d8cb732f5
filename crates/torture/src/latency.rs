//! Response times of one user while something else happens.

use std::time::Duration;

use client::ClientError;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::user::User;

/// The latency at this quantile, from 0 to 1; zero if there are none.
pub(crate) fn quantile(latencies: &[Duration], quantile: f64) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * quantile).ceil() as usize).copied().unwrap_or_default()
}

/// A user who posts every few milliseconds and measures the response times.
#[derive(Debug)]
pub(crate) struct LatencyProbe {
    stop: oneshot::Sender<()>,
    posting: JoinHandle<Result<Vec<Duration>, ClientError>>,
}

impl LatencyProbe {
    pub(crate) fn start(user: &User) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let user = user.clone();
        let posting = tokio::spawn(async move {
            let mut latencies = Vec::new();
            while stopped.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
                let sent = Instant::now();
                user.post(&format!("{} of {}", latencies.len(), user.name)).await?;
                latencies.push(sent.elapsed());
                sleep(Duration::from_millis(5)).await;
            }
            Ok(latencies)
        });
        Self { stop, posting }
    }

    /// The response time of each post.
    pub(crate) async fn stop(self) -> Result<Vec<Duration>, Error> {
        // After an error it has stopped already.
        let _ = self.stop.send(());
        Ok(self.posting.await??)
    }

    /// Measures for this long.
    pub(crate) async fn during(user: &User, length: Duration) -> Result<Vec<Duration>, Error> {
        let probe = Self::start(user);
        sleep(length).await;
        probe.stop().await
    }
}
