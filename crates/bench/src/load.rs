//! Closed-loop load: each connection has one request in flight.

use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Client;
use hdrhistogram::Histogram;
use protocol::v1;
use serde_json::json;

use crate::data::Data;
use crate::server::Server;
use crate::{Error, amount};

/// Tweets of a feed when nothing is said.
const FEED: usize = 20;
const PASSWORD: &str = "only for measuring";

/// Something measured.
pub(crate) enum Figure {
    /// Requests a second and their latencies in microseconds.
    Rate { name: String, per_second: f64, latency_us: Histogram<u64> },
    /// An amount.
    Amount { name: String, value: f64, unit: &'static str },
}

impl Figure {
    /// A row of a Markdown table.
    pub(crate) fn row(&self) -> String {
        match self {
            Self::Rate { name, per_second, latency_us } => format!(
                "| {name} | {per_second:.0} | {:.2} | {:.2} |",
                latency_us.value_at_quantile(0.5) as f64 / 1e3,
                latency_us.value_at_quantile(0.99) as f64 / 1e3,
            ),
            Self::Amount { name, value, unit } => format!("| {name} | {value:.1} {unit} | | |"),
        }
    }

    /// One JSON object.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Rate { name, per_second, latency_us } => json!({
                "name": name,
                "per_second": per_second,
                "p50_us": latency_us.value_at_quantile(0.5),
                "p99_us": latency_us.value_at_quantile(0.99),
                "max_us": latency_us.max(),
            }),
            Self::Amount { name, value, unit } => json!({ "name": name, "value": value, "unit": unit }),
        }
    }
}

/// A server with people on it, some of them connected.
pub(crate) struct Load {
    clients: Vec<Client>,
    texts: Arc<Vec<String>>,
}

impl Load {
    /// Creates all accounts, their follows and one tweet a text, and keeps 64 of them connected.
    pub(crate) async fn prepare(server: &Server, data: &Data) -> Result<Self, Error> {
        const CONNECTED: usize = 64;
        let operator = server.operator().await?;
        for n in 0..data.people {
            let password = PASSWORD.into();
            operator.ask(v1::CreateAccount { username: name(n), password, ..Default::default() }).await?;
        }
        let mut following = vec![Vec::new(); data.people];
        for &(follower, followee) in &data.follows {
            following[follower].push(followee);
        }
        let mut clients = Vec::new();
        for (n, followees) in following.iter().enumerate() {
            let client = server.connect().await?;
            client.log_in(v1::LogIn { username: name(n), password: PASSWORD.into() }).await?;
            let follow = |followee: &usize| client.ask(v1::Follow { username: name(*followee) });
            for chunk in followees.chunks(32) {
                futures_util::future::try_join_all(chunk.iter().map(follow)).await?;
            }
            for text in data.texts.iter().skip(n).step_by(data.people) {
                client.ask(v1::Post { text: text.clone(), ..Default::default() }).await?;
            }
            // Whoever follows few has a short feed, which would measure something else.
            if clients.len() < CONNECTED && followees.len() >= FEED {
                clients.push(client);
            }
        }
        Ok(Self { clients, texts: Arc::new(data.texts.clone()) })
    }

    /// Home timelines, newest 20.
    pub(crate) async fn feeds(&mut self, connections: usize, length: Duration) -> Result<Figure, Error> {
        let name = format!("home feed of 20, {connections} connections");
        self.run(name, connections, length, |client, _| async move {
            let timeline = Some(v1::read_timeline::Timeline::Home(v1::Home {}));
            let page = client.ask(v1::ReadTimeline { timeline, page: None }).await?;
            if page.tweets.len() < FEED { Err("a feed was short".into()) } else { Ok(()) }
        })
        .await
    }

    /// Durable posts.
    pub(crate) async fn posts(&mut self, connections: usize, length: Duration) -> Result<Figure, Error> {
        let texts = Arc::clone(&self.texts);
        self.run(
            format!("durable posts, {connections} connections"),
            connections,
            length,
            move |client, n| {
                let text = texts[n % texts.len()].clone();
                async move {
                    client.ask(v1::Post { text, ..Default::default() }).await?;
                    Ok(())
                }
            },
        )
        .await
    }

    async fn run<F, Fut>(
        &self,
        name: String,
        connections: usize,
        length: Duration,
        ask: F,
    ) -> Result<Figure, Error>
    where
        F: Fn(Client, usize) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = Result<(), Error>> + Send,
    {
        let start = Instant::now();
        let end = start + length;
        let mut tasks = tokio::task::JoinSet::new();
        for (n, client) in self.clients.iter().take(connections).cloned().enumerate() {
            let ask = ask.clone();
            tasks.spawn(async move {
                let mut latency_us = Histogram::<u64>::new(3)?;
                for turn in 0.. {
                    let begin = Instant::now();
                    if begin >= end {
                        break;
                    }
                    ask(client.clone(), n + turn * connections).await?;
                    latency_us.record(u64::try_from(begin.elapsed().as_micros())?)?;
                }
                Ok::<_, Error>(latency_us)
            });
        }
        let mut latency_us = Histogram::<u64>::new(3)?;
        while let Some(done) = tasks.join_next().await {
            latency_us.add(done??)?;
        }
        let per_second = latency_us.len() as f64 / start.elapsed().as_secs_f64();
        Ok(Figure::Rate { name, per_second, latency_us })
    }
}

/// Memory of a server that does nothing else, for so many sessions that are signed in and silent.
pub(crate) async fn idle_memory(server: &Server, sessions: usize) -> Result<Figure, Error> {
    // Sessions per account are limited: every account opens a share of them.
    const ACCOUNTS: usize = 64;
    let operator = server.operator().await?;
    for n in 0..ACCOUNTS {
        let password = PASSWORD.into();
        operator.ask(v1::CreateAccount { username: name(n), password, ..Default::default() }).await?;
    }
    let log_in = async |n: usize| {
        let client = server.connect().await?;
        client.log_in(v1::LogIn { username: name(n % ACCOUNTS), password: PASSWORD.into() }).await?;
        Ok::<_, Error>(client)
    };
    // What the first log-in needs stays for all that follow.
    drop(log_in(0).await?);
    let before = server.resident_bytes()?;
    let mut idle = Vec::new();
    for n in 0..sessions {
        idle.push(log_in(n).await?);
    }
    let after = server.resident_bytes()?;
    let kibibytes = (after.saturating_sub(before)) as f64 / 1_024.0 / sessions as f64;
    eprintln!("resident: {} MiB before, {} MiB with {sessions} idle sessions", before >> 20, after >> 20);
    Ok(amount(format!("memory per idle TLS session, of {sessions}"), kibibytes, "KiB"))
}

fn name(n: usize) -> String {
    format!("p{n}")
}
