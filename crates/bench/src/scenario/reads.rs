//! Home timelines of 20, warm and cold, beside a server that only echoes and beside Redis.

use super::{Bench, CONNECTIONS, Findings, ROUNDS, microseconds};
use crate::Error;
use crate::drive::{Outcome, Pace};
use crate::link::home;
use crate::mix::Mix;
use crate::process::{Server, private_directory};
use crate::redis::Redis;
use crate::report::{Aim, Row};

const NAME: &str = "reads";

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let mut rows = Vec::new();
    for tls in [false, true] {
        rows.extend(warm(bench, tls).await?);
    }
    rows.push(cold(bench).await?);
    Ok(Findings { rows, lines: Vec::new() })
}

/// What was read by now is read again.
pub(crate) async fn warm(bench: &Bench, tls: bool) -> Result<Vec<Row>, Error> {
    let (_data, server, mut links) = bench.server(tls).await?;
    for link in &mut links {
        let protocol::v1::response::Result::TweetPage(page) = link.ask(home()).await? else {
            return Err("a feed was no page".into());
        };
        if page.tweets.len() < 20 {
            return Err("a feed was short".into());
        }
    }
    let first = bench.drive(&mut links, Pace::Closed(1), bench.round() / 4, Mix::FEEDS).await?;
    let page_bytes = first.bytes / first.requests().max(1);
    let directory = private_directory()?;
    let echo = Server::start_echo(page_bytes as usize - 12, directory.path(), tls).await?;
    let mut echo_links = Vec::new();
    for _ in 0..CONNECTIONS {
        echo_links.push(crate::link::Link::connect(echo.address).await?);
    }
    // Redis speaks without TLS here: there it is compared.
    let redis =
        if tls { None } else { Some(Redis::start(directory.path(), &bench.network, bench.tweets).await?) };
    let over = if tls { "TLS" } else { "plain TCP" };
    let mut rows = Vec::new();
    if !tls {
        let what = "bytes of a page of 20 on the wire";
        rows.push(Row::new(NAME, what, page_bytes as f64, "bytes").aim(Aim::AtMost(4_096.0)));
    }
    for (depth, aim) in [(1, 0.8), (16, 0.5)] {
        let (mut ours, mut limit, mut retwis) = (Outcome::new()?, Outcome::new()?, Outcome::new()?);
        let before = server.process.cpu()?;
        for _ in 0..ROUNDS {
            ours.then(&bench.drive(&mut links, Pace::Closed(depth), bench.round(), Mix::FEEDS).await?)?;
        }
        let cpu = server.process.cpu()? - before;
        for _ in 0..ROUNDS {
            ours.then(&bench.drive(&mut links, Pace::Closed(depth), bench.round(), Mix::FEEDS).await?)?;
            limit
                .then(&bench.drive(&mut echo_links, Pace::Closed(depth), bench.round(), Mix::FEEDS).await?)?;
            if let Some(redis) = &redis {
                let drivers = bench.drivers();
                let one = redis.drive(&drivers, depth, bench.round(), &bench.network, Mix::FEEDS);
                retwis.then(&one.await?)?;
            }
        }
        let at = format!("{CONNECTIONS} connections × {depth}, {over}");
        rows.push(Row::new(NAME, format!("feeds, {at}"), ours.per_second(), "/s").latency(&ours.reads));
        let cost = microseconds(cpu, ours.requests() / 2);
        rows.push(Row::new(NAME, format!("processor time of a feed, {at}"), cost, "µs"));
        rows.push(Row::new(NAME, format!("echo, {at}"), limit.per_second(), "/s").latency(&limit.reads));
        let ratio = ours.per_second() / limit.per_second();
        rows.push(Row::new(NAME, format!("feeds to echo, {at}"), ratio, "×").aim(Aim::AtLeast(aim)));
        if redis.is_some() {
            let what = format!("Redis, {at}");
            rows.push(Row::new(NAME, what, retwis.per_second(), "/s").latency(&retwis.reads));
            let ratio = ours.per_second() / retwis.per_second();
            rows.push(Row::new(NAME, format!("feeds to Redis, {at}"), ratio, "×").aim(Aim::AtLeast(5.0)));
        }
    }
    Ok(rows)
}

/// The first read of each account after a start, one behind the other.
async fn cold(bench: &Bench) -> Result<Row, Error> {
    let data = bench.data(bench.network.people).await?;
    let server = Server::start(&bench.program, data.path(), false).await?;
    let mut outcome = Outcome::new()?;
    for reader in bench.network.readers().into_iter().take(1_000) {
        let mut links = server.log_in([reader]).await?;
        outcome.add(&first_read(&mut links).await?)?;
    }
    let p99 = crate::report::quantile_ms(&outcome.reads, 0.99);
    let row = Row::new(NAME, "first feed of an account after a start, p99", p99, "ms");
    Ok(row.latency(&outcome.reads).aim(Aim::AtMost(10.0)))
}

/// One read on each connection.
pub(crate) async fn first_read(links: &mut Vec<crate::link::Link>) -> Result<Outcome, Error> {
    let mut outcome = Outcome::new()?;
    for link in links {
        let began = std::time::Instant::now();
        link.ask(home()).await?;
        outcome.record(crate::drive::Kind::Read, began.elapsed());
    }
    Ok(outcome)
}
