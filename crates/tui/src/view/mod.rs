//! Draws the screen. A view is a function of the state alone: the same state gives the same cells.

mod bars;
pub(crate) mod hit;
pub(crate) mod layout;
pub(crate) mod lines;
mod row;
mod sheet;
pub(crate) mod tweet;

use self::layout::{GUTTER, areas, list_size, new_above};
use self::lines::{dim, of, put, span};
use crate::route::Route;
use crate::row::Row;
use crate::state::{KEY_HINT_MS, Link, Phase, ScreenState, State};
use crate::wording::{ago, presence_word};
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Draws the whole screen. Returns its cells and the position of the caret.
#[must_use]
pub fn draw(state: &State) -> (Grid, Option<(u16, u16)>) {
    let mut grid = Grid::new(state.terminal.size);
    grid.clear(Area::of(state.terminal.size), Style::default());
    let mut caret = None;
    if let Some(form) = &state.form {
        caret = sheet::form(state, &mut grid, form);
    } else {
        let areas = areas(state);
        if let Some(area) = areas.tabs {
            bars::tabs(state, &mut grid, area);
        }
        if let Some(area) = areas.left {
            bars::left(state, &mut grid, area);
        }
        if let Some(area) = areas.title {
            title(state, &mut grid, area);
        }
        list(state, &mut grid, areas.list);
        if let Some(area) = areas.right {
            bars::right(state, &mut grid, area);
        }
        if let Some(area) = areas.sheet {
            caret = sheet::composer(state, &mut grid, area);
        }
        if let Some(area) = areas.footer {
            bars::footer(state, &mut grid, area);
        }
        if let Some(prompt) = &state.prompt {
            caret = Some(sheet::prompt(state, &mut grid, prompt));
        } else if !state.pressed.keys.is_empty() && state.now - state.pressed.since >= KEY_HINT_MS {
            sheet::which_key(state, &mut grid);
        }
    }
    let has_footer = areas(state).footer.is_some() && state.form.is_none();
    if let Some(toast) = state.toast.as_ref().filter(|_| !has_footer) {
        bars::toast(state, &mut grid, toast);
    }
    let caret = caret.or_else(|| selected_cell(state));
    (grid, caret)
}

/// The first cell of the selected row. Screen readers and braille displays follow the cursor, so it is placed there.
fn selected_cell(state: &State) -> Option<(u16, u16)> {
    let area = areas(state).list;
    let (height, width) = list_size(state);
    let screen = state.screen()?;
    screen.list.selected()?;
    let line = screen.list.line(height, &|row| layout::height(state, row, width)).max(0);
    let y = u16::try_from(line).ok()?.min(area.height.saturating_sub(1));
    (state.form.is_none()).then_some((area.x, area.y + y))
}

fn title(state: &State, grid: &mut Grid, area: Area) {
    let place = state.route();
    let mut line = vec![span(format!(" {} ", place.title()), Style::default().bold())];
    let Some(screen) = state.screen() else { return };
    if !screen.filter.is_empty() {
        line.push(of(
            ColorRole::Accent,
            format!("· filtered: {} · Esc to show all ", model::SafeText::line(&screen.filter)),
        ));
    }
    let new = new_above(state, screen);
    if new > 0 {
        line.push(span(format!("▲ {new} new · . to show "), Style::of(ColorRole::Accent).bold()));
    }
    if let Route::Conversation(username) = place {
        if screen.typing_until > state.now {
            line.push(of(ColorRole::Accent, format!("· @{username} is typing… ")));
        } else if let Some(id) = state.entities.by_username(username).map(|account| account.id) {
            line.push(dim(format!("{} ", presence_word(state.entities.presence(id)))));
        }
    }
    if let Some(then) = state.as_of(screen) {
        line.push(of(ColorRole::Warning, format!("· as of {} ", ago(state.now, then))));
    }
    if screen.is_loading && screen.phase == Phase::Ready {
        line.push(dim("… "));
    }
    let line = lines::fit_line(line, usize::from(area.width));
    let x = put(grid, area, area.x, area.y, &line, Surface::Plain);
    for x in x..area.x + area.width {
        grid.put(area, x, area.y, "─", Style::of(ColorRole::Line), 0);
    }
}

fn list(state: &State, grid: &mut Grid, area: Area) {
    let (height, width) = list_size(state);
    let Some(screen) = state.screen() else { return };
    if screen.list.rows().is_empty() {
        empty(state, grid, area, screen);
        return;
    }
    let measure = |row: &Row| layout::height(state, row, width);
    for (place, line) in screen.list.visible(height, &measure) {
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
                grid.put(area, area.x, y, "▌", Style::of(ColorRole::Accent).on(surface), 0);
            }
            put(grid, area, area.x + GUTTER, y, &content, surface);
        }
    }
    scroll_bar(grid, area, screen, state, height, &measure);
}

/// The scroll bar at the right, if the list does not fit on the screen.
fn scroll_bar(
    grid: &mut Grid,
    area: Area,
    screen: &ScreenState,
    state: &State,
    height: i32,
    measure: &dyn Fn(&Row) -> i32,
) {
    let visible = screen.list.visible(height, measure);
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
        grid.put(area, area.x + area.width - 1, area.y + y, "┃", Style::of(ColorRole::Line), 0);
    }
}

/// Draws the reason why the list is empty, and what to do next.
fn empty(state: &State, grid: &mut Grid, area: Area, screen: &ScreenState) {
    let (title, advice) = match (screen.phase, &screen.problem) {
        (Phase::Failed, Some(problem)) => (problem.clone(), "Press Enter to try again".to_owned()),
        _ if !screen.filter.is_empty() => ("No matches".into(), "Press Esc to show all".into()),
        (Phase::New | Phase::Loading, _) => match &state.connection.link {
            Link::Live => ("Loading…".into(), String::new()),
            Link::Connecting if state.connection.server.is_empty() => (String::new(), String::new()),
            Link::Connecting => (format!("Connecting to {}…", state.connection.server), String::new()),
            Link::Reconnecting(why) | Link::Stopped(why) => {
                ("No connection".into(), model::SafeText::line(why).as_str().to_owned())
            }
        },
        _ => {
            let advice = match state.route() {
                Route::Home => "gu: find people to follow · gl: public tweets · c: write your first tweet",
                Route::Mine => "Press c to write your first tweet",
                Route::Notifications => "New followers, replies and likes appear here",
                Route::Conversations => "Press C on a person to start a chat; gu lists people",
                Route::Conversation(_) => "Write the first message below",
                Route::Bookmarks => "Press s on a tweet to bookmark it",
                Route::Likes => "Press f on a tweet to like it",
                Route::Trends => "Hashtags that several people use today appear here",
                Route::Keys => "Connect over SSH and type :bind-key, or run mini-tweet keys add FILE",
                Route::Drafts => "Unsent drafts appear here",
                Route::Search(..) => "Press g/ to search again",
                Route::Online => "Press c to write a tweet",
                _ => "Press Esc to go back",
            };
            let title = match state.route() {
                Route::Search(..) => "No results",
                Route::Online => "No one is online",
                _ => "Nothing here yet",
            };
            (title.into(), advice.into())
        }
    };
    let width = usize::from(area.width.saturating_sub(4)).max(8);
    let title_lines = lines::words(&title, width, Style::default().bold());
    let advice_lines = lines::words(&advice, width, Style::of(ColorRole::Dim));
    let first = area.y + area.height / 3;
    for (y, line) in (first..).zip(title_lines.into_iter().chain(advice_lines)) {
        let columns = u16::try_from(lines::line_columns(&line)).unwrap_or(0);
        let x = area.x + (area.width.saturating_sub(columns)) / 2;
        put(grid, area, x, y, &line, Surface::Plain);
    }
}
