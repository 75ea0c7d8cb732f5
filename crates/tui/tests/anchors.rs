//! The row that is selected stays where it is on the screen, whatever arrives, is deleted, folds or changes its height.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::screens::{Screen, Start, screens};
use driver::states::everything;
use driver::{TuiDriver, announcement, id, message, tweet};
use mini_tweet_tui::message::{Message, Topic};
use mini_tweet_tui::row::Row;
use proptest::prelude::*;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;

/// Lists with every kind of row, by the names of their screens. Not the home feed of a new account, whose suggestions go
/// when it has tweets, and not who is online, which is replaced as a whole.
const LISTS: [&str; 17] = [
    "home",
    "empty_search",
    "local",
    "hashtag",
    "found",
    "thread",
    "thread_folded",
    "thread_of_a_reply",
    "profile",
    "people",
    "trends",
    "notifications",
    "conversations",
    "sessions",
    "log",
    "gap",
    "read_line",
];
/// Drafts that do not fit on the screen.
fn drafts() -> Screen {
    Screen::new("drafts", |start| {
        let mut driver = start.ada();
        for _ in 0..22 {
            driver.press("r text:unfinished esc j");
        }
        driver.press("g d");
        driver
    })
}

fn lists() -> impl Iterator<Item = Screen> {
    everything().filter(|screen| LISTS.contains(&screen.name)).chain([drafts()])
}

/// Without a side pane, and so low that most lists do not fit.
const SIZE: (u16, u16) = (100, 17);

/// What happens while someone reads.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// A followed account posts.
    Tweet,
    /// The tweet at this place of the server is deleted.
    Deleted(usize),
    /// It gets another text, which may be longer.
    Edited(usize),
    Notified,
    Messaged,
    /// This account comes online or goes.
    Presence(u64),
    /// The connection is lost, this number of tweets is missed, and it is made again.
    Reconnected(usize),
    Announced,
    /// What everyone who is online does is read again.
    Waited(i64),
    /// Something that moves the selection or the list, which must be noticed: for the control only.
    Moved(&'static str),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Tweet),
        (0_usize..30).prop_map(Happening::Deleted),
        (0_usize..30).prop_map(Happening::Edited),
        Just(Happening::Notified),
        Just(Happening::Messaged),
        (2_u64..6).prop_map(Happening::Presence),
        (0_usize..60).prop_map(Happening::Reconnected),
        Just(Happening::Announced),
        (200_i64..70_000).prop_map(Happening::Waited),
    ]
}

fn tell(driver: &mut TuiDriver, posted: bool, tweet: &v1::Tweet) {
    let accounts = driver.accounts.clone();
    for topic in [Topic::Home, Topic::Local, Topic::Hashtag("rust".into())] {
        let live =
            v1::LiveTweet { tweet: Some(tweet.clone()), referenced: Vec::new(), accounts: accounts.clone() };
        let event = if posted { LiveEvent::TweetPosted(live) } else { LiveEvent::TweetEdited(live) };
        driver.live(topic, event);
    }
}

/// Lets it happen, as the `n`th.
fn happen(driver: &mut TuiDriver, n: u64, what: Happening) {
    let new_id = id(0) + 1_000 * (n + 1);
    match what {
        Happening::Tweet => {
            let new = v1::Tweet { id: new_id, ..tweet(0, 2, "fresh #rust") };
            driver.tweets.insert(0, new.clone());
            tell(driver, true, &new);
        }
        Happening::Deleted(place) if !driver.tweets.is_empty() => {
            let gone = driver.tweets.remove(place % driver.tweets.len()).id;
            for topic in [Topic::Home, Topic::Local, Topic::Hashtag("rust".into())] {
                driver.live(topic, LiveEvent::TweetDeleted(v1::TweetDeleted { tweet_id: gone }));
            }
        }
        Happening::Edited(place) if !driver.tweets.is_empty() => {
            let place = place % driver.tweets.len();
            driver.tweets[place].text = format!("A longer text: {}", "word ".repeat(place * 3));
            let edited = driver.tweets[place].clone();
            tell(driver, false, &edited);
        }
        Happening::Deleted(_) | Happening::Edited(_) => {}
        Happening::Notified => driver.receive_follow(new_id),
        Happening::Messaged => {
            let linus = driver.accounts.get(3).cloned();
            let text = "A message that is not the last one. ".repeat(usize::try_from(n % 4).unwrap() + 1);
            let new = v1::DirectMessage { id: new_id, conversation_id: 78, ..message(0, 4, &text) };
            let live = v1::LiveMessage { message: Some(new), author: linus.clone(), with: linus };
            driver.live(Topic::Conversations, LiveEvent::Message(live));
        }
        Happening::Presence(account) => {
            if driver.online.contains(&account) {
                driver.online.retain(|one| *one != account);
            } else {
                driver.online.push(account);
            }
            let gap = LiveEvent::Gap(v1::Gap { after: 1 });
            driver.live(Topic::Presence, gap);
        }
        Happening::Reconnected(missed) => {
            driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
            for m in 0..u64::try_from(missed).unwrap() {
                driver.tweets.insert(0, v1::Tweet { id: new_id + m + 1, ..tweet(0, 3, "missed #rust") });
            }
            driver.handle(Message::Link(client::State::Connected));
        }
        Happening::Announced => {
            let new = announcement(0, &format!("Announcement {n}"));
            driver.receive_announcement(v1::Announcement { id: new_id, ..new });
        }
        Happening::Waited(ms) => {
            driver.wait(ms);
        }
        Happening::Moved(keys) => {
            driver.press(keys);
        }
    }
}

/// The selected row, its first and its last line on the screen. A message of the client may cover its end.
fn anchor(driver: &mut TuiDriver) -> (Option<Row>, Option<usize>, Option<usize>) {
    driver.state.toast = None;
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    let is_selected = |line: &&str| line.starts_with('▌');
    (
        driver.state.selected().cloned(),
        lines.iter().position(is_selected),
        lines.iter().rposition(is_selected),
    )
}

/// Why the selected row is not where it was; `None` if it is.
fn moved(screen: &Screen, steps: usize, all: &[Happening]) -> Option<String> {
    let mut driver = screen.open(Start { settings: "", size: SIZE, is_plain: false });
    for _ in 0..steps {
        driver.press("j");
    }
    let before = anchor(&mut driver);
    for (n, what) in (0_u64..).zip(all) {
        happen(&mut driver, n, *what);
        let now = anchor(&mut driver);
        // A row that no longer fits is moved up until its end is at the bottom of the screen.
        let touches_end = now.2.is_some_and(|end| end + 3 >= usize::from(SIZE.1));
        // A list that fits on the screen is shown whole.
        let fits = !driver.screen().contains('┃');
        if now.0 != before.0 || (now.1 != before.1 && !touches_end && !fits) {
            return Some(format!("{}: {what:?}\n{before:?}\n{now:?}\n{}", screen.name, driver.screen()));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn nothing_but_the_reader_moves_the_selected_row_of_any_list(
        list in 0_usize..=LISTS.len(),
        steps in 0_usize..6,
        all in prop::collection::vec(happening(), 1..12),
    ) {
        let screen = lists().nth(list).unwrap();
        let problem = moved(&screen, steps, &all);
        prop_assert!(problem.is_none(), "{}", problem.unwrap_or_default());
    }
}

#[test]
fn each_list_has_a_selected_row_and_all_kinds_of_rows_are_among_them() {
    let mut kinds = std::collections::BTreeSet::new();
    assert_eq!(lists().count(), LISTS.len() + 1);
    for screen in lists() {
        let mut driver = screen.at(SIZE);
        assert!(anchor(&mut driver).1.is_some(), "{}\n{}", screen.name, driver.screen());
        let rows = driver.state.screen().unwrap().list.rows();
        kinds.extend(rows.iter().map(|row| format!("{row:?}").split(['(', ' ']).next().unwrap().to_owned()));
    }
    for kind in [
        "Tweet",
        "Gap",
        "ReadLine",
        "Person",
        "ProfileHead",
        "Sections",
        "Notification",
        "Hashtag",
        "Conversation",
        "Draft",
        "Session",
        "Heading",
        "Sentence",
        "Offer",
        "Logged",
        "OtherReplies",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
}

#[test]
fn what_moves_the_selection_or_scrolls_below_it_is_noticed_in_every_list() {
    for screen in lists() {
        // Up or down, unless it has one row only.
        let rows = screen.at(SIZE).state.screen().unwrap().list.rows().len();
        let is_noticed = |keys| moved(&screen, 0, &[Happening::Tweet, Happening::Moved(keys)]).is_some();
        assert!(rows < 2 || is_noticed("j") || is_noticed("k"), "{}", screen.name);
    }
    // The same row on another line of the screen.
    let home = screens().next().unwrap();
    for keys in ["J", "K"] {
        let problem = moved(&home, 4, &[Happening::Moved(keys)]);
        assert!(problem.is_some_and(|problem| problem.contains(keys)), "{keys}");
    }
}
