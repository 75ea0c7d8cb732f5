//! Reads of the newest 20 tweets of home timelines, with warm and with cold caches; baselines: echo and Redis.

use crate::connection::read_home;
use crate::context::{CONNECTIONS, Context, Findings, ROUNDS, microseconds};
use crate::drive::{Outcome, Pace};
use crate::error::Error;
use crate::mix::Mix;
use crate::process::{Server, private_directory};
use crate::redis::Redis;
use crate::report::{Row, Target};

const NAME: &str = "reads";

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let mut rows = Vec::new();
    for tls in [false, true] {
        rows.extend(warm(context, tls).await?);
    }
    rows.push(cold(context).await?);
    Ok(Findings { rows, series: Vec::new() })
}

/// Reads timelines that have been read before.
pub(crate) async fn warm(context: &Context, tls: bool) -> Result<Vec<Row>, Error> {
    let (_data, server, mut connections) = context.server(tls).await?;
    for connection in &mut connections {
        let protocol::v1::response::Result::TweetPage(page) = connection.ask(read_home()).await? else {
            return Err("expected a page".into());
        };
        if page.tweets.len() < 20 {
            return Err("expected a page of 20 tweets".into());
        }
    }
    let sample = context.drive(&mut connections, Pace::Closed(1), context.round() / 4, Mix::READS).await?;
    let page_bytes = sample.bytes / sample.requests().max(1);
    let directory = private_directory()?;
    let echo = Server::start_echo(page_bytes as usize - 12, directory.path(), tls).await?;
    let mut echo_connections = Vec::new();
    for _ in 0..CONNECTIONS {
        echo_connections.push(crate::connection::Connection::connect(echo.address).await?);
    }
    // Redis runs without TLS, so it is compared only there.
    let redis = if tls {
        None
    } else {
        Some(Redis::start(directory.path(), &context.network, context.tweets).await?)
    };
    let over = if tls { "TLS" } else { "plain TCP" };
    let mut rows = Vec::new();
    if !tls {
        let label = "response size, page of 20 tweets";
        rows.push(Row::new(NAME, label, page_bytes as f64, "bytes").target(Target::AtMost(4_096.0)));
    }
    for (depth, least) in [(1, 0.8), (16, 0.5)] {
        let (mut by_server, mut by_echo, mut by_redis) = (Outcome::new()?, Outcome::new()?, Outcome::new()?);
        let before = server.process.cpu_time()?;
        for _ in 0..ROUNDS {
            by_server.then(
                &context.drive(&mut connections, Pace::Closed(depth), context.round(), Mix::READS).await?,
            )?;
        }
        let cpu = server.process.cpu_time()? - before;
        for _ in 0..ROUNDS {
            by_server.then(
                &context.drive(&mut connections, Pace::Closed(depth), context.round(), Mix::READS).await?,
            )?;
            by_echo.then(
                &context
                    .drive(&mut echo_connections, Pace::Closed(depth), context.round(), Mix::READS)
                    .await?,
            )?;
            if let Some(redis) = &redis {
                let drivers = context.drivers();
                let one = redis.drive(&drivers, depth, context.round(), &context.network, Mix::READS);
                by_redis.then(&one.await?)?;
            }
        }
        let at = format!("{CONNECTIONS} connections × {depth}, {over}");
        rows.push(
            Row::new(NAME, format!("home timeline reads, {at}"), by_server.per_second(), "/s")
                .latency(&by_server.reads),
        );
        let cost = microseconds(cpu, by_server.requests() / 2);
        rows.push(Row::new(NAME, format!("server CPU time per read, {at}"), cost, "µs"));
        rows.push(Row::new(NAME, format!("echo, {at}"), by_echo.per_second(), "/s").latency(&by_echo.reads));
        let ratio = by_server.per_second() / by_echo.per_second();
        rows.push(Row::new(NAME, format!("reads / echo, {at}"), ratio, "×").target(Target::AtLeast(least)));
        if redis.is_some() {
            let label = format!("Redis, {at}");
            rows.push(Row::new(NAME, label, by_redis.per_second(), "/s").latency(&by_redis.reads));
            let ratio = by_server.per_second() / by_redis.per_second();
            rows.push(
                Row::new(NAME, format!("reads / Redis, {at}"), ratio, "×").target(Target::AtLeast(5.0)),
            );
        }
    }
    Ok(rows)
}

/// The first read of each account after a server start, one after the other.
async fn cold(context: &Context) -> Result<Row, Error> {
    let data = context.data(context.network.accounts).await?;
    let server = Server::start(&context.program, data.path(), false).await?;
    let mut outcome = Outcome::new()?;
    for reader in context.network.readers().into_iter().take(1_000) {
        let mut connections = server.log_in([reader]).await?;
        outcome.add(&first_read(&mut connections).await?)?;
    }
    let p99 = crate::report::quantile_ms(&outcome.reads, 0.99);
    let row = Row::new(NAME, "first read of an account after a server start, p99", p99, "ms");
    Ok(row.latency(&outcome.reads).target(Target::AtMost(10.0)))
}

/// One read on each connection.
pub(crate) async fn first_read(
    connections: &mut Vec<crate::connection::Connection>,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::new()?;
    for connection in connections {
        let began = std::time::Instant::now();
        connection.ask(read_home()).await?;
        outcome.record(crate::drive::Kind::Read, began.elapsed());
    }
    Ok(outcome)
}
