//! What is new and what is unread: read lines, notifications, chats.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use super::{chat, lists, navigation, read_only};
use crate::message::Purpose;
use crate::route::Route;
use crate::row::Row;
use crate::state::{Phase, State};
use crate::view::layout::{height, list_size, new_above, newest_visible};
use crate::wording::link_words;

/// Goes to the newest item; in lists without live events, requests it too.
pub(super) fn show_new(state: &mut State) -> Effects {
    if matches!(state.route(), Route::Conversation(_)) {
        state.screen_mut().list.select_last();
        return Effects::new();
    }
    state.screen_mut().list.select_first();
    if state.route().is_timeline() { Effects::new() } else { lists::reload(state) }
}

/// Goes to the first tweet that was read before.
pub(super) fn read_line(state: &mut State) -> Effects {
    let read = state.screen().and_then(|screen| screen.read_line);
    let found = read
        .is_some_and(|read| state.screen_mut().list.select(|row| row.tweet().is_some_and(|id| id <= read)));
    if !found {
        state.say("No read position here");
    }
    Effects::new()
}

/// Marks a feed as read up to the selected tweet, or all notifications, or the chat that is open.
pub(super) fn mark_read(state: &mut State) -> Effects {
    match state.route().clone() {
        Route::Notifications if read_only::refuses(state) => Effects::new(),
        Route::Notifications => mark_notifications_read(state),
        Route::Conversation(username) => chat::mark_read(state, &username),
        route => {
            let (Some(name), Some(id)) = (route.read_line_name(), state.selected().and_then(Row::tweet))
            else {
                state.say("No read position here");
                return Effects::new();
            };
            state.reading.lines.insert(name, id);
            state.reading.unsaved_since.get_or_insert(state.now);
            state.screen_mut().read_line = Some(id);
            state.refresh(&route);
            state.say("Marked as read up to here");
            Effects::new()
        }
    }
}

fn mark_notifications_read(state: &State) -> Effects {
    match state.screen().and_then(|screen| screen.ids.first().copied()) {
        None => Effects::new(),
        Some(up_to) => {
            let op = Op::MarkNotificationsRead(v1::MarkNotificationsRead { up_to });
            vec![ask(Purpose::MarkNotificationsRead(up_to), op)]
        }
    }
}

/// The server has marked notifications as read. Those that came later stay unread.
pub(super) fn notifications_marked(state: &mut State, up_to: u64) {
    let mut unread = 0;
    for notification in state.entities.notifications.values_mut() {
        notification.unread &= notification.id > up_to;
        unread += u32::from(notification.unread);
    }
    state.live.unread = unread;
    state.refresh_all();
}

/// Goes to what is unread: messages first, then notifications, then the home feed.
pub(super) fn next_anywhere(state: &mut State) -> Effects {
    let waiting = state.entities.conversations.values().filter(|conversation| conversation.unread > 0);
    let oldest = waiting.min_by_key(|conversation| conversation.last.as_ref().map_or(0, |last| last.id));
    if let Some(with) = oldest.and_then(|conversation| conversation.with.clone()) {
        return navigation::go(state, Route::Conversation(with.username));
    }
    if state.live.unread > 0 && *state.route() != Route::Notifications {
        return navigation::go(state, Route::Notifications);
    }
    let effects =
        if *state.route() == Route::Home { Effects::new() } else { navigation::go(state, Route::Home) };
    state.screen_mut().list.select_first();
    effects
}

/// The next unread notification or chat of this list; in other lists the next row.
pub(super) fn next_here(state: &mut State) -> Effects {
    step_to_match(state, true)
}

/// The same upwards.
pub(super) fn previous_here(state: &mut State) -> Effects {
    step_to_match(state, false)
}

fn step_to_match(state: &mut State, goes_down: bool) -> Effects {
    let Some(screen) = state.screen() else { return Effects::new() };
    let (rows, cursor) = (screen.list.rows(), screen.list.cursor());
    let mut indices: Box<dyn Iterator<Item = usize>> =
        if goes_down { Box::new(cursor + 1..rows.len()) } else { Box::new((0..cursor).rev()) };
    let Some(to) = indices.find(|index| rows.get(*index).is_some_and(|row| is_match(state, row))) else {
        state.say("No more matches");
        return Effects::new();
    };
    let Some(row) = rows.get(to).cloned() else { return Effects::new() };
    let (rows_high, width) = list_size(state);
    state.with_list(|state, list| {
        let measure = |row: &Row| height(state, row, width);
        for _ in 0..to.abs_diff(cursor) {
            if list.selected() == Some(&row) {
                break;
            }
            list.step(if goes_down { 1 } else { -1 }, rows_high, &measure);
        }
    });
    Effects::new()
}

fn is_match(state: &State, row: &Row) -> bool {
    match row {
        Row::Notification(id) => state.entities.notifications.get(id).is_some_and(|one| one.unread),
        Row::Conversation(id) => state.entities.conversations.get(id).is_some_and(|one| one.unread > 0),
        _ => true,
    }
}

/// Remembers the newest item that was on the screen, and how far the reader has come with it.
pub(super) fn note_seen(state: &mut State) {
    if state.form.is_some() || !state.terminal.is_focused {
        return;
    }
    let route = state.route().clone();
    let Some(screen) = state.screens.by_route.get(&route).filter(|screen| screen.phase != Phase::New) else {
        return;
    };
    let newest = newest_visible(state, screen);
    let Some(screen) = state.screens.by_route.get_mut(&route) else { return };
    if newest <= screen.seen {
        return;
    }
    screen.seen = newest;
    if let Some(name) = route.read_line_name() {
        let line = state.reading.lines.entry(name.clone()).or_default();
        if newest > *line {
            *line = newest;
            state.reading.unsent.insert(name);
            state.reading.unsaved_since.get_or_insert(state.now);
        }
    }
}

/// Says where the reader is and what is new.
pub(super) fn show_status(state: &mut State) -> Effects {
    let mut parts = vec![state.route().title()];
    if let Some(screen) = state.screen() {
        let rows = screen.list.rows().len();
        if rows > 0 {
            parts.push(format!("row {} of {rows}", screen.list.cursor() + 1));
        }
        let new = new_above(state, screen);
        if new > 0 {
            parts.push(format!("{new} new above"));
        }
    }
    parts.push(format!("{} unread notifications", state.live.unread));
    parts.push(format!("{} unread messages", state.unread_messages()));
    parts.push(link_words(state));
    let status = parts.join(", ");
    state.say(status);
    Effects::new()
}
