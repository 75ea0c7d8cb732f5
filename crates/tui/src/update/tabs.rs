//! Tabs, the tabs of a profile, one step back, and folding in a thread.

use super::effects::Effects;
use super::navigation;
use crate::route::{ProfileTab, Route};
use crate::row::Row;
use crate::state::State;

/// Goes to a tab by its index; on the head of a profile, to a tab of the profile.
pub(super) fn select(state: &mut State, index: usize) -> Effects {
    if let (Route::Profile(username, _), Some((tab, _))) =
        (state.route().clone(), ProfileTab::ALL.get(index).copied())
        && matches!(state.selected(), Some(Row::ProfileHead))
    {
        return show_profile_tab(state, username, tab);
    }
    match Route::TABS.get(index) {
        Some(route) => navigation::go(state, route.clone()),
        None => Effects::new(),
    }
}

pub(super) fn next(state: &mut State) -> Effects {
    step(state, 1)
}

pub(super) fn previous(state: &mut State) -> Effects {
    step(state, -1)
}

fn step(state: &mut State, by: isize) -> Effects {
    if matches!(state.route(), Route::Profile(..)) {
        return next_of_profile(state);
    }
    let count = Route::TABS.len();
    let mut visited = state.screens.history.iter().take(state.screens.index + 1).rev();
    let now = visited.find_map(|route| Route::TABS.iter().position(|tab| tab == route));
    let next = now.map_or(0, |now| now.wrapping_add_signed(by).wrapping_add(count) % count);
    select(state, next)
}

/// The next tab of the profile that is shown.
pub(super) fn next_of_profile(state: &mut State) -> Effects {
    let Route::Profile(username, tab) = state.route().clone() else { return Effects::new() };
    show_profile_tab(state, username, tab.next())
}

/// Replaces the entry in the history: going back leads to the screen before the profile.
fn show_profile_tab(state: &mut State, username: String, tab: ProfileTab) -> Effects {
    if let Some(here) = state.screens.history.get_mut(state.screens.index) {
        *here = Route::Profile(username, tab);
    }
    let route = state.route().clone();
    navigation::arrive(state, &route)
}

/// Removes the filter, or goes to the screen before.
pub(super) fn back(state: &mut State) -> Effects {
    if state.screen().is_some_and(|screen| !screen.filter.is_empty()) {
        state.set_filter(String::new());
        return Effects::new();
    }
    if state.screens.index > 0 {
        return navigation::travel(state, state.screens.index - 1);
    }
    if *state.route() != Route::Home {
        return navigation::go(state, Route::Home);
    }
    state.say("You're on the first screen. Press q twice to quit");
    Effects::new()
}

/// In a thread, hides or shows the replies to the selected tweet; elsewhere, opens its thread.
pub(super) fn fold(state: &mut State) -> Effects {
    let route = state.route().clone();
    let (Route::Thread(_), Some(Row::Tweet(id, _))) = (&route, state.selected().cloned()) else {
        return match state.selected_tweet() {
            Some(id) => navigation::go(state, Route::Thread(id)),
            None => Effects::new(),
        };
    };
    let folded = &mut state.screen_mut().folded;
    if !folded.remove(&id) {
        folded.insert(id);
    }
    state.refresh(&route);
    Effects::new()
}
