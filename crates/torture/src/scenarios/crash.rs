//! `kill -9` of the server under load, at random moments and at each crash point: after the restart everything that was
//! acknowledged is stored once, and `check` finds no problem (P2). Every acknowledgement is sent after the sync of its
//! change (P3, see [`order`]). The long form also measures the time of a restart, see [`restart`].

mod order;
mod restart;

use std::path::Path;
use std::time::Duration;

use crate::context::{Context, Scale};
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::{Load, Record};
use crate::random::duration_in;
use crate::server::{DEADLINE, Launch, Server, private_directory};
use crate::user::sign_up_users;
use fastrand::Rng;

/// Time from a start to the kill.
const KILL_AFTER_MIN: Duration = Duration::from_millis(20);
const KILL_AFTER_MAX: Duration = Duration::from_millis(400);
/// Kills with the same data directory, then a fresh one: a small database is checked quickly.
const ROUND: usize = 25;
/// Text that is only in builds with the feature `faults`.
const FAULTS_TEXT: &[u8] = b"MINI_TWEET_FAULTS";
/// Crash points that a server under load passes, and how often it passes them in about a second.
const CRASH_POINTS: [(&str, usize); 4] =
    [("before-commit", 100), ("after-commit", 100), ("before-acknowledgement", 100), ("checkpoint", 2)];
/// Kills of the server that acknowledges too early. A single kill may come before any client has read the response.
const CONTROL_KILLS: usize = 6;
/// Migration steps that create a new database.
const MIGRATION_STEPS: usize = 3;
/// Crash points in a backup.
const BACKUP_STEPS: usize = 3;

#[derive(Debug, Default)]
struct Found {
    kills: usize,
    acknowledged: usize,
    broken: Vec<String>,
}

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let lost = control(context).await?;
    let control = || {
        Control::of(lost > 0, format!("acknowledging before the commit lost {lost} in {CONTROL_KILLS} kills"))
    };
    let mut findings = vec![
        at_random_moments(context, control()).await?,
        at_crash_points(context, control()).await?,
        release_has_no_faults(context)?,
    ];
    findings.extend(order::run(context).await?);
    if context.scale == Scale::Long {
        findings.push(restart::run(context).await?);
    }
    Ok(findings)
}

async fn at_random_moments(context: &Context, control: Control) -> Result<Finding, Error> {
    let kills = context.times(50, 1_000);
    let mut found = Found::default();
    while found.kills < kills {
        let mut random = context.random(&format!("crash {}", found.kills));
        let times = ROUND.min(kills - found.kills);
        let moments = (0..times)
            .map(|_| Kill::After(duration_in(&mut random, KILL_AFTER_MIN..=KILL_AFTER_MAX)))
            .collect();
        round(&context.program, "", moments, &mut random, &mut found).await?;
        print_progress(context, &found);
    }
    Ok(Finding {
        promise: 2,
        tried: format!("{kills} times kill -9 under load, at random moments"),
        figures: figures(&found),
        broken: found.broken,
        control,
    })
}

/// The negative control: how much a server loses that acknowledges before it commits.
async fn control(context: &Context) -> Result<usize, Error> {
    let mut random = context.random("crash control");
    let mut found = Found::default();
    let kill = |_| Kill::At { point: "before-commit", passing: 1 + random.usize(..100), after: 0 };
    let kills = (0..CONTROL_KILLS).map(kill).collect();
    let mut random = context.random("crash control load");
    round(&context.faults, "acknowledge-before-commit", kills, &mut random, &mut found).await?;
    Ok(found.broken.iter().filter(|line| line.contains("is lost")).count())
}

async fn at_crash_points(context: &Context, control: Control) -> Result<Finding, Error> {
    let kills = context.times(24, 1_000);
    let mut found = Found::default();
    while found.kills < kills {
        let mut random = context.random(&format!("points {}", found.kills));
        let times = ROUND.min(kills - found.kills);
        let kills = (0..times).map(|n| {
            let (point, often) = CRASH_POINTS[n % CRASH_POINTS.len()];
            // Somewhere in the checkpoint, not only at its start.
            let after = if point == "checkpoint" { random.usize(..3_000) } else { 0 };
            Kill::At { point, passing: 1 + random.usize(..often), after }
        });
        let kills = kills.collect();
        round(&context.faults, "", kills, &mut random, &mut found).await?;
        print_progress(context, &found);
    }
    for n in 0..context.times(1, 20) {
        in_migration(context, n, &mut found).await?;
        in_backup(context, n, &mut found).await?;
    }
    Ok(Finding {
        promise: 2,
        tried: format!("{} crashes at crash points", found.kills),
        figures: figures(&found),
        broken: found.broken,
        control,
    })
}

fn figures(found: &Found) -> String {
    format!("{} acknowledged, {} lost or broken", found.acknowledged, found.broken.len())
}

fn print_progress(context: &Context, found: &Found) {
    if context.scale == Scale::Long {
        eprintln!("{} kills, {}", found.kills, figures(found));
    }
}

/// How a server is killed.
#[derive(Debug, Clone, Copy)]
enum Kill {
    After(Duration),
    /// It kills itself at the crash point, when it passes it for the `passing`th time.
    At {
        point: &'static str,
        passing: usize,
        /// Delay in microseconds.
        after: usize,
    },
}

impl Kill {
    fn faults(self, bugs: &str) -> String {
        match self {
            Self::After(_) => bugs.to_owned(),
            Self::At { point, passing, after } => format!("{bugs},kill:{point}:{passing}:{after}"),
        }
    }

    async fn wait(self, mut server: Server) -> Result<(), Error> {
        match self {
            Self::After(moment) => {
                tokio::time::sleep(moment).await;
                server.process.kill()
            }
            Self::At { point, .. } => {
                server.process.wait().await.map_err(|error| format!("{point} was not passed: {error}"))?;
                Ok(())
            }
        }
    }
}

/// Kills a server repeatedly, with the same data directory and under load that reconnects after each restart.
async fn round(
    program: &Path,
    bugs: &str,
    kills: Vec<Kill>,
    random: &mut Rng,
    found: &mut Found,
) -> Result<(), Error> {
    let directory = private_directory()?;
    let mut launch = Launch::new(program, &directory.path().join("data"));
    let server = launch.start().await?;
    launch = launch.listening_on(&server.address);
    let record = Record::default();
    let load = Load::start(&sign_up_users(&server, 6).await?, &record, random);
    server.stop().await?;
    for kill in kills {
        kill.wait(launch.clone().with("MINI_TWEET_FAULTS", kill.faults(bugs)).start().await?).await?;
        found.kills += 1;
        found.broken.extend(launch.check()?);
        found.broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    }
    let server = launch.start().await?;
    // Every request gets its response now, so nothing is ambiguous after this.
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

/// Crashes in each step of creating a database; the next start must complete it.
async fn in_migration(context: &Context, n: usize, found: &mut Found) -> Result<(), Error> {
    let mut random = context.random(&format!("migration {n}"));
    for step in 1..=MIGRATION_STEPS {
        let directory = private_directory()?;
        let launch = Launch::new(&context.faults, &directory.path().join("data"));
        let after = if n == 0 { 0 } else { random.usize(..2_000) };
        let crashing = launch.clone().with("MINI_TWEET_FAULTS", format!("kill:migration:{step}:{after}"));
        let mut process = crashing.spawn()?;
        // With a delay it may already be running normally, and is killed then.
        tokio::time::timeout(DEADLINE, process.wait()).await??;
        found.kills += 1;
        let server =
            launch.start().await.map_err(|error| format!("after a crash in step {step}: {error}"))?;
        sign_up_users(&server, 1).await?;
        server.stop().await?;
        found.broken.extend(launch.check()?);
    }
    Ok(())
}

/// A backup that crashes under load must not leave an incomplete file under its name or prevent the next backup.
async fn in_backup(context: &Context, n: usize, found: &mut Found) -> Result<(), Error> {
    let mut random = context.random(&format!("backup {n}"));
    let directory = private_directory()?;
    let launch = Launch::new(&context.faults, &directory.path().join("data"));
    let server = launch.start().await?;
    let record = Record::default();
    let load = Load::start(&sign_up_users(&server, 4).await?, &record, &mut random);
    for step in 1..=BACKUP_STEPS {
        let backup = directory.path().join(format!("backup-{step}.db"));
        let name = backup.to_str().ok_or("a path that is not UTF-8")?;
        let after = if n == 0 { 0 } else { random.usize(..20_000) };
        let crashing = launch.clone().with("MINI_TWEET_FAULTS", format!("kill:backup:{step}:{after}"));
        let before: Vec<u64> = record.with(|record| record.tweets.keys().copied().collect());
        crashing.operator(&["backup", name])?;
        found.kills += 1;
        if !backup.exists() {
            let retry = launch.operator(&["backup", name])?;
            if !retry.status.success() {
                found.broken.push(format!("backup failed: {}", String::from_utf8_lossy(&retry.stderr)));
                continue;
            }
        }
        let restored = Launch::new(&context.faults, &directory.path().join(format!("restored-{step}")));
        let restore = restored.operator(&["restore", name])?;
        if !restore.status.success() {
            found.broken.push(format!("restore failed: {}", String::from_utf8_lossy(&restore.stderr)));
            continue;
        }
        found.broken.extend(restored.check()?);
        let stored = crate::load::tweets_in(&restored.database())?;
        let lost = before.iter().filter(|id| !stored.contains_key(id));
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

/// A release build must not contain injected bugs or crash points.
fn release_has_no_faults(context: &Context) -> Result<Finding, Error> {
    let has_faults = |program: &Path| -> Result<bool, Error> {
        Ok(std::fs::read(program)?.windows(FAULTS_TEXT.len()).any(|bytes| bytes == FAULTS_TEXT))
    };
    let mut broken = Vec::new();
    if has_faults(&context.program)? {
        broken.push(format!("{} contains faults", context.program.display()));
    }
    Ok(Finding {
        promise: 2,
        tried: "a search for fault code in the release build".to_owned(),
        figures: format!("{} found", broken.len()),
        broken,
        control: Control::of(has_faults(&context.faults)?, "the build with faults contains it"),
    })
}
