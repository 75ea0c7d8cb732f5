//! The time from the start of a server with a million tweets, after `kill -9`, to its first response.

use std::fs;
use std::time::Duration;

use tokio::time::Instant;

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::{Load, Record};
use crate::random::duration_in;
use crate::server::{Launch, private_directory};
use crate::user::{User, sign_up_users};

const TWEETS: usize = 1_000_000;
const ACCOUNTS: usize = 10_000;
/// Limit from the start of the process to the first response.
const RESPONSE_WITHIN: Duration = Duration::from_secs(2);
/// The negative control: a server that starts 3 s late.
const LATE_START: &str = "sleep 3; exec \"$@\"";

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let directory = private_directory()?;
    let mut launch = Launch::new(&context.program, &directory.path().join("data"));
    import(&launch, directory.path())?;
    let mut server = launch.start().await?;
    launch = launch.listening_on(&server.address);
    let (record, mut random) = (Record::default(), context.random("restart"));
    let users = sign_up_users(&server, 4).await?;
    let load = Load::start(&users, &record, &mut random);
    let (mut slowest, mut broken) = (Duration::ZERO, Vec::new());
    for _ in 0..5 {
        tokio::time::sleep(duration_in(&mut random, Duration::from_millis(500)..=Duration::from_secs(2)))
            .await;
        server.process.kill()?;
        let time = first_response(&launch, &users[0], &mut server).await?;
        slowest = slowest.max(time);
        if time > RESPONSE_WITHIN {
            broken.push(format!("the first response came after {} ms", time.as_millis()));
        }
    }
    server.process.kill()?;
    let late = launch.clone().wrapped_by(["sh", "-c", LATE_START, "sh"]);
    let control = first_response(&late, &users[0], &mut server).await?;
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    Ok(Finding {
        promise: 2,
        tried: format!("5 restarts after kill -9 with {TWEETS} tweets"),
        figures: format!("first response after at most {} ms", slowest.as_millis()),
        broken,
        control: Control::of(
            control > RESPONSE_WITHIN,
            format!("a server that starts late: {} ms", control.as_millis()),
        ),
    })
}

/// Starts the server again; the time until a user has read a home timeline.
async fn first_response(
    launch: &Launch,
    user: &User,
    server: &mut crate::server::Server,
) -> Result<Duration, Error> {
    let started = Instant::now();
    *server = launch.start().await?;
    user.reconnect(server.options()?).await?.read_home().await?;
    Ok(started.elapsed())
}

/// Imports a network of that size.
fn import(launch: &Launch, directory: &std::path::Path) -> Result<(), Error> {
    let (edges, tweets) = (directory.join("edges"), directory.join("tweets"));
    // Each account and the next ten.
    let pairs = (0..ACCOUNTS).flat_map(|n| (1..=10).map(move |k| format!("{n} {}\n", (n + k) % ACCOUNTS)));
    fs::write(&edges, pairs.collect::<String>())?;
    let texts = (0..TWEETS).map(|n| format!("{n} is a number and the rest of this tweet is its text\n"));
    fs::write(&tweets, texts.collect::<String>())?;
    let (edges, tweets) = (edges.display().to_string(), tweets.display().to_string());
    let imported = launch.operator(&["import", "graph", "--edges", &edges, "--tweets", &tweets])?;
    if imported.status.success() {
        Ok(())
    } else {
        Err(format!("import: {}", String::from_utf8_lossy(&imported.stderr)).into())
    }
}
