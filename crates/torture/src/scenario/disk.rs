//! The disk fails, or is full (P15). A failed write or sync ends the acknowledging and the process, with one clear line,
//! and is never tried again; a full disk refuses writes, serves reads, and is over by itself when there is room.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use client::ClientError;
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use super::Setup;
use crate::Error;
use crate::load::{Load, Record};
use crate::person::{Person, people};
use crate::random::Random;
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};

/// What the C library is told to fail, once or from then on: a server that tried again would get through once.
const FAILURES: [&str; 4] = [
    "enable name=posix/io/sync/*,failinfo=5,onetime",
    "enable name=posix/io/rw/pwrite,failinfo=5,onetime",
    "enable name=posix/io/sync/*,failinfo=5",
    "enable name=posix/io/rw/pwrite,failinfo=5",
];
/// A server that has failed may take so long to answer and to end.
const END: Duration = Duration::from_secs(15);
/// For any answer while the disk is full.
const ANSWER: Duration = Duration::from_secs(1);
/// After there is room again.
const RECOVERY: Duration = Duration::from_secs(10);

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    Ok(vec![failing(setup).await?, never_again(setup).await?, full(setup).await?])
}

async fn failing(setup: &Setup) -> Result<Line, Error> {
    let times = setup.times(FAILURES.len(), 40);
    let (mut broken, mut acknowledged) = (Vec::new(), 0);
    for n in 0..times {
        let mut random = setup.random(&format!("disk {n}"));
        let failure = FAILURES[n % FAILURES.len()];
        acknowledged += fail(&setup.program, "", failure, &mut random, &mut broken).await?;
    }
    let (mut random, mut control) = (setup.random("disk control"), Vec::new());
    fail(&setup.faults, "continue-after-failure", FAILURES[0], &mut random, &mut control).await?;
    Ok(Line {
        promise: 15,
        tried: format!("{times} failed writes and syncs under load"),
        figures: format!("{acknowledged} acknowledged, {} lost or broken", broken.len()),
        broken,
        control: Control::of(!control.is_empty(), format!("a server that goes on: {}", control.join("; "))),
    })
}

/// Makes the disk of one server fail under load; how much it had acknowledged at the end.
async fn fail(
    program: &Path,
    faults: &str,
    failure: &str,
    random: &mut Random,
    broken: &mut Vec<String>,
) -> Result<usize, Error> {
    let directory = private_directory()?;
    let pipes = directory.path().join("fiu");
    let pipes = pipes.to_str().ok_or("a path that is not UTF-8")?;
    let mut launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let mut server = launch.clone().through(["fiu-run", "-x", "-f", pipes]).start().await?;
    launch = launch.at(&server.address);
    let record = Record::default();
    let load = Load::start(&people(&server, 6).await?, &record, random);
    sleep(random.between(Duration::from_millis(50), Duration::from_millis(1_000))).await;
    let pid = server.process.id().to_string();
    let told = Command::new("fiu-ctrl").args(["-f", pipes, "-c", failure, &pid]).output()?;
    if !told.status.success() {
        return Err(format!("fiu-ctrl: {}", String::from_utf8_lossy(&told.stderr)).into());
    }
    match timeout(END, server.process.ended()).await {
        Err(_) => {
            broken.push("the server goes on".to_owned());
            server.process.kill()?;
        }
        Ok(status) => {
            if status?.success() {
                broken.push("the server ended as if all were well".to_owned());
            }
        }
    }
    let said = server.process.said();
    let lines = said.lines().filter(|line| line.starts_with("error: ")).count();
    if lines != 1 || said.contains("panicked") {
        let errors: Vec<&str> = said.lines().filter(|line| line.to_lowercase().contains("error")).collect();
        broken.push(format!("{lines} lines say why it ended: {errors:?}"));
    }
    broken.extend(launch.check()?);
    broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    // On a disk that works everybody goes on.
    let server = launch.start().await?;
    let before = record.with(|record| record.tweets.len());
    crate::server::until("people post again", || record.with(|record| record.tweets.len() > before)).await?;
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    // What was refused when the disk failed may still be there, but once.
    record.with(|record| {
        broken.extend(record.missing_from(&launch.database())?);
        Ok(record.count())
    })
}

/// After a sync that failed nothing is synced any more: the kernel has thrown the data away, and would say that all is
/// well.
async fn never_again(setup: &Setup) -> Result<Line, Error> {
    let times = setup.times(2, 20);
    let (mut broken, mut random) = (Vec::new(), setup.random("never again"));
    for _ in 0..times {
        let nth = 20 + random.below(200);
        broken.extend(synced_again(&setup.program, "", nth, &mut random).await?);
    }
    let control = synced_again(&setup.faults, "continue-after-failure", 20, &mut random).await?;
    Ok(Line {
        promise: 15,
        tried: format!("{times} failed syncs under load, looked at by strace"),
        figures: format!("{} syncs after them", broken.len()),
        broken,
        control: Control::of(!control.is_empty(), format!("a server that goes on: {} syncs", control.len())),
    })
}

/// Lets this sync of the writer fail; those that came after it.
async fn synced_again(
    program: &Path,
    faults: &str,
    nth: usize,
    random: &mut Random,
) -> Result<Vec<String>, Error> {
    let directory = private_directory()?;
    let out = directory.path().join("calls");
    let name = out.to_str().ok_or("a path that is not UTF-8")?;
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={nth}");
    let strace =
        ["strace", "-D", "-f", "-y", "-e", "trace=fsync,fdatasync", "-e", &inject, "-e", "signal=none"];
    let launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let mut server = launch.through(strace.into_iter().chain(["-o", name])).start().await?;
    let load = Load::start(&people(&server, 6).await?, &Record::default(), random);
    let ended = timeout(END, server.process.ended()).await;
    drop(load);
    let calls = fs::read_to_string(&out)?;
    let (_, after) =
        calls.split_once("(INJECTED)").ok_or_else(|| format!("no sync was made to fail: {calls}"))?;
    let mut again: Vec<String> =
        after.lines().filter(|line| line.contains("sync(")).map(|line| format!("again: {line}")).collect();
    if ended.is_err() {
        again.push("the server goes on".to_owned());
    }
    Ok(again)
}

async fn full(setup: &Setup) -> Result<Line, Error> {
    let times = setup.times(1, 10);
    let (mut broken, mut found) = (Vec::new(), Filled::default());
    for n in 0..times {
        fill(&setup.program, "", &mut setup.random(&format!("full {n}")), &mut found, &mut broken).await?;
    }
    let (mut random, mut control) = (setup.random("full control"), Vec::new());
    fill(&setup.faults, "stop-when-full", &mut random, &mut Filled::default(), &mut control).await?;
    Ok(Line {
        promise: 15,
        tried: format!("{times} times a full disk under load"),
        figures: format!(
            "{} refused with STORAGE_FULL, the slowest answer after {} ms, writing again after {} ms",
            found.refused,
            found.slowest.as_millis(),
            found.recovery.as_millis()
        ),
        broken,
        control: Control::of(!control.is_empty(), format!("a server that stops: {}", control.join("; "))),
    })
}

#[derive(Debug, Default)]
struct Filled {
    refused: usize,
    slowest: Duration,
    recovery: Duration,
}

impl Filled {
    fn took(&mut self, time: Duration, what: &str, broken: &mut Vec<String>) {
        self.slowest = self.slowest.max(time);
        if time > ANSWER {
            broken.push(format!("{what} took {} ms", time.as_millis()));
        }
    }
}

/// Fills the disk of one server under load, and makes room again.
async fn fill(
    program: &Path,
    faults: &str,
    random: &mut Random,
    found: &mut Filled,
    broken: &mut Vec<String>,
) -> Result<(), Error> {
    let directory = private_directory()?;
    let data = directory.path().join("data");
    fs::create_dir(&data)?;
    // A small file system that only this server sees.
    let mount = r#"mount -t tmpfs -o size=16M,mode=700 tmpfs "$DATA" && exec "$@""#;
    let launch = Launch::new(program, &data)
        .with("MINI_TWEET_FAULTS", faults)
        .with("DATA", data.to_str().ok_or("a path that is not UTF-8")?)
        .through(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]);
    let server = launch.start().await?;
    let inside = PathBuf::from(format!("/proc/{}/root", server.process.id())).join(data.strip_prefix("/")?);
    let record = Record::default();
    let people = people(&server, 6).await?;
    let prober = probe(&server, &people[0]).await?;
    let load = Load::start(&people, &record, random);
    record.with(|record| record.refused.clear());
    let ballast = inside.join("ballast");
    crate::server::until("people post", || record.with(|record| record.tweets.len() > 50)).await?;
    // Until nothing more goes into it; people write at the same time.
    let _ = fs::write(&ballast, vec![0; 32 << 20]);

    let refused = refusals(&prober, found, broken).await;
    if refused == 0 {
        broken.push("no post was refused with STORAGE_FULL".to_owned());
    }
    found.refused += refused;
    if !broken.is_empty() {
        // There may be nobody left to go on with.
        return Ok(());
    }

    fs::remove_file(&ballast)?;
    let room = Instant::now();
    while let Err(error) = prober.post(&format!("room {}", random.next())).await {
        if room.elapsed() > RECOVERY {
            broken.push(format!("no post {} s after there was room: {error}", RECOVERY.as_secs()));
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    found.recovery = found.recovery.max(room.elapsed());
    load.stop().await?;
    // Nobody else can open what is there: a copy, of a moment at which nothing moves.
    let copy = Launch::new(program, &directory.path().join("copy"));
    fs::create_dir(copy.data())?;
    fs::set_permissions(copy.data(), fs::Permissions::from_mode(0o700))?;
    server.process.signal(Signal::STOP)?;
    for name in ["mini-tweet.db", "mini-tweet.db-wal"] {
        fs::copy(inside.join(name), copy.data().join(name))?;
    }
    server.process.signal(Signal::CONT)?;
    broken.extend(copy.check()?);
    broken.extend(record.with(|record| record.missing_from(&copy.database()))?);
    let said = server.process.said();
    if said.contains("panicked") || said.contains("internal server error") {
        broken.push(said);
    }
    server.stop().await?;
    Ok(())
}

/// Somebody who does not wait long.
async fn probe(server: &Server, person: &Person) -> Result<Person, Error> {
    let mut options = server.options()?;
    options.timeout = ANSWER * 5;
    person.again(options).await
}

/// Posts to a full disk, which must be refused at once, and reads, which must go on; how many were refused.
async fn refusals(prober: &Person, found: &mut Filled, broken: &mut Vec<String>) -> usize {
    let (mut refused, end) = (0, Instant::now() + Duration::from_secs(3));
    let mut n = 0;
    while Instant::now() < end {
        n += 1;
        let asked = Instant::now();
        // Long enough that there is no page left with room for it.
        match prober.post(&format!("{n} {}", "x".repeat(450))).await {
            Ok(_) => {}
            Err(ClientError::Refused(model::Error::StorageFull)) => refused += 1,
            Err(error) => broken.push(format!("refused otherwise: {error}")),
        }
        found.took(asked.elapsed(), "a refusal", broken);
        let asked = Instant::now();
        if let Err(error) = prober.read_home().await {
            broken.push(format!("reading: {error}"));
            return refused;
        }
        found.took(asked.elapsed(), "reading", broken);
        sleep(Duration::from_millis(5)).await;
    }
    refused
}
