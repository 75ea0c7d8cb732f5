//! Brings the rows of screens up to date, and keeps the reader's row where it is on the screen.

use std::collections::HashSet;

use crate::entities::Entities;
use crate::news::News;
use crate::route::Route;
use crate::row::Row;
use crate::rows::rows;
use crate::state::State;
use crate::view::layout::{height, is_at_top, list_size};
use terminal::list::{Item as _, List};

/// The tweets among these rows that are directly above or below the one they reply to.
fn next_to_parent(entities: &Entities, rows: &[Row]) -> HashSet<u64> {
    let shown: Vec<Option<u64>> = rows.iter().map(|row| Some(entities.original(row.tweet()?))).collect();
    let replies = shown.windows(2).flat_map(|pair| {
        let [Some(above), Some(below)] = *pair else { return [None, None] };
        let answers = |one, other| entities.tweet(one).filter(|tweet| tweet.reply_to == other).map(|_| one);
        [answers(above, below), answers(below, above)]
    });
    replies.flatten().collect()
}

/// Whether the screen begins at one of its rows, with older ones above it.
fn grows_around_the_reader(route: &Route) -> bool {
    matches!(route, Route::Thread(_) | Route::Conversation(_))
}

impl State {
    /// Makes the rows of a screen again. The reader's row stays where it is.
    pub(super) fn refresh(&mut self, route: &Route) {
        let is_read = route == self.route();
        if is_read {
            self.pin();
        }
        let Some(screen) = self.screens.by_route.get(route) else { return };
        let rows = rows(self, route, screen);
        let is_replaced =
            screen.list.selected().is_some_and(|row| row.is_placeholder() && !rows.contains(row));
        // People whom a new home feed suggests come first, whenever the server names them.
        let begins = *route == Route::Home
            && screen.ids.is_empty()
            && matches!(screen.list.selected(), Some(Row::Hashtag(_) | Row::Offer(..)))
            && !screen.list.rows().iter().take(screen.list.cursor()).any(Row::can_be_selected);
        // Only the user changes the list of drafts.
        let stays_at_top = *route == Route::Drafts && is_at_top(self, screen);
        if let Some(screen) = self.screens.by_route.get_mut(route) {
            if is_replaced {
                screen.list.replace_rows(rows);
            } else {
                screen.list.set_rows(rows);
            }
            // A draft goes because the user sent, emptied or discarded it.
            let is_over = match screen.list.selected() {
                Some(Row::Draft(_)) => true,
                Some(Row::Outgoing(_)) => !is_read,
                _ => false,
            };
            if is_over {
                screen.list.remove_tombstone();
            }
            if stays_at_top {
                screen.list.show_top();
            }
            if begins {
                screen.list.select_first();
            }
            screen.next_to_parent = next_to_parent(&self.entities, screen.list.rows());
            screen.is_unsaved = true;
            // Over ssh no pages are saved.
            if self.terminal.capabilities.is_local {
                self.screens.unsaved_since.get_or_insert(self.now);
            }
        }
    }

    /// Makes the rows of a screen again after the user took this one away: it leaves no tombstone.
    pub(super) fn remove_row(&mut self, route: &Route, row: &Row) {
        self.refresh(route);
        if let Some(screen) = self.screens.by_route.get_mut(route)
            && screen.list.selected() == Some(row)
        {
            screen.list.remove_tombstone();
        }
    }

    /// Removes the tombstone of a text that was sent while the reader was on it.
    pub(super) fn forget_sent(&mut self, route: &Route) {
        if let Some(screen) = self.screens.by_route.get_mut(route)
            && matches!(screen.list.selected(), Some(Row::Outgoing(_)))
        {
            screen.list.remove_tombstone();
        }
    }

    /// The first row of a list that is scrolled to its top.
    pub(super) fn top_row(&self, route: &Route) -> Option<Row> {
        if grows_around_the_reader(route) {
            return None;
        }
        let screen = self.screens.by_route.get(route).filter(|screen| is_at_top(self, screen))?;
        screen.list.rows().iter().find(|row| !row.is_head()).cloned()
    }

    /// Scrolls a list to its top again if what came above this row, which was the first one, is not new, such as what
    /// the user wrote: it would be hidden without a sign. A placeholder is no place to stay at.
    pub(super) fn stay_at_top(&mut self, route: &Route, was_first: &Row) {
        let Some(screen) = self.screens.by_route.get(route) else { return };
        let is_there = screen.list.rows().contains(was_first);
        let above =
            || screen.list.rows().iter().filter(|row| !row.is_head()).take_while(|row| *row != was_first);
        let has_news = matches!(route, Route::Notifications(_) | Route::Conversations) || route.is_timeline();
        let is_new = has_news && News::among(self, screen, above()).are_some();
        let is_known = is_there && above().count() > 0 && !is_new;
        let is_first = !is_there && was_first.is_placeholder();
        if (is_known || is_first)
            && let Some(screen) = self.screens.by_route.get_mut(route)
        {
            screen.list.show_top();
        }
    }

    /// Scrolls a list that is opened again to its top, if the reader's row is on the screen then: what has come above it
    /// since would be hidden. In a timeline it is counted instead.
    pub(super) fn reopen(&mut self, route: &Route) {
        let Some(screen) = self.screens.by_route.get_mut(route) else { return };
        if grows_around_the_reader(route) || route.is_timeline() {
            return;
        }
        let before = screen.list.clone();
        screen.list.show_top();
        if !self.screens.by_route.get(route).is_some_and(|screen| is_at_top(self, screen))
            && let Some(screen) = self.screens.by_route.get_mut(route)
        {
            screen.list = before;
        }
    }

    /// Makes the rows of every screen in memory again.
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
            screen.next_to_parent = next_to_parent(&self.entities, screen.list.rows());
        }
    }

    /// Shows only the rows of the current screen that contain these words; an empty text shows all.
    pub(super) fn set_filter(&mut self, words: String) {
        let screen = self.screen_mut();
        if words.is_empty() {
            screen.found = None;
        }
        screen.filter = words;
        let route = self.route().clone();
        self.replace_rows(&route);
    }

    /// Fixes the screen line of the reader's row, whatever changes above it.
    pub(super) fn pin(&mut self) {
        let (rows_high, width) = list_size(self);
        let route = self.route().clone();
        let Some(mut list) = self.screens.by_route.get(&route).map(|screen| screen.list.clone()) else {
            return;
        };
        list.pin(rows_high, &|row| height(self, row, width));
        self.screen_mut().list = list;
    }

    /// Changes the list of the current screen; the closure can measure rows with the state, which still has the list:
    /// the height of a row can depend on the one above it.
    pub(super) fn with_list(&mut self, change: impl FnOnce(&Self, &mut List<Row>)) {
        let mut list = self.screen_mut().list.clone();
        change(self, &mut list);
        self.screen_mut().list = list;
        // The tombstone of a deleted row disappears when the reader leaves it.
        let route = self.route().clone();
        if !self.screens.by_route.get(&route).is_some_and(|screen| screen.list.on_tombstone()) {
            self.refresh(&route);
        }
    }
}
