//! The other accounts of this machine: their menu, and what is unread in them.

use super::effects::Effects;
use super::prompts;
use crate::message::Effect;
use crate::prompt::PromptKind;
use crate::state::State;

/// Asks what is unread in the other accounts, if it is time and someone is signed in.
pub(super) fn check(state: &mut State) -> Effects {
    if state.session.me.is_none() {
        return Effects::new();
    }
    let next = state.live.elsewhere.begin(state.now, &state.session.others);
    next.into_iter().map(Effect::CheckUnread).collect()
}

/// When the next check begins, in Unix milliseconds.
pub(super) fn next_check(state: &State) -> Option<i64> {
    let can_check = state.session.me.is_some() && !state.session.others.is_empty();
    state.live.elsewhere.due_at(state.now).filter(|_| can_check)
}

/// How much is unread in another account. What could not be asked is not said: it is asked again.
pub(super) fn answered(state: &mut State, name: &str, unread: Option<u32>) -> Effects {
    let next = state.live.elsewhere.answered(state.now, name, unread);
    next.into_iter().map(Effect::CheckUnread).collect()
}

/// Opens the menu of accounts.
pub(super) fn listed(state: &mut State, names: Vec<String>) -> Effects {
    let own = state.account_name();
    state.session.others = names.iter().filter(|name| **name != own).cloned().collect();
    state.live.elsewhere.keep(&names);
    prompts::open(state, PromptKind::Accounts(names))
}
