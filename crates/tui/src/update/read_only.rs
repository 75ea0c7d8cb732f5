//! Read-only mode: no request that changes something leaves the client, whichever command or key asked for it.

use protocol::v1::request::Op;

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
        effects.retain(|effect| !matches!(effect, Effect::Ask(_, op, _) if !is_read(op)));
    }
}

/// Whether a request changes nothing but the session of this client. A request that is not listed counts as a change.
fn is_read(op: &Op) -> bool {
    match op {
        Op::LogOut(log_out) => !log_out.everywhere,
        Op::LogIn(_)
        | Op::CheckUsername(_)
        | Op::GetProfile(_)
        | Op::GetThread(_)
        | Op::GetTrends(_)
        | Op::GetTweet(_)
        | Op::GetTweetHistory(_)
        | Op::ListAccounts(_)
        | Op::ListConversations(_)
        | Op::ListNotifications(_)
        | Op::ListOnline(_)
        | Op::ListReadLines(_)
        | Op::ListSessions(_)
        | Op::ListSshKeys(_)
        | Op::ReadConversation(_)
        | Op::ReadTimeline(_)
        | Op::SearchHashtags(_)
        | Op::SearchPeople(_) => true,
        _ => false,
    }
}
