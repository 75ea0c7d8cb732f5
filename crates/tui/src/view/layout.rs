//! The layout of the screen: panes, the size of the list and the height of its rows. Drawing, the mouse and moving in a
//! list use the same numbers.

pub(crate) use super::size::SizeClass;
use super::size::is_roomy;
use super::{composer, row};
use crate::news::News;
use crate::route::Route;
use crate::row::Row;
use crate::rows::newest_of_group;
use crate::state::{ScreenState, State};
use terminal::grid::Area;
use terminal::list::Item as _;

/// Columns of the sidebar, of the classes wide and extra wide.
const SIDEBAR: (u16, u16) = (22, 24);
/// Columns of the side pane.
const SIDE_PANE: u16 = 34;
/// Columns of the list on an extra wide screen.
const EXTRA_WIDE_LIST: u16 = 94;
/// Columns of the pane with the thread of the selected tweet.
const CONTEXT_PANE: u16 = 48;
/// Maximum line length of text, for readability.
const TEXT_WIDTH_MAX: u16 = 88;
/// Columns to the left of the text of a list: the selection and the unread mark.
pub(super) const GUTTER: u16 = 2;
/// Columns to the right of the text of a list: a blank one and the scroll mark.
pub(super) const MARGIN: u16 = 2;

/// The areas of the screen; `None` where a part is hidden.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Areas {
    /// The server row.
    pub(crate) server: Option<Area>,
    /// The tab row.
    pub(crate) tabs: Option<Area>,
    pub(crate) sidebar: Option<Area>,
    pub(crate) title: Option<Area>,
    pub(crate) list: Area,
    /// The pane with the thread of the selected tweet.
    pub(crate) context: Option<Area>,
    pub(crate) side: Option<Area>,
    pub(crate) sheet: Option<Area>,
    /// The last row of the settings: what the selected one does.
    pub(crate) explanation: Option<Area>,
    pub(crate) hints: Option<Area>,
}

impl Areas {
    /// The height of the list and the width of its text.
    pub(crate) fn list_size(&self) -> (i32, usize) {
        (i32::from(self.list.height), text_width(self.list))
    }
}

/// The layout for this state.
pub(crate) fn areas(state: &State) -> Areas {
    let mut areas = Areas::default();
    let mut rest = Area::of(state.terminal.size);
    let class = SizeClass::of(state.terminal.size);
    if class > SizeClass::Tiny {
        let (top, below) = rest.split_top(1);
        let (middle, hints) = below.split_bottom(1);
        if class >= SizeClass::Wide {
            areas.server = Some(top);
        } else {
            areas.tabs = Some(top);
        }
        (areas.hints, rest) = (Some(hints), middle);
    }
    match class {
        SizeClass::Wide | SizeClass::ExtraWide => {
            let is_extra = class == SizeClass::ExtraWide;
            let (sidebar, middle) = rest.split_left(if is_extra { SIDEBAR.1 } else { SIDEBAR.0 });
            let list = if is_extra { EXTRA_WIDE_LIST } else { middle.width.saturating_sub(SIDE_PANE) };
            let (middle, side) = middle.split_left(list);
            (areas.sidebar, areas.side, rest) = (Some(sidebar), Some(side), middle);
            if side.width >= CONTEXT_PANE + SIDE_PANE {
                let (context, side) = side.split_left(CONTEXT_PANE);
                (areas.context, areas.side) = (Some(context), Some(side));
            }
        }
        SizeClass::Medium if state.shows_side_pane => {
            let (middle, side) = rest.split_left(rest.width - SIDE_PANE);
            (areas.side, rest) = (Some(side), middle);
        }
        _ if state.shows_side_pane => areas.side = Some(rest),
        _ => {}
    }
    if *state.route() == Route::Settings && class > SizeClass::Tiny && areas.side.is_none() {
        let (above, last) = rest.split_bottom(1);
        (areas.explanation, rest) = (Some(last), above);
    }
    let wanted = composer::height(state, rest);
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
        // The last message is at the end, with a blank row below it where there is space.
        if is_roomy(state) {
            rest = rest.split_bottom(1).0;
        }
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
    usize::from(area.width.saturating_sub(GUTTER + MARGIN).min(TEXT_WIDTH_MAX))
}

/// The height of the list and the width of its text.
pub(crate) fn list_size(state: &State) -> (i32, usize) {
    areas(state).list_size()
}

/// The places of the visible rows of the current list, and the screen line on which each begins.
pub(super) fn visible(state: &State, (height, width): (i32, usize)) -> Vec<(usize, i32)> {
    let measure = |row: &Row| self::height(state, row, width);
    state.screen().map_or_else(Vec::new, |screen| screen.list.visible(height, &measure))
}

/// The number of lines of a row.
pub(crate) fn height(state: &State, row: &Row, width: usize) -> i32 {
    i32::try_from(row::lines(state, row, width).len()).unwrap_or(i32::MAX).max(1)
}

/// Columns of the composer's text.
pub(crate) fn composer_width(state: &State) -> u16 {
    areas(state).sheet.map_or(40, composer::text_width)
}

/// The tweets, unread notifications and unread chats above the screen that were never shown.
#[must_use]
pub(crate) fn new_above(state: &State) -> News {
    new_above_of(state, &visible(state, list_size(state)))
}

/// The same for these visible rows.
pub(super) fn new_above_of(state: &State, visible: &[(usize, i32)]) -> News {
    let Some(screen) = state.screen() else { return News::default() };
    let rows = screen.list.rows();
    let first = visible.first().map_or(0, |(index, line)| {
        // A notification or chat whose first line is above the screen was not shown.
        let says_it_first = matches!(rows.get(*index), Some(Row::Notification(_) | Row::Conversation(_)));
        let is_cut = *line < 0 && says_it_first;
        index + usize::from(is_cut)
    });
    News::among(state, screen, rows.iter().take(first))
}

/// Whether the first row of a screen is whole on it.
#[must_use]
pub(crate) fn is_at_top(state: &State, screen: &ScreenState) -> bool {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    screen.list.visible(height, &measure).first().is_none_or(|first| first.0 == 0 && first.1 >= 0)
}

/// Whether the whole list fits on the screen.
pub(crate) fn fits(state: &State, screen: &ScreenState) -> bool {
    let (height, width) = list_size(state);
    let mut left = height;
    screen.list.rows().iter().all(|row| {
        left -= self::height(state, row, width);
        left >= 0
    })
}

/// Whether all that is above the screen are rows that are no items, such as the sections: the reader does not come there
/// by going up.
pub(crate) fn hides_only_heads(state: &State, screen: &ScreenState) -> bool {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    let visible = screen.list.visible(height, &measure);
    let hidden = visible.first().map_or(0, |(index, line)| index + usize::from(*line < 0));
    let is_head = |row: &Row| row.is_head() || !row.can_be_selected();
    hidden > 0 && screen.list.rows().iter().take(hidden).all(is_head)
}

/// The visible tweets; of retweets, the originals.
pub(crate) fn visible_tweets(state: &State) -> Vec<u64> {
    let Some(screen) = state.screen() else { return Vec::new() };
    let visible = visible(state, list_size(state));
    let ids = visible.iter().filter_map(|(index, _)| screen.list.rows().get(*index)?.tweet());
    ids.map(|id| state.entities.original(id)).collect()
}

/// The visible rows of notifications, by their oldest one.
pub(crate) fn visible_notifications(state: &State) -> Vec<u64> {
    let Some(screen) = state.screen() else { return Vec::new() };
    let visible = visible(state, list_size(state));
    // What happened is said in the first line of a notification.
    let rows = visible.iter().filter(|(_, line)| *line >= 0);
    let rows = rows.filter_map(|(index, _)| screen.list.rows().get(*index));
    rows.filter_map(|row| if let Row::Notification(oldest) = row { Some(*oldest) } else { None }).collect()
}

/// The id of the newest visible tweet or notification; 0 if there is none.
#[must_use]
pub(crate) fn newest_visible(state: &State, screen: &ScreenState) -> u64 {
    let (height, width) = list_size(state);
    let measure = |row: &Row| self::height(state, row, width);
    let visible = screen.list.visible(height, &measure);
    let ids = visible.iter().filter_map(|(index, line)| match screen.list.rows().get(*index)? {
        Row::Tweet(id, _) => Some(*id),
        Row::Notification(oldest) if *line >= 0 => newest_of_group(state, screen, *oldest),
        _ => None,
    });
    ids.max().unwrap_or(0)
}
