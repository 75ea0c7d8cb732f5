//! Whether a command can run now, and the reason when it cannot.

use crate::commands::{Action, Argument, Command, Context, Requirement};
use crate::row::Row;
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
        matches!(requirement, Requirement::OwnTweet | Requirement::OtherPerson | Requirement::Follower)
    };
    let others = action.command().requirements.iter().filter(|requirement| !concerns_selection(requirement));
    first_unmet(state, others)
}

/// Why a command cannot run from a prompt that was opened in these contexts.
#[must_use]
pub(crate) fn unavailable_here(state: &State, contexts: &[Context], command: &Command) -> Option<String> {
    let is_selection = matches!(command.context, Context::Tweet | Context::Person);
    if !is_selection && !contexts.contains(&command.context) {
        return Some("Not on this screen".into());
    }
    unavailable(state, command.action)
}

fn no_selection(state: &State, command: &Command) -> Option<String> {
    match (command.context, command.argument) {
        (Context::Tweet, _) if state.selected_tweet().is_none() => Some("No tweet selected".into()),
        (_, Argument::Person | Argument::PersonAndText) if state.selected_person().is_none() => {
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
        Requirement::OwnTweet => {
            unless(state.selected_tweet().is_some_and(|id| state.is_mine(id)), "Not your tweet")
        }
        Requirement::OtherPerson => {
            let person = state.selected_person();
            unless(person.is_none() || person != state.session.username, "That's you")
        }
        Requirement::Follower => not_a_follower(state),
        Requirement::Undoable => unless(!state.undo.steps.is_empty(), "Nothing to undo"),
        Requirement::Redoable => unless(!state.undo.undone.is_empty(), "Nothing to redo"),
        Requirement::HistoryBefore => unless(state.screens.index > 0, "No earlier screen"),
        Requirement::HistoryAfter => {
            unless(state.screens.index + 1 < state.screens.history.len(), "No later screen")
        }
        Requirement::OfferedKey => {
            unless(state.session.offered_key.is_some(), "This connection has no new SSH key")
        }
        Requirement::Local(reason) => unless(state.terminal.capabilities.is_local, reason),
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
