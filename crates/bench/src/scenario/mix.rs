//! The mix that measurements of Retwis use: 50% feeds, 30% posts, 15% follows and unfollows, 5% sign-ups. In place
//! of a sign-up stands a change to the profile: hashing a password is slow on purpose, and Redis does none.

use super::{Bench, CONNECTIONS, Findings, ROUNDS};
use crate::Error;
use crate::drive::{Outcome, Pace};
use crate::mix::Mix;
use crate::process::private_directory;
use crate::redis::Redis;
use crate::report::{Aim, Row};

const NAME: &str = "mix";

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let (_data, server, mut links) = bench.server(false).await?;
    let directory = private_directory()?;
    let redis = Redis::start(directory.path(), &bench.network, bench.tweets).await?;
    let (mut ours, mut retwis) = (Outcome::new()?, Outcome::new()?);
    let before = server.process.cpu()?;
    for _ in 0..ROUNDS {
        ours.then(&bench.drive(&mut links, Pace::Closed(1), bench.round(), Mix::RETWIS).await?)?;
        let drivers = bench.drivers();
        retwis.then(&redis.drive(&drivers, 1, bench.round(), &bench.network, Mix::RETWIS).await?)?;
    }
    let busy = (server.process.cpu()? - before).as_secs_f64() / ours.took.as_secs_f64();
    let at = format!("{CONNECTIONS} connections × 1");
    let ratio = ours.per_second() / retwis.per_second();
    let rows = vec![
        Row::new(NAME, format!("Retwis mix, {at}"), ours.per_second(), "/s"),
        Row::new(NAME, "its reads", ours.reads.len() as f64 / ours.took.as_secs_f64(), "/s")
            .latency(&ours.reads),
        Row::new(NAME, "its changes", ours.writes.len() as f64 / ours.took.as_secs_f64(), "/s")
            .latency(&ours.writes),
        Row::new(NAME, "processors that the server keeps busy", busy, ""),
        Row::new(NAME, format!("Redis, {at}"), retwis.per_second(), "/s"),
        Row::new(NAME, format!("mix to Redis, {at}"), ratio, "×").aim(Aim::AtLeast(4.0)),
    ];
    Ok(Findings { rows, lines: Vec::new() })
}
