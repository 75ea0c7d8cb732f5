//! Desktop notifications and the bell, as escape sequences for the terminal.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::SafeText;

use super::effects::Effects;
use crate::message::Effect;
use crate::state::State;

/// Notifies the user, unless the terminal has the focus or it is a quiet hour. After a notification, further ones wait
/// for a second and become one.
pub(super) fn notify(state: &mut State, text: &str) -> Effects {
    if state.terminal.is_focused || is_quiet_hour(state) {
        return Effects::new();
    }
    let due = state.live.alerts.add(state.now, text);
    due.map_or_else(Effects::new, |text| send(state, &text))
}

/// Sends the notification that waited, if it is time.
pub(super) fn notify_waiting(state: &mut State) -> Effects {
    match state.live.alerts.due(state.now) {
        Some(text) if !state.terminal.is_focused => send(state, &text),
        _ => Effects::new(),
    }
}

/// Notifies the user in the ways that are turned on; no effects if there is none.
pub(super) fn send(state: &State, text: &str) -> Effects {
    let mut bytes = String::new();
    if state.preferences.settings.notify {
        bytes.push_str(&sequence(&state.terminal.capabilities.term, SafeText::line(text).as_str()));
    }
    if state.preferences.settings.bell {
        bytes.push('\x07');
    }
    if bytes.is_empty() { Effects::new() } else { vec![Effect::Terminal(bytes)] }
}

fn is_quiet_hour(state: &State) -> bool {
    let zone = state.terminal.capabilities.zone.clone().unwrap_or(TimeZone::UTC);
    let time = Timestamp::from_millisecond(state.now).unwrap_or_default().to_zoned(zone);
    state.preferences.settings.quiet.has(&time)
}

/// The notification of this terminal: OSC 99 of kitty, OSC 777 of rxvt and foot, or OSC 9 of iTerm2, which most others
/// support.
fn sequence(term: &str, text: &str) -> String {
    if term.contains("kitty") {
        format!("\x1b]99;;{text}\x1b\\")
    } else if term.starts_with("rxvt") || term.starts_with("foot") {
        format!("\x1b]777;notify;Mini-Tweet;{text}\x1b\\")
    } else {
        format!("\x1b]9;{text}\x1b\\")
    }
}
