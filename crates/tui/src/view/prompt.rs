//! Prompts: menus, dialogs and pickers in a frame, and the line of a filter.

use model::SafeText;

use super::help;
use super::lines::{Line, bold, dim, fit_line, line_columns, plain, put, span, two_ends, words};
use super::overlay::{Align, Frame, Row, content_height, content_width, mark};
use super::size::SizeClass;
use super::start;
use crate::choice::Choice;
use crate::choices::{choices, notice};
use crate::commands::Action;
use crate::palette;
use crate::prompt::{Overlay, Prompt, PromptKind};
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::measure::columns;
use terminal::style::{ColorRole, Style, Surface};

/// Columns of the usernames in the menu of accounts.
const ACCOUNT_WIDTH: usize = 14;

/// A prompt on the screen.
struct Layout {
    frame: Frame,
    /// The line of text, if there is one.
    input: Option<Area>,
    /// Where the rows are.
    list: Area,
    /// Rows in one column, or in two.
    columns: Vec<Vec<Row>>,
    /// The first row that is visible.
    first: usize,
    /// Lines below the rows.
    footer: Vec<Line>,
}

impl Layout {
    fn new(state: &State, prompt: &Prompt) -> Self {
        let all = choices(state, prompt);
        let widest = all.iter().map(|choice| needed(prompt, choice)).max().unwrap_or(0);
        let wanted = if prompt.kind == PromptKind::Help { usize::MAX - 2 } else { widest };
        let width = content_width(state, wanted);
        let input_rows = u16::from(prompt.overlay() == Overlay::Picker);
        let footer = footer(state, prompt, &all, width);
        let below = rows_of(&footer);
        let around = input_rows.saturating_add(below);
        let most = content_height(state).saturating_sub(around).max(1);
        let columns = match prompt.kind {
            PromptKind::Help => help::columns(state, prompt, &all, width),
            _ => vec![rows(state, prompt, &all, usize::from(width))],
        };
        let count = columns.iter().map(Vec::len).max().unwrap_or(0);
        let height = u16::try_from(count).unwrap_or(u16::MAX).clamp(1, most);
        let align = if prompt.overlay() == Overlay::Picker { Align::Top } else { Align::Middle };
        let frame = Frame::of(state, width, height.saturating_add(around), align);
        let (input, list) = frame.inner.split_top(input_rows);
        let (list, _) = list.split_bottom(below.min(list.height.saturating_sub(1)));
        let first = first_row(prompt, &all, &columns, usize::from(list.height));
        Self { frame, input: (input_rows > 0).then_some(input), list, columns, first, footer }
    }

    /// Rows that are below the visible ones.
    fn more(&self) -> usize {
        let last = self.first + usize::from(self.list.height);
        let hidden = |rows: &Vec<Row>| {
            let mut below = rows.iter().skip(last).filter_map(|row| row.choice).collect::<Vec<_>>();
            below.dedup();
            below.len()
        };
        self.columns.iter().map(hidden).sum()
    }

    /// Where each column of rows is.
    fn areas(&self) -> Vec<Area> {
        let count = u16::try_from(self.columns.len()).unwrap_or(1).max(1);
        let width = self.list.width / count;
        (0..count).map(|place| Area { x: self.list.x + place * width, width, ..self.list }).collect()
    }
}

fn rows_of(lines: &[Line]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX)
}

/// The columns that a choice needs in one row.
fn needed(prompt: &Prompt, choice: &Choice) -> usize {
    let digit = if prompt.overlay() == Overlay::Menu { 2 } else { 0 };
    let detail = columns(&choice.detail);
    columns(&choice.label) + if detail > 0 { detail + 2 } else { 0 } + columns(&choice.keys) + digit + 5
}

/// The first row that is drawn: the marked choice is on the screen, and the heading above it if it is the first. From the
/// first choice, the text above it can be scrolled to.
fn first_row(prompt: &Prompt, all: &[Choice], columns: &[Vec<Row>], height: usize) -> usize {
    let marked = prompt.choice.min(all.len().saturating_sub(1));
    let place = |rows: &Vec<Row>| {
        let is_marked = |row: &Row| row.choice == Some(marked);
        Some((rows.iter().position(is_marked)?, rows.iter().rposition(is_marked)?))
    };
    let Some((begin, end)) = columns.iter().find_map(place) else { return 0 };
    let lowest = (end + 1).saturating_sub(height);
    let Some(top) = prompt.top else { return lowest };
    let total = columns.iter().map(Vec::len).max().unwrap_or(0);
    let from = if marked == 0 { 0 } else { lowest };
    top.min(total.saturating_sub(height)).clamp(from, begin.max(from))
}

/// The rows of the choices, below the text that has to be read first.
fn rows(state: &State, prompt: &Prompt, all: &[Choice], width: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let inset = |line: Line| {
        let mut line = line;
        line.insert(0, plain(" "));
        Row::text(line)
    };
    if let Some(text) = notice(state, prompt) {
        let lines = words(&text, width.saturating_sub(2), Style::default());
        let blank = || (SizeClass::of(state.terminal.size) > SizeClass::Tiny).then(|| Row::text(Line::new()));
        rows.extend(blank());
        rows.extend(lines.into_iter().map(inset));
        rows.extend(blank());
    }
    if all.is_empty() {
        rows.push(inset(vec![dim("No matches · Backspace changes the text, Esc closes")]));
    }
    let mut section = "";
    for (place, choice) in all.iter().enumerate() {
        if choice.section != section {
            section = choice.section;
            rows.push(inset(vec![bold(section)]));
        }
        let lines = choice_lines(state, prompt, all.len(), place, choice, width);
        rows.extend(lines.into_iter().map(|line| Row { choice: Some(place), line }));
    }
    rows
}

/// A choice: its label and what explains it, in a second row if there is no space; at the right its shortcut.
fn choice_lines(
    state: &State,
    prompt: &Prompt,
    count: usize,
    place: usize,
    choice: &Choice,
    width: usize,
) -> Vec<Line> {
    let is_marked = place == prompt.choice.min(count.saturating_sub(1));
    let mut line = vec![mark(state, is_marked)];
    if prompt.overlay() == Overlay::Menu {
        line.push(dim(if place < 9 { format!("{} ", place + 1) } else { "  ".to_owned() }));
    }
    line.push(if choice.unavailable.is_some() {
        dim(choice.label.clone())
    } else if is_marked {
        bold(choice.label.clone())
    } else {
        plain(choice.label.clone())
    });
    let keys = vec![span(format!("{} ", choice.keys), Style::of(ColorRole::Accent))];
    let detail = choice.explained();
    if prompt.overlay() == Overlay::Dialog && detail.is_empty() && choice.keys.is_empty() {
        let style = if is_marked { Style::default().bold() } else { Style::default() };
        return dialog_lines(state, is_marked, &choice.label, style, width);
    }
    if detail.is_empty() {
        return vec![two_ends(line, keys, width)];
    }
    // Servers start in one column.
    let pad = match prompt.kind {
        PromptKind::Accounts(_) => ACCOUNT_WIDTH.saturating_sub(columns(&choice.label)),
        _ => 0,
    };
    line.push(plain(" ".repeat(pad)));
    let gap = if choice.unavailable.is_some() { " · " } else { "  " };
    let available = width.saturating_sub(line_columns(&line) + line_columns(&keys) + columns(gap) + 1);
    if columns(detail) <= available {
        line.push(dim(format!("{gap}{detail}")));
        return vec![two_ends(line, keys, width)];
    }
    let mut lines = vec![two_ends(line, keys, width)];
    lines.extend(words(detail, width.saturating_sub(4).max(8), Style::of(ColorRole::Dim)).into_iter().map(
        |mut line| {
            line.insert(0, mark(state, is_marked));
            line.insert(1, plain("  "));
            line
        },
    ));
    lines
}

/// A choice of a dialog, which can be a line of its text.
fn dialog_lines(state: &State, is_marked: bool, label: &str, style: Style, width: usize) -> Vec<Line> {
    let mut lines = words(label, width.saturating_sub(2).max(8), style);
    if lines.is_empty() {
        lines.push(Line::new());
    }
    for line in &mut lines {
        line.insert(0, mark(state, is_marked));
    }
    lines
}

/// The lines below the choices: of a command, what it is on the `:` line and on the command line.
fn footer(state: &State, prompt: &Prompt, all: &[Choice], width: u16) -> Vec<Line> {
    if prompt.kind != PromptKind::Palette || SizeClass::of(state.terminal.size) == SizeClass::Tiny {
        return Vec::new();
    }
    let marked = all.get(prompt.choice.min(all.len().saturating_sub(1)));
    let text = marked.map(|choice| palette::as_typed(state, choice)).unwrap_or_default();
    vec![Line::new(), fit_line(vec![dim(format!(" {text}"))], usize::from(width))]
}

/// The keys of a prompt, in the border below it.
fn keys(state: &State, prompt: &Prompt, count: usize) -> String {
    match (&prompt.kind, prompt.overlay()) {
        (PromptKind::Palette, _) => {
            let copy = state.preferences.keymap.keys_of(Action::CopyChoice);
            let copy = copy.map_or_else(String::new, |keys| format!(" · {keys} copy"));
            if prompt.editor.is_blank() {
                format!("{} commands · type to find{copy}", palette::offered(state, prompt).len())
            } else {
                format!("{count} found{copy}")
            }
        }
        (PromptKind::Help, _) => "Enter runs it · Esc closes".to_owned(),
        (PromptKind::Accounts(_), _) => "Enter or 1-9 switch · Esc back".to_owned(),
        (_, Overlay::Menu) => "Enter or 1-9 choose · Esc back".to_owned(),
        (PromptKind::Details(_) | PromptKind::File(_), _) => "Esc closes".to_owned(),
        _ => "Enter choose · Esc cancel".to_owned(),
    }
}

/// Draws a prompt. Returns the position of the caret.
pub(super) fn prompt(state: &State, grid: &mut Grid, prompt: &Prompt) -> (u16, u16) {
    match prompt.overlay() {
        Overlay::Page => return start::page(state, grid, prompt),
        Overlay::Line => {
            let (_, last) = Area::of(state.terminal.size).split_bottom(1);
            grid.clear(last, Style::default().on(Surface::Sheet));
            return input(grid, last, prompt);
        }
        _ => {}
    }
    let layout = Layout::new(state, prompt);
    let count = choices(state, prompt).len();
    let more = match layout.more() {
        0 => String::new(),
        more => format!("{more} more"),
    };
    layout.frame.draw(state, grid, &prompt.title(), &keys(state, prompt, count), &more);
    let mut caret = (layout.list.x, layout.list.y);
    for (area, rows) in layout.areas().into_iter().zip(&layout.columns) {
        let visible = rows.iter().skip(layout.first).take(usize::from(layout.list.height));
        for (y, row) in (area.y..).zip(visible) {
            let is_marked = row.choice == Some(prompt.choice.min(count.saturating_sub(1)));
            let surface = if is_marked { Surface::Selected } else { Surface::Sheet };
            if is_marked {
                grid.clear(Area { y, height: 1, ..area }, Style::default().on(surface));
                caret = (area.x, y);
            }
            put(grid, area, area.x, y, &row.line, surface);
        }
    }
    let end = layout.frame.inner.y + layout.frame.inner.height;
    for (y, line) in (end.saturating_sub(rows_of(&layout.footer))..end).zip(&layout.footer) {
        put(grid, layout.frame.inner, layout.frame.inner.x, y, line, Surface::Sheet);
    }
    layout.input.map_or(caret, |area| input(grid, area, prompt))
}

/// Draws the line of a prompt. Returns the position of the caret.
fn input(grid: &mut Grid, area: Area, prompt: &Prompt) -> (u16, u16) {
    let sign = span(format!(" {}", prompt.sign()), Style::of(ColorRole::Accent).bold());
    let x = put(grid, area, area.x, area.y, &[sign], Surface::Sheet);
    let text = SafeText::line(prompt.editor.text());
    if text.as_str().is_empty() {
        put(grid, area, x, area.y, &[dim(prompt.placeholder())], Surface::Sheet);
        return (x, area.y);
    }
    let before = SafeText::line(prompt.editor.text().get(..prompt.editor.caret()).unwrap_or_default());
    let available = usize::from((area.x + area.width).saturating_sub(x + 1));
    // Of a long line, show the part before the caret.
    let shown: String = if columns(text.as_str()) > available {
        before.as_str().chars().rev().take(available).collect::<Vec<_>>().into_iter().rev().collect()
    } else {
        text.as_str().to_owned()
    };
    put(grid, area, x, area.y, &[plain(shown)], Surface::Sheet);
    (x + u16::try_from(columns(before.as_str()).min(available)).unwrap_or(0), area.y)
}

/// The rows of a prompt that is scrolled.
pub(crate) struct Scroll {
    /// The first one on the screen.
    pub(crate) first: usize,
    /// Those on the screen.
    pub(crate) height: usize,
    /// The choice of each row of the column with the marked one.
    rows: Vec<Option<usize>>,
    /// The last row of the marked choice.
    marked: usize,
}

impl Scroll {
    /// The rows of a prompt; `None` if all of it is always on the screen.
    pub(crate) fn of(state: &State, prompt: &Prompt) -> Option<Self> {
        if matches!(prompt.overlay(), Overlay::Page | Overlay::Line) {
            return None;
        }
        let layout = Layout::new(state, prompt);
        let marked = prompt.choice.min(choices(state, prompt).len().saturating_sub(1));
        layout.columns.iter().find_map(|rows| {
            let place = rows.iter().rposition(|row| row.choice == Some(marked))?;
            let (first, height) = (layout.first, usize::from(layout.list.height));
            Some(Self { first, height, rows: rows.iter().map(|row| row.choice).collect(), marked: place })
        })
    }

    /// Whether the marked choice is below the screen.
    pub(crate) fn is_below(&self) -> bool {
        self.marked >= self.first + self.height
    }

    /// The choice that is so many rows further down, or up, and the first row on the screen then.
    pub(crate) fn moved(&self, by: isize) -> (usize, usize) {
        let to = self.marked.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
        let above = self.rows.iter().take(to + 1).rev().flatten().next();
        let choice = above.or_else(|| self.rows.iter().flatten().next()).copied().unwrap_or(0);
        (choice, self.first.saturating_add_signed(by))
    }
}

/// Where a prompt is.
pub(super) fn area(state: &State, prompt: &Prompt) -> Area {
    match prompt.overlay() {
        Overlay::Page => start::page_area(state, prompt),
        Overlay::Line => Area::of(state.terminal.size).split_bottom(1).1,
        _ => Layout::new(state, prompt).frame.outer,
    }
}

/// The index of the choice at a cell.
pub(super) fn choice_at(state: &State, prompt: &Prompt, x: u16, y: u16) -> Option<usize> {
    match prompt.overlay() {
        Overlay::Page => return start::choice_at(state, prompt, x, y),
        Overlay::Line => return None,
        _ => {}
    }
    let layout = Layout::new(state, prompt);
    let areas = layout.areas();
    let (area, rows) = areas.iter().zip(&layout.columns).find(|(area, _)| area.contains(x, y))?;
    rows.get(layout.first + usize::from(y - area.y))?.choice
}
