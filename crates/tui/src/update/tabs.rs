//! Tabs, one step back, and folding in a thread.

use super::effects::Effects;
use super::navigation;
use crate::commands::Action;
use crate::route::Route;
use crate::row::Row;
use crate::state::State;
use crate::thread::replies_below;
use crate::view::nav::owner;
use crate::wording::way_to;

/// Goes to a tab by its index.
pub(super) fn select(state: &mut State, index: usize) -> Effects {
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
    let count = Route::TABS.len();
    let now = owner(state).and_then(|here| Route::TABS.iter().position(|tab| *tab == here));
    let next = now.map_or(0, |now| now.wrapping_add_signed(by).wrapping_add(count) % count);
    select(state, next)
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
    let quit = match state.terminal.capabilities.is_plain {
        true => format!("Type {} to quit", way_to(state, Action::Quit)),
        false => format!("Press {} twice to quit", way_to(state, Action::Close)),
    };
    state.say(format!("You're on the first screen. {quit}"));
    Effects::new()
}

/// In a thread, hides or shows the replies to the selected tweet; elsewhere, opens its thread.
pub(super) fn fold(state: &mut State) -> Effects {
    let (Route::Thread(_), Some(Row::Tweet(id, _))) = (state.route().clone(), state.selected().cloned())
    else {
        return match state.selected_tweet() {
            Some(id) => navigation::go(state, Route::Thread(id)),
            None => Effects::new(),
        };
    };
    let is_folded = state.screen_mut().folded.contains(&id);
    set_folded(state, !is_folded)
}

/// In a thread, hides or shows the replies to the selected tweet.
pub(super) fn set_folded(state: &mut State, is_folded: bool) -> Effects {
    let route = state.route().clone();
    let (Route::Thread(_), Some(Row::Tweet(id, _))) = (&route, state.selected().cloned()) else {
        state.say("Only the replies of a thread can be folded");
        return Effects::new();
    };
    if is_folded && state.screen().is_none_or(|screen| replies_below(state, screen, id) == 0) {
        state.say("No replies to fold here");
        return Effects::new();
    }
    let folded = &mut state.screen_mut().folded;
    if is_folded {
        folded.insert(id);
    } else {
        folded.remove(&id);
    }
    state.refresh(&route);
    Effects::new()
}
