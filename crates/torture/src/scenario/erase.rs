//! What is deleted is gone down to the bytes: after an account has been deleted and purged, nothing that it wrote is
//! in any file of the server (P27).

use std::fs;
use std::path::Path;

use protocol::v1;

use super::Setup;
use crate::Error;
use crate::person::{PASSWORD, Person, post};
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory, until};

/// What is looked for, in letters that no index changes.
const CANARY: &str = "zqcanaryzq";

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let times = setup.times(30, 2_000);
    let friend = Person::sign_up(&server, "friend").await?;
    let gone = Person::sign_up(&server, "gone").await?;
    write_much(&gone, times).await?;
    let before = places(directory.path())?;
    gone.client.ask(v1::DeleteAccount { password: PASSWORD.to_owned() }).await?;
    until("the account is purged", || server.process.said().contains("deleted account is gone")).await?;
    let while_running = places(directory.path())?;
    // Others go on, as before.
    let kept = friend.post("life goes on").await?;
    server.stop().await?;
    let after = places(directory.path())?;
    let mut broken: Vec<_> =
        while_running.iter().map(|place| format!("while it runs it is still in {place}")).collect();
    broken.extend(after.iter().map(|place| format!("after its stop it is still in {place}")));
    broken.extend(launch.check()?);
    if kept == 0 {
        broken.push("others could not go on".to_owned());
    }
    Ok(vec![Line {
        promise: 27,
        tried: format!("an account with {times} tweets, edits, messages and a profile, deleted and purged"),
        figures: format!(
            "{} files hold it before, {} while the server runs on, {} after its stop",
            before.len(),
            while_running.len(),
            after.len()
        ),
        broken,
        control: Control::of(
            !before.is_empty(),
            format!("before the deletion it is in {}", before.join(", ")),
        ),
    }])
}

/// The canary in everything that a person can write.
async fn write_much(person: &Person, times: usize) -> Result<(), Error> {
    let client = &person.client;
    let profile = v1::EditProfile {
        display_name: Some(format!("Name {CANARY}")),
        bio: Some(format!("I am {CANARY}")),
        presence_hidden: None,
    };
    client.ask(profile).await?;
    let report = v1::Report { username: "friend".to_owned(), reason: format!("for {CANARY}"), tweet_id: 0 };
    client.ask(report).await?;
    for n in 0..times {
        let id = person.post(&format!("{n} {CANARY} #{CANARY}")).await?;
        if n.is_multiple_of(3) {
            client.ask(v1::EditTweet { tweet_id: id, text: format!("{n} again {CANARY}") }).await?;
        }
        let visibility = v1::Visibility::Direct.into();
        client.ask(v1::Post { visibility, ..post(&format!("@friend {n} {CANARY}")) }).await?;
        person.message("friend", &format!("psst {n} {CANARY}")).await?;
    }
    // So that search has learnt of it.
    let timeline = Some(v1::read_timeline::Timeline::Search(CANARY.to_owned()));
    let found = client.ask(v1::ReadTimeline { timeline, page: None }).await?;
    if found.tweets.is_empty() {
        return Err("search does not know the canary".into());
    }
    Ok(())
}

/// Files under this directory with the canary in them, in any case of its letters.
fn places(directory: &Path) -> Result<Vec<String>, Error> {
    let mut places = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            places.extend(self::places(&path)?);
        } else if path.is_file() {
            let bytes = fs::read(&path)?.to_ascii_lowercase();
            let hits = bytes.windows(CANARY.len()).filter(|part| *part == CANARY.as_bytes()).count();
            if hits > 0 {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                places.push(format!("{name} ({hits})"));
            }
        }
    }
    Ok(places)
}
