//! Commands about the program: closing a screen, history, reloading, signing out, the user's own
//! server.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask, ask_about_me};
use super::{lists, navigation, notify, quit, tabs};
use crate::message::{Effect, Purpose};
use crate::route::Route;
use crate::setup::{PROBE, PROBE_WIDTH};
use crate::state::State;

/// One step back; on the first screen, asks to quit.
pub(super) fn close(state: &mut State) -> Effects {
    if state.screens.index == 0 { quit::ask(state, "q") } else { tabs::back(state) }
}

pub(super) fn history_back(state: &mut State) -> Effects {
    navigation::travel(state, state.screens.index.saturating_sub(1))
}

pub(super) fn history_forward(state: &mut State) -> Effects {
    navigation::travel(state, state.screens.index + 1)
}

/// Requests everything that is shown, and draws the whole screen again.
pub(super) fn reload(state: &mut State) -> Effects {
    let mut effects = lists::reload(state);
    effects.extend(ask_about_me());
    if *state.route() == Route::Doctor {
        effects.push(Effect::Terminal(format!("{PROBE_WIDTH}{PROBE}")));
        effects.push(Effect::MeasureRoundTrip);
    }
    effects.push(Effect::Terminal(String::new()));
    effects
}

pub(super) fn toggle_side_pane(state: &mut State) -> Effects {
    state.shows_side_pane = !state.shows_side_pane;
    Effects::new()
}

pub(super) fn test_notification(state: &mut State) -> Effects {
    let effects = notify::send(state, "Notifications from Mini-Tweet look like this");
    state.say(if effects.is_empty() {
        "Notifications and bell are off: turn on notify or bell in the settings"
    } else {
        "Sent. If nothing appears, this terminal has no notifications: try bell = true"
    });
    effects
}

pub(super) fn log_out(_: &mut State) -> Effects {
    vec![ask(Purpose::LogOut, Op::LogOut(v1::LogOut { everywhere: false }))]
}

pub(super) fn log_out_everywhere(_: &mut State) -> Effects {
    vec![ask(Purpose::LogOut, Op::LogOut(v1::LogOut { everywhere: true }))]
}

/// Starts the user's own server on this computer.
pub(super) fn start_server(state: &mut State) -> Effects {
    state.report("Starting a server on this computer");
    vec![Effect::HostHere]
}

pub(super) fn stop_server(state: &mut State) -> Effects {
    state.report("Stopping the server on this computer");
    vec![Effect::StopHere]
}
