//! The mix that published measurements of Retwis use: 50% timeline reads, 30% posts, 15% follows and unfollows, 5%
//! sign-ups. A change of the profile replaces the sign-up, because password hashing is slow on purpose and Redis does
//! none.

use crate::context::{CONNECTIONS, Context, Findings, ROUNDS};
use crate::drive::{Outcome, Pace};
use crate::error::Error;
use crate::mix::Mix;
use crate::process::private_directory;
use crate::redis::Redis;
use crate::report::{Row, Target};

const NAME: &str = "mix";

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let (_data, server, mut connections) = context.server(false).await?;
    let directory = private_directory()?;
    let redis = Redis::start(directory.path(), &context.network, context.tweets).await?;
    let (mut by_server, mut by_redis) = (Outcome::new()?, Outcome::new()?);
    let before = server.process.cpu_time()?;
    for _ in 0..ROUNDS {
        by_server
            .then(&context.drive(&mut connections, Pace::Closed(1), context.round(), Mix::RETWIS).await?)?;
        let drivers = context.drivers();
        by_redis.then(&redis.drive(&drivers, 1, context.round(), &context.network, Mix::RETWIS).await?)?;
    }
    let busy = (server.process.cpu_time()? - before).as_secs_f64() / by_server.took.as_secs_f64();
    let at = format!("{CONNECTIONS} connections × 1");
    let ratio = by_server.per_second() / by_redis.per_second();
    let rows = vec![
        Row::new(NAME, format!("Retwis mix, {at}"), by_server.per_second(), "/s"),
        Row::new(NAME, "reads of the mix", by_server.reads.len() as f64 / by_server.took.as_secs_f64(), "/s")
            .latency(&by_server.reads),
        Row::new(
            NAME,
            "writes of the mix",
            by_server.writes.len() as f64 / by_server.took.as_secs_f64(),
            "/s",
        )
        .latency(&by_server.writes),
        Row::new(NAME, "CPU cores used by the server", busy, ""),
        Row::new(NAME, format!("Redis, {at}"), by_redis.per_second(), "/s"),
        Row::new(NAME, format!("mix / Redis, {at}"), ratio, "×").target(Target::AtLeast(4.0)),
    ];
    Ok(Findings { rows, series: Vec::new() })
}
