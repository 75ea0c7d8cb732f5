//! Deliveries from one author to many connected followers, posts with offline followers, and idle connections;
//! baseline: bare write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::v1::{self, request::Op};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::connection::{Connection, Received};
use crate::context::{Context, Findings, microseconds};
use crate::drive::{Pace, drive};
use crate::error::Error;
use crate::mix::Mix;
use crate::network::Network;
use crate::plot::Series;
use crate::prepare::prepare;
use crate::process::{Server, private_directory};
use crate::report::{Row, Target};

const NAME: &str = "live";
/// Deliveries in each measurement.
const DELIVERIES: usize = 100_000;
/// Smallest and largest number of posts in each measurement; takes precedence over [`DELIVERIES`].
const POSTS: (usize, usize) = (20, 200);

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut cost = Series::new("cost", "delivery, by number of connected followers".into());
    for (followers, target_ms) in [(100, None), (1_000, Some(50.0)), (10_000, Some(300.0))] {
        let (rows, per_delivery) = fan_out(context, followers, target_ms).await?;
        findings.rows.extend(rows);
        cost.points.push((followers as f64, per_delivery));
    }
    findings.series.push(cost);
    findings.rows.extend(offline(context).await?);
    findings.rows.push(idle(context, 10_000).await?);
    Ok(findings)
}

/// All other accounts follow account 0.
fn star(context: &Context, accounts: usize) -> Network {
    let follows = (1..accounts).map(|follower| (follower, 0)).collect();
    Network { accounts, follows, texts: context.network.texts.clone() }
}

async fn fan_out(
    context: &Context,
    followers: usize,
    target_ms: Option<f64>,
) -> Result<(Vec<Row>, f64), Error> {
    // The last two accounts post at the same time as the author and have no followers.
    let network = Arc::new(star(context, followers + 3));
    let data = private_directory()?;
    prepare(data.path(), &network, 100, network.accounts).await?;
    let server = Server::start(&context.program, data.path(), false).await?;
    let mut subscribers = Subscribers::subscribe(server.log_in(1..=followers).await?).await?;
    let mut author = server.log_in([0]).await?.remove(0);
    let mut others = server.log_in(followers + 1..followers + 3).await?;
    let requests = |n| Mix::POSTS.requests(followers + 1 + n, &network);
    let without = drive(&mut others, Pace::Closed(1), context.length, requests).await?;
    let Delivered { cost, median_ms, bytes } =
        subscribers.receive_posts(&server, &mut author, &network).await?;

    // One post per second to all subscribers, while the others post.
    let posts = tokio::spawn(async move {
        loop {
            post(&mut author, "to all followers").await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        #[allow(unreachable_code, reason = "the type of the task")]
        Ok::<_, Error>(())
    });
    let during = drive(&mut others, Pace::Closed(1), context.length, requests).await?;
    posts.abort();
    let slower = without.per_second() / during.per_second();
    drop((subscribers, others, server));
    let bare = bare_writes(followers, bytes, &network).await?;

    let row = |label: String, value, unit| Row::new(NAME, label, value, unit);
    let mut rows = vec![
        row(format!("server CPU time per delivery, {followers} connected followers"), cost, "µs"),
        row(format!("CPU time per bare write of {bytes} bytes, {followers} sockets"), bare, "µs"),
        row(format!("delivery / bare write, {followers} connected followers"), cost / bare, "×"),
        row(format!("time until the last of {followers} has it, median"), median_ms, "ms"),
        row(
            format!("slowdown of other posts by one post per second to {followers} connected followers"),
            slower,
            "×",
        ),
    ];
    if let Some(target_ms) = target_ms {
        let targets = [Some(5.0), None, None, Some(target_ms), Some(1.2)];
        let with_target = |(row, target): (Row, Option<f64>)| match target {
            Some(target) => row.target(Target::AtMost(target)),
            None => row,
        };
        rows = rows.into_iter().zip(targets).map(with_target).collect();
    }
    Ok((rows, cost))
}

/// The baseline: a server that only writes, to the same number of connections.
async fn bare_writes(followers: usize, bytes: usize, network: &Network) -> Result<f64, Error> {
    let directory = private_directory()?;
    // `bytes` includes the fields of the frame.
    let server = Server::start_bare_write(bytes.saturating_sub(19), directory.path()).await?;
    let mut connections = Vec::with_capacity(followers);
    for _ in 0..followers {
        connections.push(Connection::connect(server.address).await?);
    }
    let mut subscribers = Subscribers::subscribe(connections).await?;
    let mut author = Connection::connect(server.address).await?;
    Ok(subscribers.receive_posts(&server, &mut author, network).await?.cost)
}

/// Connections that are subscribed to their home timeline.
struct Subscribers {
    size: usize,
    arrivals: mpsc::UnboundedReceiver<(Instant, usize)>,
    _tasks: JoinSet<Result<(), Error>>,
}

/// Measurements of deliveries.
struct Delivered {
    /// CPU time of the server for each delivery, in microseconds.
    cost: f64,
    /// Median time until the last subscriber has a post.
    median_ms: f64,
    /// Bytes of the event on the wire.
    bytes: usize,
}

impl Subscribers {
    async fn subscribe(connections: Vec<Connection>) -> Result<Self, Error> {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let (size, mut tasks) = (connections.len(), JoinSet::new());
        for mut connection in connections {
            let topic = Some(v1::subscribe::Topic::Home(v1::HomeTopic {}));
            connection.ask(Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await?;
            let arrived = arrived.clone();
            tasks.spawn(async move {
                loop {
                    while let Some(Received::Event { bytes }) = connection.next()? {
                        let _ = arrived.send((Instant::now(), bytes));
                    }
                    connection.receive().await?;
                }
            });
        }
        Ok(Self { size, arrivals, _tasks: tasks })
    }

    /// Posts one tweet after the other and waits until all subscribers have it.
    async fn receive_posts(
        &mut self,
        server: &Server,
        author: &mut Connection,
        network: &Network,
    ) -> Result<Delivered, Error> {
        let (mut last, mut most) = (Vec::new(), 0);
        let posts = (DELIVERIES / self.size).clamp(POSTS.0, POSTS.1);
        let before = server.process.cpu_time()?;
        for text in network.texts.iter().cycle().take(posts) {
            let began = Instant::now();
            post(author, text.as_str()).await?;
            let mut latest = began;
            for _ in 0..self.size {
                let arrival = tokio::time::timeout(Duration::from_secs(20), self.arrivals.recv()).await;
                let (at, bytes) = arrival
                    .map_err(|_| "a subscriber received nothing")?
                    .ok_or("no subscriber is connected")?;
                (latest, most) = (latest.max(at), most.max(bytes));
            }
            last.push((latest - began).as_secs_f64() * 1e3);
        }
        let cost = microseconds(server.process.cpu_time()? - before, (posts * self.size) as u64);
        last.sort_by(f64::total_cmp);
        Ok(Delivered { cost, median_ms: last[last.len() / 2], bytes: most })
    }
}

async fn post(connection: &mut Connection, text: &str) -> Result<(), Error> {
    connection.ask(Op::Post(v1::Post { text: text.to_owned(), ..Default::default() })).await.map(drop)
}

/// The cost of a post by an author with many offline followers.
async fn offline(context: &Context) -> Result<Vec<Row>, Error> {
    let mut costs = Vec::new();
    for accounts in [100, 100_000] {
        let network = Arc::new(star(context, accounts));
        let data = private_directory()?;
        prepare(data.path(), &network, 100, 1).await?;
        let server = Server::start(&context.program, data.path(), false).await?;
        let mut connections = server.log_in([0]).await?;
        let requests = |_| Mix::POSTS.requests(0, &network);
        let before = server.process.cpu_time()?;
        let outcome = drive(&mut connections, Pace::Closed(32), context.length, requests).await?;
        costs.push(microseconds(server.process.cpu_time()? - before, outcome.requests()));
    }
    let ratio = costs[1] / costs[0];
    Ok(vec![
        Row::new(NAME, "server CPU time per post, 100 offline followers", costs[0], "µs"),
        Row::new(NAME, "server CPU time per post, 100,000 offline followers", costs[1], "µs"),
        Row::new(NAME, "ratio of the two", ratio, "×").target(Target::AtMost(1.2)),
    ])
}

/// Memory of the server with idle sessions over TLS.
async fn idle(context: &Context, count: usize) -> Result<Row, Error> {
    let network = star(context, count);
    let data = private_directory()?;
    prepare(data.path(), &network, 0, count).await?;
    let server = Server::start(&context.program, data.path(), true).await?;
    let connections = server.log_in(0..count).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mebibytes = server.process.resident_bytes()? as f64 / f64::from(1 << 20);
    drop(connections);
    Ok(Row::new("idle", format!("resident memory with {count} idle TLS connections"), mebibytes, "MiB")
        .target(Target::AtMost(200.0)))
}
