//! The examples and the table of results in `docs/protocol.md` are those of the protocol.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

use std::collections::HashMap;

use mini_tweet_protocol::v1;
use mini_tweet_protocol::v1::{client_frame, request, response, server_frame};
use model::Operation;
use prost::Message as _;

const GUIDE: &str = include_str!("../../../docs/protocol.md");

/// The frames of the guide, without their lengths, which are checked.
fn frames() -> Vec<Vec<u8>> {
    let mut frames: Vec<Vec<u8>> = Vec::new();
    let is_example = |(place, _): &(usize, &str)| place % 2 == 1;
    let examples = GUIDE.split("```").enumerate().filter(is_example);
    for line in examples.flat_map(|(_, example)| example.lines()) {
        // Bytes, a gap, what they mean.
        let words: Vec<_> = line.trim_start().split("  ").next().unwrap_or_default().split(' ').collect();
        let is_byte = |word: &&&str| word.len() == 2 && u8::from_str_radix(word, 16).is_ok();
        let mut bytes: Vec<u8> =
            words.iter().take_while(is_byte).map(|word| u8::from_str_radix(word, 16).unwrap()).collect();
        if words.get(bytes.len()) == Some(&"…") {
            // The guide leaves out the middle of a key.
            let end = u8::from_str_radix(words[bytes.len() + 1], 16).unwrap();
            bytes.extend(bytes[bytes.len() - 1] + 1..=end);
        }
        match bytes.as_slice() {
            [0, 0, 0, length] => frames.push(vec![*length]),
            [] => {}
            bytes => frames.last_mut().unwrap().extend_from_slice(bytes),
        }
    }
    for frame in &mut frames {
        let length = frame.remove(0);
        assert_eq!(frame.len(), usize::from(length), "{frame:02x?}");
    }
    frames
}

#[test]
fn the_guides_examples_are_what_they_say() {
    let frames = frames();
    assert_eq!(frames.len(), 3);
    let client = |frame: &[u8]| v1::ClientFrame::decode(frame).unwrap().frame.unwrap();
    let hello = v1::ClientHello { protocol_version: 1, client_name: "example 1".into() };
    assert_eq!(client(&frames[0]), client_frame::Frame::Hello(hello));
    let request = v1::Request {
        id: 2,
        idempotency_key: (0x10..0x20).collect::<Vec<u8>>().into(),
        op: Some(request::Op::Post(v1::Post { text: "hello #world".into(), ..v1::Post::default() })),
    };
    assert_eq!(client(&frames[1]), client_frame::Frame::Request(request));
    let done = v1::Done { id: 117_667_110_347_620_352, changed: true };
    let response = v1::Response { id: 2, result: Some(response::Result::Done(done)) };
    let frame = v1::ServerFrame::decode(frames[2].as_slice()).unwrap().frame.unwrap();
    assert_eq!(frame, server_frame::Frame::Response(response));
}

#[test]
fn the_guide_names_the_result_of_every_request() {
    let (_, table) = GUIDE.split_once("## Which result").unwrap();
    let mut results = HashMap::new();
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let mut columns = row.split('|').skip(1).map(|column| column.trim().replace('`', ""));
        let (requests, result) = (columns.next().unwrap(), columns.next().unwrap());
        results.extend(requests.split(' ').map(|request| (request.to_owned(), result.clone())));
    }
    assert!(table.contains("| everything else | `Done` |"));
    for operation in Operation::ALL {
        let result = results.remove(operation.name()).unwrap_or_else(|| "Done".to_owned());
        assert_eq!(result, operation.response(), "{operation:?}");
    }
    assert!(results.is_empty(), "no requests: {results:?}");
}
