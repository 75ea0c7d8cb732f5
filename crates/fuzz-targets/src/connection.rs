//! A whole connection, from the first byte to the last.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use prost::Message as _;
use protocol::frame::{Decoder, FRAME_BYTES_MAX_FROM_SERVER};
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use protocol::{PROTOCOL_VERSION, frame, v1};
use sha2::{Digest as _, Sha256};
use store::{Change, Store as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::store::{FuzzServer, number, server};

/// Far more than anything here takes.
const DEADLINE: Duration = Duration::from_secs(20);

/// The first byte says how the connection begins (bit 0: with a hello, bit 1: with a session) and what the rest is
/// (bit 2: bytes as they are, or else parts behind a byte with their length, each to be put into a frame). Whatever
/// comes: the server answers in frames, never with a fault of its own, nothing that only operators may have, and
/// the connection comes to its end.
pub(crate) fn connection(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else { return };
    let FuzzServer { runtime, .. } = server();
    runtime.block_on(async {
        let mut sent = BytesMut::new();
        if how & 1 != 0 {
            let hello = v1::ClientHello { protocol_version: PROTOCOL_VERSION, client_name: "hostile".into() };
            put(client_frame::Frame::Hello(hello), &mut sent);
            if how & 2 != 0 {
                let ask = v1::Authenticate { token: session().await };
                let request =
                    v1::Request { id: u32::MAX, op: Some(Op::Authenticate(ask)), ..v1::Request::default() };
                put(client_frame::Frame::Request(request), &mut sent);
            }
        }
        if how & 4 != 0 {
            sent.put_slice(rest);
        } else {
            put_parts(rest, &mut sent);
        }
        let heard = tokio::time::timeout(DEADLINE, talk(sent.freeze())).await;
        look_at(&heard.expect("a connection comes to its end"));
    });
}

/// A new session's token, for whoever it is that the fuzzer plays.
async fn session() -> Bytes {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&number().to_be_bytes());
    let FuzzServer { store, member, .. } = server();
    let token_hash = Sha256::digest(token).into();
    let change = Change::OpenSession { account: *member, token_hash, client_name: "hostile".into() };
    // Their account may have been deleted by now: then it is a token of nobody.
    let _ = store.apply(change, None).await;
    Bytes::copy_from_slice(&token)
}

fn put(frame: client_frame::Frame, out: &mut BytesMut) {
    frame::encode(&v1::ClientFrame { frame: Some(frame) }, out);
}

fn put_parts(mut rest: &[u8], out: &mut BytesMut) {
    while let Some((&length, after)) = rest.split_first() {
        let (part, after) = after.split_at(usize::from(length).min(after.len()));
        out.put_u32(u32::try_from(part.len()).unwrap_or(0));
        out.put_slice(part);
        rest = after;
    }
}

/// Says this and listens to the end.
async fn talk(sent: Bytes) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(server().connector.connect());
    let says = async {
        // The server may have closed before all is said.
        let _ = writer.write_all(&sent).await;
        let _ = writer.shutdown().await;
    };
    let mut heard = Vec::new();
    let listens = async {
        let _ = reader.read_to_end(&mut heard).await;
    };
    tokio::join!(says, listens);
    heard
}

fn look_at(heard: &[u8]) {
    let (mut decoder, mut buffer) = (Decoder::new(FRAME_BYTES_MAX_FROM_SERVER), BytesMut::from(heard));
    while let Some(frame) = decoder.next(&mut buffer).expect("the server speaks in frames") {
        let frame = v1::ServerFrame::decode(frame).expect("the server speaks its own protocol").frame;
        match frame.expect("of a kind that is known") {
            server_frame::Frame::Response(answer) => match answer.result.expect("an answer says something") {
                response::Result::Error(error) => no_fault(&error),
                response::Result::Statistics(_) | response::Result::Invite(_) => {
                    panic!("a member was answered as an operator")
                }
                _ => {}
            },
            server_frame::Frame::Fatal(error) => no_fault(&error),
            _ => {}
        }
    }
    assert!(buffer.is_empty(), "the server's last frame is whole");
}

fn no_fault(error: &v1::Error) {
    assert_ne!(error.code(), v1::ErrorCode::Internal, "a fault of the server: {error:?}");
}
