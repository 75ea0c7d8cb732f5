//! Writing: the composer, drafts that are never lost, and the outbox that sends everything once.

use model::{SafeText, count_graphemes};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::{Effects, ask, navigation, user_actions};
use crate::composer::{Audience, Completion, Composer, Draft, Outgoing, Sending, Writing, split};
use crate::message::{Effect, LocalItem, Purpose};
use crate::route::Route;
use crate::state::{Link, State, TOAST_MS, Undoable};
use crate::view;
use terminal::key::{Code, Key};

/// Choices of a completion.
const COMPLETIONS_MAX: usize = 6;
/// The other one is told of typing this often.
const TYPING_MS: i64 = 3_000;

/// Opens the composer for a purpose, with its draft if there is one.
pub(super) fn open(state: &mut State, writing: Writing) -> Effects {
    let effects = put_away(state);
    let draft = state.drafts.get(&writing.name()).cloned().unwrap_or_else(|| fresh(state, writing));
    state.composer = Some(Composer::new(draft));
    effects
}

fn fresh(state: &State, writing: Writing) -> Draft {
    let tweet = |id: u64| state.known.tweet(id);
    let mine = state.username.as_deref().unwrap_or_default();
    let (text, audience) = match &writing {
        Writing::Edit(id) => {
            (tweet(*id).map_or_else(String::new, |tweet| tweet.text.clone()), Audience::Public)
        }
        Writing::Reply(id) => {
            let author = tweet(*id).map_or("", |tweet| state.known.username(tweet.author_id));
            let text =
                if author.is_empty() || author == mine { String::new() } else { format!("@{author} ") };
            // An answer is seen by no more people than what it answers.
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
    Draft { writing, text, audience }
}

/// Whether a draft says more than what its composer began with.
fn is_worth_keeping(state: &State, draft: &Draft) -> bool {
    !draft.text.trim().is_empty() && draft.text != fresh(state, draft.writing.clone()).text
}

/// A key in the composer.
pub(super) fn key(state: &mut State, key: Key) -> Effects {
    let width = usize::from(view::composer_width(state));
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
        let action = match key.code {
            Code::Up => crate::commands::Action::LineUp,
            Code::Down => crate::commands::Action::LineDown,
            Code::PageUp => crate::commands::Action::PageUp,
            _ => crate::commands::Action::PageDown,
        };
        return super::actions::perform(state, action, "");
    }
    if composer.editor.key(key, width) { changed(state) } else { Effects::new() }
}

/// The text has changed: it is to be kept, completed and told of.
pub(super) fn changed(state: &mut State) -> Effects {
    state.unkept_since.get_or_insert(state.now);
    let mut effects = offer(state);
    if let Some(Writing::Message(username)) = state.composer.as_ref().map(|composer| composer.writing.clone())
        && state.settings.typing
        && state.now - state.typing_told > TYPING_MS
        && state.link == Link::Live
    {
        state.typing_told = state.now;
        effects.push(ask(Purpose::Nothing, Op::Typing(v1::Typing { username })));
    }
    effects
}

/// Offers what the word at the caret could become; asks the server for more when little is known.
fn offer(state: &mut State) -> Effects {
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
            .known
            .accounts()
            .filter(|a| {
                a.username.starts_with(&lower)
                    || (!lower.is_empty() && a.display_name.to_lowercase().starts_with(&lower))
            })
            .map(|a| (format!("@{} ", a.username), SafeText::line(&a.display_name).as_str().to_owned()))
            .collect(),
        '#' => {
            let trends = state.known.trends.iter().map(|trend| trend.name.clone());
            let names: std::collections::BTreeSet<String> =
                trends.chain(state.known.hashtags.keys().cloned()).collect();
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
    // What is whole needs no completion.
    if found.iter().any(|(text, _)| text.trim_end() == format!("{sign}{word}")) && found.len() == 1 {
        return Vec::new();
    }
    found.truncate(COMPLETIONS_MAX);
    found
}

/// More to complete with has come.
pub(super) fn offer_again(state: &mut State) {
    // The answer to the answer would be the same again.
    let _ = offer(state);
}

/// Takes the completion that is marked.
pub(super) fn complete(state: &mut State) -> Effects {
    let Some(composer) = &mut state.composer else { return Effects::new() };
    match composer.completion.take() {
        Some(completion) => {
            if let Some((text, _)) = completion.choices.get(completion.choice) {
                composer.editor.complete(completion.start, text);
            }
            let effects = changed(state);
            if let Some(composer) = &mut state.composer {
                composer.completion = None;
            }
            effects
        }
        None => Effects::new(),
    }
}

/// Keeps the draft on the disk.
pub(super) fn keep_draft(state: &mut State) -> Effects {
    state.unkept_since = None;
    let Some(draft) = state.composer.as_ref().map(Composer::draft) else { return Effects::new() };
    let name = draft.writing.name();
    if is_worth_keeping(state, &draft) {
        if state.drafts.get(&name) == Some(&draft) {
            return Effects::new();
        }
        let text = toml::to_string(&draft).unwrap_or_default();
        state.drafts.insert(name.clone(), draft);
        vec![Effect::Keep(LocalItem::Draft(name), text.into_bytes())]
    } else if state.drafts.remove(&name).is_some() {
        vec![Effect::Drop(LocalItem::Draft(name))]
    } else {
        Effects::new()
    }
}

/// Closes the composer; the text stays as a draft.
pub(super) fn put_away(state: &mut State) -> Effects {
    let Some(draft) = state.composer.as_ref().map(Composer::draft) else { return Effects::new() };
    let effects = keep_draft(state);
    state.composer = None;
    if is_worth_keeping(state, &draft) {
        state.say("Kept as a draft; the same key brings it back, gd lists all");
    }
    state.refresh(&Route::Drafts);
    effects
}

/// Throws the text away; undo brings it back.
pub(super) fn discard(state: &mut State) -> Effects {
    let Some(composer) = state.composer.take() else { return Effects::new() };
    state.unkept_since = None;
    let draft = composer.draft();
    let name = draft.writing.name();
    state.drafts.remove(&name);
    if !draft.text.trim().is_empty() {
        user_actions::remember_sent(state, Undoable::Discarded(draft));
        state.say("Discarded · u brings it back");
    }
    state.refresh(&Route::Drafts);
    vec![Effect::Drop(LocalItem::Draft(name))]
}

pub(super) fn turn_audience(state: &mut State) -> Effects {
    if let Some(composer) = &mut state.composer
        && matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_))
    {
        composer.audience = composer.audience.next();
        state.unkept_since.get_or_insert(state.now);
    }
    Effects::new()
}

/// Most that the server takes.
pub(crate) fn graphemes_max(state: &State) -> usize {
    let said = state.hello.budgets.as_ref().map_or(0, |budgets| budgets.tweet_graphemes);
    if said == 0 { model::limits::TWEET_GRAPHEMES_MAX } else { usize::try_from(said).unwrap_or(usize::MAX) }
}

pub(super) fn send(state: &mut State) -> Effects {
    let Some(composer) = &state.composer else { return Effects::new() };
    let draft = composer.draft();
    let may_be_blank = matches!(draft.writing, Writing::Quote(_));
    if draft.text.trim().is_empty() && !may_be_blank {
        state.say("There is nothing to send yet");
        return Effects::new();
    }
    let most = graphemes_max(state);
    let length = count_graphemes(draft.text.trim());
    if length > most {
        state.complain(format!("{} characters too long; split (Alt-t) makes a thread of it", length - most));
        return Effects::new();
    }
    send_parts(state, draft, Vec::new())
}

/// A long text as several tweets, each answering the one before.
pub(super) fn send_as_thread(state: &mut State) -> Effects {
    let most = graphemes_max(state);
    let Some(composer) = &state.composer else { return Effects::new() };
    let mut draft = composer.draft();
    let mut parts = split(draft.text.trim(), most).into_iter();
    if matches!(draft.writing, Writing::Edit(_)) {
        state.say("An edit cannot become a thread");
        return Effects::new();
    }
    draft.text = parts.next().unwrap_or_default();
    let more: Vec<String> = parts.collect();
    if more.is_empty() {
        state.say("It fits into one tweet: Ctrl-s sends it");
        return Effects::new();
    }
    send_parts(state, draft, more)
}

fn send_parts(state: &mut State, mut draft: Draft, more: Vec<String>) -> Effects {
    draft.text = model::to_nfc(draft.text.trim());
    let is_chat = matches!(draft.writing, Writing::Message(_));
    let hold = if is_chat { 0 } else { i64::from(state.settings.hold_s) * 1_000 };
    let name = draft.writing.name();
    let key = (state.new_key)();
    let outgoing = Outgoing::new(key.clone(), draft, more, state.now + hold);
    // First into the outbox, then out of the drafts: at no time in neither.
    let mut effects = vec![
        Effect::Keep(LocalItem::Outgoing(outgoing.name()), outgoing.to_toml().into_bytes()),
        Effect::Drop(LocalItem::Draft(name.clone())),
    ];
    state.drafts.remove(&name);
    state.unkept_since = None;
    state.outbox.push(outgoing);
    let writing = state.composer.take().map(|composer| composer.writing);
    if let Some(Writing::Message(username)) = &writing {
        let conversation = Route::Conversation(username.clone());
        state.refresh(&conversation);
        if let Some(panel) = state.panels.get_mut(&conversation) {
            panel.list.select_last();
        }
    }
    if is_chat {
        // One goes on writing.
        let blank = Draft {
            writing: writing.unwrap_or(Writing::New),
            text: String::new(),
            audience: Audience::Public,
        };
        state.composer = Some(Composer::new(blank));
    } else {
        user_actions::remember_sent(state, Undoable::Sent(key));
        let note = if hold > 0 { "Sending" } else { "Sent" };
        state.say(format!("{note} · u takes it back"));
        if let Some(toast) = &mut state.toast {
            toast.until = state.now + hold.max(2_000);
        }
    }
    state.refresh(&Route::Drafts);
    effects.extend(release_outbox(state));
    effects
}

/// Sends what was held long enough and what waits for a connection.
pub(super) fn release_outbox(state: &mut State) -> Effects {
    let can_send = state.link == Link::Live && state.me.is_some();
    let now = state.now;
    let mut effects = Effects::new();
    let mut busy: Vec<Writing> = Vec::new();
    for outgoing in &mut state.outbox {
        let is_due = match outgoing.sending {
            Sending::Held(until) => until <= now,
            Sending::Waiting => true,
            Sending::Sent | Sending::Refused(_) => false,
        };
        // Messages to one person go one after the other.
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

/// The server's answer to something in the outbox.
pub(super) fn sent(
    state: &mut State,
    key: &bytes::Bytes,
    result: Result<response::Result, client::ClientError>,
) -> Effects {
    let Some(place) = state.outbox.iter().position(|outgoing| outgoing.key == *key) else {
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
            let Some(outgoing) = state.outbox.get_mut(place) else { return effects };
            outgoing.done += 1;
            outgoing.last = id;
            if outgoing.is_done() {
                let outgoing = state.outbox.remove(place);
                effects.push(Effect::Drop(LocalItem::Outgoing(outgoing.name())));
                match &outgoing.draft.writing {
                    Writing::Message(username) => {
                        let username = username.clone();
                        effects.extend(message_sent(state, &username, id));
                    }
                    Writing::Edit(id) => {
                        effects.push(ask(Purpose::Tweet(*id), Op::GetTweet(v1::GetTweet { tweet_id: *id })));
                    }
                    _ => {
                        state.say("Sent");
                        effects.push(ask(Purpose::Tweet(id), Op::GetTweet(v1::GetTweet { tweet_id: id })));
                    }
                }
                state.undo.retain(|undoable| *undoable != Undoable::Sent(key.clone()));
            } else {
                outgoing.sending = Sending::Waiting;
                effects.push(Effect::Keep(
                    LocalItem::Outgoing(outgoing.name()),
                    outgoing.to_toml().into_bytes(),
                ));
            }
        }
        Err(error) => {
            let refused = matches!(
                &error,
                client::ClientError::Refused(
                    model::Error::Invalid { .. }
                        | model::Error::Forbidden(_)
                        | model::Error::NotFound(_)
                        | model::Error::AlreadyExists(_)
                        | model::Error::IdempotencyConflict
                )
            );
            let why = SafeText::line(&error.to_string()).as_str().to_owned();
            if let Some(outgoing) = state.outbox.get_mut(place) {
                // Whatever may pass is tried again, under the same key.
                outgoing.sending =
                    if refused { Sending::Refused(why.clone()) } else { Sending::Held(state.now + TOAST_MS) };
            }
            let next = if refused { "it is in the outbox (gd): Enter edits it" } else { "it is tried again" };
            state.complain(format!("Not sent: {why}; {next}"));
        }
    }
    state.refresh(&Route::Drafts);
    effects.extend(release_outbox(state));
    effects
}

/// A message of one's own may be shown before it comes back live.
fn message_sent(state: &mut State, username: &str, _id: u64) -> Effects {
    let place = Route::Conversation(username.to_owned());
    if state.panels.contains_key(&place) {
        return navigation::fill(state, &place, crate::route::PageSelector::Newest);
    }
    Effects::new()
}

/// Takes something out of the outbox, back into the composer.
pub(super) fn take_back(state: &mut State, place: usize) -> Effects {
    if place >= state.outbox.len() {
        return Effects::new();
    }
    let outgoing = state.outbox.remove(place);
    let mut draft = outgoing.draft.clone();
    for part in &outgoing.more {
        draft.text.push('\n');
        draft.text.push_str(part);
    }
    let mut effects = put_away(state);
    let name = draft.writing.name();
    let text = toml::to_string(&draft).unwrap_or_default();
    effects.push(Effect::Keep(LocalItem::Draft(name.clone()), text.into_bytes()));
    effects.push(Effect::Drop(LocalItem::Outgoing(outgoing.name())));
    state.drafts.insert(name, draft.clone());
    state.composer = Some(Composer::new(draft));
    state.say("Taken back: it was not sent");
    state.refresh(&Route::Drafts);
    effects
}

/// Opens something of the outbox to be mended.
pub(super) fn edit_outgoing(state: &mut State, name: &str) -> Effects {
    let Some(place) = state.outbox.iter().position(|outgoing| outgoing.name() == name) else {
        return Effects::new();
    };
    match state.outbox.get(place).map(|outgoing| &outgoing.sending) {
        Some(Sending::Sent) => {
            state.say("It is on its way");
            Effects::new()
        }
        // PageSelector of it is at the server already: the rest cannot become another text.
        Some(_) if state.outbox.get(place).is_some_and(|outgoing| outgoing.done > 0) => {
            if let Some(outgoing) = state.outbox.get_mut(place) {
                outgoing.sending = Sending::Waiting;
            }
            release_outbox(state)
        }
        _ => take_back(state, place),
    }
}

pub(super) fn external_editor(state: &mut State) -> Effects {
    match &state.composer {
        Some(composer) => vec![Effect::Edit(composer.editor.text().to_owned())],
        None => Effects::new(),
    }
}

/// The person came back from their editor.
pub(super) fn edited(state: &mut State, result: Result<String, String>) -> Effects {
    match result {
        Ok(text) => {
            if let Some(composer) = &mut state.composer {
                composer.editor.set(text.trim_end());
            }
            changed(state)
        }
        Err(problem) => {
            state.complain(format!("{problem}; your text is as it was"));
            Effects::new()
        }
    }
}
