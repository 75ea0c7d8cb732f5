//! Chats: messages that arrive, and read receipts in both directions.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use super::lists::insert;
use super::notify::notify;
use crate::message::Purpose;
use crate::route::Route;
use crate::state::State;

/// A message of either side arrived.
pub(super) fn message(state: &mut State, live: v1::LiveMessage) -> Effects {
    let (Some(message), Some(with)) = (live.message, live.with) else { return Effects::new() };
    let from_them = message.author_id == with.id;
    let (id, username) = (message.id, with.username.clone());
    let route = Route::Conversation(username.clone());
    state.entities.learn_accounts([with.clone()]);
    state.entities.messages.insert(id, message.clone());
    let is_open = *state.route() == route && state.terminal.is_focused;
    let conversation = state.entities.conversations.entry(with.id).or_default();
    let is_newest = conversation.last.as_ref().is_none_or(|last| last.id < id);
    if is_newest {
        conversation.last = Some(message);
    }
    conversation.with = Some(with.clone());
    if from_them && !is_open && is_newest {
        conversation.unread += 1;
    }
    if let Some(screen) = state.screens.by_route.get_mut(&Route::Conversations) {
        screen.ids.retain(|other| *other != with.id);
        screen.ids.insert(0, with.id);
    }
    let mut was_at_end = false;
    if let Some(screen) = state.screens.by_route.get_mut(&route) {
        was_at_end = screen.list.cursor() + 1 >= screen.list.rows().len();
        screen.typing_until = 0;
        insert(screen, id);
    }
    state.refresh(&route);
    state.refresh(&Route::Conversations);
    // A reader at the end stays at the end.
    if was_at_end && let Some(screen) = state.screens.by_route.get_mut(&route) {
        screen.list.select_last();
    }
    let mut effects = Effects::new();
    if from_them {
        effects.extend(mark_delivered(state, &username, id, is_open));
        if !is_open {
            let text = format!("New message from @{username}");
            effects.extend(notify(state, &text));
            state.say(format!("{text} · Alt-a to open"));
        }
    }
    effects
}

/// Reports how far the user has received and read a chat.
fn mark_delivered(state: &mut State, username: &str, id: u64, is_read: bool) -> Effects {
    if state.session.is_read_only {
        return Effects::new();
    }
    let read = if is_read { id } else { 0 };
    let mark = v1::MarkConversation { username: username.to_owned(), delivered: id, read };
    vec![ask(Purpose::Background, Op::MarkConversation(mark))]
}

/// Marks a chat as read, if it is the one on the screen.
pub(super) fn mark_read(state: &mut State, username: &str) -> Effects {
    let route = Route::Conversation(username.to_owned());
    let newest =
        state.screens.by_route.get(&route).and_then(|screen| screen.ids.first().copied()).unwrap_or(0);
    if let Some(id) = state.entities.by_username(username).map(|account| account.id)
        && let Some(conversation) = state.entities.conversations.get_mut(&id)
    {
        conversation.unread = 0;
    }
    if newest == 0 || *state.route() != route {
        return Effects::new();
    }
    mark_delivered(state, username, newest, true)
}

/// The other side has received or read more.
pub(super) fn receipts_moved(state: &mut State, live: &v1::LiveReadReceipts) {
    let (Some(account), Some(marks)) = (&live.account, live.marks) else { return };
    let route = Route::Conversation(account.username.clone());
    if let Some(screen) = state.screens.by_route.get_mut(&route) {
        screen.receipts.delivered = screen.receipts.delivered.max(marks.delivered);
        screen.receipts.read = screen.receipts.read.max(marks.read);
    }
}
