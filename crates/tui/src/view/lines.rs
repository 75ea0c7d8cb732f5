//! Lines made of pieces of text, each with a look: what rows and sheets are made of before they are put on a grid.

use model::{Entity, SafeText, entities};

use terminal::grid::{Area, Grid};
use terminal::measure::{columns, fit, wrap};
use terminal::style::{ColorRole, Style, Surface};

/// A piece of text of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) look: Style,
    pub(crate) link: Option<String>,
}

/// Pieces beside each other.
pub(crate) type Line = Vec<Span>;

pub(crate) fn span(text: impl Into<String>, look: Style) -> Span {
    Span { text: text.into(), look, link: None }
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

/// As much of a line as fits, with a sign when something had to go.
pub(crate) fn fit_line(line: Line, width: usize) -> Line {
    let mut used = 0;
    let mut fitting = Line::new();
    for span in line {
        let room = width.saturating_sub(used);
        let wanted = columns(&span.text);
        if wanted > room {
            let text = fit(&span.text, room);
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

/// What somebody wrote, in lines: links, hashtags and mentions stand out, and links lead somewhere.
pub(crate) fn prose(text: &str, width: usize) -> Vec<Line> {
    let safe = SafeText::lines(text);
    let text = safe.as_str();
    let marks = entities(text);
    wrap(text, width)
        .into_iter()
        .map(|range| {
            let mut line = Line::new();
            let mut at = range.start;
            for (mark, entity) in
                marks.iter().filter(|(mark, _)| mark.start < range.end && mark.end > range.start)
            {
                let (start, end) = (mark.start.max(range.start), mark.end.min(range.end));
                if let Some(before) = text.get(at..start).filter(|before| !before.is_empty()) {
                    line.push(plain(before));
                }
                let link =
                    (*entity == Entity::Link).then(|| text.get(mark.clone()).unwrap_or_default().to_owned());
                let look = Style::of(ColorRole::Link);
                let look = if link.is_some() { look.underline() } else { look };
                line.push(Span { text: text.get(start..end).unwrap_or_default().to_owned(), look, link });
                at = end;
            }
            if let Some(rest) = text.get(at..range.end).filter(|rest| !rest.is_empty()) {
                line.push(plain(rest.trim_end_matches(' ')));
            }
            line
        })
        .collect()
}

/// A text of ours in lines.
pub(crate) fn words(text: &str, width: usize, look: Style) -> Vec<Line> {
    wrap(text, width)
        .into_iter()
        .map(|range| vec![span(text.get(range).unwrap_or_default().trim_end_matches(' '), look)])
        .collect()
}

/// Puts a line on a grid, on a ground; returns the column after it.
pub(crate) fn put(grid: &mut Grid, area: Area, x: u16, y: u16, line: &[Span], ground: Surface) -> u16 {
    let mut x = x;
    for piece in line {
        let link = piece.link.as_deref().map_or(0, |url| grid.link(url));
        let look = if piece.look.ground == Surface::Plain { piece.look.on(ground) } else { piece.look };
        x = grid.put(area, x, y, &piece.text, look, link);
    }
    x
}

/// The text of lines, without looks.
pub(crate) fn text_of(lines: &[Line]) -> String {
    let texts: Vec<String> =
        lines.iter().map(|line| line.iter().map(|span| span.text.as_str()).collect::<String>()).collect();
    texts.join("\n")
}

/// A line with a part at its left and one at its right.
pub(crate) fn two_ends(left: Line, right: Line, width: usize) -> Line {
    let right_columns = line_columns(&right);
    let room = width.saturating_sub(right_columns + 1);
    let mut line = fit_line(left, room);
    let gap = width.saturating_sub(line_columns(&line) + right_columns);
    line.push(plain(" ".repeat(gap)));
    line.extend(right);
    fit_line(line, width)
}

/// A text of ours that fits.
pub(crate) fn short(text: &str, width: u16) -> String {
    fit(text, usize::from(width))
}
