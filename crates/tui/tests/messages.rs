//! The message to the user covers nothing that is read, written or offered.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod driver;

use std::collections::BTreeSet;

use driver::TuiDriver;
use driver::screens::{at, screens};
use mini_tweet_tui::state::Toast;
use mini_tweet_tui::view::draw;
use terminal::grid::Grid;
use terminal::style::Surface;

const WIDTHS: [u16; 8] = [30, 40, 49, 50, 60, 80, 110, 160];
const HEIGHTS: [u16; 7] = [8, 10, 12, 13, 14, 20, 24];
/// One of each kind of what can be open.
const OPEN: [&str; 14] = [
    "home",
    "home_in_the_middle",
    "thread",
    "people",
    "notifications",
    "settings",
    "conversation",
    "conversation_own_message",
    "composer",
    "reply",
    "edit_profile",
    "palette",
    "row_menu",
    "log_in",
];

/// The rows that differ between two screens.
fn changed_rows(one: &Grid, other: &Grid) -> BTreeSet<u16> {
    let size = one.size();
    (0..size.height).filter(|y| (0..size.width).any(|x| !one.is_same(other, x, *y))).collect()
}

/// The rows that a message must not cover: the selected row unless it is below a frame, sheets and frames, the caret and
/// the hints.
fn kept_rows(grid: &Grid, caret: Option<(u16, u16)>, is_framed: bool) -> BTreeSet<u16> {
    let size = grid.size();
    let is_kept = |y: &u16| {
        (0..size.width).any(|x| {
            let surface = grid.cell(x, *y).map(|cell| cell.style.surface);
            surface == Some(Surface::Sheet) || (surface == Some(Surface::Selected) && !is_framed)
        })
    };
    let mut kept: BTreeSet<u16> = (0..size.height).filter(is_kept).collect();
    kept.extend(caret.map(|(_, y)| y));
    if size.width >= 50 && size.height >= 14 {
        kept.insert(size.height - 1);
    }
    kept
}

/// The rows that a message covers and must not cover.
fn covered(driver: &mut TuiDriver, text: &str, is_error: bool) -> Vec<u16> {
    driver.state.toast = None;
    let (before, caret) = draw(&driver.state);
    let is_framed = driver.state.form.is_some() || driver.state.prompt.is_some();
    let kept = kept_rows(&before, caret, is_framed);
    if kept.len() == usize::from(before.size().height) {
        // A composer or a frame leaves no row free on a very low screen.
        return Vec::new();
    }
    let until = driver.state.now + 5_000;
    driver.state.toast = Some(Toast { text: text.to_owned(), is_error, until: Some(until) });
    let (after, _) = draw(&driver.state);
    let changed = changed_rows(&before, &after);
    assert!(!changed.is_empty(), "it is shown\n{}", after.text());
    changed.intersection(&kept).copied().collect()
}

#[test]
fn a_message_covers_neither_caret_nor_composer_nor_selection_nor_hints() {
    let texts = ["Liked", &"A long sentence that takes more than one row on most screens. ".repeat(3)];
    let mut found = Vec::new();
    for screen in screens().filter(|screen| OPEN.contains(&screen.name)) {
        let mut driver = screen.at((80, 24));
        for (width, height) in WIDTHS.into_iter().flat_map(|width| HEIGHTS.map(|height| (width, height))) {
            driver.terminal(width, height);
            for (text, is_error) in texts.iter().zip([false, true]) {
                let rows = covered(&mut driver, text, is_error);
                if !rows.is_empty() {
                    found.push(format!("{} {width}×{height} {rows:?}\n{}", screen.name, driver.screen()));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}\n{} messages cover something", found.join("\n"), found.len());
    // A message over the selected row is found.
    let driver = at("", (80, 24));
    let (grid, caret) = draw(&driver.state);
    assert!(kept_rows(&grid, caret, false).contains(&2), "{}", grid.text());
}
