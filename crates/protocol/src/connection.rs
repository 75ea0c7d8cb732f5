//! How frames arrive and leave: over any byte stream, each direction with its buffer and its deadline.
//!
//! It knows nothing of what the messages say. Reading and writing can be cancelled at any time (in a `select!`)
//! and taken up again without losing a byte.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout_at};

use crate::frame::{self, Decoder, FrameError};

/// Bytes that are asked of the stream at once. Buffers grow with what comes, not with what is promised, and a
/// connection that waits holds none.
const READ_BYTES: usize = 8 * 1024;
/// A buffer that grew beyond this is given back when it is empty: most connections only wait, and there are many.
const KEEP_BYTES: usize = 1024;
/// How much the other side must take within the write deadline. 64 KiB in 10 s is slower than any modem.
const PROGRESS_BYTES: u64 = 64 * 1024;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The stream itself.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other side sent what is no frame.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// A frame did not come to its end, or was not taken, in time.
    #[error("the other side was too slow to {0}")]
    TooSlow(&'static str),
}

/// What a connection allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest frame to take, without its length.
    pub frame_bytes_max: usize,
    /// From the first byte of a frame to its last.
    pub read_within: Duration,
    /// For the other side to take what was written.
    pub write_within: Duration,
}

impl Limits {
    /// Frames of up to this size, each whole within 30 s, taken within 10 s.
    #[must_use]
    pub fn of_frame_bytes(frame_bytes_max: usize) -> Self {
        Self { frame_bytes_max, read_within: Duration::from_secs(30), write_within: Duration::from_secs(10) }
    }
}

/// Splits a stream into frames that come and frames that go.
pub fn framed<S: AsyncRead + AsyncWrite>(
    stream: S,
    limits: Limits,
) -> (FrameReader<ReadHalf<S>>, FrameWriter<WriteHalf<S>>) {
    let (reader, writer) = tokio::io::split(stream);
    (FrameReader::new(reader, limits), FrameWriter::new(writer, limits))
}

/// Frames that come.
#[derive(Debug)]
pub struct FrameReader<R> {
    stream: R,
    buffer: BytesMut,
    decoder: Decoder,
    within: Duration,
    /// When the frame that is half here must be whole.
    deadline: Option<Instant>,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// Reads from this stream.
    pub fn new(stream: R, limits: Limits) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            decoder: Decoder::new(limits.frame_bytes_max),
            within: limits.read_within,
            deadline: None,
        }
    }

    /// Another limit from the next frame on.
    pub fn set_frame_bytes_max(&mut self, max: usize) {
        self.decoder.set_max(max);
    }

    /// The next message; `None` when the other side closed between two frames. Cancel safe.
    ///
    /// # Errors
    /// [`ConnectionError`]; nothing more can be read after it.
    pub async fn read<M: Message + Default>(&mut self) -> Result<Option<M>, ConnectionError> {
        loop {
            if let Some(message) = self.read_now()? {
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
            if bytes == 0 {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
                };
            }
        }
    }

    /// The next message, if all of it has come with those before; waits for nothing.
    ///
    /// # Errors
    /// [`ConnectionError::Frame`]; nothing more can be read after it.
    pub fn read_now<M: Message + Default>(&mut self) -> Result<Option<M>, ConnectionError> {
        let Some(frame) = self.decoder.next(&mut self.buffer)? else { return Ok(None) };
        self.deadline = None;
        Ok(Some(frame::decode(frame)?))
    }

    /// Reads to the end of the stream and keeps nothing.
    ///
    /// # Errors
    /// What the stream says.
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

/// Appends what has come.
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

/// Frames that go. They are queued and written together.
#[derive(Debug)]
pub struct FrameWriter<W> {
    stream: W,
    buffer: BytesMut,
    within: Duration,
    /// Bytes taken by the stream since the beginning.
    written: u64,
    /// By when `written` must have reached which value.
    due: Option<(Instant, u64)>,
    /// The stream may still hold bytes that it took.
    unflushed: bool,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Writes to this stream.
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

    /// Puts a frame behind those that wait for [`FrameWriter::flush`].
    pub fn queue(&mut self, message: &impl Message) {
        frame::encode(message, &mut self.buffer);
    }

    /// Puts the frame of an event behind them, see [`frame::encode_event`].
    pub fn queue_event(&mut self, subscription: u32, sequence: u64, fields: &[u8]) {
        frame::encode_event(subscription, sequence, fields, &mut self.buffer);
    }

    /// Puts the frame of a response behind them, see [`frame::encode_response`].
    pub fn queue_response(&mut self, id: u32, result: u32, fields: &[u8]) {
        frame::encode_response(id, result, fields, &mut self.buffer);
    }

    /// Bytes that wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there is nothing to flush.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.buffer.is_empty() && !self.unflushed
    }

    /// Writes all that waits, in as few writes as the stream allows. Cancel safe.
    ///
    /// # Errors
    /// [`ConnectionError::TooSlow`] when the other side does not read, else what the stream says.
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

    /// Tells the other side that nothing more comes.
    ///
    /// # Errors
    /// What the stream says, or [`ConnectionError::TooSlow`].
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
    async fn a_frame_that_comes_byte_by_byte_is_not_waited_for_for_ever() {
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
        assert!(matches!(outcome, Err(ConnectionError::TooSlow(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_does_not_read_is_given_up_after_the_deadline() {
        let (near, _far) = tokio::io::duplex(16);
        let (_, mut writer) = framed(near, limits());
        for nonce in 1..=20 {
            writer.queue(&Ping { nonce });
        }
        let start = Instant::now();
        assert!(matches!(writer.flush().await, Err(ConnectionError::TooSlow(_))));
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test]
    async fn a_connection_that_ends_inside_a_frame_is_an_error() {
        let (mut near, far) = tokio::io::duplex(64);
        near.write_all(&[0, 0, 0, 9, 1]).await.unwrap();
        drop(near);
        let (mut reader, _writer) = framed(far, limits());
        assert!(matches!(reader.read::<Ping>().await, Err(ConnectionError::Io(_))));
    }
}
