//! The bus between nodes over NATS.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use model::{AccountId, Span};
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::time::{sleep, timeout};

use super::open;
use super::tests::server;
use crate::test_support::nats::Nats;
use crate::test_support::postgres::Postgres;
use crate::test_support::{TestClock, account, tweet};
use crate::{BusMessage, Change, Engine, Options, Timeline};

/// Longest wait for anything: far more than it takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// Two nodes of a cluster with a bus over NATS.
struct Pair {
    _server: Arc<Postgres>,
    _directory: TempDir,
    nodes: [Arc<dyn Engine>; 2],
    ada: AccountId,
}

impl Pair {
    async fn new(bus: &str) -> Self {
        let (server, directory, clock) = (server(), tempfile::tempdir().unwrap(), TestClock::new());
        let url = server.empty().parse().unwrap();
        let options = Options { bus: Some(bus.parse().unwrap()), ..Options::default() };
        let node = async |name: &str| {
            let data = directory.path().join(name);
            open(&url, &data, &options, clock.clone(), Some(clock.clone())).await.unwrap()
        };
        let nodes = [node("a").await, node("b").await];
        let ada = AccountId::new(nodes[0].apply(account("ada"), None).await.unwrap().id).unwrap();
        Self { _server: server, _directory: directory, nodes, ada }
    }

    /// Waits until a message of one node arrives at the other. Messages may be lost, so it is sent again and again.
    async fn exchanges_messages(&self) {
        let [a, b] = &self.nodes;
        let mut received = b.bus().unwrap().subscribe();
        let sent = format!("{:?}", std::time::Instant::now()).into_bytes();
        let wait = async {
            loop {
                a.bus().unwrap().publish(sent.clone());
                if let Ok(message) = timeout(Duration::from_millis(200), message(&mut received)).await
                    && *message.bytes == *sent
                {
                    break;
                }
            }
        };
        timeout(DEADLINE, wait).await.expect("a message arrives");
    }

    /// Posts at one node and waits until the other one has it.
    async fn follows(&self, text: &str) {
        let [a, b] = &self.nodes;
        let post = Change::Post { author: self.ada, tweet: tweet(text) };
        let posted = a.apply(post, None).await.unwrap().id;
        let wait = async {
            loop {
                let entries = b.timeline(&Timeline::User(self.ada), Span::Latest, 100).await.unwrap();
                if entries.iter().any(|entry| entry.tweet.get() == posted) {
                    break;
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(DEADLINE, wait).await.expect("the other node follows");
    }
}

async fn message(received: &mut broadcast::Receiver<BusMessage>) -> BusMessage {
    received.recv().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_carries_messages_and_the_hint_and_its_loss_only_delays() {
    let mut nats = Nats::stopped();
    let pair = Pair::new(&nats.url()).await;
    // It is not there yet.
    pair.follows("without").await;
    nats.run();
    pair.exchanges_messages().await;

    let outsider = async_nats::connect(nats.url()).await.unwrap();
    let mut all = outsider.subscribe(">").await.unwrap();
    outsider.flush().await.unwrap();
    let boot = pair.nodes[1].other_processes().await.unwrap();
    pair.follows("with a hint").await;
    let hint = async {
        loop {
            let message = all.next().await.unwrap();
            if boot.iter().any(|boot| message.payload[..] == boot.to_be_bytes()) {
                break message;
            }
        }
    };
    let hint = timeout(DEADLINE, hint).await.expect("a node says that the log has grown");
    assert!(hint.subject.starts_with("mini_tweet."), "{}", hint.subject);

    // What others send there is ignored.
    for payload in [&b""[..], b"short", &[7; 4_000], &[7; 9_000]] {
        outsider.publish(hint.subject.clone(), payload.to_vec().into()).await.unwrap();
    }
    outsider.flush().await.unwrap();
    pair.exchanges_messages().await;

    nats.kill();
    pair.follows("after a loss").await;
    nats.run();
    pair.exchanges_messages().await;
    pair.follows("again").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_is_reached_over_tls_with_the_password_of_the_address() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(file("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(file("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (file("cert.pem"), file("key.pem"));
    let arguments = ["--tls", "--tlscert", &certificate, "--tlskey", &key, "--user", "mt", "--pass", "a@b"];
    let nats = Nats::start_with(&arguments);
    let good = format!("tls://mt:a%40b@{}?sslrootcert={certificate}", nats.address());
    Pair::new(&good).await.exchanges_messages().await;
    // Without them, a node runs without the bus.
    let wrong = [
        format!("tls://mt:other@{}?sslrootcert={certificate}", nats.address()),
        format!("tls://mt:a%40b@{}", nats.address()),
        format!("nats://mt:a%40b@{}?sslmode=disable", nats.address()),
    ];
    for wrong in wrong {
        let pair = Pair::new(&wrong).await;
        let mut received = pair.nodes[1].bus().unwrap().subscribe();
        for _ in 0..5 {
            pair.nodes[0].bus().unwrap().publish(b"unheard".to_vec());
            sleep(Duration::from_millis(200)).await;
        }
        assert!(received.try_recv().is_err(), "{wrong}");
        pair.follows("without").await;
    }
}
