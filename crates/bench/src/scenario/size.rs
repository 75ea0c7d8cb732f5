//! What becomes slower as a network grows: feeds, first feeds, posts, the start, memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::reads::first_read;
use super::{Bench, CONNECTIONS, Findings};
use crate::Error;
use crate::drive::{Outcome, Pace, drive};
use crate::mix::Mix;
use crate::network::Network;
use crate::plot::Line;
use crate::prepare::prepare;
use crate::process::{Server, private_directory};
use crate::report::{Aim, Row, quantile_ms};

const NAME: &str = "size";
/// People who have read lately.
const ACTIVE: usize = 1_000;

struct Size {
    warm: Outcome,
    cold: Outcome,
    posts: Outcome,
    first_answer: Duration,
    start_bytes: u64,
    active_bytes: u64,
}

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let (people, tweets) = bench.largest;
    let steps = [(1_000, 10_000), (10_000, 100_000), (100_000, 1_000_000), (people, tweets)];
    let steps = steps.into_iter().filter(|step| step.1 <= tweets);
    let mut findings = Findings::default();
    let mut lines = ["feed, p50", "first feed, p99", "post, p50"].map(|name| Line::new("size", name.into()));
    let mut smallest = None;
    let mut done = 0;
    for (people, tweets) in steps {
        if tweets == done {
            continue;
        }
        done = tweets;
        let size = measure(bench, people, tweets).await?;
        let warm = quantile_ms(&size.warm.reads, 0.5);
        let cold = quantile_ms(&size.cold.reads, 0.99);
        lines[0].points.push((tweets as f64, warm));
        lines[1].points.push((tweets as f64, cold));
        lines[2].points.push((tweets as f64, quantile_ms(&size.posts.writes, 0.5)));
        let of = format!("{people} accounts, {tweets} tweets");
        let rows = &mut findings.rows;
        rows.push(
            Row::new(NAME, format!("feeds, {of}"), size.warm.per_second(), "/s").latency(&size.warm.reads),
        );
        let row = Row::new(NAME, format!("first feed of an account, {of}, p99"), cold, "ms");
        rows.push(row.latency(&size.cold.reads).aim(Aim::AtMost(10.0)));
        rows.push(
            Row::new(NAME, format!("posts, {of}"), size.posts.per_second(), "/s").latency(&size.posts.writes),
        );
        let first = size.first_answer.as_secs_f64();
        rows.push(
            Row::new(NAME, format!("first answer after a start, {of}"), first, "s").aim(Aim::AtMost(1.0)),
        );
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let what = format!("resident memory after a start, {of}");
        rows.push(Row::new(NAME, what, mebibytes(size.start_bytes), "MiB"));
        let what = format!("resident memory, {ACTIVE} active accounts, {of}");
        rows.push(Row::new(NAME, what, mebibytes(size.active_bytes), "MiB").aim(Aim::AtMost(150.0)));
        let smallest = *smallest.get_or_insert(warm);
        let what = format!("latency of a feed to that at 10,000 tweets, {of}");
        rows.push(Row::new(NAME, what, warm / smallest, "×").aim(Aim::AtMost(1.3)));
    }
    findings.lines.extend(lines);
    Ok(findings)
}

async fn measure(bench: &Bench, people: usize, tweets: usize) -> Result<Size, Error> {
    let network = Arc::new(Network { texts: bench.network.texts.clone(), ..Network::made(people) });
    let data = private_directory()?;
    eprintln!("  making {people} accounts with {} ties and {tweets} tweets", network.follows.len());
    prepare(data.path(), &network, tweets, people).await?;

    let began = Instant::now();
    let server = Server::start(&bench.program, data.path(), false).await?;
    let readers: Vec<_> = network.readers().into_iter().rev().take(ACTIVE).collect();
    let mut links = server.log_in(readers.iter().copied().take(1)).await?;
    first_read(&mut links).await?;
    let first_answer = began.elapsed();
    let start_bytes = server.process.resident_bytes()?;

    // Those who came last follow as many as anybody, and what they follow is spread over all.
    let mut cold = Outcome::new()?;
    let mut links = server.log_in(readers.iter().copied().skip(1)).await?;
    cold.add(&first_read(&mut links).await?)?;
    let active_bytes = server.process.resident_bytes()?;

    links.truncate(CONNECTIONS);
    let requests = |mix: Mix| {
        let (network, readers) = (Arc::clone(&network), readers.clone());
        move |n: usize| mix.requests(readers[n + 1], &network)
    };
    let warm = drive(&mut links, Pace::Closed(1), bench.length, requests(Mix::FEEDS)).await?;
    let posts = drive(&mut links, Pace::Closed(1), bench.length, requests(Mix::POSTS)).await?;
    Ok(Size { warm, cold, posts, first_answer, start_bytes, active_bytes })
}
