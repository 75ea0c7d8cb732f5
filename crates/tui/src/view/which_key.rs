//! The sheet with the keys that can follow those that were pressed.

use super::lines::{bold, dim, fit_line, line_columns, plain, put, span};
use super::overlay::rule;
use super::size::SizeClass;
use crate::availability::applies;
use crate::commands::{Action, Command};
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::key::{Code, Key, Keys};
use terminal::measure::columns as columns_of;
use terminal::style::{ColorRole, Style, Surface};

/// Shows the next part, where not all keys fit: it types no character, so that it is free in texts, too.
pub(crate) const NEXT: Key = Key::plain(Code::Tab);

/// Draws the commands whose shortcuts begin with the pressed keys, above the last row. Returns where they are.
pub(super) fn which_key(state: &State, grid: &mut Grid) -> Area {
    let pressed = &state.pressed.keys;
    let mut all = state.preferences.keymap.continuations(pressed, &state.contexts());
    all.retain(|(_, command)| applies(state, command));
    let whole = Area::of(state.terminal.size);
    let (most, below) = match SizeClass::of(state.terminal.size) {
        SizeClass::Tiny => (1, 0),
        SizeClass::Narrow => (2, 1),
        SizeClass::Medium => (3, 1),
        SizeClass::Wide | SizeClass::ExtraWide => (4, 1),
    };
    let titles: Vec<String> = all.iter().map(|(_, command)| title_of(state, command)).collect();
    let keys_width = all.iter().map(|(keys, _)| columns_of(&keys.to_string())).max().unwrap_or(0) + 2;
    let widest = titles.iter().map(|title| columns_of(title)).max().unwrap_or(0) + keys_width + 1;
    // No title is cut: wide ones take the place of a column.
    let fitting = whole.width / u16::try_from(widest).unwrap_or(u16::MAX).max(1);
    let columns = fitting.clamp(1, most);
    let count = u16::try_from(all.len()).unwrap_or(u16::MAX).max(1);
    let rows = count.div_ceil(columns).min(whole.height.saturating_sub(1 + below).max(1));
    let parts = usize::from(count.div_ceil(rows * columns));
    let part = state.pressed.part % parts.max(1);
    let y = whole.height.saturating_sub(rows + 1 + below);
    let area = Area { y, height: rows + 1, ..whole };
    grid.clear(area, Style::default().on(Surface::Sheet));
    let (top, list) = area.split_top(1);
    let title =
        span(format!("{}… {}", Keys(pressed.clone()), name(state)), Style::of(ColorRole::Accent).bold());
    let facts = if parts > 1 {
        vec![dim(format!("{} of {parts} · {NEXT} more · Esc", part + 1))]
    } else {
        Vec::new()
    };
    rule(state, grid, top, 1, vec![title], facts, Surface::Sheet);
    let width = list.width / columns;
    let shown = usize::from(rows * columns);
    let entries = all.into_iter().zip(titles).skip(part * shown).take(shown);
    for (place, ((keys, _), title)) in (0_u16..).zip(entries) {
        let line = vec![bold(format!(" {:<keys_width$}", keys.to_string())), plain(title)];
        let line = fit_line(line, usize::from(width));
        put(grid, list, list.x + place / rows * width, list.y + place % rows, &line, Surface::Sheet);
    }
    if below > 0 {
        let hints = Area { y: whole.height.saturating_sub(1), height: 1, ..whole };
        grid.clear(hints, Style::default().on(Surface::Bar));
        put(grid, hints, hints.x + 1, hints.y, &[bold("Esc"), dim(" cancel")], Surface::Bar);
        // A key that types no character, as it is also there while a text is written.
        let mut help = state.preferences.keymap.all_keys_of(Action::Help).into_iter();
        if let Some(keys) = help.find(|keys| keys.chars().count() > 1) {
            let line = [bold(keys), dim(" help")];
            let x = hints.width.saturating_sub(u16::try_from(line_columns(&line)).unwrap_or(0) + 1);
            put(grid, hints, x, hints.y, &line, Surface::Bar);
        }
    }
    area
}

/// What the commands after these keys have in common.
fn name(state: &State) -> &'static str {
    match state.pressed.keys.as_slice() {
        [key] if *key == Key::char('g') => "Go to",
        [key] if *key == Key::char('y') => "Copy",
        [key] if *key == Key::char('z') => "Fold",
        _ => match state.composer.as_ref().map(|composer| &composer.writing) {
            Some(writing) if writing.chat().is_some() => "This message",
            Some(_) => "This tweet",
            None => "Anywhere",
        },
    }
}

/// The title of a command, with the present value if it changes one.
fn title_of(state: &State, command: &Command) -> String {
    match (&state.composer, command.action) {
        (Some(composer), Action::CycleVisibility) => format!("Who sees it: {}", composer.audience.title()),
        _ => command.title.to_owned(),
    }
}
