//! Erasure: after an account was deleted and purged, nothing that it wrote is in any file of the server (P27).

use std::fs;
use std::path::Path;

use protocol::v1;

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, private_directory, wait_until};
use crate::user::{PASSWORD, User, post};

/// The text that is searched for. Its letters are not changed by the search index.
const MARKER: &str = "zqcanaryzq";

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let times = context.times(30, 2_000);
    let friend = User::sign_up(&server, "friend").await?;
    let deleted = User::sign_up(&server, "leaver").await?;
    write_everywhere(&deleted, times).await?;
    let before = occurrences(directory.path())?;
    deleted.client.ask(v1::DeleteAccount { password: PASSWORD.to_owned() }).await?;
    wait_until("the account is purged", || server.process.output().contains("a deleted account was purged"))
        .await?;
    let while_running = occurrences(directory.path())?;
    // Other accounts are not affected.
    let other_tweet = friend.post("still here").await?;
    server.stop().await?;
    let after = occurrences(directory.path())?;
    let mut broken: Vec<_> = while_running
        .iter()
        .map(|occurrence| format!("still in {occurrence} while the server runs"))
        .collect();
    broken.extend(after.iter().map(|occurrence| format!("still in {occurrence} after the server stopped")));
    broken.extend(launch.check()?);
    if other_tweet == 0 {
        broken.push("another account cannot post".to_owned());
    }
    Ok(vec![Finding {
        promise: 27,
        tried: format!("an account with {times} tweets, edits, messages and a profile, deleted and purged"),
        figures: format!(
            "{} files contain it before, {} while the server runs, {} after it stopped",
            before.len(),
            while_running.len(),
            after.len()
        ),
        broken,
        control: Control::of(!before.is_empty(), format!("before the deletion: {}", before.join(", "))),
    }])
}

/// Writes the marker to everything that a user can write.
async fn write_everywhere(user: &User, times: usize) -> Result<(), Error> {
    let client = &user.client;
    let profile = v1::EditProfile {
        display_name: Some(format!("Name {MARKER}")),
        bio: Some(format!("I am {MARKER}")),
        presence_hidden: None,
    };
    client.ask(profile).await?;
    let report = v1::Report { username: "friend".to_owned(), reason: format!("for {MARKER}"), tweet_id: 0 };
    client.ask(report).await?;
    for n in 0..times {
        let id = user.post(&format!("{n} {MARKER} #{MARKER}")).await?;
        if n.is_multiple_of(3) {
            client.ask(v1::EditTweet { tweet_id: id, text: format!("{n} edited {MARKER}") }).await?;
        }
        let visibility = v1::Visibility::Direct.into();
        client.ask(v1::Post { visibility, ..post(&format!("@friend {n} {MARKER}")) }).await?;
        user.message("friend", &format!("psst {n} {MARKER}")).await?;
    }
    // A search makes the server index the backlog.
    let timeline = Some(v1::read_timeline::Timeline::Search(MARKER.to_owned()));
    let found = client.ask(v1::ReadTimeline { timeline, page: None }).await?;
    if found.tweets.is_empty() {
        return Err("search does not find the marker".into());
    }
    Ok(())
}

/// Files in this directory that contain the marker in any case, with the number of occurrences.
fn occurrences(directory: &Path) -> Result<Vec<String>, Error> {
    let mut occurrences = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            occurrences.extend(self::occurrences(&path)?);
        } else if path.is_file() {
            let bytes = fs::read(&path)?.to_ascii_lowercase();
            let hits = bytes.windows(MARKER.len()).filter(|part| *part == MARKER.as_bytes()).count();
            if hits > 0 {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                occurrences.push(format!("{name} ({hits})"));
            }
        }
    }
    Ok(occurrences)
}
