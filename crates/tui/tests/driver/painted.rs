//! What a terminal shows after the bytes of a frame: the text of every cell and the parameters that set its colors.

use mini_tweet_tui::view::draw;
use terminal::measure::cluster_columns;
use terminal::paint::{Depth, Paint, Painter};
use unicode_segmentation::UnicodeSegmentation as _;

use super::TuiDriver;

/// A cell of the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    pub text: String,
    /// The parameters of the last SGR sequence before it.
    pub sgr: String,
}

/// A terminal that understands what a painter writes.
pub(crate) struct Terminal {
    pub rows: Vec<Vec<Shown>>,
    painter: Painter,
    pub depth: Depth,
}

impl Terminal {
    pub(crate) fn new((width, height): (u16, u16), depth: Depth) -> Self {
        let row = vec![Shown::default(); usize::from(width)];
        Self { rows: vec![row; usize::from(height)], painter: Painter::default(), depth }
    }

    /// Paints the screen; the bytes that this took.
    pub(crate) fn paint(&mut self, driver: &TuiDriver) -> String {
        let theme = &driver.state.preferences.theme;
        let charset = driver.state.terminal.capabilities.charset;
        let (grid, caret) = draw(&driver.state);
        let bytes = self.painter.paint(grid, caret, Paint { theme, depth: self.depth, links: true, charset });
        self.read(&bytes);
        bytes
    }

    /// The text of the screen.
    pub(crate) fn text(&self) -> String {
        let line = |row: &Vec<Shown>| {
            let line: String = row.iter().map(|cell| cell.text.as_str()).collect();
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn read(&mut self, bytes: &str) {
        let (mut x, mut y, mut sgr) = (0_usize, 0_usize, String::new());
        let mut rest = bytes;
        while let Some(cluster) = rest.graphemes(true).next() {
            if let Some(sequence) = rest.strip_prefix("\x1b[") {
                let end = sequence.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                let (parameters, tail) = sequence.split_at(end);
                match tail.chars().next().unwrap() {
                    'H' => {
                        let (row, column) = parameters.split_once(';').unwrap_or(("1", "1"));
                        (y, x) = (row.parse::<usize>().unwrap() - 1, column.parse::<usize>().unwrap() - 1);
                    }
                    'm' => sgr = parameters.to_owned(),
                    'J' => self.rows.iter_mut().flatten().for_each(|cell| *cell = Shown::default()),
                    _ => {}
                }
                rest = &tail[1..];
                continue;
            }
            if let Some(sequence) = rest.strip_prefix("\x1b]") {
                rest = &sequence[sequence.find("\x1b\\").unwrap() + 2..];
                continue;
            }
            let columns = cluster_columns(cluster).max(1);
            for column in x..x + columns {
                let text = if column == x { cluster.to_owned() } else { String::new() };
                if let Some(cell) = self.rows.get_mut(y).and_then(|row| row.get_mut(column)) {
                    *cell = Shown { text, sgr: sgr.clone() };
                }
            }
            x += columns;
            rest = &rest[cluster.len()..];
        }
    }
}
