//! Moving in the list of the current screen.

use super::effects::Effects;
use super::lists;
use crate::row::Row;
use crate::state::State;
use crate::view::layout::{height, list_size};
use terminal::list::List;

/// The next row; in a row that is higher than the screen, further down in it.
pub(super) fn down(state: &mut State) -> Effects {
    with_measure(state, false, |list, rows_high, measure| {
        let line = list.line(rows_high, measure);
        let own = list.selected().map_or(1, measure);
        if line + own > rows_high && own > rows_high {
            list.scroll(rows_high / 2, rows_high, measure);
        } else if !list.step(1, rows_high, measure) {
            list.scroll(1, rows_high, measure);
        }
    })
}

/// The previous row.
pub(super) fn up(state: &mut State) -> Effects {
    with_measure(state, true, |list, rows_high, measure| {
        if !list.step(-1, rows_high, measure) {
            list.scroll(-1, rows_high, measure);
        }
    })
}

pub(super) fn line_down(state: &mut State) -> Effects {
    scroll_down(state, |_| 1)
}

pub(super) fn line_up(state: &mut State) -> Effects {
    scroll_up(state, |_| 1)
}

pub(super) fn half_page_down(state: &mut State) -> Effects {
    scroll_down(state, |rows_high| rows_high / 2)
}

pub(super) fn half_page_up(state: &mut State) -> Effects {
    scroll_up(state, |rows_high| rows_high / 2)
}

/// A page down; two lines stay on the screen.
pub(super) fn page_down(state: &mut State) -> Effects {
    scroll_down(state, |rows_high| rows_high - 2)
}

/// A page up; two lines stay on the screen.
pub(super) fn page_up(state: &mut State) -> Effects {
    scroll_up(state, |rows_high| rows_high - 2)
}

pub(super) fn first(state: &mut State) -> Effects {
    with_measure(state, false, |list, _, _| list.select_first())
}

/// The last row. From there the reader goes up.
pub(super) fn last(state: &mut State) -> Effects {
    with_measure(state, true, |list, _, _| list.select_last())
}

/// Scrolls by a number of lines that depends on the height of the list.
fn scroll_down(state: &mut State, lines: impl Fn(i32) -> i32) -> Effects {
    with_measure(state, false, |list, rows_high, measure| list.scroll(lines(rows_high), rows_high, measure))
}

fn scroll_up(state: &mut State, lines: impl Fn(i32) -> i32) -> Effects {
    with_measure(state, true, |list, rows_high, measure| list.scroll(-lines(rows_high), rows_high, measure))
}

/// Changes the list and remembers in which direction the reader went.
fn with_measure(
    state: &mut State,
    goes_up: bool,
    change: impl FnOnce(&mut List<Row>, i32, &dyn Fn(&Row) -> i32),
) -> Effects {
    let (rows_high, width) = list_size(state);
    state.with_list(|state, list| change(list, rows_high, &|row| height(state, row, width)));
    state.screen_mut().is_going_up = goes_up;
    lists::fill_ahead(state)
}
