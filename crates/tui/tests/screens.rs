//! Snapshots of every screen at several sizes, and properties of all of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use driver::plain::PlainDriver;
use driver::screens::{Screen, Start, at, screens};
use driver::states::states;
use driver::{TuiDriver, id, tweet};
use mini_tweet_tui::message::Message;
use mini_tweet_tui::view::draw;
use terminal::grid::Size;

fn assert_snapshot(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, text);
    });
}

fn at_sizes(screen: &Screen, sizes: &[(u16, u16)]) -> String {
    let mut all = String::new();
    for size in sizes {
        let text = screen.at(*size).screen();
        all.push_str(&format!("{} {}×{}\n{}\n\n", screen.name, size.0, size.1, text.trim_end()));
    }
    all
}

/// What plain mode reads of a screen. The lines that it also reads of the home feed are left out.
fn in_plain_mode(screen: &Screen, home: &str) -> String {
    let said = plain_text(screen);
    let is_own = |line: &&str| screen.name == "home" || !home.lines().any(|other| other == *line);
    let lines: Vec<&str> = said.lines().filter(is_own).collect();
    format!("{} in plain mode\n{}\n\n", screen.name, lines.join("\n"))
}

fn plain_text(screen: &Screen) -> String {
    PlainDriver::from(screen.open(Start { is_plain: true, ..Start::at((80, 24)) })).printed
}

fn home() -> String {
    plain_text(&screens().next().unwrap())
}

#[test]
fn every_screen_at_every_size_and_in_plain_mode() {
    let home = home();
    for screen in screens() {
        let all = at_sizes(&screen, &screen.sizes()) + &in_plain_mode(&screen, &home);
        assert_snapshot(screen.name, &all);
    }
}

#[test]
fn every_state_at_a_usual_and_at_the_smallest_size() {
    let home = home();
    let one = |state: Screen| at_sizes(&state, &[(80, 24), (40, 12)]) + &in_plain_mode(&state, &home);
    assert_snapshot("states", &states().map(one).collect::<String>());
}

/// Pairs of keys that lead to the same screen in two states, which must differ in their text.
#[test]
fn no_state_is_shown_by_color_alone() {
    let pairs: [(&str, &str, &str); 9] = [
        ("the user's like", "", "f"),
        ("the user's retweet", "", "b"),
        ("a bookmarked tweet", "", "s"),
        ("the selected row", "j", "j j"),
        ("the current tab", "2", "3"),
        ("the marked choice", ": text:go", ": text:go down"),
        ("the current section", "a", "a >"),
        ("a followed person", "5 j j", "5 j j F"),
        ("the audience", "c text:x", "c text:x alt-v"),
    ];
    for (what, one, other) in pairs {
        let screen = |keys| {
            let mut driver = at(keys, (80, 24));
            // Without the message at the bottom, which would differ.
            driver.wait(60_000);
            driver.screen()
        };
        assert_ne!(screen(one), screen(other), "{what}");
    }
    // The connection.
    let mut driver = at("", (80, 24));
    let live = driver.screen();
    driver.handle(Message::Link(client::State::Reconnecting { why: "gone".into() }));
    assert_ne!(driver.screen(), live);
    // Each presence has its own sign.
    let people = at("5", (80, 24)).screen();
    assert!(
        people.contains("● @grace") && people.contains("◐ @alan") && people.contains("○ @linus"),
        "{people}"
    );
}

#[test]
fn no_text_of_a_user_breaks_the_layout_or_controls_the_terminal() {
    let hostile = [
        "\x1b[2J\x1b]52;c;AAAA\x07\x1b]0;title\x07",
        "\u{9b}31m C1 \u{85} and \u{7f}",
        "\u{202e}gnirts desrever\u{202c} \u{2066}isolate",
        "zero\u{200b}width\u{feff} tags \u{e0041}\u{e007f}",
        "👩‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 🇩🇪🇫🇷 ❤️ #️⃣",
        "日本語のとても長いツイートです。改行なしでどこまでも続きます。",
        "שלום עולם مرحبا بالعالم mixed עם English",
        &format!("e{} flood", "\u{301}".repeat(60)),
        "a\tb\r\nc\rd\u{b}e\u{c}f",
        &"x".repeat(300),
        "\u{1f3fb}\u{200d}\u{200d} lone joiners \u{fe0f}",
    ];
    for (width, height) in [(20, 6), (40, 12), (80, 24), (200, 50)] {
        let mut driver = TuiDriver::new(width, height);
        for (n, text) in (1_i64..).zip(hostile) {
            driver.accounts.push(driver::account(100 + u64::try_from(n).unwrap(), &format!("user{n}"), text));
            let mut new = tweet(0, 100 + u64::try_from(n).unwrap(), text);
            new.id = id(0) + u64::try_from(n).unwrap();
            driver.receive_tweet(new);
        }
        driver.press(".");
        for keys in [
            "j", "j", "j", "a", "esc", "t", "esc", "j", "B", "esc", "j", "o", "esc", "i", "esc", "5", "g l",
            "g n",
        ] {
            driver.press(keys);
            let (grid, caret) = draw(&driver.state);
            assert_eq!(grid.size(), Size { width, height });
            for y in 0..height {
                let mut columns = 0;
                for x in 0..width {
                    let cell = grid.cell(x, y).unwrap();
                    assert!(!cell.text.chars().any(|c| c.is_control()), "{:?}", cell.text);
                    assert!(!cell.text.contains([
                        '\u{202e}',
                        '\u{2066}',
                        '\u{200b}',
                        '\u{feff}',
                        '\u{e0041}'
                    ]));
                    assert!(cell.text.chars().count() <= 12, "{:?}", cell.text);
                    columns +=
                        if cell.text.is_empty() { 0 } else { terminal::measure::cluster_columns(&cell.text) };
                }
                assert_eq!(columns, usize::from(width), "line {y} at {width}×{height} after {keys}");
            }
            if let Some((x, y)) = caret {
                assert!(x < width && y < height);
            }
        }
    }
}

#[test]
fn any_size_and_any_change_of_size_is_drawn() {
    let mut driver = TuiDriver::new(80, 24);
    let sizes = [(1, 1), (2, 1), (1, 50), (500, 200), (3, 3), (49, 13), (500, 1), (80, 24)];
    for keys in ["", "c text:hello", "esc", ":", "esc", "?", "esc", "3 enter", "esc esc", "g s", "g", "esc"] {
        if !keys.is_empty() {
            driver.press(keys);
        }
        for (width, height) in sizes {
            driver.handle(Message::Resized(Size::clamped(width, height)));
            let _ = draw(&driver.state);
        }
    }
    assert_eq!(Size::clamped(65_535, 65_535), Size { width: 500, height: 200 });
}
