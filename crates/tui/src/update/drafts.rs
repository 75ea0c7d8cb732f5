//! Drafts: what the composer begins with, and what is saved of it.

use protocol::v1;

use super::effects::Effects;
use crate::commands::Action;
use crate::composer::{Audience, Composer, Draft, Writing};
use crate::message::{Effect, LocalItem};
use crate::route::Route;
use crate::state::State;
use crate::undo::Undoable;
use crate::wording::{UNDO_HINT, way_to};

/// What the composer begins with.
pub(super) fn fresh(state: &State, writing: Writing) -> Draft {
    let tweet = |id: u64| state.entities.tweet(id);
    let mine = state.session.username.as_deref().unwrap_or_default();
    let (text, audience) = match &writing {
        Writing::Edit(id) => {
            (tweet(*id).map_or_else(String::new, |tweet| tweet.text.clone()), Audience::Public)
        }
        Writing::EditMessage(_, id) => {
            let text =
                state.entities.messages.get(id).map_or_else(String::new, |message| message.text.clone());
            (text, Audience::Public)
        }
        Writing::Reply(id) => {
            let author = tweet(*id).map_or("", |tweet| state.entities.username(tweet.author_id));
            let text =
                if author.is_empty() || author == mine { String::new() } else { format!("@{author} ") };
            // A reply is visible to no more people than the tweet that it replies to.
            let audience = match tweet(*id).map(v1::Tweet::visibility) {
                Some(v1::Visibility::Followers) => Audience::Followers,
                Some(v1::Visibility::Direct) => Audience::Direct,
                Some(v1::Visibility::Unlisted) => Audience::Unlisted,
                _ => Audience::Public,
            };
            (text, audience)
        }
        _ => (String::new(), Audience::Public),
    };
    Draft { writing, text, audience, saved_ms: 0 }
}

/// Whether a draft differs from what the composer began with.
fn is_worth_keeping(state: &State, draft: &Draft) -> bool {
    !draft.text.trim().is_empty() && draft.text != fresh(state, draft.writing.clone()).text
}

/// Whether the open composer has a text that it did not begin with.
pub(crate) fn has_begun(state: &State) -> bool {
    state.composer.as_ref().is_some_and(|composer| is_worth_keeping(state, &composer.draft()))
}

/// Puts a draft among the others, and writes it to the disk.
pub(super) fn keep(state: &mut State, draft: Draft) -> Effect {
    let draft = Draft { saved_ms: state.now, ..draft };
    let name = draft.writing.name();
    let file = toml::to_string(&draft).unwrap_or_default();
    state.texts.drafts.insert(name.clone(), draft);
    Effect::Save(LocalItem::Draft(name), file.into_bytes())
}

/// Opens a text again that was discarded or sent. What was written since for the same purpose is kept below it.
pub(super) fn open_again(state: &mut State, mut draft: Draft) -> Effects {
    let mut effects = put_away(state);
    let since = state.texts.drafts.get(&draft.writing.name());
    if let Some(since) = since.filter(|since| since.text.trim() != draft.text.trim()) {
        draft.text = format!("{}\n{}", draft.text.trim_end(), since.text);
    }
    effects.push(keep(state, draft.clone()));
    if !state.session.is_read_only {
        state.composer = Some(Composer::new(draft));
    }
    state.refresh(&Route::Drafts);
    effects
}

/// A text was discarded, which can be undone.
pub(super) fn discarded(state: &mut State, draft: Draft) {
    state.remember(Undoable::Discarded(draft));
    state.say(format!("Draft discarded{UNDO_HINT}"));
}

/// Writes the draft of the open composer to the disk.
pub(super) fn save(state: &mut State) -> Effects {
    state.texts.unsaved_since = None;
    let Some(draft) = state.composer.as_ref().map(Composer::draft) else { return Effects::new() };
    let name = draft.writing.name();
    if is_worth_keeping(state, &draft) {
        let is_same = |saved: &Draft| saved.text == draft.text && saved.audience == draft.audience;
        if state.texts.drafts.get(&name).is_some_and(is_same) {
            return Effects::new();
        }
        vec![keep(state, draft)]
    } else if state.texts.drafts.remove(&name).is_some() {
        vec![Effect::Drop(LocalItem::Draft(name))]
    } else {
        Effects::new()
    }
}

/// Closes the composer. The text stays as a draft.
pub(super) fn put_away(state: &mut State) -> Effects {
    let Some(draft) = state.composer.as_ref().map(Composer::draft) else { return Effects::new() };
    let effects = save(state);
    state.composer = None;
    if is_worth_keeping(state, &draft) {
        let way = if state.terminal.capabilities.is_plain { "command" } else { "key" };
        let list = way_to(state, Action::GoDrafts);
        state.say(format!("Draft saved. The same {way} opens it again; {list} lists all drafts"));
    }
    state.refresh(&Route::Drafts);
    effects
}
