//! The composer: what is written, and how it gets into the outbox.

use model::count_graphemes;

use super::completion::changed;
use super::drafts::{self, put_away};
use super::effects::Effects;
use super::{outbox, read_only};
use crate::commands::Action;
use crate::composer::{Audience, Composer, Draft, Outgoing, Sending, Writing};
use crate::message::{Effect, LocalItem};
use crate::route::Route;
use crate::split::split;
use crate::state::{Link, State};
use crate::undo::Undoable;
use crate::view::layout::composer_width;
use crate::wording::{SENDING_IN, UNDO_HINT, count, duration, way_to};
use terminal::key::{Code, Key};

/// Opens the composer for a purpose, with its draft if there is one.
pub(super) fn open(state: &mut State, writing: Writing) -> Effects {
    if read_only::refuses(state) || refuses_blocked(state, &writing) {
        return Effects::new();
    }
    let effects = put_away(state);
    let draft =
        state.texts.drafts.get(&writing.name()).cloned().unwrap_or_else(|| drafts::fresh(state, writing));
    state.composer = Some(Composer::new(draft));
    effects
}

/// Sends the text after the name of a command; without one, opens the composer.
pub(super) fn write(state: &mut State, writing: Writing, text: &str) -> Effects {
    if text.is_empty() {
        return open(state, writing);
    }
    if read_only::refuses(state) || refuses_blocked(state, &writing) {
        return Effects::new();
    }
    let draft = drafts::fresh(state, writing);
    send_apart(state, draft, text)
}

/// Whether a text is for someone whom the user has blocked: it would be refused. Says so, and what ends it.
fn refuses_blocked(state: &mut State, writing: &Writing) -> bool {
    let Some(username) = writing.chat().map(str::to_owned) else { return false };
    let id = state.entities.by_username(&username).map(|account| account.id);
    let is_blocked = id.is_some_and(|id| state.entities.is_blocked(id));
    if is_blocked {
        let keys = state.preferences.keymap.keys_of(Action::Block);
        let keys = keys.filter(|_| !state.terminal.capabilities.is_plain);
        let how = keys.unwrap_or_else(|| format!("“{}”", Action::Block.command().id));
        state.say(format!("You blocked @{username}: {how} unblocks them"));
    }
    is_blocked
}

/// Opens the composer for a new version of a text. One that was not sent is opened again. Sends a text after the name of
/// the command instead of it.
pub(super) fn edit(state: &mut State, writing: Writing, text: &str) -> Effects {
    let unsent = state.texts.outbox.iter().position(|one| one.draft.writing == writing);
    let Some(index) = unsent else { return write(state, writing, text) };
    let unsent = state.texts.outbox.get(index);
    if text.is_empty() || unsent.is_some_and(|one| one.sending == Sending::Sent) {
        let name = unsent.map(Outgoing::name).unwrap_or_default();
        return outbox::edit(state, &name);
    }
    let mut effects = outbox::withdraw(state, index);
    effects.extend(rewrite(state, text));
    effects.extend(send(state));
    effects
}

/// Sends a line of plain mode as the text of the open composer.
pub(super) fn write_here(state: &mut State, text: &str) -> Effects {
    let Some(composer) = &state.composer else { return Effects::new() };
    let (writing, audience) = (composer.writing.clone(), composer.audience);
    let draft = Draft { audience, ..drafts::fresh(state, writing) };
    send_apart(state, draft, text)
}

/// Sends a text that was not typed into the composer. A draft with the same purpose stays.
fn send_apart(state: &mut State, mut draft: Draft, text: &str) -> Effects {
    let is_apart = state.composer.is_none();
    let mut effects = put_away(state);
    // The username that a reply begins with is not written twice.
    let rest = text.strip_prefix(draft.text.trim_end());
    let is_repeated = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
    if draft.writing.is_edit() || is_repeated {
        draft.text.clear();
    }
    draft.text.push_str(text);
    let name = draft.writing.name();
    let kept = state.texts.drafts.get(&name).cloned();
    state.composer = Some(Composer::new(draft));
    effects.extend(send(state));
    if is_apart && state.composer.as_ref().is_some_and(|composer| composer.editor.is_blank()) {
        state.composer = None;
    }
    if let Some(composer) = state.composer.as_mut().filter(|composer| !composer.editor.is_blank()) {
        // It was refused. The draft has space for both.
        if let Some(kept) = kept {
            let both = format!("{}\n{}", kept.text, composer.editor.text());
            composer.editor.set(&both);
        }
        effects.extend(drafts::save(state));
        return effects;
    }
    let Some(kept) = kept else { return effects };
    // A chat is open for the next message.
    if state.composer.is_some() {
        state.composer = Some(Composer::new(kept.clone()));
    }
    effects.push(drafts::keep(state, kept));
    state.refresh(&Route::Drafts);
    effects
}

/// Replaces the text in the composer.
pub(super) fn rewrite(state: &mut State, text: &str) -> Effects {
    let Some(composer) = &mut state.composer else { return Effects::new() };
    composer.editor.set(text);
    changed(state)
}

/// A key in the composer.
pub(super) fn key(state: &mut State, key: Key) -> Effects {
    let width = usize::from(composer_width(state));
    let Some(composer) = &mut state.composer else { return Effects::new() };
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
    if composer.editor.key(key, width) { changed(state) } else { Effects::new() }
}

/// Undoes the last change of the text; `false` in a chat without text, in which there is nothing to undo but sending.
pub(super) fn undo_typing(state: &mut State) -> bool {
    let Some(composer) = &mut state.composer else { return false };
    if composer.editor.is_blank() && matches!(composer.writing, Writing::Message(_)) {
        return false;
    }
    composer.editor.key(Key::ctrl('_'), usize::MAX)
}

/// Discards the text; undo restores it.
pub(super) fn discard(state: &mut State) -> Effects {
    let Some(composer) = state.composer.take() else { return Effects::new() };
    state.texts.unsaved_since = None;
    let draft = composer.draft();
    let name = draft.writing.name();
    state.texts.drafts.remove(&name);
    if !draft.text.trim().is_empty() {
        drafts::discarded(state, draft);
    }
    state.refresh(&Route::Drafts);
    vec![Effect::Drop(LocalItem::Draft(name))]
}

/// Changes who can see the tweet to the choice with this name; without one, to the next.
pub(super) fn change_audience(state: &mut State, name: &str) -> Effects {
    if let Some(composer) = &mut state.composer
        && matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_))
    {
        composer.audience = Audience::by_name(name).unwrap_or_else(|| composer.audience.next());
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
        let too_many = u32::try_from(length - most).unwrap_or(u32::MAX);
        let too_long = count(too_many, "character", "characters");
        let next = match draft.writing {
            Writing::New | Writing::Reply(_) | Writing::Quote(_) => {
                format!("; {} splits it into a thread", way_to(state, Action::SplitThread))
            }
            Writing::Edit(_) | Writing::Message(_) | Writing::EditMessage(..) => ": shorten it".to_owned(),
        };
        state.complain(format!("{too_long} too long{next}"));
        // The composer counts them: the next key ends the message.
        if let Some(toast) = &mut state.toast {
            toast.until = Some(state.now);
        }
        return Effects::new();
    }
    send_parts(state, draft, Vec::new())
}

/// The tweets that the text is split into, each a reply to the one before; `None` if it is not split, which is said.
pub(super) fn thread(state: &mut State) -> Option<Vec<String>> {
    let most = state.graphemes_max();
    let draft = state.composer.as_ref()?.draft();
    let parts = split(draft.text.trim(), most);
    match draft.writing {
        _ if draft.writing.is_edit() => state.say("An edit can't become a thread"),
        Writing::Message(_) if parts.len() > 1 => state.say("A message can't become a thread: shorten it"),
        Writing::Message(_) => state.say("A message can't become a thread"),
        _ if parts.len() < 2 => {
            let send = way_to(state, Action::Send);
            state.say(format!("This fits in one tweet: {send} sends it"));
        }
        _ => return Some(parts),
    }
    None
}

/// Sends a long text as several tweets.
pub(super) fn send_as_thread(state: &mut State) -> Effects {
    let (Some(parts), Some(composer)) = (thread(state), &state.composer) else { return Effects::new() };
    let draft = composer.draft();
    send_parts(state, draft, parts)
}

/// Puts a text into the outbox; without parts, it is sent whole.
fn send_parts(state: &mut State, mut draft: Draft, parts: Vec<String>) -> Effects {
    draft.text = model::to_nfc(draft.text.trim());
    let hold = i64::from(state.preferences.settings.hold_s) * 1_000;
    let name = draft.writing.name();
    let key = (state.new_key)();
    let outgoing = Outgoing::new(key.clone(), draft, parts, state.now + hold);
    // Written to the outbox before it is dropped from the drafts: a crash in between loses nothing.
    let mut effects = vec![
        Effect::Save(LocalItem::Outgoing(outgoing.name()), outgoing.to_toml().into_bytes()),
        Effect::Drop(LocalItem::Draft(name.clone())),
    ];
    state.texts.drafts.remove(&name);
    state.texts.unsaved_since = None;
    state.texts.outbox.push(outgoing);
    let writing = state.composer.take().map(|composer| composer.writing);
    let chat = writing.as_ref().and_then(Writing::chat).map(str::to_owned);
    // Until it is sent, and as long after that as any step.
    state.undo.remember(state.now + hold, Undoable::Sent(key));
    state.say(match hold {
        _ if state.connection.link != Link::Live => {
            format!("{}{UNDO_HINT}", outbox::waiting(state))
        }
        0 => outbox::SENDING.to_owned(),
        _ => format!("{SENDING_IN}{}{UNDO_HINT}", duration(hold)),
    });
    if let Some(toast) = &mut state.toast {
        toast.until = Some(state.now + hold.max(2_000));
    }
    if let Some(username) = chat {
        let conversation = Route::Conversation(username.clone());
        state.refresh(&conversation);
        if let Some(screen) = state.screens.by_route.get_mut(&conversation)
            && !writing.as_ref().is_some_and(Writing::is_edit)
        {
            screen.list.select_last();
        }
        // The composer stays open for the next message.
        let next = Writing::Message(username);
        let draft = state.texts.drafts.get(&next.name()).cloned();
        state.composer = Some(Composer::new(draft.unwrap_or_else(|| drafts::fresh(state, next))));
    }
    state.refresh(&Route::Drafts);
    effects.extend(outbox::release(state));
    effects
}

/// Sends a draft.
pub(super) fn send_draft(state: &mut State, name: &str) -> Effects {
    let Some(draft) = state.texts.drafts.get(name).cloned() else { return Effects::new() };
    let mut effects = open(state, draft.writing);
    if state.composer.is_some() {
        effects.extend(send(state));
    }
    effects
}

/// Discards a draft, which can be undone.
pub(super) fn discard_draft(state: &mut State, name: &str) -> Effects {
    let Some(draft) = state.texts.drafts.remove(name) else { return Effects::new() };
    drafts::discarded(state, draft);
    state.refresh(&Route::Drafts);
    vec![Effect::Drop(LocalItem::Draft(name.to_owned()))]
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
