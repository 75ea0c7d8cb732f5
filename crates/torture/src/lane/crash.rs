//! `kill -9` of the server under load: what was acknowledged is there after the restart, once, and the database is
//! sound (P2).

use std::time::Duration;

use super::Setup;
use crate::Error;
use crate::load::{Load, Record};
use crate::person::people;
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory};

/// Between a start and the kill.
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(400);
/// Kills of the same data before all begins anew: a small database is checked quickly.
const ROUND: usize = 25;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let kills = setup.times(50, 1_000);
    let (mut broken, mut acknowledged) = (Vec::new(), 0);
    for round in 0..kills.div_ceil(ROUND) {
        let times = ROUND.min(kills - round * ROUND);
        acknowledged += kill_at_random(setup, round, times, &mut broken).await?;
    }
    Ok(vec![Line {
        promise: 2,
        tried: format!("{kills} times kill -9 under load"),
        figures: format!("{acknowledged} acknowledged, {} lost or broken", broken.len()),
        broken,
        control: Control::Missed("none yet".to_owned()),
    }])
}

/// Kills a server so many times; how much it had acknowledged.
async fn kill_at_random(
    setup: &Setup,
    round: usize,
    times: usize,
    broken: &mut Vec<String>,
) -> Result<usize, Error> {
    let mut random = setup.random(&format!("crash {round}"));
    let directory = private_directory()?;
    let mut launch = Launch::new(&setup.program, &directory.path().join("data"));
    let mut server = launch.start().await?;
    launch = launch.at(&server.address);
    let record = Record::default();
    let load = Load::start(&people(&server, 6).await?, &record, &mut random);
    for _ in 0..times {
        tokio::time::sleep(random.between(LEAST, MOST)).await;
        server.process.kill()?;
        broken.extend(launch.check()?);
        broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
        server = launch.start().await?;
    }
    // Everyone has an answer at last: nothing is open any more.
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    record.with(|record| {
        broken.extend(record.missing_from(&launch.database())?);
        broken.append(&mut record.refused);
        Ok(record.count())
    })
}
