//! The client with a real server in the same process: its promises when connections fail and servers restart.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use mini_tweet_client::{self as client, Client, ClientError, Dial, Endpoint, Options, State, Token};
use model::Error;
use protocol::connection::{FrameWriter, Limits, framed};
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::subscribe::Topic;
use protocol::v1::{client_frame, response, server_frame};
use server::config::{Config, LimitOptions};
use server::run::{Bound, Extras, serve};
use tempfile::TempDir;
use tokio::io::{DuplexStream, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const PASSWORD: &str = "correct horse 9";

struct Server {
    directory: TempDir,
    bound: Bound,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap(), SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    async fn on(directory: TempDir, listen: SocketAddr) -> Self {
        let config = Config {
            listen,
            data_dir: directory.path().join("data"),
            limits: LimitOptions {
                sign_ups_per_address: 0,
                new_account_posts: 0,
                requests_per_second: 0,
                ..LimitOptions::default()
            },
            ..Config::default()
        };
        Self::configured(config, directory).await
    }

    async fn configured(config: Config, directory: TempDir) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (ready, bound) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stop = async {
                // Dropping the sender stops the server too.
                let _ = stopped.await;
            };
            serve(config, stop, Extras { ready: Some(ready), ..Extras::default() }).await.unwrap();
        });
        Self { directory, bound: bound.await.unwrap(), stop, task }
    }

    fn options(&self) -> Options {
        let endpoint = Endpoint::parse(&self.bound.address.to_string()).unwrap();
        Options::new(endpoint, self.directory.path().join("known_hosts"))
    }

    async fn connect(&self) -> Client {
        Client::connect(self.options()).await.unwrap()
    }

    async fn member(&self, name: &str) -> (Client, Token) {
        let client = self.connect().await;
        let sign_up = v1::SignUp { username: name.into(), password: PASSWORD.into(), ..Default::default() };
        let logged_in = client.sign_up(sign_up).await.unwrap();
        (client, Token::from_bytes(logged_in.token))
    }

    /// With these settings.
    async fn with(config: Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::configured(Config { data_dir: directory.path().join("data"), ..config }, directory).await
    }

    /// Stops the server gracefully; returns its directory and address.
    async fn stop(self) -> (TempDir, SocketAddr) {
        drop(self.stop);
        self.task.await.unwrap();
        (self.directory, self.bound.address)
    }
}

fn post(text: &str) -> v1::Post {
    v1::Post { text: text.into(), ..Default::default() }
}

#[tokio::test]
async fn a_slow_reader_gets_everything_in_order() {
    let server = Server::start().await;
    let (ada, _) = server.member("ada").await;
    let mut live = ada.subscribe(Topic::Home(v1::HomeTopic {}), None).await.unwrap();
    let total = 2_500;
    let mut posted = Vec::new();
    for n in 0..total {
        posted.push(ada.ask(post(&format!("{n}"))).await.unwrap().id);
    }
    let mut seen = Vec::new();
    let mut gaps = 0;
    while seen.last() != posted.last() {
        match live.next().await.unwrap().event {
            Event::TweetPosted(posted) => seen.push(posted.tweet.unwrap().id),
            Event::Gap(_) => {
                gaps += 1;
                // Missed events are read from the timeline, as the protocol says.
                let from = seen.last().copied().unwrap_or(0);
                seen.extend(posted.iter().filter(|id| **id > from));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, posted);
    assert!(gaps <= 1, "{gaps} gaps");
}

#[tokio::test]
async fn a_cursor_that_the_server_does_not_know_is_a_gap_and_then_it_goes_on() {
    let server = Server::start().await;
    let (ada, _) = server.member("ada").await;
    // As after the server was restored from a backup.
    let mut live = ada.subscribe(Topic::Home(v1::HomeTopic {}), Some(u64::MAX >> 1)).await.unwrap();
    let mut next =
        async || tokio::time::timeout(Duration::from_secs(20), live.next()).await.unwrap().unwrap().event;
    assert!(matches!(next().await, Event::Gap(_)));
    ada.ask(post("after the gap")).await.unwrap();
    assert!(matches!(next().await, Event::TweetPosted(_)));
}

#[tokio::test]
async fn hundreds_of_concurrent_requests_all_get_a_response() {
    let server = Server::start().await;
    let (ada, _) = server.member("ada").await;
    let mut asking = tokio::task::JoinSet::new();
    for n in 0..500 {
        let ada = ada.clone();
        asking.spawn(async move { ada.ask(post(&format!("{n}"))).await.unwrap().id });
    }
    let mut ids = asking.join_all().await;
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 500);
}

#[tokio::test]
async fn a_post_with_the_same_key_is_made_once_also_from_another_client() {
    let server = Server::start().await;
    let (ada, token) = server.member("ada").await;
    let elsewhere = Client::connect(Options { token: Some(token), ..server.options() }).await.unwrap();
    let key = client::new_key();
    let first = ada.ask_with_key(post("once"), key.clone()).await.unwrap();
    let again = elsewhere.ask_with_key(post("once"), key.clone()).await.unwrap();
    assert_eq!(first, again);
    let other = elsewhere.ask_with_key(post("something else"), key).await;
    assert!(matches!(other, Err(ClientError::Refused(Error::IdempotencyConflict))), "{other:?}");
}

#[tokio::test]
async fn an_unexpected_server_key_is_refused_and_not_stored() {
    let server = Server::start().await;
    let pem = protocol::tls::Identity::generate_pem().unwrap();
    let other = protocol::tls::Identity::from_pem(&pem, &pem).unwrap().fingerprint();
    let refused = Client::connect(Options { fingerprint: Some(other), ..server.options() }).await;
    assert!(matches!(refused, Err(ClientError::KeyChanged { known, .. }) if known == other));
    assert!(!server.options().known_hosts.exists());
    let first = server.connect().await;
    assert_eq!(first.first_contact(), server.bound.fingerprint);
    assert_eq!(server.connect().await.first_contact(), None, "it is known now");
}

#[tokio::test]
async fn the_key_of_a_server_is_known_with_the_day_of_the_first_contact() {
    let server = Server::start().await;
    let fingerprint = server.bound.fingerprint.unwrap();
    // 2026-11-21 12:00 UTC, and a day later.
    let at = |now_ms| Options { now_ms: Some(now_ms), ..server.options() };
    for now_ms in [1_795_262_400_000, 1_795_348_800_000] {
        let key = Client::connect(at(now_ms)).await.unwrap().server_key().unwrap();
        assert_eq!(key.fingerprint, fingerprint);
        assert_eq!(key.since.map(|day| day.to_string()).as_deref(), Some("2026-11-21"));
    }
    // The line of a former version has no day.
    std::fs::write(server.options().known_hosts, format!("{} {fingerprint}\n", server.options().endpoint))
        .unwrap();
    let key = Client::connect(at(1_795_348_800_000)).await.unwrap().server_key().unwrap();
    assert_eq!((key.fingerprint, key.since), (fingerprint, None));
}

#[tokio::test]
async fn a_round_trip_is_measured_and_waits_for_a_lost_connection() {
    let server = Server::start().await;
    let (ada, _) = server.member("ada").await;
    let began = tokio::time::Instant::now();
    let times = [ada.round_trip().await.unwrap(), ada.round_trip().await.unwrap()];
    let all = began.elapsed();
    assert!(times.iter().all(|time| !time.is_zero() && *time <= all), "{times:?} in {all:?}");
    let (directory, address) = server.stop().await;
    let mut state = ada.state();
    state.wait_for(|state| matches!(state, State::Reconnecting { .. })).await.unwrap();
    let asking = tokio::spawn({
        let ada = ada.clone();
        async move { ada.round_trip().await }
    });
    let server = Server::on(directory, address).await;
    assert!(!asking.await.unwrap().unwrap().is_zero());
    drop(server);
}

#[tokio::test]
async fn a_client_stops_when_its_server_returns_with_another_key() {
    let server = Server::start().await;
    let (ada, _) = server.member("ada").await;
    let (directory, address) = server.stop().await;
    std::fs::rename(directory.path().join("data"), directory.path().join("old")).unwrap();
    let server = Server::on(directory, address).await;
    let refused = ada.ask(v1::ListOnline {}).await;
    assert!(matches!(refused, Err(ClientError::KeyChanged { .. })), "{refused:?}");
    let mut state = ada.state();
    state.wait_for(|state| matches!(state, State::Stopped(ClientError::KeyChanged { .. }))).await.unwrap();
    drop(server);
}

#[tokio::test]
async fn a_client_continues_after_a_restart_of_the_server() {
    let server = Server::start().await;
    let (ada, _) = server.member("ada").await;
    let mut live = ada.subscribe(Topic::Home(v1::HomeTopic {}), None).await.unwrap();
    let before = ada.ask(post("before")).await.unwrap().id;
    let (directory, address) = server.stop().await;
    ada.state().wait_for(|state| matches!(state, State::Reconnecting { .. })).await.unwrap();
    // The first poll queues the request while there is no connection.
    let mut asking = std::pin::pin!(ada.ask(post("while the server was down")));
    let first = std::future::poll_fn(|context| Poll::Ready(asking.as_mut().poll(context))).await;
    assert!(first.is_pending(), "{first:?}");
    let _server = Server::on(directory, address).await;
    let after = asking.await.unwrap().id;
    for expected in [before, after] {
        match live.next().await.unwrap().event {
            Event::TweetPosted(posted) => assert_eq!(posted.tweet.unwrap().id, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_session_that_was_ended_by_another_client_ends_here_too() {
    let server = Server::start().await;
    let (ada, token) = server.member("ada").await;
    let mut live = ada.subscribe(Topic::Home(v1::HomeTopic {}), None).await.unwrap();
    let elsewhere = Client::connect(Options { token: Some(token), ..server.options() }).await.unwrap();
    elsewhere.ask(v1::LogOut { everywhere: true }).await.unwrap();
    assert!(live.next().await.is_none());
    assert!(
        matches!(live.ended(), Some(ClientError::Refused(Error::Unauthenticated(_)))),
        "{:?}",
        live.ended()
    );
    let refused = ada.ask(v1::ListOnline {}).await;
    assert!(matches!(refused, Err(ClientError::Refused(Error::Unauthenticated(_)))), "{refused:?}");
}

#[tokio::test]
async fn every_wait_has_a_timeout() {
    let server = Server::start().await;
    let options = Options { timeout: Duration::from_millis(300), ..server.options() };
    let client = Client::connect(options).await.unwrap();
    let sign_up = v1::SignUp { username: "ada".into(), password: PASSWORD.into(), ..Default::default() };
    client.sign_up(sign_up).await.unwrap();
    let (_directory, address) = server.stop().await;
    assert!(matches!(client.ask(v1::ListOnline {}).await, Err(ClientError::TimedOut { .. })));
    let endpoint = Endpoint::parse(&address.to_string()).unwrap();
    let refused = Client::connect(Options::new(endpoint, "/nowhere/known_hosts".into())).await;
    assert!(matches!(refused, Err(ClientError::Unreachable { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_client_uses_any_stream_and_opens_another_when_one_is_lost() {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::with(Config { listen, insecure: true, ..Config::default() }).await;
    let address = server.bound.address;
    let carriers = Arc::new(Mutex::new(Vec::new()));
    let carried = carriers.clone();
    let dial = Dial::new(move || {
        let (near, mut far) = tokio::io::duplex(1_024);
        let carrier = tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            tokio::io::copy_bidirectional(&mut far, &mut stream).await
        });
        carried.lock().unwrap().push(carrier.abort_handle());
        near
    });
    let client = Client::connect(Options::within(dial)).await.unwrap();
    let sign_up = v1::SignUp { username: "ada".into(), password: PASSWORD.into(), ..Default::default() };
    client.sign_up(sign_up).await.unwrap();
    for n in 1..=3 {
        client.ask(post(&format!("{n}"))).await.unwrap();
        let last = carriers.lock().unwrap().last().cloned().unwrap();
        last.abort();
    }
    client.ask(post("again")).await.unwrap();
    assert_eq!(carriers.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_first_connection_to_a_server_that_is_shutting_down_is_retried() {
    let token = Token::from_bytes(vec![7; 32]);
    let connections = Arc::new(AtomicUsize::new(0));
    let dial = Dial::new({
        let connections = connections.clone();
        move || {
            let (near, far) = tokio::io::duplex(4_096);
            tokio::spawn(fake_server(far, connections.fetch_add(1, Ordering::Relaxed) == 0));
            near
        }
    });
    let options = Options { token: Some(token), ..Options::within(dial) };
    Client::connect(options).await.unwrap();
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_every_connection_is_asked_less_and_less_often() {
    let token = Token::from_bytes(vec![7; 32]);
    let (opened, mut connections) = tokio::sync::mpsc::unbounded_channel();
    let dial = Dial::new(move || {
        let (near, far) = tokio::io::duplex(4_096);
        let _ = opened.send(tokio::time::Instant::now());
        tokio::spawn(async move {
            let (mut reader, mut writer) = framed(far, Limits::of_frame_bytes(4_096));
            greet(&mut writer).await;
            while let Ok(Some(v1::ClientFrame { frame })) = reader.read().await {
                let Some(client_frame::Frame::Request(request)) = frame else { continue };
                accept(&mut writer, request.id).await;
                writer.queue(&say(server_frame::Frame::GoingAway(v1::GoingAway { reconnect_after_ms: 1 })));
                writer.flush().await.unwrap();
                return;
            }
        });
        near
    });
    let _client = Client::connect(Options { token: Some(token), ..Options::within(dial) }).await.unwrap();
    let first = connections.recv().await.unwrap();
    let mut last = first;
    for _ in 0..20 {
        last = connections.recv().await.unwrap();
    }
    assert!(last - first >= Duration::from_secs(60), "20 connections in {:?}", last - first);
}

fn say(frame: server_frame::Frame) -> v1::ServerFrame {
    v1::ServerFrame { frame: Some(frame) }
}

type Writer = FrameWriter<WriteHalf<DuplexStream>>;

async fn greet(writer: &mut Writer) {
    let hello = v1::ServerHello { protocol_version: protocol::PROTOCOL_VERSION, ..Default::default() };
    writer.queue(&say(server_frame::Frame::Hello(hello)));
    writer.flush().await.unwrap();
}

async fn accept(writer: &mut Writer, request: u32) {
    let result = Some(response::Result::LoggedIn(v1::LoggedIn::default()));
    writer.queue(&say(server_frame::Frame::Response(v1::Response { id: request, result })));
    writer.flush().await.unwrap();
}

/// A server that shuts down at once, or accepts every session.
async fn fake_server(stream: DuplexStream, is_shutting_down: bool) {
    let (mut reader, mut writer) = framed(stream, Limits::of_frame_bytes(4_096));
    greet(&mut writer).await;
    if is_shutting_down {
        writer.queue(&say(server_frame::Frame::GoingAway(v1::GoingAway { reconnect_after_ms: 1 })));
        writer.flush().await.unwrap();
        return;
    }
    while let Ok(Some(v1::ClientFrame { frame })) = reader.read().await {
        if let Some(client_frame::Frame::Request(request)) = frame {
            accept(&mut writer, request.id).await;
        }
    }
}

#[tokio::test]
async fn a_session_that_the_server_ends_is_not_a_lost_connection() {
    let server = Server::start().await;
    let client = Client::connect(server.options()).await.unwrap();
    let sign_up = v1::SignUp { username: "ada".into(), password: PASSWORD.into(), ..Default::default() };
    client.sign_up(sign_up).await.unwrap();
    let mut state = client.state();
    let other = Client::connect(server.options()).await.unwrap();
    other.log_in(v1::LogIn { username: "ada".into(), password: PASSWORD.into() }).await.unwrap();
    other.ask(v1::LogOut { everywhere: true }).await.unwrap();
    state.changed().await.unwrap();
    let State::SignedOut(why) = state.borrow().clone() else { panic!("{:?}", *state.borrow()) };
    assert_eq!(why.to_string(), "your session has ended, log in again");
}

#[tokio::test]
async fn a_client_within_a_server_ends_with_it() {
    let dial = Dial::new(|| {
        let (near, far) = tokio::io::duplex(4_096);
        tokio::spawn(async move {
            let (mut reader, mut writer) = framed(far, Limits::of_frame_bytes(4_096));
            greet(&mut writer).await;
            let _: Result<Option<v1::ClientFrame>, _> = reader.read().await;
            writer.queue(&say(server_frame::Frame::GoingAway(v1::GoingAway { reconnect_after_ms: 1 })));
            writer.flush().await.unwrap();
        });
        near
    });
    let options = Options { ends_with_server: true, ..Options::within(dial) };
    let client = Client::connect(options).await.unwrap();
    let mut state = client.state();
    state.wait_for(|state| matches!(state, State::Stopped(_))).await.unwrap();
    let refused = client.ask(v1::ListOnline {}).await;
    assert!(matches!(refused, Err(ClientError::Refused(Error::GoingAway))), "{refused:?}");
}
