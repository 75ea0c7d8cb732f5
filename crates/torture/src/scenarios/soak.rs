//! A long run under load while other processes always read the database: memory, file descriptors and the WAL must not
//! grow (P26).

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::{LatencyProbe, quantile};
use crate::load::{Load, Record};
use crate::server::{Launch, Server, private_directory};
use crate::user::sign_up_users;

/// Limit for the WAL.
const WAL_BYTES_MAX: u64 = 64 << 20;
/// The WAL may exceed the limit by one batch.
const WAL_SLACK: u64 = 8 << 20;
/// Limit for the growth of memory: 1 MiB per hour, in bytes per second.
const GROWTH_MAX: f64 = 1.0 * 1_048_576.0 / 3_600.0;
/// As long as the longest reads of the server itself. Longer reads let the WAL grow, because writes do not wait for them.
const READ: Duration = Duration::from_millis(40);

/// A measurement of the server.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// Seconds since the start.
    at: f64,
    /// Resident bytes.
    memory: u64,
    /// Open file descriptors.
    files: usize,
    /// Bytes of the WAL.
    wal: u64,
}

/// Length of reads from other processes, and the WAL size above which writes wait for them longer.
const FOREIGN_READ: Duration = Duration::from_secs(1);
const FOREIGN_WAL_BYTES_MAX: u64 = 256 << 20;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    Ok(vec![short_reads(context).await?, long_reads(context).await?])
}

/// Starts two readers whose reads overlap, so that one of them is always reading.
fn start_readers(launch: &Launch, each: Duration) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    for n in 0..2 {
        let (database, stopped) = (launch.database(), stopped.clone());
        std::thread::spawn(move || read_always(&database, each, each / 2 * n, &stopped));
    }
    stop
}

/// Overlapping reads of one second.
async fn long_reads(context: &Context) -> Result<Finding, Error> {
    let length = Duration::from_secs(context.times(20, 300) as u64);
    let mut random = context.random("soak with foreign readers");
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let users = sign_up_users(&server, 17).await?;
    let record = Record::default();
    let load = Load::start(&users[1..], &record, &mut random);
    let stop = start_readers(&launch, FOREIGN_READ);
    let (probe, start) = (LatencyProbe::start(&users[0]), Instant::now());
    let mut wal = 0;
    while start.elapsed() < length {
        wal = wal.max(wal_bytes(&launch));
        sleep(Duration::from_millis(100)).await;
    }
    stop.send_replace(true);
    let latencies = probe.stop().await?;
    load.stop().await?;
    let most = FOREIGN_WAL_BYTES_MAX + 8 * WAL_SLACK;
    let mut broken = Vec::new();
    record.with(|record| broken.append(&mut record.refused));
    if wal > most {
        broken.push(format!("the WAL grew to {} MiB", wal >> 20));
    }
    let acknowledged = record.with(|record| record.count());
    Ok(Finding {
        promise: 26,
        tried: format!(
            "{} s under load with overlapping reads of one second from another process",
            length.as_secs()
        ),
        figures: format!(
            "{acknowledged} acknowledged; WAL at most {} MiB; posts p99 {:.1?}, longest {:.1?}",
            wal >> 20,
            quantile(&latencies, 0.99),
            quantile(&latencies, 1.0),
        ),
        broken,
        control: endless_read(&launch, &server, context, most).await?,
    })
}

async fn short_reads(context: &Context) -> Result<Finding, Error> {
    let length = Duration::from_secs(context.times(20, 3_600) as u64);
    let mut random = context.random("soak");
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let users = sign_up_users(&server, 16).await?;
    let record = Record::default();
    let load = Load::start(&users, &record, &mut random);
    let stop = start_readers(&launch, READ);
    let start = Instant::now();
    let mut samples = Vec::new();
    while start.elapsed() < length {
        samples.push(sample(&launch, &server, start)?);
        sleep(Duration::from_millis(500)).await;
    }
    stop.send_replace(true);
    // The first third is for caches to fill.
    let warm = &samples[samples.len() / 3..];
    let (growth, most) = (slope(warm), warm.iter().map(|s| s.memory).max().unwrap_or_default());
    let files =
        |pick: fn(usize, usize) -> usize| warm.iter().map(|s| s.files).reduce(pick).unwrap_or_default();
    let (fewest, many) = (files(usize::min), files(usize::max));
    let wal = samples.iter().map(|s| s.wal).max().unwrap_or_default();
    let mut broken = Vec::new();
    if many > fewest + 2 {
        broken.push(format!("file descriptors grew from {fewest} to {many}"));
    }
    if wal > WAL_BYTES_MAX + WAL_SLACK {
        broken.push(format!("the WAL grew to {} MiB", wal >> 20));
    }
    // Caches fill for minutes, so a short run always shows growth.
    if length >= Duration::from_secs(1_800) && growth > GROWTH_MAX {
        broken.push(format!("memory grows by {:.1} MiB per hour", growth * 3_600.0 / 1_048_576.0));
    }
    if most > 512 << 20 {
        broken.push(format!("the server uses {} MiB", most >> 20));
    }
    load.stop().await?;
    record.with(|record| broken.append(&mut record.refused));
    let control = endless_read(&launch, &server, context, WAL_BYTES_MAX + WAL_SLACK).await?;
    Ok(Finding {
        promise: 26,
        tried: format!("{} s under load with another process that always reads", length.as_secs()),
        figures: format!(
            "{} acknowledged; {} MiB, growing by {:.1} MiB per hour; {fewest} to {many} descriptors; WAL at most {} MiB",
            record.with(|record| record.count()),
            most >> 20,
            growth * 3_600.0 / 1_048_576.0,
            wal >> 20,
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
        wal: wal_bytes(launch),
    })
}

fn wal_bytes(launch: &Launch) -> u64 {
    let mut path = launch.database().into_os_string();
    path.push("-wal");
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// Growth of memory in bytes per second, by least squares.
fn slope(samples: &[Sample]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (at, memory) = (mean(|s| s.at), mean(|s| s.memory as f64));
    let over: f64 = samples.iter().map(|s| (s.at - at) * (s.memory as f64 - memory)).sum();
    over / samples.iter().map(|s| (s.at - at).powi(2)).sum::<f64>()
}

/// Reads in transactions of this length, one after the other.
fn read_always(database: &Path, each: Duration, after: Duration, stopped: &watch::Receiver<bool>) {
    std::thread::sleep(after);
    let Ok(db) = Connection::open(database) else { return };
    while !*stopped.borrow() {
        let _ = db.execute_batch("BEGIN; SELECT count(*) FROM meta;");
        std::thread::sleep(each);
        let _ = db.execute_batch("COMMIT");
    }
}

/// The negative control: a read that never ends prevents the WAL from being reset.
async fn endless_read(
    launch: &Launch,
    server: &Server,
    context: &Context,
    most: u64,
) -> Result<Control, Error> {
    let db = Connection::open(launch.database())?;
    db.execute_batch("BEGIN; SELECT count(*) FROM meta;")?;
    let mut random = context.random("soak control");
    let mut users = Vec::new();
    for n in 0..32 {
        users.push(crate::user::User::sign_up(server, &format!("q{n}")).await?);
    }
    let load = Load::start(&users, &Record::default(), &mut random);
    let end = Instant::now() + Duration::from_secs(20);
    while wal_bytes(launch) <= most && Instant::now() < end {
        sleep(Duration::from_millis(100)).await;
    }
    let wal = wal_bytes(launch);
    db.execute_batch("COMMIT")?;
    load.stop().await?;
    Ok(Control::of(wal > most, format!("a read that never ends: {} MiB", wal >> 20)))
}
