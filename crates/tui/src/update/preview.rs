//! What the panes next to the list show about the selected row is requested once the reader rests on it: who someone is and
//! what they wrote last, the replies to a tweet, and the newest tweets with a hashtag.

use protocol::v1;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::message::{Effect, Purpose};
use crate::route::Route;
use crate::row::Row;
use crate::state::{Link, Rest, State};
use crate::view::layout::areas;

/// How long the reader rests on a row before more about it is requested, in milliseconds.
const REST_MS: i64 = 150;
/// Replies and tweets that are requested.
const TWEETS: u32 = 10;
/// People who are requested: as many as the pane shows.
const PEOPLE: u32 = 5;

/// Notes on which row the reader rests, and requests what a pane shows about it.
pub(super) fn ask_about_selected(state: &mut State) -> Effects {
    let has_pane = {
        let areas = areas(state);
        areas.side.is_some() || areas.context.is_some()
    };
    let row = state.selected().filter(|_| has_pane).cloned();
    let route = state.route().clone();
    let Some(screen) = state.screens.by_route.get_mut(&route) else { return Effects::new() };
    if screen.rest.as_ref().map(|rest| &rest.row) != row.as_ref() {
        screen.rest = row.map(|row| Rest { row, since: state.now, is_asked: false });
    }
    if due_at(state).is_none_or(|due| due > state.now) {
        return Effects::new();
    }
    let effects = requests(state);
    if let Some(rest) = &mut state.screen_mut().rest {
        rest.is_asked = true;
    }
    effects
}

/// When something is requested; `None` if nothing is.
pub(super) fn due_at(state: &State) -> Option<i64> {
    let can_ask = state.connection.link == Link::Live && state.session.me.is_some();
    let rest = state.screen()?.rest.as_ref().filter(|rest| can_ask && !rest.is_asked)?;
    Some(rest.since + REST_MS)
}

/// What is not known of what the pane shows.
fn requests(state: &State) -> Effects {
    let mut effects = Effects::new();
    let known = &state.entities;
    if let Some(username) = state.selected_person().filter(|name| !known.profiles.contains_key(name)) {
        effects.push(preview(Op::GetProfile(v1::GetProfile { username })));
    }
    if let Some(id) = state.selected_tweet().filter(|_| !matches!(state.route(), Route::Thread(_))) {
        let replies = known.tweet(id).map_or(0, |tweet| tweet.replies.min(TWEETS));
        let here = known.replies(id).count();
        if here < usize::try_from(replies).unwrap_or(usize::MAX) {
            effects.push(preview(Op::GetThread(v1::GetThread { tweet_id: id, page: page() })));
        }
    }
    if matches!(state.selected(), Some(Row::Person(_) | Row::ProfileHead)) {
        let is_other = |name: &String| state.session.username.as_ref() != Some(name);
        effects.extend(state.selected_person().filter(is_other).map(ask_whom_both_follow));
    }
    match state.selected() {
        Some(Row::Hashtag(name)) => effects.push(newest(Timeline::Hashtag(name.to_string()))),
        Some(Row::Person(id)) => effects.push(newest(Timeline::User(known.username(*id).to_owned()))),
        _ => {}
    }
    effects
}

fn ask_whom_both_follow(username: String) -> Effect {
    let op = Op::ListAccounts(v1::ListAccounts {
        list: v1::AccountList::BothFollow.into(),
        username: username.clone(),
        page: Some(v1::PageRequest { limit: PEOPLE, position: None }),
        ..v1::ListAccounts::default()
    });
    ask(Purpose::BothFollow(username), op)
}

fn page() -> Option<v1::PageRequest> {
    Some(v1::PageRequest { limit: TWEETS, position: None })
}

fn newest(timeline: Timeline) -> Effect {
    preview(Op::ReadTimeline(v1::ReadTimeline { timeline: Some(timeline), page: page() }))
}

fn preview(op: Op) -> Effect {
    ask(Purpose::Preview, op)
}
