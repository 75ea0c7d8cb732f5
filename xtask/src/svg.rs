//! Draws the screen of a terminal as SVG.

use std::fmt::Write as _;

/// Width and height of a cell, in units of the picture.
const CELL: (f32, f32) = (8.4, 18.0);

/// The 16 ANSI colours, for a dark terminal.
const PALETTE: [&str; 16] = [
    "#1c1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#6b7280",
    "#e88388", "#a9d18b", "#ecd08f", "#82c0f3", "#d394e8", "#7cc9d2", "#ffffff",
];
const TEXT: &str = "#d7dae0";
const BACKGROUND: &str = "#16181d";

/// The colour in the notation of SVG.
fn colour(colour: vt100::Color, default: &str) -> String {
    match colour {
        vt100::Color::Default => default.to_owned(),
        vt100::Color::Idx(number) => {
            PALETTE.get(usize::from(number)).map_or(default.to_owned(), |&c| c.to_owned())
        }
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

/// The picture of a screen.
pub(crate) fn draw(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns): (u16, u16) = (rows.into(), columns.into());
    let (width, height) = (f32::from(columns) * CELL.0 + 24.0, f32::from(rows) * CELL.1 + 24.0);
    let background = screen.cell(0, 0).map_or(vt100::Color::Default, |_| {
        screen.cell(rows / 2, columns / 2).map_or(vt100::Color::Default, vt100::Cell::bgcolor)
    });
    let background = colour(background, BACKGROUND);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-size=\"14\" \
         font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK JP', monospace\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{background}\"/>\n"
    );
    for row in 0..rows {
        let mut run = Run::default();
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
                continue;
            };
            let (mut front, mut back) = (colour(cell.fgcolor(), TEXT), colour(cell.bgcolor(), &background));
            if cell.inverse() {
                std::mem::swap(&mut front, &mut back);
            }
            let text = if cell.contents().is_empty() { " " } else { cell.contents() };
            let style = (front, back, cell.bold(), cell.underline());
            // Not every font has the width of a cell for characters outside of ASCII, so each is placed on its own.
            let is_plain = text.is_ascii();
            if run.style != style || !is_plain || !run.is_plain {
                run.draw(&mut svg, &background);
                run = Run { row, column, text: String::new(), cells: 0, style, is_plain };
            }
            run.text.push_str(text);
            run.cells += if cell.is_wide() { 2 } else { 1 };
        }
        run.draw(&mut svg, &background);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Adjacent cells of a row with the same style.
#[derive(Default)]
struct Run {
    row: u16,
    column: u16,
    text: String,
    cells: u16,
    /// Forebackground, background, bold, underlined.
    style: (String, String, bool, bool),
    is_plain: bool,
}

impl Run {
    fn draw(&self, svg: &mut String, background: &str) {
        let (x, y) = (f32::from(self.column) * CELL.0 + 12.0, f32::from(self.row) * CELL.1 + 12.0);
        let width = f32::from(self.cells) * CELL.0;
        let (front, back, bold, underline) = &self.style;
        if back != background && self.cells > 0 {
            // Slightly too wide, so that no gap shows between two runs.
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{back}\"/>",
                width + 0.3,
                CELL.1 + 0.3
            );
        }
        let trimmed = self.text.trim_end();
        if trimmed.trim_start().is_empty() {
            return;
        }
        let length = f32::from(self.cells) * CELL.0 * trimmed.chars().count() as f32
            / self.text.chars().count() as f32;
        let fitted = if self.is_plain { format!(" textLength=\"{length:.1}\"") } else { String::new() };
        let weight = if *bold { " font-weight=\"bold\"" } else { "" };
        let line = if *underline { " text-decoration=\"underline\"" } else { "" };
        let text = trimmed.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            svg,
            "<text xml:space=\"preserve\" x=\"{x:.1}\" y=\"{:.1}\" fill=\"{front}\"{fitted}{weight}{line}>{text}</text>",
            y + 13.5
        );
    }
}
