//! The native gateway as clients see it: valid requests, and anything else that an untrusted client can send.

mod authorisation;
mod fixture;

use std::time::Duration;

use bytes::BytesMut;
use model::{Access, Operation};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use protocol::frame::FRAME_BYTES_MAX_BEFORE_LOGIN;
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use service::live::LiveConfig;
use service::test_support::{PASSWORD, TestServer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use self::fixture::{GatewayFixture, code_of, hello, post};
use super::context::ConnectionContext;
use super::{NativeTimeouts, REQUESTS_IN_FLIGHT_MAX, serve_tcp};
use crate::shared::GatewayLimits;

/// Every request of the protocol, found by its field number.
fn every_request() -> Vec<Op> {
    (1..200_u32)
        .filter_map(|number| {
            let mut bytes = BytesMut::new();
            encode_key(number, WireType::LengthDelimited, &mut bytes);
            encode_varint(0, &mut bytes);
            v1::Request::decode(bytes.freeze()).ok()?.op
        })
        .collect()
}

#[tokio::test]
async fn every_request_without_a_session_is_refused() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut client = gateway.connect().await;
    let requests = every_request();
    assert_eq!(requests.len(), Operation::ALL.len());
    for op in requests {
        let operation = op.operation();
        let result = client.ask(op).await;
        let refused = code_of(&result) == Some(v1::ErrorCode::Unauthenticated);
        if operation.access() == Access::Anyone {
            assert!(!refused || operation == Operation::Authenticate, "{operation:?}: {result:?}");
        } else {
            // Whatever else is wrong with the request: the missing session comes first.
            assert!(refused, "{operation:?}: {result:?}");
        }
    }
}

#[tokio::test]
async fn only_the_operator_socket_and_not_a_member_may_get_statistics() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut member = gateway.sign_up("ada").await;
    let mut operator = gateway.open(ConnectionContext::operator(gateway.gateway.clone()));
    operator.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
    operator.read().await;
    let statistics = || Op::GetStatistics(v1::GetStatistics {});
    assert_eq!(code_of(&member.ask(statistics()).await), Some(v1::ErrorCode::Forbidden));
    assert!(matches!(operator.ask(statistics()).await, response::Result::Statistics(_)));
}

#[tokio::test]
async fn invalid_bytes_end_the_connection_with_protocol() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    for bytes in [&b"\xff\xff\xff"[..], &[0x0a, 0x05, 0x01], &[0x80; 11]] {
        let mut client = gateway.connect().await;
        client.send_raw(bytes).await;
        assert_eq!(client.fatal_code().await, v1::ErrorCode::Protocol, "{bytes:?}");
    }
    // A request before the hello, another version, a second hello, an id twice.
    let mut client = gateway.connect_raw();
    client.queue(Op::GetServerInfo(v1::GetServerInfo {}));
    client.writer.flush().await.unwrap();
    assert_eq!(client.fatal_code().await, v1::ErrorCode::Protocol);
    let mut client = gateway.connect_raw();
    client.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION + 1))).await;
    assert_eq!(client.fatal_code().await, v1::ErrorCode::Protocol);
    let mut client = gateway.connect().await;
    client.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
    assert_eq!(client.fatal_code().await, v1::ErrorCode::Protocol);
    let mut client = gateway.connect().await;
    client.next_id = 0;
    client.queue(Op::GetServerInfo(v1::GetServerInfo {}));
    client.writer.flush().await.unwrap();
    assert_eq!(client.fatal_code().await, v1::ErrorCode::Protocol);
}

#[tokio::test]
async fn a_frame_at_the_limit_is_read_and_one_byte_more_is_not() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    // A hello whose name makes the frame this long: which error it gets tells whether the frame was read.
    let sized = |bytes: usize| {
        let frame = |name: usize| {
            let hello = v1::ClientHello { client_name: "x".repeat(name), ..hello(PROTOCOL_VERSION) };
            client_frame::Frame::Hello(hello)
        };
        let length = |name: usize| v1::ClientFrame { frame: Some(frame(name)) }.encoded_len();
        let name = (0..bytes).find(|name| length(*name) == bytes).unwrap();
        frame(name)
    };
    let mut client = gateway.connect_raw();
    client.send(sized(FRAME_BYTES_MAX_BEFORE_LOGIN)).await;
    let error = client.fatal().await;
    assert!(error.message.contains("the client name is too long"), "{error:?}");
    let mut client = gateway.connect_raw();
    client.send(sized(FRAME_BYTES_MAX_BEFORE_LOGIN + 1)).await;
    let error = client.fatal().await;
    assert!(error.message.contains("a frame of 4097 bytes is above the limit of 4096"), "{error:?}");
    assert_eq!(error.code(), v1::ErrorCode::Protocol);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_pages_delays_no_other() {
    let server = TestServer::new().await;
    let limits = GatewayLimits {
        concurrent_reads: 2,
        read_wait: Some(Duration::from_secs(3)),
        ..GatewayLimits::unlimited()
    };
    let gateway = GatewayFixture::with(&server, NativeTimeouts::default(), limits);
    let mut greedy = gateway.sign_up("mallory").await;
    let mut bystander = gateway.sign_up("ada").await;
    for n in 0..60 {
        greedy.ask(post(format!("{n} {}", "🐢".repeat(480)))).await;
    }
    for _ in 0..40 {
        greedy.queue(read_local());
    }
    greedy.writer.flush().await.unwrap();
    // One page has been read, so the others are on their way; from here on nothing is read.
    greedy.answer().await;
    for _ in 0..10 {
        let page = bystander.ask(read_local()).await;
        assert!(matches!(page, response::Result::TweetPage(_)), "{:?}", code_of(&page));
    }
}

#[tokio::test]
async fn searches_wait_for_each_other_and_no_other_read_waits_for_them() {
    let server = TestServer::new().await;
    let limits = GatewayLimits {
        concurrent_reads: 2,
        read_wait: Some(Duration::from_millis(200)),
        ..GatewayLimits::unlimited()
    };
    let gateway = GatewayFixture::with(&server, NativeTimeouts::default(), limits);
    let mut ada = gateway.sign_up("ada").await;
    // As while another search runs.
    let _running = gateway.gateway.shared.searches.acquire(Instant::now()).await.unwrap();
    let search = v1::read_timeline::Timeline::Search("turtle".into());
    for op in [
        Op::ReadTimeline(v1::ReadTimeline { timeline: Some(search), page: None }),
        Op::SearchPeople(v1::SearchPeople { query: "ada".into(), ..v1::SearchPeople::default() }),
        Op::SearchHashtags(v1::SearchHashtags { query: "ada".into(), ..v1::SearchHashtags::default() }),
    ] {
        let answer = ada.ask(op).await;
        assert_eq!(code_of(&answer), Some(v1::ErrorCode::Busy), "{answer:?}");
        assert!(matches!(ada.ask(read_local()).await, response::Result::TweetPage(_)));
    }
}

fn read_local() -> Op {
    let timeline = Some(v1::read_timeline::Timeline::Local(v1::Local {}));
    let page = Some(v1::PageRequest { limit: 100, ..v1::PageRequest::default() });
    Op::ReadTimeline(v1::ReadTimeline { timeline, page })
}

#[tokio::test]
async fn an_unknown_request_gets_an_error_and_the_connection_goes_on() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut client = gateway.connect().await;
    // The protocol has no field 199 of a request.
    let mut request = BytesMut::new();
    request.extend_from_slice(&[0x08, 7]);
    encode_key(199, WireType::LengthDelimited, &mut request);
    encode_varint(0, &mut request);
    let mut frame = BytesMut::new();
    encode_key(2, WireType::LengthDelimited, &mut frame);
    encode_varint(request.len() as u64, &mut frame);
    frame.extend_from_slice(&request);
    client.send_raw(&frame).await;
    let (id, result) = client.answer().await;
    assert_eq!((id, code_of(&result)), (7, Some(v1::ErrorCode::Invalid)));
    client.next_id = 8;
    assert!(matches!(
        client.ask(Op::GetServerInfo(v1::GetServerInfo {})).await,
        response::Result::ServerInfo(_)
    ));
}

#[tokio::test]
async fn every_field_has_a_limit_and_its_error_names_it() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut ada = gateway.sign_up("ada").await;
    gateway.sign_up("bob").await;
    let Some(id) = done_id(&ada.ask(post("hello".into())).await) else { panic!("the post failed") };
    let long = |length: usize| "x".repeat(length);
    let name = |length: usize| v1::Follow { username: long(length) };
    let page = |limit: u32, before: &str| {
        Some(v1::PageRequest { limit, position: Some(v1::page_request::Position::Before(before.into())) })
    };
    let timeline = |timeline, page| Op::ReadTimeline(v1::ReadTimeline { timeline: Some(timeline), page });
    let home = || v1::read_timeline::Timeline::Home(v1::Home {});
    let profile = |display_name: Option<String>, bio: Option<String>| {
        Op::EditProfile(v1::EditProfile { display_name, bio, presence_hidden: None })
    };
    let message =
        |username: &str, text: String| Op::SendMessage(v1::SendMessage { username: username.into(), text });
    let change = |old: &str, new: String| {
        Op::ChangePassword(v1::ChangePassword { old_password: old.into(), new_password: new })
    };
    let line =
        |timeline: &str, tweet_id| Op::SetReadLine(v1::SetReadLine { timeline: timeline.into(), tweet_id });
    let mark = |up_to, ids| {
        let ids = std::iter::repeat_n(7, ids).collect();
        Op::MarkNotificationsRead(v1::MarkNotificationsRead { up_to, ids })
    };
    let several = |ids: Vec<u64>| Op::GetTweets(v1::GetTweets { tweet_ids: ids });
    // Requests at a limit, then requests beyond one with the field that the error names.
    let at_the_limit = [
        post(long(500)),
        profile(Some(long(50)), Some(long(300))),
        message("bob", long(500)),
        timeline(home(), page(100, "1")),
        Op::SearchPeople(v1::SearchPeople { query: long(200), limit: 100 }),
        timeline(v1::read_timeline::Timeline::Hashtag(long(100)), None),
        line(&format!("#{}", long(100)), id),
        mark(0, 100),
        several(vec![id; 100]),
    ];
    for op in at_the_limit {
        let result = ada.ask(op.clone()).await;
        assert_eq!(code_of(&result), None, "{op:?}: {result:?}");
    }
    let beyond = [
        (post(long(501)), "text"),
        (post(String::new()), "text"),
        (post("a\u{1b}b".into()), "text"),
        (post("e\u{301}".into()), "text"),
        (Op::Post(v1::Post { text: "x".into(), visibility: 99, ..v1::Post::default() }), "visibility"),
        (Op::EditTweet(v1::EditTweet { tweet_id: id, text: long(501) }), "text"),
        (Op::Like(v1::Like { tweet_id: 0 }), "tweet_id"),
        (profile(Some(long(51)), None), "display_name"),
        (profile(None, Some(long(301))), "bio"),
        (message("bob", long(501)), "text"),
        (message("bob", String::new()), "text"),
        (message("", "x".into()), "username"),
        (Op::Follow(name(31)), "username"),
        (Op::Follow(name(0)), "username"),
        (timeline(home(), page(101, "1")), "limit"),
        (timeline(home(), page(10, "nonsense")), "cursor"),
        (timeline(v1::read_timeline::Timeline::Hashtag(long(101)), None), "hashtag"),
        (timeline(v1::read_timeline::Timeline::Search(long(201)), None), "search"),
        (Op::ReadTimeline(v1::ReadTimeline::default()), "timeline"),
        (Op::SearchPeople(v1::SearchPeople { query: long(201), limit: 0 }), "query"),
        (Op::SearchPeople(v1::SearchPeople { query: "x".into(), limit: 101 }), "limit"),
        (Op::SearchHashtags(v1::SearchHashtags { query: long(201), limit: 0 }), "query"),
        (Op::GetTrends(v1::GetTrends { limit: 101, ..v1::GetTrends::default() }), "limit"),
        (Op::ListAccounts(v1::ListAccounts { list: 77, ..v1::ListAccounts::default() }), "list"),
        (Op::ListAccounts(v1::ListAccounts { list: 1, sort: 77, ..v1::ListAccounts::default() }), "sort"),
        (
            Op::ListAccounts(v1::ListAccounts { list: 1, query: long(201), ..v1::ListAccounts::default() }),
            "query",
        ),
        (mark(0, 0), "up_to"),
        (mark(id, 1), "up_to"),
        (mark(0, 101), "ids"),
        (several(Vec::new()), "tweet_ids"),
        (several(vec![id; 101]), "tweet_ids"),
        (several(vec![id, 0]), "tweet_ids"),
        (Op::ListNotifications(v1::ListNotifications { kinds: vec![77], ..Default::default() }), "kinds"),
        (change(PASSWORD, long(7)), "new_password"),
        (change(PASSWORD, long(257)), "new_password"),
        (change("not the old one", long(20)), "old_password"),
        (line(&format!("#{}", long(101)), id), "timeline"),
        (line("nowhere", id), "timeline"),
        (line("home", 0), "tweet_id"),
        (Op::AddSshKey(v1::AddSshKey { name: long(51), ..v1::AddSshKey::default() }), "name"),
        #[cfg(feature = "ssh")]
        (
            Op::AddSshKey(v1::AddSshKey { public_key: long(5_000), name: long(50), password: String::new() }),
            "public_key",
        ),
        (Op::RevokeSshKey(v1::RevokeSshKey { key_id: 0 }), "key_id"),
        (Op::Export(v1::Export { cursor: "nonsense".into() }), "cursor"),
        (Op::SetPresence(v1::SetPresence { state: 1 }), "state"),
        (Op::Subscribe(v1::Subscribe::default()), "topic"),
    ];
    for (op, field) in beyond {
        let result = ada.ask(op.clone()).await;
        match &result {
            response::Result::Error(error) => {
                assert_eq!(
                    (error.code(), error.field.as_str()),
                    (v1::ErrorCode::Invalid, field),
                    "{op:?}: {error:?}"
                );
                assert!(!error.message.is_empty());
            }
            _ => panic!("{op:?}: {result:?}"),
        }
    }
}

fn done_id(result: &response::Result) -> Option<u64> {
    match result {
        response::Result::Done(done) => Some(done.id),
        _ => None,
    }
}

#[tokio::test]
async fn posts_in_flight_are_stored_in_the_order_in_which_they_were_sent() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut client = gateway.sign_up("ada").await;
    let mut expected = Vec::new();
    for round in 0..10 {
        let bio = Some(format!("round {round}"));
        client.queue(Op::EditProfile(v1::EditProfile { bio, ..v1::EditProfile::default() }));
        for n in 0..40 {
            client.queue(post(format!("{round} {n}")));
            expected.push(format!("{round} {n}"));
        }
        client.writer.flush().await.unwrap();
        for _ in 0..=40 {
            assert!(matches!(client.answer().await.1, response::Result::Done(_)));
        }
    }
    let mut found = Vec::new();
    let mut position = None;
    loop {
        let read = v1::ReadTimeline {
            timeline: Some(v1::read_timeline::Timeline::User(String::new())),
            page: Some(v1::PageRequest { limit: 100, position }),
        };
        let response::Result::TweetPage(page) = client.ask(Op::ReadTimeline(read)).await else {
            panic!("a page")
        };
        found.extend(page.tweets.into_iter().map(|tweet| tweet.text));
        if page.next.is_empty() {
            break;
        }
        position = Some(v1::page_request::Position::Before(page.next));
    }
    found.reverse();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_read_line_is_the_same_on_every_device() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut here = gateway.sign_up("ada").await;
    let Some(tweet_id) = done_id(&here.ask(post("hello".into())).await) else { panic!("the post failed") };
    here.ask(Op::SetReadLine(v1::SetReadLine { timeline: "#Rust".into(), tweet_id })).await;
    let mut there = gateway.connect().await;
    there.ask(Op::LogIn(v1::LogIn { username: "ada".into(), password: PASSWORD.into() })).await;
    let listed = there.ask(Op::ListReadLines(v1::ListReadLines {})).await;
    let read_lines = vec![v1::ReadLine { timeline: "#rust".into(), tweet_id }];
    assert_eq!(listed, response::Result::ReadLineList(v1::ReadLineList { read_lines }));
}

#[tokio::test]
async fn more_requests_in_flight_than_allowed_are_refused_as_busy() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut client = gateway.sign_up("ada").await;
    let sent = REQUESTS_IN_FLIGHT_MAX + 40;
    for n in 0..sent {
        client.queue(post(format!("{n}")));
    }
    client.writer.flush().await.unwrap();
    let mut busy = 0;
    for _ in 0..sent {
        match code_of(&client.answer().await.1) {
            None => {}
            Some(v1::ErrorCode::Busy) => busy += 1,
            Some(other) => panic!("{other:?}"),
        }
    }
    assert!((1..=40).contains(&busy), "{busy} were refused");
}

#[tokio::test]
async fn an_account_over_its_rate_limit_learns_when_to_try_again() {
    let server = TestServer::new().await;
    let limits = GatewayLimits { requests_per_second: 1, requests_burst: 5, ..GatewayLimits::unlimited() };
    let gateway = GatewayFixture::with(&server, NativeTimeouts::default(), limits);
    let mut client = gateway.sign_up("ada").await;
    let mut refused = None;
    for _ in 0..10 {
        if let response::Result::Error(error) = client.ask(Op::ListOnline(v1::ListOnline {})).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert_eq!(refused.code(), v1::ErrorCode::RateLimited);
    assert!((1..=1_000).contains(&refused.retry_after_ms), "{} ms", refused.retry_after_ms);
}

#[tokio::test]
async fn a_client_that_does_not_log_in_is_disconnected_after_the_time_limit() {
    let server = TestServer::new().await;
    let timeouts = NativeTimeouts { log_in: Duration::from_secs(5), ..NativeTimeouts::default() };
    let gateway = GatewayFixture::with(&server, timeouts, GatewayLimits::unlimited());
    let mut client = gateway.connect().await;
    tokio::time::pause();
    let start = Instant::now();
    assert_eq!(client.fatal_code().await, v1::ErrorCode::Unauthenticated);
    let waited = start.elapsed();
    assert!((4..=5).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn a_client_is_disconnected_after_three_heartbeats_of_silence() {
    let server = TestServer::new().await;
    let heartbeat = Duration::from_secs(2);
    let timeouts = NativeTimeouts { heartbeat, ..NativeTimeouts::default() };
    let gateway = GatewayFixture::with(&server, timeouts, GatewayLimits::unlimited());
    let mut client = gateway.sign_up("ada").await;
    tokio::time::pause();
    let mut last_sent = Instant::now();
    // Each pause is just short of the limit, all together far beyond it.
    for _ in 0..8 {
        client.send(client_frame::Frame::Ping(v1::Ping { nonce: 5 })).await;
        assert_eq!(client.read().await, Some(server_frame::Frame::Pong(v1::Pong { nonce: 5 })));
        last_sent = Instant::now();
        tokio::time::sleep(3 * heartbeat - Duration::from_millis(10)).await;
    }
    // An error after which clients reconnect: their bytes may only have been late.
    assert_eq!(client.fatal_code().await, v1::ErrorCode::Unavailable);
    assert_eq!(last_sent.elapsed().as_secs(), 6);
}

#[tokio::test]
async fn the_hello_publishes_the_number_of_subscriptions_that_is_enforced() {
    let live = LiveConfig { subscriptions: 3, ..LiveConfig::default() };
    let server = TestServer::with(service::test_support::config(), live).await;
    let gateway = GatewayFixture::new(&server);
    let mut client = gateway.connect_raw();
    let Some(server_frame::Frame::Hello(said)) = client.read().await else { panic!("no hello") };
    let published = said.budgets.unwrap().subscriptions;
    assert_eq!(published, 3);
    let mut client = gateway.sign_up("ada").await;
    let subscribe = |number: u32| {
        let topic = v1::subscribe::Topic::Hashtag(format!("tag{number}"));
        Op::Subscribe(v1::Subscribe { topic: Some(topic), cursor: 0 })
    };
    for number in 0..published {
        let result = client.ask(subscribe(number)).await;
        assert!(matches!(result, response::Result::Subscribed(_)), "{number}: {result:?}");
    }
    let response::Result::Error(error) = client.ask(subscribe(published)).await else { panic!("accepted") };
    assert_eq!((error.code(), error.field.as_str()), (v1::ErrorCode::Invalid, "topic"));
}

#[tokio::test]
async fn a_stopping_server_says_so_and_answers_requests_in_flight() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let mut client = gateway.sign_up("ada").await;
    for n in 0..20 {
        client.queue(post(format!("{n}")));
    }
    client.writer.flush().await.unwrap();
    // Some are on their way.
    let first = client.answer().await;
    assert!(matches!(first.1, response::Result::Done(_)));
    gateway.stop.send_replace(true);
    let (mut answered, mut going_away) = (1, false);
    while let Some(frame) = client.read().await {
        match frame {
            server_frame::Frame::Response(_) => answered += 1,
            server_frame::Frame::GoingAway(v1::GoingAway { reconnect_after_ms }) => {
                going_away = reconnect_after_ms > 0;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(going_away);
    assert_eq!(answered, 20);
}

#[tokio::test]
async fn a_draining_server_moves_its_clients_and_serves_its_operator() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::new(&server);
    let shared = &gateway.gateway.shared;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(serve_tcp(gateway.gateway.clone(), listener, None));
    let mut clients = [gateway.sign_up("ada").await, gateway.sign_up("bob").await];
    let mut operator = gateway.open(ConnectionContext::operator(gateway.gateway.clone()));
    operator.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
    assert!(matches!(operator.read().await, Some(server_frame::Frame::Hello(_))));
    for client in &mut clients {
        client.queue(post("on its way".into()));
        client.writer.flush().await.unwrap();
    }
    assert!(shared.drain().is_some());
    assert_eq!(shared.drain(), None, "it does so already");
    for client in &mut clients {
        let mut frames = Vec::new();
        while let Some(frame) = client.read().await {
            frames.push(frame);
        }
        let going_away = v1::GoingAway { reconnect_after_ms: 0 };
        assert!(frames.contains(&server_frame::Frame::GoingAway(going_away)), "{frames:?}");
    }
    shared.is_empty().await;
    serving.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "it accepts no more");
    let response::Result::NodeList(list) = operator.ask(Op::ListNodes(v1::ListNodes {})).await else {
        panic!("refused")
    };
    let [node] = &list.nodes[..] else { panic!("{list:?}") };
    assert!(node.is_this && node.is_draining && node.connections == 0, "{node:?}");
    // This one shares its database with no other.
    let response::Result::Error(error) = operator.ask(Op::Drain(v1::Drain::default())).await else {
        panic!("accepted")
    };
    assert_eq!((error.code(), error.field.as_str()), (v1::ErrorCode::Invalid, "id"));
}
