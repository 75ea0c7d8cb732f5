//! The lists of screens: which pages are requested, and where items go.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::message::{Effect, Purpose, Topic};
use crate::page;
use crate::route::{PageSelector, Route};
use crate::state::{Link, Phase, ScreenState, State};
use crate::view::layout::areas;

/// Maximum age of trends while they are shown, in milliseconds.
const TRENDS_MS: i64 = 60_000;
/// The same while there are none: a young server may have its first trend soon.
const NO_TRENDS_MS: i64 = 5_000;
/// Rows below the reader at which the next page is requested.
const ROWS_AHEAD: usize = 10;
/// The same above the reader of a chat, which is read upwards.
const MESSAGES_AHEAD: usize = 5;

/// Requests a page of a screen, unless one is under way or no one is signed in.
pub(super) fn fill(state: &mut State, route: &Route, part: PageSelector) -> Effects {
    if state.me.is_none() {
        return Effects::new();
    }
    let Some(op) = route.request(&part) else {
        if let Some(panel) = state.panels.get_mut(route) {
            panel.phase = Phase::Ready;
        }
        return Effects::new();
    };
    let Some(panel) = state.panels.get_mut(route) else { return Effects::new() };
    if panel.is_filling && part != PageSelector::Newest {
        return Effects::new();
    }
    panel.is_filling = true;
    if part == PageSelector::Newest {
        panel.is_asked_early = topic_of(route).is_some_and(|topic| !state.following.contains(&topic));
        panel.newest_when_asked = panel.ids.first().copied().unwrap_or(0);
    }
    if panel.phase == Phase::New || panel.phase == Phase::Failed {
        panel.phase = Phase::Loading;
    }
    vec![ask(Purpose::Fill(route.clone(), part), op)]
}

/// Requests the newest page of the current screen.
pub(super) fn reload(state: &mut State) -> Effects {
    let route = state.place().clone();
    fill(state, &route, PageSelector::Newest)
}

/// Requests what is shown again, for what was missed without a connection.
pub(super) fn fill_again(state: &mut State) -> Effects {
    let mut effects = reload(state);
    if *state.place() != Route::Home && state.panels.contains_key(&Route::Home) {
        effects.extend(fill(state, &Route::Home, PageSelector::Newest));
    }
    effects
}

/// Requests the next page when the reader comes near the end.
pub(super) fn fill_ahead(state: &mut State) -> Effects {
    let route = state.place().clone();
    let Some(panel) = state.panels.get(&route) else { return Effects::new() };
    let left = panel.list.rows().len().saturating_sub(panel.list.cursor());
    let is_near = if matches!(route, Route::Conversation(_)) {
        panel.list.cursor() < MESSAGES_AHEAD
    } else {
        left < ROWS_AHEAD
    };
    match &panel.next {
        Some(cursor) if is_near && panel.phase == Phase::Ready && state.link == Link::Live => {
            let part = PageSelector::Older(cursor.clone());
            fill(state, &route, part)
        }
        _ => Effects::new(),
    }
}

/// Reads the cached pages of a screen, for when there is no connection.
pub(super) fn recall(route: &Route) -> Effects {
    let page = page::name_of(route)
        .map(|name| Effect::Recall(Purpose::Fill(route.clone(), PageSelector::Newest), name));
    let head = match route {
        Route::Profile(username, _) => page::name_of_profile(username)
            .map(|name| Effect::Recall(Purpose::Profile(username.clone()), name)),
        _ => None,
    };
    page.into_iter().chain(head).collect()
}

/// The subscription that keeps a list up to date.
fn topic_of(route: &Route) -> Option<Topic> {
    match route {
        Route::Home => Some(Topic::Home),
        Route::Local => Some(Topic::Local),
        Route::Hashtag(name) => Some(Topic::Hashtag(name.clone())),
        Route::Notifications => Some(Topic::Notifications),
        Route::Conversations => Some(Topic::Conversations),
        _ => None,
    }
}

/// A subscription has begun. Lists that were requested before it are requested again: an item may have come between.
pub(super) fn following(state: &mut State, topic: Topic) -> Effects {
    let is_early = |route: &Route, panel: &ScreenState| {
        panel.is_asked_early && topic_of(route).is_some_and(|kept_up_by| kept_up_by == topic)
    };
    let early: Vec<Route> =
        state.panels.iter().filter(|(route, panel)| is_early(route, panel)).map(|(p, _)| p.clone()).collect();
    state.following.insert(topic);
    early.iter().flat_map(|route| fill(state, route, PageSelector::Newest)).collect()
}

/// Requests trends while they are shown: there are no live events for them.
pub(super) fn poll_trends(state: &mut State) -> Effects {
    let shows = *state.place() == Route::Trends || areas(state).right.is_some();
    let pause = if state.known.trends.is_empty() { NO_TRENDS_MS } else { TRENDS_MS };
    if !shows || state.me.is_none() || state.link != Link::Live || state.now - state.trends_asked < pause {
        return Effects::new();
    }
    state.trends_asked = state.now;
    vec![ask(Purpose::Trends, Op::GetTrends(v1::GetTrends { limit: 20 }))]
}

/// Inserts an identifier into a list that is sorted newest first.
pub(super) fn insert(panel: &mut ScreenState, id: u64) {
    if let Err(index) = panel.ids.binary_search_by(|other| id.cmp(other)) {
        panel.ids.insert(index, id);
    }
}

/// Removes a deleted tweet from every list. The reader's row becomes a tombstone.
pub(super) fn forget_tweet(state: &mut State, id: u64) {
    for panel in state.panels.values_mut() {
        if let Some(index) = panel.ids.iter().position(|other| *other == id) {
            panel.ids.remove(index);
            if panel.gaps.remove(&id)
                && let Some(above) = index.checked_sub(1).and_then(|index| panel.ids.get(index))
            {
                panel.gaps.insert(*above);
            }
        }
        panel.ancestors.retain(|other| *other != id);
    }
    state.refresh_all();
}
