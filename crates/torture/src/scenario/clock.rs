//! The clock of the server's machine steps an hour back and forth, also across restarts: identifiers are unique and
//! increase all the same, and a second server on the same data does not start (P22).

use std::fs;
use std::path::{Path, PathBuf};

use super::Setup;
use crate::Error;
use crate::load::{Load, Record};
use crate::person::{Person, people};
use crate::random::Random;
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};

/// What the clock is off by, in seconds, and how the server comes to that time.
const STEPS: [(i64, Change); 7] = [
    (0, Change::Step),
    (-3_600, Change::Step),
    (3_600, Change::Step),
    (0, Change::Step),
    (-3_600, Change::Stop),
    (0, Change::Kill),
    (-7_200, Change::Kill),
];

#[derive(Debug, Clone, Copy)]
enum Change {
    /// While it runs.
    Step,
    /// Between its stop and its start.
    Stop,
    /// Between its death and its start.
    Kill,
}

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let (times, each) = (setup.times(1, 20), setup.times(100, 500));
    let (mut broken, mut ids) = (Vec::new(), 0);
    for n in 0..times {
        let mut random = setup.random(&format!("clock {n}"));
        ids += step(&setup.program, "", each, &mut random, &mut broken).await?;
    }
    let (mut random, mut control) = (setup.random("clock control"), Vec::new());
    step(&setup.faults, "ids-follow-the-clock", 20, &mut random, &mut control).await?;
    Ok(vec![Line {
        promise: 22,
        tried: format!("{} steps of the clock under load", times * STEPS.len()),
        figures: format!("{ids} acknowledged, {} out of order, twice or lost", broken.len()),
        broken,
        control: Control::of(
            !control.is_empty(),
            format!("identifiers of the clock alone: {} out of order, twice or lost", control.len()),
        ),
    }])
}

/// Lets the clock of one server step; how much it acknowledged.
async fn step(
    program: &Path,
    faults: &str,
    each: usize,
    random: &mut Random,
    broken: &mut Vec<String>,
) -> Result<usize, Error> {
    let directory = private_directory()?;
    let clock = directory.path().join("clock");
    let set = |seconds: i64| fs::write(&clock, format!("{seconds:+}\n"));
    set(0)?;
    let mut launch = Launch::new(program, &directory.path().join("data"))
        .with("MINI_TWEET_FAULTS", faults)
        .with("LD_PRELOAD", text(&library()?)?)
        .with("FAKETIME_TIMESTAMP_FILE", text(&clock)?)
        .with("FAKETIME_NO_CACHE", "1")
        // Time that passes is not what is tried here.
        .with("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut server = launch.start().await?;
    launch = launch.at(&server.address);
    if launch.start().await.is_ok() {
        broken.push("a second server started on the same data".to_owned());
    }
    let record = Record::default();
    let all = people(&server, 5).await?;
    let load = Load::start(&all[1..], &record, random);
    let mut ids = Vec::new();
    for (seconds, change) in STEPS {
        match change {
            Change::Step => set(seconds)?,
            Change::Stop => {
                server.stop().await?;
                set(seconds)?;
                server = launch.start().await?;
            }
            Change::Kill => {
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
    broken.extend(out_of_order.map(|pair| format!("{} came after {}", pair[1], pair[0])));
    // A clock that did not step would prove nothing.
    let hours = |id: u64| model::time_of_id(id) / 3_600_000;
    match (ids.first(), ids.last()) {
        (Some(first), Some(last)) if faults.is_empty() && hours(*last) <= hours(*first) => {
            Err("the clock did not step: is libfaketime at work?".into())
        }
        _ => Ok(record.with(|record| record.count())),
    }
}

/// One thing after the other: each is later than the one before.
async fn post(
    person: &Person,
    each: usize,
    seconds: i64,
    record: &Record,
    ids: &mut Vec<u64>,
    broken: &mut Vec<String>,
) {
    for n in 0..each {
        let text = format!("{n} at {seconds}, after {}", ids.len());
        match person.post(&text).await {
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

fn text(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| "a path that is not UTF-8".into())
}

/// libfaketime, for programs with threads, where Debian has it.
fn library() -> Result<PathBuf, Error> {
    for directory in fs::read_dir("/usr/lib")? {
        let library = directory?.path().join("faketime/libfaketimeMT.so.1");
        if library.exists() {
            return Ok(library);
        }
    }
    Err("there is no libfaketime (Debian has it in faketime)".into())
}
