//! The output streams of an application.

use std::sync::Arc;

use bytes::Bytes;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio::sync::watch;

/// Number of standard error in the ssh protocol.
pub(super) const STDERR: u32 = 1;

/// The client has closed the channel or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ssh client is gone")]
pub struct Gone;

/// An output stream to the client.
#[derive(Debug, Clone)]
pub struct SshOutput {
    channel: Arc<ChannelWriteHalf<Msg>>,
    /// `None` is standard output.
    stream: Option<u32>,
    /// True, or without its sender, when the channel is closed.
    gone: watch::Receiver<bool>,
}

impl SshOutput {
    pub(super) fn new(
        channel: Arc<ChannelWriteHalf<Msg>>,
        stream: Option<u32>,
        gone: watch::Receiver<bool>,
    ) -> Self {
        Self { channel, stream, gone }
    }

    /// Writes all of it, and waits while the client does not read: clients grant some 2 MiB before that. When it is
    /// cancelled, a part may have been written.
    ///
    /// # Errors
    /// [`Gone`] if the client is.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), Gone> {
        let bytes = bytes.into();
        let write = async {
            match self.stream {
                None => self.channel.data_bytes(bytes).await,
                Some(stream) => self.channel.extended_data_bytes(stream, bytes).await,
            }
        };
        tokio::select! {
            biased;
            () = self.gone() => Err(Gone),
            written = write => written.map_err(|_| Gone),
        }
    }

    /// Resolves when the client is gone.
    pub async fn gone(&self) {
        let mut gone = self.gone.clone();
        // An error means that the whole connection is gone.
        let _ = gone.wait_for(|gone| *gone).await;
    }
}
