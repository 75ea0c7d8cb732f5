//! Searches that are as expensive as a query can be, on several connections at the same time.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use client::ClientError;
use protocol::v1;
use tokio::task::JoinSet;

use super::bystander::{Turns, times};
use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;
use crate::server::{Launch, private_directory};
use crate::user::User;

const CONNECTIONS: usize = 8;
const TWEETS: usize = 60_000;
/// Every combination of two of these is a word.
const SYLLABLES: [&str; 24] = [
    "ba", "be", "bi", "bo", "da", "de", "di", "do", "ka", "ke", "ki", "ko", "la", "le", "li", "lo", "ma",
    "me", "mi", "mo", "ta", "te", "ti", "to",
];

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let network = private_directory()?;
    write_network(network.path())?;
    let found = attack(&context.program, "", network.path(), times(context), &allowed()).await?;
    let control = attack(&context.faults, "unbounded-searches", network.path(), 1, &unbounded()).await?;
    Ok(found.finding(
        &format!("{CONNECTIONS} connections with expensive searches in {TWEETS} tweets"),
        "a server that carries out every search",
        &control,
    ))
}

/// The most expensive query that a server accepts, and one that it refuses.
fn allowed() -> [String; 2] {
    ["ba* to* ma la ta".to_owned(), unbounded().concat()]
}

fn unbounded() -> [String; 2] {
    let letters = "b* d* k* l* m* t* ".repeat(11);
    [letters.clone(), letters]
}

/// A graph of a few accounts, and tweets of twelve words.
fn write_network(directory: &Path) -> Result<(), Error> {
    fs::write(directory.join("edges"), "1 2\n2 3\n3 1\n")?;
    let word = |n: usize| [SYLLABLES[n % 24], SYLLABLES[n / 24 % 24]].concat();
    let mut tweets = String::new();
    for n in 0..TWEETS {
        for position in 0..12 {
            // The steps have no common divisor with the number of words.
            write!(tweets, "{} {} ", word(n * 7 + position * 131), SYLLABLES[(n + position * 5) % 24])?;
        }
        writeln!(tweets, "{n}")?;
    }
    Ok(fs::write(directory.join("tweets"), tweets)?)
}

async fn attack(
    program: &Path,
    faults: &str,
    network: &Path,
    times: usize,
    queries: &[String; 2],
) -> Result<Turns, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let file = |name: &str| network.join(name).to_string_lossy().into_owned();
    let imported = launch.operator_with_stdin(
        &["import", "graph", "--edges", &file("edges"), "--tweets", &file("tweets"), "--password-stdin"],
        "correct horse 9\n",
    )?;
    if !imported.status.success() {
        return Err(format!("import: {}", String::from_utf8_lossy(&imported.stderr)).into());
    }
    let server = launch.argument("--insecure").start().await?;
    let (attacker, bystander) =
        (User::sign_up(&server, "attacker").await?, User::sign_up(&server, "bystander").await?);
    let mut attackers = Vec::new();
    for _ in 0..CONNECTIONS {
        attackers.push(attacker.reconnect(server.options()?).await?);
    }
    Turns::measure(&server, &bystander, times, async || {
        let mut searching = JoinSet::new();
        for attacker in &attackers {
            searching.spawn(search_on_and_on(attacker.clone(), queries.clone()));
        }
        Ok(searching)
    })
    .await
}

async fn search_on_and_on(attacker: User, queries: [String; 2]) -> ClientError {
    for query in queries.iter().cycle() {
        let timeline = Some(v1::read_timeline::Timeline::Search(query.clone()));
        match attacker.client.ask(v1::ReadTimeline { timeline, page: None }).await {
            Ok(_) | Err(ClientError::Refused(_) | ClientError::TimedOut { .. }) => {}
            Err(error) => return error,
        }
    }
    ClientError::Lost
}
