//! Frames and messages of the native protocol.

use bytes::{Bytes, BytesMut};
use model::Error;
use prost::Message;
use protocol::frame::{Decoder, LENGTH_BYTES};
use protocol::{convert, frame, v1};

/// The first byte selects the size of the pieces that arrive, and the limit of a frame. The frames do not depend on the
/// pieces, none exceeds the limit, and no byte is lost or used twice.
pub(crate) fn frames(data: &[u8]) {
    let Some((&mode, stream)) = data.split_first() else { return };
    let max = 1 << (mode & 15);
    let step = usize::from(mode >> 4) + 1;
    let whole = decode(max, [stream].into_iter());
    let pieces = decode(max, stream.chunks(step));
    assert_eq!(whole, pieces, "the frames depend on the pieces");
    let mut taken = 0;
    for frame in &whole.0 {
        assert!(!frame.is_empty() && frame.len() <= max, "a frame is within its limits");
        let at = taken + LENGTH_BYTES;
        assert_eq!(stream.get(at..at + frame.len()), Some(&frame[..]), "a frame is the bytes that were sent");
        taken = at + frame.len();
    }
}

/// The frames in these pieces, and the error that ended decoding.
fn decode<'a>(max: usize, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Bytes>, Option<frame::FrameError>) {
    let (mut decoder, mut buffer, mut frames) = (Decoder::new(max), BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.next(&mut buffer) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(buffer.len() < LENGTH_BYTES + max, "at most one frame is buffered");
    }
    (frames, None)
}

/// The first byte selects the type of the message. A message that decodes survives encoding, and converts to the types of
/// the model or gives an error.
pub(crate) fn messages(data: &[u8]) {
    let Some((&kind, body)) = data.split_first() else { return };
    if kind & 1 == 0 {
        if let Some(message) = round_trip::<v1::ClientFrame>(body)
            && let Some(v1::client_frame::Frame::Request(request)) = message.frame
        {
            convert_request(&request);
        }
    } else if let Some(message) = round_trip::<v1::ServerFrame>(body)
        && let Some(v1::server_frame::Frame::Response(response)) = message.frame
        && let Some(v1::response::Result::Error(error)) = response.result
    {
        let error = Error::from(error);
        let again = Error::from(v1::Error::from(&error));
        assert_eq!(error.code(), again.code(), "an error keeps its code");
        let _ = error.to_string();
    }
}

fn round_trip<M: Message + Default + PartialEq>(body: &[u8]) -> Option<M> {
    let message: M = frame::decode(Bytes::copy_from_slice(body)).ok()?;
    let mut again = BytesMut::new();
    frame::encode(&message, &mut again);
    let max = again.len();
    if max == LENGTH_BYTES {
        return Some(message);
    }
    let frame = Decoder::new(max).next(&mut again).ok().flatten().expect("an encoded frame");
    assert!(frame::decode::<M>(frame).ok().as_ref() == Some(&message), "a message survives its encoding");
    Some(message)
}

fn convert_request(request: &v1::Request) {
    use v1::request::Op;
    let Some(op) = &request.op else { return };
    match op {
        Op::Post(post) => {
            let _ = convert::visibility(post.visibility);
            let _ = model::TweetText::parse(&post.text);
        }
        Op::ReadTimeline(request) => page(request.page.as_ref()),
        Op::ListAccounts(request) => page(request.page.as_ref()),
        Op::ListNotifications(request) => page(request.page.as_ref()),
        Op::ReadConversation(request) => page(request.page.as_ref()),
        Op::SetPresence(request) => {
            let _ = convert::presence_to_set(request.state);
        }
        Op::CreateAccount(request) => {
            let _ = convert::role(request.role);
        }
        _ => {}
    }
}

fn page(page: Option<&v1::PageRequest>) {
    if let Ok(limit) = convert::limit(page) {
        assert!((1..=model::limits::PAGE_ITEMS_MAX).contains(&limit), "a page is bounded");
    }
    let _ = (convert::span(page), convert::before(page), convert::before_id(page));
}
