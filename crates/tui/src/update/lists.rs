//! The lists of screens: which pages are requested, and where items go.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::message::{Effect, Purpose, Topic};
use crate::page;
use crate::route::{PAGE_ITEMS, PageSelector, Route, TRENDS};
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
    if state.session.me.is_none() {
        return Effects::new();
    }
    let Some(mut op) = route.request(&part) else {
        if let Some(screen) = state.screens.by_route.get_mut(route) {
            screen.phase = Phase::Ready;
        }
        return Effects::new();
    };
    let Some(screen) = state.screens.by_route.get_mut(route) else { return Effects::new() };
    if screen.is_loading && part != PageSelector::Newest {
        return Effects::new();
    }
    if let Op::ListAccounts(list) = &mut op {
        list.sort = screen.sort.into();
    }
    screen.is_loading = true;
    screen.requested_at = state.now;
    if part == PageSelector::Newest {
        screen.was_requested_early =
            Topic::that_keeps(route).is_some_and(|topic| !state.live.begun.contains(&topic));
        screen.newest_at_request = screen.ids.first().copied().unwrap_or(0);
    }
    if screen.phase == Phase::New || screen.phase == Phase::Failed {
        screen.phase = Phase::Loading;
    }
    vec![ask(Purpose::Fill(route.clone(), part), op)]
}

/// Requests the newest page of the current screen.
pub(super) fn reload(state: &mut State) -> Effects {
    let route = state.route().clone();
    fill(state, &route, PageSelector::Newest)
}

/// Requests what is shown again, for what was missed without a connection.
pub(super) fn fill_again(state: &mut State) -> Effects {
    let mut effects = reload(state);
    if *state.route() != Route::Home && state.screens.by_route.contains_key(&Route::Home) {
        effects.extend(fill(state, &Route::Home, PageSelector::Newest));
    }
    effects
}

/// Requests the next page when the reader comes near the end.
pub(super) fn fill_ahead(state: &mut State) -> Effects {
    let route = state.route().clone();
    let Some(screen) = state.screens.by_route.get(&route) else { return Effects::new() };
    let left = screen.list.rows().len().saturating_sub(screen.list.cursor());
    if screen.found().is_some() {
        return if left < ROWS_AHEAD { fill_more(state) } else { Effects::new() };
    }
    let is_near = if matches!(route, Route::Conversation(_)) {
        screen.list.cursor() < MESSAGES_AHEAD
    } else {
        left < ROWS_AHEAD
    };
    match &screen.next {
        Some(cursor) if is_near && screen.phase == Phase::Ready && state.connection.link == Link::Live => {
            let part = PageSelector::Older(cursor.clone());
            fill(state, &route, part)
        }
        _ => Effects::new(),
    }
}

/// Requests the next page.
pub(super) fn fill_more(state: &mut State) -> Effects {
    if let Some(effects) = find_more(state) {
        return effects;
    }
    let route = state.route().clone();
    match state.screen().and_then(|screen| screen.next.clone()) {
        Some(cursor) => fill(state, &route, PageSelector::Older(cursor)),
        None => Effects::new(),
    }
}

/// Requests more of the people whom the server found; `None` if the list shows others.
fn find_more(state: &mut State) -> Option<Effects> {
    let screen = state.screen()?;
    let found = screen.found()?;
    let Some(cursor) = found.next.clone().filter(|_| !screen.is_loading) else {
        return Some(Effects::new());
    };
    let effects = find(state, screen, found.words.clone(), Some(cursor));
    state.screen_mut().is_loading = true;
    Some(effects)
}

/// Requests a page of the people of a list who match the words of its filter.
pub(super) fn find(state: &State, screen: &ScreenState, words: String, cursor: Option<String>) -> Effects {
    let Some((list, username)) = state.route().accounts() else { return Effects::new() };
    let position = cursor.clone().map(v1::page_request::Position::Before);
    let op = Op::ListAccounts(v1::ListAccounts {
        list: list.into(),
        username: username.to_owned(),
        page: Some(v1::PageRequest { limit: PAGE_ITEMS, position }),
        query: words.clone(),
        sort: screen.sort.into(),
    });
    vec![ask(Purpose::Find(state.route().clone(), words, cursor), op)]
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

/// A subscription has begun. Lists that were requested before it are requested again: an item may have come between.
pub(super) fn following(state: &mut State, topic: Topic) -> Effects {
    let is_early = |route: &Route, screen: &ScreenState| {
        screen.was_requested_early && Topic::that_keeps(route).is_some_and(|kept_up_by| kept_up_by == topic)
    };
    let early: Vec<Route> = state
        .screens
        .by_route
        .iter()
        .filter(|(route, screen)| is_early(route, screen))
        .map(|(p, _)| p.clone())
        .collect();
    state.live.begun.insert(topic);
    early.iter().flat_map(|route| fill(state, route, PageSelector::Newest)).collect()
}

/// Requests trends while they are shown: there are no live events for them.
pub(super) fn poll_trends(state: &mut State) -> Effects {
    let shows = *state.route() == Route::Trends || areas(state).side.is_some();
    let pause = if state.entities.trends.trends.is_empty() { NO_TRENDS_MS } else { TRENDS_MS };
    if !shows
        || state.session.me.is_none()
        || state.connection.link != Link::Live
        || state.now - state.live.trends_requested_at < pause
    {
        return Effects::new();
    }
    state.live.trends_requested_at = state.now;
    vec![ask(Purpose::Trends, Op::GetTrends(v1::GetTrends { limit: TRENDS, sections: true }))]
}

/// Inserts an identifier into a list that is sorted newest first.
pub(super) fn insert(screen: &mut ScreenState, id: u64) {
    if let Err(index) = screen.ids.binary_search_by(|other| id.cmp(other)) {
        screen.ids.insert(index, id);
    }
}

/// A tweet was deleted: it is removed from every list, and the reader's row becomes a tombstone. What it replied to,
/// quoted or retweeted has another count now.
pub(super) fn delete_tweet(state: &mut State, id: u64) {
    if let Some(tweet) = state.entities.tweet(id) {
        for other in [tweet.reply_to, tweet.quote_of, tweet.retweet_of] {
            state.live.tweets.note_changed(state.now, other);
        }
    }
    state.entities.delete_tweet(id);
    remove_tweet(state, id);
}

/// The same for a tweet that the server does not show any more.
pub(super) fn withdraw_tweet(state: &mut State, id: u64) {
    state.entities.withdraw_tweet(id);
    remove_tweet(state, id);
}

fn remove_tweet(state: &mut State, id: u64) {
    for screen in state.screens.by_route.values_mut() {
        if let Some(index) = screen.ids.iter().position(|other| *other == id) {
            screen.ids.remove(index);
            if screen.gaps.remove(&id)
                && let Some(above) = index.checked_sub(1).and_then(|index| screen.ids.get(index))
            {
                screen.gaps.insert(*above);
            }
        }
        screen.ancestors.retain(|other| *other != id);
    }
    state.refresh_all();
}
