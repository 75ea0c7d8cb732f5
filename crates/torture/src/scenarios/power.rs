//! Power cuts, with a disk that loses unsynced data, tears it or stores it in another order. Afterwards everything that was
//! acknowledged must be stored once, and `check` must find no problem (P1).

use std::path::Path;
use std::time::Duration;

use crate::context::{Context, Scale};
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::{Load, Record, tweets_in};
use crate::lossy::LossyDisk;
use crate::random::duration_in;
use crate::server::{Launch, Server, private_directory};
use crate::user::sign_up_users;
use fastrand::Rng;

/// Time from a start to the cut.
const CUT_AFTER_MIN: Duration = Duration::from_millis(20);
const CUT_AFTER_MAX: Duration = Duration::from_millis(400);
/// About the duration of a start, for cuts during a start.
const START: Duration = Duration::from_millis(40);
/// Cuts with the same data directory, then a fresh one: a small database is checked quickly.
const ROUND: usize = 25;
/// Cuts of the server that does not sync each commit.
const CONTROL_CUTS: usize = 5;

#[derive(Debug, Default)]
struct Found {
    acknowledged: usize,
    syncs: u64,
    broken: Vec<String>,
}

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let cuts = context.times(20, 1_000);
    let mut found = Found::default();
    for round in 0..cuts.div_ceil(ROUND) {
        let times = ROUND.min(cuts - round * ROUND);
        let mut random = context.random(&format!("power {round}"));
        cut(&context.program, "", times, &mut random, &mut found).await?;
        if context.scale == Scale::Long {
            eprintln!(
                "{} cuts, {} acknowledged, {} broken",
                round * ROUND + times,
                found.acknowledged,
                found.broken.len()
            );
        }
    }
    let mut control = Found::default();
    let mut random = context.random("power control");
    cut(&context.faults, "synchronous-normal", CONTROL_CUTS, &mut random, &mut control).await?;
    let lost = control.broken.iter().filter(|line| line.contains("is lost")).count();
    Ok(vec![Finding {
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

/// Cuts the power of one server this many times.
async fn cut(
    program: &Path,
    faults: &str,
    times: usize,
    random: &mut Rng,
    found: &mut Found,
) -> Result<(), Error> {
    let directory = private_directory()?;
    let mut disk = LossyDisk::mount(&directory.path().join("disk"))?;
    // The server creates its data directory, so that a cut can lose its name.
    let mut launch = Launch::new(program, &directory.path().join("disk/data"))
        .logging_to(&directory.path().join("log"))
        .with("MINI_TWEET_FAULTS", faults);
    let mut server = launch.start().await?;
    launch = launch.listening_on(&server.address);
    let record = Record::default();
    let load = Load::start(&sign_up_users(&server, 6).await?, &record, random);
    for _ in 0..times {
        tokio::time::sleep(duration_in(random, CUT_AFTER_MIN..=CUT_AFTER_MAX)).await;
        end(server, &launch, random).await?;
        disk.cut(random)?;
        found.broken.extend(launch.check()?);
        found.broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
        server = launch.start().await?;
    }
    server = cut_after_backup(server, &launch, &mut disk, &record, random, found).await?;
    // Every request gets its response now, so nothing is ambiguous after this.
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

/// A completed backup, and then a completed restore of it, survive a cut too.
async fn cut_after_backup(
    mut server: Server,
    launch: &Launch,
    disk: &mut LossyDisk,
    record: &Record,
    random: &mut Rng,
    found: &mut Found,
) -> Result<Server, Error> {
    let (backup, restored) = (launch.data().with_file_name("backup.db"), launch.sibling("restored"));
    let name = backup.to_str().ok_or("a path that is not UTF-8")?;
    let before: Vec<u64> = record.with(|record| record.tweets.keys().copied().collect());
    for (launch_of_verb, verb) in [(launch, "backup"), (&restored, "restore")] {
        let command = launch_of_verb.operator(&[verb, name])?;
        if !command.status.success() {
            found.broken.push(format!("{verb}: {}", String::from_utf8_lossy(&command.stderr)));
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
    let stored = tweets_in(&restored.database())?;
    let lost = before.iter().filter(|id| !stored.contains_key(id));
    found.broken.extend(lost.map(|id| format!("tweet {id} was acknowledged before the backup and is lost")));
    Ok(server)
}

/// Ends the server as a cut finds it: usually under load, sometimes during a start or after a stop.
async fn end(mut server: Server, launch: &Launch, random: &mut Rng) -> Result<(), Error> {
    match random.usize(..10) {
        0 => {
            server.stop().await?;
        }
        1 => {
            server.process.kill()?;
            let mut starting = launch.spawn()?;
            tokio::time::sleep(duration_in(random, Duration::ZERO..=START)).await;
            starting.kill()?;
        }
        _ => server.process.kill()?,
    }
    Ok(())
}
