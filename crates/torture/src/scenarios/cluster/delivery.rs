//! How long a tweet takes from its acknowledgement to the subscribers at the other servers: with notifications, and when all
//! of them are lost.

use std::time::Duration;

use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::time::{Instant, sleep};

use super::nodes::{Cluster, Setup, with_margin};
use super::person::{Outcome, Person, ask};
use super::postgres::Postgres;
use super::readers::Reader;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::quantile;
use crate::user::post;

/// Limit for 99 of 100 tweets with notifications.
const NOTIFIED_WITHIN: Duration = Duration::from_millis(50);
/// The same without notifications: the log is looked at every half second.
const POLLED_WITHIN: Duration = Duration::from_millis(600);
/// Longest wait for a tweet.
const PATIENCE: Duration = Duration::from_secs(4);
/// Time between two tweets.
const EVERY: Duration = Duration::from_millis(20);

pub(super) async fn run(context: &Context, postgres: &Postgres) -> Result<Finding, Error> {
    let posts = context.times(100, 2_000);
    let setup = Setup::new(&context.program, postgres.address(), "delivery");
    let mut test = Test::start(setup, postgres).await?;
    let notified = test.deliver(posts).await?;
    test.lose_notifications();
    let polled = test.deliver(posts).await?;
    let setup = Setup::new(&context.faults, postgres.address(), "delivery_control");
    let mut control = Test::start(setup.with_faults("follow-only-when-notified"), postgres).await?;
    control.lose_notifications();
    let late = control.deliver(20).await?;
    let mut broken = Vec::new();
    for (what, times, limit) in [("with", &notified, NOTIFIED_WITHIN), ("without", &polled, POLLED_WITHIN)] {
        let p99 = quantile(times, 0.99);
        if p99 > with_margin(limit) {
            broken.push(format!("{what} notifications a tweet takes {p99:.1?} (p99)"));
        }
    }
    let times = |all: &[Duration]| {
        format!(
            "{:.1?} (p50), {:.1?} (p99), {:.1?} (longest)",
            quantile(all, 0.5),
            quantile(all, 0.99),
            quantile(all, 1.0)
        )
    };
    Ok(Finding {
        promise: 25,
        tried: format!(
            "{posts} tweets to subscribers at two other servers, and {posts} while all notifications are lost"
        ),
        figures: format!(
            "after the acknowledgement: {}; without notifications: {}",
            times(&notified),
            times(&polled)
        ),
        broken,
        control: Control::of(
            quantile(&late, 0.99) > with_margin(POLLED_WITHIN),
            format!("servers that look at the log only when they are notified: {}", times(&late)),
        ),
    })
}

struct Test {
    cluster: Cluster,
    author: Person,
    /// At the servers other than the first.
    readers: Vec<Reader>,
}

impl Test {
    async fn start(setup: Setup<'_>, postgres: &Postgres) -> Result<Self, Error> {
        postgres.create_database(setup.database)?;
        let cluster = setup.start().await?;
        let author = Person::sign_up(&cluster.nodes[0], "author").await?;
        let mut readers = Vec::new();
        for node in &cluster.nodes[1..] {
            readers.push(Reader::start(&author, &node.address).await);
        }
        Ok(Self { cluster, author, readers })
    }

    fn lose_notifications(&self) {
        for node in &self.cluster.nodes {
            node.network.lose_notifications(true);
        }
    }

    /// Posts at the first server; the times until the tweets arrive at the others. One that does not takes as long as was
    /// waited for it.
    async fn deliver(&mut self, posts: usize) -> Result<Vec<Duration>, Error> {
        let mut connection = self.author.connect_soon(&self.cluster.nodes[0].address).await?;
        let mut acknowledged = Vec::new();
        for n in 0..posts {
            match ask(&mut connection, Op::Post(post(&format!("delivery {n}")))).await {
                Outcome::Done(response::Result::Done(done)) => acknowledged.push((done.id, Instant::now())),
                other => return Err(format!("a post without any fault: {other:?}").into()),
            }
            sleep(EVERY).await;
        }
        let end = Instant::now() + PATIENCE;
        let arrived = |(id, at): &(u64, Instant), reader: &Reader| {
            reader.with(|arrived| arrived.tweets.get(id).map(|time| time.saturating_duration_since(*at)))
        };
        let mut times = Vec::new();
        for post in &acknowledged {
            for reader in &self.readers {
                while arrived(post, reader).is_none() && Instant::now() < end {
                    sleep(Duration::from_millis(10)).await;
                }
                times.push(arrived(post, reader).unwrap_or(PATIENCE));
            }
        }
        Ok(times)
    }
}
