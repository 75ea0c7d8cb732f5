//! A failing disk and a full disk (P15). After a failed write or sync the server acknowledges nothing more, stops with one
//! log line, and never retries. With a full disk it refuses writes, serves reads, and recovers by itself when space is
//! available again.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use client::{Client, ClientError};
use protocol::v1;
use rustix::process::Signal;
use tokio::time::{Instant, sleep, timeout};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::{Load, Record};
use crate::random::duration_in;
use crate::server::{Launch, Server, private_directory};
use crate::user::{PASSWORD, User, sign_up_users};
use fastrand::Rng;

/// Failures injected into the C library, once or from then on. A retry would succeed after a single failure.
const FAILURES: [&str; 4] = [
    "enable name=posix/io/sync/*,failinfo=5,onetime",
    "enable name=posix/io/rw/pwrite,failinfo=5,onetime",
    "enable name=posix/io/sync/*,failinfo=5",
    "enable name=posix/io/rw/pwrite,failinfo=5",
];
/// Longest time from the failure to the end of the server.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// More syncs than the first start (26, counted with strace) and the sign-ups before the load make.
const SYNCS_BEFORE_LOAD: usize = 60;
/// Limit for any response while the disk is full.
const RESPONSE_WITHIN: Duration = Duration::from_secs(1);
/// Limit from the moment when space is available to the next accepted post.
const RECOVERY_WITHIN: Duration = Duration::from_secs(10);
/// Sign-ins with a full disk: more than the reserve would hold without checkpoints.
const SIGN_INS: usize = 200;
/// In so many of them a tweet is deleted.
const DELETIONS: usize = 20;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    Ok(vec![failures(context).await?, no_retries(context).await?, full_disk(context).await?])
}

async fn failures(context: &Context) -> Result<Finding, Error> {
    let times = context.times(FAILURES.len(), 40);
    let (mut broken, mut acknowledged) = (Vec::new(), 0);
    for n in 0..times {
        let mut random = context.random(&format!("disk {n}"));
        let failure = FAILURES[n % FAILURES.len()];
        acknowledged += fail(&context.program, "", failure, &mut random, &mut broken).await?;
    }
    let (mut random, mut control) = (context.random("disk control"), Vec::new());
    fail(&context.faults, "continue-after-failure", FAILURES[0], &mut random, &mut control).await?;
    Ok(Finding {
        promise: 15,
        tried: format!("{times} failed writes and syncs under load"),
        figures: format!("{acknowledged} acknowledged, {} lost or broken", broken.len()),
        broken,
        control: Control::of(!control.is_empty(), format!("a server that continues: {}", control.join("; "))),
    })
}

/// Makes the disk of one server fail under load; how much it acknowledged.
async fn fail(
    program: &Path,
    faults: &str,
    failure: &str,
    random: &mut Rng,
    broken: &mut Vec<String>,
) -> Result<usize, Error> {
    let directory = private_directory()?;
    let pipes = directory.path().join("fiu");
    let pipes = pipes.to_str().ok_or("a path that is not UTF-8")?;
    let mut launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let mut server = launch.clone().wrapped_by(["fiu-run", "-x", "-f", pipes]).start().await?;
    launch = launch.listening_on(&server.address);
    let record = Record::default();
    let load = Load::start(&sign_up_users(&server, 6).await?, &record, random);
    sleep(duration_in(random, Duration::from_millis(50)..=Duration::from_millis(1_000))).await;
    let pid = server.process.id().to_string();
    let control = Command::new("fiu-ctrl").args(["-f", pipes, "-c", failure, &pid]).output()?;
    if !control.status.success() {
        return Err(format!("fiu-ctrl: {}", String::from_utf8_lossy(&control.stderr)).into());
    }
    match timeout(STOP_WITHIN, server.process.wait()).await {
        Err(_) => {
            broken.push("the server keeps running".to_owned());
            server.process.kill()?;
        }
        Ok(status) => {
            if status?.success() {
                broken.push("the server exited with status 0".to_owned());
            }
        }
    }
    let log = server.process.output();
    let lines = log.lines().filter(|line| line.starts_with("error: ")).count();
    if lines != 1 || log.contains("panicked") {
        let errors: Vec<&str> = log.lines().filter(|line| line.to_lowercase().contains("error")).collect();
        broken.push(format!("{lines} error lines in the log: {errors:?}"));
    }
    broken.extend(launch.check()?);
    broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    // On a working disk the load continues.
    let server = launch.start().await?;
    let before = record.with(|record| record.tweets.len());
    crate::server::wait_until("posts are accepted again", || {
        record.with(|record| record.tweets.len() > before)
    })
    .await?;
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    // A change that was refused when the disk failed may be stored, but only once.
    record.with(|record| {
        broken.extend(record.missing_from(&launch.database())?);
        Ok(record.count())
    })
}

/// After a failed sync the server must not sync again: the kernel has dropped the data and would report success.
async fn no_retries(context: &Context) -> Result<Finding, Error> {
    let times = context.times(2, 20);
    let (mut broken, mut random) = (Vec::new(), context.random("no retries"));
    for _ in 0..times {
        let nth = SYNCS_BEFORE_LOAD + random.usize(..200);
        broken.extend(syncs_after_failure(&context.program, "", nth, &mut random).await?);
    }
    let control =
        syncs_after_failure(&context.faults, "continue-after-failure", SYNCS_BEFORE_LOAD, &mut random)
            .await?;
    Ok(Finding {
        promise: 15,
        tried: format!("{times} failed syncs under load, traced with strace"),
        figures: format!("{} syncs after them", broken.len()),
        broken,
        control: Control::of(
            !control.is_empty(),
            format!("a server that continues: {} syncs", control.len()),
        ),
    })
}

/// Makes this sync fail; returns the syncs after it.
async fn syncs_after_failure(
    program: &Path,
    faults: &str,
    nth: usize,
    random: &mut Rng,
) -> Result<Vec<String>, Error> {
    let directory = private_directory()?;
    let out = directory.path().join("calls");
    let name = out.to_str().ok_or("a path that is not UTF-8")?;
    let inject = format!("inject=fsync,fdatasync:error=EIO:when={nth}");
    let strace =
        ["strace", "-D", "-f", "-y", "-e", "trace=fsync,fdatasync", "-e", &inject, "-e", "signal=none"];
    let launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let mut server = launch.wrapped_by(strace.into_iter().chain(["-o", name])).start().await?;
    let load = Load::start(&sign_up_users(&server, 6).await?, &Record::default(), random);
    let ended = timeout(STOP_WITHIN, server.process.wait()).await;
    drop(load);
    let calls = fs::read_to_string(&out)?;
    let (_, after) = calls.split_once("(INJECTED)").ok_or_else(|| format!("no sync failed: {calls}"))?;
    let mut later: Vec<String> =
        after.lines().filter(|line| line.contains("sync(")).map(|line| format!("later: {line}")).collect();
    if ended.is_err() {
        later.push("the server keeps running".to_owned());
    }
    Ok(later)
}

async fn full_disk(context: &Context) -> Result<Finding, Error> {
    let times = context.times(1, 10);
    let (mut broken, mut found) = (Vec::new(), FullDisk::default());
    for n in 0..times {
        fill(&context.program, "", &mut context.random(&format!("full {n}")), &mut found, &mut broken)
            .await?;
    }
    let mut random = context.random("full control");
    let (mut stopped, mut locked_out) = (Vec::new(), Vec::new());
    fill(&context.faults, "stop-when-full", &mut random, &mut FullDisk::default(), &mut stopped).await?;
    fill(&context.faults, "keep-reserve", &mut random, &mut FullDisk::default(), &mut locked_out).await?;
    Ok(Finding {
        promise: 15,
        tried: format!("{times} full disks under load"),
        figures: format!(
            "{} answered with STORAGE_FULL, {} sign-ins and sign-outs, slowest response after {} ms, writing again after {} ms",
            found.refused,
            found.signed_in,
            found.slowest.as_millis(),
            found.recovery.as_millis()
        ),
        broken,
        control: Control::of(
            !stopped.is_empty() && !locked_out.is_empty(),
            format!(
                "a server that stops when full: {}; one without a reserve: {}",
                stopped.join("; "),
                locked_out.join("; ")
            ),
        ),
    })
}

/// Measurements with a full disk.
#[derive(Debug, Default)]
struct FullDisk {
    refused: usize,
    signed_in: usize,
    slowest: Duration,
    recovery: Duration,
}

impl FullDisk {
    fn record(&mut self, time: Duration, what: &str, broken: &mut Vec<String>) {
        self.slowest = self.slowest.max(time);
        if time > RESPONSE_WITHIN {
            broken.push(format!("{what} took {} ms", time.as_millis()));
        }
    }
}

/// Fills the disk of one server under load, and frees the space again.
async fn fill(
    program: &Path,
    faults: &str,
    random: &mut Rng,
    found: &mut FullDisk,
    broken: &mut Vec<String>,
) -> Result<(), Error> {
    let directory = private_directory()?;
    let data = directory.path().join("data");
    fs::create_dir(&data)?;
    // A small file system in the mount namespace of this server.
    let mount = r#"mount -t tmpfs -o size=16M,mode=700 tmpfs "$DATA" && exec "$@""#;
    let launch = Launch::new(program, &data)
        .with("MINI_TWEET_FAULTS", faults)
        .with("DATA", data.to_str().ok_or("a path that is not UTF-8")?)
        .wrapped_by(["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]);
    let server = launch.start().await?;
    let inside = PathBuf::from(format!("/proc/{}/root", server.process.id())).join(data.strip_prefix("/")?);
    let record = Record::default();
    let users = sign_up_users(&server, 6).await?;
    let prober = with_short_timeout(&server, &users[0]).await?;
    let mut to_delete = Vec::new();
    for n in 0..DELETIONS {
        to_delete.push(users[1].post(&format!("to be deleted {n}")).await?);
    }
    let load = Load::start(&users, &record, random);
    record.with(|record| record.refused.clear());
    let ballast = inside.join("ballast");
    crate::server::wait_until("posts are accepted", || record.with(|record| record.tweets.len() > 50))
        .await?;
    // Writes until the file system is full, while the load writes too.
    let _ = fs::write(&ballast, vec![0; 32 << 20]);

    let refused = refusals(&prober, found, broken).await;
    if refused == 0 {
        broken.push("no post was answered with STORAGE_FULL".to_owned());
    }
    found.refused += refused;
    if broken.is_empty() {
        found.signed_in += signs_in_and_out(&server, &users[1], &to_delete, broken).await?;
    }
    if !broken.is_empty() {
        // The server may have stopped.
        return Ok(());
    }

    fs::remove_file(&ballast)?;
    let freed = Instant::now();
    while let Err(error) = prober.post(&format!("after the full disk {}", random.u64(..))).await {
        if freed.elapsed() > RECOVERY_WITHIN {
            broken.push(format!(
                "no post accepted {} s after space was freed: {error}",
                RECOVERY_WITHIN.as_secs()
            ));
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    found.recovery = found.recovery.max(freed.elapsed());
    load.stop().await?;
    // Other processes cannot open the database there: copy it while the server is paused.
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
    let log = server.process.output();
    if log.contains("panicked") || log.contains("internal error") {
        broken.push(log);
    }
    server.stop().await?;
    Ok(())
}

/// The same user with a short timeout.
async fn with_short_timeout(server: &Server, user: &User) -> Result<User, Error> {
    let mut options = server.options()?;
    options.timeout = RESPONSE_WITHIN * 5;
    user.reconnect(options).await
}

/// Signs in, reads, deletes and signs out with a full disk, many times; how often that worked.
async fn signs_in_and_out(
    server: &Server,
    user: &User,
    to_delete: &[u64],
    broken: &mut Vec<String>,
) -> Result<usize, Error> {
    let mut options = server.options()?;
    options.timeout = RESPONSE_WITHIN * 5;
    for n in 0..SIGN_INS {
        let client = Client::connect(options.clone()).await?;
        let log_in = v1::LogIn { username: user.name.clone(), password: PASSWORD.to_owned() };
        let signed_in = async {
            client.log_in(log_in).await?;
            let timeline = Some(v1::read_timeline::Timeline::User(String::new()));
            client.ask(v1::ReadTimeline { timeline, page: None }).await?;
            if let Some(&tweet_id) = to_delete.get(n) {
                client.ask(v1::DeleteTweet { tweet_id }).await?;
            }
            client.ask(v1::LogOut { everywhere: false }).await.map(drop)
        };
        if let Err(error) = signed_in.await {
            broken.push(format!("sign-in {n} with a full disk: {error}"));
            return Ok(n);
        }
    }
    Ok(SIGN_INS)
}

/// Posts to a full disk, which must be refused at once, and reads, which must succeed; how many posts were refused.
async fn refusals(prober: &User, found: &mut FullDisk, broken: &mut Vec<String>) -> usize {
    let (mut refused, end) = (0, Instant::now() + Duration::from_secs(3));
    let mut n = 0;
    while Instant::now() < end {
        n += 1;
        let sent = Instant::now();
        // Long enough that no page of the database has space for it.
        match prober.post(&format!("{n} {}", "x".repeat(450))).await {
            Ok(_) => {}
            Err(ClientError::Refused(model::Error::StorageFull)) => refused += 1,
            Err(error) => broken.push(format!("refused with another error: {error}")),
        }
        found.record(sent.elapsed(), "a refusal", broken);
        let sent = Instant::now();
        if let Err(error) = prober.read_home().await {
            broken.push(format!("read: {error}"));
            return refused;
        }
        found.record(sent.elapsed(), "a read", broken);
        sleep(Duration::from_millis(5)).await;
    }
    refused
}
