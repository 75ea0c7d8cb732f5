//! The full screen and the plain mode of the client, place by place. When frames are drawn is up to the moment: what is
//! compared is what the screens show in the end, and which sequences were ever written, those apart that only
//! move the cursor to where something is.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::tty::Tty;
use super::{Sight, controls};
use crate::Error;

/// Both have settled long before.
const SETTLED: Duration = Duration::from_secs(10);

/// A client on a busy machine has read an escape by then.
const ESCAPE: Duration = Duration::from_millis(150);

/// Places, with the keys that lead there.
const PLACES: &[(&str, &str)] = &[
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
    ("saved", "gb"),
    ("liked", "gf"),
    ("mine", "gm"),
    ("notifications", "gn"),
    ("notifications further down", "G"),
    ("chats", "gc"),
    ("a chat", "\r"),
    ("tags", "\x1bgt"),
    ("feed of a tag", "\r"),
    ("me", "gp"),
    ("followers", "\t"),
    ("everybody", "gu"),
    ("a profile", "\r"),
    ("online", "go"),
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

/// The lines of plain mode.
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
    "chats",
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

pub(super) async fn all(sight: &mut Sight<'_>, program: &Path) -> Result<(), Error> {
    places(sight, program, PLACES).await?;
    plain(sight, program, LINES).await
}

/// Enough to notice a client that makes nothing safe.
pub(super) async fn some(sight: &mut Sight<'_>, program: &Path) -> Result<(), Error> {
    places(sight, program, PLACES.get(..6).unwrap_or_default()).await?;
    plain(sight, program, &["home", "notifs"]).await
}

async fn places(sight: &mut Sight<'_>, program: &Path, places: &[(&str, &str)]) -> Result<(), Error> {
    sight.deal(None);
    let mut both = Both::start(sight, program, &[])?;
    both.settle(sight, "the first screen").await?;
    for (place, keys) in places {
        both.press(keys).await?;
        both.settle(sight, place).await?;
    }
    sight.stage.stir().await?;
    both.settle(sight, "what comes").await?;
    sight.play(Some(protocol::v1::ErrorCode::Unavailable));
    for (place, keys) in
        [("an error of a list", "\x0c"), ("an error of an act", "f"), ("an error of a place", "go")]
    {
        both.press(keys).await?;
        both.settle(sight, place).await?;
    }
    sight.play(None);
    both.end(sight, "the full screen");
    Ok(())
}

async fn plain(sight: &mut Sight<'_>, program: &Path, lines: &[&str]) -> Result<(), Error> {
    sight.deal(None);
    let mut both = Both::start(sight, program, &["--plain"])?;
    both.settle(sight, "plain mode").await?;
    for line in lines {
        both.press(&format!("{line}\r")).await?;
        both.settle(sight, &format!("plain {line}")).await?;
    }
    sight.stage.stir().await?;
    both.settle(sight, "plain, what comes").await?;
    both.end(sight, "plain mode");
    Ok(())
}

struct Both {
    bad: Tty,
    good: Tty,
    /// Addresses of their servers, which they show.
    servers: [String; 2],
}

impl Both {
    fn start(sight: &Sight<'_>, program: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let start = |side: &super::Side| side.client(program, sight.unsafely).start(arguments);
        let servers = [&sight.bad, &sight.good].map(|side| side.server.address().to_owned());
        Ok(Self { bad: start(&sight.bad)?, good: start(&sight.good)?, servers })
    }

    async fn press(&mut self, keys: &str) -> Result<(), Error> {
        // An escape is a key of its own only when nothing follows at once.
        for part in keys.split_inclusive('\x1b') {
            self.bad.press(part)?;
            self.good.press(part)?;
            if part.ends_with('\x1b') {
                sleep(ESCAPE).await;
            }
        }
        Ok(())
    }

    /// Waits until both show the same, or will not.
    async fn settle(&self, sight: &mut Sight<'_>, place: &str) -> Result<(), Error> {
        let end = Instant::now() + if sight.unsafely { SETTLED / 20 } else { SETTLED };
        // The keys have to arrive first.
        sleep(Duration::from_millis(60)).await;
        loop {
            let ((bad, bad_quiet), (good, good_quiet)) = (self.bad.screen(), self.good.screen());
            let good = good.replace(&self.servers[1], &self.servers[0]);
            // A username is made of letters, says the protocol: of one that is not, the screen shows a sign for each
            // character that must not be there, and not its number.
            let same = bad == good || sight.names();
            if bad_quiet && good_quiet && same || Instant::now() > end {
                sight.runs += 2;
                sight.note(&format!("screen: {place}"), &bad);
                if !same {
                    let lines = bad.lines().zip(good.lines()).find(|(bad, good)| bad != good);
                    sight.broken.push(format!("screen, {place}: it shows {lines:?}"));
                }
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Nothing was written that is not written for harmless texts too.
    fn end(self, sight: &mut Sight<'_>, what: &str) {
        let kinds = |tty: &Tty| -> BTreeSet<String> {
            controls(&tty.bytes()).into_keys().filter(|sequence| !moves_the_cursor(sequence)).collect()
        };
        let (bad, good) = (kinds(&self.bad), kinds(&self.good));
        let more: Vec<&String> = bad.difference(&good).take(5).collect();
        if !more.is_empty() {
            sight.broken.push(format!("{what} writes {more:?}"));
        }
    }
}

/// To a place on this screen; payloads go elsewhere.
fn moves_the_cursor(sequence: &str) -> bool {
    let place = sequence.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix('H'));
    let Some((row, column)) = place.and_then(|place| place.split_once(';')) else { return false };
    let within =
        |number: &str, most: u16| number.parse::<u16>().is_ok_and(|number| (1..=most).contains(&number));
    within(row, 60) && within(column, 200)
}
