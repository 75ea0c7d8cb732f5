//! What happens after a time: saving, sending, expiring, polling.

use super::effects::Effects;
use super::{
    drafts, forms, lists, notifications, notify, other_accounts, outbox, pages, preview, quit, user_actions,
};
use crate::composer::Sending;
use crate::state::{KEY_HINT_MS, Link, QUIET_LOADING_MS, State};

/// Delay from the first unsaved key to saving the draft, in milliseconds.
const SAVE_DRAFT_MS: i64 = 200;
/// The same for read lines.
const SAVE_LINES_MS: i64 = 2_000;
/// Ages on the screen change once a minute.
const MINUTE_MS: i64 = 60_000;

/// Does what is due.
pub(super) fn on_time(state: &mut State) -> Effects {
    let now = state.now;
    let mut effects = Effects::new();
    let ends = state.toast.as_ref().filter(|toast| !toast.is_error).and_then(|toast| toast.until);
    if ends.is_some_and(|until| until <= now) {
        state.toast = None;
    }
    if state.texts.unsaved_since.is_some_and(|since| since + SAVE_DRAFT_MS <= now) {
        effects.extend(drafts::save(state));
    }
    if state.reading.unsaved_since.is_some_and(|since| since + SAVE_LINES_MS <= now) {
        effects.extend(quit::save_read_lines(state));
    }
    if state.screens.unsaved_since.is_some_and(|since| since + pages::SAVE_PAGES_MS <= now) {
        effects.extend(pages::save_changed(state));
    }
    state.undo.expire(now);
    state.pending.expire(now);
    effects.extend(user_actions::retry(state));
    effects.extend(user_actions::release_held(state));
    effects.extend(outbox::release(state));
    effects.extend(lists::poll_trends(state));
    effects.extend(forms::check_username(state));
    effects.extend(notify::notify_waiting(state));
    effects.extend(notifications::mark_watched(state));
    effects.extend(other_accounts::check(state));
    outbox::keep_saying(state);
    effects
}

/// The time of the next `Message::Woke`, if nothing else happens before; Unix milliseconds.
#[must_use]
pub fn deadline(state: &State) -> Option<i64> {
    let held = state.texts.outbox.iter().filter_map(|outgoing| match outgoing.sending {
        Sending::Held(until) => Some(until),
        _ => None,
    });
    let retried = state.texts.outbox.iter().filter_map(|outgoing| match &outgoing.sending {
        Sending::Retrying(at, _) | Sending::Limited(at, _) => Some(*at),
        _ => None,
    });
    let can_ask =
        state.connection.link == Link::Live && state.session.me.is_some() && !state.session.is_read_only;
    // The seconds that are left to undo are shown.
    let counting = state.undo.waiting.iter().map(|(until, _)| *until).chain(held);
    let counting = counting.min().map(|until| until.min(state.now - state.now.rem_euclid(1_000) + 1_000));
    let typing = state.screen().map(|screen| screen.typing_until).filter(|until| *until > state.now);
    let hint = (!state.pressed.keys.is_empty())
        .then(|| state.pressed.since + KEY_HINT_MS)
        .filter(|at| *at > state.now);
    let shows_ages = state.screen().is_some_and(|screen| !screen.list.rows().is_empty());
    let loading = state.screen().filter(|screen| screen.is_loading).map(|screen| screen.requested_at);
    let loading = loading.map(|since| {
        let shown = since + QUIET_LOADING_MS;
        // The seconds of waiting are shown.
        let second = state.now - (state.now - since).rem_euclid(1_000) + 1_000;
        if shown > state.now { shown } else { second }
    });
    let loading =
        loading.filter(|at| *at <= state.now + QUIET_LOADING_MS || state.connection.link == Link::Late);
    let minute = shows_ages.then(|| state.now - state.now.rem_euclid(MINUTE_MS) + MINUTE_MS);
    [
        state.toast.as_ref().filter(|toast| !toast.is_error).and_then(|toast| toast.until),
        state.screens.unsaved_since.map(|since| since + pages::SAVE_PAGES_MS),
        state.texts.unsaved_since.map(|since| since + SAVE_DRAFT_MS),
        state.reading.unsaved_since.map(|since| since + SAVE_LINES_MS),
        counting,
        retried.min(),
        state.undo.next_expiry(),
        state.pending.next_retry().filter(|_| can_ask),
        typing,
        hint,
        loading,
        minute,
        state.form.as_ref().and_then(|form| form.check_at),
        state.live.alerts.due_at(),
        preview::due_at(state),
        state.live.read_at,
        state.live.tweets.due_at,
        other_accounts::next_check(state),
    ]
    .into_iter()
    .flatten()
    .min()
}
