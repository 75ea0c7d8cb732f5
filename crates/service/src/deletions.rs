//! Deletions of accounts, as the log reports them.

use store::{EventKind, LogBatch, Observer};
use tokio::sync::Notify;

/// Notices accounts that are deleted, or suspended, at any server.
#[derive(Debug, Default)]
pub(crate) struct Deletions(Notify);

impl Deletions {
    /// Waits for the next one; those since the last call are not lost.
    pub(crate) async fn next(&self) {
        self.0.notified().await;
    }
}

impl Observer for Deletions {
    fn committed(&self, batch: &LogBatch) {
        if batch.events.iter().any(|event| matches!(event.kind, EventKind::AccountHidden { .. })) {
            self.0.notify_one();
        }
    }
}
