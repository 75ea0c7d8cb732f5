//! Chats: messages that arrive, and read receipts in both directions.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask, ask_for_chats};
use super::lists::insert;
use super::notify::notify;
use crate::commands::Action;
use crate::message::Purpose;
use crate::route::Route;
use crate::state::{Phase, State};
use crate::wording::way_to;

/// A message was edited or deleted.
pub(super) fn message_changed(state: &mut State, live: v1::LiveMessage) -> Effects {
    let Some(message) = live.message else { return Effects::new() };
    // A deleted message may have been counted as unread.
    let has_unread = state.entities.conversations.values().any(|chat| chat.unread > 0);
    let effects = if message.deleted && has_unread { vec![ask_for_chats()] } else { Effects::new() };
    for chat in state.entities.conversations.values_mut() {
        if chat.last.as_ref().is_some_and(|last| last.id == message.id) {
            chat.last = Some(message.clone());
        }
    }
    if let Some(known) = state.entities.messages.get_mut(&message.id) {
        *known = message;
    }
    state.refresh_all();
    effects
}

/// The server has the new text of the user's message, which is shown before its live event; `None`: it had it before.
pub(super) fn edited(state: &mut State, id: u64, text: Option<String>) -> Effects {
    let Some(text) = text else { return Effects::new() };
    let edited_ms = state.server_now();
    change(state, id, |message| v1::DirectMessage { text, edited_ms, ..message })
}

/// The server has deleted the user's message.
pub(super) fn deleted(state: &mut State, id: u64) -> Effects {
    change(state, id, |message| v1::DirectMessage { text: String::new(), deleted: true, ..message })
}

fn change(
    state: &mut State,
    id: u64,
    changed: impl FnOnce(v1::DirectMessage) -> v1::DirectMessage,
) -> Effects {
    let message = state.entities.messages.get(&id).cloned().map(changed);
    message_changed(state, v1::LiveMessage { message, ..v1::LiveMessage::default() })
}

/// A message of either side arrived.
pub(super) fn message(state: &mut State, live: v1::LiveMessage) -> Effects {
    let (Some(message), Some(with)) = (live.message, live.with) else { return Effects::new() };
    let from_them = message.author_id == with.id;
    let (id, conversation_id, username) = (message.id, message.conversation_id, with.username.clone());
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
    conversation.id = conversation_id;
    let is_read = is_open || conversation.yours.is_some_and(|yours| yours.read >= id);
    if from_them && !is_read && is_newest {
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
            // Plain mode says by itself what arrives.
            if !state.terminal.capabilities.is_plain {
                state.say(format!("{text} · {} to open", way_to(state, Action::NextUnread)));
            }
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

/// Keeps where the reading of a chat ended, before it is marked as read: what came since is below a line.
pub(super) fn keep_read_line(state: &mut State, username: &str) {
    let route = Route::Conversation(username.to_owned());
    let Some(id) = state.entities.by_username(username).map(|account| account.id) else { return };
    let unread = state.entities.conversations.get(&id).map_or(0, |conversation| conversation.unread);
    let Some(screen) = state.screens.by_route.get_mut(&route) else { return };
    let messages = &state.entities.messages;
    let is_theirs = |one: &&u64| messages.get(*one).is_some_and(|message| message.author_id == id);
    let first_new = usize::try_from(unread).unwrap_or(0).checked_sub(1);
    let first_new = first_new.and_then(|place| screen.ids.iter().filter(is_theirs).nth(place).copied());
    screen.read_line = first_new.map(|new| screen.ids.iter().copied().find(|id| *id < new).unwrap_or(0));
}

/// Marks a chat as read, if it is the one on the screen.
pub(super) fn mark_read(state: &mut State, username: &str) -> Effects {
    let route = Route::Conversation(username.to_owned());
    let screen = state.screens.by_route.get(&route).filter(|screen| screen.phase == Phase::Ready);
    let Some(newest) = screen.map(|screen| screen.ids.first().copied()) else { return Effects::new() };
    // Otherwise the server is not told, and counts on.
    if *state.route() != route {
        return Effects::new();
    }
    if let Some(id) = state.entities.by_username(username).map(|account| account.id)
        && let Some(conversation) = state.entities.conversations.get_mut(&id)
    {
        conversation.unread = 0;
    }
    newest.map_or_else(Effects::new, |newest| mark_delivered(state, username, newest, true))
}

/// The reader is back at the terminal: the chat that is open is read up to its newest message.
pub(super) fn read_again(state: &mut State) -> Effects {
    let Route::Conversation(username) = state.route().clone() else { return Effects::new() };
    let with = state.entities.by_username(&username).map(|account| account.id);
    let chat = with.and_then(|id| state.entities.conversations.get(&id));
    if chat.is_some_and(|chat| chat.unread > 0) { mark_read(state, &username) } else { Effects::new() }
}

/// The other side has received or read more, or the user has on another device.
pub(super) fn receipts_moved(state: &mut State, live: &v1::LiveReadReceipts) -> Effects {
    let (Some(account), Some(marks)) = (&live.account, live.marks) else { return Effects::new() };
    if state.is_me(account.id) {
        return read_elsewhere(state, live.conversation_id, marks);
    }
    let route = Route::Conversation(account.username.clone());
    let of_screen = state.screens.by_route.get_mut(&route).map(|screen| &mut screen.receipts);
    let chat = state.entities.conversations.get_mut(&account.id);
    let of_list = chat.map(|chat| chat.theirs.get_or_insert_default());
    of_screen.into_iter().chain(of_list).for_each(|receipts| advance(receipts, marks));
    Effects::new()
}

/// Receipts only move forward.
fn advance(receipts: &mut v1::ReadReceipts, marks: v1::ReadReceipts) {
    receipts.delivered = receipts.delivered.max(marks.delivered);
    if marks.read >= receipts.read {
        (receipts.read, receipts.read_ms) = (marks.read, marks.read_ms);
    }
}

/// The user has read a chat on another device. Only the server can count what is unread of a part of it.
fn read_elsewhere(state: &mut State, conversation_id: u64, marks: v1::ReadReceipts) -> Effects {
    let mut chats = state.entities.conversations.values_mut();
    let Some(chat) = chats.find(|chat| chat.id == conversation_id) else { return Effects::new() };
    let yours = chat.yours.get_or_insert_default();
    let has_read_more = marks.read > yours.read;
    advance(yours, marks);
    let is_partly_read = chat.last.as_ref().is_some_and(|last| last.id > marks.read);
    if !has_read_more || chat.unread == 0 {
        return Effects::new();
    }
    if is_partly_read {
        return vec![ask_for_chats()];
    }
    chat.unread = 0;
    state.refresh(&Route::Conversations);
    Effects::new()
}
