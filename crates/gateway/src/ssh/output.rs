//! The output streams of an application.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

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
    end: Arc<End>,
}

/// How the output of a channel ends.
#[derive(Debug, Default)]
pub(super) struct End {
    /// What restores the terminal.
    restore: OnceLock<Bytes>,
    /// The last write restored it.
    is_restored: AtomicBool,
    /// The application has ended, or is cut off: nothing that it writes is shown any more.
    is_over: AtomicBool,
}

impl SshOutput {
    pub(super) fn new(
        channel: Arc<ChannelWriteHalf<Msg>>,
        stream: Option<u32>,
        gone: watch::Receiver<bool>,
        end: Arc<End>,
    ) -> Self {
        Self { channel, stream, gone, end }
    }

    /// Sets the bytes that restore the terminal. They are written when the application ends, however it ends, unless
    /// they are what it wrote last. The first call counts.
    pub fn restore_at_end(&self, restore: &'static str) {
        let _ = self.end.restore.set(Bytes::from_static(restore.as_bytes()));
    }

    /// Ends the application's output, and restores the terminal.
    pub(super) async fn end(&self, last: impl Into<Bytes>) -> Result<(), Gone> {
        self.end.is_over.store(true, Ordering::SeqCst);
        let restore = self.end.restore.get().filter(|_| !self.end.is_restored.load(Ordering::SeqCst));
        if let Some(restore) = restore {
            self.send(restore.clone()).await?;
        }
        let last = last.into();
        if last.is_empty() { Ok(()) } else { self.send(last).await }
    }

    /// Writes all of it, and waits while the client does not read: clients grant some 2 MiB before that. When it is
    /// cancelled, a part may have been written.
    ///
    /// # Errors
    /// [`Gone`] if the client is.
    pub async fn write(&self, bytes: impl Into<Bytes>) -> Result<(), Gone> {
        if self.end.is_over.load(Ordering::SeqCst) {
            return Err(Gone);
        }
        let bytes = bytes.into();
        let restores = self.end.restore.get().is_some_and(|restore| bytes.ends_with(restore));
        self.end.is_restored.store(false, Ordering::SeqCst);
        self.send(bytes).await?;
        self.end.is_restored.store(restores, Ordering::SeqCst);
        Ok(())
    }

    async fn send(&self, bytes: Bytes) -> Result<(), Gone> {
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
