//! The sections of a screen: going from one to the next, or to one by its name.

use super::effects::Effects;
use super::navigation;
use crate::state::State;

/// The section that is this many places further; after the last comes the first.
pub(super) fn step(state: &mut State, by: isize) -> Effects {
    let sections = state.route().sections();
    let count = sections.len().max(1);
    let here = sections.iter().position(|(section, _)| section == state.route());
    let to = here.unwrap_or(0).wrapping_add(count).wrapping_add_signed(by) % count;
    match sections.into_iter().nth(to) {
        Some((section, _)) => navigation::replace(state, section),
        None => Effects::new(),
    }
}

/// The section whose title begins with this name; without a name, the next.
pub(super) fn go_to(state: &mut State, name: &str) -> Effects {
    if name.is_empty() {
        return step(state, 1);
    }
    let sections = state.route().sections();
    let is_it = |title: &str| title.to_lowercase().starts_with(&name.to_lowercase());
    let titles = sections.iter().map(|(_, title)| title.to_lowercase()).collect::<Vec<_>>().join(", ");
    match sections.into_iter().find(|(_, title)| is_it(title)) {
        Some((section, _)) => navigation::replace(state, section),
        None => {
            state.say(format!("The sections are {titles}"));
            Effects::new()
        }
    }
}
