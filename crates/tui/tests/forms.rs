//! Signing up: what the form says while it is written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use mini_tweet_tui::state::Setup;
use protocol::v1::request::Op;

/// In the form for a new account, in the field for the username.
fn signing_up() -> TuiDriver {
    let mut driver = TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) }, true);
    driver.press("down enter");
    driver
}

fn checks(driver: &TuiDriver) -> usize {
    driver.requests().into_iter().filter(|op| matches!(op, Op::CheckUsername(_))).count()
}

#[test]
fn what_was_wrong_in_a_form_is_gone_when_it_is_mended() {
    let mut driver = signing_up();
    driver.press("text:ada tab tab text:secret1234 enter text:other enter");
    assert!(driver.shows("Passwords don't match"), "{}", driver.screen());
    driver.press("backspace");
    assert!(!driver.shows("Passwords don't match"), "{}", driver.screen());
}

#[test]
fn whether_a_username_can_be_had_is_asked_once_when_typing_stops_and_shown() {
    let mut driver = signing_up();
    driver.press("text:gracehopper").wait(300);
    assert_eq!(checks(&driver), 0);
    driver.wait(200);
    assert_eq!(checks(&driver), 1);
    assert!(driver.shows("✓ available"), "{}", driver.screen());
    driver.press("text:x");
    assert!(!driver.shows("✓ available"), "what was asked about another name is not shown");
    driver.refusal = Some(model::Error::AlreadyExists("username".into()));
    driver.wait(500);
    assert!(driver.shows("✕ taken"), "{}", driver.screen());
}

#[test]
fn a_username_that_breaks_the_rules_is_said_without_asking() {
    let mut driver = signing_up();
    driver.press("text:no-dashes").wait(500);
    assert_eq!(checks(&driver), 0);
    assert!(driver.shows("✕"), "{}", driver.screen());
}

#[test]
fn an_answer_about_an_older_username_is_not_shown() {
    let mut driver = signing_up();
    driver.responds = false;
    driver.press("text:ada").wait(500);
    driver.press("text:lovelace");
    driver.responds = true;
    driver.respond_to_all();
    assert!(!driver.shows("✓ available"), "{}", driver.screen());
}

#[test]
fn how_strong_a_password_is_is_said_while_it_is_typed_and_never_the_password() {
    let mut driver = signing_up();
    driver.press("text:ada tab tab text:eleph");
    assert!(driver.shows("3 more characters"), "{}", driver.screen());
    driver.press("text:ant7");
    assert!(driver.shows("weak"), "{}", driver.screen());
    driver.press("text:_and_something_else");
    assert!(driver.shows("strong") && !driver.shows("something"), "{}", driver.screen());
}
