//! Frames and messages, as they come off a socket.

use bytes::{Bytes, BytesMut};
use model::Error;
use prost::Message;
use protocol::frame::{Decoder, LENGTH_BYTES};
use protocol::{convert, frame, v1};

/// The first byte says how the rest is cut into pieces, and the limit. However it is cut, the same frames come out,
/// none above the limit, and nothing is lost or kept twice.
pub(crate) fn frames(data: &[u8]) {
    let Some((&how, stream)) = data.split_first() else { return };
    let max = 1 << (how & 15);
    let step = usize::from(how >> 4) + 1;
    let whole = cut(max, [stream].into_iter());
    let pieces = cut(max, stream.chunks(step));
    assert_eq!(whole, pieces, "cutting the bytes changes nothing");
    let mut taken = 0;
    for frame in &whole.0 {
        assert!(!frame.is_empty() && frame.len() <= max, "a frame is within its limits");
        let at = taken + LENGTH_BYTES;
        assert_eq!(stream.get(at..at + frame.len()), Some(&frame[..]), "a frame is what was sent");
        taken = at + frame.len();
    }
}

/// Frames, and the error that ended them.
fn cut<'a>(max: usize, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Bytes>, Option<frame::FrameError>) {
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
        assert!(buffer.len() < LENGTH_BYTES + max, "no more is kept than one frame");
    }
    (frames, None)
}

/// The first byte says resolve_or_self message the rest is. What is understood is written again and understood as the same;
/// what it holds is turned into the domain's types, or refused with an error that names a field.
pub(crate) fn messages(data: &[u8]) {
    let Some((&resolve_or_self, body)) = data.split_first() else { return };
    if resolve_or_self & 1 == 0 {
        if let Some(message) = same_again::<v1::ClientFrame>(body)
            && let Some(v1::client_frame::Frame::Request(request)) = message.frame
        {
            convert_request(&request);
        }
    } else if let Some(message) = same_again::<v1::ServerFrame>(body)
        && let Some(v1::server_frame::Frame::Response(response)) = message.frame
        && let Some(v1::response::Result::Error(error)) = response.result
    {
        // What a client makes of any error can be shown, and told on.
        let error = Error::from(error);
        let again = Error::from(v1::Error::from(&error));
        assert_eq!(error.code(), again.code(), "an error keeps its code");
        let _ = error.to_string();
    }
}

fn same_again<M: Message + Default + PartialEq>(body: &[u8]) -> Option<M> {
    let message: M = frame::decode(Bytes::copy_from_slice(body)).ok()?;
    let mut again = BytesMut::new();
    frame::encode(&message, &mut again);
    let max = again.len();
    if max == LENGTH_BYTES {
        return Some(message);
    }
    let frame = Decoder::new(max).next(&mut again).ok().flatten().expect("our own frame");
    assert!(frame::decode::<M>(frame).ok().as_ref() == Some(&message), "a message survives its encoding");
    Some(message)
}

fn convert_request(request: &v1::Request) {
    use v1::request::Op;
    let Some(op) = &request.op else { return };
    match op {
        Op::Post(ask) => {
            let _ = convert::visibility(ask.visibility);
            let _ = model::TweetText::parse(&ask.text);
        }
        Op::ReadTimeline(ask) => page(ask.page.as_ref()),
        Op::ListAccounts(ask) => page(ask.page.as_ref()),
        Op::ListNotifications(ask) => page(ask.page.as_ref()),
        Op::ReadConversation(ask) => page(ask.page.as_ref()),
        Op::SetPresence(ask) => {
            let _ = convert::presence_to_set(ask.state);
        }
        Op::CreateAccount(ask) => {
            let _ = convert::role(ask.role);
        }
        _ => {}
    }
}

fn page(page: Option<&v1::PageRequest>) {
    if let Ok(limit) = convert::limit(page) {
        assert!((1..=model::limits::PAGE_ITEMS_MAX).contains(&limit), "a page has a bound");
    }
    let _ = (convert::span(page), convert::before(page), convert::before_id(page));
}
