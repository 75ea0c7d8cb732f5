//! The end of an ssh connection by the gateway.

use tokio::sync::watch;

/// The end of a connection, for its applications.
#[derive(Debug)]
pub(super) struct Ending(watch::Receiver<Option<&'static str>>);

impl Ending {
    /// From the reason, which is there once the gateway ends the connection.
    pub(super) fn new(why: watch::Receiver<Option<&'static str>>) -> Self {
        Self(why)
    }

    /// Resolves when the gateway ends the connection.
    pub(super) async fn begins(&mut self) {
        if self.0.wait_for(Option::is_some).await.is_err() {
            // The connection is gone, which the channel notices.
            std::future::pending::<()>().await;
        }
    }

    /// Why the gateway ends the connection.
    pub(super) fn why(&self) -> Option<&'static str> {
        *self.0.borrow()
    }
}
