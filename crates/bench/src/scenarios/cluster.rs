//! Servers that share a PostgreSQL database. Baselines: PostgreSQL only, and a single server with SQLite.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use protocol::v1::{self, request::Op};
use store::replay::{Replay, Replayed, one_row_commits};
use store::test_support::postgres::Postgres;
use tempfile::TempDir;

use crate::connection::{Connection, Received, read_home};
use crate::context::{CONNECTIONS, Context, Findings, ROUNDS, microseconds};
use crate::drive::{Outcome, Pace};
use crate::error::Error;
use crate::mix::Mix;
use crate::plot::Series;
use crate::postgres::{Node, move_network, postgres_cpu_time};
use crate::quota::Quota;
use crate::report::{Row, Target, quantile_ms};

const NAME: &str = "cluster";
const DEPTH: usize = 8;
/// Posts whose arrival at another server is measured.
const ARRIVALS: usize = 500;
/// Share of a core that each server has where servers are added.
const QUOTA_PERCENT: u32 = 20;

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let mut rows = many(context).await?;
    rows.extend(one(context).await?);
    rows.extend(reads(context).await?);
    rows.extend(arrivals(context).await?);
    let (added, series) = servers(context).await?;
    rows.extend(added);
    Ok(Findings { rows, series: vec![series] })
}

/// A PostgreSQL database with the network, and the data directory from which it was moved.
struct Shared {
    postgres: Postgres,
    url: String,
    data: TempDir,
    program: PathBuf,
}

impl Shared {
    async fn new(context: &Context) -> Result<Self, Error> {
        let data = context.data(context.network.accounts).await?;
        let postgres = Postgres::start();
        let url = postgres.empty();
        let this = Self { postgres, url, data, program: context.program.clone() };
        this.move_to(&this.url)?;
        Ok(this)
    }

    fn move_to(&self, url: &str) -> Result<(), Error> {
        move_network(&self.program, &self.data.path().to_string_lossy(), url)
    }

    async fn node(&self) -> Result<Node, Error> {
        Node::start(&self.program, &self.url).await
    }
}

/// As many posts as the machine can process, and the same transactions without a server.
async fn many(context: &Context) -> Result<Vec<Row>, Error> {
    let shared = Shared::new(context).await?;
    let other = shared.postgres.empty();
    shared.move_to(&other)?;
    let node = shared.node().await?;
    let mut connections = node.server.log_in(context.drivers()).await?;
    let (moved, from, to) = (shared.data.path().to_owned(), shared.url.parse()?, other.parse()?);
    let make = move || Replay::new(&moved, &from, &to);
    let mut replay = tokio::task::spawn_blocking(make).await??;
    let (mut by_server, mut bare) = (Outcome::new()?, Replayed::default());
    let (mut of_server, mut of_postgres) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let before = (node.server.process.cpu_time()?, postgres_cpu_time(&shared.postgres)?);
        let round = context.drive(&mut connections, Pace::Closed(DEPTH), context.round(), Mix::POSTS).await?;
        by_server.then(&round)?;
        of_server += node.server.process.cpu_time()?.saturating_sub(before.0);
        of_postgres += postgres_cpu_time(&shared.postgres)?.saturating_sub(before.1);
        let (returned, replayed) =
            tokio::task::spawn_blocking(move || (replay.run(), replay)).await.map(|(a, b)| (b, a))?;
        replay = returned;
        let replayed = replayed?;
        bare.tweets += replayed.tweets;
        bare.entries += replayed.entries;
        bare.bytes += replayed.bytes;
        bare.took += replayed.took;
    }
    tokio::task::spawn_blocking(move || drop(replay)).await?;
    let at = format!("{CONNECTIONS} connections × {DEPTH}");
    let posts = by_server.per_second();
    let limit = bare.tweets as f64 / bare.took.as_secs_f64();
    let row = |label: String, value, unit| Row::new(NAME, label, value, unit);
    Ok(vec![
        row(format!("durable posts on PostgreSQL, {at}"), posts, "/s")
            .latency(&by_server.writes)
            .target(Target::AtLeast(8_000.0)),
        row("server CPU time per post".into(), microseconds(of_server, by_server.requests()), "µs"),
        row("PostgreSQL's CPU time per post".into(), microseconds(of_postgres, by_server.requests()), "µs"),
        row("posts per transaction".into(), bare.tweets as f64 / bare.entries.max(1) as f64, ""),
        row("size of a post in the log".into(), bare.bytes as f64 / bare.tweets.max(1) as f64, "bytes"),
        row("PostgreSQL only, the same transactions one after the other".into(), limit, "/s"),
        row(format!("posts / PostgreSQL only, {at}"), posts / limit, "×").target(Target::AtLeast(0.6)),
    ])
}

/// One post at a time, on one connection.
async fn one(context: &Context) -> Result<Vec<Row>, Error> {
    let shared = Shared::new(context).await?;
    let node = shared.node().await?;
    let mut connections = node.server.log_in(context.drivers().into_iter().take(1)).await?;
    let url = shared.postgres.empty().parse()?;
    let (mut by_server, mut bare) = (Outcome::new()?, Histogram::<u64>::new(3)?);
    for _ in 0..ROUNDS {
        let round = context.drive(&mut connections, Pace::Closed(1), context.round(), Mix::POSTS).await?;
        by_server.then(&round)?;
        for time in one_row_commits(&url, context.round()).await? {
            bare.record(u64::try_from(time.as_nanos())?)?;
        }
    }
    let ratio = quantile_ms(&by_server.writes, 0.5) / quantile_ms(&bare, 0.5);
    Ok(vec![
        Row::new(NAME, "durable posts on PostgreSQL, 1 connection × 1", by_server.per_second(), "/s")
            .latency(&by_server.writes),
        Row::new(NAME, "PostgreSQL only, one-row commit, p50", quantile_ms(&bare, 0.5), "ms").latency(&bare),
        Row::new(NAME, "post / one-row commit, p50", ratio, "×").target(Target::AtMost(2.0)),
    ])
}

/// Reads of home timelines, of a server on PostgreSQL and of one on SQLite.
async fn reads(context: &Context) -> Result<Vec<Row>, Error> {
    let shared = Shared::new(context).await?;
    let node = shared.node().await?;
    let mut connections = node.server.log_in(context.drivers()).await?;
    let (_data, _single, mut single_connections) = context.server(false).await?;
    for connection in connections.iter_mut().chain(&mut single_connections) {
        connection.ask(read_home()).await?;
    }
    let (mut with_postgres, mut with_sqlite) = (Outcome::new()?, Outcome::new()?);
    let mut of_postgres = Duration::ZERO;
    for _ in 0..ROUNDS {
        let before = postgres_cpu_time(&shared.postgres)?;
        let round = context.drive(&mut connections, Pace::Closed(1), context.round(), Mix::READS).await?;
        with_postgres.then(&round)?;
        of_postgres += postgres_cpu_time(&shared.postgres)?.saturating_sub(before);
        let round =
            context.drive(&mut single_connections, Pace::Closed(1), context.round(), Mix::READS).await?;
        with_sqlite.then(&round)?;
    }
    let at = format!("{CONNECTIONS} connections × 1");
    let ratio = with_postgres.per_second() / with_sqlite.per_second();
    let cost = microseconds(of_postgres, with_postgres.requests());
    Ok(vec![
        Row::new(
            NAME,
            format!("home timeline reads with PostgreSQL, {at}"),
            with_postgres.per_second(),
            "/s",
        )
        .latency(&with_postgres.reads),
        Row::new(NAME, format!("home timeline reads with SQLite, {at}"), with_sqlite.per_second(), "/s")
            .latency(&with_sqlite.reads),
        Row::new(NAME, "reads with PostgreSQL / with SQLite", ratio, "×").target(Target::AtLeast(0.95)),
        Row::new(NAME, "PostgreSQL's CPU time per read", cost, "µs"),
    ])
}

/// Time until a subscriber at another server has a post, from the moment it was sent.
async fn arrivals(context: &Context) -> Result<Vec<Row>, Error> {
    let shared = Shared::new(context).await?;
    let (here, there) = (shared.node().await?, shared.node().await?);
    let (follower, author) = *context.network.follows.first().ok_or("a network without follows")?;
    let mut author = here.server.log_in([author]).await?.remove(0);
    let mut follower = there.server.log_in([follower]).await?.remove(0);
    let topic = Some(v1::subscribe::Topic::Home(v1::HomeTopic {}));
    follower.ask(Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await?;
    let (mut answered, mut arrived) = (Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?);
    for n in 0..ARRIVALS {
        let began = Instant::now();
        let arrival = tokio::time::timeout(Duration::from_secs(20), next_event(&mut follower));
        let post = async {
            author.ask(Op::Post(v1::Post { text: format!("number {n}"), ..Default::default() })).await?;
            Ok::<_, Error>(began.elapsed())
        };
        let (posted, arrival) = tokio::join!(post, arrival);
        answered.record(u64::try_from(posted?.as_nanos())?)?;
        arrival.map_err(|_| "the other server did not deliver a post")??;
        arrived.record(u64::try_from(began.elapsed().as_nanos())?)?;
    }
    Ok(vec![
        Row::new(NAME, "post at one server, until its response, p99", quantile_ms(&answered, 0.99), "ms")
            .latency(&answered),
        Row::new(
            NAME,
            "the same, until a follower at another has it, p99",
            quantile_ms(&arrived, 0.99),
            "ms",
        )
        .latency(&arrived)
        .target(Target::AtMost(50.0)),
    ])
}

async fn next_event(connection: &mut Connection) -> Result<(), Error> {
    loop {
        while let Some(received) = connection.next()? {
            if let Received::Event { .. } = received {
                return Ok(());
            }
        }
        connection.receive().await?;
    }
}

/// Reads at one, two and four servers that have the same share of a core each.
async fn servers(context: &Context) -> Result<(Vec<Row>, Series), Error> {
    let shared = Shared::new(context).await?;
    let mut rows = Vec::new();
    let mut series = Series::new("servers", "home timeline reads per second, by number of servers".into());
    let mut first = None;
    for count in [1, 2, 4] {
        let (reads, of_postgres) = reads_at(context, &shared, count).await?;
        series.points.push((count as f64, reads.per_second()));
        let label = format!("home timeline reads, {count} × {QUOTA_PERCENT}% of a core");
        rows.push(Row::new(NAME, label, reads.per_second(), "/s").latency(&reads.reads));
        let first = *first.get_or_insert(reads.per_second());
        if count == 4 {
            let label = "reads at four servers / at one, equal shares of a core";
            rows.push(Row::new(NAME, label, reads.per_second() / first, "×").target(Target::AtLeast(3.8)));
            let cost = microseconds(of_postgres, reads.requests());
            rows.push(Row::new(NAME, "PostgreSQL's CPU time per read, 4 servers", cost, "µs"));
        }
    }
    Ok((rows, series))
}

async fn reads_at(context: &Context, shared: &Shared, count: usize) -> Result<(Outcome, Duration), Error> {
    let (mut nodes, mut connections) = (Vec::new(), Vec::new());
    for n in 0..count {
        let node = shared.node().await?;
        let drivers = context.drivers();
        let of_node = drivers.iter().copied().skip(n).step_by(count);
        let mut logged_in = node.server.log_in(of_node).await?;
        for connection in &mut logged_in {
            connection.ask(read_home()).await?;
        }
        connections.extend(logged_in);
        nodes.push(node);
    }
    let quotas: Result<Vec<_>, _> =
        nodes.iter().map(|node| Quota::limit(node.server.process.id(), QUOTA_PERCENT)).collect();
    let quotas = quotas?;
    let before = postgres_cpu_time(&shared.postgres)?;
    let reads = context.drive(&mut connections, Pace::Closed(1), context.length, Mix::READS).await?;
    let of_postgres = postgres_cpu_time(&shared.postgres)?.saturating_sub(before);
    drop((connections, nodes));
    drop(quotas);
    Ok((reads, of_postgres))
}
