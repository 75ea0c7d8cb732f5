//! What is new and what is unread: read lines, notifications, chats.

use super::effects::Effects;
use super::{chat, lists, navigation, notifications, read_only};
use crate::route::Route;
use crate::row::Row;
use crate::rows::Group;
use crate::state::{Figure, Phase, State};
use crate::view::layout::{height, list_size, new_above, newest_visible};
use crate::wording::{account_words, count, link_words};
use terminal::list::Item as _;

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
        Route::Notifications(_) if read_only::refuses(state) => Effects::new(),
        Route::Notifications(_) => notifications::mark_all(state),
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

/// Goes to what is unread: messages first, then notifications, then the home feed.
pub(super) fn next_anywhere(state: &mut State) -> Effects {
    let waiting = state.entities.conversations.iter().filter(|(id, _)| state.entities.unread_from(**id) > 0);
    let oldest = waiting.min_by_key(|(_, conversation)| conversation.last.as_ref().map_or(0, |last| last.id));
    if let Some(with) = oldest.and_then(|(_, conversation)| conversation.with.clone()) {
        return navigation::go(state, Route::Conversation(with.username));
    }
    if state.live.unread > 0 && !matches!(state.route(), Route::Notifications(_)) {
        return navigation::go(state, Route::NOTIFICATIONS);
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
        Row::Notification(id) => Group::of(state, *id).is_unread,
        Row::Conversation(id) => state.entities.unread_from(*id) > 0,
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
    screen.backlog.retain(|id| *id > newest);
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
        let is_item = |row: &&Row| row.can_be_selected() && **row != Row::More;
        let items = screen.list.rows().iter().filter(is_item).count();
        let up_to_cursor = screen.list.rows().iter().take(screen.list.cursor() + 1).filter(is_item).count();
        if items > 0 {
            parts.push(format!("item {up_to_cursor} of {items}"));
        }
        let new = new_above(state);
        if new.are_some() {
            parts.push(format!("{new} new above"));
        }
    }
    let unread = [
        (Figure::Notifications, state.live.unread, "unread notification", "unread notifications"),
        (Figure::Messages, state.unread_messages(), "unread message", "unread messages"),
    ];
    for (_, number, one, many) in unread.into_iter().filter(|(figure, ..)| state.is_known(*figure)) {
        parts.push(count(number, one, many));
    }
    parts.push(link_words(state));
    // The screen shows it.
    parts.extend(account_words(state).filter(|_| state.terminal.capabilities.is_plain));
    let status = parts.join(", ");
    state.say(status);
    Effects::new()
}
