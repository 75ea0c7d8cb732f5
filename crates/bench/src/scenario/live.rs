//! What is pushed: one author and very many who are there, and connections on which nothing happens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::v1::{self, request::Op};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Bench, Findings, microseconds};
use crate::Error;
use crate::drive::{Pace, drive};
use crate::link::{Arrived, Link};
use crate::mix::Mix;
use crate::network::Network;
use crate::plot::Line;
use crate::prepare::prepare;
use crate::process::{Server, private_directory};
use crate::report::{Aim, Row};

const NAME: &str = "live";
/// Deliveries in each measurement, as far as the author's posts are not fewer or more than these.
const DELIVERIES: usize = 100_000;
const POSTS: (usize, usize) = (20, 200);

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut cost = Line::new("cost", "a delivery to one who is online, by number online".into());
    for (followers, last_ms) in [(100, None), (1_000, Some(50.0)), (10_000, Some(300.0))] {
        let (rows, per_delivery) = fan_out(bench, followers, last_ms).await?;
        findings.rows.extend(rows);
        cost.points.push((followers as f64, per_delivery));
    }
    findings.lines.push(cost);
    findings.rows.extend(offline(bench).await?);
    findings.rows.push(idle(bench, 10_000).await?);
    Ok(findings)
}

/// Person 0 is followed by everybody else.
fn star(bench: &Bench, people: usize) -> Network {
    let follows = (1..people).map(|follower| (follower, 0)).collect();
    Network { people, follows, texts: bench.network.texts.clone() }
}

async fn fan_out(bench: &Bench, followers: usize, last_ms: Option<f64>) -> Result<(Vec<Row>, f64), Error> {
    // The last two post beside the author, and nobody listens to them.
    let network = Arc::new(star(bench, followers + 3));
    let data = private_directory()?;
    prepare(data.path(), &network, 100, network.people).await?;
    let server = Server::start(&bench.program, data.path(), false).await?;
    let mut audience = Audience::gather(server.log_in(1..=followers).await?).await?;
    let mut author = server.log_in([0]).await?.remove(0);
    let mut bystanders = server.log_in(followers + 1..followers + 3).await?;
    let posting = |n| Mix::POSTS.requests(followers + 1 + n, &network);
    let alone = drive(&mut bystanders, Pace::Closed(1), bench.length, posting).await?;
    let Delivered { cost, middle_ms, bytes } = audience.hear(&server, &mut author, &network).await?;

    // A post a second to everybody, while the bystanders post.
    let posts = tokio::spawn(async move {
        loop {
            post(&mut author, "to all who are there").await?;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        #[allow(unreachable_code, reason = "the type of the task")]
        Ok::<_, Error>(())
    });
    let beside = drive(&mut bystanders, Pace::Closed(1), bench.length, posting).await?;
    posts.abort();
    let slower = alone.per_second() / beside.per_second();
    drop((audience, bystanders, server));
    let bare = bare_writes(followers, bytes, &network).await?;

    let row = |what: String, value, unit| Row::new(NAME, what, value, unit);
    let mut rows = vec![
        row(format!("processor time of a delivery, {followers} online"), cost, "µs"),
        row(format!("processor time of a bare write of {bytes} bytes, {followers} sockets"), bare, "µs"),
        row(format!("a delivery to a bare write, {followers} online"), cost / bare, "×"),
        row(format!("last of {followers} has it, median"), middle_ms, "ms"),
        row(
            format!("other people's posts are slower beside a post a second to {followers} online"),
            slower,
            "×",
        ),
    ];
    if let Some(last_ms) = last_ms {
        let aims = [Some(5.0), None, None, Some(last_ms), Some(1.2)];
        let with_aim = |(row, aim): (Row, Option<f64>)| match aim {
            Some(aim) => row.aim(Aim::AtMost(aim)),
            None => row,
        };
        rows = rows.into_iter().zip(aims).map(with_aim).collect();
    }
    Ok((rows, cost))
}

/// The same to as many connections by a server that only writes.
async fn bare_writes(followers: usize, bytes: usize, network: &Network) -> Result<f64, Error> {
    let directory = private_directory()?;
    // The frame's own fields are in `bytes`.
    let server = Server::start_push(bytes.saturating_sub(19), directory.path()).await?;
    let mut links = Vec::with_capacity(followers);
    for _ in 0..followers {
        links.push(Link::connect(server.address).await?);
    }
    let mut audience = Audience::gather(links).await?;
    let mut author = Link::connect(server.address).await?;
    Ok(audience.hear(&server, &mut author, network).await?.cost)
}

/// Connections that listen to their homes.
struct Audience {
    size: usize,
    arrivals: mpsc::UnboundedReceiver<(Instant, usize)>,
    _tasks: JoinSet<Result<(), Error>>,
}

/// What an audience has heard.
struct Delivered {
    /// Of the server's processors for each of them, in microseconds.
    cost: f64,
    /// Until the last one has it.
    middle_ms: f64,
    /// On the wire.
    bytes: usize,
}

impl Audience {
    async fn gather(links: Vec<Link>) -> Result<Self, Error> {
        let (arrived, arrivals) = mpsc::unbounded_channel();
        let (size, mut tasks) = (links.len(), JoinSet::new());
        for mut link in links {
            let topic = Some(v1::subscribe::Topic::Home(v1::HomeTopic {}));
            link.ask(Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await?;
            let arrived = arrived.clone();
            tasks.spawn(async move {
                loop {
                    while let Some(Arrived::Event { bytes }) = link.next()? {
                        let _ = arrived.send((Instant::now(), bytes));
                    }
                    link.receive().await?;
                }
            });
        }
        Ok(Self { size, arrivals, _tasks: tasks })
    }

    /// The author's posts, one behind the other.
    async fn hear(
        &mut self,
        server: &Server,
        author: &mut Link,
        network: &Network,
    ) -> Result<Delivered, Error> {
        let (mut last, mut most) = (Vec::new(), 0);
        let posts = (DELIVERIES / self.size).clamp(POSTS.0, POSTS.1);
        let before = server.process.cpu()?;
        for text in network.texts.iter().cycle().take(posts) {
            let began = Instant::now();
            post(author, text.as_str()).await?;
            let mut latest = began;
            for _ in 0..self.size {
                let arrival = tokio::time::timeout(Duration::from_secs(20), self.arrivals.recv()).await;
                let (at, bytes) = arrival.map_err(|_| "a follower heard nothing")?.ok_or("nobody listens")?;
                (latest, most) = (latest.max(at), most.max(bytes));
            }
            last.push((latest - began).as_secs_f64() * 1e3);
        }
        let cost = microseconds(server.process.cpu()? - before, (posts * self.size) as u64);
        last.sort_by(f64::total_cmp);
        Ok(Delivered { cost, middle_ms: last[last.len() / 2], bytes: most })
    }
}

async fn post(link: &mut Link, text: &str) -> Result<(), Error> {
    link.ask(Op::Post(v1::Post { text: text.to_owned(), ..Default::default() })).await.map(drop)
}

/// What a post costs whose author has many followers who are not there.
async fn offline(bench: &Bench) -> Result<Vec<Row>, Error> {
    let mut costs = Vec::new();
    for people in [100, 100_000] {
        let network = Arc::new(star(bench, people));
        let data = private_directory()?;
        prepare(data.path(), &network, 100, 1).await?;
        let server = Server::start(&bench.program, data.path(), false).await?;
        let mut links = server.log_in([0]).await?;
        let posting = |_| Mix::POSTS.requests(0, &network);
        let before = server.process.cpu()?;
        let outcome = drive(&mut links, Pace::Closed(32), bench.length, posting).await?;
        costs.push(microseconds(server.process.cpu()? - before, outcome.requests()));
    }
    let ratio = costs[1] / costs[0];
    Ok(vec![
        Row::new(NAME, "processor time of a post, 100 followers who are offline", costs[0], "µs"),
        Row::new(NAME, "processor time of a post, 100,000 followers who are offline", costs[1], "µs"),
        Row::new(NAME, "the one to the other", ratio, "×").aim(Aim::AtMost(1.2)),
    ])
}

/// Memory of connections over TLS that are logged in and silent.
async fn idle(bench: &Bench, connections: usize) -> Result<Row, Error> {
    let network = star(bench, connections);
    let data = private_directory()?;
    prepare(data.path(), &network, 0, connections).await?;
    let server = Server::start(&bench.program, data.path(), true).await?;
    let links = server.log_in(0..connections).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mebibytes = server.process.resident_bytes()? as f64 / f64::from(1 << 20);
    drop(links);
    Ok(Row::new("idle", format!("resident memory with {connections} idle TLS connections"), mebibytes, "MiB")
        .aim(Aim::AtMost(200.0)))
}
