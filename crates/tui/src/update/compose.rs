//! The composer and the outbox: every text is sent once, however often the connection is lost.

use bytes::Bytes;
use client::ClientError;
use model::{SafeText, count_graphemes};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::completion::changed;
use super::drafts::{self, put_away};
use super::effects::{Effects, ask};
use super::{lists, movement, read_only};
use crate::composer::{Audience, Composer, Draft, Outgoing, Sending, Writing, split};
use crate::message::{Effect, LocalItem, Purpose};
use crate::route::{PageSelector, Route};
use crate::state::{Link, State, TOAST_MS, Undoable};
use crate::view::layout::composer_width;
use terminal::key::{Code, Key};

/// Opens the composer for a purpose, with its draft if there is one.
pub(super) fn open(state: &mut State, writing: Writing) -> Effects {
    if read_only::refuses(state) {
        return Effects::new();
    }
    let effects = put_away(state);
    let draft =
        state.texts.drafts.get(&writing.name()).cloned().unwrap_or_else(|| drafts::fresh(state, writing));
    state.composer = Some(Composer::new(draft));
    effects
}

/// A key in the composer.
pub(super) fn key(state: &mut State, key: Key) -> Effects {
    let width = usize::from(composer_width(state));
    let Some(composer) = &mut state.composer else { return Effects::new() };
    let is_chat = matches!(composer.writing, Writing::Message(_));
    if let Some(completion) = &mut composer.completion {
        match key.code {
            Code::Down => {
                completion.choice = (completion.choice + 1) % completion.choices.len().max(1);
                return Effects::new();
            }
            Code::Up => {
                completion.choice =
                    completion.choice.checked_sub(1).unwrap_or(completion.choices.len().saturating_sub(1));
                return Effects::new();
            }
            _ => {}
        }
    }
    if is_chat && key == Key::plain(Code::Enter) {
        return send(state);
    }
    if is_chat
        && composer.editor.is_blank()
        && matches!(key.code, Code::Up | Code::PageUp | Code::PageDown | Code::Down)
    {
        return match key.code {
            Code::Up => movement::line_up(state),
            Code::Down => movement::line_down(state),
            Code::PageUp => movement::page_up(state),
            _ => movement::page_down(state),
        };
    }
    if composer.editor.key(key, width) { changed(state) } else { Effects::new() }
}

/// Discards the text; undo restores it.
pub(super) fn discard(state: &mut State) -> Effects {
    let Some(composer) = state.composer.take() else { return Effects::new() };
    state.texts.unsaved_since = None;
    let draft = composer.draft();
    let name = draft.writing.name();
    state.texts.drafts.remove(&name);
    if !draft.text.trim().is_empty() {
        state.remember(Undoable::Discarded(draft));
        state.say("Draft discarded · u to undo");
    }
    state.refresh(&Route::Drafts);
    vec![Effect::Drop(LocalItem::Draft(name))]
}

/// Changes who can see the tweet to the next of the choices.
pub(super) fn cycle_audience(state: &mut State) -> Effects {
    if let Some(composer) = &mut state.composer
        && matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_))
    {
        composer.audience = composer.audience.next();
        state.texts.unsaved_since.get_or_insert(state.now);
    }
    Effects::new()
}

/// Sends the text, after the time to undo.
pub(super) fn send(state: &mut State) -> Effects {
    let Some(composer) = &state.composer else { return Effects::new() };
    let draft = composer.draft();
    let may_be_blank = matches!(draft.writing, Writing::Quote(_));
    if draft.text.trim().is_empty() && !may_be_blank {
        state.say("Write something first");
        return Effects::new();
    }
    let most = state.graphemes_max();
    let length = count_graphemes(draft.text.trim());
    if length > most {
        state.complain(format!("{} characters too long; Alt-t splits it into a thread", length - most));
        return Effects::new();
    }
    send_parts(state, draft, Vec::new())
}

/// Sends a long text as several tweets, each a reply to the one before.
pub(super) fn send_as_thread(state: &mut State) -> Effects {
    let most = state.graphemes_max();
    let Some(composer) = &state.composer else { return Effects::new() };
    let mut draft = composer.draft();
    let mut parts = split(draft.text.trim(), most).into_iter();
    if matches!(draft.writing, Writing::Edit(_)) {
        state.say("An edit can't become a thread");
        return Effects::new();
    }
    draft.text = parts.next().unwrap_or_default();
    let more: Vec<String> = parts.collect();
    if more.is_empty() {
        state.say("This fits in one tweet: Ctrl-s sends it");
        return Effects::new();
    }
    send_parts(state, draft, more)
}

fn send_parts(state: &mut State, mut draft: Draft, more: Vec<String>) -> Effects {
    draft.text = model::to_nfc(draft.text.trim());
    let is_chat = matches!(draft.writing, Writing::Message(_));
    let hold = if is_chat { 0 } else { i64::from(state.preferences.settings.hold_s) * 1_000 };
    let name = draft.writing.name();
    let key = (state.new_key)();
    let outgoing = Outgoing::new(key.clone(), draft, more, state.now + hold);
    // Written to the outbox before it is dropped from the drafts: a crash in between loses nothing.
    let mut effects = vec![
        Effect::Save(LocalItem::Outgoing(outgoing.name()), outgoing.to_toml().into_bytes()),
        Effect::Drop(LocalItem::Draft(name.clone())),
    ];
    state.texts.drafts.remove(&name);
    state.texts.unsaved_since = None;
    state.texts.outbox.push(outgoing);
    let writing = state.composer.take().map(|composer| composer.writing);
    if let Some(Writing::Message(username)) = &writing {
        let conversation = Route::Conversation(username.clone());
        state.refresh(&conversation);
        if let Some(screen) = state.screens.by_route.get_mut(&conversation) {
            screen.list.select_last();
        }
    }
    if is_chat {
        // The composer stays open for the next message.
        let blank = Draft {
            writing: writing.unwrap_or(Writing::New),
            text: String::new(),
            audience: Audience::Public,
        };
        state.composer = Some(Composer::new(blank));
    } else {
        state.remember(Undoable::Sent(key));
        state.say(match hold {
            0 => "Sending".to_owned(),
            _ => format!("Sending in {} s · u to undo", hold / 1_000),
        });
        if let Some(toast) = &mut state.toast {
            toast.until = state.now + hold.max(2_000);
        }
    }
    state.refresh(&Route::Drafts);
    effects.extend(release_outbox(state));
    effects
}

/// Sends texts whose time to undo is over, and those that wait for a connection.
pub(super) fn release_outbox(state: &mut State) -> Effects {
    let can_send =
        state.connection.link == Link::Live && state.session.me.is_some() && !state.session.is_read_only;
    let now = state.now;
    let mut effects = Effects::new();
    let mut busy: Vec<Writing> = Vec::new();
    for outgoing in &mut state.texts.outbox {
        let is_due = match outgoing.sending {
            Sending::Held(until) => until <= now,
            Sending::Waiting => true,
            Sending::Sent | Sending::Refused(_) => false,
        };
        // Messages of one chat are sent one after the other, so that they stay in order.
        let is_message = matches!(outgoing.draft.writing, Writing::Message(_));
        let must_wait = is_message && busy.contains(&outgoing.draft.writing);
        if is_message && !matches!(outgoing.sending, Sending::Refused(_)) {
            busy.push(outgoing.draft.writing.clone());
        }
        if !is_due || must_wait {
            continue;
        }
        if !can_send {
            outgoing.sending = Sending::Waiting;
            continue;
        }
        outgoing.sending = Sending::Sent;
        let (op, key) = outgoing.request();
        effects.push(Effect::Ask(Purpose::Send(outgoing.key.clone()), Box::new(op), Some(key)));
    }
    if !effects.is_empty() {
        state.refresh(&Route::Drafts);
    }
    effects
}

/// The server's response to a text of the outbox.
pub(super) fn sent(state: &mut State, key: &Bytes, result: Result<response::Result, ClientError>) -> Effects {
    let Some(index) = state.texts.outbox.iter().position(|outgoing| outgoing.key == *key) else {
        return Effects::new();
    };
    let mut effects = Effects::new();
    match result {
        Ok(result) => {
            let id = match result {
                response::Result::Done(done) => done.id,
                response::Result::MessageSent(sent) => sent.message_id,
                _ => 0,
            };
            let Some(outgoing) = state.texts.outbox.get_mut(index) else { return effects };
            outgoing.done += 1;
            outgoing.last = id;
            if outgoing.is_done() {
                let outgoing = state.texts.outbox.remove(index);
                effects.push(Effect::Drop(LocalItem::Outgoing(outgoing.name())));
                match &outgoing.draft.writing {
                    Writing::Message(username) => {
                        let username = username.clone();
                        effects.extend(message_sent(state, &username));
                    }
                    Writing::Edit(id) => {
                        effects.push(ask(Purpose::Tweet(*id), Op::GetTweet(v1::GetTweet { tweet_id: *id })));
                    }
                    _ => {
                        state.say("Sent");
                        effects.push(ask(Purpose::Tweet(id), Op::GetTweet(v1::GetTweet { tweet_id: id })));
                    }
                }
                state.undo.steps.retain(|undoable| *undoable != Undoable::Sent(key.clone()));
            } else {
                outgoing.sending = Sending::Waiting;
                effects.push(Effect::Save(
                    LocalItem::Outgoing(outgoing.name()),
                    outgoing.to_toml().into_bytes(),
                ));
            }
        }
        Err(error) => {
            let refused = matches!(
                &error,
                ClientError::Refused(
                    model::Error::Invalid { .. }
                        | model::Error::Forbidden(_)
                        | model::Error::NotFound(_)
                        | model::Error::AlreadyExists(_)
                        | model::Error::IdempotencyConflict
                )
            );
            let why = SafeText::line(&error.to_string()).as_str().to_owned();
            if let Some(outgoing) = state.texts.outbox.get_mut(index) {
                // A temporary error: it is sent again under the same idempotency key.
                outgoing.sending =
                    if refused { Sending::Refused(why.clone()) } else { Sending::Held(state.now + TOAST_MS) };
            }
            let next = if refused { "edit it in the outbox (gd)" } else { "trying again soon" };
            state.complain(format!("Not sent: {why}; {next}"));
        }
    }
    state.refresh(&Route::Drafts);
    effects.extend(release_outbox(state));
    effects
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
    if read_only::refuses(state) || index >= state.texts.outbox.len() {
        return Effects::new();
    }
    let outgoing = state.texts.outbox.remove(index);
    let mut draft = outgoing.draft.clone();
    for part in &outgoing.more {
        draft.text.push('\n');
        draft.text.push_str(part);
    }
    let mut effects = put_away(state);
    let name = draft.writing.name();
    let text = toml::to_string(&draft).unwrap_or_default();
    effects.push(Effect::Save(LocalItem::Draft(name.clone()), text.into_bytes()));
    effects.push(Effect::Drop(LocalItem::Outgoing(outgoing.name())));
    state.texts.drafts.insert(name, draft.clone());
    state.composer = Some(Composer::new(draft));
    state.say("Sending undone");
    state.refresh(&Route::Drafts);
    effects
}

/// Opens a text of the outbox for editing.
pub(super) fn edit_outgoing(state: &mut State, name: &str) -> Effects {
    let Some(index) = state.texts.outbox.iter().position(|outgoing| outgoing.name() == name) else {
        return Effects::new();
    };
    match state.texts.outbox.get(index).map(|outgoing| &outgoing.sending) {
        Some(Sending::Sent) => {
            state.say("This is being sent");
            Effects::new()
        }
        // The server has a part of it: the rest is sent unchanged.
        Some(_) if state.texts.outbox.get(index).is_some_and(|outgoing| outgoing.done > 0) => {
            if let Some(outgoing) = state.texts.outbox.get_mut(index) {
                outgoing.sending = Sending::Waiting;
            }
            release_outbox(state)
        }
        _ => withdraw(state, index),
    }
}

/// Opens the text in the user's editor.
pub(super) fn external_editor(state: &mut State) -> Effects {
    match &state.composer {
        Some(composer) => vec![Effect::Edit(composer.editor.text().to_owned())],
        None => Effects::new(),
    }
}

/// The user's editor was closed.
pub(super) fn edited(state: &mut State, result: Result<String, String>) -> Effects {
    match result {
        Ok(text) => {
            if let Some(composer) = &mut state.composer {
                composer.editor.set(text.trim_end());
            }
            changed(state)
        }
        Err(problem) => {
            state.complain(format!("{problem}; your text is unchanged"));
            Effects::new()
        }
    }
}
