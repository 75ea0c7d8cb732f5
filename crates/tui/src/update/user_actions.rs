//! User actions: shown as done at once, requested, and undone when the server refuses them or the user changes their
//! mind.

use client::ClientError;
use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask, ask_profile};
use super::{chat, completion, compose, drafts, learn, lists, navigation, outbox, preferences, read_only};
use crate::composer::Sending;
use crate::confirmation;
use crate::message::{Effect, LocalItem, Purpose};
use crate::pending;
use crate::route::{PageSelector, Route};
use crate::settings::PRESENCE;
use crate::state::{HOLD_MS, Link, State};
use crate::undo::{Step, Undoable};
use crate::user_action::UserAction;
use crate::wording::waiting_for;

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

pub(super) fn delete_message(state: &mut State, id: u64) -> Effects {
    begin(state, UserAction::DeleteMessage(id))
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
    let report = confirmation::report(state, username, reason);
    begin(state, report)
}

/// Carries out an action that is not the opposite of what is so. What is so already is said, and not undone by undo.
pub(super) fn set(state: &mut State, action: UserAction) -> Effects {
    if !is_done(state, &action) {
        return begin(state, action);
    }
    // The relationship may have changed since: the server knows.
    if action.account().is_some() && !action.is_held() {
        return carry_out(state, action);
    }
    state.say(action.words_already());
    Effects::new()
}

/// Whether what an action does is so already, as far as it is known.
fn is_done(state: &State, action: &UserAction) -> bool {
    let tweet = |id: u64| state.entities.tweet(id);
    match action {
        UserAction::Like(id, on) => tweet(*id).is_some_and(|tweet| tweet.liked == *on),
        UserAction::Bookmark(id, on) => tweet(*id).is_some_and(|tweet| tweet.bookmarked == *on),
        UserAction::Retweet(id, on) => tweet(*id).is_some_and(|tweet| tweet.retweeted == *on),
        UserAction::Follow(username, on) => relationship(state, username).following == *on,
        UserAction::Mute(username, on) => relationship(state, username).muting == *on,
        UserAction::Block(username, on) => relationship(state, username).blocking == *on,
        _ => false,
    }
}

fn relationship(state: &State, username: &str) -> v1::Relationship {
    let id = state.entities.by_username(username).map(|account| account.id);
    id.map(|id| state.entities.relationship(id)).unwrap_or_default()
}

/// Carries out an action, or holds it for as long as it can be undone.
pub(super) fn begin(state: &mut State, action: UserAction) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    state.undo.undone.clear();
    if action.is_held() {
        if state.undo.waiting.iter().any(|(_, held)| *held == action) {
            state.say(action.words());
            return Effects::new();
        }
        state.say(action.words());
        if let Some(toast) = &mut state.toast {
            toast.until = Some(state.now + HOLD_MS);
        }
        state.undo.waiting.push((state.now + HOLD_MS, action.clone()));
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
    // Whether there is such an account is known once the server has answered.
    let is_known = action.account().is_none_or(|name| state.entities.by_username(name).is_some());
    let is_live = state.connection.link == Link::Live;
    match (is_live, if is_live { action.account().is_none() } else { is_known }) {
        (true, true) => state.say(action.words()),
        (true, false) => {}
        (false, true) => {
            let waits = waiting_for(state).to_lowercase();
            state.say(format!("{}: {waits}", action.words()));
        }
        (false, false) => state.say(waiting_for(state)),
    }
    vec![request(state, action)]
}

fn request(state: &mut State, action: UserAction) -> Effect {
    state.pending.begin(action.clone());
    let op = action.request();
    ask(Purpose::UserAction(action), op)
}

/// Writes to the disk which actions wait, if that has changed.
pub(super) fn save_waiting(state: &mut State, is_connected: bool) -> Effects {
    match state.pending.to_save(is_connected) {
        None => Effects::new(),
        Some([]) => vec![Effect::Drop(LocalItem::Actions)],
        Some(actions) => {
            vec![Effect::Save(LocalItem::Actions, pending::to_toml(actions.to_vec()).into_bytes())]
        }
    }
}

/// Requests again what did not reach the server.
pub(super) fn retry(state: &mut State) -> Effects {
    if state.connection.link != Link::Live || state.session.me.is_none() || state.session.is_read_only {
        return Effects::new();
    }
    let due = state.pending.due(state.now);
    due.into_iter().map(|action| request(state, action)).collect()
}

/// Sends actions whose time to undo is over.
pub(super) fn release_held(state: &mut State) -> Effects {
    let now = state.now;
    let (due, held): (Vec<_>, Vec<_>) =
        std::mem::take(&mut state.undo.waiting).into_iter().partition(|(until, _)| *until <= now);
    state.undo.waiting = held;
    let mut effects = Effects::new();
    for (_, action) in due {
        state.undo.was_released(now, &action);
        action.apply(&mut state.entities);
        effects.push(request(state, action));
    }
    if !effects.is_empty() {
        state.refresh_all();
    }
    effects
}

/// The server's response to an action.
pub(super) fn answered(state: &mut State, action: &UserAction, error: Option<&ClientError>) -> Effects {
    let is_gone = matches!(error, Some(ClientError::Refused(model::Error::NotFound(_))));
    let deletes = matches!(action, UserAction::Delete(_) | UserAction::DeleteMessage(_));
    let error = error.filter(|_| !(is_gone && deletes));
    match (error, action) {
        // It is not known whether the server has it. Twice is the same as once.
        (Some(ClientError::Unreachable { .. } | ClientError::Lost | ClientError::TimedOut { .. }), _) => {
            state.pending.postpone(state.now, action);
            return Effects::new();
        }
        (Some(_), _) => state.pending.forget(action),
        (None, _) => state.pending.settle(state.now, action),
    }
    if let UserAction::Like(id, _) | UserAction::Retweet(id, _) = action {
        // The response does not have its counts.
        state.live.tweets.note_changed(state.now, *id);
    }
    match (error, action) {
        (Some(error), _) => {
            let problem = SafeText::line(&error.to_string()).as_str().to_owned();
            if let Some(inverse) = action.inverse() {
                inverse.apply(&mut state.entities);
            }
            state.undo.forget(&Undoable::Done(action.clone()));
            state.undo.forget(&Undoable::Released(action.clone()));
            state.refresh_all();
            state.complain(format!("{}: {problem}", action.words_refused()));
            what_is_true(state, action)
        }
        (None, UserAction::Delete(id)) => {
            lists::delete_tweet(state, *id);
            state.say(action.words_done());
            Effects::new()
        }
        (None, UserAction::DeleteMessage(id)) => {
            state.say(action.words_done());
            chat::deleted(state, *id)
        }
        (None, UserAction::RemoveFollower(username)) => {
            state.say(action.words_done());
            vec![ask_profile(username)]
        }
        (None, UserAction::Report(..) | UserAction::RevokeSession(_) | UserAction::RevokeKey(_)) => {
            state.say(action.words_done());
            Effects::new()
        }
        (
            None,
            UserAction::Follow(username, _) | UserAction::Block(username, _) | UserAction::Mute(username, _),
        ) => {
            state.say(action.words_done());
            // The home feed has other authors now. What they wrote before is not new.
            if let Some(home) = state.screens.by_route.get_mut(&Route::Home) {
                home.adds_backlog = true;
            }
            let mut effects = lists::fill(state, &Route::Home, PageSelector::Newest);
            effects.push(ask_profile(username));
            effects
        }
        (None, _) => Effects::new(),
    }
}

/// Requests what a refused action without an inverse has shown as done.
fn what_is_true(state: &mut State, action: &UserAction) -> Effects {
    match action {
        UserAction::Block(username, true) | UserAction::RemoveFollower(username)
            if state.entities.by_username(username).is_some() =>
        {
            vec![ask_profile(username)]
        }
        UserAction::RevokeSession(_) => lists::fill(state, &Route::Sessions, PageSelector::Newest),
        UserAction::RevokeKey(_) => lists::fill(state, &Route::Keys, PageSelector::Newest),
        _ => Effects::new(),
    }
}

/// Undoes the last step. A text that was sent stays, and nothing older is undone in its place.
pub(super) fn undo(state: &mut State) -> Effects {
    let Some(step) = state.undo.steps.pop() else { return Effects::new() };
    match step.what {
        Undoable::Done(action) => {
            let Some(inverse) = action.inverse() else { return Effects::new() };
            state.undo.remember_undone(state.now, Undoable::Done(action));
            carry_out(state, inverse)
        }
        Undoable::Held(action) => {
            state.undo.waiting.retain(|(_, held)| *held != action);
            state.say(action.words_undone());
            state.undo.remember_undone(state.now, Undoable::Done(action));
            Effects::new()
        }
        Undoable::Sent(ref key) => {
            let outgoing = state.texts.outbox.iter().enumerate().find(|(_, outgoing)| outgoing.key == *key);
            match outgoing {
                Some((_, outgoing)) if outgoing.done > 0 || outgoing.sending == Sending::Sent => {
                    state.say("This is already being sent");
                    state.undo.steps.push(step);
                    Effects::new()
                }
                Some((index, _)) => undo_sending(state, index),
                None => Effects::new(),
            }
        }
        Undoable::Final(why) => {
            state.say(why.clone());
            state.undo.steps.push(Step { what: Undoable::Final(why), until: step.until });
            Effects::new()
        }
        Undoable::Released(ref action) => {
            state.say(action.words_final());
            state.undo.steps.push(step);
            Effects::new()
        }
        Undoable::Discarded(draft) => {
            let effects = drafts::open_again(state, draft);
            state.say("Draft restored");
            effects
        }
        Undoable::Setting(..) | Undoable::Keys(_) => {
            let (effects, after) = change_back(state, step.what);
            state.undo.undone.extend(after.map(|after| (step.until, after)));
            effects
        }
    }
}

/// Undoes a change of a setting. Returns also what undoes that.
fn change_back(state: &mut State, what: Undoable) -> (Effects, Option<Undoable>) {
    match what {
        Undoable::Setting(PRESENCE, before) => {
            let is_shown = before == "true";
            let after = Undoable::Setting(PRESENCE, (!is_shown).to_string());
            (vec![request_presence(!is_shown)], Some(after))
        }
        Undoable::Setting(name, before) => {
            let (effects, after) = preferences::undo(state, name, &before);
            (effects, Some(Undoable::Setting(name, after)))
        }
        Undoable::Keys(before) => {
            let (effects, after) = preferences::undo_keys(state, before);
            (effects, Some(Undoable::Keys(after)))
        }
        _ => (Effects::new(), None),
    }
}

/// Moves a text of the outbox back to the composer; a message to its chat.
fn undo_sending(state: &mut State, index: usize) -> Effects {
    let mut effects = outbox::withdraw(state, index);
    let writing = state.composer.as_ref().map(|composer| composer.writing.clone());
    let Some((writing, username)) = writing.and_then(|one| Some((one.clone(), one.chat()?.to_owned())))
    else {
        return effects;
    };
    let chat = Route::Conversation(username);
    if *state.route() != chat {
        effects.extend(navigation::go(state, chat));
        if writing.is_edit() {
            effects.extend(compose::open(state, writing));
        }
        state.say(outbox::SENDING_UNDONE);
    }
    effects
}

/// In a chat in which nothing was typed since, undoes sending the last message; elsewhere, undoes typing.
pub(super) fn undo_in_composer(state: &mut State) -> Effects {
    if compose::undo_typing(state) { completion::changed(state) } else { undo(state) }
}

/// Does what was last undone again.
pub(super) fn redo(state: &mut State) -> Effects {
    let Some((_, what)) = state.undo.undone.pop() else { return Effects::new() };
    let Undoable::Done(action) = what else {
        let (effects, before) = change_back(state, what);
        before.into_iter().for_each(|before| state.remember(before));
        return effects;
    };
    let rest = std::mem::take(&mut state.undo.undone);
    let effects = begin(state, action);
    state.undo.undone = rest;
    effects
}

/// Requests to hide or to show the user's presence. Nothing is shown as done: others may still see it.
pub(super) fn toggle_presence(state: &mut State) -> Effects {
    let Some(me) = &state.session.me else { return Effects::new() };
    let hidden = !me.is_hidden;
    state.undo.undone.clear();
    state.remember(Undoable::Setting(PRESENCE, hidden.to_string()));
    vec![request_presence(hidden)]
}

fn request_presence(hidden: bool) -> Effect {
    let edit = v1::EditProfile { presence_hidden: Some(hidden), ..v1::EditProfile::default() };
    ask(Purpose::HidePresence(hidden), Op::EditProfile(edit))
}

/// The user's presence was not changed: there is nothing to undo.
pub(super) fn presence_kept(state: &mut State, hidden: bool) {
    state.undo.forget(&Undoable::Setting(PRESENCE, hidden.to_string()));
}

/// The server has hidden the user's presence, or shows it.
pub(super) fn presence_changed(state: &mut State, hidden: bool) {
    if let Some(me) = &mut state.session.me {
        me.is_hidden = hidden;
    }
    learn::own_presence(state);
    state.say(if hidden { "No one can see that you're online" } else { "Others can see that you're online" });
}
