//! The pages that are kept for reading without a connection: they have what the screen has, and no newer age than that.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::{MINUTE, NOW, TuiDriver, id, tweet};
use mini_tweet_tui::message::{Effect, LocalItem, Message, Topic};
use mini_tweet_tui::page::Page;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event;

/// The pages that were written since this was called last, oldest first.
fn written(driver: &mut TuiDriver) -> Vec<(String, Page)> {
    let page = |effect| match effect {
        Effect::Save(LocalItem::Page(name), bytes) => Some((name, Page::decode(&bytes).unwrap())),
        _ => None,
    };
    std::mem::take(&mut driver.effects).into_iter().filter_map(page).collect()
}

/// The screens of these keys on a client that starts later without a connection.
fn read_offline(pages: &[(String, Page)], minutes_later: i64, keys: &str) -> String {
    let last = |name: &str| pages.iter().rev().find(|(other, _)| other == name).map(|(_, page)| page.clone());
    let now = NOW + minutes_later * MINUTE;
    let setup = Setup { username: Some("ada".into()), home: last("home"), now, ..TuiDriver::setup(120, 60) };
    let mut driver = TuiDriver::with(setup, false);
    driver.now = now;
    let (endpoint, reason) = ("a.org".to_owned(), "no route".to_owned());
    driver.handle(Message::Unreachable(client::ClientError::Unreachable { endpoint, reason }));
    for key in keys.split(' ') {
        driver.press(key);
        for effect in std::mem::take(&mut driver.effects) {
            if let Effect::Recall(purpose, name) = effect
                && let Some(page) = last(&name)
            {
                driver.handle(Message::Recalled(purpose, Box::new(page)));
            }
        }
    }
    driver.screen()
}

fn lose(driver: &mut TuiDriver) {
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
}

/// What happens after the first page: tweets of others and of the user, an edit and a deletion.
fn go_on(driver: &mut TuiDriver) {
    driver.receive_tweet(v1::Tweet { quote_of: id(9), ..tweet(-1, 2, "Live from Grace") });
    driver.receive_tweet(tweet(-2, 1, "My own words"));
    let edited = v1::Tweet { edited_ms: NOW, ..tweet(2, 4, "Shipped last night") };
    let accounts = driver.accounts.clone();
    let live = v1::LiveTweet { tweet: Some(edited), referenced: Vec::new(), accounts };
    driver.live(Topic::Home, Event::TweetEdited(live));
    driver.live(Topic::Home, Event::TweetDeleted(v1::TweetDeleted { tweet_id: id(11) }));
}

fn assert_went_on(screen: &str) {
    for text in ["Live from Grace", "My own words", "Shipped last night", "This, but with fewer locks"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
    assert!(!screen.contains("Shipping tonight") && !screen.contains("One writer"), "{screen}");
}

#[test]
fn what_came_after_the_first_page_is_kept_too() {
    let mut driver = TuiDriver::new(80, 24);
    go_on(&mut driver);
    // At the latest some seconds later, even if the program is killed then.
    driver.wait(2_000);
    let pages = written(&mut driver);
    let screen = read_offline(&pages, 12, "g h");
    assert_went_on(&screen);
    assert!(screen.contains("saved 11 min ago"), "{screen}");
}

#[test]
fn the_end_of_the_connection_and_of_the_client_keep_everything_at_once() {
    let mut driver = TuiDriver::new(80, 24);
    go_on(&mut driver);
    lose(&mut driver);
    assert_went_on(&read_offline(&written(&mut driver), 12, "g h"));

    let mut driver = TuiDriver::new(80, 24);
    go_on(&mut driver);
    driver.press("q q");
    assert_went_on(&read_offline(&written(&mut driver), 12, "g h"));
}

#[test]
fn every_kind_of_list_is_kept() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g n g c enter esc g t g l g u g p G enter esc g b 1 g g t").wait(2_000);
    let pages = written(&mut driver);
    for (keys, shows) in [
        ("g n", "liked your tweet"),
        ("g c", "Shall we meet"),
        ("g c enter", "It linked at the first try"),
        ("g t", "#selfhosted"),
        ("g l", "Shipping tonight"),
        ("g u", "@yukari"),
        ("g p", "who writes the reader"),
        ("g b", "The nanosecond"),
    ] {
        let screen = read_offline(&pages, 12, keys);
        assert!(screen.contains(shows), "{keys}\n{screen}");
    }
    for name in ["thread-", "chat-grace", "people", "profile-ada"] {
        assert!(pages.iter().any(|(page, _)| page.starts_with(name)), "{name}");
    }
    let presence = read_offline(&pages, 12, "g u");
    assert!(!presence.contains("● @grace"), "{presence}");
}

#[test]
fn nothing_is_written_while_nothing_changes() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g n g l g h").wait(2_000);
    assert!(!written(&mut driver).is_empty());
    driver.press("j j k G g g").wait(2_000);
    for _ in 0..30 {
        driver.wait(MINUTE);
    }
    let names: Vec<String> = written(&mut driver).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, Vec::<String>::new());
    assert!(driver.state.screens.unsaved_since.is_none(), "and nothing wakes the client for it");
}

#[test]
fn the_age_of_a_page_is_that_of_its_content() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g b g h").wait(2_000).wait(60 * MINUTE);
    let mut pages = written(&mut driver);
    lose(&mut driver);
    // Live events kept the home timeline up to date, and nothing the bookmarks.
    assert!(driver.shows("saved just now"), "{}", driver.screen());
    driver.responds = false;
    driver.press("g b");
    assert!(driver.shows("saved 1 h ago"), "{}", driver.screen());
    pages.extend(written(&mut driver));
    let screen = read_offline(&pages, 72, "g h");
    assert!(screen.contains("saved 11 min ago"), "{screen}");
    let screen = read_offline(&pages, 72, "g b");
    assert!(screen.contains("saved 1 h ago"), "{screen}");
}

#[test]
fn a_list_that_is_left_is_as_old_as_when_it_was_left() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g l").wait(30 * MINUTE);
    driver.press("g h").wait(30 * MINUTE);
    // A thread subscribes to the same events, and does not make up for those that were missed.
    driver.press("t").wait(30 * MINUTE);
    lose(&mut driver);
    driver.responds = false;
    driver.press("g l");
    assert!(driver.shows("saved 1 h ago"), "{}", driver.screen());
}

#[test]
fn what_is_below_a_gap_is_not_kept() {
    let mut driver = TuiDriver::new(80, 24);
    lose(&mut driver);
    for n in 0..60 {
        driver.tweets.insert(0, tweet(-n, 2, &format!("Meanwhile {n}")));
    }
    driver.handle(Message::Link(client::State::Connected));
    driver.wait(2_000);
    let page = written(&mut driver).into_iter().rfind(|(name, _)| name == "home").unwrap().1;
    let protocol::v1::response::Result::TweetPage(page) = page.result else { panic!("not a page of tweets") };
    assert!(page.tweets.iter().all(|tweet| tweet.text.contains("Meanwhile")), "{page:?}");
    assert_eq!(page.next, page.tweets.last().unwrap().id.to_string());
}
