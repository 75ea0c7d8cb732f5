//! Copies texts to the clipboard of the terminal (OSC 52), which also works over ssh.

use model::{Entity, SafeText, entities};

use super::effects::Effects;
use crate::message::Effect;
use crate::state::State;
use terminal::measure::fit;

/// Columns of the copied text that the message shows.
const SHOWN_COLUMNS: usize = 40;

/// Copies the first link of a text, or what it belongs to if it has none.
pub(super) fn copy_link(state: &mut State, text: &str, id: u64) -> Effects {
    let first = entities(text).into_iter().find(|(_, entity)| *entity == Entity::Link);
    let link = first.and_then(|(range, _)| text.get(range)).map(str::to_owned);
    copy(state, link.or_else(|| Some(id.to_string())))
}

/// Copies the command line that shows this screen.
pub(super) fn copy_command(state: &mut State) -> Effects {
    let line = state.route().command_line().map(|line| format!("mini-tweet {line}"));
    copy(state, line)
}

/// Copies a text.
pub(super) fn copy(state: &mut State, text: Option<String>) -> Effects {
    let Some(text) = text else {
        state.say("Nothing to copy here");
        return Effects::new();
    };
    state.say(format!("Copied: {}", fit(SafeText::line(&text).as_str(), SHOWN_COLUMNS)));
    vec![to_clipboard(&text)]
}

/// The escape sequence that sets the clipboard.
pub(super) fn to_clipboard(text: &str) -> Effect {
    Effect::Terminal(format!("\x1b]52;c;{}\x07", data_encoding::BASE64.encode(text.as_bytes())))
}
