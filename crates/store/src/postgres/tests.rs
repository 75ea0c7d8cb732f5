//! The store of a cluster on a real PostgreSQL server.

mod crashes;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use model::{AccountId, Error, Span, TweetId};
use tempfile::TempDir;

use super::connection::connect;
use super::log::PostgresLog;
use super::{open, schema};
use crate::conformance::{StoreFixture, conformance_suite};
use crate::shared_log::{LogEntry, SharedLog as _};
use crate::sqlite::copy::Copy;
use crate::test_support::postgres::Postgres;
use crate::test_support::{TestClock, account, tweet, username};
use crate::{
    AttemptWindow, Change, CountedAttempts, Engine, Options, PostgresUrl, StoreUrl, Timeline, from_postgres,
    to_postgres,
};

/// The server that other tests of this process use at the moment, or a new one. Each test has a schema of its own.
pub(super) fn server() -> Arc<Postgres> {
    static SERVER: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let started = Arc::new(Postgres::start());
        *shared = Arc::downgrade(&started);
        started
    })
}

/// Nodes of a cluster with an empty network.
struct Cluster {
    server: Arc<Postgres>,
    url: String,
    clock: Arc<TestClock>,
    directory: TempDir,
}

impl Cluster {
    fn new() -> Self {
        let server = server();
        Self { url: server.empty(), server, clock: TestClock::new(), directory: tempfile::tempdir().unwrap() }
    }

    fn schema(&self) -> &str {
        self.url.rsplit("%3D").next().unwrap()
    }

    async fn node(&self, name: &str) -> Arc<dyn Engine> {
        let (url, clock) = (self.url.parse().unwrap(), self.clock.clone());
        let data = self.directory.path().join(name);
        open(&url, &data, &Options::default(), clock.clone(), Some(clock)).await.unwrap()
    }
}

async fn fixture_of(cluster: Cluster) -> StoreFixture {
    let (store, clock) = (cluster.node("a").await, cluster.clock.clone());
    let kept = store.clone();
    let reopen = async move || {
        kept.close().await;
        drop(kept);
        fixture_of(cluster).await
    };
    StoreFixture::new(store, clock, Box::new(|| Box::pin(reopen())))
}

async fn fixture() -> StoreFixture {
    fixture_of(Cluster::new()).await
}

conformance_suite!(all_cases fixture);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_suite_passes() {
    let _server = server();
    all_cases().await;
}

async fn texts(node: &Arc<dyn Engine>, author: AccountId) -> usize {
    node.timeline(&Timeline::User(author), Span::Latest, 100).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_acknowledges_all_have_also_later_ones() {
    let cluster = Cluster::new();
    let (a, b) = tokio::join!(cluster.node("a"), cluster.node("b"));
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    for n in 0..20 {
        let node = if n % 2 == 0 { &a } else { &b };
        let post = Change::Post { author: ada, tweet: tweet(&n.to_string()) };
        node.apply(post, None).await.unwrap();
        assert_eq!(texts(node, ada).await, n + 1);
    }
    let late = cluster.node("c").await;
    assert_eq!(texts(&late, ada).await, 20);
    assert!(matches!(late.apply(account("ada"), None).await, Err(Error::AlreadyExists(_))));
    // A node that comes back has followed, and one whose copy is gone gets a new one.
    a.close().await;
    drop(a);
    late.apply(Change::Post { author: ada, tweet: tweet("more") }, None).await.unwrap();
    let again = cluster.node("a").await;
    assert_eq!(texts(&again, ada).await, 21);
    again.close().await;
    drop(again);
    std::fs::remove_dir_all(cluster.directory.path().join("a")).unwrap();
    assert_eq!(texts(&cluster.node("a").await, ada).await, 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_that_lost_changes_no_node_keeps_them() {
    let mut server = Postgres::start();
    let (clock, directory) = (TestClock::new(), tempfile::tempdir().unwrap());
    let url = server.empty().parse().unwrap();
    let node = async |name: &str| {
        let data = directory.path().join(name);
        open(&url, &data, &Options::default(), clock.clone(), Some(clock.clone())).await.unwrap()
    };
    let (a, b, c) = (node("a").await, node("b").await, node("c").await);
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    let post = |text: &str| Change::Post { author: ada, tweet: tweet(text) };
    a.apply(post("kept"), None).await.unwrap();
    c.session_by_token(&[0; 32]).await.unwrap();
    c.close().await;
    drop(c);
    let standby = tokio::task::block_in_place(|| server.base_backup());
    a.apply(post("lost"), None).await.unwrap();
    // Signing in waits for all that is in the log.
    b.session_by_token(&[0; 32]).await.unwrap();
    assert_eq!(texts(&b, ada).await, 2);
    b.close().await;
    drop(b);
    tokio::task::block_in_place(|| server.fail_over(&standby));
    // It notices by itself.
    a.failed().await;
    a.close().await;
    drop(a);
    clock.advance_ms(60_000);
    let a = node("a").await;
    assert_eq!(texts(&a, ada).await, 1);
    a.apply(post("after"), None).await.unwrap();
    // The log has gone on past what this one has, and this one has nothing that was lost.
    for name in ["b", "c"] {
        let node = node(name).await;
        assert_eq!(texts(&node, ada).await, 2, "{name}");
        node.apply(post(name), None).await.unwrap();
        node.apply(Change::DeleteTweet { author: ada, tweet: newest(&node, ada).await }, None).await.unwrap();
    }
}

async fn newest(node: &Arc<dyn Engine>, author: AccountId) -> TweetId {
    node.timeline(&Timeline::User(author), Span::Latest, 1).await.unwrap().pop().unwrap().tweet
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_go_on_after_hours_without_a_change() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a").await, cluster.node("b").await);
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    for n in 1..=3 {
        cluster.clock.advance_ms(2 * 60 * 60 * 1_000);
        a.apply(Change::Post { author: ada, tweet: tweet("morning") }, None).await.unwrap();
        b.session_by_token(&[0; 32]).await.unwrap();
        assert_eq!(texts(&b, ada).await, n);
    }
    let left = cluster.server.sql(&format!("SELECT count(*) FROM {}.log", cluster.schema()));
    assert!(left.trim().parse::<u32>().unwrap() <= 2, "old entries stay: {left}");
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_refused_in_one_line_and_not_touched() {
    let server = Postgres::start();
    let directory = tempfile::tempdir().unwrap();
    let refused = async |url: &str| {
        let clock = TestClock::new();
        let opened =
            open(&url.parse().unwrap(), &directory.path().join("data"), &Options::default(), clock, None)
                .await;
        let error = opened.unwrap_err().to_string();
        assert!(!error.contains('\n') && !error.contains("secret"), "{error}");
        error
    };
    let foreign = server.empty();
    server.sql("CREATE TABLE test_0.wiki (page text)");
    assert!(refused(&foreign).await.contains("tables of another program"));
    let newer = server.empty();
    let made = Copy::new(&directory.path().join("made").join("copy.db"), 1).unwrap();
    let tables = made.tables().unwrap();
    let (client, link) = connect(&newer.parse().unwrap()).await.unwrap();
    tokio::spawn(link.run());
    schema::create(&client, &tables).await.unwrap();
    server.sql(
        "INSERT INTO test_1.cluster VALUES ('x', 1000); INSERT INTO test_1.log_head VALUES (true, 1, 1)",
    );
    assert!(refused(&newer).await.contains("use the version of the other nodes"));
    server.sql("CREATE ROLE reader LOGIN; CREATE SCHEMA locked; GRANT USAGE ON SCHEMA locked TO reader");
    let denied = server.empty().replace("postgres@", "reader:secret@").replace("test_2", "locked");
    assert!(refused(&denied).await.contains("permission denied"), "{}", refused(&denied).await);
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    assert!(refused(&format!("{}/latin", server.url().trim_end_matches("/postgres"))).await.contains("UTF8"));
    assert!(refused("postgres://postgres:secret@127.0.0.1:1/x").await.contains("refused"));
    let tables = server.sql("SELECT count(*) FROM pg_tables WHERE schemaname IN ('test_0', 'locked')");
    assert_eq!(tables.trim(), "1");
    let unsafe_server = Postgres::start_with(&["fsync=off"]);
    assert!(refused(&unsafe_server.empty()).await.contains("fsync is off"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_let_us_in_is_refused_in_one_line() {
    let mut server = Postgres::start();
    let directory = tempfile::tempdir().unwrap();
    let refused = async |url: &str| {
        let (data, clock) = (directory.path().join("data"), TestClock::new());
        let opened = open(&url.parse().unwrap(), &data, &Options::default(), clock, None).await;
        let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(!error.contains('\n') && !error.contains("secret"), "{error}");
        error
    };
    server.sql("CREATE ROLE mt LOGIN PASSWORD 'right secret'");
    server.demand_password("mt");
    let url = server.empty().replace("postgres@", "mt:wrong%20secret@");
    let mut error = String::new();
    until("the password is demanded", async || {
        error = refused(&url).await;
        error.contains("password")
    })
    .await;
    assert!(error.contains("password authentication failed for user \"mt\""), "{error}");

    let certificate = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let file = directory.path().join(name);
        std::fs::write(&file, made.cert.pem()).unwrap();
        (file.to_str().unwrap().to_owned(), made.cert.pem(), made.signing_key.serialize_pem())
    };
    let ((good, pem, key), (other, ..)) = (certificate("good.pem"), certificate("other.pem"));
    let with = |file: &str| format!("{}&sslmode=require&sslrootcert={file}", server.empty());
    assert!(
        refused(&with(&good)).await.contains("server does not support TLS"),
        "{}",
        refused(&with(&good)).await
    );
    server.offer_tls(&pem, &key);
    let url = with(&good);
    until("connections are encrypted", async || refused(&url).await.is_empty()).await;
    std::fs::remove_dir_all(directory.path().join("data")).unwrap();
    assert!(
        refused(&with(&other)).await.contains("invalid peer certificate"),
        "{}",
        refused(&with(&other)).await
    );
    let missing = refused(&with("/nowhere/ca.pem")).await;
    assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
    assert!(!directory.path().join("data").exists());

    let standby = tokio::task::block_in_place(|| server.base_backup());
    std::fs::write(standby.join("standby.signal"), "").unwrap();
    tokio::task::block_in_place(|| server.fail_over(&standby));
    let error = refused(&url).await;
    assert!(error.contains("name the primary"), "{error}");
    // Of several it takes the one that can be written to.
    let primary = Postgres::start();
    let both = format!("postgres://postgres@{},{}/postgres", server.address(), primary.address());
    assert_eq!(refused(&both).await, "");
    assert_eq!(primary.sql("SELECT count(*) FROM cluster").trim(), "1");
}

/// Waits until the condition holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !holds().await {
        assert!(std::time::Instant::now() < end, "timed out waiting until {what}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_at_a_time_carries_out_periodic_work() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a").await, cluster.node("b").await);
    assert!(a.is_maintainer().await);
    assert!(!b.is_maintainer().await);
    assert!(a.is_maintainer().await && !b.is_maintainer().await, "it stays");
    a.close().await;
    until("the other one takes over", async || b.is_maintainer().await).await;
    // Its connection is lost, and with it the lock.
    let c = cluster.node("c").await;
    cluster.server.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1",
    );
    until("one has it", async || c.is_maintainer().await).await;
    assert!(!b.is_maintainer().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_count_for_all_nodes_until_their_window_has_passed() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a").await, cluster.node("b").await);
    let (a, b) = (a.attempts().unwrap(), b.attempts().unwrap());
    let window = |seconds, is_sliding| AttemptWindow {
        kind: "test",
        length: std::time::Duration::from_secs(seconds),
        is_sliding,
    };
    let long = window(3_600, true);
    let numbers = |counted: CountedAttempts| (counted.count, counted.pending);
    assert_eq!(numbers(a.begin(long, "x").await.unwrap()), (0, 0));
    assert_eq!(numbers(b.begin(long, "x").await.unwrap()), (0, 1));
    a.finish(long, "x", true).await;
    b.finish(long, "x", false).await;
    let third = a.begin(long, "x").await.unwrap();
    assert_eq!(numbers(third), (1, 0));
    assert!(third.since_last <= third.since_first && third.since_first < std::time::Duration::from_secs(600));
    a.finish(long, "x", false).await;
    assert_eq!(numbers(b.begin(long, "y").await.unwrap()), (0, 0), "another key");
    b.finish(long, "y", false).await;
    let rows = || cluster.server.sql(&format!("SELECT count(*) FROM {}.throttle", cluster.schema()));
    assert_eq!(rows().trim(), "1", "what counts nothing is not stored");
    b.forget(long, "x").await;
    assert_eq!(rows().trim(), "0");

    let short = window(1, false);
    a.begin(short, "x").await.unwrap();
    a.finish(short, "x", true).await;
    until("the window has passed", async || numbers(b.begin(short, "x").await.unwrap()) == (0, 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_is_made_again() {
    let cluster = Cluster::new();
    let a = cluster.node("a").await;
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    a.apply(Change::Post { author: ada, tweet: tweet("hello") }, None).await.unwrap();
    a.close().await;
    drop(a);
    for damage in [&b""[..], b"no database", &[0x53; 10_000]] {
        std::fs::write(cluster.directory.path().join("a").join("copy.db"), damage).unwrap();
        let a = cluster.node("a").await;
        assert_eq!(texts(&a, ada).await, 1);
        a.close().await;
    }
}

#[test]
fn addresses_are_shown_without_their_password_and_encrypted_unless_local() {
    let parse = |url: &str| url.parse::<PostgresUrl>().map(|url| format!("{url} {url:?}"));
    let shown = parse("postgres://mt:secret@127.0.0.1/mt").unwrap();
    assert_eq!(shown, "postgres://mt@127.0.0.1/mt postgres://mt@127.0.0.1/mt");
    assert!(parse("postgres://mt:secret@db.example.org/mt").unwrap_err().contains("sslrootcert"));
    assert!(parse("postgres://mt@db.example.org/mt?sslmode=prefer").unwrap_err().contains("prefer"));
    assert!(parse("postgres://mt@db.example.org/mt?sslrootcert=/etc/ca.pem").is_ok());
    assert!(parse("postgres://mt@db.example.org/mt?sslmode=disable").is_ok());
    assert!(parse("postgres://127.0.0.1").unwrap_err().contains("needs a host and a database"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_is_moved_to_postgresql_and_back_with_everything() {
    let (server, directory) = (server(), tempfile::tempdir().unwrap());
    let (from, back) = (directory.path().join("from"), directory.path().join("back"));
    let url: PostgresUrl = server.empty().parse().unwrap();
    let clock = TestClock::new();
    let options = Options::default();
    let single = crate::open(&StoreUrl::Sqlite, &from, &options, clock.clone()).await.unwrap();
    let ada = AccountId::new(single.apply(account("ada"), None).await.unwrap().id).unwrap();
    let session = Change::OpenSession { account: ada, token_hash: [7; 32], client_name: "laptop".into() };
    single.apply(session, None).await.unwrap();
    for n in 0..30 {
        single.apply(Change::Post { author: ada, tweet: tweet(&format!("{n} #moved")) }, None).await.unwrap();
    }
    assert_eq!(single.secret("key", b"secret".to_vec()).await.unwrap(), b"secret");
    let busy = to_postgres(&from, &url, &mut |_| {}).await.unwrap_err().to_string();
    assert!(busy.contains("stop that server first"), "{busy}");
    single.close().await;
    drop(single);
    let mut seen = 0;
    let moved = to_postgres(&from, &url, &mut |rows| seen = rows).await.unwrap();
    assert!(moved.rows == seen && moved.rows > 60 && moved.secrets == 1, "{moved:?}");
    assert!(to_postgres(&from, &url, &mut |_| {}).await.unwrap_err().to_string().contains("already"));

    let data = directory.path().join("node");
    let node = open(&url, &data, &options, clock.clone(), Some(clock.clone())).await.unwrap();
    assert_eq!(texts(&node, ada).await, 30);
    assert_eq!(node.session_by_token(&[7; 32]).await.unwrap().unwrap().account, ada);
    assert_eq!(node.secret("key", b"other".to_vec()).await.unwrap(), b"secret");
    let search = Timeline::Search("moved".into());
    assert_eq!(node.timeline(&search, Span::Latest, 100).await.unwrap().len(), 30);
    clock.advance_ms(1);
    node.apply(Change::Post { author: ada, tweet: tweet("one more") }, None).await.unwrap();
    node.close().await;
    drop(node);
    // A server says for a while that it is there; one that was killed, too.
    while from_postgres(&url, &back, &mut |_| {})
        .await
        .is_err_and(|error| error.to_string().contains("servers use it"))
    {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let single = crate::open(&StoreUrl::Sqlite, &back, &options, clock).await.unwrap();
    assert_eq!(texts(&single, ada).await, 31);
    assert_eq!(single.secret("key", b"other".to_vec()).await.unwrap(), b"secret");
    assert_eq!(single.timeline(&search, Span::Latest, 100).await.unwrap().len(), 30);
    single.apply(Change::Post { author: ada, tweet: tweet("alone again") }, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_holds_the_lock_and_waits_for_its_node_is_ended() {
    let cluster = Cluster::new();
    let node = cluster.node("a").await;
    let ada = AccountId::new(node.apply(account("ada"), None).await.unwrap().id).unwrap();
    // As a node that was stopped in the middle of an exchange, where PostgreSQL does not look at the time.
    let (stopped, link) = connect(&cluster.url.parse().unwrap()).await.unwrap();
    tokio::spawn(link.run());
    stopped.batch_execute("BEGIN; SELECT * FROM log_head FOR UPDATE").await.unwrap();
    node.apply(Change::Post { author: ada, tweet: tweet("the lock was free again") }, None).await.unwrap();
    assert!(stopped.batch_execute("COMMIT").await.is_err(), "its session has ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_makes_its_copy_again() {
    let cluster = Cluster::new();
    let node = cluster.node("a").await;
    let ada = AccountId::new(node.apply(account("ada"), None).await.unwrap().id).unwrap();
    node.apply(Change::Post { author: ada, tweet: tweet("kept") }, None).await.unwrap();
    node.close().await;
    drop(node);
    let data = cluster.directory.path().join("a");
    std::fs::remove_file(data.join("copy.db")).unwrap();
    std::fs::write(data.join("operator.sock"), "").unwrap();
    assert_eq!(texts(&cluster.node("a").await, ada).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_appended_when_the_lock_was_lost() {
    let cluster = Cluster::new();
    let node = cluster.node("a").await;
    node.apply(account("ada"), None).await.unwrap();
    let made = Copy::new(&cluster.directory.path().join("made").join("copy.db"), 1).unwrap();
    let (url, tables) = (cluster.url.parse().unwrap(), made.tables().unwrap());
    let schema = cluster.url.rsplit("%3D").next().unwrap();
    let holder = format!("SELECT pid FROM pg_locks WHERE relation = '{schema}.log_head'::regclass");
    tokio::task::block_in_place(|| {
        let mut log = PostgresLog::new(url, Arc::default(), 7, tables, None).unwrap();
        let locked = log.lock().unwrap();
        cluster.server.sql(&format!("SELECT pg_terminate_backend(pid) FROM ({holder}) AS holder"));
        // It is noticed before the entry is appended.
        assert!(log.entries_after(0, 1).is_err());
        assert_eq!(log.append(locked.head + 1, &LogEntry::default()), Ok(false));
        assert_eq!(log.lock().unwrap().head, locked.head);
        log.unlock();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn someone_who_signed_up_at_one_node_can_log_in_at_another() {
    let cluster = Cluster::new();
    let (a, b) = tokio::join!(cluster.node("a"), cluster.node("b"));
    for n in 0..10 {
        let name = format!("ada{n}");
        a.apply(account(&name), None).await.unwrap();
        let known = b.credentials(&username(&name)).await.unwrap();
        assert!(known.is_some(), "someone who has just signed up can log in at another node");
    }
}
