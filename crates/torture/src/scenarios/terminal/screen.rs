//! The full screen and the plain mode of the client, page by page. The timing of frames varies, so the final content of
//! the screens is compared, and the set of sequences that were written, except cursor movements within the screen.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::comparison::{Comparison, Side};
use super::payloads::controls;
use super::tty::Tty;
use crate::error::Error;

/// Longest wait for both screens to show the same.
const SETTLE_WITHIN: Duration = Duration::from_secs(10);
/// After this, even on a busy machine, the client has taken a single ESC as the key Escape.
const ESCAPE_DELAY: Duration = Duration::from_millis(150);

/// The page whose heading is a hashtag.
const HASHTAG_TIMELINE: &str = "hashtag timeline";

/// Pages of the screen, with the keys that open them.
const PAGES: &[(&str, &str)] = &[
    ("home", "gh"),
    ("a thread", "t"),
    ("details of a tweet", "i"),
    ("back", "\x1b"),
    ("links of a tweet", "gho"),
    ("reply", "\x1bghr"),
    ("quote", "\x1bghB"),
    ("author", "\x1bgha"),
    ("author's followers", "\t"),
    ("local", "gl"),
    ("local further down", "GG"),
    ("bookmarks", "gb"),
    ("liked", "gf"),
    ("own tweets", "gm"),
    ("notifications", "gn"),
    ("notifications further down", "G"),
    ("conversations", "gc"),
    ("a conversation", "\r"),
    ("tags", "\x1bgt"),
    (HASHTAG_TIMELINE, "\r"),
    // The left pane names the hashtag as long as one is there.
    ("own profile", "ghgp"),
    ("followers", "\t"),
    ("all people", "gu"),
    ("a profile", "\r"),
    ("online", "go"),
    ("online, followed only", ">"),
    ("about", "ga"),
    ("sessions", ":sessions\r"),
    ("keys", ":keys\r"),
    ("muted", ":muted\r"),
    ("blocked", ":blocked\r"),
    ("user prompt", "@wog"),
    ("tag prompt", "\x1b#gow"),
    ("jump", "\x1b\x0bwogwogwog003"),
    ("search", "\x1bg/gow\r"),
    ("completion of a name", "\x1bgh\x1bc@wog"),
    ("completion of a hashtag", "\x1bc#gow"),
    ("log", "\x1b:log\r"),
    ("status", "\x1bgh="),
    ("accounts", "A"),
    ("end", "\x1bgh"),
];

/// Lines of input for plain mode.
const LINES: &[&str] = &[
    "home",
    "1",
    "thread",
    "home",
    "local",
    "notifs",
    "tags",
    "1",
    "people",
    "1",
    "online",
    "section followed",
    "about",
    "conversations",
    "1",
    "",
    "me",
    "sessions",
    "keys",
    "muted",
    "blocked",
    "status",
    "log",
    "search gow",
    "home",
    "links",
    "user wogwogwog003",
    "help",
];

pub(super) async fn all(comparison: &mut Comparison<'_>, program: &Path) -> Result<(), Error> {
    pages(comparison, program, PAGES).await?;
    plain(comparison, program, LINES).await
}

/// Enough to detect a client that does not sanitise text.
pub(super) async fn some(comparison: &mut Comparison<'_>, program: &Path) -> Result<(), Error> {
    pages(comparison, program, PAGES.get(..6).unwrap_or_default()).await?;
    plain(comparison, program, &["home", "notifs"]).await
}

async fn pages(comparison: &mut Comparison<'_>, program: &Path, pages: &[(&str, &str)]) -> Result<(), Error> {
    comparison.shift_texts(None);
    let mut both = Both::start(comparison, program, &[])?;
    both.settle(comparison, "the first screen").await?;
    for (page, keys) in pages {
        both.press(keys).await?;
        both.settle(comparison, page).await?;
    }
    comparison.network.send_live_events().await?;
    both.settle(comparison, "live events").await?;
    comparison.set_texts(Some(protocol::v1::ErrorCode::Unavailable));
    for (page, keys) in
        [("an error of a list", "\x0c"), ("an error of an action", "f"), ("an error of a page", "go")]
    {
        both.press(keys).await?;
        both.settle(comparison, page).await?;
    }
    comparison.set_texts(None);
    both.end(comparison, "the full screen");
    Ok(())
}

async fn plain(comparison: &mut Comparison<'_>, program: &Path, lines: &[&str]) -> Result<(), Error> {
    comparison.shift_texts(None);
    let mut both = Both::start(comparison, program, &["--plain"])?;
    both.settle(comparison, "plain mode").await?;
    for line in lines {
        both.press(&format!("{line}\r")).await?;
        both.settle(comparison, &format!("plain {line}")).await?;
    }
    comparison.network.send_live_events().await?;
    both.settle(comparison, "plain, live events").await?;
    both.end(comparison, "plain mode");
    Ok(())
}

/// The two clients.
struct Both {
    hostile: Tty,
    harmless: Tty,
    /// Addresses of their servers, which the screens show.
    servers: [String; 2],
}

impl Both {
    fn start(comparison: &Comparison<'_>, program: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let start = |side: &Side| side.client(program, comparison.unsanitised).start(arguments);
        let servers =
            [&comparison.hostile, &comparison.harmless].map(|side| side.server.address().to_owned());
        Ok(Self { hostile: start(&comparison.hostile)?, harmless: start(&comparison.harmless)?, servers })
    }

    async fn press(&mut self, keys: &str) -> Result<(), Error> {
        // ESC is the key Escape only if nothing follows it immediately.
        for part in keys.split_inclusive('\x1b') {
            self.hostile.press(part)?;
            self.harmless.press(part)?;
            if part.ends_with('\x1b') {
                sleep(ESCAPE_DELAY).await;
            }
        }
        Ok(())
    }

    /// Waits until both screens show the same, and records a difference after [`SETTLE_WITHIN`].
    async fn settle(&self, comparison: &mut Comparison<'_>, page: &str) -> Result<(), Error> {
        let end = Instant::now() + if comparison.unsanitised { SETTLE_WITHIN / 20 } else { SETTLE_WITHIN };
        // Time for the keys to arrive.
        sleep(Duration::from_millis(60)).await;
        loop {
            let ((hostile, hostile_quiet), (harmless, harmless_quiet)) =
                (self.hostile.screen(), self.harmless.screen());
            let harmless = harmless.replace(&self.servers[1], &self.servers[0]);
            // For an invalid username or hashtag the screen shows a replacement for each unsafe character instead of its
            // number, so the content differs.
            let may_differ = comparison.has_hostile_usernames() || page == HASHTAG_TIMELINE;
            // Different requests and subscriptions: what they add to the log and in plain mode comes in any order.
            let in_any_order = page == "log" || page.starts_with("plain");
            let same = may_differ || canonical(&hostile, in_any_order) == canonical(&harmless, in_any_order);
            if hostile_quiet && harmless_quiet && same || Instant::now() > end {
                comparison.runs += 2;
                comparison.record_seen(&format!("screen: {page}"), &hostile);
                if !same {
                    let lines = hostile.lines().zip(harmless.lines()).find(|(one, other)| one != other);
                    comparison.broken.push(format!("screen, {page}: it shows {lines:?}"));
                }
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Records sequences that were written only for hostile texts.
    fn end(self, comparison: &mut Comparison<'_>, what: &str) {
        let kinds = |tty: &Tty| -> BTreeSet<String> {
            controls(&tty.bytes()).into_keys().filter(|sequence| !moves_the_cursor(sequence)).collect()
        };
        let (hostile, harmless) = (kinds(&self.hostile), kinds(&self.harmless));
        let more: Vec<&String> = hostile.difference(&harmless).take(5).collect();
        if !more.is_empty() {
            comparison.broken.push(format!("{what} writes {more:?}"));
        }
    }
}

/// The lines of a screen for a comparison: the two clients did not start in the same second.
fn canonical(screen: &str, in_any_order: bool) -> Vec<String> {
    let mut lines: Vec<String> = screen.lines().map(without_times).collect();
    if in_any_order {
        lines.sort_unstable();
    }
    lines
}

/// The line with `00:00:00` in place of each time.
fn without_times(line: &str) -> String {
    let mut characters: Vec<char> = line.chars().collect();
    for start in 0..characters.len() {
        let Some(time) = characters.get_mut(start..start + 8) else { break };
        let is_time = time.iter().enumerate().all(|(place, character)| match place {
            2 | 5 => *character == ':',
            _ => character.is_ascii_digit(),
        });
        if is_time {
            time.copy_from_slice(&['0', '0', ':', '0', '0', ':', '0', '0']);
        }
    }
    characters.into_iter().collect()
}

/// Whether the sequence moves the cursor to a position on this screen. Payloads use other positions.
fn moves_the_cursor(sequence: &str) -> bool {
    let position = sequence.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix('H'));
    let Some((row, column)) = position.and_then(|position| position.split_once(';')) else { return false };
    let within =
        |number: &str, most: u16| number.parse::<u16>().is_ok_and(|number| (1..=most).contains(&number));
    within(row, 60) && within(column, 200)
}
