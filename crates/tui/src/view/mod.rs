//! Draws the screen. A view is a function of the state alone: the same state gives the same cells.

mod bars;
pub(crate) mod lines;
mod row;
mod sheet;
pub(crate) mod tweet;

use protocol::v1;

use crate::route::Route;
use crate::rows::Row;
use crate::state::{Link, Phase, ScreenState, State};
use lines::{Line, dim, of, plain, put, span};
use terminal::grid::{Area, Grid, Size};
use terminal::measure::fit;
use terminal::style::{ColorRole, Style, Surface};

/// From this width there are three panes.
const WIDE: u16 = 110;
/// Below this width everything is in one column.
const NARROW: u16 = 70;
/// Below this size there is only the list.
const TINY: Size = Size { width: 50, height: 14 };
const LEFT_WIDTH: u16 = 20;
const RIGHT_WIDTH: u16 = 34;
/// Lines are not longer than what can be read well.
const TEXT_WIDTH_MAX: u16 = 88;
/// The mark of the selected row and a space.
const GUTTER: u16 = 2;

/// Where everything is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Areas {
    pub(crate) tabs: Option<Area>,
    pub(crate) left: Option<Area>,
    pub(crate) title: Option<Area>,
    pub(crate) list: Area,
    pub(crate) right: Option<Area>,
    pub(crate) sheet: Option<Area>,
    pub(crate) footer: Option<Area>,
}

/// Where everything is, for this state.
pub(crate) fn areas(state: &State) -> Areas {
    let mut areas = Areas::default();
    let mut rest = Area::of(state.size);
    let is_tiny = state.size.width < TINY.width || state.size.height < TINY.height;
    if !is_tiny {
        let (top, below) = rest.split_top(1);
        let (middle, footer) = below.split_bottom(1);
        (areas.tabs, areas.footer, rest) = (Some(top), Some(footer), middle);
    }
    if state.size.width >= WIDE {
        let (left, middle) = rest.split_left(LEFT_WIDTH);
        let (middle, right) = middle.split_left(middle.width - RIGHT_WIDTH);
        (areas.left, areas.right, rest) = (Some(left), Some(right), middle);
    } else if state.has_side && state.size.width >= NARROW {
        let (middle, right) = rest.split_left(rest.width - RIGHT_WIDTH);
        (areas.right, rest) = (Some(right), middle);
    } else if state.has_side {
        areas.right = Some(rest);
    }
    let wanted = sheet::composer_height(state, rest);
    if wanted > 0 {
        let (above, sheet) = rest.split_bottom(wanted);
        (areas.sheet, rest) = (Some(sheet), above);
    }
    if rest.height > 4 {
        let (title, below) = rest.split_top(1);
        (areas.title, rest) = (Some(title), below);
    }
    areas.list = rest;
    if matches!(state.place(), Route::Conversation(_)) {
        // What was said last stands directly above where one writes.
        let air = rest.height.saturating_sub(content_height(state, rest));
        areas.list = rest.split_top(air).1;
    }
    areas
}

/// Rows that all of a list takes, counted up to what fits.
fn content_height(state: &State, area: Area) -> u16 {
    let width = text_width(area);
    let mut sum = 0;
    for row in state.panel().map_or(&[][..], |panel| panel.list.rows()) {
        sum += height(state, row, width);
        if sum >= i32::from(area.height) {
            return area.height;
        }
    }
    u16::try_from(sum).unwrap_or(area.height).max(area.height.min(3))
}

fn text_width(area: Area) -> usize {
    usize::from(area.width.saturating_sub(GUTTER + 1).min(TEXT_WIDTH_MAX))
}

/// Height of the list, and width of its rows' text.
pub(crate) fn list_size(state: &State) -> (i32, usize) {
    let area = areas(state).list;
    (i32::from(area.height), text_width(area))
}

/// Lines that a row takes.
pub(crate) fn height(state: &State, row: &Row, width: usize) -> i32 {
    i32::try_from(row::lines(state, row, width).len()).unwrap_or(i32::MAX).max(1)
}

/// The lines of a row, for where they are not drawn.
pub(crate) fn row_text(state: &State, row: &Row, width: usize) -> String {
    lines::text_of(&row::lines(state, row, width))
}

/// Width of a line in the composer.
pub(crate) fn composer_width(state: &State) -> u16 {
    areas(state).sheet.map_or(40, sheet::text_width)
}

/// Draws the whole screen. Returns its cells and the position of the caret.
#[must_use]
pub fn draw(state: &State) -> (Grid, Option<(u16, u16)>) {
    let mut grid = Grid::new(state.size);
    grid.clear(Area::of(state.size), Style::default());
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
        } else if !state.keys.is_empty() && state.now - state.keys_since >= crate::update::HINT_MS {
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
    let panel = state.panel()?;
    panel.list.selected()?;
    let line = panel.list.line(height, &|row| self::height(state, row, width)).max(0);
    let y = u16::try_from(line).ok()?.min(area.height.saturating_sub(1));
    (state.form.is_none()).then_some((area.x, area.y + y))
}

fn title(state: &State, grid: &mut Grid, area: Area) {
    let place = state.place();
    let mut line = vec![span(format!(" {} ", place.title()), Style::default().bold())];
    let Some(panel) = state.panel() else { return };
    if !panel.filter.is_empty() {
        line.push(of(
            ColorRole::Accent,
            format!("Filtered: {} · Esc to show all ", model::SafeText::line(&panel.filter)),
        ));
    }
    let new = crate::update::new_above(state, panel);
    if new > 0 {
        line.push(span(format!("▲ {new} new · . to show "), Style::of(ColorRole::Accent).bold()));
    }
    if let Route::Conversation(username) = place {
        if panel.typing_until > state.now {
            line.push(of(ColorRole::Accent, format!("@{username} is typing… ")));
        } else if let Some(id) = state.known.by_username(username).map(|account| account.id) {
            line.push(dim(format!("{} ", presence_word(state.known.presence(id)))));
        }
    }
    if let Some(then) = state.as_of(panel) {
        line.push(of(ColorRole::Warning, format!("· as of {} ", ago(state.now, then))));
    }
    if panel.is_filling && panel.phase == Phase::Ready {
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
    let Some(panel) = state.panel() else { return };
    if panel.list.rows().is_empty() {
        empty(state, grid, area, panel);
        return;
    }
    let measure = |row: &Row| self::height(state, row, width);
    for (place, line) in panel.list.visible(height, &measure) {
        let Some(row) = panel.list.rows().get(place) else { continue };
        let selected = place == panel.list.cursor() && panel.list.selected().is_some();
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
    scroll_bar(grid, area, panel, state, height, &measure);
}

/// The scroll bar at the right, if the list does not fit on the screen.
fn scroll_bar(
    grid: &mut Grid,
    area: Area,
    panel: &ScreenState,
    state: &State,
    height: i32,
    measure: &dyn Fn(&Row) -> i32,
) {
    let visible = panel.list.visible(height, measure);
    let (Some((first, top)), Some((last, _))) = (visible.first(), visible.last()) else { return };
    let count = panel.list.rows().len();
    if (*first == 0 && *top >= 0 && last + 1 >= count) || area.height < 3 || state.size.width < 30 {
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
fn empty(state: &State, grid: &mut Grid, area: Area, panel: &ScreenState) {
    let (title, advice) = match (panel.phase, &panel.problem) {
        (Phase::Failed, Some(problem)) => (problem.clone(), "Press Enter to try again".to_owned()),
        _ if !panel.filter.is_empty() => ("No matches".into(), "Press Esc to show all".into()),
        (Phase::New | Phase::Loading, _) => match &state.link {
            Link::Live => ("Loading…".into(), String::new()),
            Link::Connecting if state.server.is_empty() => (String::new(), String::new()),
            Link::Connecting => (format!("Connecting to {}…", state.server), String::new()),
            Link::Reconnecting(why) | Link::Stopped(why) => {
                ("No connection".into(), model::SafeText::line(why).as_str().to_owned())
            }
        },
        _ => {
            let advice = match state.place() {
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
            let title = match state.place() {
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

/// What a place on the screen stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A choice of a prompt.
    Choice(usize),
    /// A tab.
    Tab(Route),
    /// A place in the left pane.
    Route(Route),
    /// A line of the list.
    Line(i32),
    /// Nothing.
    Nothing,
}

/// What is at a cell.
pub(crate) fn target(state: &State, x: u16, y: u16) -> Target {
    if let Some(prompt) = &state.prompt {
        return sheet::choice_at(state, prompt, x, y).map_or(Target::Nothing, Target::Choice);
    }
    let areas = areas(state);
    if let Some(place) =
        areas.tabs.filter(|area| area.contains(x, y)).and_then(|area| bars::tab_at(state, area, x))
    {
        return Target::Tab(place);
    }
    if let Some(place) =
        areas.left.filter(|area| area.contains(x, y)).and_then(|area| bars::left_at(state, area, y))
    {
        return Target::Route(place);
    }
    if areas.list.contains(x, y) { Target::Line(i32::from(y - areas.list.y)) } else { Target::Nothing }
}

/// Where one is and what is new, in words.
pub(crate) fn status_line(state: &State) -> String {
    let mut parts = vec![state.place().title()];
    if let Some(panel) = state.panel() {
        let rows = panel.list.rows().len();
        if rows > 0 {
            parts.push(format!("row {} of {rows}", panel.list.cursor() + 1));
        }
        let new = crate::update::new_above(state, panel);
        if new > 0 {
            parts.push(format!("{new} new above"));
        }
    }
    parts.push(format!("{} unread notifications", state.unread));
    parts.push(format!("{} unread messages", state.unread_messages()));
    parts.push(link_words(state));
    parts.join(", ")
}

/// The connection, in words.
pub(crate) fn link_words(state: &State) -> String {
    match &state.link {
        Link::Connecting if state.server.is_empty() => String::new(),
        Link::Connecting => "◌ connecting".into(),
        Link::Live => "● live".into(),
        Link::Reconnecting(_) => "◌ reconnecting".into(),
        Link::Stopped(_) => "○ offline".into(),
    }
}

fn presence_word(presence: v1::PresenceState) -> &'static str {
    match presence {
        v1::PresenceState::Online => "● online",
        v1::PresenceState::Away => "◐ away",
        _ => "○ offline",
    }
}

/// Who may see it.
pub(crate) fn visibility_word(visibility: v1::Visibility) -> &'static str {
    match visibility {
        v1::Visibility::Unlisted => "unlisted",
        v1::Visibility::Followers => "followers",
        v1::Visibility::Direct => "direct",
        _ => "public",
    }
}

/// What somebody did.
pub(crate) fn notification_words(kind: v1::NotificationKind) -> &'static str {
    match kind {
        v1::NotificationKind::Follow => "followed you",
        v1::NotificationKind::Mention => "mentioned you",
        v1::NotificationKind::Reply => "answered you",
        v1::NotificationKind::Retweet => "retweeted your tweet",
        v1::NotificationKind::Quote => "quoted your tweet",
        v1::NotificationKind::Like => "liked your tweet",
        v1::NotificationKind::Unspecified => "did something",
    }
}

/// `1 person`, `2 people`.
pub(crate) fn count(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How long ago, short.
pub(crate) fn age(now: i64, then: i64) -> String {
    let seconds = (now - then).max(0) / 1_000;
    match seconds {
        ..60 => "now".into(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..604_800 => format!("{}d", seconds / 86_400),
        _ => absolute_time(then).split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// How long ago, in a sentence.
pub(crate) fn ago(now: i64, then: i64) -> String {
    match age(now, then).as_str() {
        "now" => "just now".into(),
        date if date.contains('-') => date.to_owned(),
        age => format!("{age} ago"),
    }
}

/// Date and time, UTC: `2026-11-23 20:15`.
pub(crate) fn absolute_time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A line with a part at its left and one at its right.
pub(crate) fn two_ends(left: Line, right: Line, width: usize) -> Line {
    let right_columns = lines::line_columns(&right);
    let room = width.saturating_sub(right_columns + 1);
    let mut line = lines::fit_line(left, room);
    let gap = width.saturating_sub(lines::line_columns(&line) + right_columns);
    line.push(plain(" ".repeat(gap)));
    line.extend(right);
    lines::fit_line(line, width)
}

/// A text of ours that fits.
pub(crate) fn short(text: &str, width: u16) -> String {
    fit(text, usize::from(width))
}
