//! What is painted: the colors of every theme, signs of every kind of terminal, and nothing while nothing happens.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::collections::{BTreeMap, BTreeSet};

use driver::TuiDriver;
use driver::painted::Terminal;
use driver::screens::{Start, screens, with_settings};
use driver::states::everything;
use mini_tweet_tui::message::Message;
use mini_tweet_tui::update::deadline;
use mini_tweet_tui::view::draw;
use terminal::paint::Depth;
use terminal::style::{ColorRole, Style, Surface, Theme};

const SIZE: (u16, u16) = (80, 24);
/// The screens whose styles are in snapshots.
const STYLED: [&str; 4] = ["home", "composer", "conversation", "settings"];

/// The letter of a role, and of a blank cell on a surface.
fn letter(style: Style, is_blank: bool) -> char {
    if is_blank {
        return match style.surface {
            Surface::Plain => ' ',
            Surface::Selected => ':',
            Surface::Bar => '=',
            Surface::Sheet => '_',
            Surface::Message => '!',
        };
    }
    let letter = match style.role {
        ColorRole::Text => 't',
        ColorRole::Dim => 'd',
        ColorRole::Name => 'n',
        ColorRole::Link => 'l',
        ColorRole::Accent => 'a',
        ColorRole::Good => 'g',
        ColorRole::Warning => 'w',
        ColorRole::Error => 'e',
        ColorRole::Line => '-',
    };
    if style.bold { letter.to_ascii_uppercase() } else { letter }
}

/// The text of a screen, and next to it a letter for the style of every cell.
fn text_and_letters(driver: &TuiDriver) -> String {
    let grid = draw(&driver.state).0;
    let text = grid.text();
    let mut lines = text.lines();
    let mut out = String::new();
    for y in 0..grid.size().height {
        let line = lines.next().unwrap_or_default();
        let letters: String = (0..grid.size().width)
            .map(|x| grid.cell(x, y).map_or(' ', |cell| letter(cell.style, cell.text.trim().is_empty())))
            .collect();
        let gap = " ".repeat(usize::from(grid.size().width).saturating_sub(terminal::measure::columns(line)));
        out.push_str(format!("{line}{gap} ║ {letters}").trim_end());
        out.push('\n');
    }
    out
}

/// A style in words.
fn words(style: Style) -> String {
    let mut words = format!("{:?}", style.role).to_lowercase();
    for (is, word) in [(style.bold, " bold"), (style.underline, " underlined")] {
        words.push_str(if is { word } else { "" });
    }
    if style.surface != Surface::Plain {
        words.push_str(&format!(" on {:?}", style.surface).to_lowercase());
    }
    words
}

/// SGR parameters as colors and emphasis.
fn readable(sgr: &str) -> String {
    let all: Vec<&str> = sgr.split(';').collect();
    let mut words: Vec<String> = Vec::new();
    let mut rest = all.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let number: u8 = first.parse().unwrap_or(0);
        rest = tail;
        match (number, tail) {
            (0, _) => {}
            (1, _) => words.push("bold".into()),
            (4, _) => words.push("underlined".into()),
            (7, _) => words.push("reversed".into()),
            (38 | 48, ["2", red, green, blue, after @ ..]) => {
                let hex = [red, green, blue].map(|part| format!("{:02x}", part.parse::<u8>().unwrap()));
                words.push(format!("{}#{}", if number == 48 { "on " } else { "" }, hex.concat()));
                rest = after;
            }
            (38 | 48, ["5", index, after @ ..]) => {
                words.push(format!("{}{index}", if number == 48 { "on " } else { "" }));
                rest = after;
            }
            (30..=37, _) => words.push(format!("color {}", number - 30)),
            (90..=97, _) => words.push(format!("color {}", number - 82)),
            _ => words.push(format!("SGR {number}")),
        }
    }
    if words.is_empty() { "default".into() } else { words.join(" ") }
}

/// A kind of terminal: its name, its settings, its colors and whether its background is dark.
const TERMINALS: [(&str, &str, Depth, Option<bool>); 8] = [
    ("night", "theme = \"night\"", Depth::Exact, None),
    ("paper", "theme = \"paper\"", Depth::Exact, None),
    ("ember", "theme = \"ember\"", Depth::Exact, None),
    ("clear", "theme = \"clear\"", Depth::Exact, None),
    ("terminal, true color", "theme = \"terminal\"", Depth::Exact, None),
    ("terminal, 16 colors on dark", "theme = \"terminal\"", Depth::Sixteen, Some(true)),
    ("terminal, 16 colors on light", "theme = \"terminal\"", Depth::Sixteen, Some(false)),
    ("NO_COLOR", "", Depth::None, None),
];

fn in_terminal(name: &str, settings: &'static str, is_dark: Option<bool>) -> TuiDriver {
    let screen = screens().find(|screen| screen.name == name).unwrap();
    let mut driver = screen.open(Start { settings, ..Start::at(SIZE) });
    if let Some(is_dark) = is_dark {
        driver.handle(Message::Input(terminal::key::Event::Report(terminal::key::Report::DarkBackground(
            is_dark,
        ))));
    }
    driver
}

/// What each style of a screen is painted as.
fn painted_styles(driver: &TuiDriver, depth: Depth) -> BTreeMap<String, BTreeSet<String>> {
    let mut shown = Terminal::new(SIZE, depth);
    shown.paint(driver);
    let grid = draw(&driver.state).0;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let Some(cell) = grid.cell(x, y).filter(|cell| !cell.text.trim().is_empty()) else { continue };
            let sgr = &shown.rows[usize::from(y)][usize::from(x)].sgr;
            found.entry(words(cell.style)).or_default().insert(readable(sgr));
        }
    }
    found
}

#[test]
fn the_styles_of_screens_in_every_theme_and_terminal() {
    for name in STYLED {
        let mut all = text_and_letters(&in_terminal(name, "", None));
        for (terminal, settings, depth, is_dark) in TERMINALS {
            let driver = in_terminal(name, settings, is_dark);
            all.push_str(&format!("\n{terminal}\n"));
            for (style, colors) in painted_styles(&driver, depth) {
                assert_eq!(colors.len(), 1, "{name}, {terminal}: {style} is {colors:?}");
                all.push_str(&format!("  {style:<28} {}\n", colors.into_iter().collect::<String>()));
            }
        }
        for (terminal, settings, wide_signs) in
            [("ASCII", "symbols = \"ascii\"", None), ("a terminal with wide signs", "", Some(2))]
        {
            let mut driver = in_terminal(name, settings, None);
            if let Some(column) = wide_signs {
                driver.handle(Message::Input(terminal::key::Event::Report(terminal::key::Report::Cursor(
                    column,
                ))));
            }
            let mut shown = Terminal::new(SIZE, Depth::Sixteen);
            shown.paint(&driver);
            all.push_str(&format!("\n{terminal}\n{}\n", shown.text().trim_end()));
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("styles_of_{name}"), all);
        });
    }
}

/// The colors of a theme, as they are in SGR sequences.
fn colors(theme: &Theme) -> Vec<String> {
    let hexes = theme.to_toml();
    let hexes = hexes.lines().filter_map(|line| line.split('#').nth(1)).map(|hex| hex.trim_end_matches('"'));
    let part = |hex: &str, at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    hexes.map(|hex| format!("2;{};{};{}", part(hex, 0), part(hex, 2), part(hex, 4))).collect()
}

/// The styles with a color of the old theme or with none of the new one.
fn not_repainted(shown: &Terminal, old: &[String], new: &[String]) -> BTreeSet<String> {
    let styles: BTreeSet<&String> = shown.rows.iter().flatten().map(|cell| &cell.sgr).collect();
    let has = |sgr: &str, colors: &[String]| colors.iter().any(|color| sgr.contains(color));
    styles.into_iter().filter(|sgr| has(sgr, old) || !has(sgr, new)).cloned().collect()
}

#[test]
fn after_a_change_of_theme_no_cell_has_a_color_of_the_old_one() {
    let all = Theme::all();
    let (night, paper) = (colors(&all["night"]), colors(&all["paper"]));
    for size in [(40, 12), (120, 40)] {
        for screen in screens() {
            let mut driver = screen.open(Start { settings: "theme = \"night\"", ..Start::at(size) });
            if driver.state.preferences.theme != all["night"] {
                // The menu of the themes shows another one.
                continue;
            }
            let mut shown = Terminal::new(size, Depth::Exact);
            shown.paint(&driver);
            assert!(not_repainted(&shown, &paper, &night).is_empty(), "{} {size:?}", screen.name);
            assert!(!not_repainted(&shown, &night, &paper).is_empty(), "the check finds the old theme");
            driver.state.preferences.theme = all["paper"].clone();
            shown.paint(&driver);
            assert_eq!(not_repainted(&shown, &night, &paper), BTreeSet::new(), "{} {size:?}", screen.name);
        }
    }
    let mut driver = with_settings("theme = \"night\"", "g s", SIZE);
    driver.press(": text:theme_paper enter");
    assert_eq!(driver.state.preferences.theme, all["paper"], "the command changes it");
}

#[test]
fn a_message_of_the_terminal_about_its_mode_changes_the_theme() {
    let mut driver = with_settings("follow_mode = true", "", SIZE);
    let all = Theme::all();
    assert_eq!(driver.state.preferences.theme, all["night"]);
    let report =
        |dark| Message::Input(terminal::key::Event::Report(terminal::key::Report::DarkBackground(dark)));
    driver.handle(report(false));
    assert_eq!(driver.state.preferences.theme, all["paper"]);
    driver.handle(report(true));
    assert_eq!(driver.state.preferences.theme, all["night"]);
    let mut driver = with_settings("", "", SIZE);
    driver.handle(report(false));
    assert_eq!(driver.state.preferences.theme, Theme::terminal_on_light());
}

/// How often a client writes and how often its text changes, while nothing happens and it wakes as often as it wants to.
fn writes_and_changes(driver: &mut TuiDriver, wakes: usize) -> (usize, usize) {
    let mut shown = Terminal::new(SIZE, Depth::Exact);
    shown.paint(driver);
    let (mut writes, mut changes, mut text) = (0, 0, driver.screen());
    for _ in 0..wakes {
        let Some(at) = deadline(&driver.state) else { break };
        assert!(at > driver.now, "the client does not wake without end");
        driver.wait(at - driver.now);
        writes += usize::from(!shown.paint(driver).is_empty());
        let next = driver.screen();
        changes += usize::from(next != text);
        text = next;
    }
    (writes, changes)
}

#[test]
fn an_idle_screen_writes_only_what_changes_in_it() {
    // How long a response is waited for is counted in seconds.
    for screen in everything().filter(|screen| screen.name != "slow") {
        let mut driver = screen.at(SIZE);
        driver.wait(600_000);
        let began = driver.now;
        let (writes, changes) = writes_and_changes(&mut driver, 12);
        // Ages change once a minute, and so does the time for which someone is away.
        let minutes = usize::try_from((driver.now - began) / 60_000).unwrap();
        let is_idle = writes <= changes && changes <= 2 * (minutes + 1);
        assert!(is_idle, "{}: {writes} frames, {changes} changes, {minutes} minutes", screen.name);
    }
    // A countdown writes every second.
    let mut driver = screens().next().unwrap().at(SIZE);
    driver.press("c text:hello ctrl-s");
    let (writes, _) = writes_and_changes(&mut driver, 4);
    assert!(writes >= 3, "{writes}");
}
