//! A screen in memory: cells with a character, a look and perhaps a link. The only way to put text on it drops
//! whatever could drive a terminal, so that nothing which is drawn can.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use model::SafeText;
use smol_str::SmolStr;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::measure::cluster_columns;
use crate::style::Style;

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The largest screen that is drawn. Whoever says that theirs is larger gets this part of it.
pub const SIZE_MAX: Size = Size { width: 500, height: 200 };

impl Size {
    /// Within what can be drawn.
    #[must_use]
    pub fn clamped(width: u16, height: u16) -> Self {
        Self { width: width.clamp(1, SIZE_MAX.width), height: height.clamp(1, SIZE_MAX.height) }
    }
}

/// A part of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// The whole of a screen.
    #[must_use]
    pub fn of(size: Size) -> Self {
        Self { x: 0, y: 0, width: size.width, height: size.height }
    }

    /// Whether a cell is in it.
    #[must_use]
    pub fn contains(&self, x: u16, y: u16) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }

    /// This many rows from the top, and the rest.
    #[must_use]
    pub fn split_top(self, rows: u16) -> (Self, Self) {
        let rows = rows.min(self.height);
        (Self { height: rows, ..self }, Self { y: self.y + rows, height: self.height - rows, ..self })
    }

    /// The rest, and this many rows at the bottom.
    #[must_use]
    pub fn split_bottom(self, rows: u16) -> (Self, Self) {
        self.split_top(self.height - rows.min(self.height))
    }

    /// This many columns from the left, and the rest.
    #[must_use]
    pub fn split_left(self, columns: u16) -> (Self, Self) {
        let columns = columns.min(self.width);
        (Self { width: columns, ..self }, Self { x: self.x + columns, width: self.width - columns, ..self })
    }

    /// Without a margin on all sides.
    #[must_use]
    pub fn inside(self, columns: u16, rows: u16) -> Self {
        let (columns, rows) = (columns.min(self.width / 2), rows.min(self.height / 2));
        Self {
            x: self.x + columns,
            y: self.y + rows,
            width: self.width - 2 * columns,
            height: self.height - 2 * rows,
        }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it; empty in the second cell of a wide character.
    pub text: SmolStr,
    /// How it looks.
    pub look: Style,
    /// Where it leads, see [`Grid::url`]; 0: nowhere.
    pub link: u16,
}

/// A cell in 12 bytes: a server keeps the screens of many people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed {
    /// A character, [`SECOND`], or [`CLUSTER`] with a place in `clusters`.
    glyph: u32,
    look: Style,
    link: u16,
}

/// In the second cell of a wide character.
const SECOND: u32 = 0;
/// Of what is more than one character.
const CLUSTER: u32 = 1 << 31;

impl Packed {
    const fn blank(look: Style) -> Self {
        Self { glyph: ' ' as u32, look, link: 0 }
    }
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Glyph<'a> {
    Second,
    Char(char),
    Cluster(&'a SmolStr),
}

/// A screen in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    size: Size,
    cells: Vec<Packed>,
    clusters: Vec<SmolStr>,
    links: Vec<String>,
}

impl Grid {
    /// An empty one.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let count = usize::from(size.width) * usize::from(size.height);
        let cells = vec![Packed::blank(Style::default()); count];
        Self { size, cells, clusters: Vec::new(), links: Vec::new() }
    }

    /// Its size.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// A cell, if it is on the screen.
    #[must_use]
    pub fn cell(&self, x: u16, y: u16) -> Option<Cell> {
        let packed = self.packed(x, y)?;
        let text = match self.glyph(packed) {
            Glyph::Second => SmolStr::default(),
            Glyph::Char(c) => SmolStr::from_iter([c]),
            Glyph::Cluster(cluster) => cluster.clone(),
        };
        Some(Cell { text, look: packed.look, link: packed.link })
    }

    /// Whether a cell looks the same on another grid.
    #[must_use]
    pub fn is_same(&self, other: &Self, x: u16, y: u16) -> bool {
        let (Some(one), Some(two)) = (self.packed(x, y), other.packed(x, y)) else { return false };
        one.look == two.look
            && self.glyph(one) == other.glyph(two)
            && self.url(one.link) == other.url(two.link)
    }

    /// A number for each row: the same when nothing in it has changed.
    #[must_use]
    pub fn digests(&self) -> Vec<u64> {
        let digest = |row: &[Packed]| {
            let mut hasher = DefaultHasher::new();
            for cell in row {
                (self.glyph(*cell), cell.look, self.url(cell.link)).hash(&mut hasher);
            }
            hasher.finish()
        };
        self.cells.chunks(usize::from(self.size.width).max(1)).map(digest).collect()
    }

    /// Where a link leads.
    #[must_use]
    pub fn url(&self, link: u16) -> Option<&str> {
        self.links.get(usize::from(link).wrapping_sub(1)).map(String::as_str)
    }

    /// A number for the links of cells.
    pub fn link(&mut self, url: &str) -> u16 {
        // It goes into an escape sequence: only what a URL may hold.
        if !url.bytes().all(|b| b.is_ascii_graphic()) {
            return 0;
        }
        if let Some(known) = self.links.iter().position(|link| link == url) {
            return u16::try_from(known + 1).unwrap_or(0);
        }
        self.links.push(url.to_owned());
        u16::try_from(self.links.len()).unwrap_or(0)
    }

    /// Writes text of one line into an area's row, from a column on; returns the column after it. What does not
    /// fit is left out.
    pub fn put(&mut self, area: Area, x: u16, y: u16, text: &str, look: Style, link: u16) -> u16 {
        let end = area.x.saturating_add(area.width).min(self.size.width);
        if y < area.y || y >= area.y.saturating_add(area.height) {
            return x;
        }
        let mut x = x;
        for cluster in text.graphemes(true) {
            let columns = u16::try_from(cluster_columns(cluster)).unwrap_or(2);
            if x.saturating_add(columns) > end {
                break;
            }
            // The last line of defence: what is here was made safe before, usernames apart, which are ASCII.
            let safe = cluster.chars().all(SafeText::keeps) || SafeText::line(cluster).as_str() == cluster;
            let glyph = self.pack(if safe { cluster } else { "?" });
            self.set(x, y, Packed { glyph, look, link });
            if columns == 2 {
                self.set(x + 1, y, Packed { glyph: SECOND, look, link });
            }
            x += columns;
        }
        x
    }

    /// Gives the cells of an area a look, and takes away what stands there.
    pub fn clear(&mut self, area: Area, look: Style) {
        for y in area.y..area.y.saturating_add(area.height) {
            for x in area.x..area.x.saturating_add(area.width) {
                self.set(x, y, Packed::blank(look));
            }
        }
    }

    /// Changes the look of what stands in an area.
    pub fn restyle(&mut self, area: Area, change: impl Fn(Style) -> Style) {
        for y in area.y..area.y.saturating_add(area.height) {
            for x in area.x..area.x.saturating_add(area.width) {
                if let Some(cell) = self.place(x, y).and_then(|place| self.cells.get_mut(place)) {
                    cell.look = change(cell.look);
                }
            }
        }
    }

    /// What stands on it, a line a row, without looks.
    #[must_use]
    pub fn text(&self) -> String {
        let width = usize::from(self.size.width).max(1);
        let mut lines = String::new();
        for row in self.cells.chunks(width) {
            let mut line = String::new();
            for cell in row {
                match self.glyph(*cell) {
                    Glyph::Second => {}
                    Glyph::Char(c) => line.push(c),
                    Glyph::Cluster(cluster) => line.push_str(cluster),
                }
            }
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        lines
    }

    fn pack(&mut self, cluster: &str) -> u32 {
        let mut chars = cluster.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return u32::from(c);
        }
        let known = self.clusters.iter().position(|known| known == cluster);
        let place = known.unwrap_or_else(|| {
            self.clusters.push(SmolStr::new(cluster));
            self.clusters.len() - 1
        });
        u32::try_from(place).map_or(u32::from('?'), |place| CLUSTER | place)
    }

    fn glyph(&self, cell: Packed) -> Glyph<'_> {
        if cell.glyph == SECOND {
            return Glyph::Second;
        }
        let cluster = usize::try_from(cell.glyph & !CLUSTER).ok().and_then(|place| self.clusters.get(place));
        match cluster.filter(|_| cell.glyph & CLUSTER != 0) {
            Some(cluster) => Glyph::Cluster(cluster),
            None => Glyph::Char(char::from_u32(cell.glyph).unwrap_or('?')),
        }
    }

    fn packed(&self, x: u16, y: u16) -> Option<Packed> {
        self.place(x, y).and_then(|place| self.cells.get(place)).copied()
    }

    fn place(&self, x: u16, y: u16) -> Option<usize> {
        let on_screen = x < self.size.width && y < self.size.height;
        on_screen.then(|| usize::from(y) * usize::from(self.size.width) + usize::from(x))
    }

    fn set(&mut self, x: u16, y: u16, cell: Packed) {
        let Some(place) = self.place(x, y) else { return };
        // Half of a wide character cannot stay.
        let was_second = self.cells.get(place).is_some_and(|old| old.glyph == SECOND);
        let was_first =
            self.cells.get(place + 1).is_some_and(|next| next.glyph == SECOND) && x + 1 < self.size.width;
        if was_second
            && cell.glyph != SECOND
            && x > 0
            && let Some(first) = self.cells.get_mut(place - 1)
        {
            first.glyph = u32::from(' ');
        }
        if was_first && let Some(second) = self.cells.get_mut(place + 1) {
            second.glyph = u32::from(' ');
        }
        if let Some(old) = self.cells.get_mut(place) {
            *old = cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(width: u16) -> (Grid, Area) {
        let size = Size { width, height: 1 };
        (Grid::new(size), Area::of(size))
    }

    #[test]
    fn text_is_cut_at_the_edge_and_wide_characters_are_never_halved() {
        let (mut grid, area) = grid(5);
        assert_eq!(grid.put(area, 0, 0, "ab日本", Style::default(), 0), 4);
        assert_eq!(grid.text(), "ab日\n");
        grid.put(area, 3, 0, "x", Style::default(), 0);
        assert_eq!(grid.text(), "ab x\n");
        grid.put(area, 0, 0, "日日", Style::default(), 0);
        grid.put(area, 0, 0, "x", Style::default(), 0);
        assert_eq!(grid.text(), "x 日\n");
    }

    #[test]
    fn nothing_that_drives_a_terminal_gets_into_a_cell() {
        let (mut grid, area) = grid(20);
        grid.put(area, 0, 0, "a\x1b[31mb\u{9b}c\u{202e}d\ne", Style::default(), 0);
        assert_eq!(grid.text(), "a?[31mb?c?d?e\n");
        let (mut grid, area) = self::grid(20);
        grid.put(area, 0, 0, "a\u{200d}b👩\u{200d}🚀", Style::default(), 0);
        assert_eq!(grid.text(), "?b👩\u{200d}🚀\n");
        assert_eq!(grid.link("https://x.org/\x1b\\"), 0);
        assert_eq!(
            (grid.link("https://a.org"), grid.link("https://b.org"), grid.link("https://a.org")),
            (1, 2, 1)
        );
    }
}
