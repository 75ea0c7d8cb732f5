//! The outbox: every text is sent once, however often the connection is lost. What the server has refused stays there
//! until the user sends, edits or discards it.

use bytes::Bytes;
use client::ClientError;
use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::effects::{Effects, ask};
use super::{chat, drafts, lists, read_only};
use crate::commands::Action;
use crate::composer::{Outgoing, Sending, Writing};
use crate::log::Level;
use crate::message::{Effect, LocalItem, Purpose};
use crate::route::{PageSelector, Route};
use crate::row::Row;
use crate::state::{ERROR_MS, Link, State, Toast};
use crate::undo::Undoable;
use crate::wording::{duration, waiting_for, way_to};

/// The message when sending a text is undone.
pub(super) const SENDING_UNDONE: &str = "Sending undone";

/// Said of a text that the server is about to respond to.
pub(super) const SENDING: &str = "Sending…";

/// Sends texts whose time to undo is over, and those that wait for a connection.
pub(super) fn release(state: &mut State) -> Effects {
    let can_send =
        state.connection.link == Link::Live && state.session.me.is_some() && !state.session.is_read_only;
    let now = state.now;
    let mut has_to_wait = false;
    let mut effects = Effects::new();
    let mut busy: Vec<Writing> = Vec::new();
    for outgoing in &mut state.texts.outbox {
        let is_due = match outgoing.sending {
            Sending::Held(until) | Sending::Retrying(until, _) | Sending::Limited(until, _) => until <= now,
            Sending::Waiting => true,
            Sending::Sent | Sending::Refused(_) => false,
        };
        // Messages of one chat are sent one after the other, so that they stay in order.
        let is_message = matches!(outgoing.draft.writing, Writing::Message(_));
        let must_wait = is_message && busy.contains(&outgoing.draft.writing);
        if is_message && !matches!(outgoing.sending, Sending::Refused(_)) {
            busy.push(outgoing.draft.writing.clone());
        }
        if !is_due {
            continue;
        }
        if must_wait || !can_send {
            has_to_wait |= !can_send && matches!(outgoing.sending, Sending::Held(_));
            outgoing.sending = Sending::Waiting;
            continue;
        }
        outgoing.sending = Sending::Sent;
        let (op, key) = outgoing.request();
        effects.push(Effect::Ask(Purpose::Send(outgoing.key.clone()), Box::new(op), Some(key)));
    }
    if has_to_wait {
        state.say(waiting(state));
    }
    if !effects.is_empty() || has_to_wait {
        state.refresh(&Route::Drafts);
    }
    effects
}

/// The server does not respond: says so if a text is being sent. It stays in the outbox until there is a response.
pub(super) fn say_what_waits(state: &mut State) {
    if state.texts.outbox.iter().any(|outgoing| outgoing.sending == Sending::Sent) {
        state.say(waiting(state));
    }
}

/// What is said of a text that the server does not have.
pub(super) fn waiting(state: &State) -> String {
    format!("{}; your text is kept until it is sent", waiting_for(state))
}

/// While the server does not have a text, the screen says what happens to it, unless there is another message. In plain
/// mode the messages that were printed stay.
pub(super) fn keep_saying(state: &mut State) {
    let is_any = |sending: &Sending| state.texts.outbox.iter().any(|outgoing| outgoing.sending == *sending);
    let words = match state.connection.link {
        _ if state.terminal.capabilities.is_plain => None,
        Link::Live if is_any(&Sending::Sent) => Some(SENDING.to_owned()),
        Link::Live | Link::Connecting => None,
        _ => (is_any(&Sending::Sent) || is_any(&Sending::Waiting)).then(|| waiting(state)),
    };
    if state.toast.as_ref().is_none_or(|toast| toast.until.is_none()) {
        state.toast = words.map(|text| Toast { text, is_error: false, until: None });
    }
}

/// The server's response to a text of the outbox.
pub(super) fn sent(state: &mut State, key: &Bytes, result: Result<response::Result, ClientError>) -> Effects {
    let Some(index) = state.texts.outbox.iter().position(|outgoing| outgoing.key == *key) else {
        return Effects::new();
    };
    let mut effects = match result {
        Ok(result) => stored(state, index, &result),
        Err(error) => not_sent(state, index, &error),
    };
    state.refresh(&Route::Drafts);
    effects.extend(release(state));
    effects
}

/// The server has the text, or a part of it.
fn stored(state: &mut State, index: usize, result: &response::Result) -> Effects {
    let (id, has_changed) = match result {
        response::Result::Done(done) => (done.id, done.changed),
        response::Result::MessageSent(sent) => (sent.message_id, true),
        _ => (0, false),
    };
    let Some(outgoing) = state.texts.outbox.get_mut(index) else { return Effects::new() };
    outgoing.done += 1;
    outgoing.last = id;
    if !outgoing.is_done() {
        outgoing.sending = Sending::Waiting;
        return vec![save(outgoing)];
    }
    let outgoing = state.texts.outbox.remove(index);
    let mut effects = vec![Effect::Drop(LocalItem::Outgoing(outgoing.name()))];
    match &outgoing.draft.writing {
        Writing::Message(username) => effects.extend(message_sent(state, username)),
        Writing::EditMessage(_, id) => {
            state.say("Changed");
            let text = has_changed.then(|| outgoing.draft.text.clone());
            effects.extend(chat::edited(state, *id, text));
        }
        Writing::Edit(id) => {
            state.say("Changed");
            effects.push(ask(Purpose::Tweet(*id), Op::GetTweet(v1::GetTweet { tweet_id: *id })));
        }
        _ => {
            if let Writing::Reply(other) | Writing::Quote(other) = outgoing.draft.writing {
                state.live.tweets.note_changed(state.now, other);
            }
            state.say("Sent");
            state.note(Level::Info, format!("Sent your {}", outgoing.draft.writing.word()));
            effects.push(ask(Purpose::Tweet(id), Op::GetTweet(v1::GetTweet { tweet_id: id })));
        }
    }
    let why = already_sent(state, &outgoing.draft.writing);
    state.undo.text_was_sent(state.now, &outgoing.key, why);
    effects
}

/// The server has refused the text, which stays as it is then, or it is sent again under the same idempotency key, when
/// the server says that it can succeed.
fn not_sent(state: &mut State, index: usize, error: &ClientError) -> Effects {
    let is_refused = matches!(
        error,
        ClientError::Refused(
            model::Error::Invalid { .. }
                | model::Error::Forbidden(_)
                | model::Error::NotFound(_)
                | model::Error::AlreadyExists(_)
                | model::Error::IdempotencyConflict
        )
    );
    let (again, why, wait): (fn(i64, String) -> Sending, _, _) = match error {
        ClientError::Refused(model::Error::RateLimited { limit, retry_after }) => {
            let wait = i64::try_from(retry_after.as_millis()).unwrap_or(i64::MAX);
            (Sending::Limited, limit.to_string(), wait)
        }
        error => (Sending::Retrying, error.to_string(), ERROR_MS),
    };
    let why = SafeText::line(&why).as_str().to_owned();
    let at = state.now.saturating_add(wait.max(1_000));
    let next = if is_refused {
        format!("edit it in the outbox ({})", way_to(state, Action::GoDrafts))
    } else {
        format!("it is sent again in {}", duration(at - state.now))
    };
    state.complain(format!("Not sent: {why}; {next}"));
    let Some(outgoing) = state.texts.outbox.get_mut(index) else { return Effects::new() };
    if !is_refused {
        outgoing.sending = again(at, why);
        return Effects::new();
    }
    outgoing.sending = Sending::Refused(why);
    vec![save(outgoing)]
}

/// Writes a text to the disk.
fn save(outgoing: &Outgoing) -> Effect {
    Effect::Save(LocalItem::Outgoing(outgoing.name()), outgoing.to_toml().into_bytes())
}

/// Why a text that was sent cannot be undone, and what can be done instead.
fn already_sent(state: &State, writing: &Writing) -> String {
    let is_edit = matches!(writing, Writing::Edit(_) | Writing::EditMessage(..));
    let (done, action, does) = match is_edit {
        true => ("changed", Action::Edit, "edits it again"),
        false => ("sent", Action::Delete, "deletes it"),
    };
    let way = way_to(state, action);
    match state.terminal.capabilities.is_plain {
        true => format!("Already {done}; {way} and the number of its item {does}"),
        false => format!("Already {done}; select it, then {way} {does}"),
    }
}

/// Shows a sent message before its live event.
fn message_sent(state: &mut State, username: &str) -> Effects {
    let route = Route::Conversation(username.to_owned());
    if state.screens.by_route.contains_key(&route) {
        return lists::fill(state, &route, PageSelector::Newest);
    }
    Effects::new()
}

/// Moves a text from the outbox back to the composer.
pub(super) fn withdraw(state: &mut State, index: usize) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    let Some(outgoing) = take(state, index) else { return Effects::new() };
    // It is a draft before it leaves the outbox: a crash in between loses nothing.
    let mut effects = drafts::open_again(state, outgoing.unsent());
    effects.push(Effect::Drop(LocalItem::Outgoing(outgoing.name())));
    state.say(SENDING_UNDONE);
    effects
}

/// Keeps the messages to a chat as its draft that were not sent: there is no one to send them to. Returns the effects and
/// whether there were any.
pub(super) fn keep_unsent(state: &mut State, username: &str) -> (Effects, bool) {
    let is_unsent = |one: &Outgoing| {
        matches!(&one.draft.writing, Writing::Message(to) if to == username) && one.sending != Sending::Sent
    };
    let mut effects = Effects::new();
    while let Some(index) = state.texts.outbox.iter().position(is_unsent) {
        let Some(outgoing) = take(state, index) else { break };
        let mut draft = outgoing.unsent();
        if let Some(before) = state.texts.drafts.get(&draft.writing.name()) {
            draft.text = format!("{}\n{}", before.text.trim_end(), draft.text);
        }
        // It is a draft before it leaves the outbox, as above.
        effects.extend([drafts::keep(state, draft), Effect::Drop(LocalItem::Outgoing(outgoing.name()))]);
    }
    let has_kept = !effects.is_empty();
    (effects, has_kept)
}

/// Takes a text out of the outbox, and its row out of the lists: it was not sent.
fn take(state: &mut State, index: usize) -> Option<Outgoing> {
    if index >= state.texts.outbox.len() {
        return None;
    }
    let outgoing = state.texts.outbox.remove(index);
    state.undo.forget(&Undoable::Sent(outgoing.key.clone()));
    let row = Row::Outgoing(outgoing.name().into());
    state.remove_row(&Route::Drafts, &row);
    if let Some(username) = outgoing.draft.writing.chat() {
        state.remove_row(&Route::Conversation(username.to_owned()), &row);
    }
    Some(outgoing)
}

/// Sends a text of the outbox without waiting any longer.
pub(super) fn send_now(state: &mut State, name: &str) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    let one = state.texts.outbox.iter_mut().find(|one| one.name() == name && one.sending != Sending::Sent);
    let Some(one) = one else {
        state.say("This is being sent");
        return Effects::new();
    };
    let was_refused = matches!(one.sending, Sending::Refused(_));
    one.sending = Sending::Waiting;
    let mut effects: Effects = was_refused.then(|| save(one)).into_iter().collect();
    let sent = release(state);
    if sent.is_empty() {
        state.say(waiting(state));
    }
    effects.extend(sent);
    state.refresh(&Route::Drafts);
    effects
}

/// Discards a text of the outbox, which can be undone: it is a draft again then.
pub(super) fn discard(state: &mut State, name: &str) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    let index = state.texts.outbox.iter().position(|one| one.name() == name && one.sending != Sending::Sent);
    let Some(outgoing) = index.and_then(|index| take(state, index)) else {
        state.say("This is being sent");
        return Effects::new();
    };
    drafts::discarded(state, outgoing.unsent());
    vec![Effect::Drop(LocalItem::Outgoing(outgoing.name()))]
}

/// Opens a text of the outbox for editing.
pub(super) fn edit(state: &mut State, name: &str) -> Effects {
    let Some(index) = state.texts.outbox.iter().position(|outgoing| outgoing.name() == name) else {
        return Effects::new();
    };
    let outgoing = state.texts.outbox.get_mut(index);
    match outgoing.map(|outgoing| (outgoing.done, &mut outgoing.sending)) {
        Some((_, Sending::Sent)) => {
            state.say("This is being sent");
            Effects::new()
        }
        // The server has a part of it: the rest is sent unchanged, unless the server has refused that.
        Some((1.., sending)) if !matches!(sending, Sending::Refused(_)) => {
            *sending = Sending::Waiting;
            release(state)
        }
        _ => withdraw(state, index),
    }
}
