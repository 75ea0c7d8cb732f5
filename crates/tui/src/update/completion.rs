//! What follows a change of the text in the composer: saving, completions, and the sign that the user is typing.

use std::collections::BTreeSet;

use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::composer::{Completion, Writing};
use crate::message::Purpose;
use crate::state::{Link, State};

/// Completions that are offered, at most.
const COMPLETIONS_MAX: usize = 6;
/// Minimum time between two typing notices to the same chat, in milliseconds.
const TYPING_MS: i64 = 3_000;

/// The text has changed: it is saved soon, completions are offered, and in a chat the other side is notified.
pub(super) fn changed(state: &mut State) -> Effects {
    state.texts.unsaved_since.get_or_insert(state.now);
    let mut effects = offer(state);
    if let Some(Writing::Message(username)) = state.composer.as_ref().map(|composer| composer.writing.clone())
        && state.preferences.settings.typing
        && state.now - state.texts.typing_sent_at > TYPING_MS
        && state.connection.link == Link::Live
    {
        state.texts.typing_sent_at = state.now;
        effects.push(ask(Purpose::Background, Op::Typing(v1::Typing { username })));
    }
    effects
}

/// Offers completions for the word at the caret, and requests more from the server if there are few.
pub(super) fn offer(state: &mut State) -> Effects {
    let Some(composer) = &state.composer else { return Effects::new() };
    let Some((start, sign, word)) = composer.word().map(|(start, sign, word)| (start, sign, word.to_owned()))
    else {
        if let Some(composer) = &mut state.composer {
            composer.completion = None;
        }
        return Effects::new();
    };
    let choices = completions(state, sign, &word);
    let too_few = choices.len() < 3 && word.chars().count() == 2;
    if let Some(composer) = &mut state.composer {
        composer.completion = (!choices.is_empty()).then_some(Completion { start, choices, choice: 0 });
    }
    match sign {
        '@' if too_few => {
            vec![ask(Purpose::Complete(sign), Op::SearchPeople(v1::SearchPeople { query: word, limit: 10 }))]
        }
        '#' if too_few => vec![ask(
            Purpose::Complete(sign),
            Op::SearchHashtags(v1::SearchHashtags { query: word, limit: 10 }),
        )],
        _ => Effects::new(),
    }
}

fn completions(state: &State, sign: char, word: &str) -> Vec<(String, String)> {
    let lower = word.to_lowercase();
    let mut found: Vec<(String, String)> = match sign {
        '@' => state
            .entities
            .accounts()
            .filter(|a| {
                a.username.starts_with(&lower)
                    || (!lower.is_empty() && a.display_name.to_lowercase().starts_with(&lower))
            })
            .map(|a| (format!("@{} ", a.username), SafeText::line(&a.display_name).as_str().to_owned()))
            .collect(),
        '#' => {
            let trends = state.entities.trends.iter().map(|trend| trend.name.clone());
            let names: BTreeSet<String> = trends.chain(state.entities.hashtags.keys().cloned()).collect();
            let fitting = names.into_iter().filter(|name| name.to_lowercase().starts_with(&lower));
            fitting.map(|name| (format!("#{} ", SafeText::line(&name)), String::new())).collect()
        }
        _ if word.len() >= 2 => emojis::iter()
            .filter_map(|emoji| {
                let code = emoji.shortcodes().find(|code| code.starts_with(&lower))?;
                Some((emoji.as_str().to_owned(), format!(":{code}:")))
            })
            .take(COMPLETIONS_MAX)
            .collect(),
        _ => Vec::new(),
    };
    found.sort();
    // A complete word needs no completion.
    if found.iter().any(|(text, _)| text.trim_end() == format!("{sign}{word}")) && found.len() == 1 {
        return Vec::new();
    }
    found.truncate(COMPLETIONS_MAX);
    found
}

/// Offers completions again after the server's response.
pub(super) fn offer_again(state: &mut State) {
    // A second request would have the same response.
    let _ = offer(state);
}

/// Replaces the word at the caret with the marked completion.
pub(super) fn accept(state: &mut State) -> Effects {
    let Some(composer) = &mut state.composer else { return Effects::new() };
    let Some(completion) = composer.completion.take() else { return Effects::new() };
    if let Some((text, _)) = completion.choices.get(completion.choice) {
        composer.editor.complete(completion.start, text);
    }
    let effects = changed(state);
    if let Some(composer) = &mut state.composer {
        composer.completion = None;
    }
    effects
}
