//! The doctor screen: what the terminal supports, as lines for the user.

use crate::state::State;
use terminal::paint::Depth;

/// What the terminal supports, one line each.
#[must_use]
pub(crate) fn doctor(state: &State) -> Vec<String> {
    let can = &state.terminal.capabilities;
    let answer = |supported: Option<bool>, yes: &str, no: &str| match supported {
        Some(true) => yes.to_owned(),
        Some(false) => no.to_owned(),
        // Terminals answer in order: the last question was answered, this one was not.
        None if can.has_answered => no.to_owned(),
        None => "unknown: the terminal has not answered yet".to_owned(),
    };
    let colors = match can.depth {
        Depth::None => "none (NO_COLOR is set, or the terminal has none)",
        Depth::Sixteen => "the 16 colors of your terminal",
        Depth::Cube => "256",
        Depth::Exact => "24 bit (COLORTERM=truecolor)",
    };
    let background = match can.is_dark {
        Some(true) => "dark",
        Some(false) => "light",
        None => "unknown",
    };
    let sample = "|日本|é|👩‍🚀|🇩🇪|";
    vec![
        format!(
            "Terminal: {} with {}×{} cells",
            can.term, state.terminal.size.width, state.terminal.size.height
        ),
        format!("Colors: {colors}"),
        format!(
            "Synchronized output (mode 2026): {}",
            answer(can.synchronized, "yes, no flicker", "no, frames may flicker")
        ),
        format!(
            "Grapheme clusters (mode 2027): {}",
            answer(can.clusters, "yes", "no, some emoji may shift a line")
        ),
        format!("Background: {background}"),
        format!(
            "Links, clipboard and notifications use OSC 8, OSC 52 and OSC 9{}",
            if can.is_local { "" } else { "; over SSH they reach your own terminal" }
        ),
        format!("Width test: {sample} is {} columns wide", terminal::measure::columns(sample)),
        format!(
            "Theme {}, shortcuts {}, mouse {}",
            state.preferences.settings.theme,
            state.preferences.settings.preset,
            if state.preferences.settings.mouse { "on" } else { "off" }
        ),
        format!("Server: {} · {}", state.connection.server, state.connection.hello.server_version),
    ]
}
