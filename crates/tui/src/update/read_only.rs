//! Read-only mode: no request that changes something leaves the client, whichever command or key asked for it.

use crate::message::Effect;
use crate::state::State;
use crate::wording::READ_ONLY;

/// Whether this is refused because the client only reads; says so.
pub(super) fn refuses(state: &mut State) -> bool {
    if state.session.is_read_only {
        state.say(READ_ONLY);
    }
    state.session.is_read_only
}

/// Removes requests that change something, if the client only reads.
pub(super) fn keep_reads(state: &State, effects: &mut Vec<Effect>) {
    if state.session.is_read_only {
        effects.retain(|effect| !matches!(effect, Effect::Ask(_, op, _) if op.operation().is_change()));
    }
}
