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
        if route == self.route() {
            self.pin();
        }
        let Some(screen) = self.screens.by_route.get(route) else { return };
        let rows = rows(self, route, screen);
        if let Some(screen) = self.screens.by_route.get_mut(route) {
            screen.list.set_rows(rows);
        }
    }

    /// The same for every screen in memory.
    pub(super) fn refresh_all(&mut self) {
        for route in self.screens.by_route.keys().cloned().collect::<Vec<_>>() {
            self.refresh(&route);
        }
    }

    /// Makes the rows of a screen again after the reader chose other rows, with a filter for example.
    pub(super) fn replace_rows(&mut self, route: &Route) {
        let Some(screen) = self.screens.by_route.get(route) else { return };
        let rows = rows(self, route, screen);
        if let Some(screen) = self.screens.by_route.get_mut(route) {
            screen.list.replace_rows(rows);
        }
    }

    /// Shows only the rows of the current screen that contain these words; an empty text shows all.
    pub(super) fn set_filter(&mut self, words: String) {
        self.screen_mut().filter = words;
        let route = self.route().clone();
        self.replace_rows(&route);
    }

    /// Fixes the screen line of the reader's row, whatever changes above it.
    pub(super) fn pin(&mut self) {
        // Before the list is taken out: in a chat its rows decide how high the list is.
        let (rows_high, width) = list_size(self);
        let route = self.route().clone();
        let Some(mut list) =
            self.screens.by_route.get_mut(&route).map(|screen| std::mem::take(&mut screen.list))
        else {
            return;
        };
        list.pin(rows_high, &|row| height(self, row, width));
        self.screen_mut().list = list;
    }

    /// Changes the list of the current screen; the closure can measure rows with the rest of the state.
    pub(super) fn with_list(&mut self, change: impl FnOnce(&Self, &mut List<Row>)) {
        let mut list = std::mem::take(&mut self.screen_mut().list);
        change(self, &mut list);
        self.screen_mut().list = list;
        // The tombstone of a deleted row disappears when the reader leaves it.
        let route = self.route().clone();
        if !self.screens.by_route.get(&route).is_some_and(|screen| screen.list.on_tombstone()) {
            self.refresh(&route);
        }
    }
}
