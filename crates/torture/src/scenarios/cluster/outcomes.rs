//! Commits whose outcome the server does not know, and a PostgreSQL server that is killed: a change that is refused was not
//! made, one that is acknowledged was made once, and the server says that its database is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use protocol::v1::request::Op;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::nodes::{Cluster, Setup, with_margin};
use super::person::{Outcome, Person, ask, post_soon};
use super::postgres::Postgres;
use super::proxy::CommitCut;
use crate::connection::read_local;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::wait_until;
use crate::user::post;

/// People who post at the server whose commits are cut.
const PEOPLE: usize = 4;
/// Limit for the first change after PostgreSQL is back.
const FIRST_WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long PostgreSQL is away.
const AWAY_FOR: Duration = Duration::from_secs(4);

pub(super) async fn unknown(context: &Context, postgres: &Postgres) -> Result<Finding, Error> {
    let cuts = context.times(12, 400);
    let mut random = context.random("cluster outcomes");
    let setup = Setup::new(&context.program, postgres.address(), "outcomes");
    let found = cut_commits(setup, postgres, cuts, &mut random).await?;
    let setup = Setup::new(&context.faults, postgres.address(), "outcomes_control");
    let control = cut_commits(setup.with_faults("assume-not-committed"), postgres, 4, &mut random).await?;
    let twice = control.broken.iter().filter(|line| line.contains("twice")).count();
    Ok(Finding {
        promise: 25,
        tried: format!("{cuts} connections cut before, within and after a COMMIT of posts without keys"),
        figures: format!(
            "{} acknowledged, {} refused, {} without a response; {} of them wrong",
            found.acknowledged,
            found.refused,
            found.unanswered,
            found.broken.len()
        ),
        broken: found.broken,
        control: Control::of(
            twice > 0,
            format!("a server that takes an unknown outcome for none: {twice} posts stored twice in 4 cuts"),
        ),
    })
}

#[derive(Debug, Default)]
struct Found {
    acknowledged: usize,
    refused: usize,
    unanswered: usize,
    broken: Vec<String>,
}

/// The responses to posts, with their texts.
type Responses = Arc<Mutex<Vec<(String, Outcome)>>>;

async fn cut_commits(
    setup: Setup<'_>,
    postgres: &Postgres,
    cuts: usize,
    random: &mut Rng,
) -> Result<Found, Error> {
    let database = setup.database;
    postgres.create_database(database)?;
    let mut cluster = setup.start().await?;
    let people = Person::sign_up_many(&cluster.nodes[0], PEOPLE).await?;
    let (responses, stop) = (Responses::default(), watch::Sender::new(false));
    let mut posting = JoinSet::new();
    for person in people {
        posting.spawn(post_without_keys(
            person,
            cluster.nodes[0].address.clone(),
            responses.clone(),
            stop.subscribe(),
        ));
    }
    let network = &cluster.nodes[0].network;
    for n in 0..cuts {
        let before = network.commit_cuts();
        let cut = if n < CommitCut::CUTS.len() { n } else { random.usize(..CommitCut::CUTS.len()) };
        network.cut_at_commit(CommitCut::CUTS[cut]);
        wait_until("the server commits", || network.commit_cuts() > before).await?;
        sleep(Duration::from_millis(random.u64(..200))).await;
    }
    stop.send_replace(true);
    while let Some(ended) = posting.join_next().await {
        ended?;
    }
    cluster.stop().await?;
    let mut stored: HashMap<String, usize> = HashMap::new();
    for text in postgres.sql(database, "SELECT text FROM tweet")?.lines() {
        *stored.entry(text.to_owned()).or_default() += 1;
    }
    Ok(found(&responses.lock().unwrap_or_else(PoisonError::into_inner), &stored))
}

/// Compares the responses with how often each post is stored.
fn found(responses: &[(String, Outcome)], stored: &HashMap<String, usize>) -> Found {
    let mut found = Found::default();
    for (text, outcome) in responses {
        let times = stored.get(text).copied().unwrap_or_default();
        if times > 1 {
            found.broken.push(format!("{text} is stored twice"));
        }
        match outcome {
            Outcome::Done(_) => found.acknowledged += 1,
            Outcome::Refused(_) => found.refused += 1,
            Outcome::Unknown => found.unanswered += 1,
        }
        match outcome {
            Outcome::Done(_) if times == 0 => {
                found.broken.push(format!("{text} was acknowledged and is lost"));
            }
            Outcome::Refused(error) if times > 0 => {
                found.broken.push(format!("{text} was refused with {} and is stored", error.code()));
            }
            Outcome::Unknown => found.broken.push(format!("{text} got no response")),
            _ => {}
        }
    }
    found
}

/// Posts once each, without a key, and notes what the response says.
async fn post_without_keys(
    person: Person,
    address: String,
    responses: Responses,
    stopped: watch::Receiver<bool>,
) {
    let (mut connection, mut n) = (None, 0);
    while !*stopped.borrow() {
        let mut open = match connection.take() {
            Some(open) => open,
            None => match person.connect(&address).await {
                Ok(open) => open,
                Err(_) => {
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
        };
        n += 1;
        let text = format!("{n} of {} without a key", person.name);
        let outcome = ask(&mut open, Op::Post(post(&text))).await;
        if !matches!(outcome, Outcome::Unknown) {
            connection = Some(open);
        }
        responses.lock().unwrap_or_else(PoisonError::into_inner).push((text, outcome));
    }
}

/// PostgreSQL is killed: every server says so, and writes again when it is back.
pub(super) async fn killed(context: &Context) -> Result<Finding, Error> {
    // With few files: it syncs all of them when it starts again.
    let mut postgres = Postgres::start(&[]).await?;
    let times = context.times(1, 10);
    let mut random = context.random("cluster postgres killed");
    postgres.create_database("killed")?;
    let cluster = Setup::new(&context.program, postgres.address(), "killed").start().await?;
    let ada = Person::sign_up(&cluster.nodes[0], "ada").await?;
    let (mut broken, mut first, mut answers, mut slowest) = (Vec::new(), Duration::ZERO, 0, Duration::ZERO);
    for _ in 0..times {
        let mut connections = Vec::new();
        for node in &cluster.nodes {
            connections.push(ada.connect_soon(&node.address).await?);
        }
        postgres.kill()?;
        let killed = Instant::now();
        while killed.elapsed() < AWAY_FOR {
            for (n, connection) in connections.iter_mut().enumerate() {
                for (what, op) in [("post", Op::Post(post("while it is away"))), ("read", read_local(20))] {
                    let asked = Instant::now();
                    let outcome = ask(connection, op).await;
                    slowest = slowest.max(asked.elapsed());
                    answers += 1;
                    match outcome {
                        Outcome::Refused(model::Error::Unavailable(_)) => {}
                        // For two seconds it may answer from what it has.
                        Outcome::Done(_)
                            if what == "read" && asked - killed < Duration::from_millis(2_500) => {}
                        other => broken.push(format!("server {n} answers a {what} with {other:?}")),
                    }
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
        postgres.start_again().await?;
        let back = Instant::now();
        for node in &cluster.nodes {
            post_soon(&ada, &node.address, &format!("back {}", random.u64(..)), &mut random).await?;
        }
        first = first.max(back.elapsed());
    }
    if first > with_margin(FIRST_WRITE_WITHIN) {
        broken.push(format!("a server writes only {first:.1?} after PostgreSQL is back"));
    }
    Ok(Finding {
        promise: 25,
        tried: format!("{times} times kill -9 of PostgreSQL, {answers} requests while it was away"),
        figures: format!(
            "{} not answered with UNAVAILABLE; slowest answer after {slowest:.1?}; all servers write again after {first:.1?}",
            broken.len()
        ),
        broken,
        control: self::control(&cluster).await?,
    })
}

/// The negative control: with PostgreSQL there, the same requests are not answered with `UNAVAILABLE`.
async fn control(cluster: &Cluster) -> Result<Control, Error> {
    let ada = Person::sign_up(&cluster.nodes[0], "bob").await?;
    let mut connection = ada.connect_soon(&cluster.nodes[0].address).await?;
    let answer = ask(&mut connection, Op::Post(post("it is there"))).await;
    Ok(Control::of(answer.is_done(), "with PostgreSQL the same requests succeed"))
}
