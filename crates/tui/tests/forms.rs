//! The sign-up form: notes and problems while it is filled in.

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
fn a_problem_disappears_when_the_field_is_edited() {
    let mut driver = signing_up();
    driver.press("text:ada tab tab text:secret1234 enter text:other enter");
    assert!(driver.shows("Passwords don't match"), "{}", driver.screen());
    driver.press("backspace");
    assert!(!driver.shows("Passwords don't match"), "{}", driver.screen());
}

#[test]
fn availability_of_a_username_is_requested_once_when_typing_stops() {
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
fn a_response_about_an_older_username_is_ignored() {
    let mut driver = signing_up();
    driver.responds = false;
    driver.press("text:ada").wait(500);
    driver.press("text:lovelace");
    driver.responds = true;
    driver.respond_to_all();
    assert!(!driver.shows("✓ available"), "{}", driver.screen());
}

#[test]
fn the_strength_of_a_password_is_shown_and_the_password_is_not() {
    let mut driver = signing_up();
    driver.press("text:ada tab tab text:eleph");
    assert!(driver.shows("3 more characters"), "{}", driver.screen());
    driver.press("text:ant7");
    assert!(driver.shows("weak"), "{}", driver.screen());
    driver.press("text:_and_something_else");
    assert!(driver.shows("strong") && !driver.shows("something"), "{}", driver.screen());
}
