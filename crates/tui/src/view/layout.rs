//! Where everything is: panes, the height of rows, the size of the list. Drawing and moving in a list need the same
//! numbers.

use super::lines::text_of;
use super::{row, sheet};
use crate::route::Route;
use crate::row::Row;
use crate::state::{ScreenState, State};
use terminal::grid::{Area, Size};

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
pub(super) const GUTTER: u16 = 2;

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
    let mut rest = Area::of(state.terminal.size);
    let is_tiny = state.terminal.size.width < TINY.width || state.terminal.size.height < TINY.height;
    if !is_tiny {
        let (top, below) = rest.split_top(1);
        let (middle, footer) = below.split_bottom(1);
        (areas.tabs, areas.footer, rest) = (Some(top), Some(footer), middle);
    }
    if state.terminal.size.width >= WIDE {
        let (left, middle) = rest.split_left(LEFT_WIDTH);
        let (middle, right) = middle.split_left(middle.width - RIGHT_WIDTH);
        (areas.left, areas.right, rest) = (Some(left), Some(right), middle);
    } else if state.shows_side_pane && state.terminal.size.width >= NARROW {
        let (middle, right) = rest.split_left(rest.width - RIGHT_WIDTH);
        (areas.right, rest) = (Some(right), middle);
    } else if state.shows_side_pane {
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
    if matches!(state.route(), Route::Conversation(_)) {
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
    for row in state.screen().map_or(&[][..], |screen| screen.list.rows()) {
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
    text_of(&row::lines(state, row, width))
}

/// Width of a line in the composer.
pub(crate) fn composer_width(state: &State) -> u16 {
    areas(state).sheet.map_or(40, sheet::text_width)
}

/// Tweets or unread notifications above the screen that were never on it.
#[must_use]
pub(crate) fn new_above(state: &State, screen: &ScreenState) -> usize {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    let first = screen.list.visible(height, &measure).first().map_or(0, |(place, _)| *place);
    let above = screen.list.rows().iter().take(first);
    let is_new = |row: &&Row| match row {
        Row::Tweet(id, _) => *id > screen.seen,
        Row::Notification(id) => state.entities.notifications.get(id).is_some_and(|one| one.unread),
        _ => false,
    };
    above.filter(is_new).count()
}

/// The newest tweet that is on the screen; 0 if there is none.
#[must_use]
pub(crate) fn newest_visible(state: &State, screen: &ScreenState) -> u64 {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    let visible = screen.list.visible(height, &measure);
    let ids = visible.iter().filter_map(|(place, _)| screen.list.rows().get(*place)?.tweet());
    ids.max().unwrap_or(0)
}
