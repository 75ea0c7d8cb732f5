//! A server with an ssh gateway, an application for tests, and ssh clients.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use protocol::connection::{Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::v1::{client_frame, request, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use russh::client::{self, AuthResult, KeyboardInteractiveAuthResponse as Interactive};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{Channel, ChannelMsg};
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::in_process::{self, PeerConnector};
use crate::limits::ConnectionLimits;
use crate::native::{NativeConfig, NativeGateway, serve_in_process};
use crate::shared::{GatewayLimits, Shared};
use crate::ssh::{
    HostKey, SshApp, SshCommand, SshConfig, SshGateway, SshSession, SshTerminal, SshTimeouts, serve_ssh,
};
use service::test_support::{TestServer, TestUser};
use store::env::SystemRandom;

/// Far longer than anything here takes.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for something that happens soon, or fails the test.
pub(super) async fn soon<T>(what: &str, happens: impl Future<Output = T>) -> T {
    timeout(DEADLINE, happens).await.unwrap_or_else(|_| panic!("timed out: {what}"))
}

/// Restores the terminal of the application.
pub(super) const RESTORE: &str = "\x1b[?1049l";

/// The application of these tests: the first word of a command decides what it does.
#[derive(Debug, Default)]
pub(super) struct FakeApp {
    /// Running instances.
    pub(super) running: AtomicUsize,
    /// Bytes that `flood` has written.
    pub(super) flooded: AtomicU64,
    /// A write of `flood` had to wait.
    pub(super) waited: Notify,
    /// `deaf` may take its input.
    pub(super) listen: Notify,
}

struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl SshApp for FakeApp {
    /// Shows its size, then echoes input. `p` panics, `q` quits, `d` takes no input until allowed, `s` never ends, `r`
    /// restores the terminal and quits.
    async fn terminal(&self, _: SshSession, mut terminal: SshTerminal) {
        let _running = Running::new(&self.running);
        terminal.output.restore_at_end(RESTORE);
        let (columns, rows) = *terminal.size.borrow_and_update();
        let colours = terminal.environment.colorterm.clone().unwrap_or_default();
        let hello = format!("{columns}x{rows} {} {colours};", terminal.term);
        let _ = terminal.output.write(hello).await;
        loop {
            tokio::select! {
                typed = terminal.input.recv() => match typed.as_deref() {
                    None => {
                        let _ = terminal.output.write("bye;").await;
                        return;
                    }
                    Some(b"q") => return,
                    Some(b"r") => {
                        let _ = terminal.output.write(format!("left;{RESTORE}")).await;
                        return;
                    }
                    Some(b"p") => panic!("as the test wants it"),
                    Some(b"s") => std::future::pending().await,
                    Some(b"d") => {
                        let _ = terminal.output.write("deaf;").await;
                        self.listen.notified().await;
                        let (mut packets, mut bytes) = (0, 0);
                        while let Ok(packet) = terminal.input.try_recv() {
                            packets += 1;
                            bytes += packet.len();
                        }
                        let _ = terminal.output.write(format!("{packets} packets {bytes} bytes;")).await;
                    }
                    Some(typed) => {
                        let _ = terminal.output.write(typed.to_vec()).await;
                    }
                },
                Ok(()) = terminal.size.changed() => {
                    let (columns, rows) = *terminal.size.borrow_and_update();
                    let _ = terminal.output.write(format!("{columns}x{rows};")).await;
                }
            }
        }
    }

    async fn command(&self, session: SshSession, mut command: SshCommand) -> u32 {
        let _running = Running::new(&self.running);
        let words: Vec<_> = command.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["who"] => {
                let who = session.username.as_deref().unwrap_or("guest");
                let offered = session.offered_key.as_deref().unwrap_or("no key");
                let token = if session.token.is_some() { "token" } else { "no token" };
                let refused = session.refused.map_or_else(String::new, |why| format!(", {why}"));
                let _ = command.stdout.write(format!("{who}, {token}, {offered}{refused}")).await;
                0
            }
            ["connect"] => {
                let said = log_in_through(&session.connector, session.token).await;
                let _ = command.stdout.write(said).await;
                0
            }
            ["exit", code] => {
                let _ = command.stderr.write("as you like").await;
                code.parse().unwrap()
            }
            ["cat"] => {
                while let Some(bytes) = command.input.recv().await {
                    let _ = command.stdout.write(bytes).await;
                }
                0
            }
            ["deaf"] => std::future::pending().await,
            ["panic"] => panic!("as the test wants it"),
            ["flood"] => {
                let bytes = Bytes::from(vec![b'x'; 64 * 1024]);
                for _ in 0..256 {
                    let write = command.stdout.write(bytes.clone());
                    tokio::pin!(write);
                    if timeout(Duration::from_millis(100), &mut write).await.is_err() {
                        self.waited.notify_one();
                        if write.await.is_err() {
                            return 1;
                        }
                    }
                    self.flooded.fetch_add(64 * 1024, Ordering::SeqCst);
                }
                0
            }
            words => {
                let _ = command.stdout.write(format!("{words:?}")).await;
                0
            }
        }
    }
}

/// Connects within the process and authenticates with the token, if any: the username, or the error.
pub(super) async fn log_in_through(connector: &PeerConnector, token: Option<[u8; 32]>) -> String {
    let (mut reader, mut writer) =
        framed(connector.connect(), Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
    let frame = |frame| v1::ClientFrame { frame: Some(frame) };
    let hello = v1::ClientHello { protocol_version: PROTOCOL_VERSION, client_name: "app".into() };
    writer.queue(&frame(client_frame::Frame::Hello(hello)));
    let op = match token {
        Some(token) => request::Op::Authenticate(v1::Authenticate { token: token.to_vec().into() }),
        None => request::Op::ListSessions(v1::ListSessions {}),
    };
    let request = v1::Request { id: 1, op: Some(op), ..v1::Request::default() };
    writer.queue(&frame(client_frame::Frame::Request(request)));
    writer.flush().await.unwrap();
    while let Some(frame) = reader.read::<v1::ServerFrame>().await.unwrap() {
        match frame.frame {
            Some(server_frame::Frame::Response(v1::Response { result: Some(result), .. })) => {
                return match result {
                    response::Result::LoggedIn(it) => it.profile.unwrap().account.unwrap().username,
                    response::Result::Error(error) => format!("{:?}", error.code()),
                    other => format!("{other:?}"),
                };
            }
            Some(server_frame::Frame::Fatal(error)) => return format!("fatal {:?}", error.code()),
            _ => {}
        }
    }
    "closed".to_owned()
}

pub(super) struct SshFixture {
    pub(super) server: TestServer,
    pub(super) app: Arc<FakeApp>,
    pub(super) address: SocketAddr,
    pub(super) gateway: Arc<SshGateway>,
    pub(super) stop: watch::Sender<bool>,
    pub(super) serving: tokio::task::JoinHandle<()>,
}

impl SshFixture {
    pub(super) async fn new() -> Self {
        Self::with(SshTimeouts::default(), 100).await
    }

    pub(super) async fn with(timeouts: SshTimeouts, per_address: u32) -> Self {
        let server = TestServer::new().await;
        let connections =
            ConnectionLimits { total: 100, per_address, unauthenticated_per_address: per_address };
        let (stop, stopping) = watch::channel(false);
        let limits = GatewayLimits { connections, ..GatewayLimits::unlimited() };
        let shared = Shared::new(limits, Arc::new(SystemRandom), stopping);
        let native = NativeGateway::new(shared.clone(), server.service.clone(), NativeConfig::default());
        let (connector, in_process) = in_process::channel();
        tokio::spawn(serve_in_process(native, in_process));
        let app = Arc::new(FakeApp::default());
        let config = SshConfig { connections, host_key: HostKey::from_seed(&[7; 32]).unwrap(), timeouts };
        let gateway = SshGateway::new(shared, server.service.clone(), connector, app.clone(), config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve_ssh(gateway.clone(), listener));
        Self { server, app, address, gateway, stop, serving }
    }

    /// A client that has not authenticated.
    pub(super) async fn connect(&self) -> Client {
        self.try_connect(client::Config::default()).await.unwrap()
    }

    pub(super) async fn try_connect(&self, config: client::Config) -> Result<Client, russh::Error> {
        let session = client::connect(Arc::new(config), self.address, AnyServer).await?;
        Ok(Client { session })
    }

    pub(super) async fn connect_over(&self, stream: DuplexStream) -> Client {
        let config = Arc::new(client::Config::default());
        Client { session: client::connect_stream(config, stream, AnyServer).await.unwrap() }
    }

    pub(super) async fn guest(&self) -> Client {
        let mut client = self.connect().await;
        assert!(client.enter_as_guest().await);
        client
    }

    /// A client with a key that is bound to an account.
    pub(super) async fn with_key(&self, number: u8) -> Client {
        let mut client = self.connect().await;
        assert!(client.prove(&key(number)).await);
        client
    }

    pub(super) async fn bind(&self, person: &TestUser<'_>, number: u8) {
        let line = key(number).public_key().to_openssh().unwrap();
        let name = model::SshKeyName::default();
        self.server.service.add_ssh_key(&person.caller, None, &line, name, None).await.unwrap();
    }

    /// Waits until a condition holds.
    pub(super) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let check = async {
            while !holds() {
                tokio::task::yield_now().await;
            }
        };
        soon(what, check).await;
    }
}

/// Always the same key for the same number.
pub(super) fn key(number: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[number; 32]))
}

pub(super) struct AnyServer;

impl client::Handler for AnyServer {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let expected = PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]));
        Ok(key.key_data() == expected.public_key().key_data())
    }
}

pub(super) struct Client {
    pub(super) session: client::Handle<AnyServer>,
}

impl Client {
    /// Proves a key; whether it authenticates.
    pub(super) async fn prove(&mut self, key: &PrivateKey) -> bool {
        let key = PrivateKeyWithHashAlg::new(Arc::new(key.clone()), None);
        let shown = soon("an answer to a key", self.session.authenticate_publickey("anyone", key)).await;
        shown.unwrap() == AuthResult::Success
    }

    pub(super) async fn enter_as_guest(&mut self) -> bool {
        let asked = self.session.authenticate_keyboard_interactive_start("anyone", None).await.unwrap();
        let Interactive::InfoRequest { prompts, .. } = asked else { return false };
        assert!(prompts.is_empty(), "the challenge is empty");
        let answered = self.session.authenticate_keyboard_interactive_respond(Vec::new()).await.unwrap();
        matches!(answered, Interactive::Success)
    }

    pub(super) async fn channel(&self) -> Channel<client::Msg> {
        self.session.channel_open_session().await.unwrap()
    }

    pub(super) async fn terminal(&self, columns: u32, rows: u32) -> Screen {
        let channel = self.channel().await;
        channel.request_pty(true, "xterm-test", columns, rows, 0, 0, &[]).await.unwrap();
        channel.request_shell(true).await.unwrap();
        Screen { channel, shown: String::new() }
    }

    /// Runs a command to its end.
    pub(super) async fn run(&self, line: &str) -> Ended {
        let channel = self.channel().await;
        channel.exec(true, line).await.unwrap();
        Ended::of(channel).await
    }
}

/// How a command ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) code: Option<u32>,
}

impl Ended {
    pub(super) async fn of(mut channel: Channel<client::Msg>) -> Self {
        let mut ended = Self::default();
        while let Some(message) = soon("the end of a command", channel.wait()).await {
            match message {
                ChannelMsg::Data { data } => ended.stdout += &String::from_utf8_lossy(&data),
                ChannelMsg::ExtendedData { data, .. } => ended.stderr += &String::from_utf8_lossy(&data),
                ChannelMsg::ExitStatus { exit_status } => ended.code = Some(exit_status),
                _ => {}
            }
        }
        ended
    }
}

/// The terminal of a client.
pub(super) struct Screen {
    pub(super) channel: Channel<client::Msg>,
    pub(super) shown: String,
}

impl Screen {
    pub(super) async fn types(&self, text: &str) {
        self.channel.data(text.as_bytes()).await.unwrap();
    }

    /// Reads until this text is shown; returns the output before it.
    pub(super) async fn shows(&mut self, text: &str) -> String {
        let found = async {
            loop {
                if let Some(at) = self.shown.find(text) {
                    let before = self.shown.drain(..at + text.len()).take(at).collect();
                    return before;
                }
                match self.channel.wait().await {
                    Some(ChannelMsg::Data { data }) => self.shown += &String::from_utf8_lossy(&data),
                    Some(_) => {}
                    None => panic!("the channel closed after {:?}", self.shown),
                }
            }
        };
        timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("timed out waiting for {text:?}"))
    }

    pub(super) async fn ends(self) -> Ended {
        let mut ended = Ended::of(self.channel).await;
        ended.stdout.insert_str(0, &self.shown);
        ended
    }
}
