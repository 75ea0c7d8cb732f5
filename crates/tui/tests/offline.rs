//! Without a connection: cached pages are shown with their age.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::{MINUTE, NOW, TuiDriver, tweet};
use mini_tweet_tui::message::{Effect, LocalItem, Message, Purpose};
use mini_tweet_tui::page::Page;
use mini_tweet_tui::route::{PageSelector, ProfileTab, Route};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::response::Result as Answer;

/// The pages that a client caches on the way of these keys.
fn cached_pages(keys: &str) -> Vec<(String, Page)> {
    let mut driver = TuiDriver::new(80, 24);
    driver.press(keys);
    let page = |effect| match effect {
        Effect::Save(LocalItem::Page(name), bytes) => Some((name, Page::decode(&bytes).unwrap())),
        _ => None,
    };
    driver.effects.into_iter().filter_map(page).collect()
}

/// A client of Ada twelve minutes later, without a connection, with cached pages.
fn without_connection(cached: &[(String, Page)]) -> TuiDriver {
    let home = cached.iter().find(|(name, _)| name == "home").map(|(_, page)| page.clone());
    let setup =
        Setup { username: Some("ada".into()), home, now: NOW + 12 * MINUTE, ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.now = NOW + 12 * MINUTE;
    let endpoint = "a.org".to_owned();
    driver.handle(Message::Unreachable(client::ClientError::Unreachable {
        endpoint,
        reason: "no route".into(),
    }));
    driver
}

/// Reads the cached pages that the client asks for.
fn recall(driver: &mut TuiDriver, cached: &[(String, Page)]) {
    let wanted: Vec<(Purpose, String)> = std::mem::take(&mut driver.effects)
        .into_iter()
        .filter_map(
            |effect| if let Effect::Recall(purpose, name) = effect { Some((purpose, name)) } else { None },
        )
        .collect();
    for (purpose, name) in wanted {
        if let Some((_, page)) = cached.iter().rev().find(|(other, _)| *other == name) {
            driver.handle(Message::Recalled(purpose, Box::new(page.clone())));
        }
    }
}

#[test]
fn cached_pages_are_shown_with_their_age() {
    let cached = cached_pages("g n g c g t g l g p");
    let mut driver = without_connection(&cached);
    assert!(driver.shows("as of 12m ago") && driver.shows("Shipping tonight"), "{}", driver.screen());
    for (keys, shows) in
        [("g n", "followed you"), ("g t", "#rust"), ("g l", "Shipping tonight"), ("g p", "I like")]
    {
        driver.press(keys);
        recall(&mut driver, &cached);
        assert!(driver.shows(shows) && driver.shows("as of 12m ago"), "{keys}: {}", driver.screen());
    }
    // A screen that was never loaded is not cached.
    driver.press("g b");
    recall(&mut driver, &cached);
    assert!(!driver.shows("as of"), "{}", driver.screen());
}

#[test]
fn no_one_is_shown_as_online_without_a_connection() {
    let mut driver = TuiDriver::new(120, 40);
    assert!(driver.shows("● Grace") || driver.shows("● @grace"), "{}", driver.screen());
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert!(!driver.shows("● Grace") && !driver.shows("● @grace"), "{}", driver.screen());
    assert!(driver.shows("as of just now"), "{}", driver.screen());
}

#[test]
fn cached_pages_are_loaded_again_with_a_connection() {
    let cached = cached_pages("g n");
    let mut driver = without_connection(&cached);
    driver.press("g n");
    recall(&mut driver, &cached);
    driver.press("g h");
    driver.tweets.insert(0, tweet(-5, 2, "while you were away"));
    driver.connect(true);
    assert!(!driver.shows("as of"), "{}", driver.screen());
    assert!(driver.state.entities.tweets().any(|tweet| tweet.text == "while you were away"));
    let before = driver.requests().len();
    driver.press("g n");
    assert!(driver.requests().len() > before, "notifications are asked for");
    assert!(!driver.shows("as of"), "{}", driver.screen());
}

#[test]
fn a_cached_page_never_replaces_a_response() {
    let mut driver = TuiDriver::new(80, 24);
    let page = v1::TweetPage { tweets: vec![tweet(1, 2, "old")], ..v1::TweetPage::default() };
    let purpose = Purpose::Fill(Route::Home, PageSelector::Newest);
    let page = Page { received_ms: NOW - MINUTE, result: Answer::TweetPage(page) };
    driver.handle(Message::Recalled(purpose, Box::new(page)));
    assert!(!driver.shows("as of") && driver.shows("Shipping tonight"), "{}", driver.screen());
}

#[test]
fn nothing_is_cached_over_ssh_or_after_signing_out() {
    let mut setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    setup.capabilities.is_local = false;
    let mut driver = TuiDriver::with(setup, true);
    driver.press("g n g l");
    assert!(!driver.saved().iter().any(|what| matches!(what, LocalItem::Page(_))));

    let mut driver = TuiDriver::new(80, 24);
    driver.press(":log-out enter".replace(":log-out", ": text:log-out").as_str());
    assert!(driver.effects.contains(&Effect::Drop(LocalItem::Pages)), "{:?}", driver.effects.last());
}

#[test]
fn replies_are_a_tab_of_a_profile() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g p g g enter");
    assert!(
        matches!(driver.state.route(), Route::Profile(_, ProfileTab::Replies)),
        "{:?}",
        driver.state.route()
    );
    assert!(
        driver.shows("[Replies]") && driver.shows("who writes the reader") && !driver.shows("Note number"),
        "{}",
        driver.screen()
    );
}
