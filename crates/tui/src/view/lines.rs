//! Styled lines of text, of which rows, bars and sheets consist, and how to measure, wrap and draw them.

use model::{Entity, SafeText, entities};

use terminal::grid::{Area, Grid};
use terminal::measure::{columns, fit, wrap};
use terminal::style::{ColorRole, Style, Surface};

/// A piece of text in one style, with an optional URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) style: Style,
    pub(crate) link: Option<String>,
}

/// A line of text.
pub(crate) type Line = Vec<Span>;

pub(crate) fn span(text: impl Into<String>, style: Style) -> Span {
    Span { text: text.into(), style, link: None }
}

pub(crate) fn plain(text: impl Into<String>) -> Span {
    span(text, Style::default())
}

pub(crate) fn dim(text: impl Into<String>) -> Span {
    span(text, Style::of(ColorRole::Dim))
}

pub(crate) fn of(role: ColorRole, text: impl Into<String>) -> Span {
    span(text, Style::of(role))
}

pub(crate) fn bold(text: impl Into<String>) -> Span {
    span(text, Style::default().bold())
}

/// Columns of a line.
pub(crate) fn line_columns(line: &[Span]) -> usize {
    line.iter().map(|span| columns(&span.text)).sum()
}

/// A line shortened to `width` columns, ending in `…` if it was longer.
pub(crate) fn fit_line(line: Line, width: usize) -> Line {
    let mut used = 0;
    let mut fitting = Line::new();
    for span in line {
        let available = width.saturating_sub(used);
        let wanted = columns(&span.text);
        if wanted > available {
            let text = fit(&span.text, available);
            if !text.is_empty() {
                fitting.push(Span { text, ..span });
            }
            break;
        }
        used += wanted;
        fitting.push(span);
    }
    fitting
}

/// A line that ends in `…` because more text follows it.
pub(crate) fn continued(mut line: Line, width: usize) -> Line {
    if line_columns(&line) >= width {
        return fit_line(line, width.saturating_sub(1));
    }
    line.push(dim("…"));
    line
}

/// The first lines; the last of them shows that there are more.
pub(crate) fn shortened(mut lines: Vec<Line>, most: usize, width: usize) -> Vec<Line> {
    let is_long = lines.len() > most;
    lines.truncate(most);
    if let Some(last) = lines.last_mut().filter(|_| is_long) {
        *last = continued(std::mem::take(last), width);
    }
    lines
}

/// Wraps text by a user and highlights its links, hashtags and mentions. Links can be clicked.
pub(crate) fn prose(text: &str, width: usize) -> Vec<Line> {
    let safe = SafeText::lines(text);
    let text = safe.as_str();
    let found = entities(text);
    wrap(text, width)
        .into_iter()
        .map(|range| {
            let mut line = Line::new();
            let mut at = range.start;
            for (bytes, entity) in
                found.iter().filter(|(bytes, _)| bytes.start < range.end && bytes.end > range.start)
            {
                let (start, end) = (bytes.start.max(range.start), bytes.end.min(range.end));
                if let Some(before) = text.get(at..start).filter(|before| !before.is_empty()) {
                    line.push(plain(before));
                }
                let link =
                    (*entity == Entity::Link).then(|| text.get(bytes.clone()).unwrap_or_default().to_owned());
                let style = Style::of(ColorRole::Link);
                let style = if link.is_some() { style.underline() } else { style };
                line.push(Span { text: text.get(start..end).unwrap_or_default().to_owned(), style, link });
                at = end;
            }
            if let Some(rest) = text.get(at..range.end).filter(|rest| !rest.is_empty()) {
                line.push(plain(rest.trim_end_matches(' ')));
            }
            line
        })
        .collect()
}

/// Columns by which the text that a person wrote is set in. Rows of the client begin to the left of it, so that no text
/// can look like one: not by its words, at any width, with or without colors.
const BODY_INSET: usize = 2;

/// The lines of a text by a user, set in from the rows of the client.
pub(crate) fn body(text: &str, width: usize) -> Vec<Line> {
    let mut lines = prose(text, width.saturating_sub(BODY_INSET).max(4));
    for line in &mut lines {
        line.insert(0, plain(" ".repeat(BODY_INSET)));
    }
    lines
}

/// The lines of a text by a user after a number; they begin below its first word.
pub(crate) fn numbered(number: u32, text: &str, width: usize) -> Vec<Line> {
    let number = format!("{number}  ");
    let mut lines = prose(text, width.saturating_sub(number.len()).max(4));
    for (place, line) in lines.iter_mut().enumerate() {
        let before = if place == 0 { number.clone() } else { " ".repeat(number.len()) };
        line.insert(0, dim(before));
    }
    lines
}

/// Wraps text of the interface.
pub(crate) fn words(text: &str, width: usize, style: Style) -> Vec<Line> {
    wrap(text, width)
        .into_iter()
        .map(|range| vec![span(text.get(range).unwrap_or_default().trim_end_matches(' '), style)])
        .collect()
}

/// Draws a line at a cell. Spans without a surface get this one. Returns the column after the line.
pub(crate) fn put(grid: &mut Grid, area: Area, x: u16, y: u16, line: &[Span], surface: Surface) -> u16 {
    let mut x = x;
    for piece in line {
        let link = piece.link.as_deref().map_or(0, |url| grid.link(url));
        let style = if piece.style.surface == Surface::Plain { piece.style.on(surface) } else { piece.style };
        x = grid.put(area, x, y, &piece.text, style, link);
    }
    x
}

/// A rule across a list, of this sign, with a label.
pub(crate) fn rule(sign: &str, text: &str, role: ColorRole, width: usize) -> Line {
    let text = format!("{sign}{sign} {text} ");
    let rest = width.saturating_sub(columns(&text));
    vec![of(role, format!("{text}{}", sign.repeat(rest)))]
}

/// A line with a part at its left and one at its right.
pub(crate) fn two_ends(left: Line, right: Line, width: usize) -> Line {
    let right_columns = line_columns(&right);
    let available = width.saturating_sub(right_columns + 1);
    let mut line = fit_line(left, available);
    let gap = width.saturating_sub(line_columns(&line) + right_columns);
    line.push(plain(" ".repeat(gap)));
    line.extend(right);
    fit_line(line, width)
}
