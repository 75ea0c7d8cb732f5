//! The settings screen: values, menus, and what is saved.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::TuiDriver;
use mini_tweet_tui::message::{Effect, LocalItem, Message};
use mini_tweet_tui::state::Setup;
use terminal::key::{Event, Report};
use terminal::style::Theme;

fn settings(width: u16, height: u16) -> TuiDriver {
    let mut driver = TuiDriver::new(width, height);
    driver.press("g s");
    driver
}

/// The settings file that was saved last.
fn saved(driver: &TuiDriver) -> Option<String> {
    driver.effects.iter().rev().find_map(|effect| match effect {
        Effect::Save(LocalItem::Settings, bytes) => Some(String::from_utf8(bytes.clone()).unwrap()),
        _ => None,
    })
}

#[test]
fn a_menu_shows_each_value_while_it_is_marked_and_esc_brings_back_the_old_one() {
    let mut driver = settings(80, 24);
    let all = Theme::all();
    driver.press("enter up");
    assert_eq!(driver.state.preferences.theme, all["paper"], "{}", driver.screen());
    assert_eq!(saved(&driver), None, "nothing is saved while one looks");
    driver.press("x up");
    assert_eq!(driver.state.preferences.theme, all["night"], "letters are no filter: {}", driver.screen());
    driver.press("esc");
    assert_eq!(driver.state.preferences.theme, Theme::terminal_on_any());
    assert!(driver.shows("‹ Terminal ›") && saved(&driver).is_none(), "{}", driver.screen());
    driver.press("enter up enter");
    assert!(driver.shows("‹ Paper ›") && driver.shows("Theme: Paper"), "{}", driver.screen());
    assert!(saved(&driver).unwrap().contains("theme = \"paper\""));
}

#[test]
fn values_can_be_stepped_through_in_both_directions() {
    let mut driver = settings(80, 24);
    for (keys, shown) in
        [("j j >", "‹ Unicode ›"), (">", "< ASCII >"), ("<", "‹ Unicode ›"), ("< <", "< ASCII >")]
    {
        driver.press(keys);
        assert!(driver.shows(shown), "{keys}\n{}", driver.screen());
    }
}

#[test]
fn two_values_are_changed_by_enter() {
    let mut driver = settings(80, 24);
    driver.press("/ text:bell enter enter");
    assert!(
        driver.shows("Bell: On") && saved(&driver).unwrap().contains("bell = true"),
        "{}",
        driver.screen()
    );
    driver.press("enter");
    assert!(driver.shows("Bell: Off"), "{}", driver.screen());
}

#[test]
fn what_a_setting_does_is_explained_at_every_size_with_a_bar() {
    for (size, text) in [((80, 24), "theme in settings.toml"), ((120, 40), "In settings.toml: theme")] {
        assert!(settings(size.0, size.1).shows(text), "{}", settings(size.0, size.1).screen());
    }
    let mut driver = settings(120, 40);
    driver.press("/ text:online enter");
    assert!(driver.shows("On all your devices"), "{}", driver.screen());
}

#[test]
fn presence_is_a_setting_that_the_server_stores() {
    let mut driver = settings(80, 24);
    driver.press("/ text:online enter enter");
    assert!(driver.requests().iter().any(|op| format!("{op:?}").contains("presence_hidden: Some(true)")));
    let screen = driver.screen();
    let row = screen.lines().find(|line| line.contains("Show that you are online")).unwrap();
    assert!(row.contains("Off"), "{screen}");
}

#[test]
fn dates_can_be_absolute() {
    let mut driver = TuiDriver::new(80, 24);
    assert!(driver.shows(" 2m"), "{}", driver.screen());
    driver.press("g s / text:dates enter enter esc g h");
    assert!(driver.shows("19:58") && !driver.shows(" 2m"), "{}", driver.screen());
}

#[test]
fn with_two_themes_each_mode_has_its_own() {
    let mut driver = settings(80, 24);
    driver.press("/ text:follow enter enter esc");
    assert!(driver.shows("Theme in dark mode") && driver.shows("Night"), "{}", driver.screen());
    assert!(driver.shows("Theme in light mode") && driver.shows("Paper"), "{}", driver.screen());
    driver.handle(Message::Input(Event::Report(Report::DarkBackground(false))));
    driver.press(": text:theme_ember enter");
    assert_eq!(driver.state.preferences.settings.light_theme, "ember");
    assert_eq!(driver.state.preferences.theme, Theme::all()["ember"]);
}

#[test]
fn a_terminal_that_draws_signs_two_columns_wide_gets_ascii() {
    let mut driver = settings(80, 24);
    driver.handle(Message::Input(Event::Report(Report::Cursor(1))));
    assert!(driver.shows("Automatic: Unicode") && driver.shows("▌"), "{}", driver.screen());
    driver.handle(Message::Input(Event::Report(Report::Cursor(2))));
    assert!(driver.shows("Automatic: ASCII") && !driver.shows("▌"), "{}", driver.screen());
    driver.press(": text:doctor enter");
    assert!(driver.shows("two columns wide"), "{}", driver.screen());
}

#[test]
fn a_shortcut_is_changed_by_pressing_the_new_key() {
    let mut driver = settings(80, 24);
    driver.press(": text:bind enter text:like enter");
    assert!(driver.shows("Press the new key") && driver.shows("Like, or undo it"), "{}", driver.screen());
    driver.press("x");
    assert!(driver.shows("x now runs “like”"), "{}", driver.screen());
    assert_eq!(driver.state.preferences.settings.keys["like"], ["x"]);
}

#[test]
fn a_shortcut_that_is_in_use_names_the_other_command_and_offers_to_swap() {
    let mut driver = settings(80, 24);
    driver.press(": text:bind enter text:like enter b");
    assert!(driver.shows("Swap: b runs “like”, f runs “retweet”"), "{}", driver.screen());
    driver.press("2");
    assert!(driver.state.preferences.settings.keys.is_empty(), "the second choice changes nothing");
    driver.press(": text:bind enter text:like enter b enter");
    assert_eq!(driver.state.preferences.settings.keys["like"], ["b"], "{}", driver.screen());
    assert_eq!(driver.state.preferences.settings.keys["retweet"], ["f"]);
    driver.press(": text:bind enter text:like enter esc");
    assert_eq!(driver.state.preferences.settings.keys["like"], ["b"], "Esc keeps it");
}

#[test]
fn moving_past_the_head_of_a_group_scrolls_nothing_while_all_fits() {
    let mut driver = settings(80, 40);
    let heads = |driver: &TuiDriver| -> Vec<usize> {
        let screen = driver.screen();
        let is_head =
            |line: &&str| ["  Appearance", "  Writing", "  Notifications"].contains(&line.trim_end());
        screen.lines().enumerate().filter(|(_, line)| is_head(line)).map(|(number, _)| number).collect()
    };
    let before = heads(&driver);
    assert_eq!(before.len(), 3, "{}", driver.screen());
    for _ in 0..12 {
        driver.press("j");
        assert_eq!(heads(&driver), before, "{}", driver.screen());
    }
    for _ in 0..12 {
        driver.press("k");
        assert_eq!(heads(&driver), before, "{}", driver.screen());
    }
}

fn value(driver: &TuiDriver, name: &str) -> String {
    driver.state.preferences.settings.value(name)
}

#[test]
fn quiet_hours_are_a_form_with_two_times_and_days() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = settings(width, height);
        driver.press("/ text:quiet enter enter");
        for words in ["Quiet hours", "From", "22:00", "To", "07:00", "Days", "‹ Every day ›", "[ Save ]"]
        {
            assert!(driver.shows(words), "{words}\n{}", driver.screen());
        }
        assert!(!driver.shows("No quiet hours"), "there are none to end\n{}", driver.screen());
        // Empty times stay as they are shown; the days are chosen by keys.
        driver.press("text:22:30 enter enter right");
        assert!(driver.shows("‹ Weekdays ›"), "{}", driver.screen());
        driver.press("left left");
        assert!(driver.shows("‹ Weekends ›"), "{}", driver.screen());
        driver.press("space w w");
        assert!(driver.shows("‹ Weekends ›"), "{}", driver.screen());
        driver.press("e enter");
        assert_eq!(value(&driver, "quiet"), "\"22:30 to 07:00\"", "{}", driver.screen());
        assert!(
            driver.shows("Quiet hours: 22:30 to 07:00") && driver.state.form.is_none(),
            "{}",
            driver.screen()
        );
        assert!(saved(&driver).unwrap().contains("quiet = \"22:30 to 07:00\""));
        // What is set is proposed, and can be ended.
        driver.press("enter ctrl-s");
        assert_eq!(value(&driver, "quiet"), "\"22:30 to 07:00\"");
        driver.press("enter");
        driver.click("[ No quiet hours ]", 3);
        assert_eq!(value(&driver, "quiet"), "\"off\"", "{}", driver.screen());
    }
}

#[test]
fn a_value_of_a_form_is_changed_by_clicks() {
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = settings(width, height);
        driver.press("/ text:quiet enter enter");
        for (column, shown) in
            [(3, "‹ Weekdays ›"), (0, "‹ Every day ›"), (0, "‹ Weekends ›"), (11, "‹ Every day ›")]
        {
            driver.click("‹", column);
            assert!(driver.shows(shown), "{column}: {shown}\n{}", driver.screen());
        }
        driver.click("‹", 3);
        driver.click("[ Save ]", 1);
        assert_eq!(value(&driver, "quiet"), "\"22:00 to 07:00, weekdays\"");
    }
}

#[test]
fn times_that_cannot_be_are_refused_at_their_field() {
    for (keys, words) in [
        ("text:25 enter", "Enter a time of day, for example 22:00"),
        ("text:soon enter", "Enter a time of day"),
        ("text:7 enter enter", "Enter another time: it would end when it begins"),
        ("text:7 ctrl-s", "Enter another time"),
    ] {
        let mut driver = settings(80, 24);
        driver.press("/ text:quiet enter enter").press(keys);
        assert!(driver.shows(words) && driver.state.form.is_some(), "{keys}\n{}", driver.screen());
        driver.press("esc");
        assert_eq!(value(&driver, "quiet"), "\"off\"");
    }
}

#[test]
fn a_changed_setting_is_undone_and_done_again() {
    for (keys, name, before, after, said) in [
        ("enter up enter", "theme", "\"terminal\"", "\"paper\"", "Theme: Terminal again"),
        ("<", "theme", "\"terminal\"", "\"paper\"", "Theme: Terminal again"),
        ("/ text:bell enter enter", "bell", "false", "true", "Bell: Off again"),
        ("/ text:mouse enter enter", "mouse", "true", "false", "Mouse: On again"),
        (": text:theme_ember enter", "theme", "\"terminal\"", "\"ember\"", "Theme: Terminal again"),
        (
            "/ text:quiet enter enter ctrl-s",
            "quiet",
            "\"off\"",
            "\"22:00 to 07:00\"",
            "Quiet hours: Off again",
        ),
    ] {
        let mut driver = settings(120, 40);
        driver.press(keys);
        assert_eq!(value(&driver, name), after, "{keys}\n{}", driver.screen());
        let label = said.split(':').next().unwrap();
        assert!(driver.shows(&format!("u undo change of “{label}”")), "{keys}\n{}", driver.screen());
        driver.press("u");
        assert_eq!(value(&driver, name), before, "{keys}");
        assert!(driver.shows(said), "{said}\n{}", driver.screen());
        assert!(saved(&driver).unwrap().contains(&format!("\n{name} = {before}")), "{keys}");
        driver.press("ctrl-r");
        assert_eq!(value(&driver, name), after, "{keys}");
        driver.press("u");
        assert_eq!(value(&driver, name), before, "{keys}");
    }
}

#[test]
fn only_a_change_can_be_undone() {
    let mut driver = settings(120, 40);
    driver.press("enter enter");
    assert!(!driver.shows("undo"), "the same value was chosen\n{}", driver.screen());
    driver.press("enter up esc u");
    assert!(driver.shows("Nothing to undo"), "{}", driver.screen());
}

#[test]
fn changed_shortcuts_are_undone() {
    let mut driver = settings(120, 40);
    driver.press(": text:bind enter text:like enter x");
    assert!(driver.shows("u undo change of shortcuts"), "{}", driver.screen());
    driver.press("u");
    assert!(driver.state.preferences.settings.keys.is_empty(), "{}", driver.screen());
    assert!(!saved(&driver).unwrap().contains("[keys]"));
    driver.press("ctrl-r");
    assert_eq!(driver.state.preferences.settings.keys["like"], ["x"]);
}

#[test]
fn presence_is_undone_on_the_server() {
    let requests = |driver: &TuiDriver, hidden: bool| {
        let wanted = format!("presence_hidden: Some({hidden})");
        driver.requests().iter().filter(|op| format!("{op:?}").contains(&wanted)).count()
    };
    let mut driver = settings(120, 40);
    driver.press("/ text:online enter enter");
    assert!(driver.shows("u undo change of “Show that you are online”"), "{}", driver.screen());
    driver.press("u");
    assert_eq!((requests(&driver, true), requests(&driver, false)), (1, 1));
    assert!(driver.shows("Others can see that you're online"), "{}", driver.screen());
    driver.press("ctrl-r");
    assert_eq!(requests(&driver, true), 2);
    // A change that the server has refused cannot be undone.
    let mut driver = settings(120, 40);
    driver.press("/ text:online enter");
    driver.refusal = Some(model::Error::Busy);
    driver.press("enter u");
    assert!(driver.shows("Nothing to undo"), "{}", driver.screen());
}

#[test]
fn a_message_leaves_the_explanation_of_a_setting_readable() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g s enter esc > j");
    assert!(driver.state.toast.is_some());
    let screen = driver.screen();
    let lines: Vec<&str> = screen.lines().collect();
    assert!(lines[22].contains("Follow light and dark mode: Changes"), "{screen}");
}

#[test]
fn only_a_setting_with_values_is_said_to_have_a_next_one() {
    let mut driver = TuiDriver::new(80, 24);
    driver.press("g s / text:quiet enter");
    assert!(!driver.shows("next value") && driver.shows("Enter change"), "{}", driver.screen());
    driver.press(">");
    assert!(driver.shows("Enter changes this setting"), "{}", driver.screen());
}

#[test]
fn the_path_of_the_settings_file_is_where_a_user_looks_for_it() {
    let path = "~/.local/share/mini-tweet/settings.toml";
    let at = |width: u16, height: u16, keys: &str| {
        let setup = TuiDriver::setup(width, height);
        let setup = Setup { username: Some("ada".into()), settings_path: path.into(), ..setup };
        let mut driver = TuiDriver::with(setup, true);
        driver.press(keys);
        driver.screen()
    };
    for keys in [": text:settings-file", ": text:settings-file enter", ": text:doctor enter"] {
        let screen = at(200, 50, keys);
        assert!(screen.contains(path), "{keys}\n{screen}");
    }
    let screen = at(120, 40, "g s j");
    let pane: String = screen.lines().filter_map(|line| Some(line.rsplit_once('│')?.1.trim())).collect();
    assert!(pane.contains(&format!("In{path}: follow_mode")), "{pane}");
    // Without a pane it is next to the explanation, if that is short enough.
    let explained = (1..12).map(|down| at(100, 24, &format!("g s{}", " j".repeat(down))));
    assert!(explained.into_iter().any(|screen| screen.contains(path)));
}
