//! Power cuts: the server's data is on a disk that loses what was not synced, also torn and in another order. What was
//! acknowledged is there afterwards, once, and the database is sound (P1).

use std::path::Path;
use std::time::Duration;

use super::{Scale, Setup};
use crate::Error;
use crate::load::{Load, Record, tweets_in};
use crate::lossy::LossyDisk;
use crate::person::people;
use crate::random::Random;
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};

/// Between a start and the cut.
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(400);
/// A start takes about so long: for cuts in the middle of one.
const START: Duration = Duration::from_millis(40);
/// Cuts of the same data before all begins anew: a small database is checked quickly.
const ROUND: usize = 25;
/// Of the server that does not sync.
const CONTROL_CUTS: usize = 5;

#[derive(Debug, Default)]
struct Found {
    acknowledged: usize,
    syncs: u64,
    broken: Vec<String>,
}

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let cuts = setup.times(20, 1_000);
    let mut found = Found::default();
    for round in 0..cuts.div_ceil(ROUND) {
        let times = ROUND.min(cuts - round * ROUND);
        let mut random = setup.random(&format!("power {round}"));
        cut(&setup.program, "", times, &mut random, &mut found).await?;
        if setup.scale == Scale::Long {
            eprintln!(
                "{} cuts, {} acknowledged, {} broken",
                round * ROUND + times,
                found.acknowledged,
                found.broken.len()
            );
        }
    }
    let mut control = Found::default();
    let mut random = setup.random("power control");
    cut(&setup.faults, "synchronous-normal", CONTROL_CUTS, &mut random, &mut control).await?;
    let lost = control.broken.iter().filter(|line| line.contains("is lost")).count();
    Ok(vec![Line {
        promise: 1,
        tried: format!("{cuts} power cuts under load"),
        figures: format!(
            "{} acknowledged with {} syncs, {} lost or broken",
            found.acknowledged,
            found.syncs,
            found.broken.len()
        ),
        broken: found.broken,
        control: Control::of(lost > 0, format!("synchronous=NORMAL lost {lost} in {CONTROL_CUTS} cuts")),
    }])
}

/// Cuts the power of one server so many times.
async fn cut(
    program: &Path,
    faults: &str,
    times: usize,
    random: &mut Random,
    found: &mut Found,
) -> Result<(), Error> {
    let directory = private_directory()?;
    let mut disk = LossyDisk::mount(&directory.path().join("disk"))?;
    // The directory is for the server to make, and its name to be lost.
    let mut launch = Launch::new(program, &directory.path().join("disk/data"))
        .log_to(&directory.path().join("log"))
        .with("MINI_TWEET_FAULTS", faults);
    let mut server = launch.start().await?;
    launch = launch.at(&server.address);
    let record = Record::default();
    let load = Load::start(&people(&server, 6).await?, &record, random);
    for _ in 0..times {
        tokio::time::sleep(random.between(LEAST, MOST)).await;
        end(server, &launch, random).await?;
        disk.cut(random)?;
        found.broken.extend(launch.check()?);
        found.broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
        server = launch.start().await?;
    }
    server = cut_after_backup(server, &launch, &mut disk, &record, random, found).await?;
    // Everyone has an answer at last: nothing is open any more.
    load.stop().await?;
    server.stop().await?;
    found.syncs += disk.syncs();
    found.broken.extend(launch.check()?);
    record.with(|record| {
        found.broken.extend(record.missing_from(&launch.database())?);
        found.broken.append(&mut record.refused);
        found.acknowledged += record.count();
        Ok(())
    })
}

/// A backup that was said to be made, and then a restore of it, are there after a cut too.
async fn cut_after_backup(
    mut server: Server,
    launch: &Launch,
    disk: &mut LossyDisk,
    record: &Record,
    random: &mut Random,
    found: &mut Found,
) -> Result<Server, Error> {
    let (backup, restored) = (launch.data().with_file_name("backup.db"), launch.beside("restored"));
    let name = backup.to_str().ok_or("a path that is not UTF-8")?;
    let before: Vec<u64> = record.with(|record| record.tweets.keys().copied().collect());
    for (of, verb) in [(launch, "backup"), (&restored, "restore")] {
        let done = of.operator(&[verb, name])?;
        if !done.status.success() {
            found.broken.push(format!("{verb}: {}", String::from_utf8_lossy(&done.stderr)));
        }
        server.process.kill()?;
        disk.cut(random)?;
        server = launch.start().await?;
    }
    let wrong = restored.check()?;
    if !wrong.is_empty() {
        found.broken.extend(wrong);
        return Ok(server);
    }
    let there = tweets_in(&restored.database())?;
    let lost = before.iter().filter(|id| !there.contains_key(id));
    found.broken.extend(lost.map(|id| format!("tweet {id} was acknowledged before the backup and is lost")));
    Ok(server)
}

/// Ends the server as a cut finds it: mostly at work, now and then in the middle of a start, or stopped in good order.
async fn end(mut server: Server, launch: &Launch, random: &mut Random) -> Result<(), Error> {
    match random.below(10) {
        0 => {
            server.stop().await?;
        }
        1 => {
            server.process.kill()?;
            let mut starting = launch.spawn()?;
            tokio::time::sleep(random.between(Duration::ZERO, START)).await;
            starting.kill()?;
        }
        _ => server.process.kill()?,
    }
    Ok(())
}
