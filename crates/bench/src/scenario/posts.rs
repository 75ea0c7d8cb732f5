//! Durable posts, follows and a log-in flood, beside SQLite alone and beside Redis.

use std::path::Path;

use super::{Bench, CONNECTIONS, Findings, ROUNDS, microseconds};
use crate::Error;
use crate::drive::{Outcome, Pace};
use crate::link::Link;
use crate::mix::Mix;
use crate::process::{Server, private_directory};
use crate::raw::{self, Replayed, Rows};
use crate::redis::Redis;
use crate::report::{Aim, Row, quantile_ms};
use protocol::v1::{self, request::Op, response};
use store::sqlite::DATABASE;

const NAME: &str = "posts";
const DEPTH: usize = 8;
/// An answer that says that it is done, without what is around it.
const DONE_BYTES: usize = 11;

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let mut rows = many(bench).await?;
    rows.extend(one(bench).await?);
    rows.extend(follows(bench).await?);
    rows.extend(flood(bench).await?);
    Ok(Findings { rows, lines: Vec::new() })
}

/// Changes and commits of a server since it started.
async fn tally(data: &Path) -> Result<(u64, u64), Error> {
    let mut operator = Link::operator(&data.join("operator.sock")).await?;
    match operator.ask(Op::GetStatistics(v1::GetStatistics {})).await? {
        response::Result::Statistics(s) => Ok((s.changes, s.commits)),
        other => Err(format!("no statistics: {other:?}").into()),
    }
}

/// What a server wrote into its data directory after this identifier, by SQLite alone.
async fn alone(bench: &Bench, data: &Path, since: i64, batch: f64, which: Rows) -> Result<Replayed, Error> {
    // As it was before, made again.
    let fresh = bench.data(bench.network.people).await?;
    let (before, written) = (fresh.path().join(DATABASE), data.join(DATABASE));
    let length = bench.length;
    let replay = move || raw::replay(&before, &written, since, batch, which, length);
    tokio::task::spawn_blocking(replay).await?
}

/// All that the machine can take.
pub(crate) async fn many(bench: &Bench) -> Result<Vec<Row>, Error> {
    let (data, server, mut links) = bench.server(false).await?;
    let directory = private_directory()?;
    let redis = Redis::start(directory.path(), &bench.network, bench.tweets).await?;
    let (mut ours, mut retwis) = (Outcome::new()?, Outcome::new()?);
    let since = raw::newest(&data.path().join(DATABASE))?;
    let (changes, commits) = tally(data.path()).await?;
    let before = server.process.cpu()?;
    for _ in 0..ROUNDS {
        ours.then(&bench.drive(&mut links, Pace::Closed(DEPTH), bench.round(), Mix::POSTS).await?)?;
        let drivers = bench.drivers();
        let one = redis.drive(&drivers, DEPTH, bench.round(), &bench.network, Mix::POSTS);
        retwis.then(&one.await?)?;
    }
    let cpu = server.process.cpu()? - before;
    let (changes, commits) = {
        let now = tally(data.path()).await?;
        (now.0 - changes, now.1 - commits)
    };
    let batch = changes as f64 / commits.max(1) as f64;
    drop((links, server, redis));
    let limit = alone(bench, data.path(), since, batch, Rows::All).await?.posts_per_second;

    let at = format!("{CONNECTIONS} connections × {DEPTH}");
    let to_redis = ours.per_second() / retwis.per_second();
    Ok(vec![
        Row::new(NAME, format!("durable posts, {at}"), ours.per_second(), "/s").latency(&ours.writes),
        Row::new(NAME, "processor time of a post", microseconds(cpu, ours.requests()), "µs"),
        Row::new(NAME, "posts in a commit", batch, ""),
        Row::new(NAME, "SQLite alone, the same rows in such commits", limit, "/s"),
        Row::new(NAME, format!("posts to SQLite alone, {at}"), ours.per_second() / limit, "×")
            .aim(Aim::AtLeast(0.6)),
        Row::new(NAME, format!("Redis, fsync always, {at}"), retwis.per_second(), "/s")
            .latency(&retwis.writes),
        Row::new(NAME, format!("posts to Redis, {at}"), to_redis, "×").aim(Aim::AtLeast(3.0)),
    ])
}

/// One at a time.
async fn one(bench: &Bench) -> Result<Vec<Row>, Error> {
    let (data, server, mut links) = bench.server(false).await?;
    links.truncate(1);
    let since = raw::newest(&data.path().join(DATABASE))?;
    let directory = private_directory()?;
    let echo = Server::start_echo(DONE_BYTES, directory.path(), false).await?;
    let mut echo_links = vec![Link::connect(echo.address).await?];
    let (mut ours, mut way) = (Outcome::new()?, Outcome::new()?);
    let mut limit = hdrhistogram::Histogram::new(3)?;
    for _ in 0..ROUNDS {
        ours.then(&bench.drive(&mut links, Pace::Closed(1), bench.round(), Mix::POSTS).await?)?;
        way.then(&bench.drive(&mut echo_links, Pace::Closed(1), bench.round(), Mix::FEEDS).await?)?;
        let (beside, length) = (tempfile::tempdir_in(data.path())?, bench.round());
        let one = tokio::task::spawn_blocking(move || raw::one_row_commits(beside.path(), length));
        limit.add(one.await??)?;
    }
    drop((links, server));
    let rows = alone(bench, data.path(), since, 1.0, Rows::WithoutSearch).await?.transactions;

    let p50 = quantile_ms(&ours.writes, 0.5);
    let (row, way_ms) = (quantile_ms(&limit, 0.5), quantile_ms(&way.reads, 0.5));
    Ok(vec![
        Row::new(NAME, "durable posts, 1 connection × 1", ours.per_second(), "/s").latency(&ours.writes),
        Row::new(NAME, "SQLite alone, one row, p50", quantile_ms(&limit, 0.5), "ms").latency(&limit),
        Row::new(NAME, "SQLite alone, the rows of a post, p50", quantile_ms(&rows, 0.5), "ms").latency(&rows),
        Row::new(NAME, "echo, 1 connection × 1, p50", way_ms, "ms").latency(&way.reads),
        Row::new(NAME, "a post to a row of SQLite alone, p50", p50 / row, "×").aim(Aim::AtMost(1.5)),
        Row::new(NAME, "a post to echo and a row one behind the other, p50", p50 / (way_ms + row), "×"),
    ])
}

async fn follows(bench: &Bench) -> Result<Vec<Row>, Error> {
    let (_data, _server, mut links) = bench.server(false).await?;
    let ours = bench.drive(&mut links, Pace::Closed(1), bench.length, Mix::FOLLOWS).await?;
    let what = format!("follows and unfollows, {CONNECTIONS} connections × 1");
    Ok(vec![Row::new("follows", what, ours.per_second(), "/s").latency(&ours.writes)])
}

/// Posts while others try to log in as fast as they can: hashing has threads of its own and a bounded queue.
async fn flood(bench: &Bench) -> Result<Vec<Row>, Error> {
    let (_data, server, mut links) = bench.server(false).await?;
    links.truncate(8);
    let calm = bench.drive(&mut links, Pace::Closed(1), bench.length, Mix::POSTS).await?;
    let mut flood = tokio::task::JoinSet::new();
    for n in 0..32_u32 {
        let address = server.address;
        flood.spawn(async move {
            let mut answers = 0_u64;
            while let Ok(mut link) = Link::connect(address).await {
                let log_in = v1::LogIn { username: format!("p{n}"), password: "not this one".into() };
                // Refused, of course.
                while link.ask(Op::LogIn(log_in.clone())).await.is_err_and(|e| e.to_string().contains("ode"))
                {
                    answers += 1;
                }
            }
            answers
        });
    }
    let flooded = bench.drive(&mut links, Pace::Closed(1), bench.length, Mix::POSTS).await?;
    flood.shutdown().await;
    let share = flooded.per_second() / calm.per_second();
    Ok(vec![
        Row::new("flood", "posts, 8 connections × 1", calm.per_second(), "/s").latency(&calm.writes),
        Row::new("flood", "the same beside 32 connections that guess passwords", flooded.per_second(), "/s")
            .latency(&flooded.writes),
        Row::new("flood", "posts beside the flood to without it", share, "×"),
    ])
}
