//! What the server says about itself, and the operator's announcements.

use model::SafeText;
use protocol::v1;

use super::effects::Effects;
use super::forms;
use crate::log::Level;
use crate::message::{Effect, LocalItem};
use crate::route::Route;
use crate::state::State;

/// Stores what the server says about itself.
pub(super) fn learn(state: &mut State, info: v1::ServerInfo) {
    announced(state, info.announcement.clone());
    state.connection.info = info;
    forms::offer_rules(state);
    // What comes first is read first, whatever was selected before it was there.
    state.replace_rows(&Route::About);
}

/// The operator's announcement is this now; an empty one was withdrawn.
pub(super) fn announced(state: &mut State, text: String) {
    if text == state.live.announcement {
        return;
    }
    state.live.announcement = text;
    if state.announcement().is_empty() {
        return;
    }
    let line = state.announcement().split_whitespace().collect::<Vec<_>>().join(" ");
    let text = format!("Announcement: {}", SafeText::line(&line));
    if state.is_signed_out() && !state.terminal.capabilities.is_plain {
        // The screens of a session name it in their titles.
        state.note(Level::Info, text);
    } else {
        // In plain mode, which has no banner, the message is all there is.
        state.report(text);
    }
    state.refresh(&Route::About);
}

/// Hides the announcement, also at later starts.
pub(super) fn dismiss(state: &mut State) -> Effects {
    if state.announcement().is_empty() {
        state.say("There is no announcement");
        return Effects::new();
    }
    state.live.dismissed.clone_from(&state.live.announcement);
    state.say("Dismissed; :about shows it again");
    state.refresh(&Route::About);
    vec![Effect::Save(LocalItem::Dismissed, state.live.dismissed.clone().into_bytes())]
}
