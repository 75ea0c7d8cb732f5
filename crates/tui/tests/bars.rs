//! Tabs, panes, the footer, menus and small signs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use driver::{MINUTE, NOW, TuiDriver, account, id, message};
use mini_tweet_tui::commands::COMMANDS;
use mini_tweet_tui::message::{Message, Topic};
use mini_tweet_tui::route::Route;
use protocol::v1;
use terminal::key::{Event, MouseAction};

fn driver(width: u16, height: u16) -> TuiDriver {
    let mut driver = TuiDriver::new(width, height);
    driver.wait(60_000);
    driver
}

fn line(driver: &TuiDriver, number: usize) -> String {
    driver.screen().lines().nth(number).unwrap().to_owned()
}

#[test]
fn the_tabs_and_the_sidebar_agree_on_where_one_is() {
    for (keys, tab, pane) in [
        ("g m", Some("[1 Home]"), Some("Your tweets")),
        ("g s", None, Some("Settings")),
        ("g d", None, Some("Drafts")),
        ("g l", Some("[1 Home]"), Some("Local")),
        ("g l t", Some("[1 Home]"), Some("Home")),
        ("g l a", Some("[5 People]"), Some("People")),
        ("g h t", Some("[1 Home]"), Some("Home")),
        ("3 enter", Some("[3 Chats"), Some("@grace")),
        ("2", Some("[2 Notifs"), Some("Notifications")),
        ("5 enter", Some("[5 People]"), Some("People")),
        ("5 enter t", Some("[5 People]"), Some("People")),
        (": text:log enter", None, None),
    ] {
        let mut narrow = driver(80, 24);
        let tabs = line(narrow.press("5").press(keys), 0);
        match tab {
            Some(tab) => assert!(tabs.contains(tab), "{keys}: {tabs}"),
            None => assert!(!tabs.contains('['), "{keys}: {tabs}"),
        }
        let mut wide = driver(120, 40);
        let screen = wide.press("5").press(keys).screen();
        let marked = screen.lines().find_map(|line| line.strip_prefix('▸')).map(|line| &line[2..]);
        assert_eq!(marked.is_some(), pane.is_some(), "{keys}\n{screen}");
        assert!(pane.is_none_or(|pane| marked.unwrap().starts_with(pane)), "{keys}\n{screen}");
    }
}

#[test]
fn narrow_screens_keep_the_names_of_the_tabs_and_the_way_to_all_commands() {
    for width in [60, 64, 70, 76, 80] {
        let mut driver = driver(width, 20);
        driver.state.live.unread = 14;
        let tabs = line(&driver, 0);
        for name in ["Home", "Notifs", "Chat", "Tags", "People", "Online"] {
            assert!(tabs.contains(name), "{width}: {tabs}");
        }
        for keys in ["g h", "5", "g s"] {
            let footer = driver.press(keys).screen().lines().last().unwrap().to_owned();
            assert!(footer.contains(": commands") && footer.contains("? help"), "{keys} {width}: {footer}");
        }
        driver.press("f").wait(9_000);
        assert!(driver.shows(": commands") && driver.shows("? help"), "{}", driver.screen());
    }
}

#[test]
fn a_click_on_a_tab_hits_it_at_every_width() {
    for width in [50, 60, 70, 80, 109] {
        let mut driver = driver(width, 20);
        let tabs = line(&driver, 0);
        let at = tabs.find("5").unwrap();
        let x = u16::try_from(terminal::measure::columns(tabs.get(..at).unwrap())).unwrap();
        driver.handle(Message::Input(Event::Mouse(MouseAction::Press, x, 0)));
        assert_eq!(*driver.state.route(), Route::PEOPLE, "{width}: {tabs}");
    }
}

#[test]
fn no_title_ends_with_a_dot() {
    let mut driver = driver(80, 24);
    for keys in ["?", "i", ": text:settings-file enter"] {
        driver.press(keys);
        for line in driver.screen().lines().filter(|line| line.contains('│')) {
            assert!(!line.trim_matches(['│', ' ']).ends_with('·'), "{}", driver.screen());
        }
        driver.press("esc");
    }
}

#[test]
fn wide_screens_show_whole_texts_and_more_commands() {
    let mut driver = driver(200, 50);
    driver.press("?");
    let shown = COMMANDS.iter().filter(|command| driver.shows(command.title)).count();
    assert!(shown >= 35, "{shown} commands\n{}", driver.screen());
    assert!(!driver.screen().lines().any(|line| line.contains("…│")), "{}", driver.screen());
    driver.press("esc g").wait(1_000);
    let all = COMMANDS.iter().filter(|command| command.keys.iter().any(|keys| keys.starts_with("g ")));
    for command in all {
        assert!(driver.shows(command.title), "{}\n{}", command.title, driver.screen());
    }
}

#[test]
fn a_new_message_is_not_under_the_time_of_an_older_one() {
    let mut driver = driver(80, 24);
    driver.press("3 enter");
    let grace = account(2, "grace", "");
    for (number, minutes) in [(1, 0), (2, 5)] {
        let new = v1::DirectMessage {
            id: id(0) + number,
            created_ms: NOW + minutes * MINUTE,
            ..message(0, 2, &format!("message {number}"))
        };
        driver.now = NOW + minutes * MINUTE;
        let live =
            v1::LiveMessage { message: Some(new), author: Some(grace.clone()), with: Some(grace.clone()) };
        driver.live(Topic::Conversations, v1::event::Event::Message(live));
    }
    assert!(driver.shows("20:05") && !driver.shows("20:00"), "{}", driver.screen());
}

#[test]
fn the_log_has_times() {
    let mut driver = driver(80, 24);
    driver.press("c text:hello ctrl-s").wait(61_000).press(": text:log enter");
    assert!(driver.shows("20:02:01 UTC    Sent your tweet"), "{}", driver.screen());
}

#[test]
fn folding_and_unfolding_are_two_commands() {
    let mut driver = driver(80, 24);
    driver.press("j j t");
    for (keys, is_folded) in
        [("z o", false), ("z c", true), ("z c", true), ("z o", false), ("z a", true), ("z a", false)]
    {
        driver.press(keys);
        assert_eq!(driver.shows("folded"), is_folded, "{keys}\n{}", driver.screen());
    }
}

#[test]
fn a_row_that_is_about_to_be_deleted_has_a_sign() {
    let mut driver = driver(80, 24);
    driver.press("g m d").wait(2_000);
    assert!(driver.shows("deleted in 6 s · u to keep"), "{}", driver.screen());
    driver.press("u");
    assert!(!driver.shows("deleted in"), "{}", driver.screen());
    driver.press("5 R").wait(1_000);
    assert!(driver.shows("removed in 7 s"), "{}", driver.screen());
}

#[test]
fn screens_of_this_computer_are_never_old() {
    let mut driver = driver(80, 24);
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    for keys in ["g d", "g s", ": text:log enter"] {
        driver.press(keys);
        assert!(!driver.shows("saved"), "{}", driver.screen());
    }
    driver.press("g h");
    assert!(driver.shows("saved just now"), "{}", driver.screen());
}

#[test]
fn the_right_button_opens_the_menu_of_the_row() {
    let mut driver = driver(80, 24);
    driver.handle(Message::Input(Event::Mouse(MouseAction::Menu, 10, 2)));
    for what in ["Reply", "Like, or undo it", "Profile", "Open"] {
        assert!(driver.shows(what), "{what}\n{}", driver.screen());
    }
    for other in ["Settings", "Next tab", "Scroll", "Your profile"] {
        assert!(!driver.shows(other), "{other}\n{}", driver.screen());
    }
    driver.press("esc").handle(Message::Input(Event::Mouse(MouseAction::Menu, 10, 2)));
    let screen = driver.screen();
    let row = screen.lines().position(|line| line.contains("Like, or undo it")).unwrap();
    driver.handle(Message::Input(Event::Mouse(MouseAction::Press, 30, u16::try_from(row).unwrap())));
    assert!(driver.shows("♥ 4 (you)"), "{}", driver.screen());
}

#[test]
fn counts_in_sentences_are_singular_for_one() {
    let mut driver = driver(80, 24);
    driver.press("i");
    assert!(driver.shows("2 replies, 1 retweet, 0 quotes, 3 likes"), "{}", driver.screen());
    driver.press("esc");
    driver.state.live.unread = 1;
    driver.press("=");
    assert!(driver.shows("1 unread notification,"), "{}", driver.screen());
    driver.press("c");
    driver.handle(Message::Input(Event::Paste { text: "x".repeat(501), is_cut: false }));
    driver.press("ctrl-s");
    assert!(driver.shows("1 character too long"), "{}", driver.screen());
}

#[test]
fn quiet_hours_are_typed() {
    let mut driver = driver(80, 24);
    for (keys, hours) in [
        (": text:quiet_23_6 enter", "23:00 to 06:00"),
        (": text:quiet_22:30_7_weekdays enter", "22:30 to 07:00, weekdays"),
        (": text:quiet_25_7 enter", "22:30 to 07:00, weekdays"),
        (": text:quiet_off enter", "off"),
    ] {
        driver.press(keys);
        assert_eq!(driver.state.preferences.settings.quiet.to_string(), hours, "{keys}\n{}", driver.screen());
    }
}

#[test]
fn a_message_that_is_too_long_ends_in_a_sign() {
    let mut driver = driver(40, 12);
    driver
        .state
        .complain("A sentence that takes more rows than a message can have on a narrow screen. ".repeat(3));
    let screen = driver.screen();
    assert!(screen.trim_end().ends_with("rows than…"), "{screen}");
}

#[test]
fn every_key_that_means_nothing_is_named() {
    for (keys, name) in [("ctrl-q", "Ctrl-q"), ("f5", "F5"), ("x", "x")] {
        let mut driver = TuiDriver::new(80, 24);
        driver.press(keys);
        assert!(driver.shows(&format!("{name} isn't a shortcut here")), "{}", driver.screen());
    }
    let mut driver = TuiDriver::new(80, 24);
    driver.press("ctrl-x").wait(400);
    assert!(driver.shows("Ctrl-x… Anywhere"), "{}", driver.screen());
}

#[test]
fn quitting_is_offered_as_long_as_the_second_key_quits() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("ctrl-c").wait(2_900);
    assert!(driver.shows("Press Ctrl-C again to quit"), "{}", driver.screen());
    driver.wait(200);
    assert!(!driver.shows("again to quit"), "{}", driver.screen());
    driver.press("ctrl-c").wait(2_900).press("ctrl-c");
    assert!(driver.effects.contains(&mini_tweet_tui::message::Effect::Quit));
}

#[test]
fn the_state_of_the_connection_is_apart_from_the_tabs_at_every_width() {
    for width in 50..110 {
        for tab in ["1", "6"] {
            let mut driver = TuiDriver::new(width, 20);
            driver.press(tab).wait(60_000);
            let first = driver.screen().lines().next().unwrap().to_owned();
            assert!(
                !first.contains("]live") && (width < 60 || first.contains(" live")),
                "{width}: {first:?}"
            );
        }
    }
}

#[test]
fn there_is_a_space_between_the_title_and_the_facts_at_the_right() {
    let facts =
        ["tested just now", "last 24 h, now", "people you follow first", "newest first", "1 announcement"];
    let mut seen = std::collections::BTreeSet::new();
    for width in 50..=110 {
        for keys in
            [": text:doctor enter", "4", "6", ": text:log enter", "5", "3 enter", "1 / text:note enter"]
        {
            let mut driver = driver(width, 24);
            driver.receive_announcement(driver::announcement(1, "The server moves on Sunday"));
            driver.press(keys);
            let screen = driver.screen();
            for (line, fact) in screen.lines().flat_map(|line| facts.map(|fact| (line, fact))) {
                let Some(at) = line.find(fact) else { continue };
                seen.insert(fact);
                assert!(line[..at].ends_with(' '), "{width}: {keys}\n{screen}");
            }
        }
    }
    assert_eq!(seen.len(), facts.len(), "{seen:?}");
}
