//! The section strip: the lists of a screen, the current one in brackets.

use super::lines::{Line, Span, bold, dim, line_columns};
use super::size::is_roomy;
use super::tweet::NAMES_FROM;
use crate::route::Route;
use crate::signs::Sign;
use crate::state::State;
use terminal::measure::columns;

/// A part of the strip, and the section to which a click on it leads.
type Part = (Span, Option<Route>);
/// A section and its title.
type Section = (Route, &'static str);

/// The strip, and a blank line below it where there is space.
pub(super) fn strip(state: &State, width: usize) -> Vec<Line> {
    let mut lines = vec![parts(state, width).into_iter().map(|(span, _)| span).collect()];
    if is_roomy(state) {
        lines.push(Line::new());
    }
    lines
}

/// The section at a column of the strip.
pub(super) fn section_at(state: &State, width: usize, column: usize) -> Option<Route> {
    let mut end = 0;
    let mut parts = parts(state, width).into_iter();
    let hit = parts.find(|(span, _)| {
        end += columns(&span.text);
        column < end
    });
    hit?.1
}

fn parts(state: &State, width: usize) -> Vec<Part> {
    let sections = state.route().sections();
    let here = sections.iter().position(|(section, _)| section == state.route()).unwrap_or(0);
    if width < NAMES_FROM { short(&sections, here, width) } else { long(state, sections, here, width) }
}

/// The current section between the ways to its neighbours, and its number.
fn short(sections: &[Section], here: usize, width: usize) -> Vec<Part> {
    let count = sections.len().max(1);
    let section = |index: usize| sections.get(index % count).map(|(section, _)| section.clone());
    let title = sections.get(here).map_or("", |(_, title)| title);
    let number = format!("{} of {count}", here + 1);
    let line = [dim("< "), bold(format!("[{title}]")), dim(" >")];
    let gap = width.saturating_sub(line_columns(&line) + columns(&number));
    let ways = [section(here + count - 1), section(here), section(here + 1)];
    let number = (dim(format!("{}{number}", " ".repeat(gap))), None);
    line.into_iter().zip(ways).chain([number]).collect()
}

/// As many sections as fit, the current one among them. Brackets take the place of blanks, so that no other name moves.
fn long(state: &State, sections: Vec<Section>, here: usize, width: usize) -> Vec<Part> {
    let more = state.sign(Sign::Pending);
    let widths: Vec<usize> = sections.iter().map(|(_, title)| columns(title) + 2).collect();
    let (from, to) = shown(&widths, here, width, columns(more) + 1);
    let is_cut = to < sections.len();
    let mut parts = Vec::new();
    if from > 0 {
        parts.push((dim(format!("{more} ")), None));
    }
    for (index, (section, title)) in sections.into_iter().enumerate().take(to).skip(from) {
        let span = if index == here { bold(format!("[{title}]")) } else { dim(format!(" {title} ")) };
        parts.push((span, Some(section)));
    }
    if is_cut {
        parts.push((dim(format!(" {more}")), None));
    }
    parts
}

/// The sections that fit, from the first one on or, if the current one is not among those, as few later as possible.
/// Where some are left out, a sign with this number of columns says so.
fn shown(widths: &[usize], here: usize, width: usize, sign: usize) -> (usize, usize) {
    for from in 0..=here {
        let mut used = if from > 0 { sign } else { 0 };
        let mut to = from;
        for (index, own) in widths.iter().enumerate().skip(from) {
            let rest = if index + 1 < widths.len() { sign } else { 0 };
            if used + own + rest > width {
                break;
            }
            used += own;
            to = index + 1;
        }
        if to > here {
            return (from, to);
        }
    }
    (here, here + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_section_is_always_among_those_that_fit() {
        let widths = [10, 11, 11, 11, 10, 7, 9];
        assert_eq!(shown(&widths, 0, 76, 2), (0, 7));
        assert_eq!(shown(&widths, 0, 60, 2), (0, 5));
        assert_eq!(shown(&widths, 5, 60, 2), (1, 6));
        assert_eq!(shown(&widths, 6, 60, 2), (2, 7));
        assert_eq!(shown(&widths, 6, 5, 2), (6, 7));
    }
}
