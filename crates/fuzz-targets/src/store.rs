//! A little server in this process that hostile bytes are thrown at: real store, real service, no sockets.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use gateway::in_process::{PeerConnector, channel};
use gateway::limits::{ConnectionLimiter, ConnectionLimits, ReadLimiter, RequestRates};
use gateway::native::{NativeGateway, Times, serve_in_process};
use model::limits::QUERY_BYTES_MAX;
use model::{AccountId, DisplayName, Hashtag, NewTweet, Password, Span, TweetText, Username, Visibility};
use service::live::LiveConfig;
use service::timeline::Limits;
use service::{Argon2Cost, Caller, Service, ServiceConfig, ServiceParts, SignUp, SignUpMode};
use store::env::{SystemClock, SystemRandom};
use store::sqlite::{DATABASE, SqliteOptions, SqliteStore};
use store::{Store, Timeline};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// The least that argon2 takes: these hashes protect nobody.
pub(crate) const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 8, passes: 1, lanes: 1 };

/// The server with one member.
pub(crate) struct FuzzServer {
    pub(crate) runtime: Runtime,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) door: PeerConnector,
    pub(crate) member: AccountId,
    _stop: watch::Sender<bool>,
    _directory: TempDir,
}

/// Made once a process.
pub(crate) fn server() -> &'static FuzzServer {
    static SERVER: OnceLock<FuzzServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let directory = directory();
        let (store, door, member, stop) = runtime.block_on(found(&directory));
        FuzzServer { runtime, store, door, member, _stop: stop, _directory: directory }
    })
}

/// In memory where there is such a place: a million commits need no disk here.
pub(crate) fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

async fn found(directory: &TempDir) -> (Arc<SqliteStore>, PeerConnector, AccountId, watch::Sender<bool>) {
    let clock = Arc::new(SystemClock);
    let path = directory.path().join("data").join(DATABASE);
    let (store, events) =
        SqliteStore::open(&path, &SqliteOptions::default(), clock.clone()).expect("a new store");
    let store = Arc::new(store);
    let service = Service::start(ServiceParts {
        store: store.clone(),
        events,
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
        timelines: Limits::default(),
    });
    let service = service.await.expect("a service");
    let live = service.live().clone();
    let wish = SignUp {
        username: Username::parse("member").expect("a name"),
        display_name: DisplayName::default(),
        password: Password::parse_new("password", "correct horse 9".into()).expect("a password"),
        invite_code: None,
        client_name: "hostile".into(),
    };
    let anyone = Caller::Anonymous(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let member = service.sign_up(&anyone, wish).await.expect("a member");
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
    let limits = ConnectionLimits { total: 100, per_address: 100, unauthenticated_per_address: 100 };
    let (stop, stopping) = watch::channel(false);
    let gateway = Arc::new(NativeGateway {
        service,
        live,
        random: Arc::new(SystemRandom),
        connections: ConnectionLimiter::new(limits),
        rates: RequestRates::new(0, 1),
        turns: ReadLimiter::new(8, None),
        stranger_mentions: 0,
        new_account_posts: 0,
        times: Times::default(),
        server_name: "Hostile".into(),
        sign_up: SignUpMode::Open,
        requests: AtomicU64::new(0),
        stopping,
    });
    let (connector, listener) = channel();
    tokio::spawn(serve_in_process(gateway, listener));
    (store, connector.at(IpAddr::V4(Ipv4Addr::LOCALHOST)), member.profile.account.id, stop)
}

/// Different at each call.
pub(crate) fn number() -> u64 {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// Any query is answered: nothing in it is syntax to the database.
pub(crate) fn search(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let query = text.get(..text.floor_char_boundary(QUERY_BYTES_MAX)).unwrap_or_default();
    let FuzzServer { runtime, store, member, .. } = server();
    runtime.block_on(async {
        let tweets = store.timeline(&Timeline::Search(query.to_owned()), Span::Latest, 10).await;
        let people = store.search_people(*member, query, 10).await;
        let hashtags = store.search_hashtags(query, 10).await;
        assert!(tweets.is_ok() && people.is_ok() && hashtags.is_ok(), "{tweets:?} {people:?} {hashtags:?}");
        if let Ok(tag) = Hashtag::parse(query) {
            let tagged = store.timeline(&Timeline::Hashtag(tag), Span::Latest, 10).await;
            assert!(tagged.is_ok(), "{tagged:?}");
        }
    });
}
