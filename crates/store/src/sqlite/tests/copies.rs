//! Copies that follow a shared log: each of them is what a single database would be.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use model::{AccountId, Error, TweetId};
use rusqlite::Connection;
use tempfile::TempDir;

use super::random_changes::random_change;
use crate::conformance::{StoreFixture, conformance_suite};
use crate::shared_log::memory::MemoryLog;
use crate::shared_log::{Commons, SharedDatabase};
use crate::sqlite::copy::{Copy, CopyState};
use crate::sqlite::maintenance::check;
use crate::sqlite::simulated::cluster::shared_rows;
use crate::sqlite::{SqliteStore, make_private_directory};
use crate::test_support::{TestClock, account, tweet};
use crate::{Bus, Change, Engine as _, IdempotencyKey, OpenError, Options, Store as _, Timeline};

#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl Commons for Nothing {
    async fn secret(&self, _: &str, new: &[u8]) -> Result<Vec<u8>, OpenError> {
        Ok(new.to_vec())
    }

    async fn other_processes(&self) -> model::Result<Vec<u64>> {
        Ok(Vec::new())
    }

    async fn leave(&self) {}
}

/// A cluster whose shared log is in memory.
struct Cluster {
    log: MemoryLog,
    clock: Arc<TestClock>,
    directory: TempDir,
}

impl Cluster {
    /// An empty network.
    fn new() -> Self {
        let (clock, directory) = (TestClock::new(), tempfile::tempdir().unwrap());
        let founder = directory.path().join("founder").join("copy.db");
        let copy = Copy::open(&founder, 1).unwrap();
        let head = copy.newest_id().unwrap();
        copy.finish(Some(&CopyState { cluster: "test".into(), position: head })).unwrap();
        Self { log: MemoryLog::new(head, clock.clone()), clock, directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name).join("copy.db")
    }

    /// A node with a copy of its own.
    fn node(&self, name: &str) -> Arc<SqliteStore> {
        let path = self.path(name);
        if !path.exists() {
            make_private_directory(path.parent().unwrap()).unwrap();
            std::fs::copy(self.path("founder"), &path).unwrap();
        }
        let shared = SharedDatabase {
            log: Box::new(self.log.clone()),
            commons: Box::new(Nothing),
            bus: Bus::new().0,
            boot: fastrand::u64(..),
        };
        let store = SqliteStore::open_with(&path, &Options::default(), self.clock.clone(), Some(shared));
        Arc::new(store.unwrap())
    }
}

fn fixture_of(cluster: Cluster) -> StoreFixture {
    let (store, clock) = (cluster.node("a"), cluster.clock.clone());
    let kept = store.clone();
    let reopen = async move || {
        kept.close().await;
        drop(kept);
        fixture_of(cluster)
    };
    StoreFixture::new(store, clock, Box::new(|| Box::pin(reopen())))
}

async fn fixture() -> StoreFixture {
    fixture_of(Cluster::new())
}

mod conformance {
    use super::*;

    conformance_suite!(fixture);
}

fn rows(path: &Path) -> Vec<String> {
    shared_rows(&Connection::open(path).unwrap())
}

/// Accounts whose words are still to be removed from the search indexes.
fn search_words_left(path: &Path) -> u32 {
    let db = Connection::open(path).unwrap();
    db.query_row("SELECT count(*) FROM search_erasure", [], |row| row.get(0)).unwrap()
}

async fn found(store: &SqliteStore, text: &str) -> Vec<TweetId> {
    let query = Timeline::Search(text.into());
    let entries = store.timeline(&query, model::Span::Latest, 1_000).await.unwrap();
    entries.into_iter().map(|entry| entry.tweet).collect()
}

#[tokio::test]
async fn all_copies_are_equal_after_random_changes_on_each_of_them() {
    for seed in 1..=4 {
        let cluster = Cluster::new();
        let nodes = [cluster.node("a"), cluster.node("b"), cluster.node("c")];
        let mut random = Rng::with_seed(seed);
        let (mut accounts, mut tweets) = (Vec::new(), Vec::new());
        for n in 0..9 {
            let made = nodes[n % 3].apply(account(&format!("p{n}")), None).await.unwrap();
            accounts.push(AccountId::new(made.id).unwrap());
        }
        let mut applied_count = 0;
        for step in 0..400 {
            cluster.clock.advance_ms(1);
            let change = random_change(&mut random, &accounts, &tweets);
            let posts = matches!(change, Change::Post { .. } | Change::Retweet { .. });
            let node = random.choice(&nodes).unwrap();
            if let Ok(applied) = node.apply(change, None).await {
                applied_count += 1;
                tweets.extend(posts.then(|| TweetId::new(applied.id)).flatten());
            }
            if step % 50 == 0 {
                found(node, "says").await;
            }
        }
        assert!(applied_count > 130, "seed {seed}: {applied_count} changes were carried out");
        let purged = accounts[0];
        nodes[0].apply(Change::DeleteAccount { account: purged }, None).await.unwrap();
        while nodes[0].apply(Change::PurgeAccount { account: purged, limit: 7 }, None).await.unwrap().changed
        {
        }
        let mut results = Vec::new();
        for node in &nodes {
            node.catch_up().await.unwrap();
            let people = node.search_people(accounts[1], "p", 50).await.unwrap();
            let people: Vec<_> = people.into_iter().map(|account| account.id).collect();
            results.push((found(node, "says").await, people));
        }
        assert!(!results[0].0.is_empty() && !results[0].1.is_empty());
        assert!(results.iter().all(|one| *one == results[0]), "seed {seed}: searches differ");
        for node in nodes {
            node.close().await;
        }
        let [a, b, c] = ["a", "b", "c"].map(|name| rows(&cluster.path(name)));
        assert_eq!(a, b, "seed {seed}");
        assert_eq!(a, c, "seed {seed}");
        assert_eq!(check(&cluster.path("b")).unwrap(), Vec::<String>::new(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_change_at_one_node_is_published_by_all() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let mut seen = b.log().subscribe();
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    let posted = a.apply(Change::Post { author: ada, tweet: tweet("hello") }, None).await.unwrap();
    b.follow();
    let mut events = Vec::new();
    while !events.iter().any(|event| format!("{event:?}").contains(&posted.id.to_string())) {
        let batch =
            tokio::time::timeout(Duration::from_secs(10), seen.batches.recv()).await.unwrap().unwrap();
        events.extend(batch.events.clone());
    }
    assert_eq!(found(&b, "hello").await.len(), 1);
}

#[tokio::test]
async fn a_key_makes_a_change_happen_once_also_at_another_node() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    let key = || Some(IdempotencyKey { account: ada, key: vec![7; 16], request_hash: [1; 32] });
    let post = || Change::Post { author: ada, tweet: tweet("once") };
    // It is in the log, and the node does not hear of it.
    cluster.log.plan(&[None]);
    assert!(matches!(a.apply(post(), key()).await, Err(Error::Unavailable(_))));
    let posted = b.apply(post(), key()).await.unwrap();
    assert_eq!(a.apply(post(), key()).await.unwrap(), posted);
    assert_eq!(found(&a, "once").await.len(), 1);
    // It is not in the log: the node tries again by itself.
    cluster.log.plan(&[Some(false)]);
    b.apply(Change::Post { author: ada, tweet: tweet("again") }, None).await.unwrap();
    a.catch_up().await.unwrap();
    assert_eq!(found(&a, "again").await.len(), 1);
}

#[tokio::test]
async fn a_node_that_is_cut_off_refuses_and_goes_on_later() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    b.catch_up().await.unwrap();
    cluster.log.set_reachable(false);
    let post = || Change::Post { author: ada, tweet: tweet("later") };
    assert!(matches!(b.apply(post(), None).await, Err(Error::Unavailable(_))));
    // What it has may be read for two seconds, but it may not be enough for someone who comes from another node.
    assert!(b.account(ada).await.unwrap().is_some());
    assert!(matches!(b.session_by_token(&[0; 32]).await, Err(Error::Unavailable(_))));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert!(matches!(b.account(ada).await, Err(Error::Unavailable(_))));
    cluster.log.set_reachable(true);
    b.apply(post(), None).await.unwrap();
    assert!(b.account(ada).await.unwrap().is_some());
}

#[tokio::test]
async fn a_node_that_has_what_the_log_has_lost_stops() {
    let cluster = Cluster::new();
    let nodes = [cluster.node("a"), cluster.node("b"), cluster.node("c")];
    let ada = AccountId::new(nodes[0].apply(account("ada"), None).await.unwrap().id).unwrap();
    let post = |text: &str| Change::Post { author: ada, tweet: tweet(text) };
    nodes[0].catch_up().await.unwrap();
    nodes[2].catch_up().await.unwrap();
    nodes[0].apply(post("lost"), None).await.unwrap();
    nodes[1].catch_up().await.unwrap();
    cluster.log.lose(1);
    // The log is shorter than this copy.
    assert!(matches!(nodes[0].apply(post("more"), None).await, Err(Error::Unavailable(_))));
    nodes[0].failed().await;
    // The log has gone on elsewhere, past this copy.
    cluster.clock.advance_ms(1_000);
    nodes[2].apply(post("after"), None).await.unwrap();
    nodes[1].follow();
    nodes[1].failed().await;
    assert_eq!(found(&nodes[2], "after").await.len(), 1);
    assert_eq!(found(&nodes[2], "lost").await.len(), 0);
}

#[tokio::test]
async fn no_word_of_an_account_that_was_purged_elsewhere_is_left_in_the_file() {
    const CANARY: &str = "zqcanaryzq";
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    for n in 0..20 {
        a.apply(Change::Post { author: ada, tweet: tweet(&format!("{n} {CANARY} #{CANARY}")) }, None)
            .await
            .unwrap();
    }
    b.catch_up().await.unwrap();
    assert_eq!(found(&b, CANARY).await.len(), 20);
    a.apply(Change::DeleteAccount { account: ada }, None).await.unwrap();
    while a.apply(Change::PurgeAccount { account: ada, limit: 7 }, None).await.unwrap().changed {}
    b.catch_up().await.unwrap();
    while search_words_left(&cluster.path("b")) > 0 {
        b.catch_up().await.unwrap();
    }
    b.close().await;
    let bytes = std::fs::read(cluster.path("b")).unwrap();
    assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
}

#[tokio::test]
async fn signing_in_is_refused_while_the_log_cannot_be_asked() {
    let cluster = Cluster::new();
    let (a, b) = (cluster.node("a"), cluster.node("b"));
    let ada = AccountId::new(a.apply(account("ada"), None).await.unwrap().id).unwrap();
    b.catch_up().await.unwrap();
    let session = Change::OpenSession { account: ada, token_hash: [7; 32], client_name: "laptop".into() };
    a.apply(session, None).await.unwrap();
    cluster.log.set_reachable(false);
    // What it has is not old yet, but another node may have acknowledged something since.
    assert!(matches!(b.session_by_token(&[7; 32]).await, Err(Error::Unavailable(_))));
    cluster.log.set_reachable(true);
    assert_eq!(b.session_by_token(&[7; 32]).await.unwrap().unwrap().account, ada);
}
