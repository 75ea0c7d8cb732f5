//! Signing up: what the form says while it is written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod desk;

use desk::Desk;
use mini_tweet_tui::state::Setup;
use protocol::v1::request::Op;

/// In the form for a new account, in the field for the username.
fn signing_up() -> Desk {
    let mut desk = Desk::with(Setup { server: "a.org:4280".into(), ..Desk::setup(80, 24) }, true);
    desk.press("down enter");
    desk
}

fn checks(desk: &Desk) -> usize {
    desk.asked().into_iter().filter(|op| matches!(op, Op::CheckUsername(_))).count()
}

#[test]
fn what_was_wrong_in_a_form_is_gone_when_it_is_mended() {
    let mut desk = signing_up();
    desk.press("text:ada tab tab text:secret1234 enter text:other enter");
    assert!(desk.shows("not the same"), "{}", desk.screen());
    desk.press("backspace");
    assert!(!desk.shows("not the same"), "{}", desk.screen());
}

#[test]
fn whether_a_username_can_be_had_is_asked_once_when_typing_stops_and_shown() {
    let mut desk = signing_up();
    desk.press("text:gracehopper").wait(300);
    assert_eq!(checks(&desk), 0);
    desk.wait(200);
    assert_eq!(checks(&desk), 1);
    assert!(desk.shows("✓ free"), "{}", desk.screen());
    desk.press("text:x");
    assert!(!desk.shows("✓ free"), "what was asked about another name is not shown");
    desk.refusal = Some(model::Error::AlreadyExists("username".into()));
    desk.wait(500);
    assert!(desk.shows("✕ taken"), "{}", desk.screen());
}

#[test]
fn a_username_that_breaks_the_rules_is_said_without_asking() {
    let mut desk = signing_up();
    desk.press("text:no-dashes").wait(500);
    assert_eq!(checks(&desk), 0);
    assert!(desk.shows("✕"), "{}", desk.screen());
}

#[test]
fn an_answer_about_an_older_username_is_not_shown() {
    let mut desk = signing_up();
    desk.is_answered = false;
    desk.press("text:ada").wait(500);
    desk.press("text:lovelace");
    desk.is_answered = true;
    desk.answer_all();
    assert!(!desk.shows("✓ free"), "{}", desk.screen());
}

#[test]
fn how_strong_a_password_is_is_said_while_it_is_typed_and_never_the_password() {
    let mut desk = signing_up();
    desk.press("text:ada tab tab text:eleph");
    assert!(desk.shows("3 more characters"), "{}", desk.screen());
    desk.press("text:ant7");
    assert!(desk.shows("weak"), "{}", desk.screen());
    desk.press("text:_and_something_else");
    assert!(desk.shows("strong") && !desk.shows("something"), "{}", desk.screen());
}
