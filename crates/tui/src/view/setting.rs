//! The settings: their rows, the explanation of the selected one, and the preview of colors and signs.

use super::lines::{Line, bold, dim, fit_line, line_columns, of, plain, put, span, two_ends, words};
use crate::commands::by_id;
use crate::row::Row;
use crate::settings::{SETTINGS_FILE, SettingOption, Symbols, value_words};
use crate::signs::{Sign, Signs};
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::measure::{columns, fit};
use terminal::style::{ColorRole, Style, Surface};

/// Columns by which settings are set in from the names of their groups.
const INSET: &str = "  ";
/// Columns of a list from which a value is explained.
const EXPLAINED_FROM: usize = 46;

/// The value of a setting in words.
pub(crate) fn words_of(state: &State, option: &SettingOption) -> String {
    if option.is_on_server() {
        let is_hidden = state.session.me.as_ref().is_some_and(|me| me.is_hidden);
        return value_words(option.name, if is_hidden { "false" } else { "true" });
    }
    value_words(option.name, &state.preferences.settings.value(option.name))
}

/// A setting: its name at the left, its value at the right.
pub(super) fn setting(state: &State, name: &str, width: usize) -> Line {
    let Some(option) = SettingOption::by_name(name) else { return Line::new() };
    let settings = &state.preferences.settings;
    let mut value = words_of(state, option);
    if name == "symbols" && settings.symbols == Symbols::Automatic && width >= EXPLAINED_FROM {
        let is_ascii = state.signs() == Signs::Ascii;
        value.push_str(if is_ascii { ": ASCII" } else { ": Unicode" });
    }
    let is_selected = matches!(state.selected(), Some(Row::Setting(selected)) if *selected == name);
    let right = state.sign(Sign::ChoiceRight);
    let value = if is_selected && settings.values(name).len() > 2 {
        of(ColorRole::Accent, format!("{} {value} {right}", state.sign(Sign::ChoiceLeft)))
    } else {
        // Where it is while it is selected.
        plain(format!("{value} {}", " ".repeat(columns(right))))
    };
    let label = fit(option.label, width.saturating_sub(INSET.len()));
    two_ends(vec![plain(INSET), plain(label)], vec![value], width)
}

/// A command among the settings: what it does at the left, its key or its name at the right.
pub(super) fn command(state: &State, id: &str, width: usize) -> Line {
    let Some(command) = by_id(id) else { return Line::new() };
    let keys = state.preferences.keymap.keys_of(command.action).unwrap_or_else(|| format!(":{id}"));
    two_ends(vec![plain(INSET), plain(command.title)], vec![dim(keys), plain(INSET)], width)
}

/// The selected setting.
fn selected(state: &State) -> Option<&'static SettingOption> {
    match state.selected() {
        Some(Row::Setting(name)) => SettingOption::by_name(name),
        _ => None,
    }
}

/// The explanation in one row, where there is no side pane.
pub(super) fn explanation(state: &State, grid: &mut Grid, area: Area) {
    let Some(option) = selected(state) else { return };
    let width = usize::from(area.width.saturating_sub(4));
    let mut line = vec![dim(format!("{}: {}", option.label, option.doc))];
    let stored = if option.is_on_server() {
        vec![" · on all your devices".to_owned()]
    } else {
        let of_file = |file: &str| format!(" · {} in {file}", option.name);
        vec![of_file(state.preferences.file()), of_file(SETTINGS_FILE)]
    };
    let available = width.saturating_sub(line_columns(&line));
    line.extend(stored.into_iter().find(|stored| columns(stored) <= available).map(dim));
    put(grid, area, area.x + 2, area.y, &fit_line(line, width), Surface::Plain);
}

/// The sections of the side pane: what the theme and the signs look like, and the explanation.
pub(super) fn side(state: &State, width: usize) -> Vec<Vec<Line>> {
    let mut sections = vec![preview(state, width)];
    if let Some(option) = selected(state) {
        let mut lines = vec![vec![bold("About this setting")]];
        let mut text = format!("{}.", option.doc);
        if state.preferences.settings.values(option.name).len() > 2 {
            text.push_str(" Each value takes effect while it is marked; Esc brings back the one you had.");
        }
        lines.extend(words(&text, width, Style::default()));
        lines.push(Line::new());
        let stored = if option.is_on_server() {
            "On all your devices".to_owned()
        } else {
            format!("In {}: {}", state.preferences.file(), option.name)
        };
        lines.extend(words(&stored, width, Style::of(ColorRole::Dim)));
        sections.push(lines);
    }
    sections
}

/// A tweet, the signs and the surfaces.
fn preview(state: &State, width: usize) -> Vec<Line> {
    let sign = |sign| state.sign(sign);
    let bar = || of(ColorRole::Accent, format!("{} ", sign(Sign::Selected)));
    let on = |line: Line| -> Line {
        line.into_iter()
            .map(|mut span| {
                span.style = span.style.on(Surface::Selected);
                span
            })
            .collect()
    };
    let name = span("@ada", Style::of(ColorRole::Name).bold());
    let header = two_ends(vec![bar(), name, plain(" Ada Lovelace")], vec![dim("4m")], width);
    let text = two_ends(
        vec![bar(), plain("The engine weaves "), of(ColorRole::Link, "#patterns")],
        Line::new(),
        width,
    );
    let counts = vec![
        bar(),
        plain(format!("{} 1   ", sign(Sign::Reply))),
        span(format!("{} 4 (you)   ", sign(Sign::Liked)), Style::of(ColorRole::Accent).bold()),
        of(ColorRole::Accent, sign(Sign::Saved)),
    ];
    let counts = two_ends(counts, Line::new(), width);
    vec![
        vec![bold("Preview")],
        on(header),
        on(text),
        on(counts),
        Line::new(),
        vec![
            of(ColorRole::Accent, format!("{} unread  {} new  ", sign(Sign::Unread), sign(Sign::New))),
            of(ColorRole::Good, format!("{} online", sign(Sign::Online))),
        ],
        vec![
            of(ColorRole::Good, format!("{} fine  ", sign(Sign::Done))),
            of(ColorRole::Warning, format!("{} careful  ", sign(Sign::Attention))),
            of(ColorRole::Error, format!("{} wrong", sign(Sign::Error))),
        ],
        vec![span("https://example.org", Style::of(ColorRole::Link).underline())],
        Line::new(),
        vec![
            span(" Selected ", Style::default().on(Surface::Selected)),
            plain(" "),
            span(" Bar ", Style::default().on(Surface::Bar)),
            plain(" "),
            span(" Sheet ", Style::default().on(Surface::Sheet)),
        ],
    ]
}
