//! What is at a cell of the screen: for the mouse.

use super::layout::areas;
use super::{bars, sheet};
use crate::route::Route;
use crate::state::State;

/// What can be clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A choice of a prompt.
    Choice(usize),
    /// A tab.
    Tab(Route),
    /// A row of the left pane.
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
