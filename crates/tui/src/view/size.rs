//! The classes of screens by their size.

use crate::state::State;
use terminal::grid::Size;

/// Below this number of rows, blank rows that only divide are left out.
const ROOMY_ROWS: u16 = 20;

/// How much of the screen there is, which decides what is shown around the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SizeClass {
    /// The list alone.
    Tiny,
    /// Short tabs and hints; the side pane takes the place of the list.
    Narrow,
    /// Tabs and hints; the side pane is next to the list on request.
    Medium,
    /// Sidebar, list and side pane.
    Wide,
    /// The same with more space.
    ExtraWide,
}

impl SizeClass {
    /// The class of a screen.
    pub(crate) fn of(size: Size) -> Self {
        match size {
            Size { width: ..50, .. } | Size { height: ..14, .. } => Self::Tiny,
            Size { width: ..70, .. } => Self::Narrow,
            Size { width: ..110, .. } => Self::Medium,
            Size { width: ..160, .. } => Self::Wide,
            _ => Self::ExtraWide,
        }
    }
}

/// Whether there is space for blank rows that only divide.
pub(super) fn is_roomy(state: &State) -> bool {
    state.terminal.size.height >= ROOMY_ROWS
}
