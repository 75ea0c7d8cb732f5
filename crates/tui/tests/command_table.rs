//! Every command of the table can be found: in the palette, in help, and among the keys that can follow others.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod driver;

use std::collections::BTreeSet;

use driver::TuiDriver;
use driver::screens::with_settings;
use mini_tweet_tui::commands::{Action, COMMANDS, Command, Context};
use mini_tweet_tui::keymap::PRESETS;
use terminal::key::{Key, Keys};

/// All of help fits.
const LARGE: (u16, u16) = (120, 150);
/// Commands about a message and about a tweet that is written.
const OF_MESSAGES: &[Action] = &[Action::EditLast];
const OF_TWEETS: &[Action] = &[Action::CycleVisibility, Action::SplitThread, Action::KeepDraft];
/// What is selected in a list, and the keys that lead there.
const PLACES: [(&str, &str); 5] = [
    ("a tweet", ""),
    ("a person", "5 j j"),
    ("chats", "3"),
    ("settings", "g s"),
    ("a draft", "c text:unfinished esc g d"),
];

/// A command and its key in a preset, if it has one.
type Expected = (&'static str, String);

/// The commands that no row has with their title and their key.
fn missing(rows: &BTreeSet<String>, expected: &[Expected]) -> Vec<&'static str> {
    let is_shown =
        |(title, keys): &&Expected| rows.iter().any(|row| row.contains(title) && row.contains(keys.as_str()));
    expected.iter().filter(|one| !is_shown(one)).map(|(title, _)| *title).collect()
}

fn expected(driver: &TuiDriver, command: &'static Command) -> Expected {
    (command.title, driver.state.preferences.keymap.keys_of(command.action).unwrap_or_default())
}

/// The rows on the screen, whole and as the columns of help.
fn rows(driver: &TuiDriver) -> BTreeSet<String> {
    let screen = driver.screen();
    let parts = screen.lines().flat_map(|line| {
        let half = line.char_indices().nth(59).map_or(line.len(), |(at, _)| at);
        let (left, right) = line.split_at(half);
        [line, left, right].map(str::to_owned)
    });
    parts.collect()
}

#[test]
fn the_palette_finds_every_command_by_its_name_with_its_key() {
    for preset in PRESETS {
        let settings = format!("preset = \"{preset}\"");
        let is_offered = |command: &&Command| {
            !matches!(command.context, Context::Prompt | Context::Form | Context::Composer)
        };
        let mut seen = 0;
        for command in COMMANDS.iter().filter(is_offered) {
            let mut driver = with_settings(&settings, ":", LARGE);
            driver.press(&format!("text:{}", command.id));
            let all = [expected(&driver, command)];
            assert_eq!(missing(&rows(&driver), &all), Vec::<&str>::new(), "{preset} {}", driver.screen());
            seen += 1;
        }
        assert!(seen > 70, "{seen}");
        // What is no command is not found.
        let driver = with_settings(&settings, ": text:copy-everything", LARGE);
        assert_eq!(missing(&rows(&driver), &[("Copy everything", String::new())]), ["Copy everything"]);
    }
}

#[test]
fn help_lists_every_command_with_a_key_that_can_be_used_in_a_list() {
    for preset in PRESETS {
        for (place, keys) in PLACES {
            let settings = format!("preset = \"{preset}\"");
            let mut driver = with_settings(&settings, keys, LARGE);
            let contexts = driver.state.contexts();
            let has_key =
                |command: &&Command| driver.state.preferences.keymap.keys_of(command.action).is_some();
            let here = COMMANDS.iter().filter(|command| contexts.contains(&command.context)).filter(has_key);
            let here: Vec<Expected> = here
                .filter(|command| command.action != Action::Help)
                .map(|command| expected(&driver, command))
                .collect();
            assert!(here.len() >= 5, "{place}");
            driver.press("f1");
            assert!(!driver.shows(" more"), "all of it is on the screen\n{}", driver.screen());
            let mut shown = rows(&driver);
            // Entries that stand for several commands.
            for word in ["move", "place", "copy", "fold"] {
                driver.press(&format!("ctrl-u text:{word}"));
                shown.extend(rows(&driver));
            }
            assert_eq!(missing(&shown, &here), Vec::<&str>::new(), "{preset} {place}");
            // Without the rows of one command, it is missing.
            let (title, _) = here.last().unwrap();
            shown.retain(|row| !row.contains(title));
            assert!(missing(&shown, &here).contains(title), "{preset} {place}");
        }
    }
}

/// The first keys of shortcuts of several keys that can be pressed now.
fn prefixes(driver: &TuiDriver) -> BTreeSet<String> {
    let all = driver.state.preferences.keymap.continuations(&[], &driver.state.contexts());
    let first =
        all.into_iter().filter(|(keys, _)| keys.0.len() > 1).filter_map(|(keys, _)| keys.0.first().copied());
    first.map(|key: Key| key.to_string()).collect()
}

/// What is open, and the commands that are not about it.
const PLACES_OF_KEYS: [(&str, &[Action]); 3] =
    [("", &[]), ("c text:hello", OF_MESSAGES), ("3 enter text:hello", OF_TWEETS)];

#[test]
fn all_keys_that_can_follow_are_shown_at_every_size() {
    let mut with_parts = 0;
    for preset in PRESETS {
        for size in [(40, 12), (60, 20), (80, 24), (120, 40), (200, 50)] {
            for (keys, about_others) in PLACES_OF_KEYS {
                let settings = format!("preset = \"{preset}\"");
                let at = || with_settings(&settings, keys, size);
                for prefix in prefixes(&at()) {
                    let mut driver = at();
                    let pressed: Keys = prefix.parse().unwrap();
                    let follow =
                        driver.state.preferences.keymap.continuations(&pressed.0, &driver.state.contexts());
                    let follow =
                        follow.into_iter().filter(|(_, command)| !about_others.contains(&command.action));
                    let follow: Vec<Expected> =
                        follow.map(|(keys, command)| (command.title, keys.to_string())).collect();
                    driver.press(&prefix);
                    driver.wait(1_000);
                    let mut shown: BTreeSet<String> = driver.screen().lines().map(str::to_owned).collect();
                    let at_first = missing(&shown, &follow).len();
                    for _ in 0..4 {
                        driver.press("tab");
                        shown.extend(driver.screen().lines().map(str::to_owned));
                    }
                    assert_eq!(
                        missing(&shown, &follow),
                        Vec::<&str>::new(),
                        "{preset} {size:?} {prefix}\n{}",
                        driver.screen()
                    );
                    with_parts += usize::from(at_first > 0);
                    assert!(
                        at_first == 0 || driver.shows(" of 2 · Tab more"),
                        "{prefix}\n{}",
                        driver.screen()
                    );
                    driver.press("esc");
                    assert!(driver.state.pressed.keys.is_empty());
                }
            }
        }
    }
    assert!(with_parts > 0, "on the smallest screen not all fit at once");
}

#[test]
fn the_command_line_of_the_marked_choice_can_be_copied_from_the_palette() {
    let copied = |driver: &TuiDriver| driver.state.toast.as_ref().map(|toast| toast.text.clone());
    for (width, height) in [(40, 12), (60, 20), (80, 24), (120, 40)] {
        let mut driver = TuiDriver::new(width, height);
        driver.wait(60_000);
        driver.press(": text:notifs alt-c");
        assert_eq!(copied(&driver).as_deref(), Some("Copied: mini-tweet notifs"), "{}", driver.screen());
        assert!(driver.state.prompt.is_some(), "the palette stays open");
        if width >= 50 {
            assert!(driver.shows("Alt-c copy"), "{}", driver.screen());
        }
        // What only the client can do has none.
        driver.press("ctrl-u text:suspend alt-c");
        assert_eq!(copied(&driver).as_deref(), Some("Nothing to copy here"));
        // From the list, `yc` copies the one of the screen, and the palette finds it by that key.
        driver.press("esc y c");
        assert_eq!(copied(&driver).as_deref(), Some("Copied: mini-tweet feed"));
        driver.press(": text:yc");
        assert!(driver.shows("Copy command line"), "{}", driver.screen());
    }
}
