//! The offered ssh key: adding it to the account may take the password.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::request::Op;

const KEY: &str = "ssh-ed25519 AAAA ada@laptop";

fn driver() -> TuiDriver {
    let setup =
        Setup { username: Some("ada".into()), offered_key: Some(KEY.to_owned()), ..TuiDriver::setup(80, 24) };
    TuiDriver::with(setup, true)
}

fn passwords(driver: &TuiDriver) -> Vec<String> {
    let asked = driver.requests().into_iter().filter_map(|op| match op {
        Op::AddSshKey(v1::AddSshKey { public_key, password, .. }) if public_key == KEY => {
            Some(password.clone())
        }
        _ => None,
    });
    asked.collect()
}

#[test]
fn the_password_is_asked_for_when_the_server_wants_it() {
    let mut driver = driver();
    driver.refusal = Some(model::Error::invalid("password", "is missing"));
    driver.press(": text:bind-key enter");
    assert_eq!(passwords(&driver), [""]);
    assert!(driver.shows("Password"), "{}", driver.screen());
    driver.refusal = Some(model::Error::invalid("password", "is wrong"));
    driver.press("text:guess enter");
    assert!(driver.shows("Password is wrong") && !driver.shows("guess"), "{}", driver.screen());
    driver.press("ctrl-u text:secret enter");
    assert_eq!(passwords(&driver), ["", "guess", "secret"]);
    assert!(driver.shows("You can sign in with this SSH key from now on"), "{}", driver.screen());
    assert!(driver.state.form.is_none());
    driver.press(": text:bind-key enter");
    assert!(driver.shows("This connection has no new SSH key"), "{}", driver.screen());
}

#[test]
fn a_key_that_was_refused_can_be_added_later() {
    let mut driver = driver();
    driver.refusal = Some(model::Error::Busy);
    driver.press(": text:bind-key enter");
    assert!(driver.shows("The SSH key was not added"), "{}", driver.screen());
    driver.refusal = Some(model::Error::invalid("password", "is missing"));
    driver.press(": text:bind-key enter esc");
    driver.press(": text:bind-key enter");
    assert_eq!(passwords(&driver).len(), 3);
    assert!(driver.shows("You can sign in with this SSH key from now on"), "{}", driver.screen());
}
