//! Whether a command can run now, and the reason when it cannot.

use protocol::v1;

use crate::commands::{Action, Argument, Command, Context, Requirement};
use crate::composer::Writing;
use crate::form::Field;
use crate::route::{PeopleSection, Route};
use crate::row::Row;
use crate::settings::PRESENCE;
use crate::state::State;
use crate::wording::READ_ONLY;

/// Why a command cannot run now, in words for the user; `None` if it can.
#[must_use]
pub(crate) fn unavailable(state: &State, action: Action) -> Option<String> {
    let command = action.command();
    no_selection(state, command).or_else(|| first_unmet(state, command.requirements.iter()))
}

/// The same for a command that names the account it is about: what is selected does not matter then.
#[must_use]
pub(crate) fn unavailable_for_named(state: &State, action: Action) -> Option<String> {
    let concerns_selection = |requirement: &&Requirement| {
        matches!(
            requirement,
            Requirement::OwnItem | Requirement::Shareable | Requirement::OtherPerson | Requirement::Follower
        )
    };
    let others = action.command().requirements.iter().filter(|requirement| !concerns_selection(requirement));
    first_unmet(state, others)
}

/// Why a command cannot run from a prompt that was opened in these contexts.
#[must_use]
pub(crate) fn unavailable_here(state: &State, contexts: &[Context], command: &Command) -> Option<String> {
    let is_selection = matches!(command.context, Context::Tweet | Context::Item | Context::Person);
    if !is_selection && !contexts.contains(&command.context) {
        return Some("Not on this screen".into());
    }
    unavailable(state, command.action)
}

/// Whether a command is about what is open: about this kind of text in the composer, or this form.
#[must_use]
pub(crate) fn applies(state: &State, command: &Command) -> bool {
    let writing = state.composer.as_ref().map(|composer| &composer.writing);
    match command.action {
        Action::CycleVisibility | Action::SplitThread => {
            writing.is_none_or(|writing| writing.chat().is_none() && !writing.is_edit())
        }
        Action::EditLast => writing.is_none_or(|writing| matches!(writing, Writing::Message(_))),
        Action::Complete => state.composer.as_ref().is_none_or(|composer| composer.completion.is_some()),
        Action::Reveal => state.form.as_ref().is_none_or(|form| form.fields.iter().any(Field::is_secret)),
        _ => true,
    }
}

fn no_selection(state: &State, command: &Command) -> Option<String> {
    match (command.context, command.argument) {
        (Context::Tweet, _) if state.selected_tweet().is_none() => Some("No tweet selected".into()),
        (Context::Item, _) if state.selected_tweet().is_none() && state.selected_message().is_none() => {
            Some("No tweet or message selected".into())
        }
        (_, Argument::Person | Argument::PersonAndText | Argument::PersonThenText)
            if state.selected_person().is_none() =>
        {
            Some("No one selected".into())
        }
        _ => None,
    }
}

fn first_unmet<'a>(state: &State, mut all: impl Iterator<Item = &'a Requirement>) -> Option<String> {
    all.find_map(|requirement| unmet(state, *requirement))
}

fn unmet(state: &State, requirement: Requirement) -> Option<String> {
    let unless = |is_met: bool, reason: &str| (!is_met).then(|| reason.to_owned());
    match requirement {
        Requirement::Write if state.session.is_read_only => Some(READ_ONLY.into()),
        Requirement::Write => {
            unless(state.session.me.is_some() || state.session.username.is_some(), "You're not signed in")
        }
        Requirement::OwnItem => match state.selected_message() {
            Some(message) if message.deleted => Some("This message was deleted".into()),
            Some(message) => unless(state.is_me(message.author_id), "Not your message"),
            None => unless(state.selected_tweet().is_some_and(|id| state.is_mine(id)), "Not your tweet"),
        },
        Requirement::Shareable => {
            let tweet = state.selected_tweet().and_then(|id| state.entities.tweet(id));
            let is_for_all = |tweet: &v1::Tweet| {
                matches!(tweet.visibility(), v1::Visibility::Public | v1::Visibility::Unlisted)
            };
            unless(tweet.is_none_or(is_for_all), "Only public and unlisted tweets can be retweeted or quoted")
        }
        Requirement::OtherPerson => {
            let person = state.selected_person();
            unless(person.is_none() || person != state.session.username, "That's you")
        }
        Requirement::Follower => not_a_follower(state),
        Requirement::Undoable => unless(!state.undo.steps.is_empty(), "Nothing to undo"),
        Requirement::Redoable => unless(!state.undo.undone.is_empty(), "Nothing to redo"),
        Requirement::Sections => {
            let has_values = |name| name == PRESENCE || !state.preferences.settings.values(name).is_empty();
            match state.selected() {
                Some(Row::Setting(name)) => unless(has_values(name), "Enter changes this setting"),
                _ => unless(!state.route().sections().is_empty(), "No sections on this screen"),
            }
        }
        Requirement::Sortable => unless(state.route().accounts().is_some(), "This list has one order"),
        Requirement::HistoryBefore => unless(state.screens.index > 0, "No earlier screen"),
        Requirement::HistoryAfter => {
            unless(state.screens.index + 1 < state.screens.history.len(), "No later screen")
        }
        Requirement::Addable => {
            let is_text = matches!(state.selected(), Some(Row::Draft(_) | Row::Outgoing(_)));
            unless(is_text || *state.route() == Route::Conversations, "Nothing to add or send here")
        }
        Requirement::Removable => {
            let is_text = matches!(state.selected(), Some(Row::Draft(_) | Row::Outgoing(_)));
            let is_new = match state.selected() {
                Some(Row::Announcement(id)) => state.new_announcements().any(|one| one.id == *id),
                _ => false,
            };
            let is_person = matches!(state.selected(), Some(Row::Person(_)));
            let is_suggestion =
                is_person && matches!(state.route(), Route::Home | Route::People(PeopleSection::Suggested));
            let is_dismissed = (is_new || is_suggestion) && !state.session.is_read_only;
            unless(is_text || is_dismissed, "Nothing to remove or discard here")
        }
        Requirement::OfferedKey => {
            unless(state.session.offered_key.is_some(), "This connection has no new SSH key")
        }
        Requirement::Local(reason) => unless(state.terminal.capabilities.is_local, reason),
        // It is asked when everything else is met.
        Requirement::Deliberate => None,
    }
}

/// Relationships come with lists of accounts and with profiles, not with tweets: for the author of a tweet the server
/// decides.
fn not_a_follower(state: &State) -> Option<String> {
    if matches!(state.selected(), Some(Row::Tweet(..))) {
        return None;
    }
    let name = state.selected_person()?;
    let id = state.entities.by_username(&name).map(|account| account.id);
    let follows = id.is_some_and(|id| state.entities.relationship(id).followed_by);
    (!follows).then(|| format!("@{name} doesn't follow you"))
}
