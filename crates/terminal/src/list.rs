//! A list that never loses the reader's place. Its anchor is the selected row and the screen line on which that row
//! begins: rows may come, go and change their height around it, and only the reader moves it.

/// A row of a list.
pub trait Item: Clone + PartialEq {
    /// Whether the reader can stand on it. Headings and lines between things cannot be stood on.
    fn can_be_selected(&self) -> bool;
}

/// Rows, the one that is selected, and where on the screen it begins.
#[derive(Debug, Clone)]
pub struct List<R> {
    rows: Vec<R>,
    cursor: usize,
    /// Screen line of the first line of the selected row, possibly above the screen. `None`: as near to the top
    /// as the rows before it allow.
    line: Option<i32>,
    /// The selected row is gone; it stands here until the reader moves.
    is_ghost: bool,
}

impl<R> Default for List<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), cursor: 0, line: None, is_ghost: false }
    }
}

/// Lines that a row takes on the screen.
pub type Height<'a, R> = &'a dyn Fn(&R) -> i32;

impl<R: Item> List<R> {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &[R] {
        &self.rows
    }

    /// The place of the selected row.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&R> {
        self.rows.get(self.cursor).filter(|row| row.can_be_selected())
    }

    /// Whether the selected row is no longer in the list.
    #[must_use]
    pub fn is_ghost(&self) -> bool {
        self.is_ghost
    }

    /// What the list is now. The reader stays where they are, even on a row that is gone.
    pub fn set_rows(&mut self, rows: Vec<R>) {
        let Some(selected) = self.selected().cloned() else {
            self.rows = rows;
            self.cursor = self.rows.iter().position(R::can_be_selected).unwrap_or(0);
            self.line = None;
            self.is_ghost = false;
            return;
        };
        if let Some(place) = rows.iter().position(|row| *row == selected) {
            self.rows = rows;
            self.cursor = place;
            self.is_ghost = false;
            return;
        }
        let before = self.rows.iter().take(self.cursor).rev();
        let after_before =
            before.filter_map(|row| rows.iter().position(|new| new == row)).next().map(|n| n + 1);
        let mut after = self.rows.iter().skip(self.cursor + 1);
        let place = after_before
            .or_else(|| after.find_map(|row| rows.iter().position(|new| new == row)))
            .unwrap_or(0);
        self.rows = rows;
        self.rows.insert(place.min(self.rows.len()), selected);
        self.cursor = place.min(self.rows.len() - 1);
        self.is_ghost = true;
    }

    /// What the list is after the reader asked for something else in it: it begins anew, on the same row if that
    /// is there.
    pub fn replace_rows(&mut self, rows: Vec<R>) {
        let selected = self.selected().filter(|_| !self.is_ghost).cloned();
        *self = Self::default();
        self.set_rows(rows);
        if let Some(selected) = selected {
            self.select(|row| *row == selected);
        }
    }

    /// From now on the selected row stays on the line where it is shown now, whatever comes above it.
    pub fn pin(&mut self, height: i32, measure: Height<'_, R>) {
        if self.line.is_none() && self.selected().is_some() {
            self.line = Some(self.line(height, measure));
        }
    }

    /// Where the selected row begins on a screen of this height.
    #[must_use]
    pub fn line(&self, height: i32, measure: Height<'_, R>) -> i32 {
        let own = self.rows.get(self.cursor).map_or(1, measure);
        if let Some(line) = self.line {
            // A smaller screen must still show it, from its beginning if that was seen.
            let line = line.max((1 - own).min(0));
            return if line + own > height { (height - own).max(line.min(0)) } else { line };
        }
        let room = (height - own).max(0);
        self.above(room, measure).min(room)
    }

    /// The rows that a screen of this height shows, with the line on which each begins.
    #[must_use]
    pub fn visible(&self, height: i32, measure: Height<'_, R>) -> Vec<(usize, i32)> {
        let mut shown = Vec::new();
        let start = self.line(height, measure);
        let mut line = start;
        for (place, row) in self.rows.iter().enumerate().take(self.cursor).rev() {
            if line <= 0 {
                break;
            }
            line -= measure(row);
            shown.push((place, line));
        }
        shown.reverse();
        let mut line = start;
        for (place, row) in self.rows.iter().enumerate().skip(self.cursor) {
            if line >= height {
                break;
            }
            shown.push((place, line));
            line += measure(row);
        }
        shown
    }

    /// Goes to the next row that can be selected, this many times; back when negative. Whether it moved at all.
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
            self.bury_tombstone();
        }
        self.settle(height, measure);
        moved
    }

    /// Moves the screen down over the rows by lines, up when negative; the selection comes along when it would
    /// leave the screen.
    pub fn scroll(&mut self, by: i32, height: i32, measure: Height<'_, R>) {
        let mut line = self.line(height, measure) - by;
        self.line = Some(line);
        // Only as far as there are rows.
        self.settle(height, measure);
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
            self.bury_tombstone();
        }
    }

    /// Goes to the first row that fits; whether there is one.
    pub fn select(&mut self, fits: impl Fn(&R) -> bool) -> bool {
        let found = self.rows.iter().position(|row| row.can_be_selected() && fits(row));
        if let Some(place) = found {
            self.go_to(place);
        }
        found.is_some()
    }

    /// Goes to the first row that fits and shows it where the selected one was; whether there is one.
    pub fn stand_on(&mut self, fits: impl Fn(&R) -> bool) -> bool {
        let line = self.line;
        let found = self.select(fits);
        if found {
            self.line = line;
        }
        found
    }

    /// Goes to the first row that can be selected.
    pub fn select_first(&mut self) {
        if let Some(place) = self.rows.iter().position(R::can_be_selected) {
            self.go_to(place);
        }
    }

    /// Goes to the last one that is really there.
    pub fn select_last(&mut self) {
        if self.is_ghost && self.cursor < self.rows.len() {
            self.rows.remove(self.cursor);
            self.is_ghost = false;
        }
        if let Some(place) = self.rows.iter().rposition(R::can_be_selected) {
            self.go_to(place);
        }
    }

    /// Goes to the row on this line of the screen; whether there is one.
    pub fn select_line(&mut self, at: i32, height: i32, measure: Height<'_, R>) -> bool {
        let hit = self.visible(height, measure).into_iter().rev().find(|(_, line)| *line <= at);
        let Some((place, line)) = hit else { return false };
        let row = self.rows.get(place).filter(|row| row.can_be_selected());
        let Some(row) = row.filter(|row| at < line + measure(row)) else { return false };
        let row = row.clone();
        self.line = Some(line);
        if place != self.cursor {
            self.cursor = place;
            self.bury_tombstone();
            // The tombstone may have stood before it.
            self.cursor = self.rows.iter().position(|other| *other == row).unwrap_or(self.cursor);
        }
        true
    }

    fn go_to(&mut self, place: usize) {
        let row = self.rows.get(place).cloned();
        if place != self.cursor {
            self.cursor = place;
            self.bury_tombstone();
        }
        if let Some(row) = row {
            self.cursor = self.rows.iter().position(|other| *other == row).unwrap_or(self.cursor);
        }
        self.line = None;
    }

    fn next_selectable(&self, down: bool) -> Option<usize> {
        if down {
            let mut rows = self.rows.iter().enumerate().skip(self.cursor + 1);
            rows.find(|(_, row)| row.can_be_selected()).map(|(place, _)| place)
        } else {
            let mut rows = self.rows.iter().enumerate().take(self.cursor).rev();
            rows.find(|(_, row)| row.can_be_selected()).map(|(place, _)| place)
        }
    }

    /// The reader has left a row that was gone: whoever fills the list next leaves it out.
    fn bury_tombstone(&mut self) {
        self.is_ghost = false;
    }

    /// Lines that the rows above the selected one take, counted until there are at least this many.
    fn above(&self, enough: i32, measure: Height<'_, R>) -> i32 {
        let mut sum = 0;
        for row in self.rows.iter().take(self.cursor).rev() {
            if sum >= enough {
                break;
            }
            sum += measure(row);
        }
        sum
    }

    /// No empty lines above the first row, and none below the last while there is something above.
    fn settle(&mut self, height: i32, measure: Height<'_, R>) {
        let Some(mut line) = self.line else { return };
        let mut below = line;
        for row in self.rows.iter().skip(self.cursor) {
            if below >= height {
                break;
            }
            below += measure(row);
        }
        line += (height - below).max(0);
        line = line.min(self.above(line, measure));
        self.line = Some(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A row with a number and a height of its own; every seventh is a heading.
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
    fn a_new_list_begins_at_its_top() {
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
    fn a_row_higher_than_the_screen_can_be_read_to_its_end() {
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
    fn the_place_of_a_row_that_is_gone_is_kept_until_the_reader_moves() {
        let mut list = list([1, 2, 3, 4]);
        list.step(1, 10, &measure);
        let line = list.line(10, &measure);
        list.set_rows(vec![1, 3, 4]);
        assert_eq!((list.selected(), list.is_ghost(), list.line(10, &measure)), (Some(&2), true, line));
        list.step(1, 10, &measure);
        list.set_rows(vec![1, 3, 4]);
        assert_eq!((list.selected(), list.rows()), (Some(&3), &[1, 3, 4][..]));
    }

    #[derive(Debug, Clone)]
    enum Happening {
        Insert(u32, usize),
        Delete(usize),
        Resize(i32),
        /// Everything is read anew, as after a lost connection.
        Reconnect,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            (100_u32..2_000, any::<usize>()).prop_map(|(row, place)| Happening::Insert(row, place)),
            any::<usize>().prop_map(Happening::Delete),
            (12_i32..60).prop_map(Happening::Resize),
            Just(Happening::Reconnect),
        ]
    }

    proptest! {
        #[test]
        fn nothing_but_the_reader_moves_the_place(
            steps in prop::collection::vec(-5_isize..8, 1..6),
            happenings in prop::collection::vec(happening(), 1..60),
        ) {
            let mut height = 60;
            let mut list = list(1..60);
            let mut truth: Vec<u32> = (1..60).collect();
            for step in steps {
                list.step(step, 12, &measure);
            }
            let anchor = (list.selected().copied(), list.line(height, &measure));
            for happening in happenings {
                match happening {
                    Happening::Insert(row, place) if !truth.contains(&row) => {
                        truth.insert(place % (truth.len() + 1), row);
                    }
                    Happening::Delete(place) if !truth.is_empty() => {
                        truth.remove(place % truth.len());
                    }
                    Happening::Resize(new) => height = new,
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
        fn no_scrolling_leaves_the_rows_or_loses_the_selection(
            count in 1_u32..40,
            moves in prop::collection::vec((-30_i32..30, -3_isize..4), 1..40),
        ) {
            let mut list = list(1..=count);
            for (lines, steps) in moves {
                list.scroll(lines, 12, &measure);
                list.step(steps, 12, &measure);
                let visible = list.visible(12, &measure);
                prop_assert!(visible.iter().any(|(place, _)| *place == list.cursor()));
                let (first, top) = visible[0];
                prop_assert!(top <= 0 || first > 0, "blank above the first row: {visible:?}");
            }
        }
    }
}
