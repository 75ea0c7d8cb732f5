//! What follows a change of the text in the composer: saving, completions, and the sign that the user is typing.

use std::collections::BTreeSet;

use model::{Hashtag, SafeText, search_form};
use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::composer::{Completion, Writing};
use crate::message::{Effect, Purpose};
use crate::state::{Link, State};

/// Completions that are offered, at most.
const COMPLETIONS_MAX: usize = 6;
/// People or hashtags that the server is asked for.
const FOUND_MAX: u32 = 10;
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
            (composer.completion, composer.uncompleted) = (None, None);
        }
        return Effects::new();
    };
    if composer.uncompleted == Some(start) {
        return Effects::new();
    }
    let choices = completions(state, sign, &word);
    // A letter of most scripts says little, one of Chinese or Japanese much.
    let is_enough = word.chars().count() >= 2 || !word.is_ascii();
    let too_few = choices.len() < 3 && is_enough;
    if let Some(composer) = &mut state.composer {
        composer.uncompleted = None;
        composer.completion = (!choices.is_empty()).then_some(Completion { start, choices, choice: 0 });
    }
    match sign {
        '@' | '#' if too_few => vec![ask_for(sign, &word)],
        _ => Effects::new(),
    }
}

/// A request for people (`@`) or hashtags (`#`) that match a word.
pub(super) fn ask_for(sign: char, word: &str) -> Effect {
    let query = word.trim().trim_start_matches(['@', '#']).to_owned();
    let op = if sign == '#' {
        Op::SearchHashtags(v1::SearchHashtags { query, limit: FOUND_MAX })
    } else {
        Op::SearchPeople(v1::SearchPeople { query, limit: FOUND_MAX })
    };
    ask(Purpose::Complete(sign), op)
}

fn completions(state: &State, sign: char, word: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = match sign {
        '@' => people(state, word),
        '#' => {
            let trends = state.entities.trends.trends.iter().map(|trend| trend.name.clone());
            let names: BTreeSet<String> = trends.chain(state.entities.hashtags.keys().cloned()).collect();
            let prefix = Hashtag::key_prefix(word);
            let fitting = names.into_iter().filter(|name| Hashtag::key_prefix(name).starts_with(&prefix));
            fitting.map(|name| (format!("#{} ", SafeText::line(&name)), String::new())).collect()
        }
        _ if word.len() >= 2 => {
            let lower = word.to_lowercase();
            let of = |emoji: &emojis::Emoji| {
                let code = emoji.shortcodes().find(|code| code.starts_with(&lower))?;
                Some((emoji.as_str().to_owned(), format!(":{code}:")))
            };
            let mut found: Vec<_> = emojis::iter().filter_map(of).take(COMPLETIONS_MAX).collect();
            found.sort();
            found
        }
        _ => Vec::new(),
    };
    // A complete word needs no completion.
    if found.iter().any(|(text, _)| text.trim_end() == format!("{sign}{word}")) && found.len() == 1 {
        return Vec::new();
    }
    found.truncate(COMPLETIONS_MAX);
    found
}

/// People whose names begin with a word.
fn people(state: &State, word: &str) -> Vec<(String, String)> {
    let (lower, form) = (word.to_lowercase(), search_form(word));
    let begins = |one: &&v1::Account| {
        one.username.starts_with(&lower)
            || (!word.is_empty() && search_form(&one.display_name).starts_with(&form))
    };
    let mut found: Vec<&v1::Account> = state.entities.accounts().filter(begins).collect();
    found.sort_by_cached_key(|one| state.entities.name_key(one.id));
    let safe = |name: &str| SafeText::line(name).as_str().to_owned();
    found.into_iter().map(|one| (format!("@{} ", one.username), safe(&one.display_name))).collect()
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
