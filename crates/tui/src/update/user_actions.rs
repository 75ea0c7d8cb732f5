//! Acts: shown at once, asked then, taken back when the server says no or the person thinks better of it.

use protocol::v1;
use protocol::v1::request::Op;

use super::{Effects, ask};
use crate::commands::Action;
use crate::composer::Sending;
use crate::message::Purpose;
use crate::route::{PageSelector, Route};
use crate::state::{State, TOAST_MS, Undoable};
use crate::user_action::UserAction;

/// Steps that can be taken back.
const UNDO_MAX: usize = 100;

pub(super) fn to_tweet(state: &mut State, action: Action, id: u64) -> Effects {
    let Some(tweet) = state.known.tweet(id) else { return Effects::new() };
    let act = match action {
        Action::Like => UserAction::Like(id, !tweet.liked),
        Action::Save => UserAction::Save(id, !tweet.bookmarked),
        Action::Retweet => UserAction::Retweet(id, !tweet.retweeted),
        _ => UserAction::Delete(id),
    };
    begin(state, act)
}

/// The selected tweet or person, or who was named, is what the operators are told of.
pub(super) fn report(state: &mut State, username: String, reason: &str) -> Effects {
    // What is selected is meant, unless somebody else was named.
    let tweet = state.selected_tweet().filter(|id| {
        state.known.tweet(*id).is_some_and(|tweet| state.known.username(tweet.author_id) == username)
    });
    begin(state, UserAction::Report(username, tweet.unwrap_or(0), reason.to_owned()))
}

pub(super) fn to_person(state: &mut State, action: Action, username: &str) -> Effects {
    let known = state.known.by_username(username).map(|account| account.id);
    let now = known.map(|id| state.known.relationship(id)).unwrap_or_default();
    let username = username.to_owned();
    let act = match action {
        Action::Follow => UserAction::Follow(username, !now.following),
        Action::Mute => UserAction::Mute(username, !now.muting),
        Action::Block => UserAction::Block(username, !now.blocking),
        _ => UserAction::RemoveFollower(username),
    };
    begin(state, act)
}

fn begin(state: &mut State, act: UserAction) -> Effects {
    state.redo.clear();
    if act.is_held() {
        if state.held.iter().any(|(_, held)| *held == act) {
            return Effects::new();
        }
        state.say(act.words());
        state.held.push((state.now + TOAST_MS, act.clone()));
        remember(state, Undoable::Held(act));
        return Effects::new();
    }
    remember(state, Undoable::Done(act.clone()));
    carry_out(state, act)
}

fn remember(state: &mut State, undoable: Undoable) {
    if state.undo.len() == UNDO_MAX {
        state.undo.remove(0);
    }
    state.undo.push(undoable);
}

/// Remembers that a text can be taken back.
pub(super) fn remember_sent(state: &mut State, undoable: Undoable) {
    remember(state, undoable);
}

fn carry_out(state: &mut State, act: UserAction) -> Effects {
    act.apply(&mut state.known);
    state.refresh_all();
    state.say(act.words());
    let op = act.request();
    vec![ask(Purpose::UserAction(act), op)]
}

/// Asks for what was held long enough.
pub(super) fn release_held(state: &mut State) -> Effects {
    let now = state.now;
    let (due, held): (Vec<_>, Vec<_>) =
        std::mem::take(&mut state.held).into_iter().partition(|(until, _)| *until <= now);
    state.held = held;
    let mut effects = Effects::new();
    for (_, act) in due {
        state.undo.retain(|undoable| *undoable != Undoable::Held(act.clone()));
        act.apply(&mut state.known);
        let op = act.request();
        effects.push(ask(Purpose::UserAction(act), op));
    }
    if !effects.is_empty() {
        state.refresh_all();
    }
    effects
}

/// The server's answer to an act.
pub(super) fn answered(state: &mut State, act: &UserAction, problem: Option<String>) -> Effects {
    match (problem, act) {
        (Some(problem), _) => {
            if let Some(inverse) = act.inverse() {
                inverse.apply(&mut state.known);
            }
            state.undo.retain(|undoable| *undoable != Undoable::Done(act.clone()));
            state.refresh_all();
            state.complain(format!("{}: {problem}", act.words()));
            Effects::new()
        }
        (None, UserAction::Delete(id)) => {
            state.known.delete_tweet(*id);
            super::live::forget_tweet(state, *id);
            state.say("Deleted");
            Effects::new()
        }
        (None, UserAction::RemoveFollower(username)) => {
            state.say(format!("@{username} no longer follows you"));
            vec![super::ask_profile(username)]
        }
        (
            None,
            UserAction::Follow(username, _) | UserAction::Block(username, _) | UserAction::Mute(username, _),
        ) => {
            // Others stand in the feed from now on.
            let mut effects = super::navigation::fill(state, &Route::Home, PageSelector::Newest);
            effects.push(super::ask_profile(username));
            effects
        }
        (None, _) => Effects::new(),
    }
}

/// Takes the last thing back.
pub(super) fn undo(state: &mut State) -> Effects {
    match state.undo.pop() {
        None => Effects::new(),
        Some(Undoable::Done(act)) => {
            let Some(inverse) = act.inverse() else { return Effects::new() };
            state.redo.push(act);
            carry_out(state, inverse)
        }
        Some(Undoable::Held(act)) => {
            state.held.retain(|(_, held)| *held != act);
            state.say(format!("{}: taken back", act.words()));
            state.redo.push(act);
            Effects::new()
        }
        Some(Undoable::Sent(key)) => {
            let held =
                state.outbox.iter().position(|one| one.key == key && matches!(one.sending, Sending::Held(_)));
            match held {
                Some(place) => super::compose::take_back(state, place),
                // It went before there was time.
                None => undo(state),
            }
        }
        Some(Undoable::Discarded(draft)) => {
            let writing = draft.writing.clone();
            state.drafts.insert(writing.name(), draft);
            super::compose::open(state, writing)
        }
    }
}

/// Does again what was taken back.
pub(super) fn redo(state: &mut State) -> Effects {
    let Some(act) = state.redo.pop() else { return Effects::new() };
    let rest = std::mem::take(&mut state.redo);
    let effects = begin(state, act);
    state.redo = rest;
    effects
}

/// Hides or shows that one is there.
pub(super) fn turn_presence(state: &mut State) -> Effects {
    let Some(me) = &mut state.me else { return Effects::new() };
    me.is_hidden = !me.is_hidden;
    let hidden = me.is_hidden;
    state.say(if hidden { "Nobody sees that you are online" } else { "Others see that you are online" });
    let edit = v1::EditProfile { presence_hidden: Some(hidden), ..v1::EditProfile::default() };
    vec![ask(Purpose::Nothing, Op::EditProfile(edit))]
}

/// Ends a session elsewhere.
pub(super) fn revoke_session(state: &mut State, id: u64) -> Effects {
    let Some(session) = state.known.sessions.iter().find(|session| session.id == id) else {
        return Effects::new();
    };
    if session.current {
        state.say("That is this session; :log-out ends it");
        return Effects::new();
    }
    begin(state, UserAction::RevokeSession(id))
}

/// The key with which one came lets one in from now on.
pub(super) fn bind_key(state: &mut State) -> Effects {
    let Some(public_key) = state.offered_key.take() else { return Effects::new() };
    let name = public_key.split_whitespace().nth(2).unwrap_or("ssh").to_owned();
    state.say("This key lets you in from now on");
    vec![ask(Purpose::BindKey, Op::AddSshKey(v1::AddSshKey { public_key, name }))]
}

/// A key lets nobody in any more; sessions that came with it end.
pub(super) fn revoke_key(state: &mut State, id: u64) -> Effects {
    begin(state, UserAction::RevokeKey(id))
}
