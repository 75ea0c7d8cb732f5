//! A long time under load, with somebody who always reads the database: memory, file descriptors and the log beside
//! the database stay what they are (P26).

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::Setup;
use crate::Error;
use crate::latency::{Watch, quantile};
use crate::load::{Load, Record};
use crate::person::people;
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};

const LOG_BYTES_MAX: u64 = 64 << 20;
/// One batch may stand on top of what the writer notices.
const LOG_SLACK: u64 = 8 << 20;
const GROWTH_MAX: f64 = 1.0 * 1_048_576.0 / 3_600.0;
/// As long as the longest reads of the server itself. Who reads for longer lets the log grow: nobody waits for them.
const READ: Duration = Duration::from_millis(40);

/// What was seen at one moment.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: f64,
    memory: u64,
    files: usize,
    log: u64,
}

/// Of somebody else who reads, and from where on everybody waits for them.
const FOREIGN_READ: Duration = Duration::from_secs(1);
const FOREIGN_LOG_BYTES_MAX: u64 = 256 << 20;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    Ok(vec![own_readers(setup).await?, foreign_readers(setup).await?])
}

/// Two who take turns, and overlap: there is always one who reads.
fn readers_of(launch: &Launch, each: Duration) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    for n in 0..2 {
        let (database, stopped) = (launch.database(), stopped.clone());
        std::thread::spawn(move || read_always(&database, each, each / 2 * n, &stopped));
    }
    stop
}

/// With readers from elsewhere, each of whom reads for a second.
async fn foreign_readers(setup: &Setup) -> Result<Line, Error> {
    let length = Duration::from_secs(setup.times(20, 300) as u64);
    let mut random = setup.random("soak with foreign readers");
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let people = people(&server, 17).await?;
    let record = Record::default();
    let load = Load::start(&people[1..], &record, &mut random);
    let stop = readers_of(&launch, FOREIGN_READ);
    let (watch, start) = (Watch::start(&people[0]), Instant::now());
    let mut log = 0;
    while start.elapsed() < length {
        log = log.max(log_bytes(&launch));
        sleep(Duration::from_millis(100)).await;
    }
    stop.send_replace(true);
    let latencies = watch.stop().await?;
    load.stop().await?;
    let most = FOREIGN_LOG_BYTES_MAX + 8 * LOG_SLACK;
    let mut broken = Vec::new();
    record.with(|record| broken.append(&mut record.refused));
    if log > most {
        broken.push(format!("the log beside the database grew to {} MiB", log >> 20));
    }
    let acknowledged = record.with(|record| record.count());
    Ok(Line {
        promise: 26,
        tried: format!(
            "{} s under load with reads of a second from elsewhere, which overlap",
            length.as_secs()
        ),
        figures: format!(
            "{acknowledged} acknowledged; log at most {} MiB; posts p99 {:.1?}, longest {:.1?}",
            log >> 20,
            quantile(&latencies, 0.99),
            quantile(&latencies, 1.0),
        ),
        broken,
        control: read_for_ever(&launch, &server, setup, most).await?,
    })
}

async fn own_readers(setup: &Setup) -> Result<Line, Error> {
    let length = Duration::from_secs(setup.times(20, 3_600) as u64);
    let mut random = setup.random("soak");
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let people = people(&server, 16).await?;
    let record = Record::default();
    let load = Load::start(&people, &record, &mut random);
    let stop = readers_of(&launch, READ);
    let start = Instant::now();
    let mut samples = Vec::new();
    while start.elapsed() < length {
        samples.push(sample(&launch, &server, start)?);
        sleep(Duration::from_millis(500)).await;
    }
    stop.send_replace(true);
    // What is warm after a third of the time stays so.
    let warm = &samples[samples.len() / 3..];
    let (growth, most) = (slope(warm), warm.iter().map(|s| s.memory).max().unwrap_or_default());
    let files =
        |pick: fn(usize, usize) -> usize| warm.iter().map(|s| s.files).reduce(pick).unwrap_or_default();
    let (fewest, many) = (files(usize::min), files(usize::max));
    let log = samples.iter().map(|s| s.log).max().unwrap_or_default();
    let mut broken = Vec::new();
    if many > fewest + 2 {
        broken.push(format!("{fewest} file descriptors became {many}"));
    }
    if log > LOG_BYTES_MAX + LOG_SLACK {
        broken.push(format!("the log beside the database grew to {} MiB", log >> 20));
    }
    // The caches fill for minutes: in a short run that is all that there is to see.
    if length >= Duration::from_secs(1_800) && growth > GROWTH_MAX {
        broken.push(format!("memory grows by {:.1} MiB an hour", growth * 3_600.0 / 1_048_576.0));
    }
    if most > 512 << 20 {
        broken.push(format!("it takes {} MiB", most >> 20));
    }
    load.stop().await?;
    record.with(|record| broken.append(&mut record.refused));
    let control = read_for_ever(&launch, &server, setup, LOG_BYTES_MAX + LOG_SLACK).await?;
    Ok(Line {
        promise: 26,
        tried: format!("{} s under load with a reader always there", length.as_secs()),
        figures: format!(
            "{} acknowledged; {} MiB, growing by {:.1} MiB an hour; {fewest} to {many} descriptors; log at most {} MiB",
            record.with(|record| record.count()),
            most >> 20,
            growth * 3_600.0 / 1_048_576.0,
            log >> 20,
        ),
        broken,
        control,
    })
}

fn sample(launch: &Launch, server: &Server, start: Instant) -> Result<Sample, Error> {
    Ok(Sample {
        at: start.elapsed().as_secs_f64(),
        memory: server.process.resident_bytes()?,
        files: server.process.open_files()?,
        log: log_bytes(launch),
    })
}

fn log_bytes(launch: &Launch) -> u64 {
    let mut path = launch.database().into_os_string();
    path.push("-wal");
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// Bytes a second, by least squares.
fn slope(samples: &[Sample]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (at, memory) = (mean(|s| s.at), mean(|s| s.memory as f64));
    let over: f64 = samples.iter().map(|s| (s.at - at) * (s.memory as f64 - memory)).sum();
    over / samples.iter().map(|s| (s.at - at).powi(2)).sum::<f64>()
}

/// Reads in short transactions, one after the other.
fn read_always(database: &Path, each: Duration, after: Duration, stopped: &watch::Receiver<bool>) {
    std::thread::sleep(after);
    let Ok(db) = Connection::open(database) else { return };
    while !*stopped.borrow() {
        let _ = db.execute_batch("BEGIN; SELECT count(*) FROM meta;");
        std::thread::sleep(each);
        let _ = db.execute_batch("COMMIT");
    }
}

/// One who never ends what they read keeps the log from beginning anew, and that is seen.
async fn read_for_ever(launch: &Launch, server: &Server, setup: &Setup, most: u64) -> Result<Control, Error> {
    let db = Connection::open(launch.database())?;
    db.execute_batch("BEGIN; SELECT count(*) FROM meta;")?;
    let mut random = setup.random("soak control");
    let mut people = Vec::new();
    for n in 0..32 {
        people.push(crate::person::Person::sign_up(server, &format!("q{n}")).await?);
    }
    let load = Load::start(&people, &Record::default(), &mut random);
    let end = Instant::now() + Duration::from_secs(20);
    while log_bytes(launch) <= most && Instant::now() < end {
        sleep(Duration::from_millis(100)).await;
    }
    let log = log_bytes(launch);
    db.execute_batch("COMMIT")?;
    load.stop().await?;
    Ok(Control::of(log > most, format!("one who reads for ever: {} MiB", log >> 20)))
}
