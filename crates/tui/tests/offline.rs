//! Without a connection: what was read before is there, and says of when it is.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod desk;

use desk::{Desk, MINUTE, NOW, tweet};
use mini_tweet_tui::message::{Effect, Message, Purpose, Shelved};
use mini_tweet_tui::page::Page;
use mini_tweet_tui::place::{Part, Place, ProfileTab};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::response::Result as Answer;

/// What a client kept of these places while it had a connection.
fn kept(keys: &str) -> Vec<(String, Page)> {
    let mut desk = Desk::new(80, 24);
    desk.press(keys);
    let page = |effect| match effect {
        Effect::Keep(Shelved::Page(name), bytes) => Some((name, Page::decode(&bytes).unwrap())),
        _ => None,
    };
    desk.effects.into_iter().filter_map(page).collect()
}

/// Ada twelve minutes later, without a connection, with what was kept.
fn without_connection(kept: &[(String, Page)]) -> Desk {
    let home = kept.iter().find(|(name, _)| name == "home").map(|(_, page)| page.clone());
    let setup = Setup { username: Some("ada".into()), home, now: NOW + 12 * MINUTE, ..Desk::setup(80, 24) };
    let mut desk = Desk::with(setup, false);
    desk.now = NOW + 12 * MINUTE;
    let endpoint = "a.org".to_owned();
    desk.tell(Message::Unreachable(client::ClientError::Unreachable { endpoint, reason: "no route".into() }));
    desk
}

/// Brings what the client wants of what was kept.
fn recall(desk: &mut Desk, kept: &[(String, Page)]) {
    let wanted: Vec<(Purpose, String)> = std::mem::take(&mut desk.effects)
        .into_iter()
        .filter_map(
            |effect| if let Effect::Recall(purpose, name) = effect { Some((purpose, name)) } else { None },
        )
        .collect();
    for (purpose, name) in wanted {
        if let Some((_, page)) = kept.iter().rev().find(|(other, _)| *other == name) {
            desk.tell(Message::Recalled(purpose, Box::new(page.clone())));
        }
    }
}

#[test]
fn what_was_read_is_there_without_a_connection_and_says_of_when_it_is() {
    let kept = kept("g n g c g t g l g p");
    let mut desk = without_connection(&kept);
    assert!(desk.shows("as of 12m ago") && desk.shows("Shipping tonight"), "{}", desk.screen());
    for (keys, shows) in
        [("g n", "followed you"), ("g t", "#rust"), ("g l", "Shipping tonight"), ("g p", "I like")]
    {
        desk.press(keys);
        recall(&mut desk, &kept);
        assert!(desk.shows(shows) && desk.shows("as of 12m ago"), "{keys}: {}", desk.screen());
    }
    // What was never read is not there, and says why.
    desk.press("g b");
    recall(&mut desk, &kept);
    assert!(!desk.shows("as of"), "{}", desk.screen());
}

#[test]
fn nobody_is_said_to_be_there_when_that_cannot_be_known() {
    let mut desk = Desk::new(120, 40);
    assert!(desk.shows("● Grace") || desk.shows("● @grace"), "{}", desk.screen());
    desk.tell(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert!(!desk.shows("● Grace") && !desk.shows("● @grace"), "{}", desk.screen());
    assert!(desk.shows("as of just now"), "{}", desk.screen());
}

#[test]
fn with_the_connection_what_was_kept_is_read_anew() {
    let kept = kept("g n");
    let mut desk = without_connection(&kept);
    desk.press("g n");
    recall(&mut desk, &kept);
    desk.press("g h");
    desk.tweets.insert(0, tweet(-5, 2, "while you were away"));
    desk.connect(true);
    assert!(!desk.shows("as of"), "{}", desk.screen());
    assert!(desk.state.known.tweets().any(|tweet| tweet.text == "while you were away"));
    let before = desk.asked().len();
    desk.press("g n");
    assert!(desk.asked().len() > before, "notifications are asked for");
    assert!(!desk.shows("as of"), "{}", desk.screen());
}

#[test]
fn a_server_that_was_faster_than_the_disk_is_right() {
    let mut desk = Desk::new(80, 24);
    let page = v1::TweetPage { tweets: vec![tweet(1, 2, "old")], ..v1::TweetPage::default() };
    let purpose = Purpose::Fill(Place::Home, Part::Newest);
    let page = Page { kept_ms: NOW - MINUTE, result: Answer::TweetPage(page) };
    desk.tell(Message::Recalled(purpose, Box::new(page)));
    assert!(!desk.shows("as of") && desk.shows("Shipping tonight"), "{}", desk.screen());
}

#[test]
fn nothing_is_kept_on_a_server_and_nothing_stays_after_logging_out() {
    let mut setup = Setup { username: Some("ada".into()), ..Desk::setup(80, 24) };
    setup.capabilities.is_local = false;
    let mut desk = Desk::with(setup, true);
    desk.press("g n g l");
    assert!(!desk.kept().iter().any(|what| matches!(what, Shelved::Page(_))));

    let mut desk = Desk::new(80, 24);
    desk.press(":log-out enter".replace(":log-out", ": text:log-out").as_str());
    assert!(desk.effects.contains(&Effect::Drop(Shelved::Pages)), "{:?}", desk.effects.last());
}

#[test]
fn what_somebody_answered_is_a_tab_of_their_profile() {
    let mut desk = Desk::new(80, 24);
    desk.press("g p g g enter");
    assert!(matches!(desk.state.place(), Place::Profile(_, ProfileTab::Replies)), "{:?}", desk.state.place());
    assert!(
        desk.shows("[Replies]") && desk.shows("who writes the reader") && !desk.shows("Note number"),
        "{}",
        desk.screen()
    );
}
