//! What an app writes to.

use std::sync::Arc;

use bytes::Bytes;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio::sync::watch;

/// Number of the stream of errors in the ssh protocol.
pub(super) const STDERR: u32 = 1;

/// Nobody is there to read any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("whoever came by ssh is gone")]
pub struct Gone;

/// A stream to the person at the other end.
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

    /// Returns when the other end has room for all of it: whoever does not read is felt here. Clients grant some
    /// 2 MiB before that. When it is cancelled, a part may have been written.
    ///
    /// # Errors
    /// [`Gone`].
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

    /// Resolves when nobody is there any more.
    pub async fn gone(&self) {
        let mut gone = self.gone.clone();
        // An error means that the connection is gone with whoever could say so.
        let _ = gone.wait_for(|gone| *gone).await;
    }
}
