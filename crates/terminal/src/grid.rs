//! A screen in memory: cells with a character, a style and an optional link. [`Grid::put`] is the only function that
//! writes text into it, and it replaces control characters, so that no text can control the terminal.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use model::SafeText;
use smol_str::SmolStr;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::measure::cluster_columns;
use crate::style::Style;

/// The size of a screen in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The largest screen that is drawn. A larger terminal shows it in its top left corner.
pub const SIZE_MAX: Size = Size { width: 500, height: 200 };

impl Size {
    /// The size limited to 1×1 up to [`SIZE_MAX`].
    #[must_use]
    pub fn clamped(width: u16, height: u16) -> Self {
        Self { width: width.clamp(1, SIZE_MAX.width), height: height.clamp(1, SIZE_MAX.height) }
    }
}

/// A rectangle of the screen.
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
    /// The whole screen.
    #[must_use]
    pub fn of(size: Size) -> Self {
        Self { x: 0, y: 0, width: size.width, height: size.height }
    }

    /// Whether the cell is inside.
    #[must_use]
    pub fn contains(&self, x: u16, y: u16) -> bool {
        (self.x..self.x + self.width).contains(&x) && (self.y..self.y + self.height).contains(&y)
    }

    /// Splits into the top `rows` and the rest.
    #[must_use]
    pub fn split_top(self, rows: u16) -> (Self, Self) {
        let rows = rows.min(self.height);
        (Self { height: rows, ..self }, Self { y: self.y + rows, height: self.height - rows, ..self })
    }

    /// Splits into the rest and the bottom `rows`.
    #[must_use]
    pub fn split_bottom(self, rows: u16) -> (Self, Self) {
        self.split_top(self.height - rows.min(self.height))
    }

    /// Splits into the left `columns` and the rest.
    #[must_use]
    pub fn split_left(self, columns: u16) -> (Self, Self) {
        let columns = columns.min(self.width);
        (Self { width: columns, ..self }, Self { x: self.x + columns, width: self.width - columns, ..self })
    }

    /// The area without a margin of `columns` at the left and right and `rows` at the top and bottom.
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

/// The contents of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// A grapheme cluster; empty in the second cell of a wide character.
    pub text: SmolStr,
    /// Its style.
    pub style: Style,
    /// The number of its link, see [`Grid::url`]; 0 is no link.
    pub link: u16,
}

/// A cell in 12 bytes: an ssh server keeps one screen for each session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Packed {
    /// A character, [`SECOND`], or [`CLUSTER`] with an index into `clusters`.
    glyph: u32,
    style: Style,
    link: u16,
}

/// Marks the second cell of a wide character.
const SECOND: u32 = 0;
/// Marks a grapheme cluster of several characters.
const CLUSTER: u32 = 1 << 31;

impl Packed {
    const fn blank(style: Style) -> Self {
        Self { glyph: ' ' as u32, style, link: 0 }
    }
}

/// [`Packed::glyph`] resolved.
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
    /// A blank screen.
    #[must_use]
    pub fn new(size: Size) -> Self {
        let count = usize::from(size.width) * usize::from(size.height);
        let cells = vec![Packed::blank(Style::default()); count];
        Self { size, cells, clusters: Vec::new(), links: Vec::new() }
    }

    /// The size in cells.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// The cell at this position; `None` outside the screen.
    #[must_use]
    pub fn cell(&self, x: u16, y: u16) -> Option<Cell> {
        let packed = self.packed(x, y)?;
        let text = match self.glyph(packed) {
            Glyph::Second => SmolStr::default(),
            Glyph::Char(c) => SmolStr::from_iter([c]),
            Glyph::Cluster(cluster) => cluster.clone(),
        };
        Some(Cell { text, style: packed.style, link: packed.link })
    }

    /// Whether both grids show the same at this position; `false` outside either screen.
    #[must_use]
    pub fn is_same(&self, other: &Self, x: u16, y: u16) -> bool {
        let (Some(one), Some(two)) = (self.packed(x, y), other.packed(x, y)) else { return false };
        one.style == two.style
            && self.glyph(one) == other.glyph(two)
            && self.url(one.link) == other.url(two.link)
    }

    /// One hash for each row. Equal rows have equal hashes.
    #[must_use]
    pub fn digests(&self) -> Vec<u64> {
        let digest = |row: &[Packed]| {
            let mut hasher = DefaultHasher::new();
            for cell in row {
                (self.glyph(*cell), cell.style, self.url(cell.link)).hash(&mut hasher);
            }
            hasher.finish()
        };
        self.cells.chunks(usize::from(self.size.width).max(1)).map(digest).collect()
    }

    /// The URL of a link.
    #[must_use]
    pub fn url(&self, link: u16) -> Option<&str> {
        self.links.get(usize::from(link).wrapping_sub(1)).map(String::as_str)
    }

    /// The number of the link to this URL, for [`Grid::put`]; 0 (no link) for a URL with other than printable ASCII.
    pub fn link(&mut self, url: &str) -> u16 {
        // The URL becomes part of an escape sequence.
        if !url.bytes().all(|b| b.is_ascii_graphic()) {
            return 0;
        }
        if let Some(known) = self.links.iter().position(|link| link == url) {
            return u16::try_from(known + 1).unwrap_or(0);
        }
        self.links.push(url.to_owned());
        u16::try_from(self.links.len()).unwrap_or(0)
    }

    /// Writes one line of text from column `x` of row `y`, clipped to the area. Returns the column after the text.
    pub fn put(&mut self, area: Area, x: u16, y: u16, text: &str, style: Style, link: u16) -> u16 {
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
            // The last line of defence: callers pass text that is already safe.
            let safe = cluster.chars().all(SafeText::keeps) || SafeText::line(cluster).as_str() == cluster;
            let glyph = self.pack(if safe { cluster } else { "?" });
            self.set(x, y, Packed { glyph, style, link });
            if columns == 2 {
                self.set(x + 1, y, Packed { glyph: SECOND, style, link });
            }
            x += columns;
        }
        x
    }

    /// Fills an area with blanks of this style.
    pub fn clear(&mut self, area: Area, style: Style) {
        for y in area.y..area.y.saturating_add(area.height) {
            for x in area.x..area.x.saturating_add(area.width) {
                self.set(x, y, Packed::blank(style));
            }
        }
    }

    /// The characters of the screen, one line for each row, without trailing spaces.
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
        let index = known.unwrap_or_else(|| {
            self.clusters.push(SmolStr::new(cluster));
            self.clusters.len() - 1
        });
        u32::try_from(index).map_or(u32::from('?'), |index| CLUSTER | index)
    }

    fn glyph(&self, cell: Packed) -> Glyph<'_> {
        if cell.glyph == SECOND {
            return Glyph::Second;
        }
        let cluster = usize::try_from(cell.glyph & !CLUSTER).ok().and_then(|index| self.clusters.get(index));
        match cluster.filter(|_| cell.glyph & CLUSTER != 0) {
            Some(cluster) => Glyph::Cluster(cluster),
            None => Glyph::Char(char::from_u32(cell.glyph).unwrap_or('?')),
        }
    }

    fn packed(&self, x: u16, y: u16) -> Option<Packed> {
        self.index(x, y).and_then(|index| self.cells.get(index)).copied()
    }

    fn index(&self, x: u16, y: u16) -> Option<usize> {
        let on_screen = x < self.size.width && y < self.size.height;
        on_screen.then(|| usize::from(y) * usize::from(self.size.width) + usize::from(x))
    }

    fn set(&mut self, x: u16, y: u16, cell: Packed) {
        let Some(index) = self.index(x, y) else { return };
        // Overwriting one half of a wide character blanks the other.
        let was_second = self.cells.get(index).is_some_and(|old| old.glyph == SECOND);
        let was_first =
            self.cells.get(index + 1).is_some_and(|next| next.glyph == SECOND) && x + 1 < self.size.width;
        if was_second
            && cell.glyph != SECOND
            && x > 0
            && let Some(first) = self.cells.get_mut(index - 1)
        {
            first.glyph = u32::from(' ');
        }
        if was_first && let Some(second) = self.cells.get_mut(index + 1) {
            second.glyph = u32::from(' ');
        }
        if let Some(old) = self.cells.get_mut(index) {
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
    fn text_is_clipped_and_wide_characters_are_never_halved() {
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
    fn no_control_character_gets_into_a_cell() {
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
