//! What the operator says to everyone: announcements, the server's name, its description and rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use driver::plain::PlainDriver;
use mini_tweet_tui::message::{Effect, LocalItem, Message, Topic};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use terminal::key::{Event, MouseAction};

const TEXT: &str = "We restart at 18:00";
const RULES: [&str; 2] = ["Be kind", "No ads"];

fn announce(driver: &mut TuiDriver, text: &str) {
    let announcement = v1::LiveAnnouncement { text: text.to_owned() };
    driver.live(Topic::Notifications, LiveEvent::Announcement(announcement));
}

/// A client of Ada; the server has an announcement from before.
fn signed_in(dismissed: &str) -> TuiDriver {
    let setup =
        Setup { username: Some("ada".into()), dismissed: dismissed.to_owned(), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.info.announcement = TEXT.to_owned();
    driver.connect(true);
    driver.wait(60_000);
    driver
}

/// Whether the title row says that there is an announcement, and which keys show it.
fn is_announced(driver: &TuiDriver) -> bool {
    driver.shows("1 announcement · ga") || driver.shows("! ga")
}

#[test]
fn an_announcement_is_shown_on_every_screen_and_at_every_size_until_it_is_dismissed() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.wait(60_000);
        driver.info.announcement = TEXT.to_owned();
        announce(&mut driver, TEXT);
        // In plain mode and in the log it is a message, too.
        assert!(driver.state.toast.as_ref().unwrap().text.contains(TEXT));
        driver.wait(60_000);
        for keys in ["g h", "2", "3 enter", "esc", "g s"] {
            driver.press(keys);
            assert!(is_announced(&driver), "{keys}\n{}", driver.screen());
        }
        driver.press("g a");
        assert!(driver.shows("Announcement · 1 new") && driver.shows(TEXT), "{}", driver.screen());
        driver.press("g x g h");
        assert!(!is_announced(&driver), "{}", driver.screen());
        announce(&mut driver, "We are back");
        driver.wait(60_000);
        assert!(is_announced(&driver), "{}", driver.screen());
        announce(&mut driver, "");
        assert!(!is_announced(&driver), "{}", driver.screen());
    }
}

#[test]
fn an_announcement_from_before_is_shown_at_the_start_unless_it_was_dismissed() {
    let mut driver = signed_in("");
    assert!(is_announced(&driver), "{}", driver.screen());
    driver.press("g x");
    let saved = driver.effects.iter().find_map(|effect| match effect {
        Effect::Save(LocalItem::Dismissed, text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(saved.as_deref(), Some(TEXT.as_bytes()));
    assert!(!is_announced(&signed_in(TEXT)));
    assert!(is_announced(&signed_in("another one")));
}

#[test]
fn a_click_opens_an_announcement() {
    let mut driver = TuiDriver::new(80, 24);
    driver.info.announcement = TEXT.to_owned();
    announce(&mut driver, TEXT);
    driver.wait(60_000);
    driver.handle(Message::Input(Event::Mouse(MouseAction::Press, 75, 1)));
    assert!(driver.shows(TEXT), "{}", driver.screen());
}

#[test]
fn an_announcement_cannot_control_the_terminal_or_hide_the_screen() {
    let mut driver = TuiDriver::new(80, 24);
    announce(&mut driver, &format!("\u{1b}[2J{}", "long\n".repeat(400)));
    driver.wait(60_000);
    assert!(driver.shows("Shipping tonight") && is_announced(&driver), "{}", driver.screen());
}

#[test]
fn the_name_of_the_server_is_in_the_header_and_about_says_more() {
    let mut driver = TuiDriver::new(120, 40);
    assert!(driver.screen().lines().next().unwrap().contains("Gardeners"), "{}", driver.screen());
    driver.info = v1::ServerInfo {
        name: "Gardeners".into(),
        version: "0.1.0".into(),
        accounts: 962,
        tweets: 1,
        online: 3,
        started_ms: driver::NOW,
        announcement: TEXT.into(),
        description: "For everyone who likes plants.\nBe kind.".into(),
        ..v1::ServerInfo::default()
    };
    driver.press(": text:about enter");
    for line in ["Gardeners", "For everyone who likes plants.", "Be kind.", "962 people", "1 tweet ·", TEXT]
    {
        assert!(driver.shows(line), "{line}\n{}", driver.screen());
    }
}

/// A client of someone without an account; the server has rules.
fn signed_out(width: u16, height: u16) -> TuiDriver {
    let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) };
    let mut driver = TuiDriver::with(setup, false);
    driver.info.rules = RULES.map(str::to_owned).to_vec();
    driver.connect(false);
    driver
}

#[test]
fn the_rules_have_numbers_on_the_screen_about_the_server() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.info.rules = RULES.map(str::to_owned).to_vec();
        driver.press("g a");
        assert!(driver.shows("1  Be kind") && driver.shows("2  No ads"), "{}", driver.screen());
        driver.press("j y t");
        let copied = data_encoding::BASE64.encode(RULES[1].as_bytes());
        let copy = |effect: &Effect| matches!(effect, Effect::Terminal(bytes) if bytes.contains(&copied));
        assert!(driver.effects.iter().any(copy), "the second rule is selected");
    }
    let mut plain = PlainDriver::new();
    plain.tui.info.rules = RULES.map(str::to_owned).to_vec();
    let said = plain.line("about");
    assert!(said.contains("Rule 1: Be kind.") && said.contains("Rule 2: No ads."), "{said}");
}

#[test]
fn the_rules_have_numbers_in_the_form_for_signing_up() {
    // Where there is space for them.
    let mut driver = signed_out(80, 40);
    assert!(driver.shows("sign-up open · 2 rules"), "{}", driver.screen());
    driver.press("2");
    assert!(driver.shows("1  Be kind") && driver.shows("2  No ads"), "{}", driver.screen());
    // Everywhere, a button leads to them.
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = signed_out(width, height);
        driver.press("2 shift-tab");
        assert!(driver.shows("[ Rules ]"), "{}", driver.screen());
        driver.press("enter");
        assert!(driver.shows("1. Be kind") && driver.shows("2. No ads"), "{}", driver.screen());
        driver.press("esc");
        assert!(driver.shows("Create an account"), "{}", driver.screen());
    }
    // Without rules there is none.
    let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, true);
    driver.press("2");
    assert!(!driver.shows("Rules") && !driver.shows("rules"), "{}", driver.screen());
}

#[test]
fn plain_mode_reads_the_rules_before_the_form_for_signing_up() {
    let mut tui = TuiDriver::with(Setup { server: "a.org:4280".into(), ..PlainDriver::setup() }, false);
    tui.info.rules = RULES.map(str::to_owned).to_vec();
    tui.connect(false);
    let mut plain = PlainDriver::from(tui);
    let said = plain.line("2");
    assert!(said.contains("The rules are: 1. Be kind 2. No ads"), "{said}");
}

#[test]
fn the_rules_are_shown_to_those_who_sign_up() {
    let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 30) };
    let mut driver = TuiDriver::with(setup, false);
    driver.info.description = "A quiet place.\nRule 1: be kind.".into();
    driver.connect(false);
    driver.press("2").wait(60_000);
    assert!(driver.shows("Username") && driver.shows("Rule 1: be kind."), "{}", driver.screen());
}

#[test]
fn unsafe_characters_of_an_announcement_are_visible_in_the_message_and_in_the_log() {
    let mut driver = TuiDriver::new(80, 24);
    announce(&mut driver, "\u{1b}]52;c;?\u{7}done");
    assert!(driver.shows("<U+001B>]52;c;?<U+0007>done"), "{}", driver.screen());
    driver.press(": text:log enter");
    driver.state.toast = None;
    assert!(driver.shows("Announcement: <U+001B>]52;c;?<U+0007>done"), "{}", driver.screen());
}
