//! What each message changes, and what it wants done outside. Pure: no clock, no terminal, no network.

mod actions;
mod compose;
mod input;
mod live;
mod navigation;
mod prompts;
mod responses;
mod user_actions;

pub(crate) use compose::graphemes_max;
pub(crate) use navigation::new_above;
pub(crate) use responses::show_kept;

use protocol::v1;
use protocol::v1::request::Op;

use crate::composer::Sending;
use crate::message::{Effect, LocalItem, Message, Purpose};
use crate::state::{Link, State};

/// What is wanted outside.
pub type Effects = Vec<Effect>;

/// From the first key that is not kept to the disk.
const KEEP_MS: i64 = 200;
/// From the first read line that is not kept to the disk.
const KEEP_LINES_MS: i64 = 2_000;
/// After the first of several keys, what can follow is shown.
pub const HINT_MS: i64 = 300;
/// The second time must come so soon.
pub const QUIT_MS: i64 = 2_000;
/// Ages are told in minutes.
const MINUTE_MS: i64 = 60_000;

/// How it all begins.
pub fn start(state: &mut State) -> Effects {
    let place = state.place().clone();
    let mut effects = navigation::arrive(state, &place);
    if state.username.is_none() {
        prompts::welcome_or_door(state);
    }
    effects.retain(|effect| !matches!(effect, Effect::Ask(..)));
    effects
}

/// Takes a message.
pub fn update(state: &mut State, now: i64, message: Message) -> Effects {
    state.now = now;
    let effects = match message {
        Message::Input(event) => input::input(state, event),
        Message::Resized(size) => {
            state.size = size;
            Effects::new()
        }
        Message::Command(action, argument) => actions::perform(state, action, &argument),
        Message::Select(number) => {
            let row = state.panel().and_then(|panel| panel.list.rows().get(number).cloned());
            state.panel_mut().list.select(|other| Some(other) == row.as_ref());
            navigation::fill_ahead(state)
        }
        Message::Woke => Effects::new(),
        Message::Connected(connected) => live::connected(state, *connected),
        Message::Unreachable(error) => live::unreachable(state, &error),
        Message::Link(link) => live::link(state, link),
        Message::Answered(purpose, result) => responses::answered(state, purpose, result),
        Message::Following(topic) => navigation::following(state, topic),
        Message::Live(topic, update) => live::live(state, &topic, update),
        Message::Edited(result) => compose::edited(state, result),
        Message::Announced(text) => {
            state.complain(text);
            Effects::new()
        }
        Message::Recalled(purpose, page) => {
            responses::show_kept(state, &purpose, *page);
            Effects::new()
        }
        Message::Accounts(names) => {
            prompts::accounts(state, names);
            Effects::new()
        }
    };
    let mut all = effects;
    all.extend(on_time(state));
    navigation::note_seen(state);
    all
}

/// What the time has brought.
fn on_time(state: &mut State) -> Effects {
    let now = state.now;
    let mut effects = Effects::new();
    if state.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        state.toast = None;
    }
    if state.unkept_since.is_some_and(|since| since + KEEP_MS <= now) {
        effects.extend(compose::keep_draft(state));
    }
    if state.unkept_lines_since.is_some_and(|since| since + KEEP_LINES_MS <= now) {
        effects.extend(keep_lines(state));
    }
    effects.extend(user_actions::release_held(state));
    effects.extend(compose::release_outbox(state));
    effects.extend(navigation::keep_trends(state));
    effects.extend(prompts::check_username(state));
    effects
}

/// Keeps how far the reader has come, here and on the server, so that it is the same on every device.
fn keep_lines(state: &mut State) -> Effects {
    state.unkept_lines_since = None;
    let lines: String = state.read_lines.iter().map(|(name, id)| format!("{name:?} = \"{id}\"\n")).collect();
    let mut effects = vec![Effect::Keep(LocalItem::ReadLines, lines.into_bytes())];
    if state.link == Link::Live && state.me.is_some() && !state.is_read_only {
        for timeline in std::mem::take(&mut state.untold_lines) {
            let tweet_id = state.read_lines.get(&timeline).copied().unwrap_or(0);
            effects.push(ask(Purpose::Nothing, Op::SetReadLine(v1::SetReadLine { timeline, tweet_id })));
        }
    }
    effects
}

/// When [`Message::Woke`] is wanted next, if nothing else happens before.
#[must_use]
pub fn deadline(state: &State) -> Option<i64> {
    let held = state.outbox.iter().filter_map(|outgoing| match outgoing.sending {
        Sending::Held(until) => Some(until),
        _ => None,
    });
    // While it can be taken back, the seconds that are left are shown.
    let counting = state.held.iter().map(|(until, _)| *until).chain(held);
    let counting = counting.min().map(|until| until.min(state.now - state.now.rem_euclid(1_000) + 1_000));
    let typing = state.panel().map(|panel| panel.typing_until).filter(|until| *until > state.now);
    let hint = (!state.keys.is_empty()).then(|| state.keys_since + HINT_MS).filter(|at| *at > state.now);
    let shows_ages = state.panel().is_some_and(|panel| !panel.list.rows().is_empty());
    let minute = shows_ages.then(|| state.now - state.now.rem_euclid(MINUTE_MS) + MINUTE_MS);
    [
        state.toast.as_ref().map(|toast| toast.until),
        state.unkept_since.map(|since| since + KEEP_MS),
        state.unkept_lines_since.map(|since| since + KEEP_LINES_MS),
        counting,
        typing,
        hint,
        minute,
        state.form.as_ref().and_then(|form| form.check_at),
    ]
    .into_iter()
    .flatten()
    .min()
}

/// Everything that must not be lost when the program ends: drafts, read lines, and what is held goes now.
pub fn finish(state: &mut State) -> Effects {
    let mut effects = compose::keep_draft(state);
    effects.extend(keep_lines(state));
    for (until, _) in &mut state.held {
        *until = state.now;
    }
    for outgoing in &mut state.outbox {
        if matches!(outgoing.sending, Sending::Held(_)) {
            outgoing.sending = Sending::Held(state.now);
        }
    }
    effects.extend(user_actions::release_held(state));
    effects.extend(compose::release_outbox(state));
    effects
}

/// Asks the server something that needs no key of its own.
fn ask(purpose: Purpose, op: Op) -> Effect {
    Effect::Ask(purpose, Box::new(op), None)
}

/// Asks for a profile.
fn ask_profile(username: &str) -> Effect {
    let op = Op::GetProfile(v1::GetProfile { username: username.to_owned() });
    ask(Purpose::Profile(username.to_owned()), op)
}
