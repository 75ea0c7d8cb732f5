//! Durable posts, follows, and posts during a flood of log-ins; baselines: SQLite only and Redis.

use std::path::Path;

use crate::connection::Connection;
use crate::context::{CONNECTIONS, Context, Findings, ROUNDS, microseconds};
use crate::drive::{Outcome, Pace};
use crate::error::Error;
use crate::mix::Mix;
use crate::process::{Server, private_directory};
use crate::redis::Redis;
use crate::report::{Row, Target, quantile_ms};
use crate::sqlite_only::{self, Replayed, Rows};
use protocol::v1::{self, request::Op, response};
use store::sqlite::DATABASE;

const NAME: &str = "posts";
const DEPTH: usize = 8;
/// Size of the response to a post, without its envelope.
const RESPONSE_BYTES: usize = 11;

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let mut rows = many(context).await?;
    rows.extend(one(context).await?);
    rows.extend(follows(context).await?);
    rows.extend(flood(context).await?);
    Ok(Findings { rows, series: Vec::new() })
}

/// Number of changes and commits since the server started.
async fn writer_counts(data: &Path) -> Result<(u64, u64), Error> {
    let mut operator = Connection::operator(&data.join("operator.sock")).await?;
    match operator.ask(Op::GetStatistics(v1::GetStatistics {})).await? {
        response::Result::Statistics(s) => Ok((s.changes, s.commits)),
        other => Err(format!("unexpected response: {other:?}").into()),
    }
}

/// Replays with SQLite only what a server wrote to its data directory after this identifier.
async fn replay(
    context: &Context,
    data: &Path,
    since: i64,
    batch: f64,
    which: Rows,
) -> Result<Replayed, Error> {
    // The same database as before the posts.
    let fresh = context.data(context.network.accounts).await?;
    let (before, written) = (fresh.path().join(DATABASE), data.join(DATABASE));
    let length = context.length;
    let run = move || sqlite_only::replay(&before, &written, since, batch, which, length);
    tokio::task::spawn_blocking(run).await?
}

/// As many posts as the machine can process.
pub(crate) async fn many(context: &Context) -> Result<Vec<Row>, Error> {
    let (data, server, mut connections) = context.server(false).await?;
    let directory = private_directory()?;
    let redis = Redis::start(directory.path(), &context.network, context.tweets).await?;
    let (mut by_server, mut by_redis) = (Outcome::new()?, Outcome::new()?);
    let since = sqlite_only::newest(&data.path().join(DATABASE))?;
    let (changes, commits) = writer_counts(data.path()).await?;
    let before = server.process.cpu_time()?;
    for _ in 0..ROUNDS {
        by_server.then(
            &context.drive(&mut connections, Pace::Closed(DEPTH), context.round(), Mix::POSTS).await?,
        )?;
        let drivers = context.drivers();
        let one = redis.drive(&drivers, DEPTH, context.round(), &context.network, Mix::POSTS);
        by_redis.then(&one.await?)?;
    }
    let cpu = server.process.cpu_time()? - before;
    let (changes, commits) = {
        let now = writer_counts(data.path()).await?;
        (now.0 - changes, now.1 - commits)
    };
    let batch = changes as f64 / commits.max(1) as f64;
    drop((connections, server, redis));
    let limit = replay(context, data.path(), since, batch, Rows::All).await?.posts_per_second;

    let at = format!("{CONNECTIONS} connections × {DEPTH}");
    let to_redis = by_server.per_second() / by_redis.per_second();
    Ok(vec![
        Row::new(NAME, format!("durable posts, {at}"), by_server.per_second(), "/s")
            .latency(&by_server.writes),
        Row::new(NAME, "server CPU time per post", microseconds(cpu, by_server.requests()), "µs"),
        Row::new(NAME, "posts per commit", batch, ""),
        Row::new(NAME, "SQLite only, same rows and commit size", limit, "/s"),
        Row::new(NAME, format!("posts / SQLite only, {at}"), by_server.per_second() / limit, "×")
            .target(Target::AtLeast(0.6)),
        Row::new(NAME, format!("Redis, fsync always, {at}"), by_redis.per_second(), "/s")
            .latency(&by_redis.writes),
        Row::new(NAME, format!("posts / Redis, {at}"), to_redis, "×").target(Target::AtLeast(3.0)),
    ])
}

/// One post at a time, on one connection.
async fn one(context: &Context) -> Result<Vec<Row>, Error> {
    let (data, server, mut connections) = context.server(false).await?;
    connections.truncate(1);
    let since = sqlite_only::newest(&data.path().join(DATABASE))?;
    let directory = private_directory()?;
    let echo = Server::start_echo(RESPONSE_BYTES, directory.path(), false).await?;
    let mut echo_connections = vec![Connection::connect(echo.address).await?];
    let (mut by_server, mut by_echo) = (Outcome::new()?, Outcome::new()?);
    let mut one_row = hdrhistogram::Histogram::new(3)?;
    for _ in 0..ROUNDS {
        by_server
            .then(&context.drive(&mut connections, Pace::Closed(1), context.round(), Mix::POSTS).await?)?;
        by_echo.then(
            &context.drive(&mut echo_connections, Pace::Closed(1), context.round(), Mix::READS).await?,
        )?;
        let (directory, length) = (tempfile::tempdir_in(data.path())?, context.round());
        let one = tokio::task::spawn_blocking(move || sqlite_only::one_row_commits(directory.path(), length));
        one_row.add(one.await??)?;
    }
    drop((connections, server));
    let rows = replay(context, data.path(), since, 1.0, Rows::WithoutSearch).await?.transactions;

    let p50 = quantile_ms(&by_server.writes, 0.5);
    let (row, echo_ms) = (quantile_ms(&one_row, 0.5), quantile_ms(&by_echo.reads, 0.5));
    Ok(vec![
        Row::new(NAME, "durable posts, 1 connection × 1", by_server.per_second(), "/s")
            .latency(&by_server.writes),
        Row::new(NAME, "SQLite only, one-row commit, p50", quantile_ms(&one_row, 0.5), "ms")
            .latency(&one_row),
        Row::new(NAME, "SQLite only, commit of the rows of a post, p50", quantile_ms(&rows, 0.5), "ms")
            .latency(&rows),
        Row::new(NAME, "echo, 1 connection × 1, p50", echo_ms, "ms").latency(&by_echo.reads),
        Row::new(NAME, "post / one-row commit, p50", p50 / row, "×").target(Target::AtMost(1.5)),
        Row::new(NAME, "post / (echo + one-row commit), p50", p50 / (echo_ms + row), "×"),
    ])
}

async fn follows(context: &Context) -> Result<Vec<Row>, Error> {
    let (_data, _server, mut connections) = context.server(false).await?;
    let by_server = context.drive(&mut connections, Pace::Closed(1), context.length, Mix::FOLLOWS).await?;
    let label = format!("follows and unfollows, {CONNECTIONS} connections × 1");
    Ok(vec![Row::new("follows", label, by_server.per_second(), "/s").latency(&by_server.writes)])
}

/// Posts while other clients try to log in as fast as they can. Hashing has its own threads and a bounded queue.
async fn flood(context: &Context) -> Result<Vec<Row>, Error> {
    let (_data, server, mut connections) = context.server(false).await?;
    connections.truncate(8);
    let without = context.drive(&mut connections, Pace::Closed(1), context.length, Mix::POSTS).await?;
    let mut flood = tokio::task::JoinSet::new();
    for n in 0..32_u32 {
        let address = server.address;
        flood.spawn(async move {
            let mut responses = 0_u64;
            while let Ok(mut connection) = Connection::connect(address).await {
                let log_in = v1::LogIn { username: format!("p{n}"), password: "not this one".into() };
                // The error of a wrong password or a rate limit; any other error ends the loop.
                while connection
                    .ask(Op::LogIn(log_in.clone()))
                    .await
                    .is_err_and(|e| e.to_string().contains("ode"))
                {
                    responses += 1;
                }
            }
            responses
        });
    }
    let flooded = context.drive(&mut connections, Pace::Closed(1), context.length, Mix::POSTS).await?;
    flood.shutdown().await;
    let ratio = flooded.per_second() / without.per_second();
    Ok(vec![
        Row::new("flood", "posts, 8 connections × 1", without.per_second(), "/s").latency(&without.writes),
        Row::new("flood", "posts during a log-in flood from 32 connections", flooded.per_second(), "/s")
            .latency(&flooded.writes),
        Row::new("flood", "posts during the flood / without it", ratio, "×"),
    ])
}
