//! Finding people, hashtags and the tweet that a reply answers: the server is asked about what was not loaded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::{TuiDriver, account, id, tweet};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::request::Op;

/// A server with more people than a page.
fn large() -> TuiDriver {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.people_page = 40;
    for n in 0..962 {
        let name = if n % 40 == 39 { "Zeller" } else { "Meier" };
        driver.accounts.push(account(1_000 + n, &format!("person{n}"), &format!("Nora {name}")));
    }
    driver.connect(true);
    driver
}

#[test]
fn a_filter_of_people_asks_the_server_for_those_that_were_not_loaded() {
    let mut driver = large();
    driver.press("5 / text:Zeller");
    assert!(driver.shows("@person959") || driver.shows("@person79"), "{}", driver.screen());
    let rows = driver.state.screen().unwrap().list.rows().len();
    assert!(rows >= 24, "{rows} rows\n{}", driver.screen());
    driver.press("enter esc");
    assert!(!driver.shows("Zeller"), "{}", driver.screen());
    // What was loaded completely is not asked for.
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5 / text:gra");
    assert!(!driver.requests().iter().any(|op| matches!(op, Op::SearchPeople(_))));
}

#[test]
fn hashtags_are_completed_from_the_server() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("# text:game");
    assert!(driver.shows("#GameofThrones"), "{}", driver.screen());
    driver.press("esc c text:#gam");
    assert!(driver.shows("#GameofThrones"), "{}", driver.screen());
    driver.press("ctrl-u text:#日");
    assert!(driver.shows("#日本"), "{}", driver.screen());
    driver.press("alt-x ctrl-k text:gard");
    assert!(driver.shows("#gardening"), "{}", driver.screen());
}

#[test]
fn a_reply_says_to_whom_even_if_what_it_answers_is_not_on_the_page() {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    let parent = tweet(90_000, 5, "Long ago");
    let gone = id(91_000);
    driver.tweets.insert(0, v1::Tweet { reply_to: parent.id, ..tweet(1, 2, "an answer") });
    driver.tweets.insert(1, v1::Tweet { reply_to: gone, ..tweet(1, 3, "another answer") });
    driver.tweets.get_mut(1).unwrap().id -= 1;
    driver.tweets.push(parent);
    driver.connect(true);
    assert!(driver.shows("↳ Replying to @yukari · Long ago"), "{}", driver.screen());
    assert!(driver.shows("↳ Replying to a tweet that is no longer available"), "{}", driver.screen());
    let asked =
        |driver: &TuiDriver| driver.requests().iter().filter(|op| matches!(op, Op::GetTweet(_))).count();
    let before = asked(&driver);
    driver.press("j k j k g n g h").wait(60_000);
    assert_eq!(asked(&driver), before, "each is asked for once");
}

#[test]
fn a_search_finds_people_by_any_part_of_their_names() {
    for keys in ["g / text:zell", ": text:search_zell enter", "g / text:@zell enter", "g / text:zell enter"] {
        let mut driver = large();
        driver.press(keys);
        assert!(driver.shows("Zeller"), "{keys}\n{}", driver.screen());
    }
    // One letter is enough, and people are above the tweets.
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:search_o enter");
    assert!(driver.shows("@yukari") || driver.shows("@grace"), "{}", driver.screen());
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:search_day enter");
    let rows = driver.state.screen().unwrap().list.rows();
    assert!(rows.iter().all(|row| row.tweet().is_some() || row.is_head()), "{}", driver.screen());
}

#[test]
fn a_filter_of_a_list_that_is_here_counts_what_it_shows() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("5 / text:gra enter");
    assert!(driver.shows("People · 1 "), "{}", driver.screen());
}
