//! A listener on the loopback interface, for proxies and for replacements of the server.

use std::future::Future;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::error::Error;

/// Accepts connections until it is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    /// Host and port.
    pub(crate) address: String,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Serves each connection in its own task. Errors of `serve` are ignored: the scenario sees their effect.
    pub(crate) async fn start<F>(
        mut serve: impl FnMut(TcpStream) -> F + Send + 'static,
    ) -> Result<Self, Error>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Ok(Self { address, accepting })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
