//! How long a server with a million posts takes from its start after `kill -9` to the first request that it serves.

use std::fs;
use std::time::Duration;

use tokio::time::Instant;

use super::Setup;
use crate::Error;
use crate::load::{Load, Record};
use crate::person::{Person, people};
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory};

const TWEETS: usize = 1_000_000;
const ACCOUNTS: usize = 10_000;
/// From the start of the process to the first answer.
const AT_MOST: Duration = Duration::from_secs(2);
/// A server that must be noticed begins so much later.
const LATE: &str = "sleep 3; exec \"$@\"";

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let directory = private_directory()?;
    let mut launch = Launch::new(&setup.program, &directory.path().join("data"));
    import(&launch, directory.path())?;
    let mut server = launch.start().await?;
    launch = launch.at(&server.address);
    let (record, mut random) = (Record::default(), setup.random("restart"));
    let people = people(&server, 4).await?;
    let load = Load::start(&people, &record, &mut random);
    let (mut slowest, mut broken) = (Duration::ZERO, Vec::new());
    for _ in 0..5 {
        tokio::time::sleep(random.between(Duration::from_millis(500), Duration::from_secs(2))).await;
        server.process.kill()?;
        let time = first_answer(&launch, &people[0], &mut server).await?;
        slowest = slowest.max(time);
        if time > AT_MOST {
            broken.push(format!("the first answer came after {} ms", time.as_millis()));
        }
    }
    server.process.kill()?;
    let late = launch.clone().through(["sh", "-c", LATE, "sh"]);
    let control = first_answer(&late, &people[0], &mut server).await?;
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    Ok(Line {
        promise: 2,
        tried: format!("5 restarts after kill -9 with {TWEETS} posts"),
        figures: format!("first answer after {} ms at most", slowest.as_millis()),
        broken,
        control: Control::of(
            control > AT_MOST,
            format!("a server that starts late: {} ms", control.as_millis()),
        ),
    })
}

/// Starts it again; how long it takes until somebody's home timeline is there.
async fn first_answer(
    launch: &Launch,
    person: &Person,
    server: &mut crate::server::Server,
) -> Result<Duration, Error> {
    let started = Instant::now();
    *server = launch.start().await?;
    person.again(server.options()?).await?.read_home().await?;
    Ok(started.elapsed())
}

/// A network of that size, by the operator's own verb.
fn import(launch: &Launch, directory: &std::path::Path) -> Result<(), Error> {
    let (edges, tweets) = (directory.join("edges"), directory.join("tweets"));
    // Everybody and the next ten.
    let pairs = (0..ACCOUNTS).flat_map(|n| (1..=10).map(move |k| format!("{n} {}\n", (n + k) % ACCOUNTS)));
    fs::write(&edges, pairs.collect::<String>())?;
    let texts = (0..TWEETS).map(|n| format!("{n} is a number that somebody had to say something about\n"));
    fs::write(&tweets, texts.collect::<String>())?;
    let (edges, tweets) = (edges.display().to_string(), tweets.display().to_string());
    let imported = launch.operator(&["import", "graph", "--edges", &edges, "--tweets", &tweets])?;
    if imported.status.success() {
        Ok(())
    } else {
        Err(format!("import: {}", String::from_utf8_lossy(&imported.stderr)).into())
    }
}
