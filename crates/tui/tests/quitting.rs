//! The end of the client: what was done without a connection is done at the next start, and the client says what
//! became of what was not sent.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{TuiDriver, id};
use mini_tweet_tui::message::{Effect, LocalItem, Message};
use mini_tweet_tui::page::Page;
use mini_tweet_tui::state::Setup;
use mini_tweet_tui::user_action::UserAction;
use protocol::v1;
use protocol::v1::request::Op;

fn lose(driver: &mut TuiDriver) {
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
}

fn requested(driver: &TuiDriver, op: &Op) -> usize {
    driver.requests().into_iter().filter(|other| *other == op).count()
}

#[test]
fn what_was_done_without_a_connection_is_requested_at_the_next_start() {
    let tweet_id = id(2);
    let like = Op::Like(v1::Like { tweet_id });
    let retweet = Op::Retweet(v1::Retweet { tweet_id });
    let bookmark = Op::Bookmark(v1::Bookmark { tweet_id });
    let delete = Op::DeleteTweet(v1::DeleteTweet { tweet_id: id(40) });
    let of = |username: &str| username.to_owned();
    for (before, keys, op) in [
        ("g g", "f", like),
        ("g g", "b", retweet),
        ("g g", "s", bookmark),
        ("j j j j", "d", delete),
        ("5 j j j", "F", Op::Follow(v1::Follow { username: of("yukari") })),
        ("5", "F", Op::Unfollow(v1::Unfollow { username: of("grace") })),
        ("5", "M", Op::Mute(v1::Mute { username: of("grace") })),
        ("5", "X", Op::Block(v1::Block { username: of("grace") })),
        ("5", "R", Op::RemoveFollower(v1::RemoveFollower { username: of("grace") })),
    ] {
        let mut driver = TuiDriver::new(80, 24);
        driver.wait(9_000).press(before);
        lose(&mut driver);
        driver.responds = false;
        driver.press(keys);
        assert!(driver.quit().contains("Not sent yet: 1 action."), "{keys}");
        let mut driver = driver.restart(false);
        assert_eq!(requested(&driver, &op), 0, "{keys}");
        // A start without a server does not lose it either.
        driver = driver.restart(true);
        driver.wait(1_000);
        assert_eq!(requested(&driver, &op), 1, "{keys}");
        let driver = driver.restart(true);
        assert_eq!(requested(&driver, &op), 0, "{keys}: it was done");
    }
}

#[test]
fn an_action_that_was_undone_without_a_connection_is_not_requested_at_the_next_start() {
    let mut driver = TuiDriver::new(80, 24);
    lose(&mut driver);
    driver.responds = false;
    driver.press("f f");
    let mut driver = driver.restart(true);
    driver.wait(1_000);
    assert_eq!(requested(&driver, &Op::Like(v1::Like { tweet_id: id(2) })), 0);
    assert_eq!(requested(&driver, &Op::Unlike(v1::Unlike { tweet_id: id(2) })), 1);
}

#[test]
fn what_waits_is_still_shown_as_waiting_after_a_start_without_a_server() {
    let mut driver = TuiDriver::new(80, 24);
    driver.wait(2_000);
    let home = driver.effects.iter().find_map(|effect| match effect {
        Effect::Save(LocalItem::Page(name), bytes) if name == "home" => Page::decode(bytes),
        _ => None,
    });
    let actions = vec![UserAction::Like(id(2), true), UserAction::Follow("alan".into(), true)];
    let setup = Setup { username: Some("ada".into()), home, actions, ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.handle(Message::Unreachable(client::ClientError::Lost));
    assert!(driver.shows("♥ 4 … (you)"), "{}", driver.screen());
}

#[test]
fn read_only_mode_leaves_what_waits_for_later() {
    let actions = vec![UserAction::Like(id(2), true)];
    let setup =
        Setup { username: Some("ada".into()), is_read_only: true, actions, ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, true);
    driver.wait(60_000);
    assert_eq!(requested(&driver, &Op::Like(v1::Like { tweet_id: id(2) })), 0);
    let deadline = mini_tweet_tui::update::deadline(&driver.state);
    assert!(deadline.is_none_or(|at| at > driver.now), "it must not wake up all the time");
}

#[test]
fn quitting_says_what_becomes_of_what_was_not_sent() {
    let mut driver = TuiDriver::new(80, 24);
    assert_eq!(driver.quit(), "");
    driver.press("c text:hello ctrl-s");
    assert_eq!(driver.quit(), "Sent.\n");

    let mut driver = TuiDriver::new(80, 24);
    driver.press("c text:hello ctrl-s");
    driver.refusal = Some(model::Error::Forbidden("not here".into()));
    assert_eq!(driver.quit(), "The server refused 1 text. What you wrote is kept with your drafts.\n");

    let mut driver = TuiDriver::new(80, 24);
    lose(&mut driver);
    driver.responds = false;
    driver.press("f c text:one ctrl-s c text:two ctrl-s c text:half");
    driver.press("ctrl-c");
    assert!(driver.shows("Your drafts, and what waits, are saved"), "{}", driver.screen());
    assert_eq!(
        driver.quit(),
        "Draft saved.\nNot sent yet: 2 texts and 1 action. They are sent the next time you start Mini-Tweet with \
         this account.\n"
    );
}

#[test]
fn signing_out_says_so() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:log-out enter 2");
    assert_eq!(driver.quit(), "Signed out of @ada on Gardeners. Your drafts stay on this computer.\n");
}

#[test]
fn plain_mode_says_the_same() {
    let mut plain = PlainDriver::new();
    plain.line("post hello");
    assert_eq!(plain.tui.quit(), "Sent.\n");
}
