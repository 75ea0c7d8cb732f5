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
    state.known.learn_accounts([with.clone()]);
    state.known.messages.insert(id, message.clone());
    let is_open = *state.place() == route && state.is_focused;
    let conversation = state.known.conversations.entry(with.id).or_default();
    let is_newest = conversation.last.as_ref().is_none_or(|last| last.id < id);
    if is_newest {
        conversation.last = Some(message);
    }
    conversation.with = Some(with.clone());
    if from_them && !is_open && is_newest {
        conversation.unread += 1;
    }
    if let Some(panel) = state.panels.get_mut(&Route::Conversations) {
        panel.ids.retain(|other| *other != with.id);
        panel.ids.insert(0, with.id);
    }
    let mut was_at_end = false;
    if let Some(panel) = state.panels.get_mut(&route) {
        was_at_end = panel.list.cursor() + 1 >= panel.list.rows().len();
        panel.typing_until = 0;
        insert(panel, id);
    }
    state.refresh(&route);
    state.refresh(&Route::Conversations);
    // A reader at the end stays at the end.
    if was_at_end && let Some(panel) = state.panels.get_mut(&route) {
        panel.list.select_last();
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
    if state.is_read_only {
        return Effects::new();
    }
    let read = if is_read { id } else { 0 };
    let mark = v1::MarkConversation { username: username.to_owned(), delivered: id, read };
    vec![ask(Purpose::Background, Op::MarkConversation(mark))]
}

/// Marks a chat as read, if it is the one on the screen.
pub(super) fn mark_read(state: &mut State, username: &str) -> Effects {
    let route = Route::Conversation(username.to_owned());
    let newest = state.panels.get(&route).and_then(|panel| panel.ids.first().copied()).unwrap_or(0);
    if let Some(id) = state.known.by_username(username).map(|account| account.id)
        && let Some(conversation) = state.known.conversations.get_mut(&id)
    {
        conversation.unread = 0;
    }
    if newest == 0 || *state.place() != route {
        return Effects::new();
    }
    mark_delivered(state, username, newest, true)
}

/// The other side has received or read more.
pub(super) fn receipts_moved(state: &mut State, live: &v1::LiveReadReceipts) {
    let (Some(account), Some(marks)) = (&live.account, live.marks) else { return };
    let route = Route::Conversation(account.username.clone());
    if let Some(panel) = state.panels.get_mut(&route) {
        panel.theirs.delivered = panel.theirs.delivered.max(marks.delivered);
        panel.theirs.read = panel.theirs.read.max(marks.read);
    }
}
