//! A list that keeps the reader's position. Its anchor is the selected row and the screen line on which that row
//! begins: rows can be added, removed and resized around it, but only the user moves it.

use std::sync::Arc;

/// A row of a list.
pub trait Item: Clone + PartialEq {
    /// Whether it can be selected. Headings and separators cannot.
    fn can_be_selected(&self) -> bool;
}

/// Rows, the selected row, and the screen line on which that row begins.
#[derive(Debug, Clone)]
pub struct List<R> {
    /// Shared by copies of the list, which are made to measure rows while it changes.
    rows: Arc<Vec<R>>,
    cursor: usize,
    /// Screen line of the first line of the selected row; negative above the screen. `None`: the list is scrolled to
    /// its top, or as little as possible to show the selected row.
    line: Option<i32>,
    /// The selected row was removed and is a tombstone: it stays until the user moves.
    on_tombstone: bool,
}

impl<R> Default for List<R> {
    fn default() -> Self {
        Self { rows: Arc::default(), cursor: 0, line: None, on_tombstone: false }
    }
}

/// Returns the screen lines of a row.
pub type Height<'a, R> = &'a dyn Fn(&R) -> i32;

impl<R: Item> List<R> {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The index of the selected row.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The selected row; `None` if no row can be selected.
    #[must_use]
    pub fn selected(&self) -> Option<&R> {
        self.rows.get(self.cursor).filter(|row| row.can_be_selected())
    }

    /// Whether the selected row is a tombstone: removed from the list, and shown until the user moves.
    #[must_use]
    pub fn on_tombstone(&self) -> bool {
        self.on_tombstone
    }

    /// Replaces the rows and keeps the selected row on its screen line. If it was removed, it stays as a tombstone.
    pub fn set_rows(&mut self, mut rows: Vec<R>) {
        let Some(selected) = self.selected().cloned() else {
            self.rows = Arc::new(rows);
            self.cursor = self.rows.iter().position(R::can_be_selected).unwrap_or(0);
            self.line = None;
            self.on_tombstone = false;
            return;
        };
        if let Some(index) = rows.iter().position(|row| *row == selected) {
            self.rows = Arc::new(rows);
            self.cursor = index;
            self.on_tombstone = false;
            return;
        }
        let before = self.rows.iter().take(self.cursor).rev();
        let after_before =
            before.filter_map(|row| rows.iter().position(|new| new == row)).next().map(|n| n + 1);
        let mut after = self.rows.iter().skip(self.cursor + 1);
        let index = after_before
            .or_else(|| after.find_map(|row| rows.iter().position(|new| new == row)))
            .unwrap_or(0);
        rows.insert(index.min(rows.len()), selected);
        self.rows = Arc::new(rows);
        self.cursor = index.min(self.rows.len() - 1);
        self.on_tombstone = true;
    }

    /// Replaces the rows for a different view, such as a filter: scrolls to the top and keeps the selection if the row is
    /// still there.
    pub fn replace_rows(&mut self, rows: Vec<R>) {
        let selected = self.selected().filter(|_| !self.on_tombstone).cloned();
        *self = Self::default();
        self.set_rows(rows);
        if let Some(selected) = selected {
            self.select(|row| *row == selected);
        }
    }

    /// Fixes the selected row on its current screen line, so that rows inserted above do not push it down.
    pub fn pin(&mut self, height: i32, measure: Height<'_, R>) {
        if self.line.is_none() && self.selected().is_some() {
            self.line = Some(self.line(height, measure));
        }
    }

    /// The screen line on which the selected row begins, for a screen of this height.
    #[must_use]
    pub fn line(&self, height: i32, measure: Height<'_, R>) -> i32 {
        let own = self.rows.get(self.cursor).map_or(1, measure);
        if let Some(line) = self.line {
            // A smaller screen still shows the row, from its first line if that was visible.
            let line = line.max((1 - own).min(0));
            return if line + own > height { (height - own).max(line.min(0)) } else { line };
        }
        let last = (height - own).max(0);
        self.lines_above(last, measure).min(last)
    }

    /// Indices of the visible rows, and the screen line on which each begins.
    #[must_use]
    pub fn visible(&self, height: i32, measure: Height<'_, R>) -> Vec<(usize, i32)> {
        let mut shown = Vec::new();
        let start = self.line(height, measure);
        let mut line = start;
        for (index, row) in self.rows.iter().enumerate().take(self.cursor).rev() {
            if line <= 0 {
                break;
            }
            line -= measure(row);
            shown.push((index, line));
        }
        shown.reverse();
        let mut line = start;
        for (index, row) in self.rows.iter().enumerate().skip(self.cursor) {
            if line >= height {
                break;
            }
            shown.push((index, line));
            line += measure(row);
        }
        shown
    }

    /// Moves the selection by this many rows that can be selected, up if negative. Returns whether it moved.
    pub fn step(&mut self, by: isize, height: i32, measure: Height<'_, R>) -> bool {
        let mut line = self.line(height, measure);
        let mut moved = false;
        for _ in 0..by.unsigned_abs() {
            let Some(next) = self.next_selectable(by > 0) else { break };
            let range = if next > self.cursor { self.cursor..next } else { next..self.cursor };
            let between: i32 = self.rows.get(range).unwrap_or_default().iter().map(measure).sum();
            line += if next > self.cursor { between } else { -between };
            self.cursor = next;
            moved = true;
        }
        let own = self.rows.get(self.cursor).map_or(1, measure);
        self.line = Some(line.min(height - own).max(0));
        if moved {
            self.leave_tombstone();
        }
        self.clamp_line(height, measure);
        moved
    }

    /// Scrolls down by this many lines, up if negative. The selection moves only to stay on the screen.
    pub fn scroll(&mut self, by: i32, height: i32, measure: Height<'_, R>) {
        let mut line = self.line(height, measure) - by;
        self.line = Some(line);
        self.clamp_line(height, measure);
        line = self.line.unwrap_or(line);
        let before = self.cursor;
        if by > 0 {
            while line < 0 && line + self.rows.get(self.cursor).map_or(1, measure) <= height / 2 {
                let Some(next) = self.next_selectable(true) else { break };
                let passed: i32 =
                    self.rows.get(self.cursor..next).unwrap_or_default().iter().map(measure).sum();
                self.cursor = next;
                line += passed;
            }
        } else {
            while line >= height
                || (line > 0 && line + self.rows.get(self.cursor).map_or(1, measure) > height)
            {
                let Some(next) = self.next_selectable(false) else { break };
                let passed: i32 =
                    self.rows.get(next..self.cursor).unwrap_or_default().iter().map(measure).sum();
                self.cursor = next;
                line -= passed;
            }
        }
        self.line = Some(line);
        if before != self.cursor {
            self.leave_tombstone();
        }
    }

    /// Selects the first row that matches, at its natural position; `false` if there is none.
    pub fn select(&mut self, matches: impl Fn(&R) -> bool) -> bool {
        let found = self.rows.iter().position(|row| row.can_be_selected() && matches(row));
        if let Some(index) = found {
            self.go_to(index);
        }
        found.is_some()
    }

    /// Selects the first row that matches, on the screen line of the current selection; `false` if there is none.
    pub fn select_in_place(&mut self, matches: impl Fn(&R) -> bool) -> bool {
        let line = self.line;
        let found = self.select(matches);
        if found {
            self.line = line;
        }
        found
    }

    /// Scrolls to the top, as far as the selected row stays on the screen.
    pub fn show_top(&mut self) {
        self.line = None;
    }

    /// Selects the first row that can be selected.
    pub fn select_first(&mut self) {
        if let Some(index) = self.rows.iter().position(R::can_be_selected) {
            self.go_to(index);
        }
    }

    /// Selects the last row that can be selected, other than a tombstone.
    pub fn select_last(&mut self) {
        self.remove_tombstone();
        if let Some(index) = self.rows.iter().rposition(R::can_be_selected) {
            self.go_to(index);
        }
    }

    /// Removes the selected row if it is a tombstone. The next row is selected in its place, or the one before.
    pub fn remove_tombstone(&mut self) {
        if !std::mem::take(&mut self.on_tombstone) || self.cursor >= self.rows.len() {
            return;
        }
        Arc::make_mut(&mut self.rows).remove(self.cursor);
        let is_next = |index: &usize| self.rows.get(*index).is_some_and(R::can_be_selected);
        let next = (self.cursor..self.rows.len()).find(is_next);
        self.cursor = next.or_else(|| (0..self.cursor).rev().find(is_next)).unwrap_or(0);
    }

    /// Selects the row on this screen line; `false` if there is none, or it cannot be selected.
    pub fn select_line(&mut self, at: i32, height: i32, measure: Height<'_, R>) -> bool {
        let hit = self.visible(height, measure).into_iter().rev().find(|(_, line)| *line <= at);
        let Some((index, line)) = hit else { return false };
        let row = self.rows.get(index).filter(|row| row.can_be_selected());
        if row.is_none_or(|row| at >= line + measure(row)) {
            return false;
        }
        self.go_to(index);
        self.line = Some(line);
        true
    }

    fn go_to(&mut self, index: usize) {
        if index != self.cursor {
            self.cursor = index;
            self.leave_tombstone();
        }
        self.line = None;
    }

    fn next_selectable(&self, down: bool) -> Option<usize> {
        if down {
            let mut rows = self.rows.iter().enumerate().skip(self.cursor + 1);
            rows.find(|(_, row)| row.can_be_selected()).map(|(index, _)| index)
        } else {
            let mut rows = self.rows.iter().enumerate().take(self.cursor).rev();
            rows.find(|(_, row)| row.can_be_selected()).map(|(index, _)| index)
        }
    }

    /// The user left the tombstone: the next [`List::set_rows`] removes it.
    fn leave_tombstone(&mut self) {
        self.on_tombstone = false;
    }

    /// Lines of the rows above the selected one, counted up to at least `enough`.
    fn lines_above(&self, enough: i32, measure: Height<'_, R>) -> i32 {
        let mut sum = 0;
        for row in self.rows.iter().take(self.cursor).rev() {
            if sum >= enough {
                break;
            }
            sum += measure(row);
        }
        sum
    }

    /// Removes blank lines above the first row, and below the last row if rows above can fill them.
    fn clamp_line(&mut self, height: i32, measure: Height<'_, R>) {
        let Some(mut line) = self.line else { return };
        let mut below = line;
        for row in self.rows.iter().skip(self.cursor) {
            if below >= height {
                break;
            }
            below += measure(row);
        }
        line += (height - below).max(0);
        line = line.min(self.lines_above(line, measure));
        self.line = Some(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A number as a row. Every seventh is a heading.
    impl Item for u32 {
        fn can_be_selected(&self) -> bool {
            !self.is_multiple_of(7)
        }
    }

    fn measure(row: &u32) -> i32 {
        i32::try_from(row % 4).unwrap() + 1
    }

    fn list(rows: impl IntoIterator<Item = u32>) -> List<u32> {
        let mut list = List::default();
        list.set_rows(rows.into_iter().collect());
        list
    }

    #[test]
    fn a_new_list_is_at_its_top() {
        let list = list([7, 1, 2, 3]);
        assert_eq!(list.selected(), Some(&1));
        assert_eq!(list.visible(20, &measure), [(0, 0), (1, 4), (2, 6), (3, 9)]);
    }

    #[test]
    fn steps_keep_the_selection_on_the_screen() {
        let mut list = list(1..=40);
        for _ in 0..60 {
            list.step(1, 10, &measure);
            let line = list.line(10, &measure);
            assert!(line >= 0 && line + measure(list.selected().unwrap()) <= 10);
        }
        assert_eq!(list.selected(), Some(&40));
        assert!(!list.step(1, 10, &measure));
        for _ in 0..60 {
            list.step(-1, 10, &measure);
        }
        assert_eq!((list.selected(), list.line(10, &measure)), (Some(&1), 0));
    }

    #[test]
    fn a_row_taller_than_the_screen_can_be_scrolled_to_its_end() {
        let high = |row: &u32| if *row == 2 { 30 } else { 1 };
        let mut list = list([1, 2, 3]);
        list.step(1, 10, &high);
        assert_eq!(list.line(10, &high), 0);
        list.scroll(8, 10, &high);
        assert_eq!((list.selected(), list.line(10, &high)), (Some(&2), -8));
        list.scroll(100, 10, &high);
        assert_eq!(list.visible(10, &high).last(), Some(&(2, 9)));
    }

    #[test]
    fn a_removed_row_stays_as_a_tombstone_until_the_user_moves() {
        let mut list = list([1, 2, 3, 4]);
        list.step(1, 10, &measure);
        let line = list.line(10, &measure);
        list.set_rows(vec![1, 3, 4]);
        assert_eq!((list.selected(), list.on_tombstone(), list.line(10, &measure)), (Some(&2), true, line));
        list.step(1, 10, &measure);
        list.set_rows(vec![1, 3, 4]);
        assert_eq!((list.selected(), list.rows()), (Some(&3), &[1, 3, 4][..]));
    }

    #[derive(Debug, Clone)]
    enum Event {
        Insert(u32, usize),
        Delete(usize),
        Resize(i32),
        /// Everything is read again, as after a lost connection.
        Reconnect,
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (100_u32..2_000, any::<usize>()).prop_map(|(row, index)| Event::Insert(row, index)),
            any::<usize>().prop_map(Event::Delete),
            (12_i32..60).prop_map(Event::Resize),
            Just(Event::Reconnect),
        ]
    }

    proptest! {
        #[test]
        fn only_the_user_moves_the_anchor(
            steps in prop::collection::vec(-5_isize..8, 1..6),
            events in prop::collection::vec(event(), 1..60),
        ) {
            let mut height = 60;
            let mut list = list(1..60);
            let mut truth: Vec<u32> = (1..60).collect();
            for step in steps {
                list.step(step, 12, &measure);
            }
            let anchor = (list.selected().copied(), list.line(height, &measure));
            for event in events {
                match event {
                    Event::Insert(row, index) if !truth.contains(&row) => {
                        truth.insert(index % (truth.len() + 1), row);
                    }
                    Event::Delete(index) if !truth.is_empty() => {
                        truth.remove(index % truth.len());
                    }
                    Event::Resize(new) => height = new,
                    _ => {}
                }
                list.set_rows(truth.clone());
                prop_assert_eq!((list.selected().copied(), list.line(height, &measure)), anchor);
                let visible = list.visible(height, &measure);
                prop_assert!(visible.contains(&(list.cursor(), anchor.1)));
                let lines: Vec<i32> = visible.iter().map(|(_, line)| *line).collect();
                prop_assert!(lines.is_sorted());
            }
        }

        #[test]
        fn scrolling_keeps_rows_and_selection_on_the_screen(
            count in 1_u32..40,
            moves in prop::collection::vec((-30_i32..30, -3_isize..4), 1..40),
        ) {
            let mut list = list(1..=count);
            for (lines, steps) in moves {
                list.scroll(lines, 12, &measure);
                list.step(steps, 12, &measure);
                let visible = list.visible(12, &measure);
                prop_assert!(visible.iter().any(|(index, _)| *index == list.cursor()));
                let (first, top) = visible[0];
                prop_assert!(top <= 0 || first > 0, "blank above the first row: {visible:?}");
            }
        }
    }
}
