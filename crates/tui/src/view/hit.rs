//! Hit testing: what a mouse click at a cell means.

use super::layout::areas;
use super::{bars, sheet};
use crate::route::Route;
use crate::state::State;

/// What can be clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The choice of a prompt with this index.
    Choice(usize),
    /// A tab.
    Tab(Route),
    /// A row of the left pane.
    Route(Route),
    /// A line of the list, counted from its top.
    Line(i32),
    /// Nothing that reacts to a click.
    Nothing,
}

/// The target at a cell. An open prompt covers everything else.
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
