//! A server that shares its database with others, and may be cut off from it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{AccountId, Error, EventId, Span};
use sha2::{Digest as _, Sha256};
use store::env::SystemRandom;
use store::sqlite::simulated::SimulatedDisk;
use store::sqlite::simulated::cluster::{ClusterOptions, SimulatedCluster, SimulatedNode, SimulatedServer};
use store::test_support::{START_MS, TestClock, account, tweet};
use store::{Change, Store as _};

use crate::live::{Delivery, LiveConfig, LiveConnection, LiveEvent, Topic};
use crate::test_support::{anonymous, config, next};
use crate::timeline;
use crate::{Caller, Service, ServiceParts, TimelineRequest};

const TOKEN: [u8; 32] = [7; 32];
/// Longer than a server answers without its database.
const LONG: Duration = Duration::from_secs(3);

/// A server and someone who is signed in.
struct Node {
    cluster: Arc<SimulatedCluster>,
    service: Arc<Service>,
    server: Arc<SimulatedServer>,
    node: SimulatedNode,
    clock: Arc<TestClock>,
    ada: AccountId,
    caller: Caller,
}

impl Node {
    async fn new() -> Self {
        let (disk, clock) = (SimulatedDisk::new(START_MS), TestClock::new());
        let ada = AccountId::new(disk.write_now(account("ada"))).unwrap();
        let token_hash = Sha256::digest(TOKEN).into();
        disk.write_now(Change::OpenSession { account: ada, token_hash, client_name: "test".into() });
        let cluster = SimulatedCluster::new(&disk, clock.clone());
        let server = SimulatedServer::new(&cluster);
        let node = server.open(clock.clone(), options());
        node.catch_up().await.unwrap();
        let parts = ServiceParts {
            store: node.store.clone(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            config: config(),
            live: LiveConfig { inbox: 2, ..LiveConfig::default() },
            timelines: timeline::Limits::default(),
        };
        let service = Service::start(parts).await.unwrap();
        let caller = service.authenticate(&anonymous(), &TOKEN).await.unwrap().caller();
        Self { cluster, service, server, node, clock, ada, caller }
    }

    async fn posts(&self, text: &str) {
        self.posts_at(&self.node, text).await;
    }

    async fn posts_at(&self, node: &SimulatedNode, text: &str) {
        self.clock.advance_ms(1);
        let post = Change::Post { author: self.ada, tweet: tweet(text) };
        node.store.apply(post, None).await.unwrap();
    }

    async fn is_cut_off_for_long(&self) {
        self.server.set_cut_off(true);
        tokio::time::advance(LONG).await;
    }

    async fn is_back(&self) {
        self.server.set_cut_off(false);
        self.node.catch_up().await.unwrap();
    }

    fn connects(&self) -> LiveConnection {
        let Caller::Member { account, session, .. } = self.caller else { panic!("not signed in") };
        self.service.live().connect(account, session)
    }

    async fn last_event(&self) -> EventId {
        self.node.store.last_event().await.unwrap()
    }
}

fn options() -> ClusterOptions {
    ClusterOptions {
        takes: |_| Duration::ZERO,
        // No response is lost.
        draw: |_, bound| bound - 1,
        chance: Arc::new(Mutex::new(0)),
        queue: 100,
        bug: None,
    }
}

fn is_unavailable<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Unavailable(_)))
}

#[tokio::test(start_paused = true)]
async fn nothing_is_read_from_memory_either() {
    let node = Node::new().await;
    node.posts("hello").await;
    let (service, caller) = (&node.service, &node.caller);
    let home = async || service.home(caller, Span::Latest, 20, |page| page.tweets.len()).await;
    let newest = || service.newest_now(caller, 20, |page| vec![0; page.tweets.len()]);
    let now = || service.home_now(caller, Span::Latest, 20, |page| page.tweets.len());
    assert_eq!(home().await, Ok(Some(1)));
    assert!(newest().unwrap().is_some() && now().unwrap().is_some(), "it is in memory");
    node.server.set_cut_off(true);
    assert!(newest().unwrap().is_some() && now().unwrap().is_some(), "for a while");
    tokio::time::advance(LONG).await;
    assert!(is_unavailable(&home().await) && is_unavailable(&newest()) && is_unavailable(&now()));
    let timeline = service.timeline(caller, TimelineRequest::Home, Span::Latest, 20).await;
    assert!(timeline.is_err_and(|error| matches!(error, Error::Unavailable(_))));
    node.is_back().await;
    assert!(newest().unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn no_one_is_signed_in_at_any_time() {
    let node = Node::new().await;
    node.server.set_cut_off(true);
    assert!(is_unavailable(&node.service.authenticate(&anonymous(), &TOKEN).await));
    let name = crate::test_support::username("ada");
    let password = crate::test_support::password("correct horse 9");
    assert!(is_unavailable(&node.service.log_in(&anonymous(), &name, &password, "test").await));
    let fingerprint = model::SshFingerprint([1; 32]);
    assert!(is_unavailable(&node.node.store.ssh_key_by_fingerprint(&fingerprint).await));
    node.is_back().await;
    assert!(node.service.authenticate(&anonymous(), &TOKEN).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_cannot_be_read_for_is_refused() {
    let node = Node::new().await;
    let connection = node.connects();
    node.is_cut_off_for_long().await;
    let refused = connection.subscribe(Topic::Home, None).await;
    assert!(is_unavailable(&refused), "without what the account follows, nothing would arrive");
    node.is_back().await;
    let cursor = node.last_event().await;
    connection.subscribe(Topic::Home, Some(cursor)).await.unwrap();
    node.posts("hello").await;
    assert!(matches!(next(&connection).await, Delivery::Event { .. }));
    // The other one left nothing behind.
    assert_eq!(node.service.live().statistics().subscriptions, 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_replayed_is_a_gap() {
    let node = Node::new().await;
    let cursor = node.last_event().await;
    for text in ["first", "second", "third"] {
        node.posts(text).await;
    }
    let connection = node.connects();
    connection.subscribe(Topic::Home, Some(cursor)).await.unwrap();
    // Time goes on once everyone waits: the replay, while half of the inbox is full.
    tokio::time::sleep(Duration::from_millis(1)).await;
    node.is_cut_off_for_long().await;
    let mut seen = Vec::new();
    let after = loop {
        match next(&connection).await {
            Delivery::Event { payload, sequence, .. } => match &payload.event {
                LiveEvent::Gap { after } => break *after,
                _ => seen.push(sequence),
            },
            unexpected => panic!("{unexpected:?}"),
        }
    };
    assert!(
        (1..3).contains(&seen.len()) && seen.last() == Some(&after),
        "{seen:?}, then a gap after {after}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cursor_of_a_server_that_is_ahead_is_waited_for() {
    let node = Node::new().await;
    let connection = node.connects();
    let other = SimulatedServer::new(&node.cluster).open(node.clock.clone(), options());
    node.posts_at(&other, "there").await;
    let cursor = other.store.last_event().await.unwrap();
    assert!(cursor > node.last_event().await);
    assert_eq!(connection.subscribe(Topic::Home, Some(cursor)).await.unwrap().1, cursor);
    node.posts("here").await;
    match next(&connection).await {
        Delivery::Event { payload, sequence, .. } => {
            assert!(sequence > cursor && matches!(payload.event, LiveEvent::TweetPosted(_)), "{payload:?}");
        }
        unexpected => panic!("{unexpected:?}"),
    }
}
