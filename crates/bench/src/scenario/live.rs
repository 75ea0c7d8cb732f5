//! What is pushed: one author and very many who are there, and connections on which nothing happens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::v1::{self, request::Op};
use tokio::sync::mpsc;

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
/// Posts of the author in each measurement.
const POSTS: usize = 20;

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
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    for mut link in server.log_in(1..=followers).await? {
        let topic = Some(v1::subscribe::Topic::Home(v1::HomeTopic {}));
        link.ask(Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await?;
        let arrived = arrived.clone();
        tokio::spawn(async move {
            loop {
                while let Some(Arrived::Event) = link.next()? {
                    let _ = arrived.send(Instant::now());
                }
                link.receive().await?;
            }
            #[allow(unreachable_code, reason = "the type of the task")]
            Ok::<_, Error>(())
        });
    }
    let mut author = server.log_in([0]).await?.remove(0);
    let mut bystanders = server.log_in(followers + 1..followers + 3).await?;
    let posting = |n| Mix::POSTS.requests(followers + 1 + n, &network);
    let alone = drive(&mut bystanders, Pace::Closed(1), bench.length, posting).await?;

    let mut last = Vec::new();
    let before = server.process.cpu()?;
    for n in 0..POSTS {
        let began = Instant::now();
        post(&mut author, network.texts[n].as_str()).await?;
        let mut latest = began;
        for _ in 0..followers {
            let arrival = tokio::time::timeout(Duration::from_secs(20), arrivals.recv()).await;
            latest = latest.max(arrival.map_err(|_| "a follower heard nothing")?.ok_or("nobody listens")?);
        }
        last.push((latest - began).as_secs_f64() * 1e3);
    }
    let cpu = server.process.cpu()? - before;
    last.sort_by(f64::total_cmp);
    let per_delivery = microseconds(cpu, (POSTS * followers) as u64);

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

    let mut per_delivery_row =
        Row::new(NAME, format!("processor time of a delivery, {followers} online"), per_delivery, "µs");
    let middle = last[last.len() / 2];
    let mut last_row = Row::new(NAME, format!("last of {followers} has it, median"), middle, "ms");
    let what = format!("other people's posts are slower beside a post a second to {followers} online");
    let mut slower_row = Row::new(NAME, what, slower, "×");
    if let Some(aim) = last_ms {
        per_delivery_row = per_delivery_row.aim(Aim::AtMost(5.0));
        last_row = last_row.aim(Aim::AtMost(aim));
        slower_row = slower_row.aim(Aim::AtMost(1.2));
    }
    Ok((vec![per_delivery_row, last_row, slower_row], per_delivery))
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
