//! Reads and writes frames over any byte stream, each direction with a buffer and a deadline of its own.
//!
//! It does not know what the messages mean. Reading and writing are cancel safe: in a `select!`, no byte is lost.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout_at};

use crate::frame::{self, Decoder, FrameError};

/// Bytes per read. Buffers grow with the bytes that arrive, not with the length that a frame announces, and an idle
/// connection has no buffer.
const READ_BYTES: usize = 8 * 1024;
/// An empty buffer with a larger capacity is freed: most connections are idle, and there are many.
const KEEP_BYTES: usize = 1024;
/// Bytes that the peer has to take within the write deadline. 64 KiB in 10 s is slower than any modem.
const PROGRESS_BYTES: u64 = 64 * 1024;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The stream failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The peer sent an invalid frame.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// The peer did not send the rest of a frame, or did not read, in time.
    #[error("the other side was too slow to {0}")]
    TooSlow(&'static str),
}

/// Limits of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest frame to accept, in bytes, without its length prefix.
    pub frame_bytes_max: usize,
    /// Time from the first byte of a frame to its last.
    pub read_within: Duration,
    /// Time for the peer to read what is written.
    pub write_within: Duration,
}

impl Limits {
    /// Frames of up to this size; 30 s to read one, 10 s to write.
    #[must_use]
    pub fn of_frame_bytes(frame_bytes_max: usize) -> Self {
        Self { frame_bytes_max, read_within: Duration::from_secs(30), write_within: Duration::from_secs(10) }
    }
}

/// Splits a stream into a reader and a writer of frames.
pub fn framed<S: AsyncRead + AsyncWrite>(
    stream: S,
    limits: Limits,
) -> (FrameReader<ReadHalf<S>>, FrameWriter<WriteHalf<S>>) {
    let (reader, writer) = tokio::io::split(stream);
    (FrameReader::new(reader, limits), FrameWriter::new(writer, limits))
}

/// Makes a message of the bytes of a frame.
pub type Decode<M> = fn(Bytes) -> Result<M, FrameError>;

/// Reads frames.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    decoder: Decoder,
    within: Duration,
    /// Bytes received so far.
    received: u64,
    /// By when a frame that has arrived in part must be complete.
    deadline: Option<Instant>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// A reader of this stream.
    pub fn new(stream: R, limits: Limits) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            decoder: Decoder::new(limits.frame_bytes_max),
            within: limits.read_within,
            received: 0,
            deadline: None,
        }
    }

    /// Bytes that have arrived so far, also those of a frame that is not complete.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Changes the limit, from the next frame on.
    pub fn set_frame_bytes_max(&mut self, max: usize) {
        self.decoder.set_max(max);
    }

    /// Waits for the next message; `None` when the peer closed between two frames. Cancel safe.
    ///
    /// # Errors
    /// Any [`ConnectionError`]; the connection is unusable after it.
    pub async fn read<M: Message + Default>(&mut self) -> Result<Option<M>, ConnectionError> {
        self.read_as(frame::decode).await
    }

    /// As [`FrameReader::read`], with a decoder of its own.
    ///
    /// # Errors
    /// Those of [`FrameReader::read`].
    pub async fn read_as<M>(&mut self, decode: Decode<M>) -> Result<Option<M>, ConnectionError> {
        loop {
            if let Some(message) = self.read_now_as(decode)? {
                return Ok(Some(message));
            }
            if self.buffer.is_empty() && self.buffer.capacity() > KEEP_BYTES {
                self.buffer = BytesMut::new();
            }
            if !self.buffer.is_empty() && self.deadline.is_none() {
                self.deadline = Some(Instant::now() + self.within);
            }
            let read = poll_fn(|context| read_into(&mut self.stream, &mut self.buffer, context));
            let bytes = match self.deadline {
                None => read.await?,
                Some(deadline) => timeout_at(deadline, read)
                    .await
                    .map_err(|_| ConnectionError::TooSlow("send a frame"))??,
            };
            self.received += bytes as u64;
            if bytes == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
                };
            }
        }
    }

    /// The next message if it is in the buffer already. Does not wait.
    ///
    /// # Errors
    /// [`ConnectionError::Frame`]; the connection is unusable after it.
    pub fn read_now_as<M>(&mut self, decode: Decode<M>) -> Result<Option<M>, ConnectionError> {
        let Some(frame) = self.decoder.next(&mut self.buffer)? else { return Ok(None) };
        self.deadline = None;
        Ok(Some(decode(frame)?))
    }

    /// Reads to the end of the stream and drops what it reads.
    ///
    /// # Errors
    /// [`ConnectionError::Io`].
    pub async fn discard(&mut self) -> Result<(), ConnectionError> {
        loop {
            self.buffer.clear();
            self.buffer.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(());
            }
        }
    }
}

/// Appends what has arrived; the number of bytes, 0 at the end of the stream.
fn read_into<R: AsyncRead + Unpin>(
    stream: &mut R,
    buffer: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = [MaybeUninit::uninit(); READ_BYTES];
    let mut read = ReadBuf::uninit(&mut space);
    ready!(Pin::new(stream).poll_read(context, &mut read))?;
    buffer.extend_from_slice(read.filled());
    Poll::Ready(Ok(read.filled().len()))
}

/// Writes frames. They are queued and written together.
#[derive(Debug)]
pub struct FrameWriter<W> {
    stream: W,
    buffer: BytesMut,
    within: Duration,
    /// Bytes that the stream has taken, in total.
    written: u64,
    /// The value that `written` must have reached at a time.
    due: Option<(Instant, u64)>,
    /// The stream may still buffer bytes that it took.
    unflushed: bool,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// A writer to this stream.
    pub fn new(stream: W, limits: Limits) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            within: limits.write_within,
            written: 0,
            due: None,
            unflushed: false,
        }
    }

    /// Queues a frame; [`FrameWriter::flush`] writes it.
    pub fn queue(&mut self, message: &impl Message) {
        frame::encode(message, &mut self.buffer);
    }

    /// Queues the frame of an event, see [`frame::encode_event`].
    pub fn queue_event(&mut self, subscription: u32, sequence: u64, fields: &[u8]) {
        frame::encode_event(subscription, sequence, fields, &mut self.buffer);
    }

    /// Queues the frame of a response, see [`frame::encode_response`].
    pub fn queue_response(&mut self, id: u32, result: u32, fields: &[u8]) {
        frame::encode_response(id, result, fields, &mut self.buffer);
    }

    /// Bytes in the queue.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there is nothing to flush.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty() && !self.unflushed
    }

    /// Writes the queue, in as few writes as the stream allows. Cancel safe.
    ///
    /// # Errors
    /// [`ConnectionError::TooSlow`] when the peer does not read, [`ConnectionError::Io`] when the stream fails.
    pub async fn flush(&mut self) -> Result<(), ConnectionError> {
        while !self.is_idle() {
            let (deadline, _) = *self.due.get_or_insert_with(|| {
                let ahead = PROGRESS_BYTES.min(self.buffer.len() as u64);
                (Instant::now() + self.within, self.written + ahead)
            });
            let too_slow = |_| ConnectionError::TooSlow("read what it was sent");
            if self.buffer.is_empty() {
                timeout_at(deadline, self.stream.flush()).await.map_err(too_slow)??;
                self.unflushed = false;
                self.due = None;
                if self.buffer.capacity() > KEEP_BYTES {
                    self.buffer = BytesMut::new();
                }
            } else {
                self.unflushed = true;
                let write = self.stream.write_buf(&mut self.buffer);
                let bytes = timeout_at(deadline, write).await.map_err(too_slow)??;
                if bytes == 0 {
                    return Err(io::Error::from(io::ErrorKind::WriteZero).into());
                }
                self.written += bytes as u64;
                if self.due.is_some_and(|(_, target)| self.written >= target) && !self.buffer.is_empty() {
                    self.due = None;
                }
            }
        }
        Ok(())
    }

    /// Closes the direction of writing.
    ///
    /// # Errors
    /// [`ConnectionError::TooSlow`] or [`ConnectionError::Io`].
    pub async fn close(&mut self) -> Result<(), ConnectionError> {
        let deadline = Instant::now() + self.within;
        timeout_at(deadline, self.stream.shutdown())
            .await
            .map_err(|_| ConnectionError::TooSlow("close the connection"))??;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FRAME_BYTES_MAX;
    use crate::v1::{Ping, Pong};

    fn limits() -> Limits {
        Limits::of_frame_bytes(FRAME_BYTES_MAX)
    }

    #[tokio::test]
    async fn messages_arrive_as_they_were_queued() {
        let (near, far) = tokio::io::duplex(16);
        let (_, mut writer) = framed(near, limits());
        let (mut reader, _far_writer) = framed(far, limits());
        for nonce in 1..=20 {
            writer.queue(&Ping { nonce });
        }
        let sending = async {
            writer.flush().await.unwrap();
            writer.close().await.unwrap();
        };
        let receiving = async {
            let mut nonces = Vec::new();
            while let Some(ping) = reader.read::<Ping>().await.unwrap() {
                nonces.push(ping.nonce);
            }
            nonces
        };
        let ((), nonces) = tokio::join!(sending, receiving);
        assert_eq!(nonces, (1..=20).collect::<Vec<u64>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_arrives_byte_by_byte_has_a_deadline() {
        let (mut near, far) = tokio::io::duplex(64);
        let (mut reader, _writer) = framed(far, limits());
        let dripping = async {
            for byte in [0, 0, 0, 200].into_iter().chain(std::iter::repeat_n(1, 200)) {
                if near.write_all(&[byte]).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let outcome = tokio::select! {
            outcome = reader.read::<Pong>() => outcome,
            () = dripping => panic!("all 204 bytes were waited for"),
        };
        assert!(matches!(outcome, Err(ConnectionError::TooSlow("send a frame"))), "{outcome:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_fails_the_write_at_the_deadline() {
        let (near, _far) = tokio::io::duplex(16);
        let (_, mut writer) = framed(near, limits());
        for nonce in 1..=20 {
            writer.queue(&Ping { nonce });
        }
        let start = Instant::now();
        let outcome = writer.flush().await;
        assert!(matches!(outcome, Err(ConnectionError::TooSlow("read what it was sent"))), "{outcome:?}");
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test]
    async fn a_connection_that_ends_inside_a_frame_is_an_error() {
        let (mut near, far) = tokio::io::duplex(64);
        near.write_all(&[0, 0, 0, 9, 1]).await.unwrap();
        drop(near);
        let (mut reader, _writer) = framed(far, limits());
        let Err(ConnectionError::Io(error)) = reader.read::<Ping>().await else { panic!("a frame was read") };
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
