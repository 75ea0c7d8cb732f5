//! How far a text of the outbox has come, and the keys that bring it back.

use super::lines::{Line, dim, of, words};
use crate::commands::Action;
use crate::composer::{Outgoing, Sending, Writing};
use crate::route::Route;
use crate::row::Row;
use crate::signs::Sign;
use crate::state::{Link, State};
use crate::undo::Undoable;
use crate::user_action::UserAction;
use crate::wording::{duration, waiting_for};
use terminal::style::ColorRole;

/// The progress of sending a text, in words.
pub(super) fn progress(state: &State, outgoing: &Outgoing) -> Line {
    vec![match &outgoing.sending {
        Sending::Held(until) => {
            dim(format!("sending in {}{}", duration(until - state.now), back(state, outgoing)))
        }
        Sending::Sent if state.connection.link == Link::Live => dim("sending…"),
        Sending::Waiting if state.connection.link == Link::Live => dim("waiting for what is sent before it"),
        // The heading above it says what it waits for.
        Sending::Sent | Sending::Waiting if *state.route() == Route::Drafts => {
            of(ColorRole::Warning, "sent when you are back online")
        }
        Sending::Sent | Sending::Waiting => of(ColorRole::Warning, waiting_for(state)),
        Sending::Retrying(at, why) | Sending::Limited(at, why) => {
            of(ColorRole::Warning, format!("sent again in {}: {why}", duration(at - state.now)))
        }
        Sending::Refused(why) => {
            let sign = state.sign(Sign::Error);
            let edit = match (state.route(), &outgoing.draft.writing) {
                (Route::Conversation(_), Writing::EditMessage(..)) => {
                    let keys = state.preferences.keymap.keys_of(Action::Edit);
                    keys.map_or_else(String::new, |keys| format!(" · {keys} to edit"))
                }
                (Route::Conversation(_), _) => " · Enter to edit".to_owned(),
                _ => String::new(),
            };
            let what = if *state.route() == Route::Drafts { "" } else { "not sent: " };
            of(ColorRole::Error, format!("{sign} {what}{why}{edit}"))
        }
    }]
}

/// The same in lines of this width.
pub(super) fn progress_lines(state: &State, outgoing: &Outgoing, width: usize) -> Vec<Line> {
    progress(state, outgoing).into_iter().flat_map(|span| words(&span.text, width, span.style)).collect()
}

/// Whether a row counts down to what the last step did, which can be undone until then.
pub(super) fn counts_down(state: &State, row: &Row) -> bool {
    let username = |id: u64| state.entities.username(id);
    match (state.undo.steps.last().map(|step| &step.what), row) {
        (Some(Undoable::Held(action)), row) => match (action, row) {
            (UserAction::Delete(tweet), Row::Tweet(id, _)) => state.entities.original(*id) == *tweet,
            (UserAction::DeleteMessage(message), Row::Message(id)) => id == message,
            (UserAction::RemoveFollower(name), Row::Person(id)) => username(*id) == name,
            (UserAction::RevokeSession(session), Row::Session(id)) => id == session,
            (UserAction::RevokeKey(key), Row::Key(id)) => id == key,
            _ => false,
        },
        (Some(Undoable::Sent(key)), Row::Outgoing(name)) => {
            state.texts.outbox.iter().any(|one| one.key == *key && one.name() == name.as_str())
        }
        (Some(Undoable::Sent(key)), Row::Message(id)) => {
            state.edit_of(*id).is_some_and(|one| one.key == *key)
        }
        _ => false,
    }
}

/// How a text is brought back that is about to be sent.
fn back(state: &State, outgoing: &Outgoing) -> String {
    match &outgoing.draft.writing {
        Writing::Message(_) if state.composer.is_some() => " · ↑ edits it".to_owned(),
        _ => undo_keys(state).map_or_else(String::new, |keys| format!(" · {keys} to undo")),
    }
}

/// The keys that undo the last step.
pub(super) fn undo_keys(state: &State) -> Option<String> {
    undo_command(state).and_then(|action| state.preferences.keymap.keys_of(action))
}

/// The command that undoes the last step. While a text is written there is one only in a chat in which nothing is typed.
pub(super) fn undo_command(state: &State) -> Option<Action> {
    match &state.composer {
        _ if state.prompt.is_some() || state.form.is_some() => None,
        None => Some(Action::Undo),
        Some(composer) if matches!(composer.writing, Writing::Message(_)) && composer.editor.is_blank() => {
            Some(Action::UndoSend)
        }
        Some(_) => None,
    }
}
