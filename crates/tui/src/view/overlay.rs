//! The frame of menus, pickers, dialogs and forms, and the rule at the top of sheets: the title is at the top, the keys
//! are at the bottom. On a tiny screen an overlay takes all of it, without a frame.

use super::lines::{Line, Span, bold, dim, fit_line, line_columns, of, plain, put, span};
use super::size::SizeClass;
use crate::signs::Sign;
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Columns of an overlay: as many as its content needs, within these limits.
const WIDTH: (u16, u16) = (72, 100);
/// Columns of the screen that an overlay leaves free.
const AROUND: u16 = 8;

/// The place of an overlay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// All of it.
    pub(super) outer: Area,
    /// What is left for the content.
    pub(super) inner: Area,
    is_framed: bool,
}

/// Where an overlay is placed from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// At the top, where it does not move when its height changes.
    Top,
    /// In the middle.
    Middle,
}

/// The columns of the content of an overlay that needs this many.
pub(super) fn content_width(state: &State, wanted: usize) -> u16 {
    let size = state.terminal.size;
    if SizeClass::of(size) == SizeClass::Tiny {
        return size.width.saturating_sub(1);
    }
    let wanted = u16::try_from(wanted.saturating_add(2)).unwrap_or(u16::MAX);
    let most = size.width.saturating_sub(AROUND);
    wanted.clamp(WIDTH.0, WIDTH.1).min(most).saturating_sub(2)
}

/// The rows that the content of an overlay can have.
pub(super) fn content_height(state: &State) -> u16 {
    let height = state.terminal.size.height;
    // A frame, the hints and a row above; or a title.
    height.saturating_sub(if SizeClass::of(state.terminal.size) == SizeClass::Tiny { 1 } else { 4 })
}

impl Frame {
    /// A frame for content with this many columns and rows.
    pub(super) fn of(state: &State, width: u16, height: u16, align: Align) -> Self {
        let whole = Area::of(state.terminal.size);
        if SizeClass::of(state.terminal.size) == SizeClass::Tiny {
            let (_, inner) = whole.split_top(1);
            let inner = Area { width: inner.width.saturating_sub(1), ..inner };
            return Self { outer: whole, inner, is_framed: false };
        }
        let (width, height) = (width.saturating_add(2), height.min(content_height(state)).saturating_add(2));
        let free = whole.height.saturating_sub(height);
        let y = match align {
            Align::Top => (whole.height / 8).min(free.saturating_sub(1)),
            Align::Middle => free / 2,
        };
        let outer = Area { x: whole.width.saturating_sub(width) / 2, y, width, height };
        Self { outer, inner: outer.inside(1, 1), is_framed: true }
    }

    /// Clears the place and draws the frame. `keys` are those of the overlay; `more` says what is not on the screen.
    pub(super) fn draw(&self, state: &State, grid: &mut Grid, title: &str, keys: &str, more: &str) {
        let short = title.split(" · ").next().unwrap_or(title);
        let title = span(if self.is_framed { title } else { short }, Style::of(ColorRole::Accent).bold());
        let title = vec![title];
        if !self.is_framed {
            grid.clear(self.outer, Style::default());
            let (top, _) = self.outer.split_top(1);
            rule(state, grid, top, 2, title, vec![dim(more)], Surface::Plain);
            return;
        }
        grid.clear(self.outer, Style::default().on(Surface::Sheet));
        let (area, style) = (self.outer, Style::of(ColorRole::Line).on(Surface::Sheet));
        let (right, bottom) =
            ((area.x + area.width).saturating_sub(1), (area.y + area.height).saturating_sub(1));
        for x in area.x..=right {
            for y in [area.y, bottom] {
                grid.put(area, x, y, state.sign(Sign::Rule), style, 0);
            }
        }
        for y in area.y..=bottom {
            let (left, other) = match y {
                y if y == area.y => (Sign::TopLeft, Sign::TopRight),
                y if y == bottom => (Sign::BottomLeft, Sign::BottomRight),
                _ => (Sign::Border, Sign::Border),
            };
            grid.put(area, area.x, y, state.sign(left), style, 0);
            grid.put(area, right, y, state.sign(other), style, 0);
        }
        let available = usize::from(area.width.saturating_sub(6));
        let title = fit_line(title, available);
        let x = grid.put(area, area.x + 2, area.y, " ", style, 0);
        let x = put(grid, area, x, area.y, &title, Surface::Sheet);
        grid.put(area, x, area.y, " ", style, 0);
        let words =
            [more, keys].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" · ");
        if words.is_empty() {
            return;
        }
        let line = fit_line(vec![dim(format!(" {words} "))], available + 2);
        let x = right.saturating_sub(1 + u16::try_from(line_columns(&line)).unwrap_or(0));
        put(grid, area, x, bottom, &line, Surface::Sheet);
    }
}

/// A rule across an area with a title at its left, after `inset` columns, and facts at its right.
pub(super) fn rule(
    state: &State,
    grid: &mut Grid,
    area: Area,
    inset: u16,
    title: Line,
    facts: Line,
    surface: Surface,
) {
    let line = Style::of(ColorRole::Line).on(surface);
    let before = if inset > 1 { " " } else { state.sign(Sign::Rule) };
    for x in area.x..area.x + area.width {
        let sign = if x < area.x + inset { before } else { state.sign(Sign::Rule) };
        grid.put(area, x, area.y, sign, line, 0);
    }
    let end = if line_columns(&facts) == 0 {
        area.x + area.width
    } else {
        let mut facts = facts;
        facts.insert(0, bold(" "));
        let columns = u16::try_from(line_columns(&facts)).unwrap_or(0);
        let x = (area.x + area.width).saturating_sub(columns + 1);
        let after = put(grid, area, x, area.y, &facts, surface);
        grid.put(area, after, area.y, " ", line, 0);
        x
    };
    let x = area.x + inset;
    let title = fit_line(title, usize::from(end.saturating_sub(x + 2)));
    let x = if inset > 1 { x } else { grid.put(area, x, area.y, " ", line, 0) };
    let x = put(grid, area, x, area.y, &title, surface);
    grid.put(area, x, area.y, " ", line, 0);
}

/// A line of a prompt, and the choice that it is a part of.
pub(super) struct Row {
    pub(super) choice: Option<usize>,
    pub(super) line: Line,
}

impl Row {
    pub(super) fn text(line: Line) -> Self {
        Self { choice: None, line }
    }
}

/// The sign of the marked choice, or a blank.
pub(super) fn mark(state: &State, is_marked: bool) -> Span {
    if is_marked { of(ColorRole::Accent, state.sign(Sign::Selected)) } else { plain(" ") }
}
