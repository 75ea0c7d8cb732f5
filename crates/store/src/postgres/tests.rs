//! The store of a cluster on a real PostgreSQL server.

mod crashes;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use model::{AccountId, Error, Span};
use tempfile::TempDir;

use super::connection::connect;
use super::log::PostgresLog;
use super::{open, schema};
use crate::conformance::{StoreFixture, conformance_suite};
use crate::shared_log::{LogEntry, SharedLog as _};
use crate::sqlite::copy::Copy;
use crate::test_support::postgres::Postgres;
use crate::test_support::{TestClock, account, tweet, username};
use crate::{Change, Engine, Options, PostgresUrl, StoreUrl, Timeline, from_postgres, to_postgres};

/// The server that other tests of this process use at the moment, or a new one. Each test has a schema of its own.
fn server() -> Arc<Postgres> {
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
    _server: Arc<Postgres>,
    url: String,
    clock: Arc<TestClock>,
    directory: TempDir,
}

impl Cluster {
    fn new() -> Self {
        let server = server();
        Self {
            url: server.empty(),
            _server: server,
            clock: TestClock::new(),
            directory: tempfile::tempdir().unwrap(),
        }
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
        let mut log = PostgresLog::new(url, "test".into(), 7, tables, None).unwrap();
        let locked = log.lock().unwrap();
        cluster._server.sql(&format!("SELECT pg_terminate_backend(pid) FROM ({holder}) AS holder"));
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
