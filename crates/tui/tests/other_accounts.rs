//! The other accounts of the machine: what is unread in them is checked once a minute, and shown only while it is known.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use driver::plain::PlainDriver;
use mini_tweet_tui::message::{Effect, Message};
use mini_tweet_tui::state::Setup;
use mini_tweet_tui::update::deadline;

const WORK: &str = "work@works.example:4280";
const MOD: &str = "mod@tweets.example.org:4280";

fn setup() -> Setup {
    Setup { username: Some("ada".into()), others: vec![WORK.into(), MOD.into()], ..TuiDriver::setup(120, 40) }
}

/// The accounts that were asked what is unread in them.
fn asked(driver: &TuiDriver) -> Vec<&str> {
    let asked = driver.effects.iter().filter_map(|effect| match effect {
        Effect::CheckUnread(name) => Some(name.as_str()),
        _ => None,
    });
    asked.collect()
}

fn answer(driver: &mut TuiDriver, name: &str, unread: Option<u32>) {
    driver.handle(Message::UnreadElsewhere(name.into(), unread));
}

/// The first row of the screen.
fn server_row(driver: &TuiDriver) -> String {
    driver.screen().lines().next().unwrap().trim().to_owned()
}

fn open_menu(driver: &mut TuiDriver) {
    let names = [MOD, "ada@tweets.example.org:4280", WORK];
    driver.handle(Message::Accounts(names.map(str::to_owned).to_vec()));
}

#[test]
fn the_other_accounts_are_checked_once_a_minute_one_after_the_other() {
    let mut driver = TuiDriver::with(setup(), true);
    assert_eq!(asked(&driver), Vec::<&str>::new(), "what the reader sees is loaded first");
    driver.wait(3_000);
    assert_eq!(asked(&driver), [WORK]);
    driver.wait(120_000);
    assert_eq!(asked(&driver), [WORK], "an account that does not respond is not asked again");
    answer(&mut driver, WORK, Some(2));
    answer(&mut driver, MOD, Some(0));
    assert_eq!(asked(&driver), [WORK, MOD]);
    driver.wait(59_000);
    assert_eq!(asked(&driver).len(), 2);
    assert!(deadline(&driver.state).unwrap() <= driver.now + 1_000, "the client wakes for it");
    driver.wait(1_000);
    assert_eq!(asked(&driver), [WORK, MOD, WORK]);
}

#[test]
fn nothing_is_checked_with_one_account_or_before_signing_in() {
    for setup in [Setup { others: Vec::new(), ..setup() }, Setup { username: None, ..setup() }] {
        let mut driver = TuiDriver::with(setup, true);
        driver.wait(3_000).wait(60_000);
        assert_eq!(asked(&driver), Vec::<&str>::new());
    }
}

#[test]
fn unread_items_elsewhere_are_in_the_server_row_and_in_the_menu_of_accounts() {
    let mut driver = TuiDriver::with(setup(), true);
    driver.wait(3_000);
    answer(&mut driver, WORK, Some(2));
    answer(&mut driver, MOD, Some(300));
    assert!(server_row(&driver).ends_with("A: @work ◆2  @mod ◆99+ · @ada · live"), "{}", driver.screen());
    open_menu(&mut driver);
    let row = |name: &str| driver.screen().lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("works.example").contains("◆2"), "{}", driver.screen());
    assert!(row("@mod   ").contains("◆99+") && row("here ✓").contains("@ada"), "{}", driver.screen());
}

#[test]
fn a_number_that_is_no_longer_known_is_not_shown() {
    let mut driver = TuiDriver::with(setup(), true);
    driver.wait(3_000);
    answer(&mut driver, WORK, Some(2));
    answer(&mut driver, MOD, Some(1));
    driver.wait(60_000);
    answer(&mut driver, WORK, None);
    answer(&mut driver, MOD, Some(0));
    assert!(!server_row(&driver).contains("A:"), "{}", driver.screen());
    open_menu(&mut driver);
    let screen = driver.screen();
    let row = |name: &str| screen.lines().find(|line| line.contains(name)).unwrap();
    assert!(!row("works.example").contains('◆') && !row("@mod   ").contains('◆'), "{screen}");
    assert!(driver.state.toast.is_none() && !driver.state.log.lines().any(|line| line.text.contains("work")));
}

#[test]
fn an_account_that_was_signed_out_elsewhere_is_asked_no_longer() {
    let mut driver = TuiDriver::with(setup(), true);
    driver.wait(3_000);
    answer(&mut driver, WORK, Some(2));
    answer(&mut driver, MOD, Some(1));
    driver.handle(Message::Accounts(vec![MOD.into(), "ada@tweets.example.org:4280".into()]));
    driver.press("esc").wait(60_000);
    answer(&mut driver, MOD, Some(1));
    assert_eq!(asked(&driver), [WORK, MOD, MOD]);
    assert!(server_row(&driver).contains("A: @mod ◆1 ·"), "{}", driver.screen());
}

#[test]
fn plain_mode_says_what_is_unread_elsewhere() {
    let mut tui = TuiDriver::with(
        Setup { username: Some("ada".into()), others: vec![WORK.into()], ..PlainDriver::setup() },
        true,
    );
    tui.wait(3_000);
    answer(&mut tui, WORK, Some(2));
    open_menu(&mut tui);
    let plain = PlainDriver::from(tui);
    assert!(plain.printed.contains("@work, works.example:4280, 2 unread."), "{}", plain.printed);
    assert!(
        plain.printed.contains("@ada, Gardeners, tweets.example.org:4280, this one."),
        "{}",
        plain.printed
    );
}
