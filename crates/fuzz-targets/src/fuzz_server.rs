//! A server within the process for the fuzz targets: the real store, service and native gateway, and no sockets.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gateway::GatewayLimits;
use gateway::in_process::PeerConnector;
use gateway::native::NativeConfig;
use model::{AccountId, DisplayName, NewTweet, Password, TweetText, Username, Visibility};
use server::assembly::{Server, ServerParts};
use service::live::LiveConfig;
use service::{Argon2Cost, Caller, Service, ServiceConfig, ServiceParts, SignUp, timeline};
use store::Options;
use store::env::{SystemClock, SystemRandom};
use store::sqlite::{DATABASE, SqliteStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The cheapest cost that argon2 accepts: these hashes protect nothing.
pub(crate) const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 8, passes: 1, parallelism: 1 };

/// A server with one account.
pub(crate) struct FuzzServer {
    pub(crate) runtime: Runtime,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) connector: PeerConnector,
    pub(crate) member: AccountId,
    _server: Server,
    _directory: TempDir,
}

/// The server of this process, which the first call starts.
pub(crate) fn server() -> &'static FuzzServer {
    static SERVER: OnceLock<FuzzServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let directory = directory();
        let (store, server) = runtime.block_on(assemble(&directory));
        let member = runtime.block_on(populate(&server.service));
        let (connector, serve_in_process) = server.in_process();
        runtime.spawn(serve_in_process);
        let connector = connector.for_peer(IpAddr::V4(Ipv4Addr::LOCALHOST));
        FuzzServer { runtime, store, connector, member, _server: server, _directory: directory }
    })
}

/// A temporary directory, in memory where possible: a million commits need no disk here.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

async fn assemble(directory: &TempDir) -> (Arc<SqliteStore>, Server) {
    let clock = Arc::new(SystemClock);
    let path = directory.path().join("data").join(DATABASE);
    let store = SqliteStore::open(&path, &Options::default(), clock.clone()).expect("a new store");
    let store = Arc::new(store);
    let server = Server::assemble(ServerParts {
        service: ServiceParts {
            store: store.clone(),
            clock,
            random: Arc::new(SystemRandom),
            config: ServiceConfig {
                argon2: CHEAP,
                sign_ups_per_address: 0,
                login_failures_per_address: 0,
                login_answer_after: Duration::ZERO,
                ..ServiceConfig::default()
            },
            live: LiveConfig::default(),
            timelines: timeline::Limits::default(),
        },
        gateways: GatewayLimits::unlimited(),
        native: NativeConfig::default(),
    });
    (store, server.await.expect("a server"))
}

/// Signs up one account and posts a few tweets for the search.
async fn populate(service: &Service) -> AccountId {
    let sign_up = SignUp {
        username: Username::parse("member").expect("a username"),
        display_name: DisplayName::default(),
        password: Password::parse_new("password", "correct horse 9".into()).expect("a password"),
        invite_code: None,
        client_name: "fuzz".into(),
    };
    let anonymous = Caller::Anonymous(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let member = service.sign_up(&anonymous, sign_up).await.expect("an account");
    for text in ["the quick brown fox #jumps", "over the lazy \"dog\" @member", "日本語 héllo wörld 🦊"]
    {
        let tweet = NewTweet {
            text: TweetText::parse(text).expect("a text"),
            visibility: Visibility::Public,
            reply_to: None,
            quote_of: None,
        };
        service.post(&member.caller(), None, tweet).await.expect("a tweet");
    }
    member.profile.account.id
}

/// A number that no earlier call returned.
pub(crate) fn number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}
