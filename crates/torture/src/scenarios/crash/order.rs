//! Every acknowledgement is sent after a completed sync of its change, as the system calls of the server show. They are
//! recorded with `strace`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, private_directory};
use crate::user::User;

const CALLS: &str = "trace=pwrite64,fsync,fdatasync,recvfrom,read,sendto,write,writev";

/// An event in the trace that matters for the order.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A request with this text was received.
    Received(usize),
    /// The text was written to the WAL.
    Written(usize),
    /// A sync of the WAL started, or completed without an error.
    SyncStarted,
    SyncDone,
    /// Data was sent to a client.
    Sent,
}

pub(super) async fn run(context: &Context) -> Result<Option<Finding>, Error> {
    if std::process::Command::new("strace").arg("--version").output().is_err() {
        eprintln!("crash: strace is not installed, P3 is not tested");
        return Ok(None);
    }
    let posts = context.times(300, 1_000);
    let broken = trace(&context.program, "", posts).await?;
    let control = trace(&context.faults, "synchronous-normal", 20).await?;
    Ok(Some(Finding {
        promise: 3,
        tried: format!("{posts} posts, traced with strace"),
        figures: format!("{} acknowledged before the sync", broken.len()),
        broken,
        control: Control::of(
            !control.is_empty(),
            format!("synchronous=NORMAL acknowledged {} of 20 before the sync", control.len()),
        ),
    }))
}

/// Posts one after the other; returns those that were acknowledged before the sync.
async fn trace(program: &Path, faults: &str, posts: usize) -> Result<Vec<String>, Error> {
    let directory = private_directory()?;
    let out = directory.path().join("calls");
    let name = out.to_str().ok_or("a path that is not UTF-8")?;
    let launch = Launch::new(program, &directory.path().join("data"))
        .with("MINI_TWEET_FAULTS", faults)
        .argument("--insecure")
        .wrapped_by([
            "strace",
            "-D",
            "-f",
            "-yy",
            "-s",
            "65536",
            "-e",
            CALLS,
            "-e",
            "signal=none",
            "-o",
            name,
        ]);
    let server = launch.start().await?;
    let user = User::sign_up(&server, "ada").await?;
    for n in 0..posts {
        user.post(&text(n)).await?;
    }
    drop(user);
    server.stop().await?;
    let steps = steps(&fs::read_to_string(&out)?);
    Ok((0..posts).filter_map(|n| unsynced(&steps, n)).collect())
}

fn text(n: usize) -> String {
    format!("the tweet <{n}>")
}

fn text_in(line: &str) -> Option<usize> {
    line.split_once("the tweet <")?.1.split_once('>')?.0.parse().ok()
}

/// Events in the order of the starts and ends of calls.
fn steps(trace: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    // Unfinished calls by thread.
    let mut open: HashMap<&str, &str> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some((started, _)) = call.split_once(" <unfinished ...>") {
            if started.starts_with("fsync") || started.starts_with("fdatasync") {
                steps.extend(started.contains("-wal>").then_some(Step::SyncStarted));
            } else if started.starts_with("sendto") || started.starts_with("write") {
                steps.extend(started.contains("<TCP").then_some(Step::Sent));
            }
            open.insert(thread, started);
        } else if call.starts_with("<... ") {
            let started = open.remove(thread).unwrap_or_default();
            steps.extend(ended(started, call));
        } else {
            let is_sync = call.starts_with("fsync") || call.starts_with("fdatasync");
            steps.extend((is_sync && call.contains("-wal>")).then_some(Step::SyncStarted));
            let is_send = call.starts_with("sendto") || call.starts_with("write");
            if is_send && call.contains("<TCP") {
                steps.push(Step::Sent);
            } else {
                steps.extend(ended(call, call));
            }
        }
    }
    steps
}

/// The event at the end of a call that may have started in an earlier line.
fn ended(started: &str, end: &str) -> Option<Step> {
    let good = !end.contains("= -1 ");
    if started.starts_with("fsync") || started.starts_with("fdatasync") {
        (good && started.contains("-wal>")).then_some(Step::SyncDone)
    } else if started.starts_with("pwrite64") {
        (good && started.contains("-wal>")).then(|| text_in(started).map(Step::Written))?
    } else if started.starts_with("recvfrom") || started.starts_with("read") {
        // The data that was read is known only at the end.
        started.contains("<TCP").then(|| text_in(end).map(Step::Received))?
    } else {
        None
    }
}

/// What is wrong with the acknowledgement of this post, or `None`.
fn unsynced(steps: &[Step], n: usize) -> Option<String> {
    let Some(received) = steps.iter().position(|step| *step == Step::Received(n)) else {
        return Some(format!("post {n} is not in the trace"));
    };
    let Some(sent) = steps[received..].iter().position(|step| *step == Step::Sent) else {
        return Some(format!("no response to post {n} is in the trace"));
    };
    let mut between = steps[received..received + sent].iter();
    let covered = between.any(|step| *step == Step::Written(n))
        && between.any(|step| *step == Step::SyncStarted)
        && between.any(|step| *step == Step::SyncDone);
    (!covered).then(|| format!("post {n} was acknowledged before the sync"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: &str = r#"7 recvfrom(12<TCP:[1]>, "the tweet <0>", 4096, 0, NULL, NULL) = 20"#;
    const WRITTEN: &str = r#"8 pwrite64(5</d/mini-tweet.db-wal>, "..the tweet <0>..", 4096, 0) = 4096"#;
    const SYNCED: &str = "8 fsync(5</d/mini-tweet.db-wal>) = 0";
    const SENT: &str = r#"7 sendto(12<TCP:[1]>, "ok", 2, MSG_NOSIGNAL, NULL, 0) = 2"#;

    fn wrong(lines: &[&str]) -> bool {
        unsynced(&steps(&lines.join("\n")), 0).is_some()
    }

    #[test]
    fn a_response_is_right_only_after_the_write_and_its_sync() {
        assert!(!wrong(&[RECEIVED, WRITTEN, SYNCED, SENT]));
        assert!(wrong(&[RECEIVED, WRITTEN, SENT, SYNCED]));
        assert!(wrong(&[RECEIVED, SYNCED, WRITTEN, SENT]));
        assert!(wrong(&[RECEIVED, SENT, WRITTEN, SYNCED]));
    }

    #[test]
    fn an_unfinished_or_failed_sync_does_not_count() {
        let started = "8 fsync(5</d/mini-tweet.db-wal> <unfinished ...>";
        let ended = "8 <... fsync resumed>) = 0";
        assert!(!wrong(&[RECEIVED, WRITTEN, started, ended, SENT]));
        assert!(wrong(&[RECEIVED, WRITTEN, started, SENT, ended]));
        let failed = "8 fsync(5</d/mini-tweet.db-wal>) = -1 EIO (Input/output error)";
        assert!(wrong(&[RECEIVED, WRITTEN, failed, SENT]));
    }
}
