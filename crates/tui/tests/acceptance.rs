//! Checks of every screen at every size: columns, bars, messages, hints and colors. Each check has a control, a screen
//! with the fault, in which it must find it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::collections::{BTreeMap, BTreeSet};

use driver::TuiDriver;
use driver::screens::{EXTRA_WIDE, SIZES, Screen, Start, at};
use driver::states::everything;
use mini_tweet_tui::state::Link;
use mini_tweet_tui::view::draw;
use terminal::grid::{Area, Grid};
use terminal::measure::columns;
use terminal::style::{ColorRole, Style, Surface};

const ASCII: &str = "symbols = \"ascii\"";

fn all_sizes() -> impl Iterator<Item = (u16, u16)> {
    SIZES.into_iter().chain(EXTRA_WIDE)
}

/// Every screen and state at every size, with these settings. The size changes while it is open.
fn each(settings: &'static str, mut check: impl FnMut(&Screen, (u16, u16), &mut TuiDriver)) {
    for screen in everything() {
        let mut driver = screen.open(Start { settings, ..Start::at((80, 24)) });
        for size in all_sizes() {
            driver.terminal(size.0, size.1);
            check(&screen, size, &mut driver);
        }
    }
}

fn text(grid: &Grid, x: u16, y: u16) -> String {
    grid.cell(x, y).map_or_else(String::new, |cell| cell.text.to_string())
}

fn is_blank(cell: &str) -> bool {
    cell.trim().is_empty()
}

// 1. No line is longer than the screen, and no text of the client is cut where there is space.

fn long_lines(text: &str, width: u16) -> Vec<String> {
    text.lines().filter(|line| columns(line) > usize::from(width)).map(str::to_owned).collect()
}

/// Words of the client after which the sign means that something goes on or that a key follows.
const ENDED_ON_PURPOSE: [&str; 13] = [
    "oading",
    "ending",
    "aiting",
    "Waiting for the server",
    "Connecting to tweets.example.org:4280",
    "More ways to move",
    "Add an account",
    "Sign out of @ada",
    "Ctrl-x",
    " g",
    " y",
    " z",
    "1 ",
];

/// What other people and the user have written, as far as screens show it.
fn written(driver: &TuiDriver) -> Vec<String> {
    let names = driver.accounts.iter().flat_map(|one| [one.username.clone(), one.display_name.clone()]);
    let tweets = driver.tweets.iter().map(|tweet| tweet.text.replace('\n', " "));
    let drafts = driver.state.texts.drafts.values().map(|draft| draft.text.clone());
    let outbox = driver.state.texts.outbox.iter().map(|one| one.draft.text.clone());
    let replies = ["First answer", "An answer to the answer", "Second answer"].map(str::to_owned);
    names.chain(tweets).chain(drafts).chain(outbox).chain(replies).collect()
}

/// Lines in which a text of the client is cut.
fn cut(screen: &str, written: &[String]) -> Vec<String> {
    let is_cut = |line: &&str| {
        line.match_indices('…').any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            let word = before.trim_end().rsplit(' ').next().unwrap_or_default();
            let end: String = word.chars().rev().take(5).collect::<Vec<_>>().iter().rev().collect();
            let is_strip = before.ends_with(' ') && before.contains('[');
            let is_meant = ENDED_ON_PURPOSE.iter().any(|words| before.ends_with(words));
            let is_of_people = written.iter().any(|text| text.contains(&end));
            !is_strip && !is_meant && !is_of_people
        })
    };
    screen.lines().filter(is_cut).map(str::to_owned).collect()
}

#[test]
fn no_text_of_the_client_is_cut_from_80_columns_on() {
    let mut found = BTreeMap::new();
    each("", |screen, size, driver| {
        if size.0 < 80 {
            return;
        }
        let is_long_list = ["settings", "doctor", "log", "about"].contains(&screen.name);
        for _ in 0..if is_long_list { 30 } else { 1 } {
            for line in cut(&driver.screen(), &written(driver)) {
                found.insert(line, (screen.name, size));
            }
            if is_long_list {
                driver.press("down");
            }
        }
    });
    assert!(found.is_empty(), "{found:#?}");
    let of_people = ["a long name".to_owned()];
    assert_eq!(cut("Theme: colors of the…\n @a a long n… 3m", &of_people), ["Theme: colors of the…"]);
}

// 2. The columns of a list.

/// The columns of the list: the first one, and their number.
fn list_columns(width: u16) -> (u16, u16) {
    match width {
        ..110 => (0, width),
        110..160 => (22, width - 22 - 34),
        _ => (24, 94),
    }
}

/// The rows of the list: those between the bars and the title row, without the ones of a composer.
fn list_rows(grid: &Grid) -> Vec<u16> {
    let size = grid.size();
    let rows = if size.width < 50 || size.height < 14 { 1..size.height } else { 2..size.height - 1 };
    let is_sheet = |y: &u16| {
        (0..size.width).any(|x| grid.cell(x, *y).is_some_and(|cell| cell.style.surface == Surface::Sheet))
    };
    rows.take_while(|y| !is_sheet(y)).collect()
}

/// Whether there is a list, with nothing drawn over it or in its place.
fn shows_list(driver: &TuiDriver) -> bool {
    let state = &driver.state;
    let is_covered = state.prompt.is_some() || state.form.is_some() || !state.pressed.keys.is_empty();
    !is_covered && !state.shows_side_pane && state.session.username.is_some()
}

/// Cells of a list that are not where they should be.
fn misplaced(grid: &Grid) -> Vec<String> {
    let (from, width) = list_columns(grid.size().width);
    let mut found = Vec::new();
    for y in list_rows(grid) {
        let (bar, mark) = (text(grid, from, y), text(grid, from + 1, y));
        if !is_blank(&bar) && bar != "▌" && bar != ">" {
            found.push(format!("row {y} begins with {bar:?}"));
        }
        if !is_blank(&mark) && mark != "◆" && mark != "*" {
            found.push(format!("row {y} has {mark:?} before its text"));
        }
        let gap = text(grid, from + width - 2, y);
        if !is_blank(&gap) {
            found.push(format!("row {y} has {gap:?} in the blank column"));
        }
        let last = text(grid, from + width - 1, y);
        if !is_blank(&last) && !["┃", "#"].contains(&last.as_str()) {
            found.push(format!("row {y} ends with {last:?}"));
        }
    }
    found
}

/// Whether a row of the list ends in the last column of its texts.
fn has_facts(grid: &Grid) -> bool {
    let (from, width) = list_columns(grid.size().width);
    let last = from + (width - 3).min(2 + 88 - 1);
    list_rows(grid).iter().any(|y| !is_blank(&text(grid, last, *y)))
}

#[test]
fn no_line_is_too_long_and_lists_have_texts_and_facts_in_the_same_columns() {
    let with_facts = ["home", "local", "notifications", "conversations", "trends", "settings"];
    for settings in ["", ASCII] {
        each(settings, |screen, size, driver| {
            driver.state.toast = None;
            let grid = draw(&driver.state).0;
            let shown = grid.text();
            assert_eq!(long_lines(&shown, size.0), Vec::<String>::new(), "{} {size:?}", screen.name);
            if !shows_list(driver) {
                return;
            }
            assert_eq!(misplaced(&grid), Vec::<String>::new(), "{} {size:?}\n{shown}", screen.name);
            if with_facts.contains(&screen.name) {
                assert!(has_facts(&grid), "{} {size:?}\n{}", screen.name, grid.text());
            }
        });
    }
    assert_eq!(long_lines("12345\n123456", 5), ["123456"]);
    // With other columns than those of the list, the check finds the texts.
    let grid = draw(&at("", (80, 24)).state).0;
    let mut shifted = Grid::new(grid.size());
    for y in 0..grid.size().height {
        for x in 1..grid.size().width {
            let area = Area::of(grid.size());
            shifted.put(area, x - 1, y, &text(&grid, x, y), Style::default(), 0);
        }
    }
    assert!(!misplaced(&shifted).is_empty());
}

// 3. Tabs stay where they are.

/// The tab row up to the last tab, without counts.
fn tabs(driver: &TuiDriver) -> String {
    let first = driver.screen().lines().next().unwrap().to_owned();
    first.split_once('6').map_or(first.clone(), |(tabs, _)| tabs.to_owned())
}

#[test]
fn tabs_are_in_the_same_columns_for_every_connection_and_account() {
    for width in 50..110 {
        let mut driver = TuiDriver::new(width, 20);
        driver.wait(60_000);
        let before = tabs(&driver);
        let links = [
            Link::Connecting,
            Link::Live,
            Link::Late,
            Link::Reconnecting("gone".into()),
            Link::Stopped("the key has changed".into()),
        ];
        for link in links {
            for name in ["a", "ada", "a_username_of_thirty_charactersx"] {
                driver.state.connection.link = link.clone();
                if let Some(me) = &mut driver.state.session.me {
                    me.account.username = name.to_owned();
                }
                driver.state.session.username = Some(name.to_owned());
                assert_eq!(tabs(&driver), before, "{width} {link:?} {name}\n{}", driver.screen());
            }
        }
        driver.state.live.unread = 88;
        assert_ne!(tabs(&driver), before, "a longer count moves the tabs after it");
    }
}

// 7. No two screens or states look the same without color.

/// Pairs of names with the same text.
fn same(texts: &[(&'static str, String)]) -> Vec<(&'static str, &'static str)> {
    let mut first: BTreeMap<&str, &'static str> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, text) in texts {
        if let Some(other) = first.insert(text, name) {
            found.push((other, *name));
        }
    }
    found
}

#[test]
fn no_two_screens_or_states_have_the_same_text() {
    // What is unread in other accounts is in the server row; the key that undoes is in no row of a tiny screen; a wide
    // screen always has the side pane.
    let alike_when = |name: &str, size: (u16, u16)| match name {
        "two_accounts" => size.0 < 110,
        "undo_after_a_message" => size.0 < 50,
        "side_pane" => size.0 >= 110,
        _ => false,
    };
    for size in [(40, 12), (80, 24), (120, 40)] {
        let all = everything().filter(|screen| !alike_when(screen.name, size));
        let texts: Vec<_> = all.map(|screen| (screen.name, screen.at(size).screen())).collect();
        assert_eq!(same(&texts), [], "{size:?}");
    }
    // A state that only a style tells apart is found: what is unread without its sign.
    let mut driver = at("2", (80, 24));
    let unread = draw(&driver.state).0;
    let mut by_color = unread.clone();
    for y in 2..23 {
        let mark = Style::of(ColorRole::Accent);
        by_color.put(Area::of(unread.size()), 1, y, &text(&unread, 1, y), mark, 0);
    }
    assert_ne!(by_color, unread, "the style is another");
    driver.press("m");
    let read = driver.screen();
    let texts = [("unread", unread.text()), ("by its color", by_color.text()), ("read", read)];
    assert_eq!(same(&texts), [("unread", "by its color")]);
}

#[test]
fn states_differ_in_their_text() {
    let screens = |all: &[&dyn Fn(&mut TuiDriver)]| -> BTreeSet<String> {
        all.iter()
            .map(|change| {
                let mut driver = at("", (80, 24));
                change(&mut driver);
                driver.screen()
            })
            .collect()
    };
    let link = |link: Link| move |driver: &mut TuiDriver| driver.state.connection.link = link.clone();
    let links = screens(&[
        &link(Link::Connecting),
        &link(Link::Live),
        &link(Link::Late),
        &link(Link::Reconnecting("gone".into())),
        &link(Link::Stopped("gone".into())),
    ]);
    assert_eq!(links.len(), 5, "{links:?}");
    let value = |on: bool| {
        move |driver: &mut TuiDriver| {
            driver.press("g s");
            driver.state.preferences.settings.bell = on;
        }
    };
    assert_eq!(screens(&[&value(true), &value(false)]).len(), 2);
    let verdict = |wide: Option<bool>| {
        move |driver: &mut TuiDriver| {
            driver.press(": text:doctor enter");
            driver.state.terminal.capabilities.has_answered = true;
            driver.state.terminal.capabilities.synchronized = wide;
        }
    };
    assert_eq!(screens(&[&verdict(Some(true)), &verdict(None)]).len(), 2);
    assert_eq!(screens(&[&value(true), &value(true)]).len(), 1, "the same state is the same text");
}
