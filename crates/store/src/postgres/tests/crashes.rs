//! PostgreSQL crashes while people post at two nodes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::{AccountId, Span};
use tempfile::TempDir;

use crate::postgres::log::PostgresLog;
use crate::postgres::open;
use crate::shared_log::{Commons, EntriesError, Locked, LogEntry, SharedDatabase, SharedLog, Unreachable};
use crate::sqlite::copy::Copy;
use crate::sqlite::{SqliteStore, draw_boot};
use crate::test_support::postgres::Postgres;
use crate::test_support::{TestClock, account, tweet};
use crate::{Bus, Change, Engine, IdempotencyKey, OpenError, Options, PostgresUrl, Timeline};

const CRASHES: usize = 3;
/// Posts of each node after the last crash.
const POSTS_AFTER: usize = 20;

/// A server of its own, and where nodes have their copies.
struct Scene {
    server: Postgres,
    url: PostgresUrl,
    directory: TempDir,
    /// Not set by anyone: identifiers follow the clock of the database.
    clock: Arc<TestClock>,
}

impl Scene {
    fn new() -> Self {
        let server = Postgres::start();
        let url = server.empty().parse().unwrap();
        Self { server, url, directory: tempfile::tempdir().unwrap(), clock: TestClock::new() }
    }

    async fn node(&self, name: &str) -> Arc<dyn Engine> {
        let data = self.directory.path().join(name);
        open(&self.url, &data, &Options::default(), self.clock.clone(), None).await.unwrap()
    }

    /// A node that acknowledges a change before it is committed.
    async fn hasty_node(&self, name: &str) -> Arc<dyn Engine> {
        self.node(name).await.close().await;
        let path = self.directory.path().join(name).join("copy.db");
        let tables = Copy::open(&path, 1).unwrap().tables().unwrap();
        let boot = draw_boot();
        let log = PostgresLog::new(self.url.clone(), Arc::default(), boot, tables, None).unwrap();
        let (log, commons) = (Box::new(HastyLog(log)), Box::new(NoCommons));
        let shared = SharedDatabase { log, commons, bus: Bus::new().0, boot };
        Arc::new(open_copy(&path, self.clock.clone(), shared))
    }

    /// Posts at these nodes until PostgreSQL has crashed often enough and is there again. Returns what was acknowledged.
    async fn post_and_crash(
        &mut self,
        ada: AccountId,
        nodes: &[Arc<dyn Engine>],
        patience: Duration,
    ) -> Vec<String> {
        let is_over = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = nodes
            .iter()
            .cloned()
            .enumerate()
            .map(|(number, node)| {
                let writer = Writer { node, ada, number, patience };
                tokio::spawn(writer.post(is_over.clone()))
            })
            .collect();
        for _ in 0..CRASHES {
            tokio::time::sleep(Duration::from_millis(400)).await;
            tokio::task::block_in_place(|| self.server.crash_and_restart());
        }
        is_over.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        acknowledged
    }
}

fn open_copy(path: &Path, clock: Arc<TestClock>, shared: SharedDatabase) -> SqliteStore {
    SqliteStore::open_with(path, &Options::default(), clock, Some(shared)).unwrap()
}

async fn create_ada(node: &Arc<dyn Engine>) -> AccountId {
    AccountId::new(node.apply(account("ada"), None).await.unwrap().id).unwrap()
}

/// Someone who posts at a node.
struct Writer {
    node: Arc<dyn Engine>,
    ada: AccountId,
    number: usize,
    /// How long one post is tried.
    patience: Duration,
}

impl Writer {
    /// Posts, each with a key until it is acknowledged; returns what was acknowledged.
    async fn post(self, is_over: Arc<AtomicBool>) -> Vec<String> {
        let (mut acknowledged, mut after) = (Vec::new(), 0);
        for n in 0.. {
            after += usize::from(is_over.load(Ordering::Relaxed));
            if after > POSTS_AFTER {
                break;
            }
            let text = format!("{}-{n}", self.number);
            if self.post_one(&text).await {
                acknowledged.push(text);
            }
        }
        acknowledged
    }

    async fn post_one(&self, text: &str) -> bool {
        let end = Instant::now() + self.patience;
        while Instant::now() < end {
            let key =
                IdempotencyKey { account: self.ada, key: text.as_bytes().to_vec(), request_hash: [1; 32] };
            let post = Change::Post { author: self.ada, tweet: tweet(text) };
            if self.node.apply(post, Some(key)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

/// What a node has lost or doubled of what was acknowledged.
async fn findings(node: &Arc<dyn Engine>, ada: AccountId, acknowledged: &[String]) -> Vec<String> {
    // Signing in waits for all that is in the log.
    while node.session_by_token(&[0; 32]).await.is_err() {}
    let entries = node.timeline(&Timeline::User(ada), Span::Latest, usize::MAX >> 1).await.unwrap();
    let ids: Vec<_> = entries.iter().map(|entry| entry.tweet).collect();
    let mut stored = BTreeMap::<_, usize>::new();
    for record in node.tweets(ada, &ids).await.unwrap() {
        *stored.entry(record.tweet.text).or_default() += 1;
    }
    let lost = acknowledged.iter().filter(|text| !stored.contains_key(*text));
    let lost = lost.map(|text| format!("{text} is lost"));
    let doubled =
        stored.iter().filter(|(_, count)| **count > 1).map(|(text, _)| format!("{text} is doubled"));
    lost.chain(doubled).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_postgresql_crashes() {
    let mut scene = Scene::new();
    let nodes = [scene.node("a").await, scene.node("b").await];
    let ada = create_ada(&nodes[0]).await;
    let acknowledged = scene.post_and_crash(ada, &nodes, Duration::from_secs(60)).await;
    assert!(acknowledged.len() > 2 * POSTS_AFTER, "{acknowledged:?}");
    for node in &nodes {
        assert_eq!(findings(node, ada, &acknowledged).await, Vec::<String>::new());
    }
}

/// The negative control.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_acknowledges_before_it_commits_is_detected() {
    for attempt in 1.. {
        let mut scene = Scene::new();
        let ada = create_ada(&scene.node("c").await).await;
        let nodes = [scene.hasty_node("a").await, scene.hasty_node("b").await];
        let acknowledged = scene.post_and_crash(ada, &nodes, Duration::from_secs(2)).await;
        let findings = findings(&scene.node("d").await, ada, &acknowledged).await;
        if findings.iter().any(|finding| finding.contains("is lost")) {
            return;
        }
        assert!(attempt < 5, "nothing of {} posts was lost", acknowledged.len());
    }
}

/// The log of a node that does not wait for the outcome of a commit.
#[derive(Debug)]
struct HastyLog(PostgresLog);

impl SharedLog for HastyLog {
    fn lock(&mut self) -> Result<Locked, Unreachable> {
        self.0.lock()
    }

    fn entries_after(&mut self, position: u64, limit: usize) -> Result<Vec<(u64, LogEntry)>, EntriesError> {
        self.0.entries_after(position, limit)
    }

    fn append(&mut self, number: u64, entry: &LogEntry) -> Result<bool, Unreachable> {
        let _ = self.0.append(number, entry);
        Ok(true)
    }

    fn unlock(&mut self) {
        self.0.unlock();
    }
}

#[derive(Debug)]
struct NoCommons;

#[async_trait::async_trait]
impl Commons for NoCommons {
    async fn secret(&self, _: &str, new: &[u8]) -> Result<Vec<u8>, OpenError> {
        Ok(new.to_vec())
    }

    async fn other_processes(&self) -> model::Result<Vec<u64>> {
        Ok(Vec::new())
    }

    async fn leave(&self) {}
}
