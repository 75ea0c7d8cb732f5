//! Thousands of idle sessions: they need little memory, and each gets a response at once when it sends a request (P8).

use std::time::Duration;

use client::Client;
use protocol::v1;
use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, private_directory};
use crate::user::User;

/// Limit for the last response.
const RESPONSE_WITHIN: Duration = Duration::from_secs(5);
const MEMORY_MAX: u64 = 300 << 20;
/// Concurrent handshakes: more would only wait for each other.
const AT_A_TIME: usize = 64;

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let count = context.times(2_000, 10_000);
    let directory = private_directory()?;
    let most = (count + 100).to_string();
    let server = Launch::new(&context.program, &directory.path().join("data"))
        .with("MINI_TWEET_LIMITS_CONNECTIONS", most.clone())
        .with("MINI_TWEET_LIMITS_CONNECTIONS_PER_ADDRESS", most.clone())
        .with("MINI_TWEET_LIMITS_UNAUTHENTICATED_PER_ADDRESS", most)
        .start()
        .await?;
    let ada = User::sign_up(&server, "ada").await?;
    let before = server.process.resident_bytes()?;
    let (mut connecting, mut clients) = (JoinSet::new(), Vec::new());
    for _ in 0..count {
        if connecting.len() == AT_A_TIME {
            clients.push(next(&mut connecting).await?);
        }
        let (ada, options) = (ada.clone(), server.options()?);
        connecting.spawn(async move { ada.reconnect(options).await });
    }
    while !connecting.is_empty() {
        clients.push(next(&mut connecting).await?);
    }
    let last = respond(&clients).await;
    let memory = server.process.resident_bytes()?;
    let mut broken = Vec::new();
    if last.is_none() {
        broken.push(format!("not all {count} sessions have a response after {RESPONSE_WITHIN:?}"));
    }
    if memory > MEMORY_MAX {
        broken.push(format!("the server uses {} MiB", memory >> 20));
    }
    // The control: a server that is paused.
    server.process.signal(Signal::STOP)?;
    let stopped = respond(&clients[..10]).await;
    server.process.signal(Signal::CONT)?;
    Ok(Finding {
        promise: 8,
        tried: format!("{count} idle sessions over TLS, then one request on each at once"),
        figures: format!(
            "{} MiB, {} KiB each; last response after {:.1?}",
            memory >> 20,
            memory.saturating_sub(before) / 1_024 / count as u64,
            last.unwrap_or(RESPONSE_WITHIN),
        ),
        broken,
        control: Control::of(stopped.is_none(), "a paused server"),
    })
}

async fn next(connecting: &mut JoinSet<Result<User, Error>>) -> Result<Client, Error> {
    Ok(connecting.join_next().await.ok_or("no client is connecting")???.client)
}

/// The time until all have a response; `None` if one is too late or an error.
async fn respond(clients: &[Client]) -> Option<Duration> {
    let start = Instant::now();
    let mut requests = JoinSet::new();
    for client in clients {
        let client = client.clone();
        requests.spawn(async move { client.ask(v1::GetServerInfo {}).await.is_ok() });
    }
    let all = timeout(RESPONSE_WITHIN, requests.join_all()).await.ok()?;
    all.iter().all(|succeeded| *succeeded).then(|| start.elapsed())
}
