//! Read-only mode: nothing that changes something leaves the client.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use driver::plain::PlainDriver;
use mini_tweet_tui::commands::COMMANDS;
use mini_tweet_tui::message::Message;
use mini_tweet_tui::state::Setup;
use protocol::v1::request::Op;

/// A read-only client of Ada.
fn driver() -> TuiDriver {
    let setup = Setup { username: Some("ada".into()), is_read_only: true, ..TuiDriver::setup(80, 24) };
    TuiDriver::with(setup, true)
}

/// Whether a request only reads, by its name.
fn reads(op: &Op) -> bool {
    let name = format!("{op:?}");
    ["Get", "List", "Read", "Search", "Check"].iter().any(|verb| name.starts_with(verb))
        || matches!(op, Op::LogIn(_))
}

fn assert_only_reads(driver: &TuiDriver, after: &str) {
    let written: Vec<_> = driver.requests().into_iter().filter(|op| !reads(op)).collect();
    assert!(written.is_empty(), "{after}: {written:?}");
}

#[test]
fn no_command_on_any_screen_writes() {
    for screen in ["g h", "g n", "g c enter", "g u", "g p", "g d", "g s", "j t"] {
        for command in COMMANDS {
            for argument in ["", "grace", "@grace words"] {
                let mut driver = driver();
                driver.press(screen);
                driver.handle(Message::Command(command.action, argument.to_owned()));
                driver.press("enter text:words enter ctrl-s alt-enter").wait(60_000);
                driver.press("ctrl-c ctrl-c").wait(60_000);
                assert_only_reads(&driver, &format!("{screen}, {} {argument}", command.id));
            }
        }
    }
}

#[test]
fn a_chat_can_be_read_but_not_answered() {
    let mut driver = driver();
    driver.press("g c enter enter text:words enter").wait(60_000);
    assert_only_reads(&driver, "a chat");
    assert!(driver.state.composer.is_none());
    driver.press("enter");
    assert!(driver.shows("Read-only mode"), "{}", driver.screen());
}

#[test]
fn every_screen_says_that_nothing_can_be_changed() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        for keys in
            ["g h", "2", "3", "3 enter", "4", "5", "6", "g s", "g d", "g a", "j t", "a", ": text:log enter"]
        {
            let setup =
                Setup { username: Some("ada".into()), is_read_only: true, ..TuiDriver::setup(width, height) };
            let mut driver = TuiDriver::with(setup, true);
            driver.wait(60_000).press(keys).wait(60_000);
            assert_eq!(driver.screen().matches("read only").count(), 1, "{keys}\n{}", driver.screen());
        }
    }
    let setup = Setup { is_read_only: true, username: Some("ada".into()), ..PlainDriver::setup() };
    let plain = PlainDriver::with(setup);
    assert!(plain.printed.contains("Read-only mode: nothing can be changed."), "{}", plain.printed);
}
