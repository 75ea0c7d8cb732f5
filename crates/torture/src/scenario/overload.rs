//! More work than the server can do, at fixed times whatever it answers: what it can do it goes on doing, the rest is
//! refused at once, and afterwards all is as before (P18).
//!
//! The server is made slow (one processor for reads, a disk that takes 30 ms to sync for posts), so that whoever asks
//! can ask for five times what it can do.

use std::time::Duration;

use model::Error as Refusal;
use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::Setup;
use crate::Error;
use crate::latency::quantile;
use crate::person::{Person, people, post};
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};
use crate::wire::{Wire, read_local};

const CONNECTIONS: usize = 256;
/// As the server says in its hello; whoever asks keeps to it.
const IN_FLIGHT_MAX: usize = 64;
/// An answer that comes later has nobody who still waits for it.
const PATIENCE: Duration = Duration::from_secs(1);
/// A refusal must have come by then.
const REFUSED_WITHIN: Duration = Duration::from_millis(100);
const BACK_WITHIN: Duration = Duration::from_secs(10);

/// What everybody asks for.
#[derive(Debug, Clone, Copy)]
enum Work {
    Posts,
    Reads,
}

impl Work {
    fn op(self, n: u64) -> Op {
        match self {
            Self::Posts => Op::Post(post(&format!("{n} of many"))),
            Self::Reads => read_local(100),
        }
    }

    /// What makes the server slow at it: words to start it with.
    fn slowed(self) -> Vec<&'static str> {
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

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let mut lines = Vec::new();
    for work in [Work::Posts, Work::Reads] {
        let kept = overload(setup, work, &[2, 5], true).await?;
        // Without a bound on the age of what waits all of it grows old together.
        let control = overload(setup, work, &[5], false).await?;
        let caught = control.broken.first().cloned().unwrap_or_default();
        lines.push(Line {
            promise: 18,
            tried: format!("{work:?} at 2 and 5 times what the server can do"),
            figures: kept.figures,
            broken: kept.broken,
            control: Control::of(!caught.is_empty(), format!("no bound on the age of what waits: {caught}")),
        });
    }
    Ok(lines)
}

struct Found {
    figures: String,
    broken: Vec<String>,
}

async fn overload(setup: &Setup, work: Work, factors: &[u32], bounded: bool) -> Result<Found, Error> {
    let length = Duration::from_secs(setup.times(3, 20) as u64);
    let directory = private_directory()?;
    let mut launch = Launch::new(&setup.program, &directory.path().join("data"))
        .argument("--insecure")
        .through(work.slowed());
    if !bounded {
        launch = launch.with("MINI_TWEET_LIMITS_QUEUE_MS", "0");
    }
    let server = launch.start().await?;
    let people = people(&server, 8).await?;
    for n in 0..100 {
        people[n % people.len()].post(&format!("{n} to read")).await?;
    }
    let mut found = Found { figures: String::new(), broken: Vec::new() };
    let closed = drive(&server, &people, work, Pace::Closed(2), length).await?;
    found.broken.extend(closed.errors.iter().take(3).cloned());
    let peak = closed.per_second();
    found.figures = format!("peak {peak:.0}/s");
    let usual = Pace::Open(peak * 0.3);
    let before = drive(&server, &people, work, usual, length).await?.latency(0.99);
    for factor in factors {
        let outcome = drive(&server, &people, work, Pace::Open(peak * f64::from(*factor)), length).await?;
        let (goodput, refused_p99) = (outcome.per_second() / peak * 100.0, quantile(&outcome.refused, 0.99));
        found.figures += &format!(
            ", {factor}x: {goodput:.0}% of it done (p99 {} ms), {} refused (p99 {} ms)",
            outcome.latency(0.99).as_millis(),
            outcome.refused.len(),
            refused_p99.as_millis(),
        );
        if goodput < 80.0 {
            found.broken.push(format!("at {factor} times the peak {goodput:.0}% of it is done in time"));
        }
        if refused_p99 > REFUSED_WITHIN {
            found.broken.push(format!("at {factor} times the peak a refusal takes {refused_p99:?}"));
        }
        found.broken.extend(outcome.errors.iter().take(3).cloned());
    }
    let ended = Instant::now();
    loop {
        let after = drive(&server, &people, work, usual, Duration::from_secs(1)).await?.latency(0.99);
        if after <= before * 2 + Duration::from_millis(10) {
            let back = ended.elapsed().saturating_sub(Duration::from_secs(1));
            found.figures += &format!(", p99 {before:.0?} before and {after:.0?} after {back:.0?}");
            return Ok(found);
        }
        if ended.elapsed() > BACK_WITHIN {
            found
                .broken
                .push(format!("after {BACK_WITHIN:?} the p99 is {after:?}, before it was {before:?}"));
            return Ok(found);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Pace {
    /// So many in flight on each connection.
    Closed(usize),
    /// So many a second in all.
    Open(f64),
}

/// What was answered.
#[derive(Debug, Default)]
struct Outcome {
    done: Vec<Duration>,
    refused: Vec<Duration>,
    errors: Vec<String>,
    took: Duration,
}

impl Outcome {
    /// Of those that came in time.
    fn per_second(&self) -> f64 {
        self.done.iter().filter(|latency| **latency <= PATIENCE).count() as f64 / self.took.as_secs_f64()
    }

    fn latency(&self, share: f64) -> Duration {
        quantile(&self.done, share)
    }
}

async fn drive(
    server: &Server,
    people: &[Person],
    work: Work,
    pace: Pace,
    length: Duration,
) -> Result<Outcome, Error> {
    let mut wires = Vec::new();
    for n in 0..CONNECTIONS {
        wires.push(Wire::of(&server.address, &people[n % people.len()]).await?);
    }
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (n, wire) in wires.into_iter().enumerate() {
        tasks.spawn(ask(wire, work, pace, start + length, n));
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

/// Asks on one connection until the end, and waits for what was asked.
async fn ask(wire: Wire, work: Work, pace: Pace, end: Instant, number: usize) -> Result<Outcome, Error> {
    let mut wire = wire;
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
                // Its turn is over: whoever keeps to the server's hello cannot ask now.
                continue;
            }
            n += CONNECTIONS as u64;
            sent.push((wire.queue(work.op(n)), now));
        }
        if now >= end && sent.is_empty() {
            return Ok(outcome);
        }
        wire.writer.flush().await?;
        let (id, result) = tokio::select! {
            answer = wire.answer() => answer?,
            () = sleep_until(next), if now < end && !every.is_zero() => continue,
        };
        let Some(at) = sent.iter().position(|(asked, _)| *asked == id) else { continue };
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
