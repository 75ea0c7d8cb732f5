//! A failed log-in must reveal nothing about the account, neither by its content nor by its time. For every pair of kinds
//! of accounts, the scenario measures the probability that a response for one takes longer than a response for the other:
//! 0.5 if they are indistinguishable.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use protocol::v1::request::Op;
use protocol::v1::{self, response};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::python_database;
use crate::connection::{Connection, dial};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::quantile;
use crate::server::{Launch, Server, private_directory};
use crate::user::User;

const WRONG: &str = "wrong horse 9";
/// Largest accepted difference from 0.5, in addition to chance.
const TOLERANCE: f64 = 0.05;
/// Concurrent guesses: few enough that none waits for the others longer than the fixed response time.
const CONCURRENT: usize = 3;
/// Largest number of rounds that an import accepts.
const ROUNDS_MAX: usize = 100_000;

/// Kinds of accounts, each with a username.
const KINDS: [(&str, &str); 5] = [
    ("unknown", "unknown"),
    ("wrong password", "ada"),
    ("suspended", "sue"),
    ("imported", "old"),
    ("imported with many rounds", "slow"),
];

/// Responses for one kind.
#[derive(Debug, Default, Clone)]
struct Responses {
    times: Vec<Duration>,
    bytes: Vec<String>,
}

pub(super) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let times = context.times(100, 500);
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = start(&launch, directory.path()).await?;
    let all = guess_all(context, &server, times).await?;
    let (worst, mut broken) = compare(&all, times);
    let slowest = all.iter().map(|responses| quantile(&responses.times, 1.0)).max().unwrap_or_default();
    if all.iter().flat_map(|responses| &responses.bytes).any(|bytes| *bytes != all[0].bytes[0]) {
        broken.push("not all responses have the same bytes".to_owned());
    }
    Ok(vec![
        Finding {
            promise: 12,
            tried: format!("{times} failed log-ins of each of {} kinds of accounts, all pairs", KINDS.len()),
            figures: format!("all pairs within 0.5 ± {worst:.3}; slowest response after {slowest:.1?}"),
            broken,
            control: control(context).await?,
        },
        throttled(context, &server, times).await?,
    ])
}

/// Starts a server with accounts of all kinds.
async fn start(launch: &Launch, directory: &Path) -> Result<Server, Error> {
    let launch = launch.clone().argument("--insecure");
    let python = directory.join("python");
    // Not the hash of any known password.
    let hash = "a".repeat(86);
    let accounts =
        [("old", format!("saltsalt${hash}")), ("slow", format!("rounds={ROUNDS_MAX}$saltsalt${hash}"))];
    python_database::write(&python, &accounts)?;
    let text = python.to_str().ok_or("a path that is not UTF-8")?;
    let out = launch.operator(&["import", "python", text, "--json"])?;
    let output = String::from_utf8_lossy(&out.stdout).into_owned();
    if !output.contains("\"accounts\":2") {
        return Err(format!("import failed: {output}{}", String::from_utf8_lossy(&out.stderr)).into());
    }
    let server = launch.start().await?;
    User::sign_up(&server, "ada").await?;
    User::sign_up(&server, "sue").await?;
    let out = launch.operator(&["admin", "suspend", "@sue"])?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    Ok(server)
}

/// Sends this many guesses of each kind, interleaved, each from another address so that none is throttled.
async fn guess_all(context: &Context, server: &Server, times: usize) -> Result<Vec<Responses>, Error> {
    let mut random = context.random("alike");
    let mut order: Vec<usize> = (0..KINDS.len() * times).map(|n| n % KINDS.len()).collect();
    random.shuffle(&mut order);
    let mut all = vec![Responses::default(); KINDS.len()];
    let mut guesses = JoinSet::new();
    for (n, kind) in order.into_iter().enumerate() {
        if guesses.len() >= CONCURRENT {
            record(guesses.join_next().await, &mut all)?;
        }
        let address = server.address.clone();
        let name = if kind == 0 { format!("unknown{n}") } else { KINDS[kind].1.to_owned() };
        let from = Ipv4Addr::new(127, 5, (n / 250) as u8, (n % 250) as u8 + 1);
        guesses.spawn(async move { Ok((kind, log_in(&address, from, &name).await?)) });
    }
    while !guesses.is_empty() {
        record(guesses.join_next().await, &mut all)?;
    }
    Ok(all)
}

type Guessed = Result<(usize, (Duration, response::Result)), Error>;

fn record(
    guessed: Option<Result<Guessed, tokio::task::JoinError>>,
    all: &mut [Responses],
) -> Result<(), Error> {
    let Some(guessed) = guessed else { return Ok(()) };
    let (kind, (took, response)) = guessed??;
    all[kind].times.push(took);
    all[kind].bytes.push(format!("{response:?}"));
    Ok(())
}

async fn log_in(server: &str, from: Ipv4Addr, name: &str) -> Result<(Duration, response::Result), Error> {
    let mut connection = Connection::over(dial(server, IpAddr::V4(from)).await?).await?;
    // After this response the hello has been processed and is not part of the time.
    connection.ask(Op::GetServerInfo(v1::GetServerInfo {})).await?;
    let request = v1::LogIn { username: name.to_owned(), password: WRONG.to_owned() };
    let sent = Instant::now();
    let response = connection.ask(Op::LogIn(request)).await?;
    Ok((sent.elapsed(), response))
}

/// The largest distance from 0.5, and the pairs that an observer could distinguish.
fn compare(all: &[Responses], times: usize) -> (f64, Vec<String>) {
    // With this many samples, chance alone exceeds this in 3 of 1,000 cases.
    let chance = 3.0 * ((2 * times + 1) as f64 / (12 * times * times) as f64).sqrt();
    let (mut worst, mut broken) = (0.0_f64, Vec::new());
    for (n, one) in all.iter().enumerate() {
        for (m, other) in all.iter().enumerate().skip(n + 1) {
            let share = share_above(&one.times, &other.times);
            worst = worst.max((share - 0.5).abs());
            if (share - 0.5).abs() > TOLERANCE + chance {
                broken.push(format!(
                    "{} takes longer than {} with probability {share:.2}",
                    KINDS[n].0, KINDS[m].0
                ));
            }
        }
    }
    (worst, broken)
}

/// The probability that one of these takes longer than one of the others: the area under the ROC curve.
fn share_above(these: &[Duration], others: &[Duration]) -> f64 {
    let wins: f64 = these
        .iter()
        .flat_map(|this| others.iter().map(move |other| this.cmp(other)))
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    wins / (these.len() * others.len()).max(1) as f64
}

/// The negative control: a server that answers as soon as the outcome is known.
async fn control(context: &Context) -> Result<Control, Error> {
    const TIMES: usize = 40;
    let directory = private_directory()?;
    let launch = Launch::new(&context.faults, &directory.path().join("data"));
    let server =
        start(&launch.with("MINI_TWEET_FAULTS", "answer-failed-log-ins-immediately"), directory.path())
            .await?;
    let (worst, distinguishable) = compare(&guess_all(context, &server, TIMES).await?, TIMES);
    Ok(Control::of(
        !distinguishable.is_empty(),
        format!(
            "immediate responses: 0.5 ± {worst:.3}, {} of 10 pairs distinguishable",
            distinguishable.len()
        ),
    ))
}

/// After too many guesses the caller is throttled in the same way for an existing and for an unknown username.
///
/// The names have the same length, and each turn draws their order: what comes before a guess, such as the verification of
/// one that was let through, must not meet one of the two more often.
async fn throttled(context: &Context, server: &Server, times: usize) -> Result<Finding, Error> {
    let names = [("ada", Ipv4Addr::new(127, 6, 0, 1)), ("nil", Ipv4Addr::new(127, 6, 0, 2))];
    let mut all = [Responses::default(), Responses::default()];
    let (mut random, mut order) = (context.random("throttled"), [0, 1]);
    let mut tries = 0;
    while all.iter().any(|responses| responses.times.len() < times) {
        random.shuffle(&mut order);
        for n in order {
            let ((name, from), responses) = (names[n], &mut all[n]);
            let (took, response) = log_in(&server.address, from, name).await?;
            if let response::Result::Error(mut error) = response
                && error.code() == v1::ErrorCode::RateLimited
            {
                // The time to wait differs between responses.
                error.retry_after_ms = 0;
                error.message.retain(|c| !c.is_ascii_digit());
                responses.times.push(took);
                responses.bytes.push(format!("{error:?}"));
            }
        }
        tries += 1;
        if tries > times * 10 {
            return Err("guesses are not throttled".into());
        }
    }
    let (share, chance) = (share_above(&all[0].times, &all[1].times), 3.0 / (6.0 * times as f64).sqrt());
    let mut broken = Vec::new();
    if (share - 0.5).abs() > TOLERANCE + chance {
        broken.push(format!("the existing username takes longer with probability {share:.2}"));
    }
    if all[0].bytes.iter().chain(&all[1].bytes).any(|bytes| *bytes != all[0].bytes[0]) {
        broken.push("not all responses have the same bytes".to_owned());
    }
    let verified = log_in(&server.address, Ipv4Addr::new(127, 6, 0, 3), "ada").await?.0;
    Ok(Finding {
        promise: 12,
        tried: format!("{times} throttled guesses at an existing and at an unknown username"),
        figures: format!("the existing one takes longer with probability {share:.3}"),
        broken,
        control: Control::of(
            share_above(&all[0].times, &[verified]) < 0.05,
            format!(
                "a verified guess takes {verified:.1?}, throttled ones {:.1?}",
                quantile(&all[0].times, 0.5)
            ),
        ),
    })
}
