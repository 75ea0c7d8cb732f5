//! User actions: shown as done at once, requested, and undone when the server refuses them or the user changes their
//! mind.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask, ask_profile};
use super::{compose, lists, read_only};
use crate::composer::Sending;
use crate::message::Purpose;
use crate::route::{PageSelector, Route};
use crate::state::{State, TOAST_MS, Undoable};
use crate::user_action::UserAction;

pub(super) fn like(state: &mut State, id: u64) -> Effects {
    let is_on = state.entities.tweet(id).is_some_and(|tweet| tweet.liked);
    begin(state, UserAction::Like(id, !is_on))
}

pub(super) fn bookmark(state: &mut State, id: u64) -> Effects {
    let is_on = state.entities.tweet(id).is_some_and(|tweet| tweet.bookmarked);
    begin(state, UserAction::Bookmark(id, !is_on))
}

pub(super) fn retweet(state: &mut State, id: u64) -> Effects {
    let is_on = state.entities.tweet(id).is_some_and(|tweet| tweet.retweeted);
    begin(state, UserAction::Retweet(id, !is_on))
}

pub(super) fn delete(state: &mut State, id: u64) -> Effects {
    begin(state, UserAction::Delete(id))
}

pub(super) fn follow(state: &mut State, username: String, _: &str) -> Effects {
    let is_on = relationship(state, &username).following;
    begin(state, UserAction::Follow(username, !is_on))
}

pub(super) fn remove_follower(state: &mut State, username: String, _: &str) -> Effects {
    begin(state, UserAction::RemoveFollower(username))
}

pub(super) fn mute(state: &mut State, username: String, _: &str) -> Effects {
    let is_on = relationship(state, &username).muting;
    begin(state, UserAction::Mute(username, !is_on))
}

pub(super) fn block(state: &mut State, username: String, _: &str) -> Effects {
    let is_on = relationship(state, &username).blocking;
    begin(state, UserAction::Block(username, !is_on))
}

/// Reports the selected tweet if it is by this account, otherwise the account.
pub(super) fn report(state: &mut State, username: String, reason: &str) -> Effects {
    let tweet = state.selected_tweet().filter(|id| {
        state.entities.tweet(*id).is_some_and(|tweet| state.entities.username(tweet.author_id) == username)
    });
    begin(state, UserAction::Report(username, tweet.unwrap_or(0), reason.to_owned()))
}

fn relationship(state: &State, username: &str) -> v1::Relationship {
    let id = state.entities.by_username(username).map(|account| account.id);
    id.map(|id| state.entities.relationship(id)).unwrap_or_default()
}

fn begin(state: &mut State, action: UserAction) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    state.undo.undone.clear();
    if action.is_held() {
        if state.undo.waiting.iter().any(|(_, held)| *held == action) {
            return Effects::new();
        }
        state.say(action.words());
        state.undo.waiting.push((state.now + TOAST_MS, action.clone()));
        state.remember(Undoable::Held(action));
        return Effects::new();
    }
    state.remember(Undoable::Done(action.clone()));
    carry_out(state, action)
}

/// Shows an action as done, and requests it.
fn carry_out(state: &mut State, action: UserAction) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    action.apply(&mut state.entities);
    state.refresh_all();
    state.say(action.words());
    let op = action.request();
    vec![ask(Purpose::UserAction(action), op)]
}

/// Sends actions whose time to undo is over.
pub(super) fn release_held(state: &mut State) -> Effects {
    let now = state.now;
    let (due, held): (Vec<_>, Vec<_>) =
        std::mem::take(&mut state.undo.waiting).into_iter().partition(|(until, _)| *until <= now);
    state.undo.waiting = held;
    let mut effects = Effects::new();
    for (_, action) in due {
        state.undo.steps.retain(|undoable| *undoable != Undoable::Held(action.clone()));
        action.apply(&mut state.entities);
        let op = action.request();
        effects.push(ask(Purpose::UserAction(action), op));
    }
    if !effects.is_empty() {
        state.refresh_all();
    }
    effects
}

/// The server's response to an action.
pub(super) fn answered(state: &mut State, action: &UserAction, problem: Option<String>) -> Effects {
    match (problem, action) {
        (Some(problem), _) => {
            if let Some(inverse) = action.inverse() {
                inverse.apply(&mut state.entities);
            }
            state.undo.steps.retain(|undoable| *undoable != Undoable::Done(action.clone()));
            state.refresh_all();
            state.complain(format!("{}: {problem}", action.words()));
            Effects::new()
        }
        (None, UserAction::Delete(id)) => {
            state.entities.delete_tweet(*id);
            lists::forget_tweet(state, *id);
            state.say("Tweet deleted");
            Effects::new()
        }
        (None, UserAction::RemoveFollower(username)) => {
            state.say(format!("@{username} no longer follows you"));
            vec![ask_profile(username)]
        }
        (
            None,
            UserAction::Follow(username, _) | UserAction::Block(username, _) | UserAction::Mute(username, _),
        ) => {
            // The home feed has other authors now.
            let mut effects = lists::fill(state, &Route::Home, PageSelector::Newest);
            effects.push(ask_profile(username));
            effects
        }
        (None, _) => Effects::new(),
    }
}

/// Undoes the last step.
pub(super) fn undo(state: &mut State) -> Effects {
    match state.undo.steps.pop() {
        None => Effects::new(),
        Some(Undoable::Done(action)) => {
            let Some(inverse) = action.inverse() else { return Effects::new() };
            state.undo.undone.push(action);
            carry_out(state, inverse)
        }
        Some(Undoable::Held(action)) => {
            state.undo.waiting.retain(|(_, held)| *held != action);
            state.say(action.words_undone());
            state.undo.undone.push(action);
            Effects::new()
        }
        Some(Undoable::Sent(key)) => {
            let held = state
                .texts
                .outbox
                .iter()
                .position(|one| one.key == key && matches!(one.sending, Sending::Held(_)));
            match held {
                Some(route) => compose::withdraw(state, route),
                // It has been sent already.
                None => undo(state),
            }
        }
        Some(Undoable::Discarded(draft)) => {
            let writing = draft.writing.clone();
            state.texts.drafts.insert(writing.name(), draft);
            compose::open(state, writing)
        }
    }
}

/// Does the last undone action again.
pub(super) fn redo(state: &mut State) -> Effects {
    let Some(action) = state.undo.undone.pop() else { return Effects::new() };
    let rest = std::mem::take(&mut state.undo.undone);
    let effects = begin(state, action);
    state.undo.undone = rest;
    effects
}

/// Requests to hide or to show the user's presence. Nothing is shown as done: others may still see it.
pub(super) fn toggle_presence(state: &mut State) -> Effects {
    let Some(me) = &state.session.me else { return Effects::new() };
    let hidden = !me.is_hidden;
    let edit = v1::EditProfile { presence_hidden: Some(hidden), ..v1::EditProfile::default() };
    vec![ask(Purpose::HidePresence(hidden), Op::EditProfile(edit))]
}

/// The server has hidden the user's presence, or shows it.
pub(super) fn presence_changed(state: &mut State, hidden: bool) {
    if let Some(me) = &mut state.session.me {
        me.is_hidden = hidden;
    }
    state.say(if hidden { "No one can see that you're online" } else { "Others can see that you're online" });
}

/// Signs out another session of the account.
pub(super) fn revoke_session(state: &mut State, id: u64) -> Effects {
    let Some(session) = state.entities.sessions.iter().find(|session| session.id == id) else {
        return Effects::new();
    };
    if session.current {
        state.say("This is your current session. :log-out ends it");
        return Effects::new();
    }
    begin(state, UserAction::RevokeSession(id))
}

/// Adds the key of this ssh connection to the account.
pub(super) fn bind_key(state: &mut State) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    let Some(public_key) = state.session.offered_key.take() else { return Effects::new() };
    let name = public_key.split_whitespace().nth(2).unwrap_or("ssh").to_owned();
    vec![ask(Purpose::BindKey, Op::AddSshKey(v1::AddSshKey { public_key, name, ..v1::AddSshKey::default() }))]
}

/// Removes an ssh key from the account; the server ends the sessions that were signed in with it.
pub(super) fn revoke_key(state: &mut State, id: u64) -> Effects {
    begin(state, UserAction::RevokeKey(id))
}
