//! The native gateway from the other side of the wire: what a stranger sends, byte by byte if need be.

mod authorisation;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::BytesMut;
use model::{Access, Operation};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use protocol::connection::{FrameReader, FrameWriter, Limits, framed};
use protocol::frame::{FRAME_BYTES_MAX_BEFORE_LOGIN, FRAME_BYTES_MAX_FROM_SERVER};
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use tokio::io::{DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::context::ConnectionContext;
use super::{NativeGateway, REQUESTS_IN_FLIGHT_MAX, Times, listen};
use crate::limits::{ConnectionLimiter, ConnectionLimits, ReadLimiter, RequestRates};
use service::SignUpMode;
use service::test_support::{PASSWORD, TestServer};
use store::env::SystemRandom;

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

struct GatewayFixture {
    gateway: Arc<NativeGateway>,
    stop: watch::Sender<bool>,
}

impl GatewayFixture {
    fn of(server: &TestServer) -> Self {
        Self::with(server, Times::default(), RequestRates::new(0, 1))
    }

    fn with(server: &TestServer, times: Times, rates: RequestRates) -> Self {
        let limits = ConnectionLimits { total: 100, per_address: 100, unauthenticated_per_address: 100 };
        let (stop, stopping) = watch::channel(false);
        let gateway = Arc::new(NativeGateway {
            service: server.service.clone(),
            live: server.live.clone(),
            random: Arc::new(SystemRandom),
            connections: ConnectionLimiter::new(limits),
            rates,
            turns: ReadLimiter::new(8, None),
            times,
            server_name: "Test".into(),
            sign_up: SignUpMode::Open,
            stranger_mentions: 0,
            new_account_posts: 0,
            requests: AtomicU64::new(0),
            stopping,
        });
        Self { gateway, stop }
    }

    /// Somebody at the gateway who has said nothing yet.
    fn connect_raw(&self) -> Wire {
        let permit = self.gateway.connections.admit(ADDRESS).unwrap();
        self.open(ConnectionContext::anonymous(self.gateway.clone(), ADDRESS, permit))
    }

    fn open(&self, session: Arc<ConnectionContext>) -> Wire {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(listen::serve(far, session));
        let (reader, writer) = framed(near, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
        Wire { reader, writer, next_id: 1 }
    }

    /// Somebody who has exchanged hellos.
    async fn connect(&self) -> Wire {
        let mut wire = self.connect_raw();
        wire.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
        assert!(matches!(wire.read().await, Some(server_frame::Frame::Hello(_))));
        wire
    }

    /// Somebody who has signed up.
    async fn member(&self, name: &str) -> Wire {
        let mut wire = self.connect().await;
        let sign_up =
            v1::SignUp { username: name.into(), password: PASSWORD.into(), ..v1::SignUp::default() };
        assert!(matches!(wire.ask(Op::SignUp(sign_up)).await, response::Result::LoggedIn(_)));
        wire
    }
}

fn hello(protocol_version: u32) -> v1::ClientHello {
    v1::ClientHello { protocol_version, client_name: "test".into() }
}

struct Wire {
    reader: FrameReader<ReadHalf<DuplexStream>>,
    writer: FrameWriter<WriteHalf<DuplexStream>>,
    next_id: u32,
}

impl Wire {
    async fn send(&mut self, frame: client_frame::Frame) {
        self.writer.queue(&v1::ClientFrame { frame: Some(frame) });
        self.writer.flush().await.unwrap();
    }

    /// Sends these bytes as they are.
    async fn send_raw(&mut self, bytes: &[u8]) {
        let mut frame = Raw(bytes.to_vec());
        self.writer.queue(&frame);
        frame.clear();
        self.writer.flush().await.unwrap();
    }

    /// The next frame; `None` when the server has closed.
    async fn read(&mut self) -> Option<server_frame::Frame> {
        let read = tokio::time::timeout(Duration::from_secs(20), self.reader.read::<v1::ServerFrame>());
        read.await.expect("the server says something").unwrap_or(None)?.frame
    }

    fn queue(&mut self, op: Op) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        let request = v1::Request { id, op: Some(op), ..v1::Request::default() };
        self.writer.queue(&v1::ClientFrame { frame: Some(client_frame::Frame::Request(request)) });
        id
    }

    async fn answer(&mut self) -> (u32, response::Result) {
        loop {
            if let Some(server_frame::Frame::Response(v1::Response { id, result: Some(result) })) =
                self.read().await
            {
                return (id, result);
            }
        }
    }

    async fn ask(&mut self, op: Op) -> response::Result {
        let id = self.queue(op);
        self.writer.flush().await.unwrap();
        let (answered, result) = self.answer().await;
        assert_eq!(answered, id);
        result
    }

    /// The server's last word, after which it closes.
    async fn last_word(&mut self) -> v1::ErrorCode {
        let mut code = None;
        while let Some(frame) = self.read().await {
            if let server_frame::Frame::Fatal(error) = frame {
                code = Some(error.code());
            }
        }
        code.expect("the server says why it closes")
    }
}

/// Bytes in the place of a message.
#[derive(Debug, Default)]
struct Raw(Vec<u8>);

impl prost::Message for Raw {
    fn encode_raw(&self, out: &mut impl bytes::BufMut) {
        out.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        _tag: u32,
        _wire_type: WireType,
        _buf: &mut impl bytes::Buf,
        _context: prost::encoding::DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

fn code_of(result: &response::Result) -> Option<v1::ErrorCode> {
    match result {
        response::Result::Error(error) => Some(error.code()),
        _ => None,
    }
}

fn post(text: String) -> Op {
    Op::Post(v1::Post { text, ..v1::Post::default() })
}

/// Every request that the protocol has, found by the numbers of its fields.
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
    let gateway = GatewayFixture::of(&server);
    let mut wire = gateway.connect().await;
    let requests = every_request();
    assert_eq!(requests.len(), Operation::ALL.len());
    for op in requests {
        let operation = op.operation();
        let result = wire.ask(op).await;
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
async fn a_member_is_no_operator_and_the_socket_is() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    let mut member = gateway.member("ada").await;
    let mut operator = gateway.open(ConnectionContext::operator(gateway.gateway.clone()));
    operator.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
    operator.read().await;
    let statistics = || Op::GetStatistics(v1::GetStatistics {});
    assert_eq!(code_of(&member.ask(statistics()).await), Some(v1::ErrorCode::Forbidden));
    assert!(matches!(operator.ask(statistics()).await, response::Result::Statistics(_)));
}

#[tokio::test]
async fn what_is_no_message_ends_the_connection_with_protocol() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    for bytes in [&b"\xff\xff\xff"[..], &[0x0a, 0x05, 0x01], &[0x80; 11]] {
        let mut wire = gateway.connect().await;
        wire.send_raw(bytes).await;
        assert_eq!(wire.last_word().await, v1::ErrorCode::Protocol, "{bytes:?}");
    }
    // A request before the hello, another version, a second hello, an id twice.
    let mut wire = gateway.connect_raw();
    wire.queue(Op::GetServerInfo(v1::GetServerInfo {}));
    wire.writer.flush().await.unwrap();
    assert_eq!(wire.last_word().await, v1::ErrorCode::Protocol);
    let mut wire = gateway.connect_raw();
    wire.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION + 1))).await;
    assert_eq!(wire.last_word().await, v1::ErrorCode::Protocol);
    let mut wire = gateway.connect().await;
    wire.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
    assert_eq!(wire.last_word().await, v1::ErrorCode::Protocol);
    let mut wire = gateway.connect().await;
    wire.next_id = 0;
    wire.queue(Op::GetServerInfo(v1::GetServerInfo {}));
    wire.writer.flush().await.unwrap();
    assert_eq!(wire.last_word().await, v1::ErrorCode::Protocol);
}

#[tokio::test]
async fn a_frame_at_the_limit_is_read_and_one_byte_more_is_not() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    let sized = |bytes: usize| {
        let mut ping = v1::ClientHello { protocol_version: PROTOCOL_VERSION, client_name: "x".into() };
        let whole = |hello: &v1::ClientHello| {
            v1::ClientFrame { frame: Some(client_frame::Frame::Hello(hello.clone())) }.encoded_len()
        };
        while whole(&ping) < bytes {
            ping.client_name.push('x');
        }
        assert_eq!(whole(&ping), bytes);
        ping
    };
    let mut wire = gateway.connect_raw();
    wire.send(client_frame::Frame::Hello(sized(FRAME_BYTES_MAX_BEFORE_LOGIN))).await;
    assert!(matches!(wire.read().await, Some(server_frame::Frame::Hello(_))));
    // The frame is read; that the name in it is too long is another matter.
    let mut wire = gateway.connect_raw();
    wire.send(client_frame::Frame::Hello(sized(FRAME_BYTES_MAX_BEFORE_LOGIN + 1))).await;
    assert_eq!(wire.last_word().await, v1::ErrorCode::Protocol);
}

#[tokio::test]
async fn a_request_that_only_a_newer_server_knows_is_an_error_and_no_end() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    let mut wire = gateway.connect().await;
    // Field 199 of the request is nothing yet.
    let mut request = BytesMut::new();
    request.extend_from_slice(&[0x08, 7]);
    encode_key(199, WireType::LengthDelimited, &mut request);
    encode_varint(0, &mut request);
    let mut frame = BytesMut::new();
    encode_key(2, WireType::LengthDelimited, &mut frame);
    encode_varint(request.len() as u64, &mut frame);
    frame.extend_from_slice(&request);
    wire.send_raw(&frame).await;
    let (id, result) = wire.answer().await;
    assert_eq!((id, code_of(&result)), (7, Some(v1::ErrorCode::Invalid)));
    wire.next_id = 8;
    assert!(matches!(
        wire.ask(Op::GetServerInfo(v1::GetServerInfo {})).await,
        response::Result::ServerInfo(_)
    ));
}

#[tokio::test]
async fn every_field_has_a_limit_and_its_error_names_it() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    let mut ada = gateway.member("ada").await;
    gateway.member("bob").await;
    let Some(id) = done_id(&ada.ask(post("hello".into())).await) else { panic!("it was posted") };
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
    // What is at the limit, and what is beyond it with the field that is named.
    let at_the_limit = [
        post(long(500)),
        profile(Some(long(50)), Some(long(300))),
        message("bob", long(500)),
        timeline(home(), page(100, "1")),
        Op::SearchPeople(v1::SearchPeople { query: long(200), limit: 100 }),
        timeline(v1::read_timeline::Timeline::Hashtag(long(100)), None),
        line(&format!("#{}", long(100)), id),
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
        (Op::GetTrends(v1::GetTrends { limit: 101 }), "limit"),
        (Op::ListAccounts(v1::ListAccounts { list: 77, ..v1::ListAccounts::default() }), "list"),
        (change(PASSWORD, long(7)), "new_password"),
        (change(PASSWORD, long(257)), "new_password"),
        (change("not the old one", long(20)), "old_password"),
        (line(&format!("#{}", long(101)), id), "timeline"),
        (line("nowhere", id), "timeline"),
        (line("home", 0), "tweet_id"),
        (Op::AddSshKey(v1::AddSshKey { public_key: String::new(), name: long(51) }), "name"),
        #[cfg(feature = "ssh")]
        (Op::AddSshKey(v1::AddSshKey { public_key: long(5_000), name: long(50) }), "public_key"),
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
async fn posts_in_flight_are_carried_out_in_the_order_in_which_they_were_sent() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    let mut wire = gateway.member("ada").await;
    let mut expected = Vec::new();
    for round in 0..10 {
        // The posts wait for this one, and then many may begin at the same time.
        let bio = Some(format!("round {round}"));
        wire.queue(Op::EditProfile(v1::EditProfile { bio, ..v1::EditProfile::default() }));
        for n in 0..40 {
            wire.queue(post(format!("{round} {n}")));
            expected.push(format!("{round} {n}"));
        }
        wire.writer.flush().await.unwrap();
        for _ in 0..=40 {
            assert!(matches!(wire.answer().await.1, response::Result::Done(_)));
        }
    }
    let mut found = Vec::new();
    let mut position = None;
    loop {
        let read = v1::ReadTimeline {
            timeline: Some(v1::read_timeline::Timeline::User(String::new())),
            page: Some(v1::PageRequest { limit: 100, position }),
        };
        let response::Result::TweetPage(page) = wire.ask(Op::ReadTimeline(read)).await else {
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
    let gateway = GatewayFixture::of(&server);
    let mut here = gateway.member("ada").await;
    let Some(tweet_id) = done_id(&here.ask(post("hello".into())).await) else { panic!("it was posted") };
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
    let gateway = GatewayFixture::of(&server);
    let mut wire = gateway.member("ada").await;
    let sent = REQUESTS_IN_FLIGHT_MAX + 40;
    for n in 0..sent {
        wire.queue(post(format!("{n}")));
    }
    wire.writer.flush().await.unwrap();
    let mut busy = 0;
    for _ in 0..sent {
        match code_of(&wire.answer().await.1) {
            None => {}
            Some(v1::ErrorCode::Busy) => busy += 1,
            Some(other) => panic!("{other:?}"),
        }
    }
    assert!((1..=40).contains(&busy), "{busy} were refused");
}

#[tokio::test]
async fn an_account_that_asks_too_much_is_told_when_to_come_back() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::with(&server, Times::default(), RequestRates::new(1, 5));
    let mut wire = gateway.member("ada").await;
    let mut refused = None;
    for _ in 0..10 {
        if let response::Result::Error(error) = wire.ask(Op::ListOnline(v1::ListOnline {})).await {
            refused = Some(error);
            break;
        }
    }
    let refused = refused.expect("a limit");
    assert_eq!(refused.code(), v1::ErrorCode::RateLimited);
    assert!((1..=1_000).contains(&refused.retry_after_ms), "{} ms", refused.retry_after_ms);
}

#[tokio::test]
async fn who_does_not_log_in_or_falls_silent_is_shown_out() {
    let server = TestServer::new().await;
    let times = Times { log_in: Duration::from_millis(50), ..Times::default() };
    let gateway = GatewayFixture::with(&server, times, RequestRates::new(0, 1));
    let mut wire = gateway.connect().await;
    assert_eq!(wire.last_word().await, v1::ErrorCode::Unauthenticated);

    let times = Times { heartbeat: Duration::from_millis(250), ..Times::default() };
    let gateway = GatewayFixture::with(&server, times, RequestRates::new(0, 1));
    let mut wire = gateway.member("ada").await;
    // Longer in all than silence may last, and each pause far from it.
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        wire.send(client_frame::Frame::Ping(v1::Ping { nonce: 5 })).await;
        assert!(matches!(wire.read().await, Some(server_frame::Frame::Pong(v1::Pong { nonce: 5 }))));
    }
    // Not its fault, so that it comes back: its bytes may only have been late.
    assert_eq!(wire.last_word().await, v1::ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_answers_what_is_in_flight() {
    let server = TestServer::new().await;
    let gateway = GatewayFixture::of(&server);
    let mut wire = gateway.member("ada").await;
    for n in 0..20 {
        wire.queue(post(format!("{n}")));
    }
    wire.writer.flush().await.unwrap();
    // Some are on their way.
    let first = wire.answer().await;
    assert!(matches!(first.1, response::Result::Done(_)));
    gateway.stop.send_replace(true);
    let (mut answered, mut going_away) = (1, false);
    while let Some(frame) = wire.read().await {
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
