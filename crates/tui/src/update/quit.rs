//! Quitting: nothing that was typed is lost, and what can still be undone is sent.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{self, Effects};
use super::{compose, drafts, read_only, user_actions};
use crate::composer::Sending;
use crate::message::{Effect, LocalItem, Purpose};
use crate::state::{Link, State};

/// The time in which quitting is asked for a second time, in milliseconds.
const QUIT_MS: i64 = 2_000;

/// Quits when it is asked for twice in a row.
pub(super) fn ask(state: &mut State, key: &str) -> Effects {
    if state.now - state.quit_requested_at <= QUIT_MS {
        return quit(state);
    }
    state.quit_requested_at = state.now;
    state.pressed.keys.clear();
    state.say(format!("Press {key} again to quit. Your drafts are saved"));
    Effects::new()
}

pub(super) fn quit(state: &mut State) -> Effects {
    let mut effects = finish(state);
    effects.push(Effect::Quit);
    effects
}

/// Writes drafts and read lines, and sends what waits for its time to undo.
pub fn finish(state: &mut State) -> Effects {
    let mut effects = drafts::save(state);
    effects.extend(save_read_lines(state));
    for (until, _) in &mut state.undo.waiting {
        *until = state.now;
    }
    for outgoing in &mut state.texts.outbox {
        if matches!(outgoing.sending, Sending::Held(_)) {
            outgoing.sending = Sending::Held(state.now);
        }
    }
    effects.extend(user_actions::release_held(state));
    effects.extend(compose::release_outbox(state));
    read_only::keep_reads(state, &mut effects);
    effects
}

/// Writes how far the reader has come, here and on the server, so that it is the same on every device.
pub(super) fn save_read_lines(state: &mut State) -> Effects {
    state.reading.unsaved_since = None;
    let lines: String =
        state.reading.lines.iter().map(|(name, id)| format!("{name:?} = \"{id}\"\n")).collect();
    let mut effects = vec![Effect::Save(LocalItem::ReadLines, lines.into_bytes())];
    if state.connection.link == Link::Live && state.session.me.is_some() && !state.session.is_read_only {
        for timeline in std::mem::take(&mut state.reading.unsent) {
            let tweet_id = state.reading.lines.get(&timeline).copied().unwrap_or(0);
            let op = Op::SetReadLine(v1::SetReadLine { timeline, tweet_id });
            effects.push(effects::ask(Purpose::Background, op));
        }
    }
    effects
}
