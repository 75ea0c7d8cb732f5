//! Quitting: nothing that was typed is lost, and what can still be undone is sent.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{self, Effects};
use super::{drafts, outbox, pages, read_only, user_actions};
use crate::composer::Sending;
use crate::message::{Effect, LocalItem, Purpose};
use crate::state::{Link, State};
use crate::wording::count;

/// The time in which quitting is asked for a second time, in milliseconds.
const QUIT_MS: i64 = 3_000;

/// Quits when it is asked for twice in a row.
pub(super) fn ask(state: &mut State, key: &str) -> Effects {
    if state.now - state.quit_requested_at < QUIT_MS {
        return quit(state);
    }
    state.quit_requested_at = state.now;
    state.pressed.keys.clear();
    let kept = match Unsent::of(state) {
        Unsent { texts: 0, actions: 0, .. } => "Your drafts are saved",
        _ => "Your drafts, and what waits, are saved",
    };
    state.say(format!("Press {key} again to quit. {kept}"));
    if let Some(toast) = &mut state.toast {
        // What it says is true for as long.
        toast.until = Some(state.now + QUIT_MS);
    }
    Effects::new()
}

pub(super) fn quit(state: &mut State) -> Effects {
    let mut effects = finish(state);
    effects.push(Effect::Quit);
    effects
}

/// Writes drafts, read lines and cached pages, and sends what waits for its time to undo.
pub fn finish(state: &mut State) -> Effects {
    let mut effects = drafts::save(state);
    effects.extend(save_read_lines(state));
    effects.extend(pages::save_all(state));
    for (until, _) in &mut state.undo.waiting {
        *until = state.now;
    }
    for outgoing in &mut state.texts.outbox {
        if matches!(outgoing.sending, Sending::Held(_)) {
            outgoing.sending = Sending::Held(state.now);
        }
    }
    effects.extend(user_actions::release_held(state));
    effects.extend(outbox::release(state));
    // There may be no response before the end.
    effects.extend(user_actions::save_waiting(state, false));
    read_only::keep_reads(state, &mut effects);
    effects
}

/// What the server does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsent {
    /// Texts of the outbox that are going to be sent.
    texts: usize,
    /// Those that the server has refused.
    refused: usize,
    /// Actions without a response.
    actions: usize,
}

impl Unsent {
    /// What the server does not have now.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let outbox = &state.texts.outbox;
        let refused = outbox.iter().filter(|one| matches!(one.sending, Sending::Refused(_))).count();
        Self { texts: outbox.len() - refused, refused, actions: state.pending.unconfirmed() }
    }

    /// The same when the client begins to end. What was said before is no part of its last words.
    #[must_use]
    pub fn at_end(state: &mut State) -> Self {
        state.toast = None;
        Self::of(state)
    }

    /// The last words when the client has ended: what became of the texts that were not sent before, and what is
    /// kept for the next start. Whole lines; none if there is nothing to tell.
    #[must_use]
    pub fn last_words(self, state: &State) -> String {
        let mut lines = String::new();
        // Plain mode has printed it.
        let why = state.session.why_signed_out.iter().filter(|_| !state.terminal.capabilities.is_plain);
        lines.extend(why.map(|why| format!("{why}.\n")));
        if drafts::has_begun(state) {
            lines.push_str("Draft saved.\n");
        }
        let now = Self::of(state);
        let refused = now.refused.saturating_sub(self.refused);
        if self.texts > now.texts + refused {
            lines.push_str("Sent.\n");
        }
        if refused > 0 {
            let texts = counted(refused, "text", "texts");
            lines
                .push_str(&format!("The server refused {texts}. What you wrote is kept with your drafts.\n"));
        }
        // An action was refused.
        let problem = state.toast.as_ref().filter(|toast| toast.is_error && refused == 0);
        lines.extend(problem.map(|toast| format!("{}.\n", toast.text)));
        let waiting = [(now.texts, "text", "texts"), (now.actions, "action", "actions")];
        let waiting = waiting.into_iter().filter(|(count, ..)| *count > 0);
        let waiting: Vec<String> = waiting.map(|(count, one, many)| counted(count, one, many)).collect();
        if !waiting.is_empty() {
            let them = if now.texts + now.actions == 1 { "It is" } else { "They are" };
            lines.push_str(&format!(
                "Not sent yet: {}. {them} sent the next time you start Mini-Tweet with this account.\n",
                waiting.join(" and ")
            ));
        }
        lines
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    count(u32::try_from(number).unwrap_or(u32::MAX), one, many)
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
