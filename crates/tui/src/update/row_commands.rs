//! Commands that mean something else on each kind of row.

use model::SafeText;
use terminal::measure::fit;

use super::effects::Effects;
use super::{
    clipboard, compose, outbox, own_messages, people, preferences, prompts, sections, server_info,
    user_actions,
};
use crate::composer::{Outgoing, Writing};
use crate::doctor;
use crate::prompt::PromptKind;
use crate::route::Route;
use crate::row::Row;
use crate::settings::PRESENCE;
use crate::state::State;

/// Columns of the quote in a reply to a message.
const QUOTE_COLUMNS: usize = 60;

/// Sends the selected draft or text of the outbox now; among chats, begins a new one.
pub(super) fn add(state: &mut State) -> Effects {
    match state.selected().cloned() {
        Some(Row::Outgoing(name)) => outbox::send_now(state, &name),
        Some(Row::Draft(name)) => compose::send_draft(state, &name),
        _ if *state.route() == Route::Conversations => prompts::open(state, PromptKind::NewChat),
        _ => Effects::new(),
    }
}

/// Discards the selected text, or dismisses the selected announcement or suggestion.
pub(super) fn remove(state: &mut State) -> Effects {
    match state.selected().cloned() {
        Some(Row::Outgoing(name)) => outbox::discard(state, &name),
        Some(Row::Draft(name)) => compose::discard_draft(state, &name),
        Some(Row::Announcement(_)) => server_info::dismiss(state),
        Some(Row::Person(_)) => people::dismiss(state),
        _ => Effects::new(),
    }
}

pub(super) fn next(state: &mut State) -> Effects {
    step(state, 1)
}

pub(super) fn previous(state: &mut State) -> Effects {
    step(state, -1)
}

/// The next value of the selected setting, or the next section of the screen.
fn step(state: &mut State, by: isize) -> Effects {
    match state.selected().cloned() {
        Some(Row::Setting(PRESENCE)) => user_actions::toggle_presence(state),
        Some(Row::Setting(name)) => preferences::step(state, name, by),
        _ => sections::step(state, by),
    }
}

/// Replies to the selected tweet; in a chat, to the selected message, whose first words are quoted. With a text, sends it.
pub(super) fn reply(state: &mut State, text: &str) -> Effects {
    match (state.selected_message(), state.selected_tweet()) {
        (Some(message), _) if message.deleted => {
            state.say("This message was deleted");
            Effects::new()
        }
        (Some(message), _) => {
            let quote = quote_of(&message.text);
            reply_to_message(state, &quote, text)
        }
        (None, Some(id)) => compose::write(state, Writing::Reply(id), text),
        (None, None) => Effects::new(),
    }
}

fn reply_to_message(state: &mut State, quote: &str, text: &str) -> Effects {
    let Route::Conversation(username) = state.route().clone() else { return Effects::new() };
    let writing = Writing::Message(username);
    if !text.is_empty() {
        return compose::write(state, writing, &format!("{quote}\n{text}"));
    }
    let mut effects = compose::open(state, writing);
    let begun = state.composer.as_ref().map(|composer| composer.editor.text().to_owned());
    if let Some(begun) = begun {
        effects.extend(compose::rewrite(state, &format!("{quote}\n{begun}")));
    }
    effects
}

/// The first words of a message as a quote of one line.
fn quote_of(text: &str) -> String {
    let line = SafeText::line(text);
    let begin = fit(line.as_str().trim_start_matches(['>', ' ']), QUOTE_COLUMNS);
    format!("> {begin}")
}

/// Edits the selected tweet or message of the user; with a new text, sends it.
pub(super) fn edit(state: &mut State, text: &str) -> Effects {
    match (state.selected_message().map(|message| message.id), state.selected_tweet()) {
        (Some(id), _) => own_messages::edit(state, id, text),
        (None, Some(id)) => compose::edit(state, Writing::Edit(id), text),
        (None, None) => Effects::new(),
    }
}

/// Deletes it, after the time to undo.
pub(super) fn delete(state: &mut State) -> Effects {
    match (state.selected_message().map(|message| message.id), state.selected_tweet()) {
        (Some(id), _) => user_actions::delete_message(state, id),
        (None, Some(id)) => user_actions::delete(state, id),
        (None, None) => Effects::new(),
    }
}

/// Shows the details of the selected tweet or message.
pub(super) fn details(state: &mut State) -> Effects {
    match (state.selected_message().map(|message| message.id), state.selected_tweet()) {
        (Some(id), _) => own_messages::show_details(state, id),
        (None, Some(id)) => prompts::ask_details(state, id),
        (None, None) => Effects::new(),
    }
}

/// The id and the text of the selected tweet or message.
fn selected_text(state: &State) -> Option<(u64, String)> {
    let message = state.selected_message().map(|message| (message.id, message.text.clone()));
    message.or_else(|| {
        let id = state.selected_tweet()?;
        Some((id, state.entities.tweet(id)?.text.clone()))
    })
}

pub(super) fn copy_id(state: &mut State) -> Effects {
    let id = selected_text(state).map(|(id, _)| id.to_string());
    clipboard::copy(state, id)
}

/// Copies the first link of the selected tweet or message, or its id if it has none.
pub(super) fn copy_link(state: &mut State) -> Effects {
    match selected_text(state) {
        Some((id, text)) => clipboard::copy_link(state, &text, id),
        None => Effects::new(),
    }
}

/// Copies the text of the selected row; on the screen of the doctor, the whole report.
pub(super) fn copy_text(state: &mut State) -> Effects {
    if *state.route() == Route::Doctor {
        let report = doctor::report(state);
        return clipboard::copy(state, Some(report));
    }
    let text = match state.selected() {
        Some(Row::Logged(number)) => state.log.line(*number).map(|line| {
            let incident =
                if line.incident.is_empty() { String::new() } else { format!("incident {}", line.incident) };
            let parts = [line.text.clone(), line.details.clone(), incident];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
        }),
        Some(Row::Announcement(id)) => state.announcement(*id).map(|one| one.text.clone()),
        Some(Row::Rule(_, text)) => Some(text.to_string()),
        Some(Row::Outgoing(name)) => {
            let outgoing = state.texts.outbox.iter().find(|one| one.name() == name.as_str());
            outgoing.map(Outgoing::text).map(str::to_owned)
        }
        Some(Row::Draft(name)) => state.texts.drafts.get(name.as_str()).map(|draft| draft.text.clone()),
        _ => selected_text(state).map(|(_, text)| text),
    };
    clipboard::copy(state, text.filter(|text| !text.is_empty()))
}
