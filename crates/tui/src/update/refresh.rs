//! Brings the rows of screens up to date, and keeps the reader's row where it is on the screen.

use crate::route::Route;
use crate::row::Row;
use crate::rows::rows;
use crate::state::State;
use crate::view::layout::{height, list_size};
use terminal::list::List;

impl State {
    /// Makes the rows of a screen again. The reader's row stays where it is.
    pub(super) fn refresh(&mut self, route: &Route) {
        if route == self.place() {
            self.pin();
        }
        let Some(panel) = self.panels.get(route) else { return };
        let rows = rows(self, route, panel);
        if let Some(panel) = self.panels.get_mut(route) {
            panel.list.set_rows(rows);
        }
    }

    /// The same for every screen in memory.
    pub(super) fn refresh_all(&mut self) {
        for route in self.panels.keys().cloned().collect::<Vec<_>>() {
            self.refresh(&route);
        }
    }

    /// Makes the rows of a screen again after the reader chose other rows, with a filter for example.
    pub(super) fn replace_rows(&mut self, route: &Route) {
        let Some(panel) = self.panels.get(route) else { return };
        let rows = rows(self, route, panel);
        if let Some(panel) = self.panels.get_mut(route) {
            panel.list.replace_rows(rows);
        }
    }

    /// Shows only the rows of the current screen that contain these words; an empty text shows all.
    pub(super) fn set_filter(&mut self, words: String) {
        self.panel_mut().filter = words;
        let route = self.place().clone();
        self.replace_rows(&route);
    }

    /// Fixes the screen line of the reader's row, whatever changes above it.
    pub(super) fn pin(&mut self) {
        // Before the list is taken out: in a chat its rows decide how high the list is.
        let (rows_high, width) = list_size(self);
        let route = self.place().clone();
        let Some(mut list) = self.panels.get_mut(&route).map(|panel| std::mem::take(&mut panel.list)) else {
            return;
        };
        list.pin(rows_high, &|row| height(self, row, width));
        self.panel_mut().list = list;
    }

    /// Changes the list of the current screen; the closure can measure rows with the rest of the state.
    pub(super) fn with_list(&mut self, change: impl FnOnce(&Self, &mut List<Row>)) {
        let mut list = std::mem::take(&mut self.panel_mut().list);
        change(self, &mut list);
        self.panel_mut().list = list;
        // The tombstone of a deleted row disappears when the reader leaves it.
        let route = self.place().clone();
        if !self.panels.get(&route).is_some_and(|panel| panel.list.is_ghost()) {
            self.refresh(&route);
        }
    }
}
