//! `kill -9` of the server under load, at any moment and at each fault point: what was acknowledged is there after the
//! restart, once, and the database is sound (P2); and every acknowledgement comes after a sync of what it acknowledges
//! (P3, see [`order`]). The long form also times a restart, see [`restart`].

mod order;
mod restart;

use std::path::Path;
use std::time::Duration;

use super::{Scale, Setup};
use crate::Error;
use crate::load::{Load, Record};
use crate::person::people;
use crate::random::Random;
use crate::report::{Control, Line};
use crate::server::{DEADLINE, Launch, Server, private_directory};

/// Between a start and the kill.
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(400);
/// Kills of the same data before all begins anew: a small database is checked quickly.
const ROUND: usize = 25;
/// What only a program with faults has in it.
const MARK: &[u8] = b"MINI_TWEET_FAULTS";
/// Points that a server under load passes, with how often it does so within a second or so.
const POINTS: [(&str, usize); 4] =
    [("before-commit", 100), ("after-commit", 100), ("before-acknowledgement", 100), ("checkpoint", 2)];
/// Of the server that answers too early. Now and then nobody has read the answer yet.
const CONTROL_KILLS: usize = 6;
/// Steps that make a new database.
const MIGRATIONS: usize = 3;
/// Points on the way of a backup.
const BACKUP: usize = 3;

#[derive(Debug, Default)]
struct Found {
    kills: usize,
    acknowledged: usize,
    broken: Vec<String>,
}

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let lost = control(setup).await?;
    let control =
        || Control::of(lost > 0, format!("answering before the commit lost {lost} in {CONTROL_KILLS} kills"));
    let mut lines = vec![
        at_any_moment(setup, control()).await?,
        at_fault_points(setup, control()).await?,
        no_faults_in_it(setup)?,
    ];
    lines.extend(order::run(setup).await?);
    if setup.scale == Scale::Long {
        lines.push(restart::run(setup).await?);
    }
    Ok(lines)
}

async fn at_any_moment(setup: &Setup, control: Control) -> Result<Line, Error> {
    let kills = setup.times(50, 1_000);
    let mut found = Found::default();
    while found.kills < kills {
        let mut random = setup.random(&format!("crash {}", found.kills));
        let times = ROUND.min(kills - found.kills);
        let moments = (0..times).map(|_| Kill::After(random.between(LEAST, MOST))).collect();
        round(&setup.program, "", moments, &mut random, &mut found).await?;
        tell(setup, &found);
    }
    Ok(Line {
        promise: 2,
        tried: format!("{kills} times kill -9 under load, at any moment"),
        figures: figures(&found),
        broken: found.broken,
        control,
    })
}

/// How much is lost by a server that answers before it commits.
async fn control(setup: &Setup) -> Result<usize, Error> {
    let mut random = setup.random("crash control");
    let mut found = Found::default();
    let kill = |_| Kill::At { point: "before-commit", passing: 1 + random.below(100), after: 0 };
    let kills = (0..CONTROL_KILLS).map(kill).collect();
    let mut random = setup.random("crash control load");
    round(&setup.faults, "acknowledge-before-commit", kills, &mut random, &mut found).await?;
    Ok(found.broken.iter().filter(|line| line.contains("is lost")).count())
}

async fn at_fault_points(setup: &Setup, control: Control) -> Result<Line, Error> {
    let kills = setup.times(24, 1_000);
    let mut found = Found::default();
    while found.kills < kills {
        let mut random = setup.random(&format!("points {}", found.kills));
        let times = ROUND.min(kills - found.kills);
        let kills = (0..times).map(|n| {
            let (point, often) = POINTS[n % POINTS.len()];
            // In a checkpoint the process dies somewhere on its way, not where it begins.
            let after = if point == "checkpoint" { random.below(3_000) } else { 0 };
            Kill::At { point, passing: 1 + random.below(often), after }
        });
        let kills = kills.collect();
        round(&setup.faults, "", kills, &mut random, &mut found).await?;
        tell(setup, &found);
    }
    for n in 0..setup.times(1, 20) {
        in_migration(setup, n, &mut found).await?;
        in_backup(setup, n, &mut found).await?;
    }
    Ok(Line {
        promise: 2,
        tried: format!("{} deaths at fault points", found.kills),
        figures: figures(&found),
        broken: found.broken,
        control,
    })
}

fn figures(found: &Found) -> String {
    format!("{} acknowledged, {} lost or broken", found.acknowledged, found.broken.len())
}

fn tell(setup: &Setup, found: &Found) {
    if setup.scale == Scale::Long {
        eprintln!("{} kills, {}", found.kills, figures(found));
    }
}

/// How a server comes to its end.
#[derive(Debug, Clone, Copy)]
enum Kill {
    After(Duration),
    /// By itself, at this passing of a fault point or so many microseconds after it.
    At {
        point: &'static str,
        passing: usize,
        after: usize,
    },
}

impl Kill {
    fn faults(self, wrongs: &str) -> String {
        match self {
            Self::After(_) => wrongs.to_owned(),
            Self::At { point, passing, after } => format!("{wrongs},kill:{point}:{passing}:{after}"),
        }
    }

    async fn happen(self, mut server: Server) -> Result<(), Error> {
        match self {
            Self::After(moment) => {
                tokio::time::sleep(moment).await;
                server.process.kill()
            }
            Self::At { point, .. } => {
                server.process.ended().await.map_err(|error| format!("{point} was not passed: {error}"))?;
                Ok(())
            }
        }
    }
}

/// A server that is killed again and again with the same data, under the load of people who come back every time.
async fn round(
    program: &Path,
    wrongs: &str,
    kills: Vec<Kill>,
    random: &mut Random,
    found: &mut Found,
) -> Result<(), Error> {
    let directory = private_directory()?;
    let mut launch = Launch::new(program, &directory.path().join("data"));
    let server = launch.start().await?;
    launch = launch.at(&server.address);
    let record = Record::default();
    let load = Load::start(&people(&server, 6).await?, &record, random);
    server.stop().await?;
    for kill in kills {
        kill.happen(launch.clone().with("MINI_TWEET_FAULTS", kill.faults(wrongs)).start().await?).await?;
        found.kills += 1;
        found.broken.extend(launch.check()?);
        found.broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    }
    let server = launch.start().await?;
    // Everyone has an answer at last: nothing is open any more.
    load.stop().await?;
    server.stop().await?;
    found.broken.extend(launch.check()?);
    record.with(|record| {
        found.broken.extend(record.missing_from(&launch.database())?);
        found.broken.append(&mut record.refused);
        found.acknowledged += record.count();
        Ok(())
    })
}

/// Dies while a new database is being made, at each step; the next start makes it whole.
async fn in_migration(setup: &Setup, n: usize, found: &mut Found) -> Result<(), Error> {
    let mut random = setup.random(&format!("migration {n}"));
    for step in 1..=MIGRATIONS {
        let directory = private_directory()?;
        let launch = Launch::new(&setup.faults, &directory.path().join("data"));
        let after = if n == 0 { 0 } else { random.below(2_000) };
        let dying = launch.clone().with("MINI_TWEET_FAULTS", format!("kill:migration:{step}:{after}"));
        let mut process = dying.spawn()?;
        // Some microseconds later it may be past everything and go on.
        tokio::time::timeout(DEADLINE, process.ended()).await??;
        found.kills += 1;
        let server = launch.start().await.map_err(|error| format!("after dying in step {step}: {error}"))?;
        people(&server, 1).await?;
        server.stop().await?;
        found.broken.extend(launch.check()?);
    }
    Ok(())
}

/// A backup that dies under load leaves nothing half under its name, and does not keep the next one from being made.
async fn in_backup(setup: &Setup, n: usize, found: &mut Found) -> Result<(), Error> {
    let mut random = setup.random(&format!("backup {n}"));
    let directory = private_directory()?;
    let launch = Launch::new(&setup.faults, &directory.path().join("data"));
    let server = launch.start().await?;
    let record = Record::default();
    let load = Load::start(&people(&server, 4).await?, &record, &mut random);
    for step in 1..=BACKUP {
        let backup = directory.path().join(format!("backup-{step}.db"));
        let name = backup.to_str().ok_or("a path that is not UTF-8")?;
        let after = if n == 0 { 0 } else { random.below(20_000) };
        let dying = launch.clone().with("MINI_TWEET_FAULTS", format!("kill:backup:{step}:{after}"));
        let before: Vec<u64> = record.with(|record| record.tweets.keys().copied().collect());
        dying.operator(&["backup", name])?;
        found.kills += 1;
        if !backup.exists() {
            let again = launch.operator(&["backup", name])?;
            if !again.status.success() {
                found.broken.push(format!("no backup: {}", String::from_utf8_lossy(&again.stderr)));
                continue;
            }
        }
        let restored = Launch::new(&setup.faults, &directory.path().join(format!("restored-{step}")));
        let restore = restored.operator(&["restore", name])?;
        if !restore.status.success() {
            found.broken.push(format!("no restore: {}", String::from_utf8_lossy(&restore.stderr)));
            continue;
        }
        found.broken.extend(restored.check()?);
        let there = crate::load::tweets_in(&restored.database())?;
        let lost = before.iter().filter(|id| !there.contains_key(id));
        found.broken.extend(lost.map(|id| format!("tweet {id} was acknowledged before the backup")));
    }
    load.stop().await?;
    server.stop().await?;
    found.broken.extend(launch.check()?);
    record.with(|record| {
        found.broken.extend(record.missing_from(&launch.database())?);
        found.acknowledged += record.count();
        Ok(())
    })
}

/// A release has no faults to switch on.
fn no_faults_in_it(setup: &Setup) -> Result<Line, Error> {
    let has_faults = |program: &Path| -> Result<bool, Error> {
        Ok(std::fs::read(program)?.windows(MARK.len()).any(|bytes| bytes == MARK))
    };
    let mut broken = Vec::new();
    if has_faults(&setup.program)? {
        broken.push(format!("{} can be made to fail", setup.program.display()));
    }
    Ok(Line {
        promise: 2,
        tried: "a look for fault points in the release".to_owned(),
        figures: format!("{} found", broken.len()),
        broken,
        control: Control::of(has_faults(&setup.faults)?, "the program with faults has them"),
    })
}
