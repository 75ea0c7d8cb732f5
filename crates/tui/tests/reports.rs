//! The doctor and the log: verdicts, times, days, and the number under which the operator finds an error.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::time::Duration;

use client::ClientError;
use driver::TuiDriver;
use mini_tweet_tui::message::{Effect, Message};
use mini_tweet_tui::state::Setup;
use model::Error;

const KEY: &str = "SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0";
const SIZES: [(u16, u16); 4] = [(40, 12), (60, 20), (80, 24), (120, 40)];

fn doctor(width: u16, height: u16) -> TuiDriver {
    let mut driver = TuiDriver::new(width, height);
    driver.wait(60_000);
    driver.press(": text:doctor enter");
    driver
}

/// Everything that can be read on a screen, by going through it, without its columns.
fn all_of(driver: &mut TuiDriver) -> String {
    let mut all = String::new();
    for _ in 0..40 {
        // Between the sidebar and the side pane.
        let screen = driver.screen();
        let list = screen.lines().map(|line| line.split('│').nth(1).unwrap_or(line));
        list.for_each(|line| all.extend([line, "\n"]));
        driver.press("down");
    }
    all.split_whitespace().filter(|word| !["┃", "▌", "│"].contains(word)).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_doctor_measures_the_round_trip_and_says_since_when_the_key_is_pinned() {
    for (width, height) in SIZES {
        let mut driver = doctor(width, height);
        let said = all_of(&mut driver);
        assert!(said.contains("0.4 ms, connected for 60 s"), "{said}");
        let bare: String = said.split_whitespace().collect();
        assert!(bare.contains(&format!("{KEY},pinnedon21Nov2026")), "{said}");
        if width >= 50 {
            assert!(driver.shows("tested just now"), "{}", driver.screen());
            driver.wait(180_000);
            assert!(driver.shows("tested 3 min ago"), "{}", driver.screen());
            driver.press("ctrl-l");
            assert!(driver.shows("tested just now"), "{}", driver.screen());
        }
    }
}

#[test]
fn a_slow_connection_and_a_lost_one_are_warnings() {
    let mut driver = doctor(120, 40);
    let warnings = |driver: &TuiDriver| driver.screen().matches("  ! ").count();
    let before = warnings(&driver);
    driver.handle(Message::RoundTrip(Some(Duration::from_millis(1_240))));
    assert!(driver.shows("! Round trip") && driver.shows("1.2 s, connected for"), "{}", driver.screen());
    assert_eq!(warnings(&driver), before + 1);
    driver.handle(Message::RoundTrip(Some(Duration::from_millis(31))));
    assert!(driver.shows("✓ Round trip") && driver.shows("31 ms"), "{}", driver.screen());
    driver.handle(Message::Link(client::State::Reconnecting { why: "the server closed it".into() }));
    assert!(driver.shows("! Round trip") && driver.shows("reconnecting"), "{}", driver.screen());
    assert!(driver.shows("the server closed it") && !driver.shows("connected for"), "{}", driver.screen());
    // A new connection is measured by itself while one looks.
    driver.handle(Message::Link(client::State::Connected));
    assert!(driver.shows("0.4 ms, connected for 0 s"), "{}", driver.screen());
    driver.handle(Message::RoundTrip(None));
    assert!(driver.shows("? Round trip") && driver.shows("not measured yet"), "{}", driver.screen());
}

#[test]
fn without_tls_the_doctor_says_why_there_is_no_key() {
    for (is_local, words) in [(true, "the server is on this computer"), (false, "your ssh connection")] {
        let mut driver = doctor(120, 40);
        driver.state.terminal.capabilities.is_local = is_local;
        driver.state.connection.key = None;
        assert!(driver.shows(words), "{}", driver.screen());
    }
}

#[test]
fn the_doctor_names_the_settings_file_and_the_program_that_draws() {
    let mut setup = Setup {
        username: Some("ada".into()),
        settings_path: "~/.local/share/mini-tweet/settings.toml".into(),
        ..TuiDriver::setup(200, 50)
    };
    setup.capabilities.program = "tmux 3.5a".into();
    let mut driver = TuiDriver::with(setup, true);
    driver.press(": text:doctor enter");
    assert!(driver.shows("xterm in tmux 3.5a, 200×50"), "{}", driver.screen());
    assert!(driver.shows("~/.local/share/mini-tweet/settings.toml"), "{}", driver.screen());
}

#[test]
fn a_path_is_broken_between_its_names() {
    let path = "/home/ada.lovelace/projects/mini-tweet/files/settings.toml";
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let setup = Setup {
            username: Some("ada".into()),
            settings_path: path.into(),
            ..TuiDriver::setup(width, height)
        };
        let mut driver = TuiDriver::with(setup, true);
        driver.press(": text:doctor enter / text:settings enter").wait(60_000);
        let screen = driver.screen();
        for name in path.split('/') {
            assert!(screen.contains(name), "{name} at {width}×{height}\n{screen}");
        }
    }
}

/// A client whose log has a refused request, an incident and a lost connection, each on another day.
fn logged(width: u16, height: u16) -> TuiDriver {
    let mut driver = TuiDriver::new(width, height);
    driver.refusal = Some(Error::Internal { incident: "4711-3".into() });
    driver.press("f").wait(86_400_000);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    driver.wait(86_400_000);
    driver.handle(Message::Link(client::State::Connected));
    driver.wait(60_000);
    driver.press(": text:log enter");
    driver
}

#[test]
fn the_log_has_a_rule_for_each_day_but_today() {
    for (width, height) in SIZES {
        let mut driver = logged(width, height);
        let said = all_of(&mut driver);
        // Today is Wednesday 25 November.
        assert!(said.contains("Tuesday 24 November") && said.contains("Monday 23 November"), "{said}");
        assert!(!said.contains("Wednesday"), "{said}");
        let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}\n{said}"));
        assert!(place("Reconnected after") < place("Tuesday"), "{said}");
        assert!(
            place("Tuesday") < place("Connection lost") && place("Connection lost") < place("Monday"),
            "{said}"
        );
        assert!(place("Monday") < place("incident 4711-3"), "{said}");
    }
}

#[test]
fn the_log_can_show_warnings_only() {
    for (width, height) in SIZES {
        let mut driver = logged(width, height);
        assert!(all_of(&mut driver).contains("Signed in as @ada"), "{}", driver.screen());
        if width >= 60 {
            assert!(driver.shows("> warnings only") || width < 80, "{}", driver.screen());
        }
        driver.press(">");
        let said = all_of(&mut driver);
        assert!(!said.contains("Signed in as @ada") && said.contains("Connection lost"), "{said}");
        assert!(said.contains("incident 4711-3"), "{said}");
        driver.press(">");
        assert!(all_of(&mut driver).contains("Signed in as @ada"), "{}", driver.screen());
        driver.press(": text:section_warn enter");
        assert!(!all_of(&mut driver).contains("Signed in as @ada"), "{}", driver.screen());
    }
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:log enter >");
    assert!(driver.shows("Nothing has failed since the start."), "{}", driver.screen());
}

#[test]
fn the_number_of_an_incident_is_in_the_log_in_its_details_and_in_what_is_copied() {
    let mut driver = logged(80, 24);
    driver.press("/ text:4711 enter");
    let screen = driver.screen();
    assert!(
        screen.lines().any(|line| line.trim_end_matches([' ', '┃']).ends_with("incident 4711-3")),
        "{screen}"
    );
    driver.press("enter");
    assert!(
        driver.shows("Incident 4711-3: the operator of the server can find the cause"),
        "{}",
        driver.screen()
    );
    driver.press("esc y t");
    let copied = driver.effects.iter().rev().find_map(|effect| match effect {
        Effect::Terminal(bytes) => Some(bytes.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    let encoded = copied.trim_start_matches("\x1b]52;c;").trim_end_matches(['\x07', '\x1b', '\\']);
    let text = String::from_utf8(data_encoding::BASE64.decode(encoded.as_bytes()).unwrap()).unwrap();
    assert!(text.contains("incident 4711-3"), "{text}");
}

#[test]
fn an_incident_that_nothing_else_logs_is_logged() {
    let mut driver = TuiDriver::with(Setup { server: "a.org:4280".into(), ..TuiDriver::setup(80, 24) }, true);
    driver.press("1 text:ada tab text:secret1234");
    driver.refusal = Some(Error::Internal { incident: "4711-9".into() });
    driver.press("enter");
    assert!(driver.shows("incident 4711-9"), "the form says it, too\n{}", driver.screen());
    assert!(driver.state.log.lines().any(|line| line.incident == "4711-9"));
    // Other errors have no number.
    driver.refusal = Some(Error::Busy);
    driver.press("enter");
    driver.handle(Message::Unreachable(ClientError::Lost));
    assert_eq!(driver.state.log.lines().filter(|line| !line.incident.is_empty()).count(), 1);
}

#[test]
fn what_is_logged_while_the_log_is_open_appears_in_it() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press(": text:log enter");
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert!(driver.shows("Connection lost"), "{}", driver.screen());
}
