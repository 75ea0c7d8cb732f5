//! Overload: requests at a fixed rate above the capacity of the server. It must keep its throughput, refuse the rest at
//! once, and recover afterwards (P18).
//!
//! The server is slowed down (one CPU for reads; a disk that needs 30 ms to sync for posts), so that the clients can send
//! five times its capacity.

use std::time::Duration;

use model::Error as Refusal;
use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Connection, read_local};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::quantile;
use crate::server::{Launch, Server, private_directory};
use crate::user::{User, post, sign_up_users};

const CONNECTIONS: usize = 256;
/// The limit that the server announces in its hello and the clients respect.
const IN_FLIGHT_MAX: usize = 64;
/// Responses after this do not count: users have given up by then.
const USEFUL_WITHIN: Duration = Duration::from_secs(1);
/// Limit for the p99 of refusals.
const REFUSED_WITHIN: Duration = Duration::from_millis(100);
/// Limit for the time until latency is normal again.
const RECOVERED_WITHIN: Duration = Duration::from_secs(10);

/// What the clients request.
#[derive(Debug, Clone, Copy)]
enum Workload {
    Posts,
    Reads,
}

impl Workload {
    fn op(self, n: u64) -> Op {
        match self {
            Self::Posts => Op::Post(post(&format!("{n} of many"))),
            Self::Reads => read_local(100),
        }
    }

    /// The command that starts the server slowed down for this workload.
    fn slowing_command(self) -> Vec<&'static str> {
        match self {
            Self::Posts => {
                let mut words = vec!["strace", "-D", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null"];
                words.extend([
                    "-e",
                    "trace=fsync,fdatasync",
                    "-e",
                    "inject=fsync,fdatasync:delay_enter=30000",
                ]);
                words
            }
            Self::Reads => vec!["taskset", "--cpu-list", "0"],
        }
    }
}

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for work in [Workload::Posts, Workload::Reads] {
        let measured = overload(context, work, &[2, 5], true).await?;
        // Without a limit on queueing time, all queued requests become too old.
        let control = overload(context, work, &[5], false).await?;
        let effect = control.broken.first().cloned().unwrap_or_default();
        findings.push(Finding {
            promise: 18,
            tried: format!("{work:?} at 2 and 5 times the capacity of the server"),
            figures: measured.figures,
            broken: measured.broken,
            control: Control::of(!effect.is_empty(), format!("no limit on queueing time: {effect}")),
        });
    }
    Ok(findings)
}

struct Found {
    figures: String,
    broken: Vec<String>,
}

async fn overload(context: &Context, work: Workload, factors: &[u32], bounded: bool) -> Result<Found, Error> {
    let length = Duration::from_secs(context.times(3, 20) as u64);
    let directory = private_directory()?;
    let mut launch = Launch::new(&context.program, &directory.path().join("data"))
        .argument("--insecure")
        .wrapped_by(work.slowing_command());
    if !bounded {
        launch = launch.with("MINI_TWEET_LIMITS_QUEUE_MS", "0");
    }
    let server = launch.start().await?;
    let users = sign_up_users(&server, 8).await?;
    for n in 0..100 {
        users[n % users.len()].post(&format!("{n} to read")).await?;
    }
    let mut found = Found { figures: String::new(), broken: Vec::new() };
    let closed = drive(&server, &users, work, Pace::Closed(2), length).await?;
    found.broken.extend(closed.errors.iter().take(3).cloned());
    let peak = closed.per_second();
    found.figures = format!("peak {peak:.0}/s");
    let moderate = Pace::Open(peak * 0.3);
    let before = drive(&server, &users, work, moderate, length).await?.latency(0.99);
    for factor in factors {
        let outcome = drive(&server, &users, work, Pace::Open(peak * f64::from(*factor)), length).await?;
        let (goodput, refused_p99) = (outcome.per_second() / peak * 100.0, quantile(&outcome.refused, 0.99));
        found.figures += &format!(
            ", at {factor} times {goodput:.0}% of it (p99 {} ms), {} refused (p99 {} ms)",
            outcome.latency(0.99).as_millis(),
            outcome.refused.len(),
            refused_p99.as_millis(),
        );
        if goodput < 80.0 {
            found
                .broken
                .push(format!("at {factor} times the peak only {goodput:.0}% of it is served in time"));
        }
        if refused_p99 > REFUSED_WITHIN {
            found.broken.push(format!("at {factor} times the peak a refusal takes {refused_p99:?}"));
        }
        found.broken.extend(outcome.errors.iter().take(3).cloned());
    }
    let ended = Instant::now();
    loop {
        let after = drive(&server, &users, work, moderate, Duration::from_secs(1)).await?.latency(0.99);
        if after <= before * 2 + Duration::from_millis(10) {
            let recovered = ended.elapsed().saturating_sub(Duration::from_secs(1));
            found.figures += &format!(", p99 {before:.0?} before and {after:.0?} after {recovered:.0?}");
            return Ok(found);
        }
        if ended.elapsed() > RECOVERED_WITHIN {
            found.broken.push(format!("after {RECOVERED_WITHIN:?} the p99 is {after:?}, {before:?} before"));
            return Ok(found);
        }
    }
}

/// When the clients send requests.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// This many requests in flight on each connection.
    Closed(usize),
    /// This many requests per second over all connections.
    Open(f64),
}

/// Response times and errors.
#[derive(Debug, Default)]
struct Outcome {
    done: Vec<Duration>,
    refused: Vec<Duration>,
    errors: Vec<String>,
    took: Duration,
}

impl Outcome {
    /// Successful responses per second, without those that came too late.
    fn per_second(&self) -> f64 {
        self.done.iter().filter(|latency| **latency <= USEFUL_WITHIN).count() as f64 / self.took.as_secs_f64()
    }

    fn latency(&self, q: f64) -> Duration {
        quantile(&self.done, q)
    }
}

async fn drive(
    server: &Server,
    users: &[User],
    work: Workload,
    pace: Pace,
    length: Duration,
) -> Result<Outcome, Error> {
    let mut connections = Vec::new();
    for n in 0..CONNECTIONS {
        connections.push(Connection::of(&server.address, &users[n % users.len()]).await?);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (n, connection) in connections.into_iter().enumerate() {
        tasks.spawn(request_until(connection, work, pace, start + length, n));
    }
    let mut all = Outcome::default();
    while let Some(outcome) = tasks.join_next().await {
        let outcome = outcome??;
        all.done.extend(outcome.done);
        all.refused.extend(outcome.refused);
        all.errors.extend(outcome.errors);
    }
    all.took = length;
    Ok(all)
}

/// Sends requests on one connection until the end, and waits for their responses.
async fn request_until(
    connection: Connection,
    work: Workload,
    pace: Pace,
    end: Instant,
    number: usize,
) -> Result<Outcome, Error> {
    let mut connection = connection;
    let mut outcome = Outcome::default();
    let mut sent: Vec<(u32, Instant)> = Vec::with_capacity(IN_FLIGHT_MAX);
    let (depth, every) = match pace {
        Pace::Closed(depth) => (depth, Duration::ZERO),
        Pace::Open(rate) => (IN_FLIGHT_MAX, Duration::from_secs_f64(CONNECTIONS as f64 / rate)),
    };
    let mut next = Instant::now() + every.mul_f64(number as f64 / CONNECTIONS as f64);
    let mut n = number as u64;
    loop {
        let now = Instant::now();
        while now < end && next <= now {
            next += every;
            if sent.len() >= depth {
                if every.is_zero() {
                    break;
                }
                // The limit of requests in flight is reached: this request is skipped.
                continue;
            }
            n += CONNECTIONS as u64;
            sent.push((connection.queue(work.op(n)), now));
        }
        if now >= end && sent.is_empty() {
            return Ok(outcome);
        }
        connection.writer.flush().await?;
        let (id, result) = tokio::select! {
            response = connection.response() => response?,
            () = sleep_until(next), if now < end && !every.is_zero() => continue,
        };
        let Some(at) = sent.iter().position(|(sent, _)| *sent == id) else { continue };
        let latency = sent.swap_remove(at).1.elapsed();
        match result {
            response::Result::Error(error) => match Refusal::from(error) {
                Refusal::Busy => outcome.refused.push(latency),
                error => outcome.errors.push(error.to_string()),
            },
            _ if Instant::now() <= end => outcome.done.push(latency),
            _ => {}
        }
    }
}
