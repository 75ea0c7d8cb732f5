//! Draws the screen. A view is a function of the state alone: the same state gives the same cells.

mod chat;
mod composer;
mod draft;
mod empty;
pub(crate) mod form;
mod help;
mod hints;
pub(crate) mod hit;
pub(crate) mod layout;
pub(crate) mod lines;
mod message;
pub(crate) mod nav;
mod notifications;
mod overlay;
pub(crate) mod people;
mod profile;
mod progress;
pub(crate) mod prompt;
mod report;
mod row;
mod sections;
pub(crate) mod setting;
mod side;
mod size;
mod start;
mod tags;
mod thread;
mod title;
pub(crate) mod tweet;
pub(crate) mod which_key;

use std::ops::Range;

use self::layout::{Areas, GUTTER, areas, new_above_of, visible};
use self::lines::put;
use crate::commands::Action;
use crate::row::Row;
use crate::signs::Sign;
use crate::state::{KEY_HINT_MS, ScreenState, State};
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Draws the whole screen. Returns its cells and the position of the caret.
#[must_use]
pub fn draw(state: &State) -> (Grid, Option<(u16, u16)>) {
    let mut grid = Grid::new(state.terminal.size);
    grid.clear(Area::of(state.terminal.size), Style::default());
    let mut areas = areas_of(state);
    let visible = visible(state, areas.list_size());
    let mut caret = None;
    if state.is_signed_out() {
        // Nothing is drawn that does not work before there is a session.
        if state.form.is_none() && state.prompt.is_none() {
            start::connecting(state, &mut grid);
        }
        if let Some(area) = areas.hints {
            hints::hints(state, &mut grid, area);
        }
    } else {
        caret = screen(state, &mut grid, &areas, &visible);
    }
    let mut overlays: Vec<Area> = Vec::new();
    if let Some(form) = state.form.as_ref().filter(|form| !form.is_page() || state.prompt.is_none()) {
        caret = form::form(state, &mut grid, form);
        overlays.push(form::area(state, form));
    }
    if let Some(prompt) = &state.prompt {
        caret = Some(prompt::prompt(state, &mut grid, prompt));
        overlays.push(prompt::area(state, prompt));
    } else if !state.pressed.keys.is_empty() && state.now - state.pressed.since >= KEY_HINT_MS {
        let keys = which_key::which_key(state, &mut grid);
        // A message is above it, and above the composer.
        areas.sheet = areas.sheet.filter(|composer| composer.y < keys.y).or(Some(keys));
        overlays.push(keys);
    }
    let selected = selected_rows(state, &areas, &visible);
    if state.form.is_some() || state.prompt.is_some() {
        // The bars mean nothing below an overlay: a message may take the first row.
        areas.title = None;
        areas.list.y = 0;
    }
    let mut kept = row_of(caret);
    kept.extend(overlays.into_iter().map(|area| area.y..area.y + area.height));
    message::message(state, &mut grid, &areas, &kept, selected.as_ref());
    let caret = caret.or_else(|| selected.map(|rows| (areas.list.x, rows.start)));
    (grid, caret)
}

/// The row of the caret, which no message covers.
fn row_of(caret: Option<(u16, u16)>) -> Vec<Range<u16>> {
    caret.map(|(_, y)| y..y + 1).into_iter().collect()
}

/// The command that the message offers at a cell.
pub(crate) fn offer_at(state: &State, x: u16, y: u16) -> Option<Action> {
    state.toast.as_ref()?;
    if state.form.is_some() || state.prompt.is_some() || !state.pressed.keys.is_empty() {
        return None;
    }
    // Without a caret it is in the selected row, which is kept anyway.
    let (areas, (_, caret)) = (areas_of(state), draw(state));
    let selected = selected_rows(state, &areas, &visible(state, areas.list_size()));
    message::offer_at(state, &areas, &row_of(caret), selected.as_ref(), (x, y))
}

/// The areas of the screen. Before there is a session there is only the hints line.
fn areas_of(state: &State) -> Areas {
    let all = areas(state);
    if state.is_signed_out() { Areas { hints: all.hints, ..Areas::default() } } else { all }
}

/// Draws everything but forms and prompts. Returns the position of the caret in the composer.
fn screen(state: &State, grid: &mut Grid, areas: &Areas, visible: &[(usize, i32)]) -> Option<(u16, u16)> {
    let new = new_above_of(state, visible);
    if let Some(area) = areas.server {
        nav::server_row(state, grid, area);
    }
    if let Some(area) = areas.tabs {
        nav::tab_row(state, grid, area, new);
    }
    if let Some(area) = areas.sidebar {
        nav::sidebar(state, grid, area, new);
    }
    let pane = areas.context.or(areas.side).filter(|pane| pane.x > areas.list.x);
    if let Some(area) = areas.title {
        title::title(state, grid, area, pane.is_some(), new);
    }
    if let Some(area) = areas.context {
        side::context(state, grid, area);
    }
    if let Some(area) = areas.side {
        side::side(state, grid, area, areas.context.is_none());
    }
    if areas.side.is_none_or(|side| side.x > areas.list.x) {
        list(state, grid, areas, pane, visible);
    }
    if let Some(area) = areas.explanation {
        setting::explanation(state, grid, area);
    }
    let caret = areas.sheet.and_then(|area| composer::composer(state, grid, area));
    if let Some(area) = areas.hints {
        hints::hints(state, grid, area);
    }
    caret
}

/// The rows of the screen in which the selected row is.
fn selected_rows(state: &State, areas: &Areas, visible: &[(usize, i32)]) -> Option<Range<u16>> {
    if state.form.is_some() || state.is_signed_out() {
        return None;
    }
    let area = areas.list;
    let (height, width) = areas.list_size();
    let list = &state.screen()?.list;
    let row = list.selected()?;
    let (_, line) = *visible.iter().find(|(place, _)| *place == list.cursor())?;
    let lines = row::lines(state, row, width);
    // A blank line below it may be covered.
    let shown = lines.len() - usize::from(lines.len() > 1 && lines.last().is_some_and(Vec::is_empty));
    let shown = i32::try_from(shown).unwrap_or(i32::MAX).max(1);
    let on_screen = |line: i32| u16::try_from(line.clamp(0, height)).unwrap_or(0);
    let (from, to) = (on_screen(line.max(0)), on_screen(line.saturating_add(shown)));
    let from = from.min(area.height.saturating_sub(1));
    Some(area.y + from..area.y + to.max(from + 1))
}

fn list(state: &State, grid: &mut Grid, areas: &Areas, pane: Option<Area>, visible: &[(usize, i32)]) {
    let (area, (_, width)) = (areas.list, areas.list_size());
    let Some(screen) = state.screen() else { return };
    if screen.list.rows().is_empty() {
        empty::empty(state, grid, area, screen);
        return;
    }
    let has_focus = state.composer.is_none() && state.prompt.is_none() && state.form.is_none();
    let bar = Style::of(if has_focus { ColorRole::Accent } else { ColorRole::Line });
    for &(place, line) in visible {
        let Some(row) = screen.list.rows().get(place) else { continue };
        let selected = place == screen.list.cursor() && screen.list.selected().is_some();
        for (offset, content) in (0_i32..).zip(row::lines(state, row, width)) {
            let Some(y) = u16::try_from(line + offset).ok().filter(|y| *y < area.height) else { continue };
            let y = area.y + y;
            let is_air = content.is_empty();
            let surface = if selected && !is_air { Surface::Selected } else { Surface::Plain };
            if selected && !is_air {
                let row = Area { y, height: 1, width: area.width.saturating_sub(1), ..area };
                grid.clear(row, Style::default().on(surface));
                grid.put(area, area.x, y, state.sign(Sign::Selected), bar.on(surface), 0);
            }
            if let Some(mark) = row::mark(state, row).filter(|_| offset == 0) {
                grid.put(area, area.x + 1, y, mark, Style::of(ColorRole::Accent).bold().on(surface), 0);
            }
            put(grid, area, area.x + GUTTER, y, &content, surface);
        }
    }
    if screen.list.rows().iter().all(Row::is_head) {
        let used: i32 = screen.list.rows().iter().map(|row| layout::height(state, row, width)).sum();
        let below = area.split_top(u16::try_from(used).unwrap_or(area.height).min(area.height)).1;
        empty::empty(state, grid, below, screen);
    }
    let column = pane.map_or(area.x + area.width.saturating_sub(1), |pane| pane.x);
    scroll_bar(grid, Area { x: column, width: 1, ..area }, screen, state, visible);
}

/// The scroll mark, if the list does not fit on the screen: at its right edge or in the border of the pane.
fn scroll_bar(grid: &mut Grid, area: Area, screen: &ScreenState, state: &State, visible: &[(usize, i32)]) {
    let (Some((first, top)), Some((last, _))) = (visible.first(), visible.last()) else { return };
    let count = screen.list.rows().len();
    if (*first == 0 && *top >= 0 && last + 1 >= count) || area.height < 3 || state.terminal.size.width < 30 {
        return;
    }
    let rows = usize::from(area.height);
    let from = first * rows / count.max(1);
    let to = ((last + 1) * rows).div_ceil(count.max(1)).max(from + 1);
    for y in from..to.min(rows) {
        let y = u16::try_from(y).unwrap_or(u16::MAX);
        grid.put(area, area.x, area.y + y, state.sign(Sign::Scroll), Style::of(ColorRole::Line), 0);
    }
}
