//! The message to the user: one at a time, in a row that covers nothing that is read, written or offered.

use std::ops::Range;

use model::SafeText;

use super::layout::{self, Areas, SizeClass, visible};
use super::lines::{Line, line_columns, plain, put, shortened, span, two_ends, words};
use super::progress::{counts_down, undo_command};
use crate::commands::Action;
use crate::row::Row;
use crate::signs::Sign;
use crate::state::{State, Toast};
use crate::wording::{SENDING_IN, UNDO_HINT, duration};
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Rows of a message, at most.
const ROWS_MAX: u16 = 3;

/// A message on the screen.
struct Placed {
    area: Area,
    lines: Vec<Line>,
    /// What the right end of the last line offers, and its columns.
    offer: Option<(Action, u16)>,
}

/// Draws the message, if there is one. It covers neither the rows that are `kept` nor the selected row, of which it leaves
/// at least the first line if there is no space elsewhere.
pub(super) fn message(
    state: &State,
    grid: &mut Grid,
    areas: &Areas,
    kept: &[Range<u16>],
    selected: Option<&Range<u16>>,
) {
    let Some(Placed { area, lines, .. }) = place(state, areas, kept, selected) else { return };
    for (y, line) in (area.y..).zip(lines) {
        let area = Area { y, height: 1, ..area };
        grid.clear(area, Style::default().on(Surface::Message));
        put(grid, area, area.x, area.y, &line, Surface::Message);
    }
}

/// What the message offers at a cell.
pub(super) fn offer_at(
    state: &State,
    areas: &Areas,
    kept: &[Range<u16>],
    selected: Option<&Range<u16>>,
    (x, y): (u16, u16),
) -> Option<Action> {
    let Placed { area, offer, .. } = place(state, areas, kept, selected)?;
    let (action, columns) = offer?;
    let is_there = area.contains(x, y) && y + 1 == area.y + area.height;
    (is_there && x + columns >= area.x + area.width).then_some(action)
}

/// Where the message is.
fn place(state: &State, areas: &Areas, kept: &[Range<u16>], selected: Option<&Range<u16>>) -> Option<Placed> {
    let toast = state.toast.as_ref()?;
    let whole = Area::of(state.terminal.size);
    let (column, width) = match areas.sheet {
        Some(sheet) => (sheet.x, sheet.width),
        None => (whole.x, whole.width),
    };
    let (lines, offer) = lines(state, toast, usize::from(width), counts_down_in_list(state, areas));
    let first_line = selected.map(|rows| rows.start..rows.start + 1);
    let is_free = |(from, rows): (u16, u16), selected: Option<&Range<u16>>| {
        let to = from.saturating_add(rows);
        let is_apart = |kept: &Range<u16>| kept.end <= from || to <= kept.start;
        to <= whole.height && kept.iter().chain(selected).all(is_apart)
    };
    let top = areas.title.map_or(areas.list.y, |title| title.y);
    let end = areas.sheet.or(areas.explanation).or(areas.hints).map_or(whole.height, |below| below.y);
    let count = u16::try_from(lines.len()).unwrap_or(ROWS_MAX);
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    // As many rows as it has, or fewer; at the bottom first, on a tiny screen at the top.
    let places = |count: u16| {
        (1..=count).rev().flat_map(|rows| {
            let (above, below) = ((top, rows), (end.saturating_sub(rows), rows));
            if is_tiny { [above, below] } else { [below, above] }
        })
    };
    let place = places(count).find(|place| is_free(*place, selected));
    let place = place.or_else(|| places(1).find(|place| is_free(*place, first_line.as_ref())));
    let (from, rows) = place.unwrap_or((top, 1));
    let lines = shortened(lines, usize::from(rows), usize::from(width));
    let area = Area { x: column, y: from, width, height: rows };
    Some(Placed { area, lines, offer: offer.filter(|_| rows == count) })
}

/// Whether a row of the list counts down to what the message is about: the message does not repeat that. Rows that the
/// message could cover do not count.
fn counts_down_in_list(state: &State, areas: &Areas) -> bool {
    let Some(screen) = state.screen() else { return false };
    let (height, width) = areas.list_size();
    let most = i32::from(ROWS_MAX);
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    let free = if is_tiny { most..height } else { 0..height - most };
    visible(state, (height, width)).into_iter().any(|(place, line)| {
        let row = screen.list.rows().get(place).filter(|row| counts_down(state, row));
        // The selected row is not covered.
        let is_kept = |row: &Row| {
            place == screen.list.cursor()
                || (free.start <= line && line + layout::height(state, row, width) <= free.end)
        };
        row.is_some_and(is_kept)
    })
}

/// The message in lines, with what can be done about it at the right end of the last one.
fn lines(state: &State, toast: &Toast, width: usize, is_counted: bool) -> (Vec<Line>, Option<(Action, u16)>) {
    let role = if toast.is_error { ColorRole::Error } else { ColorRole::Text };
    let sign = if toast.is_error { format!("{} ", state.sign(Sign::Error)) } else { String::new() };
    let style = Style::of(role).on(Surface::Message);
    let left = time_left(state).filter(|_| !is_counted);
    // What undoes it here is said at the right end, if it can be undone here.
    let said = toast.text.strip_suffix(UNDO_HINT).unwrap_or(&toast.text);
    let is_sending = said.starts_with(SENDING_IN);
    let offer = undo_offer(state).map(|(action, text)| {
        let seconds = left.as_ref().filter(|_| !is_sending).map(|left| format!(" ({left})"));
        let text = format!("{text}{}", seconds.unwrap_or_default());
        (action, vec![span(text, Style::default().bold().on(Surface::Message)), plain(" ")])
    });
    let text = match &left {
        Some(left) if is_sending => format!("{sign}{SENDING_IN}{left}"),
        None if is_sending => format!("{sign}Sending"),
        _ => format!("{sign}{}", SafeText::line(said)),
    };
    let inner = width.saturating_sub(2).max(8);
    let mut lines = shortened(words(&text, inner, style), usize::from(ROWS_MAX), inner);
    for line in &mut lines {
        line.insert(0, plain(" "));
    }
    let (Some((action, offer)), Some(last)) = (offer, lines.last_mut()) else { return (lines, None) };
    let columns = line_columns(&offer);
    if line_columns(last) + columns + 2 <= width {
        *last = two_ends(std::mem::take(last), offer, width);
    } else if lines.len() < usize::from(ROWS_MAX) {
        lines.push(two_ends(Line::new(), offer, width));
    } else {
        return (lines, None);
    }
    (lines, Some((action, u16::try_from(columns).unwrap_or(u16::MAX))))
}

/// The time that is left to undo the last step, if it was not carried out.
fn time_left(state: &State) -> Option<String> {
    let (_, until) = state.undo.next(&state.texts.outbox)?;
    until.map(|until| until - state.now).filter(|left| *left > 0).map(duration)
}

/// What undoes what the message says, with its key.
fn undo_offer(state: &State) -> Option<(Action, String)> {
    let action = undo_command(state)?;
    let keys = state.preferences.keymap.keys_of(action)?;
    let (name, _) = state.undo.next(&state.texts.outbox)?;
    Some((action, format!("{keys} undo {name}")))
}
