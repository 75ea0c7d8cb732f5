//! Hit testing: what a mouse click at a cell means.

use super::form::{self, Part};
use super::layout::{Areas, GUTTER, areas, visible};
use super::{nav, prompt, sections, title};
use crate::route::Route;
use crate::row::Row;
use crate::state::State;

/// What can be clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The choice of a prompt with this index.
    Choice(usize),
    /// A tab.
    Tab(Route),
    /// A row of the sidebar, or the announcement.
    Route(Route),
    /// A section of the screen.
    Section(Route),
    /// A part of the form.
    Form(Part),
    /// A line of the list, counted from its top.
    Line(i32),
    /// Nothing that reacts to a click.
    Nothing,
}

/// The target at a cell. An open prompt covers everything else, and so does a form below it.
pub(crate) fn target(state: &State, x: u16, y: u16) -> Target {
    if let Some(prompt) = &state.prompt {
        return prompt::choice_at(state, prompt, x, y).map_or(Target::Nothing, Target::Choice);
    }
    if let Some(form) = &state.form {
        return form::part_at(state, form, x, y).map_or(Target::Nothing, Target::Form);
    }
    if state.is_signed_out() {
        return Target::Nothing;
    }
    let areas = areas(state);
    if let Some(place) =
        areas.tabs.filter(|area| area.contains(x, y)).and_then(|area| nav::tab_at(state, area, x))
    {
        return Target::Tab(place);
    }
    if areas.title.is_some_and(|area| area.contains(x, y) && title::is_announcement(state, area, x)) {
        return Target::Route(Route::About);
    }
    if let Some(place) =
        areas.sidebar.filter(|area| area.contains(x, y)).and_then(|area| nav::place_at(state, area, y))
    {
        return Target::Route(place);
    }
    if !areas.list.contains(x, y) {
        return Target::Nothing;
    }
    match section_at(state, &areas, x, y) {
        Some(section) => Target::Section(section),
        None => Target::Line(i32::from(y - areas.list.y)),
    }
}

/// The section at a cell of the list.
fn section_at(state: &State, areas: &Areas, x: u16, y: u16) -> Option<Route> {
    let (height, width) = areas.list_size();
    let line = i32::from(y - areas.list.y);
    let (place, _) = visible(state, (height, width)).into_iter().find(|(_, first)| *first == line)?;
    let column = usize::from((x - areas.list.x).checked_sub(GUTTER)?);
    state.screen()?.list.rows().get(place).filter(|row| **row == Row::Sections)?;
    sections::section_at(state, width, column)
}
