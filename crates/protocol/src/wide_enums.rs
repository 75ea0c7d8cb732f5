//! Numbers of enums in requests that do not fit into 32 bits.
//!
//! The decoder cuts them off, as Protobuf allows: 2^32 + 1 would become 1, for a visibility "public". The server must
//! refuse them as it refuses every number that it does not know.

use prost::bytes::Buf;
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::v1;
use crate::v1::request::Op;

/// A number that no enum has.
const UNKNOWN: i32 = i32::MIN;

/// Puts an unknown number where the bytes of this frame have one that does not fit.
pub(crate) fn mark_unknown(frame: &mut v1::ClientFrame, bytes: &[u8]) {
    let Some(v1::client_frame::Frame::Request(request)) = &mut frame.frame else { return };
    let mark = |op: u32, field: u32, number: &mut i32| {
        const REQUEST: u32 = 2;
        if has_wide(bytes, &[REQUEST, op, field]).unwrap_or(true) {
            *number = UNKNOWN;
        }
    };
    match &mut request.op {
        Some(Op::Post(ask)) => mark(30, 2, &mut ask.visibility),
        Some(Op::ListAccounts(ask)) => {
            mark(51, 1, &mut ask.list);
            mark(51, 5, &mut ask.sort);
        }
        Some(Op::SetPresence(ask)) => mark(91, 1, &mut ask.state),
        Some(Op::CreateAccount(ask)) => mark(100, 4, &mut ask.role),
        Some(Op::SetRole(ask)) => mark(113, 2, &mut ask.role),
        _ => {}
    }
}

/// Whether a number at this path of field numbers does not fit; `None` for bytes that are no message.
fn has_wide(mut bytes: &[u8], path: &[u32]) -> Option<bool> {
    let (wanted, inner) = path.split_first()?;
    let mut wide = false;
    while bytes.has_remaining() {
        let (field, wire_type) = decode_key(&mut bytes).ok()?;
        let here = field == *wanted;
        match wire_type {
            WireType::Varint => {
                let number = decode_varint(&mut bytes).ok()?.cast_signed();
                wide |= here && inner.is_empty() && i32::try_from(number).is_err();
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
                let (part, rest) = bytes.split_at_checked(length)?;
                wide |= here && !inner.is_empty() && has_wide(part, inner)?;
                bytes = rest;
            }
            WireType::SixtyFourBit => bytes = bytes.get(8..)?,
            WireType::ThirtyTwoBit => bytes = bytes.get(4..)?,
            // Not used by this protocol.
            WireType::StartGroup | WireType::EndGroup => return None,
        }
    }
    Some(wide)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost::encoding::{encode_key, encode_varint};

    use super::*;
    use crate::convert;

    /// A `Post` with this number as its visibility.
    fn post(number: u64) -> Vec<u8> {
        let nested = |field: u32, inner: &[u8]| {
            let mut bytes = Vec::new();
            encode_key(field, WireType::LengthDelimited, &mut bytes);
            encode_varint(inner.len() as u64, &mut bytes);
            bytes.extend_from_slice(inner);
            bytes
        };
        let mut post = v1::Post { text: "hello".into(), reply_to: 7, ..v1::Post::default() }.encode_to_vec();
        encode_key(2, WireType::Varint, &mut post);
        encode_varint(number, &mut post);
        nested(2, &nested(30, &post))
    }

    #[test]
    fn a_visibility_that_does_not_fit_is_not_taken_for_another_one() {
        for (number, is_known) in [
            (0, true),
            (4, true),
            (5, false),
            (1 << 31, false),
            (1 << 32, false),
            ((1 << 32) + 1, false),
            ((1 << 63) + 1, false),
            (u64::MAX, false),
        ] {
            let frame: v1::ClientFrame = crate::frame::decode_client_frame(post(number).into()).unwrap();
            let Some(v1::client_frame::Frame::Request(v1::Request { op: Some(Op::Post(post)), .. })) =
                frame.frame
            else {
                panic!("a post")
            };
            assert_eq!(post.text, "hello");
            assert_eq!(convert::visibility(post.visibility).is_ok(), is_known, "{number}");
        }
    }
}
