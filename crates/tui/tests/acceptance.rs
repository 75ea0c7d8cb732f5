//! Checks of every screen at every size: columns, bars, messages, hints and colors. Each check has a control, a screen
//! with the fault, in which it must find it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::collections::BTreeSet;

use driver::TuiDriver;
use driver::screens::{SCREENS, SIZES, at, with_settings};
use mini_tweet_tui::message::Message;
use mini_tweet_tui::state::{Link, Toast};
use mini_tweet_tui::view::draw;
use terminal::grid::{Grid, Size};
use terminal::measure::columns;
use terminal::paint::{Depth, Paint, Painter};
use terminal::style::{Surface, Theme};

/// Whether the rows between the bars are those of a list: nothing else is drawn over it or in its place.
fn shows_list(driver: &TuiDriver) -> bool {
    let state = &driver.state;
    let is_covered = state.prompt.is_some() || state.form.is_some() || state.composer.is_some();
    !is_covered && !state.shows_side_pane
}

fn text(grid: &Grid, x: u16, y: u16) -> String {
    grid.cell(x, y).map_or_else(String::new, |cell| cell.text.to_string())
}

/// The columns of the list: the first one, and their number.
fn list_columns(width: u16) -> (u16, u16) {
    match width {
        ..110 => (0, width),
        110..160 => (22, width - 22 - 34),
        _ => (24, 94),
    }
}

/// The rows between the bars and the title row.
fn list_rows(size: Size) -> std::ops::Range<u16> {
    if size.width < 50 || size.height < 14 { 1..size.height } else { 2..size.height - 1 }
}

fn is_blank(cell: &str) -> bool {
    cell.trim().is_empty()
}

// 1. No line is longer than the screen.

fn long_lines(text: &str, width: u16) -> Vec<String> {
    text.lines().filter(|line| columns(line) > usize::from(width)).map(str::to_owned).collect()
}

#[test]
fn no_line_is_longer_than_the_screen() {
    for settings in ["", "symbols = \"ascii\""] {
        for (name, keys) in SCREENS {
            for size in SIZES {
                let screen = with_settings(settings, keys, size).screen();
                assert_eq!(long_lines(&screen, size.0), Vec::<String>::new(), "{name} {size:?}");
            }
        }
    }
    assert_eq!(long_lines("12345\n123456", 5), ["123456"]);
}

#[test]
fn no_text_of_the_client_is_cut_from_80_columns_on() {
    let ours = ["settings", "settings_menu", "doctor", "log", "about"];
    let cut = |text: &str| {
        text.lines().filter(|line| line.trim_end().ends_with('…')).map(str::to_owned).collect::<Vec<_>>()
    };
    for (name, keys) in SCREENS.into_iter().filter(|(name, _)| ours.contains(name)) {
        for size in SIZES.into_iter().filter(|(width, _)| *width >= 80) {
            let mut driver = at(keys, size);
            for _ in 0..30 {
                let screen = driver.screen();
                assert_eq!(cut(&screen), Vec::<String>::new(), "{name} {size:?}\n{screen}");
                driver.press("down");
            }
        }
    }
    assert_eq!(cut("whole\nTheme: colors of the…  "), ["Theme: colors of the…  "]);
}

// 2. The columns of a list.

/// Cells of a list that are not where they should be.
fn misplaced(grid: &Grid) -> Vec<String> {
    let size = grid.size();
    let (from, width) = list_columns(size.width);
    let mut found = Vec::new();
    for y in list_rows(size) {
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
    list_rows(grid.size()).any(|y| !is_blank(&text(grid, last, y)))
}

#[test]
fn texts_begin_and_facts_end_in_the_same_columns_of_every_list() {
    let with_facts = ["home", "local", "notifications", "conversations", "trends", "settings"];
    for settings in ["", "symbols = \"ascii\""] {
        for (name, keys) in SCREENS {
            for size in SIZES {
                let mut driver = with_settings(settings, keys, size);
                if !shows_list(&driver) {
                    continue;
                }
                driver.wait(60_000);
                driver.state.toast = None;
                let grid = draw(&driver.state).0;
                assert_eq!(misplaced(&grid), Vec::<String>::new(), "{name} {size:?}\n{}", grid.text());
                if with_facts.contains(&name) {
                    assert!(has_facts(&grid), "{name} {size:?}\n{}", grid.text());
                }
            }
        }
    }
    // With other columns than those of the list, the check finds the texts.
    let grid = draw(&at("", (80, 24)).state).0;
    let mut shifted = Grid::new(grid.size());
    for y in 0..grid.size().height {
        for x in 1..grid.size().width {
            let area = terminal::grid::Area::of(grid.size());
            shifted.put(area, x - 1, y, &text(&grid, x, y), terminal::style::Style::default(), 0);
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

// 4. Messages cover nothing that is read, written or offered.

/// The rows that differ between two screens.
fn changed_rows(one: &Grid, other: &Grid) -> BTreeSet<u16> {
    let size = one.size();
    (0..size.height).filter(|y| (0..size.width).any(|x| !one.is_same(other, x, *y))).collect()
}

/// The rows that a message must not cover.
fn kept_rows(grid: &Grid, caret: Option<(u16, u16)>) -> BTreeSet<u16> {
    let size = grid.size();
    let is_kept = |y: &u16| {
        (0..size.width).any(|x| {
            let surface = grid.cell(x, *y).map(|cell| cell.style.surface);
            matches!(surface, Some(Surface::Selected | Surface::Sheet))
        })
    };
    let mut kept: BTreeSet<u16> = (0..size.height).filter(is_kept).collect();
    kept.extend(caret.map(|(_, y)| y));
    if size.width >= 50 && size.height >= 14 {
        kept.insert(size.height - 1);
    }
    kept
}

#[test]
fn a_message_covers_neither_caret_nor_composer_nor_selection_nor_hints() {
    let texts = ["Liked", &"A long sentence that takes more than one row on most screens. ".repeat(3)];
    let open = ["home", "home_in_the_middle", "people", "settings", "conversation", "composer", "doctor"];
    for (name, keys) in SCREENS.into_iter().filter(|(name, _)| open.contains(name)) {
        for size in [(30, 8), (40, 12), (50, 14), (60, 20), (80, 24), (120, 40), (200, 50)] {
            let mut driver = at(keys, size);
            driver.state.toast = None;
            let (before, caret) = draw(&driver.state);
            let kept = kept_rows(&before, caret);
            if kept.len() == usize::from(size.1) {
                // On a very low screen a composer leaves no row free.
                continue;
            }
            for text in texts {
                for is_error in [false, true] {
                    let until = driver.state.now + 5_000;
                    driver.state.toast = Some(Toast { text: text.to_owned(), is_error, until: Some(until) });
                    let (after, _) = draw(&driver.state);
                    let changed = changed_rows(&before, &after);
                    assert!(!changed.is_empty(), "{name} {size:?}: it is shown");
                    let covered: Vec<_> = changed.intersection(&kept).collect();
                    assert!(covered.is_empty(), "{name} {size:?}: rows {covered:?}\n{}", after.text());
                }
            }
        }
    }
    // A message over the selected row is found.
    let driver = at("", (80, 24));
    let (grid, caret) = draw(&driver.state);
    assert!(kept_rows(&grid, caret).contains(&2), "{}", grid.text());
}

// 5. The way to everything else is always visible, and hints are true.

fn has_help(screen: &str) -> bool {
    let last = screen.lines().last().unwrap_or_default();
    last.contains("? help") || last.contains("F1 help")
}

#[test]
fn the_way_to_help_is_visible_from_50_columns_on() {
    let over_everything = ["search", "help", "palette", "settings_menu"];
    for (name, keys) in SCREENS {
        for size in [(50, 14), (60, 20), (80, 24), (120, 40), (200, 50)] {
            // A list of choices takes all rows of a low screen, and names the way to close it.
            if size.1 < 24 && over_everything.contains(&name) {
                continue;
            }
            let mut driver = at(keys, size);
            // The filter has the last row, in which it is typed.
            if name == "filter" {
                driver.press("enter");
            }
            assert!(has_help(&driver.screen()), "{name} {size:?}\n{}", driver.screen());
        }
    }
    assert!(!has_help(" r reply  b retweet"));
}

/// The keys and words of the left part of the hints line.
fn hints(screen: &str) -> Vec<(String, String)> {
    let last = screen.lines().last().unwrap_or_default();
    let parts = last.split("  ").map(str::trim).filter(|part| !part.is_empty());
    parts
        .filter_map(|part| part.split_once(' '))
        .map(|(key, word)| (key.to_owned(), word.to_owned()))
        .collect()
}

/// The key as it is written in settings.
fn in_settings(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    match letters.as_slice() {
        [_] => key.to_owned(),
        [first @ ('g' | 'y' | 'z'), second] => format!("{first} {second}"),
        _ => key.to_lowercase(),
    }
}

/// What the client says of a key that does not do what is hinted.
fn refusal(driver: &mut TuiDriver, key: &str) -> Option<String> {
    driver.state.toast = None;
    driver.press(&in_settings(key));
    let said = driver.state.toast.as_ref().map(|toast| toast.text.clone())?;
    let refusals =
        ["isn't a shortcut", "No tweet", "No one selected", "Not your", "Nothing to", "one section"];
    refusals.iter().any(|refusal| said.contains(refusal)).then_some(said)
}

#[test]
fn every_key_of_the_hints_does_something_here() {
    let covered = ["search", "help", "palette", "filter", "settings_menu"];
    for (name, keys) in SCREENS.into_iter().filter(|(name, _)| !covered.contains(name)) {
        let all = hints(&at(keys, (200, 50)).screen());
        assert!(all.len() > 1, "{name}");
        for (key, word) in all.into_iter().filter(|(key, _)| key != "u") {
            let said = refusal(&mut at(keys, (200, 50)), &key);
            assert_eq!(said, None, "{name}: {key} {word}");
        }
    }
    assert!(refusal(&mut at("g s", (80, 24)), "f").is_some(), "there is no tweet to like");
}

// 7. No two states look the same without color.

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

// 9. A theme changes every cell.

/// The colors of every cell after these bytes of a painter: the parameters that set them.
fn colors_of_cells(cells: &mut [Vec<String>], bytes: &str) {
    use unicode_segmentation::UnicodeSegmentation as _;
    let (mut x, mut y, mut style) = (0_usize, 0_usize, String::new());
    let mut rest = bytes;
    while let Some(cluster) = rest.graphemes(true).next() {
        if let Some(sequence) = rest.strip_prefix("\x1b[") {
            let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
            let (parameters, tail) = sequence.split_at(end);
            match tail.chars().next().unwrap() {
                'H' => {
                    let (row, column) = parameters.split_once(';').unwrap_or(("1", "1"));
                    (y, x) = (row.parse::<usize>().unwrap() - 1, column.parse::<usize>().unwrap() - 1);
                }
                'm' => style = parameters.to_owned(),
                'J' => cells.iter_mut().flatten().for_each(|cell| *cell = "cleared".to_owned()),
                _ => {}
            }
            rest = &tail[1..];
            continue;
        }
        if let Some(sequence) = rest.strip_prefix("\x1b]") {
            rest = &sequence[sequence.find("\x1b\\").unwrap() + 2..];
            continue;
        }
        for column in x..x + terminal::measure::cluster_columns(cluster).max(1) {
            if let Some(cell) = cells.get_mut(y).and_then(|row| row.get_mut(column)) {
                cell.clone_from(&style);
            }
        }
        x += terminal::measure::cluster_columns(cluster).max(1);
        rest = &rest[cluster.len()..];
    }
}

/// Whether a style has a color of a theme, which is given in the form of SGR.
fn has_color(style: &str, theme: &Theme) -> bool {
    theme.to_toml().lines().any(|line| {
        let hex = line.split('#').nth(1).map(|hex| hex.trim_end_matches('"'));
        let part = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        hex.is_some_and(|hex| {
            style.contains(&format!("2;{};{};{}", part(hex, 0), part(hex, 2), part(hex, 4)))
        })
    })
}

#[test]
fn after_a_change_of_theme_no_cell_has_a_color_of_the_old_one() {
    let paint = |painter: &mut Painter, driver: &TuiDriver, cells: &mut [Vec<String>]| {
        let theme = &driver.state.preferences.theme;
        let charset = driver.state.terminal.capabilities.charset;
        let (grid, caret) = draw(&driver.state);
        let bytes = painter.paint(grid, caret, Paint { theme, depth: Depth::Exact, links: true, charset });
        colors_of_cells(cells, &bytes);
    };
    for size in SIZES {
        let mut driver = with_settings("theme = \"night\"", "g s", size);
        let mut painter = Painter::default();
        let mut cells = vec![vec![String::new(); usize::from(size.0)]; usize::from(size.1)];
        paint(&mut painter, &driver, &mut cells);
        let night = driver.state.preferences.theme.clone();
        assert!(
            cells.iter().flatten().all(|cell| has_color(cell, &night)),
            "{size:?}: every cell is painted"
        );
        driver.press(": text:theme_paper enter");
        paint(&mut painter, &driver, &mut cells);
        let paper = driver.state.preferences.theme.clone();
        assert_ne!(night, paper);
        for (y, row) in cells.iter().enumerate() {
            for (x, cell) in row.iter().enumerate() {
                assert!(!has_color(cell, &night) && has_color(cell, &paper), "{size:?} {x},{y}: {cell}");
            }
        }
    }
}

#[test]
fn a_message_of_the_terminal_about_its_mode_changes_the_theme() {
    let mut driver = with_settings("follow_mode = true", "", (80, 24));
    let all = Theme::all();
    assert_eq!(driver.state.preferences.theme, all["night"]);
    let report =
        |dark| Message::Input(terminal::key::Event::Report(terminal::key::Report::DarkBackground(dark)));
    driver.handle(report(false));
    assert_eq!(driver.state.preferences.theme, all["paper"]);
    driver.handle(report(true));
    assert_eq!(driver.state.preferences.theme, all["night"]);
    let mut driver = with_settings("", "", (80, 24));
    driver.handle(report(false));
    assert_eq!(driver.state.preferences.theme, Theme::terminal_on_light());
}
