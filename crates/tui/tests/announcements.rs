//! What the operator says to everyone: announcements, the server's name, its description and rules.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::{TuiDriver, announcement, id};
use mini_tweet_tui::message::{Effect, Message, Topic};
use mini_tweet_tui::state::Setup;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::live_announcement::Change;
use protocol::v1::request::Op;
use terminal::key::{Event, MouseAction};

const TEXT: &str = "We restart at 18:00";
const RULES: [&str; 2] = ["Be kind", "No ads"];

/// A client of Ada; the server has these announcements from before.
fn signed_in(announcements: Vec<v1::Announcement>) -> TuiDriver {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.info.announcements = announcements;
    driver.connect(true);
    driver.wait(60_000);
    driver
}

/// Whether the title row says that there is a new announcement, and which keys show it.
fn is_announced(driver: &TuiDriver) -> bool {
    driver.shows("1 announcement · ga") || driver.shows("! ga")
}

/// The announcements that the client has dismissed on the server.
fn dismissed(driver: &TuiDriver) -> Vec<u64> {
    let dismissed = |op: &&Op| match op {
        Op::DismissAnnouncement(one) => Some(one.announcement_id),
        _ => None,
    };
    driver.requests().iter().filter_map(dismissed).collect()
}

#[test]
fn an_announcement_is_shown_on_every_screen_and_at_every_size_until_it_is_dismissed() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.wait(60_000);
        driver.receive_announcement(announcement(0, TEXT));
        // In plain mode and in the log it is a message, too.
        assert!(driver.state.toast.as_ref().unwrap().text.contains(TEXT));
        driver.wait(60_000);
        for keys in ["g h", "2", "3 enter", "esc", "g s"] {
            driver.press(keys);
            assert!(is_announced(&driver), "{keys}\n{}", driver.screen());
        }
        driver.press("g a");
        assert!(driver.shows("Announcements · 1 new") && driver.shows(TEXT), "{}", driver.screen());
        driver.press("g x g h");
        assert_eq!(dismissed(&driver), [id(0)]);
        assert!(!is_announced(&driver), "{}", driver.screen());
        driver.receive_announcement(announcement(-1, "We are back"));
        driver.wait(60_000);
        assert!(is_announced(&driver), "{}", driver.screen());
        driver.receive_announcement_change(Change::Removed(id(-1)));
        assert!(!is_announced(&driver), "{}", driver.screen());
    }
}

#[test]
fn announcements_from_before_are_new_unless_they_were_dismissed_on_any_device() {
    let old = v1::Announcement { dismissed: true, ..announcement(9, "An old one") };
    let mut driver = signed_in(vec![announcement(5, TEXT), old.clone()]);
    assert!(is_announced(&driver), "{}", driver.screen());
    assert!(!is_announced(&signed_in(vec![old])));
    driver.receive_announcement_change(Change::Dismissed(id(5)));
    assert!(!is_announced(&driver), "{}", driver.screen());
    driver.press("g x");
    assert!(driver.shows("There is no new announcement"), "{}", driver.screen());
    assert_eq!(dismissed(&driver), []);
}

#[test]
fn several_announcements_are_listed_newest_first_and_dismissed_one_by_one() {
    let all = [(30, "Third\nwith more words"), (3_000, "Second"), (7_000, "First")];
    let mut driver = signed_in(all.map(|(minutes, text)| announcement(minutes, text)).to_vec());
    assert!(driver.shows("3 announcements · ga"), "{}", driver.screen());
    driver.press("g a");
    let lines = ["Announcements · 3 new", "Third", "with more words", "Second", "First"];
    let screen = driver.screen();
    let places: Vec<_> =
        lines.iter().map(|line| screen.find(line).unwrap_or_else(|| panic!("{line}\n{screen}"))).collect();
    assert!(places.is_sorted(), "{screen}");
    assert!(screen.contains("◆ 31m") && screen.contains("◆ 2d") && screen.contains("◆ 4d"), "{screen}");
    // The selected one, and with `gx` elsewhere the newest of the others.
    driver.press("j -");
    assert_eq!(dismissed(&driver), [id(3_000)]);
    assert!(driver.shows("Dismissed; 2 new announcements left"), "{}", driver.screen());
    assert!(driver.shows("Announcements · 2 new") && driver.shows("Second"), "{}", driver.screen());
    driver.press("-");
    assert_eq!(dismissed(&driver), [id(3_000)], "it is dismissed already");
    driver.press("g h g x g x");
    assert_eq!(dismissed(&driver), [id(3_000), id(30), id(7_000)]);
    assert!(driver.shows("Dismissed; :about shows it again"), "{}", driver.screen());
    assert!(!driver.shows("· ga"), "{}", driver.screen());
}

#[test]
fn an_announcement_is_gone_when_it_ends() {
    let ends_ms = driver::NOW + 10 * driver::MINUTE;
    let mut driver = signed_in(vec![v1::Announcement { ends_ms, ..announcement(5, TEXT) }]);
    assert!(is_announced(&driver), "{}", driver.screen());
    driver.wait(10 * driver::MINUTE);
    assert!(!is_announced(&driver), "{}", driver.screen());
    driver.press("g a");
    assert!(!driver.shows("Announcements"), "{}", driver.screen());
}

#[test]
fn plain_mode_reads_each_new_announcement_once() {
    let old = v1::Announcement { dismissed: true, ..announcement(9_000, "An old one") };
    let mut tui = TuiDriver::with(Setup { username: Some("ada".into()), ..PlainDriver::setup() }, false);
    tui.info.announcements = vec![announcement(5, "Second!"), announcement(7, "First"), old];
    tui.connect(true);
    let mut plain = PlainDriver::from(tui);
    let said = plain.printed.clone();
    assert!(said.contains("Announcement: Second! Announcement: First.") && !said.contains("old"), "{said}");
    plain.tui.connect(true);
    plain.tui.receive_announcement(announcement(0, "Third"));
    let said = plain.heard();
    assert!(said.contains("Announcement: Third.") && !said.contains("First"), "{said}");
    let said = plain.line("about");
    for sentence in [
        "Announcements, 3 new.",
        "New announcement, just now: Third.",
        "New announcement, 5 minutes ago: Second!",
        "Announcement, 6 days ago: An old one.",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
    plain.line("remove 2");
    assert_eq!(dismissed(&plain.tui), [id(5)]);
    let said = plain.line("dismiss");
    assert!(said.contains("Dismissed; 1 new announcement left"), "{said}");
}

#[test]
fn a_client_that_only_reads_dismisses_nothing() {
    let setup = Setup { username: Some("ada".into()), is_read_only: true, ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.info.announcements = vec![announcement(5, TEXT)];
    driver.connect(true);
    driver.press("g x g a -");
    assert!(driver.shows("Announcements · 1 new"), "{}", driver.screen());
    assert_eq!(dismissed(&driver), []);
}

#[test]
fn the_announcement_of_an_older_server_is_shown() {
    let setup = Setup { username: Some("ada".into()), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    driver.info.announcement = TEXT.to_owned();
    driver.connect(true);
    assert!(is_announced(&driver), "{}", driver.screen());
    let live = v1::LiveAnnouncement { text: "We are back".into(), change: None };
    driver.live(Topic::Notifications, LiveEvent::Announcement(live));
    driver.info.announcement = "We are back".to_owned();
    driver.press("g a");
    assert!(driver.shows("We are back") && !driver.shows("1970"), "{}", driver.screen());
    driver.live(Topic::Notifications, LiveEvent::Announcement(v1::LiveAnnouncement::default()));
    assert!(!driver.shows("Announcements"), "{}", driver.screen());
}

#[test]
fn a_click_opens_an_announcement() {
    let mut driver = TuiDriver::new(80, 24);
    driver.receive_announcement(announcement(0, TEXT));
    driver.wait(60_000);
    driver.handle(Message::Input(Event::Mouse(MouseAction::Press, 75, 1)));
    assert!(driver.shows(TEXT), "{}", driver.screen());
}

#[test]
fn an_announcement_cannot_control_the_terminal_or_hide_the_screen() {
    let mut driver = TuiDriver::new(80, 24);
    driver.receive_announcement(announcement(0, &format!("\u{1b}[2J{}", "long\n".repeat(400))));
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
        announcements: vec![announcement(5, TEXT)],
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
fn the_newest_announcement_is_shown_before_signing_in() {
    let long = "We move to a new disk tonight.\n\u{1b}[2JExpect ten minutes of silence.";
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(width, height) };
        let mut driver = TuiDriver::with(setup, false);
        driver.info.announcements = vec![announcement(5, long), announcement(90, "Welcome")];
        driver.connect(false);
        // The menu, the form to sign in, and the one to sign up.
        for (keys, choice) in [("", "Sign in"), ("1", "Password"), ("esc 2", "Display name")] {
            if !keys.is_empty() {
                driver.press(keys);
            }
            driver.wait(60_000);
            let screen = driver.screen();
            let places = ["! Announcement · ", "We move to a new disk", choice].map(|text| screen.find(text));
            assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{keys}\n{screen}");
            assert!(screen.contains("1 more after") && !screen.contains("Welcome"), "{screen}");
        }
    }
    let setup = Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) };
    let mut driver = TuiDriver::with(setup, false);
    let ends_ms = driver::NOW + 10 * driver::MINUTE;
    driver.info.announcements = vec![v1::Announcement { ends_ms, ..announcement(5, long) }];
    driver.connect(false);
    assert!(driver.shows("<U+001B>[2JExpect ten minutes"), "{}", driver.screen());
    driver.wait(10 * driver::MINUTE);
    assert!(!driver.shows("Announcement"), "it has ended\n{}", driver.screen());
}

#[test]
fn plain_mode_reads_announcements_before_signing_in_and_not_again_after_it() {
    let mut setup = Setup { server: "a.org:4280".into(), ..PlainDriver::setup() };
    // Elsewhere, the client starts again with the files of the account.
    setup.capabilities.is_local = false;
    let mut tui = TuiDriver::with(setup, false);
    tui.info.announcements = vec![announcement(5, TEXT)];
    tui.connect(false);
    let mut plain = PlainDriver::from(tui);
    assert!(plain.printed.contains(&format!("Announcement: {TEXT}.")), "{}", plain.printed);
    let said = ["1", "ada", "correct horse battery"].map(|line| plain.line(line)).join("");
    assert!(said.contains("Home.") && !said.contains(TEXT), "{said}");
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
    driver.receive_announcement(announcement(0, "\u{1b}]52;c;?\u{7}done"));
    assert!(driver.shows("<U+001B>]52;c;?<U+0007>done"), "{}", driver.screen());
    driver.press(": text:log enter");
    driver.state.toast = None;
    assert!(driver.shows("Announcement: <U+001B>]52;c;?<U+0007>done"), "{}", driver.screen());
}
