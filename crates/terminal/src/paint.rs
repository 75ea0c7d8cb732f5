//! Computes the bytes that change a terminal from the previous screen to the next one.
//!
//! Without a change there are no bytes. Every frame is enclosed in synchronized output (private mode 2026), so that
//! the terminal never shows half of it. To save memory, the previous screen can be replaced by one hash for each row;
//! the next frame then rewrites the rows that differ.

use std::fmt::Write as _;

use crate::charset::Charset;
use crate::grid::{Cell, Grid, Size};
use crate::style::{Color, Style, Surface, Theme};

/// The number of colors that a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// No colors: bold and underline only.
    None,
    /// The 16 palette colors. RGB colors are sent as the nearest of 256.
    #[default]
    Sixteen,
    /// The 256 colors of xterm.
    Cube,
    /// 24-bit RGB.
    Exact,
}

/// How to paint a frame.
#[derive(Debug, Clone, Copy)]
pub struct Paint<'a> {
    /// Maps styles to colors.
    pub theme: &'a Theme,
    /// Colors that the terminal can show.
    pub depth: Depth,
    /// Whether links are written as OSC 8.
    pub links: bool,
    /// Characters that the terminal can show.
    pub charset: Charset,
}

/// Paints one terminal and remembers what it shows.
#[derive(Debug, Default)]
pub struct Painter {
    shown: Shown,
    caret: Option<(u16, u16)>,
    /// The theme, the number of colors and whether there were links in the last frame.
    painted: Option<(Theme, Depth, bool)>,
}

/// What is known about the contents of the terminal.
#[derive(Debug, Default)]
enum Shown {
    /// Nothing: the next frame clears the screen.
    #[default]
    Unknown,
    /// Every cell.
    Grid(Grid),
    /// A hash for each row, see [`Grid::digests`].
    Digests(Size, Vec<u64>),
}

impl Painter {
    /// The bytes that change the terminal to `next`, with the caret at this column and row, or hidden.
    pub fn paint(&mut self, next: Grid, caret: Option<(u16, u16)>, paint: Paint<'_>) -> String {
        let is_same = |(theme, depth, links): &(Theme, Depth, bool)| {
            (theme, *depth, *links) == (paint.theme, paint.depth, paint.links)
        };
        // Other colors change every cell, also those with the same text and style.
        if !self.painted.as_ref().is_some_and(is_same) {
            self.shown = Shown::Unknown;
            self.painted = Some((paint.theme.clone(), paint.depth, paint.links));
        }
        let mut out = String::new();
        let mut pen = Pen { out: &mut out, paint, style: None, link: 0, cursor: None };
        let size = match &self.shown {
            Shown::Unknown => None,
            Shown::Grid(shown) => Some(shown.size()),
            Shown::Digests(size, _) => Some(*size),
        };
        if size != Some(next.size()) {
            self.shown = Shown::Unknown;
            pen.out.push_str("\x1b[0m\x1b[H\x1b[2J");
        }
        let digests = if matches!(self.shown, Shown::Digests(..)) { next.digests() } else { Vec::new() };
        for y in 0..next.size().height {
            let row = usize::from(y);
            if matches!(&self.shown, Shown::Digests(_, shown) if shown.get(row) == digests.get(row)) {
                continue;
            }
            for x in 0..next.size().width {
                if matches!(&self.shown, Shown::Grid(shown) if shown.is_same(&next, x, y)) {
                    continue;
                }
                if let Some(cell) = next.cell(x, y).filter(|cell| !cell.text.is_empty()) {
                    pen.cell(x, y, &cell, &next);
                }
            }
        }
        pen.unlink();
        if pen.style.is_some() {
            pen.out.push_str("\x1b[0m");
        }
        let changed = !out.is_empty();
        if changed || caret != self.caret {
            if let Some((x, y)) = caret {
                let _ = write!(out, "\x1b[{};{}H\x1b[?25h", y + 1, x + 1);
            }
            let hide = if caret.is_none() || changed { "\x1b[?25l" } else { "" };
            out = format!("\x1b[?2026h{hide}{out}\x1b[?2026l");
        }
        // An unchanged hibernated screen stays hibernated.
        if changed || !matches!(self.shown, Shown::Digests(..)) {
            self.shown = Shown::Grid(next);
        }
        self.caret = caret;
        out
    }

    /// Forgets what the terminal shows: the next frame redraws everything.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// Releases the cells and keeps one hash for each row. The next frame redraws the rows that differ.
    pub fn hibernate(&mut self) {
        if let Shown::Grid(shown) = &self.shown {
            self.shown = Shown::Digests(shown.size(), shown.digests());
        }
    }
}

/// Writes cells and tracks the state of the terminal: style, link and cursor.
struct Pen<'a> {
    out: &'a mut String,
    paint: Paint<'a>,
    style: Option<Style>,
    link: u16,
    /// The position of the cursor, if it is certain.
    cursor: Option<(u16, u16)>,
}

impl Pen<'_> {
    fn cell(&mut self, x: u16, y: u16, cell: &Cell, grid: &Grid) {
        if self.cursor != Some((x, y)) {
            let _ = write!(self.out, "\x1b[{};{}H", y + 1, x + 1);
        }
        if self.style != Some(cell.style) {
            self.set_style(cell.style);
            self.style = Some(cell.style);
        }
        if self.paint.links && self.link != cell.link {
            self.unlink();
            if let Some(url) = grid.url(cell.link) {
                let url = self.paint.charset.text(url);
                let _ = write!(self.out, "\x1b]8;id={};{url}\x1b\\", cell.link);
                self.link = cell.link;
            }
        }
        self.out.push_str(&self.paint.charset.cell(&cell.text));
        // Terminals disagree on the width of characters outside ASCII: after those, move the cursor explicitly.
        let is_sure = cell.text.is_ascii() && x + 1 < grid.size().width;
        self.cursor = is_sure.then_some((x + 1, y));
    }

    fn unlink(&mut self) {
        if self.link != 0 {
            self.out.push_str("\x1b]8;;\x1b\\");
            self.link = 0;
        }
    }

    fn set_style(&mut self, style: Style) {
        self.out.push_str("\x1b[0");
        if style.bold {
            self.out.push_str(";1");
        }
        if style.underline {
            self.out.push_str(";4");
        }
        let depth = self.paint.depth;
        // A message without a background color is reversed instead.
        let is_colorless = self.paint.theme.surface(style.surface) == Color::Default || depth == Depth::None;
        if style.surface == Surface::Message && is_colorless {
            self.out.push_str(";7");
        }
        if depth != Depth::None {
            self.set_color(self.paint.theme.role(style.role), 30);
            self.set_color(self.paint.theme.surface(style.surface), 40);
        }
        self.out.push('m');
    }

    /// Appends the parameters of a color; `base` is 30 for the foreground and 40 for the background.
    fn set_color(&mut self, color: Color, base: u8) {
        let _ = match (color, self.paint.depth) {
            (Color::Default, _) => Ok(()),
            (Color::Palette(number), _) if number < 8 => write!(self.out, ";{}", base + number),
            (Color::Palette(number), _) => write!(self.out, ";{}", base + 60 + (number & 7)),
            (Color::Rgb(red, green, blue), Depth::Exact) => {
                write!(self.out, ";{};2;{red};{green};{blue}", base + 8)
            }
            (Color::Rgb(red, green, blue), _) => {
                write!(self.out, ";{};5;{}", base + 8, nearest_of_cube(red, green, blue))
            }
        };
    }
}

/// The nearest color in xterm's 6×6×6 cube (16 to 231) or its 24 greys (232 to 255).
fn nearest_of_cube(red: u8, green: u8, blue: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| {
        let by_distance = |(_, step): &(usize, &u8)| value.abs_diff(**step);
        STEPS.iter().enumerate().min_by_key(by_distance).map_or((0, 0), |(index, step)| (index, *step))
    };
    let distance = |r: u8, g: u8, b: u8| {
        let square = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
        square(red, r) + square(green, g) + square(blue, b)
    };
    let ((r, red_step), (g, green_step), (b, blue_step)) = (nearest(red), nearest(green), nearest(blue));
    let average = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
    let grey = (average.saturating_sub(3) / 10).min(23);
    let level = u8::try_from(8 + 10 * grey).unwrap_or(238);
    if distance(level, level, level) < distance(red_step, green_step, blue_step) {
        u8::try_from(232 + grey).unwrap_or(255)
    } else {
        u8::try_from(16 + 36 * r + 6 * g + b).unwrap_or(16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::{Area, Size};
    use crate::style::ColorRole;

    const SIZE: Size = Size { width: 12, height: 2 };

    fn screen(text: &str) -> Grid {
        let mut grid = Grid::new(SIZE);
        grid.put(Area::of(SIZE), 0, 0, text, Style::of(ColorRole::Name), 0);
        grid
    }

    fn paint(theme: &Theme, depth: Depth) -> Paint<'_> {
        Paint { theme, depth, links: true, charset: Charset::Utf8 }
    }

    #[test]
    fn a_frame_writes_only_the_cells_that_changed() {
        let theme = Theme::terminal();
        let mut painter = Painter::default();
        let first = painter.paint(screen("hello"), None, paint(&theme, Depth::Sixteen));
        assert!(first.starts_with("\x1b[?2026h") && first.ends_with("\x1b[?2026l"), "{first:?}");
        assert_eq!(painter.paint(screen("hello"), None, paint(&theme, Depth::Sixteen)), "");
        let second = painter.paint(screen("hallo"), None, paint(&theme, Depth::Sixteen));
        assert_eq!(second, "\x1b[?2026h\x1b[?25l\x1b[1;2H\x1b[0;36ma\x1b[0m\x1b[?2026l");
        painter.forget();
        assert!(painter.paint(screen("hallo"), None, paint(&theme, Depth::Sixteen)).contains("hallo"));
    }

    #[test]
    fn another_theme_changes_every_row() {
        for hibernates in [false, true] {
            let mut painter = Painter::default();
            painter.paint(screen("hello"), None, paint(&Theme::terminal(), Depth::Exact));
            if hibernates {
                painter.hibernate();
            }
            let night = Theme::all()["night"].clone();
            let bytes = painter.paint(screen("hello"), None, paint(&night, Depth::Exact));
            assert!(bytes.contains("hello") && bytes.contains("\x1b[2J"), "{bytes:?}");
            assert_eq!(painter.paint(screen("hello"), None, paint(&night, Depth::Exact)), "");
            assert!(painter.paint(screen("hello"), None, paint(&night, Depth::Cube)).contains("hello"));
        }
    }

    #[test]
    fn a_hibernated_screen_writes_only_the_rows_that_changed() {
        let theme = Theme::terminal();
        let two_rows = |second: &str| {
            let mut grid = screen("hello");
            grid.put(Area::of(SIZE), 0, 1, second, Style::default(), 0);
            grid
        };
        let mut painter = Painter::default();
        painter.paint(two_rows("there"), None, paint(&theme, Depth::Sixteen));
        painter.hibernate();
        assert!(matches!(painter.shown, Shown::Digests(..)));
        assert_eq!(painter.paint(two_rows("there"), None, paint(&theme, Depth::Sixteen)), "");
        assert!(matches!(painter.shown, Shown::Digests(..)), "it stays hibernated");
        let bytes = painter.paint(two_rows("where"), None, paint(&theme, Depth::Sixteen));
        assert!(bytes.contains("where") && !bytes.contains("hello"), "{bytes:?}");
        let bytes = painter.paint(two_rows("here"), None, paint(&theme, Depth::Sixteen));
        assert!(!bytes.contains("where") && !bytes.contains("hello"), "{bytes:?}");
    }

    #[test]
    fn after_characters_of_uncertain_width_the_cursor_is_moved_explicitly() {
        let theme = Theme::terminal();
        let bytes = Painter::default().paint(screen("👩‍🚀x"), None, paint(&theme, Depth::None));
        assert!(bytes.contains("👩‍🚀\x1b[1;3Hx"), "{bytes:?}");
    }

    #[test]
    fn colors_are_written_in_the_depth_of_the_terminal() {
        let theme = Theme::all()["night"].clone();
        let bytes = Painter::default().paint(screen("x"), None, paint(&theme, Depth::None));
        assert!(bytes.contains("\x1b[0mx"), "{bytes:?}");
        let bytes = Painter::default().paint(screen("x"), None, paint(&theme, Depth::Exact));
        assert!(bytes.contains("\x1b[0;38;2;136;192;208;48;2;31;36;48mx"), "{bytes:?}");
        let bytes = Painter::default().paint(screen("x"), None, paint(&theme, Depth::Cube));
        assert!(bytes.contains("\x1b[0;38;5;110;48;5;235mx"), "{bytes:?}");
    }

    #[test]
    fn without_utf8_only_ascii_is_written_in_the_same_columns() {
        let theme = Theme::terminal();
        let mut grid = Grid::new(SIZE);
        let link = grid.link("https://a.org/ś");
        grid.put(Area::of(SIZE), 0, 0, "ś2J日本x…│", Style::default(), link);
        let ascii = Paint { charset: Charset::Ascii, ..paint(&theme, Depth::None) };
        let bytes = Painter::default().paint(grid, None, ascii);
        assert!(bytes.is_ascii(), "{bytes:?}");
        assert!(bytes.contains("s\x1b[1;2H2J? \x1b[1;6H? \x1b[1;8Hx.\x1b[1;10H|"), "{bytes:?}");
    }

    #[test]
    fn a_link_ends_after_its_last_cell() {
        let theme = Theme::terminal();
        let mut grid = Grid::new(SIZE);
        let link = grid.link("https://a.org");
        let x = grid.put(Area::of(SIZE), 0, 0, "ab", Style::default(), link);
        grid.put(Area::of(SIZE), x, 0, "c", Style::default(), 0);
        let bytes = Painter::default().paint(grid, None, paint(&theme, Depth::None));
        assert!(bytes.contains("\x1b]8;id=1;https://a.org\x1b\\ab\x1b]8;;\x1b\\c"), "{bytes:?}");
    }
}
