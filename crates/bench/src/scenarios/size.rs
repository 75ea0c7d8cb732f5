//! Networks of increasing size: reads, first reads, posts, server start, memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reads::first_read;
use crate::context::{CONNECTIONS, Context, Findings};
use crate::drive::{Outcome, Pace, drive};
use crate::error::Error;
use crate::mix::Mix;
use crate::network::Network;
use crate::plot::Series;
use crate::prepare::prepare;
use crate::process::{Server, private_directory};
use crate::report::{Row, Target, quantile_ms};

const NAME: &str = "size";
/// Accounts that have read recently.
const ACTIVE: usize = 1_000;

/// Measurements at one size.
struct Size {
    warm: Outcome,
    cold: Outcome,
    posts: Outcome,
    first_response: Duration,
    start_bytes: u64,
    active_bytes: u64,
}

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let (accounts, tweets) = context.largest;
    let steps = [(1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000), (accounts, tweets)];
    let steps = steps.into_iter().filter(|step| step.1 <= tweets);
    let mut findings = Findings::default();
    let mut series =
        ["read, p50", "first read, p99", "post, p50"].map(|name| Series::new("size", name.into()));
    let mut smallest = None;
    let mut done = 0;
    for (accounts, tweets) in steps {
        if tweets == done {
            continue;
        }
        done = tweets;
        let size = measure(context, accounts, tweets).await?;
        let warm = quantile_ms(&size.warm.reads, 0.5);
        let cold = quantile_ms(&size.cold.reads, 0.99);
        series[0].points.push((tweets as f64, warm));
        series[1].points.push((tweets as f64, cold));
        series[2].points.push((tweets as f64, quantile_ms(&size.posts.writes, 0.5)));
        let of = format!("{accounts} accounts, {tweets} tweets");
        let rows = &mut findings.rows;
        rows.push(
            Row::new(NAME, format!("home timeline reads, {of}"), size.warm.per_second(), "/s")
                .latency(&size.warm.reads),
        );
        let row = Row::new(NAME, format!("first read of an account, {of}, p99"), cold, "ms");
        rows.push(row.latency(&size.cold.reads).target(Target::AtMost(10.0)));
        rows.push(
            Row::new(NAME, format!("posts, {of}"), size.posts.per_second(), "/s").latency(&size.posts.writes),
        );
        let first = size.first_response.as_secs_f64();
        rows.push(
            Row::new(NAME, format!("time to the first response after a server start, {of}"), first, "s")
                .target(Target::AtMost(1.0)),
        );
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let label = format!("resident memory after a server start, {of}");
        rows.push(Row::new(NAME, label, mebibytes(size.start_bytes), "MiB"));
        let label = format!("resident memory, {ACTIVE} active accounts, {of}");
        rows.push(Row::new(NAME, label, mebibytes(size.active_bytes), "MiB").target(Target::AtMost(150.0)));
        let smallest = *smallest.get_or_insert(warm);
        let label = format!("read latency / read latency at 10,000 tweets, {of}");
        rows.push(Row::new(NAME, label, warm / smallest, "×").target(Target::AtMost(1.3)));
    }
    findings.series.extend(series);
    Ok(findings)
}

async fn measure(context: &Context, accounts: usize, tweets: usize) -> Result<Size, Error> {
    let network = Arc::new(Network { texts: context.network.texts.clone(), ..Network::synthetic(accounts) });
    let data = private_directory()?;
    eprintln!("  generating {accounts} accounts with {} follows and {tweets} tweets", network.follows.len());
    prepare(data.path(), &network, tweets, accounts).await?;

    let began = Instant::now();
    let server = Server::start(&context.program, data.path(), false).await?;
    let readers: Vec<_> = network.readers().into_iter().rev().take(ACTIVE).collect();
    let mut connections = server.log_in(readers.iter().copied().take(1)).await?;
    first_read(&mut connections).await?;
    let first_response = began.elapsed();
    let start_bytes = server.process.resident_bytes()?;

    // The last accounts follow as many as others, spread over the whole network.
    let mut cold = Outcome::new()?;
    let mut connections = server.log_in(readers.iter().copied().skip(1)).await?;
    cold.add(&first_read(&mut connections).await?)?;
    let active_bytes = server.process.resident_bytes()?;

    connections.truncate(CONNECTIONS);
    let requests = |mix: Mix| {
        let (network, readers) = (Arc::clone(&network), readers.clone());
        move |n: usize| mix.requests(readers[n + 1], &network)
    };
    let warm = drive(&mut connections, Pace::Closed(1), context.length, requests(Mix::READS)).await?;
    let posts = drive(&mut connections, Pace::Closed(1), context.length, requests(Mix::POSTS)).await?;
    Ok(Size { warm, cold, posts, first_response, start_bytes, active_bytes })
}
