//! The user's own messages after they were sent: which one is edited, and what is shown about one.

use super::effects::Effects;
use super::{compose, movement, outbox, prompts};
use crate::composer::{Outgoing, Writing};
use crate::prompt::PromptKind;
use crate::route::Route;
use crate::row::Row;
use crate::state::{ScreenState, State};
use crate::wording::date_and_time;
use terminal::key::{Code, Key};

/// A key in a chat in which nothing is typed: the arrow upwards edits the last message, the others move through the
/// messages. `None` if it is a key of the text.
pub(super) fn key_without_text(state: &mut State, key: Key) -> Option<Effects> {
    let composer = state.composer.as_ref()?;
    if !matches!(composer.writing, Writing::Message(_)) || !composer.editor.is_blank() {
        return None;
    }
    match key.code {
        Code::Up if last(state).is_some() => Some(edit_last(state)),
        Code::Up => Some(movement::line_up(state)),
        Code::Down => Some(movement::line_down(state)),
        Code::PageUp => Some(movement::page_up(state)),
        Code::PageDown => Some(movement::page_down(state)),
        _ => None,
    }
}

/// What the user wrote last in a chat.
enum Last {
    /// A text of the outbox, by its name.
    Unsent(String),
    /// A message.
    Sent(u64),
}

/// What the user wrote last in the chat of the open composer.
fn last(state: &State) -> Option<Last> {
    let writing = &state.composer.as_ref()?.writing;
    let Writing::Message(username) = writing else { return None };
    let unsent = state.texts.outbox.iter().rfind(|one| one.draft.writing == *writing);
    let unsent = unsent.map(|one| Last::Unsent(Outgoing::name(one)));
    unsent.or_else(|| state.last_own_message(username).map(Last::Sent))
}

/// Edits what the user wrote last in the chat of the open composer.
pub(super) fn edit_last(state: &mut State) -> Effects {
    match last(state) {
        Some(Last::Unsent(name)) => outbox::edit(state, &name),
        Some(Last::Sent(id)) => {
            state.screen_mut().list.select(|row| *row == Row::Message(id));
            edit(state, id, "")
        }
        None => {
            state.say("There is no message of yours to edit here");
            Effects::new()
        }
    }
}

/// Edits a message: opens the composer with its text, or sends the new text.
pub(super) fn edit(state: &mut State, id: u64, text: &str) -> Effects {
    match state.route() {
        Route::Conversation(username) => {
            let writing = Writing::EditMessage(username.clone(), id);
            compose::edit(state, writing, text)
        }
        _ => Effects::new(),
    }
}

/// When an own message was read, after a space; of earlier messages than the last one that was read, no one knows.
fn read_time(state: &State, screen: &ScreenState, id: u64) -> String {
    let is_read_and_mine = |other: &&u64| {
        let message = state.entities.messages.get(*other);
        **other <= screen.receipts.read && message.is_some_and(|one| state.is_me(one.author_id))
    };
    match screen.ids.iter().find(is_read_and_mine) {
        Some(last) if *last == id && screen.receipts.read_ms != 0 => {
            format!(" {}", date_and_time(state, screen.receipts.read_ms))
        }
        _ => String::new(),
    }
}

/// Shows when a message was written, and of an own one, who has read it.
pub(super) fn show_details(state: &mut State, id: u64) -> Effects {
    let Some(message) = state.entities.messages.get(&id) else { return Effects::new() };
    let time = |ms| date_and_time(state, ms);
    let is_mine = state.is_me(message.author_id);
    let by =
        if is_mine { "you".to_owned() } else { format!("@{}", state.entities.username(message.author_id)) };
    let mut lines =
        vec![format!("Id {id}"), format!("By {by}"), format!("Written {}", time(message.created_ms))];
    if message.deleted {
        lines.push("Deleted by its author".to_owned());
    } else if message.edited_ms != 0 {
        lines.push(format!("Edited {}", time(message.edited_ms)));
    }
    if let (true, Route::Conversation(username), Some(screen)) = (is_mine, state.route(), state.screen()) {
        lines.push(match screen.receipts {
            receipts if receipts.read >= id => {
                format!("Read by @{username}{}", read_time(state, screen, id))
            }
            receipts if receipts.delivered >= id => format!("Delivered to @{username}, not read yet"),
            _ => format!("Not delivered to @{username} yet"),
        });
    }
    prompts::open(state, PromptKind::Details(lines))
}
