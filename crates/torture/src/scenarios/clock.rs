//! The system clock steps by an hour, forward and back, also across restarts: identifiers must stay unique and increasing,
//! and a second server must not start on the same data (P22).

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::{Load, Record};
use crate::server::{Launch, Server, private_directory};
use crate::user::{User, sign_up_users};
use fastrand::Rng;

/// Offsets of the clock in seconds, and how the server experiences the step.
const STEPS: [(i64, Step); 7] = [
    (0, Step::WhileRunning),
    (-3_600, Step::WhileRunning),
    (3_600, Step::WhileRunning),
    (0, Step::WhileRunning),
    (-3_600, Step::AcrossStop),
    (0, Step::AcrossKill),
    (-7_200, Step::AcrossKill),
];

#[derive(Debug, Clone, Copy)]
enum Step {
    /// The server keeps running.
    WhileRunning,
    /// Between a stop and the next start.
    AcrossStop,
    /// Between `kill -9` and the next start.
    AcrossKill,
}

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let (times, each) = (context.times(1, 20), context.times(100, 500));
    let (mut broken, mut ids) = (Vec::new(), 0);
    for n in 0..times {
        let mut random = context.random(&format!("clock {n}"));
        ids += run_steps(&context.program, "", each, &mut random, &mut broken).await?;
    }
    let (mut random, mut control) = (context.random("clock control"), Vec::new());
    run_steps(&context.faults, "ids-follow-the-clock", 20, &mut random, &mut control).await?;
    Ok(vec![Finding {
        promise: 22,
        tried: format!("{} steps of the clock under load", times * STEPS.len()),
        figures: format!("{ids} acknowledged, {} out of order, duplicated or lost", broken.len()),
        broken,
        control: Control::of(
            !control.is_empty(),
            format!("identifiers from the clock only: {} out of order, duplicated or lost", control.len()),
        ),
    }])
}

/// Steps the clock of one server; how much it acknowledged.
async fn run_steps(
    program: &Path,
    faults: &str,
    each: usize,
    random: &mut Rng,
    broken: &mut Vec<String>,
) -> Result<usize, Error> {
    let directory = private_directory()?;
    let clock = directory.path().join("clock");
    let set = |seconds: i64| fs::write(&clock, format!("{seconds:+}\n"));
    set(0)?;
    let mut launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    for (variable, value) in environment(&clock)? {
        launch = launch.with(variable, value);
    }
    let mut server = launch.start().await?;
    launch = launch.listening_on(&server.address);
    if launch.start().await.is_ok() {
        broken.push("a second server started on the same data".to_owned());
    }
    let record = Record::default();
    let all = sign_up_users(&server, 5).await?;
    let load = Load::start(&all[1..], &record, random);
    let mut ids = Vec::new();
    for (seconds, step) in STEPS {
        match step {
            Step::WhileRunning => set(seconds)?,
            Step::AcrossStop => {
                server.stop().await?;
                set(seconds)?;
                server = launch.start().await?;
            }
            Step::AcrossKill => {
                server.process.kill()?;
                set(seconds)?;
                server = launch.start().await?;
            }
        }
        post(&all[0], each, seconds, &record, &mut ids, broken).await;
    }
    load.stop().await?;
    end(server, &launch, &record, broken).await?;
    let out_of_order = ids.windows(2).filter(|pair| pair[0] >= pair[1]);
    broken.extend(out_of_order.map(|pair| format!("identifier {} was assigned after {}", pair[1], pair[0])));
    // Without libfaketime the clock would not step, and nothing would be tested.
    let hours = |id: u64| model::time_of_id(id) / 3_600_000;
    match (ids.first(), ids.last()) {
        (Some(first), Some(last)) if faults.is_empty() && hours(*last) <= hours(*first) => {
            Err("the clock did not step: is libfaketime loaded?".into())
        }
        _ => Ok(record.with(|record| record.count())),
    }
}

/// Posts one after the other, so that each identifier must be larger than the one before.
async fn post(
    user: &User,
    each: usize,
    seconds: i64,
    record: &Record,
    ids: &mut Vec<u64>,
    broken: &mut Vec<String>,
) {
    for n in 0..each {
        let text = format!("{n} at {seconds}, after {}", ids.len());
        match user.post(&text).await {
            Ok(id) => {
                ids.push(id);
                record.with(|record| record.tweets.insert(id, text));
            }
            Err(error) => broken.push(format!("{text}: {error}")),
        }
    }
}

async fn end(
    server: Server,
    launch: &Launch,
    record: &Record,
    broken: &mut Vec<String>,
) -> Result<(), Error> {
    server.stop().await?;
    broken.extend(launch.check()?);
    record.with(|record| {
        broken.extend(record.missing_from(&launch.database())?);
        broken.append(&mut record.refused);
        Ok(())
    })
}

/// The variables of a process whose wall clock is set in this file, as an offset in seconds with its sign.
pub(super) fn environment(clock: &Path) -> Result<Vec<(&'static str, String)>, Error> {
    Ok(vec![
        ("LD_PRELOAD", text(&library()?)?.to_owned()),
        ("FAKETIME_TIMESTAMP_FILE", text(clock)?.to_owned()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        // Only the wall clock steps.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

fn text(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| "a path that is not UTF-8".into())
}

/// Path of libfaketime for multithreaded programs, as Debian installs it.
fn library() -> Result<PathBuf, Error> {
    for directory in fs::read_dir("/usr/lib")? {
        let library = directory?.path().join("faketime/libfaketimeMT.so.1");
        if library.exists() {
            return Ok(library);
        }
    }
    Err("libfaketime not found (Debian package faketime)".into())
}
