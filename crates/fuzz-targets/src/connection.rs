//! A whole connection of the native protocol, from the first byte to the last.

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

use crate::fuzz_server::{FuzzServer, number, server};

/// Much longer than any input needs.
const DEADLINE: Duration = Duration::from_secs(20);

/// The first byte selects how the connection begins (bit 0: with a hello, bit 1: with a session) and what the rest is
/// (bit 2 set: raw bytes; not set: parts, each after a byte with its length, that are sent as frames). For every input
/// the server responds in frames, never with an internal error or data for operators only, and the connection ends.
pub(crate) fn connection(data: &[u8]) {
    let Some((&mode, rest)) = data.split_first() else { return };
    let FuzzServer { runtime, .. } = server();
    runtime.block_on(async {
        let mut sent = BytesMut::new();
        if mode & 1 != 0 {
            let hello = v1::ClientHello { protocol_version: PROTOCOL_VERSION, client_name: "fuzz".into() };
            put(client_frame::Frame::Hello(hello), &mut sent);
            if mode & 2 != 0 {
                let authenticate = v1::Authenticate { token: session().await };
                let request = v1::Request {
                    id: u32::MAX,
                    op: Some(Op::Authenticate(authenticate)),
                    ..v1::Request::default()
                };
                put(client_frame::Frame::Request(request), &mut sent);
            }
        }
        if mode & 4 != 0 {
            sent.put_slice(rest);
        } else {
            put_parts(rest, &mut sent);
        }
        let received = tokio::time::timeout(DEADLINE, exchange(sent.freeze())).await;
        check(&received.expect("the connection ends"));
    });
}

/// The token of a new session of the account.
async fn session() -> Bytes {
    let mut token = [0; 32];
    token[..8].copy_from_slice(&number().to_be_bytes());
    let FuzzServer { store, member, .. } = server();
    let token_hash = Sha256::digest(token).into();
    let change = Change::OpenSession { account: *member, token_hash, client_name: "fuzz".into() };
    // An earlier input may have deleted the account: then the token is invalid.
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

/// Sends these bytes and returns what the server sends until the connection ends.
async fn exchange(sent: Bytes) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(server().connector.connect());
    let sends = async {
        // The server may close before everything is sent.
        let _ = writer.write_all(&sent).await;
        let _ = writer.shutdown().await;
    };
    let mut received = Vec::new();
    let receives = async {
        let _ = reader.read_to_end(&mut received).await;
    };
    tokio::join!(sends, receives);
    received
}

fn check(received: &[u8]) {
    let (mut decoder, mut buffer) = (Decoder::new(FRAME_BYTES_MAX_FROM_SERVER), BytesMut::from(received));
    while let Some(frame) = decoder.next(&mut buffer).expect("the server sends frames") {
        let frame = v1::ServerFrame::decode(frame).expect("the server sends valid messages").frame;
        match frame.expect("a known kind of frame") {
            server_frame::Frame::Response(response) => {
                match response.result.expect("a response with a result") {
                    response::Result::Error(error) => no_internal_error(&error),
                    response::Result::Statistics(_) | response::Result::Invite(_) => {
                        panic!("a member got a response for operators")
                    }
                    _ => {}
                }
            }
            server_frame::Frame::Fatal(error) => no_internal_error(&error),
            _ => {}
        }
    }
    assert!(buffer.is_empty(), "the last frame is complete");
}

fn no_internal_error(error: &v1::Error) {
    assert_ne!(error.code(), v1::ErrorCode::Internal, "an internal error: {error:?}");
}
