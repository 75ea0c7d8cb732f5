//! What a list shows before its first page: what it waits for. Why a loaded list is empty, its rows say.

use super::layout::{GUTTER, MARGIN};
use super::lines::{self, put};
use crate::state::{Link, Phase, QUIET_LOADING_MS, ScreenState, State};
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Draws what the list waits for, at its top.
pub(super) fn empty(state: &State, grid: &mut Grid, area: Area, screen: &ScreenState) {
    let Some(text) = text(state, screen) else { return };
    let width = usize::from(area.width.saturating_sub(GUTTER + MARGIN)).max(8);
    let lines = lines::words(&text, width, Style::of(ColorRole::Dim));
    for (y, line) in (area.y..area.y + area.height).zip(lines) {
        put(grid, area, area.x + GUTTER, y, &line, Surface::Plain);
    }
}

fn text(state: &State, screen: &ScreenState) -> Option<String> {
    if !matches!(screen.phase, Phase::New | Phase::Loading) || state.is_signed_out() {
        return None;
    }
    let waited = state.now - screen.requested_at;
    Some(match &state.connection.link {
        Link::Live if screen.is_loading && waited < QUIET_LOADING_MS => return None,
        Link::Live => "Loading…".to_owned(),
        Link::Late if screen.is_loading => format!("Waiting for the server… {} s", waited.max(0) / 1_000),
        Link::Late => "Waiting for the server…".to_owned(),
        Link::Connecting if state.connection.server.is_empty() => return None,
        Link::Connecting => format!("Connecting to {}…", state.called(&state.connection.server)),
        Link::Reconnecting(_) => {
            "Not loaded yet: there is no connection. It appears when you are back online.".to_owned()
        }
        Link::Stopped(why) => format!("Not loaded: {}", model::SafeText::line(why)),
    })
}
