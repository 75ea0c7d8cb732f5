//! A server that stops responding without closing its connections: a network that is gone, or a process that is stopped.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use mini_tweet_client::{Client, ClientError, Dial, Options, State, Token};
use protocol::connection::{Limits, framed};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// The clock of the fake server when it greets.
const SERVER_TIME_MS: u64 = 1_000_000;

/// A fake server that can be stopped and continued.
#[derive(Clone)]
struct Server {
    is_stopped: watch::Sender<bool>,
    pings: Arc<Mutex<usize>>,
    connections: Arc<Mutex<usize>>,
    /// Idempotency keys of posts, and how often a post arrived.
    posts: Arc<Mutex<(HashSet<Bytes>, usize)>>,
    /// How long a search takes.
    search: Duration,
}

impl Server {
    fn new(search: Duration) -> Self {
        Self {
            is_stopped: watch::Sender::new(false),
            pings: Arc::default(),
            connections: Arc::default(),
            posts: Arc::default(),
            search,
        }
    }

    async fn client(&self) -> Client {
        let server = self.clone();
        let dial = Dial::new(move || {
            let (near, far) = tokio::io::duplex(64 * 1024);
            *server.connections.lock().unwrap() += 1;
            tokio::spawn(server.clone().serve(far));
            near
        });
        Client::connect(Options { token: Some(Token::from_bytes(vec![7; 32])), ..Options::within(dial) })
            .await
            .unwrap()
    }

    fn stop(&self) -> Instant {
        self.is_stopped.send_replace(true);
        Instant::now()
    }

    fn continues(&self) {
        self.is_stopped.send_replace(false);
    }

    async fn runs(&self) {
        self.is_stopped.subscribe().wait_for(|is_stopped| !is_stopped).await.unwrap();
    }

    async fn serve(self, stream: DuplexStream) {
        self.runs().await;
        let (mut reader, mut writer) = framed(stream, Limits::of_frame_bytes(4_096));
        let say = |frame| v1::ServerFrame { frame: Some(frame) };
        let hello = v1::ServerHello {
            protocol_version: protocol::PROTOCOL_VERSION,
            time_ms: SERVER_TIME_MS,
            ..Default::default()
        };
        writer.queue(&say(server_frame::Frame::Hello(hello)));
        let (answers, mut answered) = tokio::sync::mpsc::unbounded_channel();
        loop {
            if writer.flush().await.is_err() {
                return;
            }
            tokio::select! {
                read = reader.read() => {
                    let Ok(Some(v1::ClientFrame { frame })) = read else { return };
                    self.runs().await;
                    match frame {
                        Some(client_frame::Frame::Ping(_)) => {
                            *self.pings.lock().unwrap() += 1;
                            writer.queue(&say(server_frame::Frame::Pong(v1::Pong::default())));
                        }
                        Some(client_frame::Frame::Request(request)) => {
                            let (answers, wait, result) = (answers.clone(), self.wait(&request), self.answer(&request));
                            tokio::spawn(async move {
                                sleep(wait).await;
                                let _ = answers.send(v1::Response { id: request.id, result: Some(result) });
                            });
                        }
                        _ => {}
                    }
                }
                Some(answer) = answered.recv() => {
                    self.runs().await;
                    writer.queue(&say(server_frame::Frame::Response(answer)));
                }
            }
        }
    }

    fn wait(&self, request: &v1::Request) -> Duration {
        if matches!(request.op, Some(Op::SearchPeople(_))) { self.search } else { Duration::ZERO }
    }

    fn answer(&self, request: &v1::Request) -> response::Result {
        match &request.op {
            Some(Op::Authenticate(_)) => response::Result::LoggedIn(v1::LoggedIn::default()),
            Some(Op::SearchPeople(_)) => response::Result::AccountPage(v1::AccountPage::default()),
            _ => {
                let mut posts = self.posts.lock().unwrap();
                posts.0.insert(request.idempotency_key.clone());
                posts.1 += 1;
                response::Result::Done(v1::Done { id: 1, changed: true })
            }
        }
    }
}

fn post() -> v1::Post {
    v1::Post { text: "hello".into(), ..Default::default() }
}

/// The time until the client is in this state.
async fn until(client: &Client, since: Instant, is_it: impl Fn(&State) -> bool) -> Duration {
    let mut state = client.state();
    timeout(Duration::from_secs(120), state.wait_for(is_it)).await.unwrap().unwrap();
    since.elapsed()
}

fn is_late(state: &State) -> bool {
    matches!(state, State::Late)
}

fn is_lost(state: &State) -> bool {
    matches!(state, State::Reconnecting { .. })
}

fn is_connected(state: &State) -> bool {
    matches!(state, State::Connected)
}

#[tokio::test(start_paused = true)]
async fn a_response_that_does_not_come_is_late_after_seconds_and_then_the_connection_is_lost() {
    let server = Server::new(Duration::ZERO);
    let client = server.client().await;
    sleep(Duration::from_secs(5)).await;
    let since = server.stop();
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.ask(post()).await }
    });
    let late = until(&client, since, is_late).await;
    assert!((3..=5).contains(&late.as_secs()), "{late:?}");
    let lost = until(&client, since, is_lost).await;
    assert!((10..=15).contains(&lost.as_secs()), "{lost:?}");
    sleep(Duration::from_secs(10)).await;
    server.continues();
    asking.await.unwrap().unwrap();
    until(&client, since, is_connected).await;
    let posts = server.posts.lock().unwrap();
    assert_eq!(
        posts.0.len(),
        1,
        "one key, so the server posts it once, however often it arrives ({})",
        posts.1
    );
}

#[tokio::test(start_paused = true)]
async fn a_short_silence_ends_without_a_new_connection() {
    let server = Server::new(Duration::ZERO);
    let client = server.client().await;
    let since = server.stop();
    let asking = tokio::spawn({
        let client = client.clone();
        async move { client.ask(post()).await }
    });
    until(&client, since, is_late).await;
    server.continues();
    asking.await.unwrap().unwrap();
    until(&client, since, is_connected).await;
    assert_eq!((*server.connections.lock().unwrap(), server.posts.lock().unwrap().1), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_client_notices_within_fifteen_seconds() {
    let server = Server::new(Duration::ZERO);
    let client = server.client().await;
    sleep(Duration::from_secs(60)).await;
    let pings = *server.pings.lock().unwrap();
    assert!((4..=8).contains(&pings), "{pings} pings in a minute");
    assert!(is_connected(&client.state().borrow()));
    // At any point between two pings.
    for offset in [0, 3, 7] {
        sleep(Duration::from_secs(offset)).await;
        let since = server.stop();
        let late = until(&client, since, is_late).await;
        assert!(late.as_secs() <= 15, "{late:?}");
        server.continues();
        until(&client, since, is_connected).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_request_is_no_dead_network() {
    let server = Server::new(Duration::from_secs(30));
    let client = server.client().await;
    let mut state = client.state();
    state.mark_unchanged();
    client.ask(v1::SearchPeople { query: "rust".into(), ..Default::default() }).await.unwrap();
    assert!(!state.has_changed().unwrap(), "{:?}", *state.borrow());
}

#[tokio::test(start_paused = true)]
async fn a_large_response_over_a_slow_line_is_not_cut_off() {
    let dial = Dial::new(|| {
        let (near, far) = tokio::io::duplex(256);
        tokio::spawn(slow_line(far));
        near
    });
    let options = Options { token: Some(Token::from_bytes(vec![7; 32])), ..Options::within(dial) };
    let client = Client::connect(options).await.unwrap();
    let mut state = client.state();
    state.mark_unchanged();
    let page = client.ask(v1::SearchPeople { query: "rust".into(), ..Default::default() }).await.unwrap();
    assert_eq!(page.people.len(), 1);
    assert!(!state.has_changed().unwrap(), "{:?}", *state.borrow());
}

/// Answers the log-in at once, and the next request with a frame that takes 25 seconds.
async fn slow_line(stream: DuplexStream) {
    let (reader, mut far) = tokio::io::split(stream);
    let mut reader = protocol::connection::FrameReader::new(reader, Limits::of_frame_bytes(4_096));
    let bytes = |frame| {
        let mut bytes = bytes::BytesMut::new();
        protocol::frame::encode(&v1::ServerFrame { frame: Some(frame) }, &mut bytes);
        bytes
    };
    let hello = v1::ServerHello { protocol_version: protocol::PROTOCOL_VERSION, ..Default::default() };
    far.write_all(&bytes(server_frame::Frame::Hello(hello))).await.unwrap();
    while let Ok(Some(v1::ClientFrame { frame })) = reader.read().await {
        let Some(client_frame::Frame::Request(v1::Request { id, op, .. })) = frame else { continue };
        let is_search = matches!(op, Some(Op::SearchPeople(_)));
        let account = v1::Account { id: 1, username: "ada".into(), display_name: "x".repeat(2_500) };
        let person = v1::AccountView { account: Some(account), ..Default::default() };
        let result = Some(if is_search {
            response::Result::AccountPage(v1::AccountPage { people: vec![person], ..Default::default() })
        } else {
            response::Result::LoggedIn(v1::LoggedIn::default())
        });
        for part in bytes(server_frame::Frame::Response(v1::Response { id, result })).chunks(100) {
            far.write_all(part).await.unwrap();
            if is_search {
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_server_is_known_and_goes_on() {
    let server = Server::new(Duration::ZERO);
    let client = server.client().await;
    assert_eq!(client.server_now_ms(), Some(SERVER_TIME_MS));
    sleep(Duration::from_secs(90)).await;
    assert_eq!(client.server_now_ms(), Some(SERVER_TIME_MS + 90_000));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_greet_is_waited_for_as_long_as_the_caller_wants() {
    for seconds in [3, 30] {
        let server = Server::new(Duration::ZERO);
        let since = server.stop();
        let connect_timeout = Duration::from_secs(seconds);
        let dial = Dial::new(move || {
            let (near, far) = tokio::io::duplex(64 * 1024);
            tokio::spawn(server.clone().serve(far));
            near
        });
        let options = Options { connect_timeout, ..Options::within(dial) };
        let refused = Client::connect(options).await;
        assert!(matches!(refused, Err(ClientError::TimedOut { .. })), "{refused:?}");
        assert_eq!(since.elapsed().as_secs(), seconds);
    }
}

#[tokio::test]
async fn a_response_of_another_type_is_an_error() {
    let client = Server::new(Duration::ZERO).client().await;
    // The fake server answers it as if something was posted.
    let wrong = client.ask_op(Op::ListOnline(v1::ListOnline {}), None).await;
    assert!(matches!(wrong, Err(ClientError::Protocol { .. })), "{wrong:?}");
}
