//! Every verb that shows what others wrote, for people, as JSON and as fields with tabs; every verb that is refused;
//! and those that stay and tell what comes.

use std::path::Path;

use protocol::v1::ErrorCode;
use tokio::task::block_in_place;

use super::hostile::TEXT;
use super::tty::Tty;
use super::{Sight, controls};
use crate::Error;
use crate::server::until;

/// All of them.
pub(super) async fn all(sight: &mut Sight<'_>, program: &Path) -> Result<(), Error> {
    for words in readers(sight) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        once(sight, program, &words)?;
        once(sight, program, &[&words[..], &["--json"]].concat())?;
        once(sight, program, &[&words[..], &["--color=never", "-vv"]].concat())?;
    }
    for (words, fields) in [
        ("feed local", "id,author,text"),
        ("people", "username,display_name,bio"),
        ("chat list", "with,text"),
        ("sessions", "id,client_name"),
        ("keys", "name,fingerprint"),
        ("tags", "name"),
    ] {
        let fields = format!("--tsv={fields}");
        let words: Vec<&str> = words.split(' ').chain([fields.as_str()]).collect();
        once(sight, program, &words)?;
    }
    refused(sight, program)?;
    for words in ["feed home --follow", "notifs --follow", "chat --follow", "online --follow", "watch"] {
        staying(sight, program, words).await?;
    }
    Ok(())
}

/// Enough of them to notice a client that makes nothing safe.
pub(super) async fn some(sight: &mut Sight<'_>, program: &Path) -> Result<(), Error> {
    for words in
        [&["feed", "local"][..], &["people"], &["sessions"], &["notifs", "--json"], &["chat", "list"]]
    {
        once(sight, program, words)?;
    }
    staying(sight, program, "notifs --follow").await
}

fn readers(sight: &Sight<'_>) -> Vec<Vec<String>> {
    let (tweet, name) = (sight.stage.tweet, &sight.stage.crowd[0].name);
    [
        "feed home -n 100",
        "feed mine",
        "feed local -n 100",
        "feed saved -n 100",
        "feed likes -n 100",
        &format!("feed @{name}"),
        &format!("feed #{TEXT}006"),
        &format!("show {tweet}"),
        &format!("thread {tweet} -n 100"),
        &format!("history {tweet}"),
        "notifs -n 100",
        &format!("search {TEXT}* -n 100"),
        "search --people wog",
        &format!("search --tags {TEXT}"),
        "people -n 100",
        "people gow",
        &format!("profile @{name}"),
        "profile",
        "followers -n 100",
        "following -n 100",
        &format!("followers @{name}"),
        "mute",
        "block",
        "online",
        "tags",
        "chat list -n 100",
        &format!("chat @{name}"),
        "sessions",
        "keys",
        "whoami",
        "info",
        "export",
    ]
    .map(|words| words.split(' ').map(str::to_owned).collect())
    .to_vec()
}

fn once(sight: &mut Sight<'_>, program: &Path, words: &[&str]) -> Result<(), Error> {
    sight.deal(None);
    side_by_side(sight, program, words)
}

fn side_by_side(sight: &mut Sight<'_>, program: &Path, words: &[&str]) -> Result<(), Error> {
    let clients = [&sight.bad, &sight.good].map(|side| side.client(program, sight.unsafely));
    let run = |client: &super::tty::Client<'_>| client.run(words);
    let (bad, good) = block_in_place(|| {
        std::thread::scope(|scope| {
            let bad = scope.spawn(|| run(&clients[0]));
            let good = run(&clients[1]);
            (bad.join(), good)
        })
    });
    let (bad, good) = (bad.map_err(|_| "a thread ended")??, good?);
    let what = words.join(" ");
    sight.note(&what, &String::from_utf8_lossy(&bad));
    sight.compare(&what, &bad, &good);
    Ok(())
}

/// Whatever is asked, the answer is an error with texts of the server's.
fn refused(sight: &mut Sight<'_>, program: &Path) -> Result<(), Error> {
    let tweet = sight.stage.tweet.to_string();
    let id = tweet.as_str();
    for (n, words) in [
        &["feed", "home"][..],
        &["feed", "home", "--json"],
        &["post", "hello"],
        &["like", id],
        &["follow", "@ada"],
        &["follow", "@ada", "--json"],
        &["profile", "@ada"],
        &["search", "x"],
        &["chat", "@ada", "hello"],
        &["sessions"],
        &["keys"],
        &["edit", id, "hello"],
        &["delete", id],
        &["tags"],
        &["watch"],
        &["info"],
        &["export"],
        &["retweet", id, "--json"],
        &["mute", "@ada"],
        &["notifs", "--json"],
    ]
    .into_iter()
    .enumerate()
    {
        for code in [1, 2, 3, 4, 5, 10, 13, 14] {
            // Each of them with some codes, all codes in a few rounds.
            if (n + code + sight.round).is_multiple_of(4) {
                let code = ErrorCode::try_from(i32::try_from(code)?)?;
                sight.deal(Some(code));
                side_by_side(sight, program, words)?;
            }
        }
    }
    Ok(())
}

/// A verb that stays, while things come.
async fn staying(sight: &mut Sight<'_>, program: &Path, words: &str) -> Result<(), Error> {
    let list: Vec<&str> = words.split(' ').collect();
    sight.deal(None);
    let start = |side: &super::Side| side.client(program, sight.unsafely).start(&list);
    let (bad, good) = (start(&sight.bad)?, start(&sight.good)?);
    // What it begins with, or the subscription behind it, has come by then.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    sight.stage.stir().await?;
    let kinds = |tty: &Tty| controls(&tty.bytes());
    let same = until("both have heard the same", || {
        bad.screen().1 && good.screen().1 && (sight.unsafely || kinds(&bad) == kinds(&good))
    });
    let _ = tokio::time::timeout(std::time::Duration::from_secs(10), same).await;
    let (bad, good) = (bad.bytes(), good.bytes());
    sight.note(words, &String::from_utf8_lossy(&bad));
    sight.compare(words, &bad, &good);
    Ok(())
}
