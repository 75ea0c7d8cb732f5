//! Every acknowledgement is preceded by a finished sync of what it acknowledges: the server's own system calls say so,
//! as `strace` sees them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::Setup;
use crate::Error;
use crate::person::Person;
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory};

const CALLS: &str = "trace=pwrite64,fsync,fdatasync,recvfrom,read,sendto,write,writev";

/// What is looked at of a call.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// A request came that has this text in it.
    Asked(usize),
    /// The text was written into the log of the database.
    Written(usize),
    /// A sync of the log began, or ended well.
    SyncBegan,
    SyncEnded,
    /// Something was sent to a client.
    Answered,
}

pub(super) async fn run(setup: &Setup) -> Result<Option<Line>, Error> {
    if std::process::Command::new("strace").arg("--version").output().is_err() {
        eprintln!("crash: there is no strace, P3 is not tried");
        return Ok(None);
    }
    let posts = setup.times(300, 1_000);
    let broken = trace(&setup.program, "", posts).await?;
    let control = trace(&setup.faults, "synchronous-normal", 20).await?;
    Ok(Some(Line {
        promise: 3,
        tried: format!("{posts} posts, each looked at by strace"),
        figures: format!("{} acknowledged without a sync before", broken.len()),
        broken,
        control: Control::of(
            !control.is_empty(),
            format!("synchronous=NORMAL did so {} times in 20", control.len()),
        ),
    }))
}

/// Posts one after the other; those that were answered before they were synced.
async fn trace(program: &Path, faults: &str, posts: usize) -> Result<Vec<String>, Error> {
    let directory = private_directory()?;
    let out = directory.path().join("calls");
    let name = out.to_str().ok_or("a path that is not UTF-8")?;
    let launch = Launch::new(program, &directory.path().join("data"))
        .with("MINI_TWEET_FAULTS", faults)
        .argument("--insecure")
        .through(["strace", "-D", "-f", "-yy", "-s", "65536", "-e", CALLS, "-e", "signal=none", "-o", name]);
    let server = launch.start().await?;
    let person = Person::sign_up(&server, "ada").await?;
    for n in 0..posts {
        person.post(&text(n)).await?;
    }
    drop(person);
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

/// Calls in the order of their beginnings and ends.
fn steps(trace: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    // Calls that have begun, by thread.
    let mut open: HashMap<&str, &str> = HashMap::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some((begun, _)) = call.split_once(" <unfinished ...>") {
            if begun.starts_with("fsync") || begun.starts_with("fdatasync") {
                steps.extend(begun.contains("-wal>").then_some(Step::SyncBegan));
            } else if begun.starts_with("sendto") || begun.starts_with("write") {
                steps.extend(begun.contains("<TCP").then_some(Step::Answered));
            }
            open.insert(thread, begun);
        } else if call.starts_with("<... ") {
            let begun = open.remove(thread).unwrap_or_default();
            steps.extend(ended(begun, call));
        } else {
            let is_sync = call.starts_with("fsync") || call.starts_with("fdatasync");
            steps.extend((is_sync && call.contains("-wal>")).then_some(Step::SyncBegan));
            let is_answer = call.starts_with("sendto") || call.starts_with("write");
            if is_answer && call.contains("<TCP") {
                steps.push(Step::Answered);
            } else {
                steps.extend(ended(call, call));
            }
        }
    }
    steps
}

/// The end of a call whose beginning may stand further up.
fn ended(begun: &str, end: &str) -> Option<Step> {
    let good = !end.contains("= -1 ");
    if begun.starts_with("fsync") || begun.starts_with("fdatasync") {
        (good && begun.contains("-wal>")).then_some(Step::SyncEnded)
    } else if begun.starts_with("pwrite64") {
        (good && begun.contains("-wal>")).then(|| text_in(begun).map(Step::Written))?
    } else if begun.starts_with("recvfrom") || begun.starts_with("read") {
        // What was read is only known at the end.
        begun.contains("<TCP").then(|| text_in(end).map(Step::Asked))?
    } else {
        None
    }
}

/// What is wrong with the answer to this post, if anything is.
fn unsynced(steps: &[Step], n: usize) -> Option<String> {
    let Some(asked) = steps.iter().position(|step| *step == Step::Asked(n)) else {
        return Some(format!("post {n} was not seen to come"));
    };
    let Some(answer) = steps[asked..].iter().position(|step| *step == Step::Answered) else {
        return Some(format!("post {n} was not seen to be answered"));
    };
    let mut between = steps[asked..asked + answer].iter();
    let covered = between.any(|step| *step == Step::Written(n))
        && between.any(|step| *step == Step::SyncBegan)
        && between.any(|step| *step == Step::SyncEnded);
    (!covered).then(|| format!("post {n} was answered before it was synced"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = r#"7 recvfrom(12<TCP:[1]>, "the tweet <0>", 4096, 0, NULL, NULL) = 20"#;
    const WRITTEN: &str = r#"8 pwrite64(5</d/mini-tweet.db-wal>, "..the tweet <0>..", 4096, 0) = 4096"#;
    const SYNCED: &str = "8 fsync(5</d/mini-tweet.db-wal>) = 0";
    const ANSWERED: &str = r#"7 sendto(12<TCP:[1]>, "ok", 2, MSG_NOSIGNAL, NULL, 0) = 2"#;

    fn wrong(lines: &[&str]) -> bool {
        unsynced(&steps(&lines.join("\n")), 0).is_some()
    }

    #[test]
    fn an_answer_after_the_sync_is_right_and_any_other_order_is_wrong() {
        assert!(!wrong(&[ASKED, WRITTEN, SYNCED, ANSWERED]));
        assert!(wrong(&[ASKED, WRITTEN, ANSWERED, SYNCED]));
        assert!(wrong(&[ASKED, SYNCED, WRITTEN, ANSWERED]));
        assert!(wrong(&[ASKED, ANSWERED, WRITTEN, SYNCED]));
    }

    #[test]
    fn a_sync_that_has_only_begun_or_failed_is_none() {
        let begun = "8 fsync(5</d/mini-tweet.db-wal> <unfinished ...>";
        let ended = "8 <... fsync resumed>) = 0";
        assert!(!wrong(&[ASKED, WRITTEN, begun, ended, ANSWERED]));
        assert!(wrong(&[ASKED, WRITTEN, begun, ANSWERED, ended]));
        let failed = "8 fsync(5</d/mini-tweet.db-wal>) = -1 EIO (Input/output error)";
        assert!(wrong(&[ASKED, WRITTEN, failed, ANSWERED]));
    }
}
