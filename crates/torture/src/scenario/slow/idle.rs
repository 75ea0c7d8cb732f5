//! Thousands of people who are there and do nothing: they cost little memory, and each has an answer at once (P8).

use std::time::Duration;

use client::Client;
use protocol::v1;
use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::Error;
use crate::person::Person;
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, private_directory};

/// By when all of them have their answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
const MEMORY_MAX: u64 = 300 << 20;
/// Handshakes at a time: more would only wait for each other.
const AT_A_TIME: usize = 64;

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let count = setup.times(2_000, 10_000);
    let directory = private_directory()?;
    let most = (count + 100).to_string();
    let server = Launch::new(&setup.program, &directory.path().join("data"))
        .with("MINI_TWEET_LIMITS_CONNECTIONS", most.clone())
        .with("MINI_TWEET_LIMITS_CONNECTIONS_PER_ADDRESS", most.clone())
        .with("MINI_TWEET_LIMITS_UNAUTHENTICATED_PER_ADDRESS", most)
        .start()
        .await?;
    let ada = Person::sign_up(&server, "ada").await?;
    let before = server.process.resident_bytes()?;
    let (mut arriving, mut clients) = (JoinSet::new(), Vec::new());
    for _ in 0..count {
        if arriving.len() == AT_A_TIME {
            clients.push(next(&mut arriving).await?);
        }
        let (ada, options) = (ada.clone(), server.options()?);
        arriving.spawn(async move { ada.again(options).await });
    }
    while !arriving.is_empty() {
        clients.push(next(&mut arriving).await?);
    }
    let last = answered(&clients).await;
    let memory = server.process.resident_bytes()?;
    let mut broken = Vec::new();
    if last.is_none() {
        broken.push(format!("not all of {count} have an answer after {ANSWERED_WITHIN:?}"));
    }
    if memory > MEMORY_MAX {
        broken.push(format!("it takes {} MiB", memory >> 20));
    }
    // A server that stands still for as long must be seen.
    server.process.signal(Signal::STOP)?;
    let stopped = answered(&clients[..10]).await;
    server.process.signal(Signal::CONT)?;
    Ok(Line {
        promise: 8,
        tried: format!("{count} sessions over TLS that do nothing, then ask all at once"),
        figures: format!(
            "{} MiB, {} KiB each; the last answer after {:.1?}",
            memory >> 20,
            memory.saturating_sub(before) / 1_024 / count as u64,
            last.unwrap_or(ANSWERED_WITHIN),
        ),
        broken,
        control: Control::of(stopped.is_none(), "a server that stands still"),
    })
}

async fn next(arriving: &mut JoinSet<Result<Person, Error>>) -> Result<Client, Error> {
    Ok(arriving.join_next().await.ok_or("nobody arrives")???.client)
}

/// How long it took until all had an answer; `None` when it took too long or one was refused.
async fn answered(clients: &[Client]) -> Option<Duration> {
    let start = Instant::now();
    let mut asked = JoinSet::new();
    for client in clients {
        let client = client.clone();
        asked.spawn(async move { client.ask(v1::GetServerInfo {}).await.is_ok() });
    }
    let all = timeout(ANSWERED_WITHIN, asked.join_all()).await.ok()?;
    all.iter().all(|answered| *answered).then(|| start.elapsed())
}
