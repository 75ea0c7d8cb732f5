//! The frame codec: a frame is a length (4 bytes, big-endian), then that many bytes with one message.
//!
//! Pure: it knows neither sockets nor time. The decoder allocates nothing for bytes that have not arrived, so announcing
//! a long frame costs the receiver no memory.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::Message;
use prost::encoding::{WireType, encode_key, encoded_len_varint, fixed64, key_len, uint32};

use crate::v1;

/// Bytes of the length prefix.
pub const LENGTH_BYTES: usize = 4;
/// Largest frame that a server accepts before log-in, in bytes, without its length prefix.
pub const FRAME_BYTES_MAX_BEFORE_LOGIN: usize = 4 * 1024;
/// Largest frame that a server accepts after log-in.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// Largest frame that a client accepts: enough for a page of 100 of the longest tweets with originals and authors.
pub const FRAME_BYTES_MAX_FROM_SERVER: usize = 2 * 1024 * 1024;

// Field numbers of `ServerFrame`, `Response` and `Event`.
const RESPONSE: u32 = 2;
const RESPONSE_ID: u32 = 1;
/// Field number of `tweet_page` in `Response`.
pub const TWEET_PAGE: u32 = 15;
const EVENT: u32 = 3;
const EVENT_SUBSCRIPTION: u32 = 1;
const EVENT_SEQUENCE: u32 = 2;

/// The bytes are not a frame of this protocol. The connection cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The length was 0.
    #[error("a frame is empty")]
    Empty,
    /// The length was above the limit.
    #[error("a frame of {length} bytes is above the limit of {max}")]
    TooLong {
        /// The length that was announced.
        length: usize,
        /// The limit that held then.
        max: usize,
    },
    /// The bytes are not a message of the expected type.
    #[error("a frame is not a message of this protocol")]
    Malformed,
}

impl From<FrameError> for model::Error {
    fn from(error: FrameError) -> Self {
        Self::Protocol(error.to_string().into())
    }
}

/// Appends the frame of a message.
pub fn encode(message: &impl Message, out: &mut BytesMut) {
    let length = message.encoded_len();
    put_length(length, out);
    out.reserve(length);
    message.encode_raw(out);
}

/// Appends the frame of an event. `fields` are the encoded fields after `subscription` and `sequence`: all subscribers
/// share them.
pub fn encode_event(subscription: u32, sequence: u64, fields: &[u8], out: &mut BytesMut) {
    let event_length = uint32::encoded_len(EVENT_SUBSCRIPTION, &subscription)
        + fixed64::encoded_len(EVENT_SEQUENCE, &sequence)
        + fields.len();
    let length = key_len(EVENT) + encoded_len_varint(event_length as u64) + event_length;
    put_length(length, out);
    out.reserve(length);
    encode_key(EVENT, WireType::LengthDelimited, out);
    prost::encoding::encode_varint(event_length as u64, out);
    uint32::encode(EVENT_SUBSCRIPTION, &subscription, out);
    fixed64::encode(EVENT_SEQUENCE, &sequence, out);
    out.put_slice(fields);
}

/// Appends the frame of a response. `result` is the field number of its result, `fields` the encoded result.
pub fn encode_response(id: u32, result: u32, fields: &[u8], out: &mut BytesMut) {
    let response_length = uint32::encoded_len(RESPONSE_ID, &id)
        + key_len(result)
        + encoded_len_varint(fields.len() as u64)
        + fields.len();
    let length = key_len(RESPONSE) + encoded_len_varint(response_length as u64) + response_length;
    put_length(length, out);
    out.reserve(length);
    encode_key(RESPONSE, WireType::LengthDelimited, out);
    prost::encoding::encode_varint(response_length as u64, out);
    uint32::encode(RESPONSE_ID, &id, out);
    encode_key(result, WireType::LengthDelimited, out);
    prost::encoding::encode_varint(fields.len() as u64, out);
    out.put_slice(fields);
}

fn put_length(length: usize, out: &mut BytesMut) {
    out.put_u32(u32::try_from(length).expect("own messages are far below 4 GiB"));
}

/// Splits received bytes into frames.
#[derive(Debug)]
pub struct Decoder {
    max: usize,
}

impl Decoder {
    /// Accepts frames of up to `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max }
    }

    /// Changes the limit, from the next frame on.
    pub fn set_max(&mut self, max: usize) {
        self.max = max;
    }

    /// Removes the next complete frame from the front of the buffer; `None` when there is none yet.
    ///
    /// # Errors
    /// [`FrameError::Empty`] and [`FrameError::TooLong`], as soon as the length has arrived.
    pub fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        let Some(&head) = buffer.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
        let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
        if length == 0 {
            return Err(FrameError::Empty);
        }
        if length > self.max {
            return Err(FrameError::TooLong { length, max: self.max });
        }
        if buffer.len() < LENGTH_BYTES + length {
            return Ok(None);
        }
        buffer.advance(LENGTH_BYTES);
        Ok(Some(buffer.split_to(length).freeze()))
    }
}

/// Decodes the message of a frame. Nesting is bounded (by prost, at 100 levels).
///
/// # Errors
/// [`FrameError::Malformed`].
pub fn decode<M: Message + Default>(frame: Bytes) -> Result<M, FrameError> {
    M::decode(frame).map_err(|_| FrameError::Malformed)
}

/// A client's frame. Numbers of enums that the decoder would cut off stay unknown.
///
/// # Errors
/// [`FrameError::Malformed`].
#[expect(clippy::needless_pass_by_value, reason = "readers hand over the frame, as to `decode`")]
pub fn decode_client_frame(frame: Bytes) -> Result<v1::ClientFrame, FrameError> {
    let mut decoded = decode(frame.clone())?;
    crate::wide_enums::mark_unknown(&mut decoded, &frame);
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames_of(decoder: &mut Decoder, buffer: &mut BytesMut) -> Vec<Bytes> {
        std::iter::from_fn(|| decoder.next(buffer).unwrap()).collect()
    }

    #[test]
    fn a_frame_at_the_limit_is_taken_and_one_byte_more_is_refused() {
        for (length, taken) in [(10, true), (11, false)] {
            let mut buffer = BytesMut::new();
            buffer.put_u32(length);
            buffer.put_bytes(7, 10);
            let mut decoder = Decoder::new(9);
            decoder.set_max(10);
            let too_long = FrameError::TooLong { length: 11, max: 10 };
            let expected = if taken { Ok(Some(Bytes::from_static(&[7; 10]))) } else { Err(too_long) };
            assert_eq!(decoder.next(&mut buffer), expected, "{length}");
        }
    }

    #[test]
    fn the_limits_are_those_of_the_protocol_guide() {
        let limits = [FRAME_BYTES_MAX_BEFORE_LOGIN, FRAME_BYTES_MAX, FRAME_BYTES_MAX_FROM_SERVER];
        assert_eq!(limits, [4_096, 65_536, 2_097_152], "as docs/protocol.md says");
    }

    #[test]
    fn an_empty_frame_is_refused_and_a_long_one_before_its_bytes_arrive() {
        let refuse = |length: u32| Decoder::new(10).next(&mut BytesMut::from(&length.to_be_bytes()[..]));
        assert_eq!(refuse(0), Err(FrameError::Empty));
        assert_eq!(refuse(u32::MAX), Err(FrameError::TooLong { length: 4_294_967_295, max: 10 }));
    }

    #[test]
    fn an_announced_length_allocates_nothing() {
        let mut buffer = BytesMut::new();
        buffer.put_u32(60_000);
        let before = buffer.capacity();
        assert_eq!(Decoder::new(FRAME_BYTES_MAX).next(&mut buffer), Ok(None));
        assert_eq!(buffer.capacity(), before);
    }

    #[test]
    fn an_event_assembled_from_its_parts_equals_the_encoded_message() {
        let kind = v1::event::Event::TweetDeleted(v1::TweetDeleted { tweet_id: 99 });
        let whole = v1::Event { subscription: 3, sequence: 1 << 40, event: Some(kind.clone()) };
        let fields = v1::Event { subscription: 0, sequence: 0, event: Some(kind) }.encode_to_vec();
        let (mut parts, mut expected) = (BytesMut::new(), BytesMut::new());
        encode_event(3, 1 << 40, &fields, &mut parts);
        encode(&v1::ServerFrame { frame: Some(v1::server_frame::Frame::Event(whole)) }, &mut expected);
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_response_assembled_from_its_parts_equals_the_encoded_message() {
        let page = v1::TweetPage { next: "123".into(), ..v1::TweetPage::default() };
        let fields = page.encode_to_vec();
        let whole = v1::Response { id: 300, result: Some(v1::response::Result::TweetPage(page)) };
        let (mut parts, mut expected) = (BytesMut::new(), BytesMut::new());
        encode_response(300, TWEET_PAGE, &fields, &mut parts);
        encode(&v1::ServerFrame { frame: Some(v1::server_frame::Frame::Response(whole)) }, &mut expected);
        assert_eq!(parts, expected);
    }

    proptest! {
        #[test]
        fn any_split_of_the_bytes_gives_the_same_frames(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..200), 0..8),
            cuts in prop::collection::vec(1_usize..50, 1..20),
        ) {
            let mut wire = BytesMut::new();
            for body in &bodies {
                wire.put_u32(u32::try_from(body.len()).unwrap());
                wire.put_slice(body);
            }
            let (mut decoder, mut buffer, mut found) = (Decoder::new(200), BytesMut::new(), Vec::new());
            let mut cuts = cuts.iter().cycle();
            while !wire.is_empty() {
                let n = (*cuts.next().unwrap()).min(wire.len());
                buffer.extend_from_slice(&wire.split_to(n));
                found.extend(frames_of(&mut decoder, &mut buffer));
            }
            prop_assert_eq!(found, bodies);
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let (mut decoder, mut buffer) = (Decoder::new(128), BytesMut::from(&bytes[..]));
            while let Ok(Some(frame)) = decoder.next(&mut buffer) {
                prop_assert!((1..=128).contains(&frame.len()));
                let _ = decode::<v1::ClientFrame>(frame.clone());
                let _ = decode::<v1::ServerFrame>(frame);
            }
            let _ = decode::<v1::ClientFrame>(Bytes::from(bytes));
        }
    }
}
