//! The layout of the screen: panes, the size of the list and the height of its rows. Drawing, the mouse and moving in a
//! list use the same numbers.

use super::lines::text_of;
use super::{row, sheet};
use crate::route::Route;
use crate::row::Row;
use crate::state::{ScreenState, State};
use terminal::grid::{Area, Size};

/// Minimum width for three panes.
const WIDE: u16 = 110;
/// Below this width, the side pane covers the list.
const NARROW: u16 = 70;
/// Below this size there are no tabs and no footer.
const TINY: Size = Size { width: 50, height: 14 };
const LEFT_WIDTH: u16 = 20;
const RIGHT_WIDTH: u16 = 34;
/// Maximum line length of text, for readability.
const TEXT_WIDTH_MAX: u16 = 88;
/// Columns for the mark of the selected row and a space.
pub(super) const GUTTER: u16 = 2;

/// The areas of the screen; `None` where a part is hidden.
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

/// The layout for this state.
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
        // The last message is directly above the composer.
        let blank = rest.height.saturating_sub(content_height(state, rest));
        areas.list = rest.split_top(blank).1;
    }
    areas
}

/// Lines of the whole list, at most the height of the area and at least 3.
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

/// The height of the list and the width of its text.
pub(crate) fn list_size(state: &State) -> (i32, usize) {
    let area = areas(state).list;
    (i32::from(area.height), text_width(area))
}

/// The number of lines of a row.
pub(crate) fn height(state: &State, row: &Row, width: usize) -> i32 {
    i32::try_from(row::lines(state, row, width).len()).unwrap_or(i32::MAX).max(1)
}

/// The text of a row without styles.
pub(crate) fn row_text(state: &State, row: &Row, width: usize) -> String {
    text_of(&row::lines(state, row, width))
}

/// Columns of the composer's text.
pub(crate) fn composer_width(state: &State) -> u16 {
    areas(state).sheet.map_or(40, sheet::text_width)
}

/// The number of tweets or unread notifications above the screen that were never shown.
#[must_use]
pub(crate) fn new_above(state: &State, screen: &ScreenState) -> usize {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    let first = screen.list.visible(height, &measure).first().map_or(0, |(index, _)| *index);
    let above = screen.list.rows().iter().take(first);
    let is_new = |row: &&Row| match row {
        Row::Tweet(id, _) => *id > screen.seen,
        Row::Notification(id) => state.entities.notifications.get(id).is_some_and(|one| one.unread),
        _ => false,
    };
    above.filter(is_new).count()
}

/// The id of the newest visible tweet; 0 if there is none.
#[must_use]
pub(crate) fn newest_visible(state: &State, screen: &ScreenState) -> u64 {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    let visible = screen.list.visible(height, &measure);
    let ids = visible.iter().filter_map(|(index, _)| screen.list.rows().get(*index)?.tweet());
    ids.max().unwrap_or(0)
}
