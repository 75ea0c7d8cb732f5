//! Going somewhere, coming back, and what was seen there.

use protocol::v1;
use protocol::v1::request::Op;

use super::{Effects, ask, ask_profile};
use crate::composer::Writing;
use crate::message::{Effect, Purpose, Topic};
use crate::page;
use crate::route::{PageSelector, Route};
use crate::rows::Row;
use crate::state::{Link, Phase, ScreenState, State};
use crate::view;

/// How old trends may be while they are shown.
const TRENDS_MS: i64 = 60_000;
/// The same while there are none.
const NO_TRENDS_MS: i64 = 5_000;
/// Places that history remembers.
const HISTORY_MAX: usize = 100;

/// Goes to a place; what was ahead in history is forgotten.
#[allow(clippy::needless_pass_by_value, reason = "every caller has made it for this")]
pub(super) fn go(state: &mut State, place: Route) -> Effects {
    let mut effects = leave(state);
    if *state.place() != place {
        state.history.truncate(state.at + 1);
        state.history.push(place.clone());
        if state.history.len() > HISTORY_MAX {
            state.history.remove(0);
        }
        state.at = state.history.len() - 1;
    }
    effects.extend(arrive(state, &place));
    state.forget_old();
    effects
}

/// To another place of history.
pub(super) fn travel(state: &mut State, to: usize) -> Effects {
    let mut effects = leave(state);
    state.at = to.min(state.history.len().saturating_sub(1));
    let place = state.place().clone();
    effects.extend(arrive(state, &place));
    effects
}

/// What is no longer followed, and where the read line stands from now on.
fn leave(state: &mut State) -> Effects {
    let effects = super::compose::put_away(state);
    state.pin();
    let place = state.place().clone();
    if let Some(name) = place.read_line_name() {
        let read = state.read_lines.get(&name).copied();
        if let Some(panel) = state.panels.get_mut(&place) {
            panel.read_line = read;
        }
    }
    let mut effects = effects;
    for topic in state.topics.drain() {
        state.following.remove(&topic);
        effects.push(Effect::Unsubscribe(topic));
    }
    effects
}

/// Shows a place: from what is known at once, and from the server if it was never asked.
pub(super) fn arrive(state: &mut State, place: &Route) -> Effects {
    let read_line = place.read_line_name().map(|name| state.read_lines.get(&name).copied());
    let is_new = !state.panels.contains_key(place);
    let panel = state.panels.entry(place.clone()).or_default();
    if is_new && let Some(read_line) = read_line {
        panel.read_line = read_line;
    }
    let mut effects = Effects::new();
    let topic = match place {
        Route::Local | Route::Thread(_) => Some(Topic::Local),
        Route::Hashtag(name) => Some(Topic::Hashtag(name.clone())),
        _ => None,
    };
    if let Some(topic) = topic.filter(|_| state.me.is_some()) {
        state.topics.insert(topic.clone());
        effects.push(Effect::Subscribe(topic));
    }
    // What is not kept up live is read anew each time.
    let is_kept_up =
        matches!(place, Route::Home | Route::Notifications | Route::Conversations | Route::Conversation(_));
    let is_here = |panel: &ScreenState| panel.phase == Phase::Ready;
    let is_fresh = is_kept_up && state.panels.get(place).is_some_and(|p| is_here(p) && p.as_of.is_none());
    if state.link != Link::Live && !state.panels.get(place).is_some_and(is_here) {
        effects.extend(recall(place));
    }
    if !is_fresh {
        effects.extend(fill(state, place, PageSelector::Newest));
    }
    if let Route::Profile(username, _) = place
        && state.me.is_some()
    {
        effects.push(ask_profile(username));
    }
    state.refresh(place);
    match place {
        Route::Conversation(username) => {
            if state.username.is_some() && !state.is_read_only {
                effects.extend(super::compose::open(state, Writing::Message(username.clone())));
            }
            effects.extend(super::live::mark_conversation(state, &username.clone()));
            let panel = state.panel_mut();
            panel.list.select_last();
        }
        Route::Thread(id) if is_new => {
            state.panel_mut().list.select(|row| row.tweet() == Some(*id));
        }
        _ => {}
    }
    effects
}

/// What was kept of a place for when there is no connection.
fn recall(place: &Route) -> Effects {
    let page = page::name_of(place)
        .map(|name| Effect::Recall(Purpose::Fill(place.clone(), PageSelector::Newest), name));
    let head = match place {
        Route::Profile(username, _) => page::name_of_profile(username)
            .map(|name| Effect::Recall(Purpose::Profile(username.clone()), name)),
        _ => None,
    };
    page.into_iter().chain(head).collect()
}

/// What keeps a list up.
fn topic_of(place: &Route) -> Option<Topic> {
    match place {
        Route::Home => Some(Topic::Home),
        Route::Local => Some(Topic::Local),
        Route::Hashtag(name) => Some(Topic::Hashtag(name.clone())),
        Route::Notifications => Some(Topic::Notifications),
        Route::Conversations => Some(Topic::Conversations),
        _ => None,
    }
}

/// The server tells of it live from now on: lists that were asked for before are asked for once more.
pub(super) fn following(state: &mut State, topic: Topic) -> Effects {
    let is_early = |place: &Route, panel: &ScreenState| {
        panel.is_asked_early && topic_of(place).is_some_and(|kept_up_by| kept_up_by == topic)
    };
    let early: Vec<Route> =
        state.panels.iter().filter(|(place, panel)| is_early(place, panel)).map(|(p, _)| p.clone()).collect();
    state.following.insert(topic);
    early.iter().flat_map(|place| fill(state, place, PageSelector::Newest)).collect()
}

/// Asks for a part of a place, unless that is under way or nobody is signed in.
pub(super) fn fill(state: &mut State, place: &Route, part: PageSelector) -> Effects {
    if state.me.is_none() {
        return Effects::new();
    }
    let Some(op) = place.request(&part) else {
        if let Some(panel) = state.panels.get_mut(place) {
            panel.phase = Phase::Ready;
        }
        return Effects::new();
    };
    let Some(panel) = state.panels.get_mut(place) else { return Effects::new() };
    if panel.is_filling && part != PageSelector::Newest {
        return Effects::new();
    }
    panel.is_filling = true;
    if part == PageSelector::Newest {
        panel.is_asked_early = topic_of(place).is_some_and(|topic| !state.following.contains(&topic));
        panel.newest_when_asked = panel.ids.first().copied().unwrap_or(0);
    }
    if panel.phase == Phase::New || panel.phase == Phase::Failed {
        panel.phase = Phase::Loading;
    }
    vec![ask(Purpose::Fill(place.clone(), part), op)]
}

/// Loads what follows when the reader comes near the end.
pub(super) fn fill_ahead(state: &mut State) -> Effects {
    let place = state.place().clone();
    let Some(panel) = state.panels.get(&place) else { return Effects::new() };
    let left = panel.list.rows().len().saturating_sub(panel.list.cursor());
    let is_near = if matches!(place, Route::Conversation(_)) { panel.list.cursor() < 5 } else { left < 10 };
    match &panel.next {
        Some(cursor) if is_near && panel.phase == Phase::Ready && state.link == Link::Live => {
            let part = PageSelector::Older(cursor.clone());
            fill(state, &place, part)
        }
        _ => Effects::new(),
    }
}

/// Remembers the newest item that is on the screen, and how far the reader has come with it.
pub(super) fn note_seen(state: &mut State) {
    let place = state.place().clone();
    if state.form.is_some() || !state.is_focused {
        return;
    }
    let Some(panel) = state.panels.get(&place).filter(|panel| panel.phase != Phase::New) else { return };
    let newest = newest_visible(state, panel);
    let Some(panel) = state.panels.get_mut(&place) else { return };
    if newest <= panel.seen {
        return;
    }
    panel.seen = newest;
    if let Some(name) = place.read_line_name() {
        let line = state.read_lines.entry(name.clone()).or_default();
        if newest > *line {
            *line = newest;
            state.untold_lines.insert(name);
            state.unkept_lines_since.get_or_insert(state.now);
        }
    }
}

fn newest_visible(state: &State, panel: &ScreenState) -> u64 {
    let (height, width) = view::list_size(state);
    let measure = |row: &Row| view::height(state, row, width);
    let visible = panel.list.visible(height, &measure);
    let ids = visible.iter().filter_map(|(place, _)| panel.list.rows().get(*place)?.tweet());
    ids.max().unwrap_or(0)
}

/// Tweets above the screen that were never on it.
#[must_use]
pub(crate) fn new_above(state: &State, panel: &ScreenState) -> usize {
    let (height, width) = view::list_size(state);
    let measure = |row: &Row| view::height(state, row, width);
    let first = panel.list.visible(height, &measure).first().map_or(0, |(place, _)| *place);
    let above = panel.list.rows().iter().take(first);
    let is_new = |row: &&Row| match row {
        Row::Tweet(id, _) => *id > panel.seen,
        Row::Notification(id) => state.known.notifications.get(id).is_some_and(|one| one.unread),
        _ => false,
    };
    above.filter(is_new).count()
}

/// Trends are not told live: while they are shown they are asked for once a minute.
pub(super) fn keep_trends(state: &mut State) -> Effects {
    let shows = *state.place() == Route::Trends || view::areas(state).right.is_some();
    // On a young server the first one is worth a question now and then.
    let pause = if state.known.trends.is_empty() { NO_TRENDS_MS } else { TRENDS_MS };
    if !shows || state.me.is_none() || state.link != Link::Live || state.now - state.trends_asked < pause {
        return Effects::new();
    }
    state.trends_asked = state.now;
    vec![ask(Purpose::Trends, Op::GetTrends(v1::GetTrends { limit: 20 }))]
}

/// Who is signed in, and what is unread.
pub(super) fn ask_about_me() -> Effects {
    let unread =
        v1::ListNotifications { page: Some(v1::PageRequest { limit: 1, position: None }), unread_only: true };
    let chats = v1::ListConversations { page: Some(v1::PageRequest { limit: 50, position: None }) };
    vec![
        ask(Purpose::Me, Op::GetProfile(v1::GetProfile { username: String::new() })),
        ask(Purpose::ReadLines, Op::ListReadLines(v1::ListReadLines {})),
        ask(Purpose::Unread, Op::ListNotifications(unread)),
        ask(Purpose::Chats, Op::ListConversations(chats)),
        ask(Purpose::Trends, Op::GetTrends(v1::GetTrends { limit: 20 })),
        ask(Purpose::Online, Op::ListOnline(v1::ListOnline {})),
    ]
}
