//! Going to a screen, and through the history of screens.

use super::effects::{Effects, ask_profile};
use super::{chat, compose, drafts, lists, notifications};
use crate::composer::Writing;
use crate::message::{Effect, Topic};
use crate::route::{PageSelector, ProfileTab, Route};
use crate::state::{Link, Phase, ScreenState, State};

/// Entries of the history.
const HISTORY_MAX: usize = 100;

/// Goes to a screen. Screens ahead in the history are forgotten.
#[allow(clippy::needless_pass_by_value, reason = "every caller has made it for this")]
pub(super) fn go(state: &mut State, route: Route) -> Effects {
    let mut effects = leave(state);
    if let Some(screen) = state.screens.by_route.get_mut(&route) {
        screen.is_line_closed = false;
    }
    if *state.route() != route {
        state.screens.history.truncate(state.screens.index + 1);
        state.screens.history.push(route.clone());
        if state.screens.history.len() > HISTORY_MAX {
            state.screens.history.remove(0);
        }
        state.screens.index = state.screens.history.len() - 1;
    }
    effects.extend(arrive(state, &route));
    state.forget_old();
    effects
}

/// Shows another section of the screen: going back leads to the screen before.
#[allow(clippy::needless_pass_by_value, reason = "every caller has made it for this")]
pub(super) fn replace(state: &mut State, route: Route) -> Effects {
    let mut effects = leave(state);
    if let Some(here) = state.screens.history.get_mut(state.screens.index) {
        here.clone_from(&route);
    }
    effects.extend(arrive(state, &route));
    state.forget_old();
    effects
}

/// Goes to another entry of the history: to the place where the reader was, and in a chat to the line for a message only
/// if it was open.
pub(super) fn travel(state: &mut State, to: usize) -> Effects {
    let mut effects = leave(state);
    state.screens.index = to.min(state.screens.history.len().saturating_sub(1));
    let route = state.route().clone();
    effects.extend(arrive(state, &route));
    effects
}

/// Closes the composer, fixes the read line, and ends the subscriptions of the current screen.
fn leave(state: &mut State) -> Effects {
    let route = state.route().clone();
    if let Some(screen) = state.screens.by_route.get_mut(&route) {
        screen.is_line_closed = state.composer.is_none();
    }
    let mut effects = drafts::put_away(state);
    notifications::leave(state);
    state.pin();
    if let Some(name) = route.read_line_name() {
        let read = state.reading.lines.get(&name).copied();
        if let Some(screen) = state.screens.by_route.get_mut(&route) {
            screen.read_line = read;
        }
    }
    state.forget_sent(&route);
    state.note_confirmed();
    for topic in state.live.of_screen.drain() {
        state.live.begun.remove(&topic);
        effects.push(Effect::Unsubscribe(topic));
    }
    effects
}

/// Shows a screen: what is known at once, and what the server has unless live events keep the list up to date.
pub(super) fn arrive(state: &mut State, route: &Route) -> Effects {
    let read_line = route.read_line_name().map(|name| state.reading.lines.get(&name).copied());
    let is_new = !state.screens.by_route.contains_key(route);
    let screen = state.screens.by_route.entry(route.clone()).or_default();
    if is_new && let Some(read_line) = read_line {
        screen.read_line = read_line;
    }
    let mut effects = Effects::new();
    let topic = match route {
        Route::Local | Route::Thread(_) => Some(Topic::Local),
        Route::Hashtag(name) => Some(Topic::Hashtag(name.clone())),
        _ => None,
    };
    if let Some(topic) = topic.filter(|_| state.session.me.is_some()) {
        state.live.of_screen.insert(topic.clone());
        effects.push(Effect::Subscribe(topic));
    }
    let is_live = matches!(
        route,
        Route::Home | Route::Notifications(_) | Route::Conversations | Route::Conversation(_)
    );
    let is_here = |screen: &ScreenState| screen.phase == Phase::Ready;
    let is_fresh = is_live && state.screens.by_route.get(route).is_some_and(|p| is_here(p) && !p.is_cached);
    if state.connection.link != Link::Live && !state.screens.by_route.get(route).is_some_and(is_here) {
        effects.extend(lists::recall(route));
    }
    if !is_fresh {
        effects.extend(lists::fill(state, route, PageSelector::Newest));
    }
    if let Route::Profile(username, _) = route
        && state.session.me.is_some()
    {
        effects.push(ask_profile(username));
        state.screens.by_route.entry(route.clone()).or_default().is_head_loading = true;
    }
    state.refresh(route);
    if !is_new {
        state.reopen(route);
    }
    match route {
        Route::Conversation(username) => {
            let reads = state.screen().is_some_and(|screen| screen.is_line_closed);
            if !reads && state.session.username.is_some() && !state.session.is_read_only {
                effects.extend(compose::open(state, Writing::Message(username.clone())));
            }
            chat::keep_read_line(state, username);
            effects.extend(chat::mark_read(state, username));
            state.refresh(route);
            let screen = state.screen_mut();
            if !reads || screen.read_line.is_some() {
                screen.list.select_last();
            }
        }
        Route::Doctor => effects.push(Effect::MeasureRoundTrip),
        Route::Thread(id) if is_new => {
            state.screen_mut().list.select(|row| row.tweet() == Some(*id));
        }
        _ => {}
    }
    effects
}

/// Goes to the tweets of an account.
pub(super) fn go_to_profile(state: &mut State, username: String) -> Effects {
    go(state, Route::Profile(username, ProfileTab::Tweets))
}

pub(super) fn go_to_own_profile(state: &mut State) -> Effects {
    match state.session.username.clone() {
        Some(username) => go_to_profile(state, username),
        None => Effects::new(),
    }
}
