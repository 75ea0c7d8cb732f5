//! Every verb that shows what others wrote, as text, as JSON and as tab-separated fields; verbs that are refused; and
//! verbs that keep running and print live events.

use std::path::Path;

use protocol::v1::ErrorCode;
use tokio::task::block_in_place;

use super::comparison::{Comparison, Side};
use super::hostile_proxy::TEXT_MARKER;
use super::payloads::controls;
use super::tty::{ClientCommand, Tty};
use crate::error::Error;
use crate::server::wait_until;

/// Runs all verbs.
pub(super) async fn all(comparison: &mut Comparison<'_>, program: &Path) -> Result<(), Error> {
    for words in reading_verbs(comparison) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        once(comparison, program, &words)?;
        once(comparison, program, &[&words[..], &["--json"]].concat())?;
        once(comparison, program, &[&words[..], &["--color=never", "-vv"]].concat())?;
    }
    for (words, fields) in [
        ("feed local", "id,author,text"),
        ("people", "username,name"),
        ("chat list", "with,last.text"),
        ("sessions", "id,client"),
        ("keys", "name,fingerprint"),
        ("tags", "hashtag"),
    ] {
        let fields = format!("--tsv={fields}");
        let words: Vec<&str> = words.split(' ').chain([fields.as_str()]).collect();
        once(comparison, program, &words)?;
        // Without this check, an unknown field would be the same usage error on both sides.
        if !comparison.has_seen(&words.join(" ")) {
            return Err(format!("mini-tweet {} shows no text of others", words.join(" ")).into());
        }
    }
    refused(comparison, program)?;
    for words in ["feed home --follow", "notifs --follow", "chat --follow", "online --follow", "watch"] {
        running(comparison, program, words).await?;
    }
    Ok(())
}

/// Runs enough verbs to detect a client that does not sanitise text.
pub(super) async fn some(comparison: &mut Comparison<'_>, program: &Path) -> Result<(), Error> {
    for words in
        [&["feed", "local"][..], &["people"], &["sessions"], &["notifs", "--json"], &["chat", "list"]]
    {
        once(comparison, program, words)?;
    }
    running(comparison, program, "notifs --follow").await
}

fn reading_verbs(comparison: &Comparison<'_>) -> Vec<Vec<String>> {
    let (tweet, name) = (comparison.network.tweet, &comparison.network.writers[0].name);
    [
        "feed home -n 100",
        "feed mine",
        "feed local -n 100",
        "feed bookmarks -n 100",
        "feed likes -n 100",
        &format!("feed @{name}"),
        &format!("feed #{}", comparison.network.trend),
        &format!("show {tweet}"),
        &format!("thread {tweet} -n 100"),
        &format!("history {tweet}"),
        "notifs -n 100",
        &format!("search {TEXT_MARKER}* -n 100"),
        "search --people wog",
        &format!("search --tags {TEXT_MARKER}"),
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
        "announcements",
        &format!("following @{name} --you-follow"),
        "export",
    ]
    .map(|words| words.split(' ').map(str::to_owned).collect())
    .to_vec()
}

fn once(comparison: &mut Comparison<'_>, program: &Path, words: &[&str]) -> Result<(), Error> {
    comparison.shift_texts(None);
    side_by_side(comparison, program, words)
}

fn side_by_side(comparison: &mut Comparison<'_>, program: &Path, words: &[&str]) -> Result<(), Error> {
    let clients =
        [&comparison.hostile, &comparison.harmless].map(|side| side.client(program, comparison.unsanitised));
    let run = |client: &ClientCommand<'_>| client.run(words);
    let (hostile, harmless) = block_in_place(|| {
        std::thread::scope(|scope| {
            let hostile = scope.spawn(|| run(&clients[0]));
            let harmless = run(&clients[1]);
            (hostile.join(), harmless)
        })
    });
    let (hostile, harmless) = (hostile.map_err(|_| "a thread panicked")??, harmless?);
    let what = words.join(" ");
    comparison.record_seen(&what, &String::from_utf8_lossy(&hostile));
    comparison.compare(&what, &hostile, &harmless);
    Ok(())
}

/// Runs verbs that the server answers with an error, which has texts of the server in it.
fn refused(comparison: &mut Comparison<'_>, program: &Path) -> Result<(), Error> {
    let tweet = comparison.network.tweet.to_string();
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
            // Each verb with some of the codes; all codes in a few rounds.
            if (n + code + comparison.round).is_multiple_of(4) {
                let code = ErrorCode::try_from(i32::try_from(code)?)?;
                comparison.shift_texts(Some(code));
                side_by_side(comparison, program, words)?;
            }
        }
    }
    Ok(())
}

/// Runs a verb that does not end by itself, while live events arrive.
async fn running(comparison: &mut Comparison<'_>, program: &Path, words: &str) -> Result<(), Error> {
    let list: Vec<&str> = words.split(' ').collect();
    comparison.shift_texts(None);
    let start = |side: &Side| side.client(program, comparison.unsanitised).start(&list);
    let (hostile, harmless) = (start(&comparison.hostile)?, start(&comparison.harmless)?);
    // Time for the first output and the subscription.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    comparison.network.send_live_events().await?;
    let kinds = |tty: &Tty| controls(&tty.bytes());
    let same = wait_until("both clients have printed the same", || {
        hostile.screen().1
            && harmless.screen().1
            && (comparison.unsanitised || kinds(&hostile) == kinds(&harmless))
    });
    let _ = tokio::time::timeout(std::time::Duration::from_secs(10), same).await;
    let (hostile, harmless) = (hostile.bytes(), harmless.bytes());
    comparison.record_seen(words, &String::from_utf8_lossy(&hostile));
    comparison.compare(words, &hostile, &harmless);
    Ok(())
}
