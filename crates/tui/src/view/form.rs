//! Forms: a field is a label, its value and what is known about it; what explains it is below the one with the focus.
//! Before there is a session a form has the whole screen, below whose server it is; later it is a dialog.

use model::SafeText;
use unicode_segmentation::UnicodeSegmentation as _;

use super::lines::{Line, Span, bold, dim, fit_line, line_columns, numbered, of, plain, put, span, words};
use super::overlay::{Align, Frame, content_height, content_width, mark};
use super::size::SizeClass;
use super::start;
use crate::about::rules;
use crate::form::{Field, Form, FormKind, Note};
use crate::settings::capitalized;
use crate::signs::Sign;
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::measure::columns;
use terminal::style::{ColorRole, Style, Surface};

/// Columns of a label.
const LABEL_WIDTH: usize = 18;
/// Columns of a value before what is known about it starts in the same row.
const VALUE_WIDTH: usize = 22;
/// Columns of a form, at most.
const WIDTH: u16 = 68;
/// Rows of the description of a server that a form shows, at most.
const DESCRIPTION_ROWS: usize = 8;

/// What of a form is at a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A field, by its index, and the byte of its text; `None` before its text.
    Field(usize, Option<usize>),
    /// The value of a field, by its index: a click changes it by so many places.
    Value(usize, isize),
    /// A button, by its index.
    Button(usize),
}

/// A form on the screen.
struct Layout {
    /// The frame of a dialog.
    frame: Option<Frame>,
    /// The lines above the fields.
    head: Vec<Line>,
    /// Where the fields and the buttons are; the lines above them are directly above.
    body: Area,
    /// The last row, with the keys, of a form that has the whole of a tiny screen.
    keys: Option<Area>,
    blocks: Blocks,
    /// The blocks that are visible and their first rows.
    places: Vec<(usize, u16)>,
}

impl Layout {
    fn new(state: &State, form: &Form) -> Self {
        if form.is_page() { Self::page(state, form) } else { Self::dialog(state, form) }
    }

    /// A form in a frame.
    fn dialog(state: &State, form: &Form) -> Self {
        let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
        let width = content_width(state, 0);
        let blocks = Blocks::new(state, form, usize::from(width.saturating_sub(2)));
        let most = usize::from(content_height(state));
        let around = 2;
        let is_roomy = !is_tiny && blocks.rows(true) + around <= most;
        let height = (blocks.rows(is_roomy) + around).min(most);
        let frame = Frame::of(state, width, u16::try_from(height).unwrap_or(u16::MAX), Align::Middle);
        let body = frame.inner.inside(1, 1);
        Self { frame: Some(frame), ..Self::placed(form, Vec::new(), body, blocks, is_roomy) }
    }

    /// A form that has the whole screen.
    fn page(state: &State, form: &Form) -> Self {
        let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
        let area = start::content_area(state);
        let area = Area { width: area.width.min(WIDTH), ..area };
        let width = usize::from(area.width);
        let blocks = Blocks::new(state, form, width);
        let (area, last) = area.split_bottom(u16::from(is_tiny));
        let space = usize::from(area.height);
        let head = head(state, form, width.saturating_sub(2), space.saturating_sub(blocks.rows(false)));
        let is_roomy = !is_tiny && head.len() + blocks.rows(true) <= space;
        let y = if is_tiny { area.y } else { blocks.top(area, head.len(), is_roomy) };
        let y = y + u16::try_from(head.len()).unwrap_or(0);
        let body = Area { y, height: (area.y + area.height).saturating_sub(y), ..area };
        Self { keys: is_tiny.then_some(last), ..Self::placed(form, head, body, blocks, is_roomy) }
    }

    fn placed(form: &Form, head: Vec<Line>, body: Area, mut blocks: Blocks, is_roomy: bool) -> Self {
        let places = blocks.place(body, form.focus, is_roomy);
        Self { frame: None, head, body, keys: None, blocks, places }
    }

    fn draw(&self, state: &State, grid: &mut Grid, form: &Form) -> Option<(u16, u16)> {
        let surface = if self.frame.is_some() { Surface::Sheet } else { Surface::Plain };
        let (show, is_tiny) = (self.blocks.has_secret, SizeClass::of(state.terminal.size) == SizeClass::Tiny);
        if let Some(frame) = &self.frame {
            let second = if show { "Ctrl-r show" } else { "Ctrl-s save" };
            let keys = format!("Tab next · {second} · Esc cancel");
            frame.draw(state, grid, form.title(), &keys, if is_tiny { "Esc cancel" } else { "" });
        }
        if let Some(last) = self.keys {
            let show = if show { " · Ctrl-r show" } else { "" };
            put(grid, last, last.x, last.y, &[dim(format!("  Tab next{show} · Esc back"))], surface);
        }
        let top = self.body.y.saturating_sub(u16::try_from(self.head.len()).unwrap_or(0));
        for (y, line) in (top..).zip(&self.head) {
            put(grid, Area { y, height: 1, ..self.body }, self.body.x + 2, y, line, surface);
        }
        let area = self.body;
        for (block, y) in &self.places {
            for (y, line) in (*y..).zip(self.blocks.lines(*block)) {
                put(grid, area, area.x, y, line, surface);
            }
        }
        let below = form.fields.len().saturating_sub(self.places.last().map_or(0, |(block, _)| block + 1));
        if below > 0 {
            let words = vec![dim(format!("  {below} more below"))];
            put(grid, area, area.x, (area.y + area.height).saturating_sub(1), &words, surface);
        }
        self.caret(form)
    }

    fn caret(&self, form: &Form) -> Option<(u16, u16)> {
        let focused = form.focus.min(form.fields.len());
        let (_, y) = self.places.iter().find(|(block, _)| *block == focused)?;
        let column = match form.focused() {
            Some(field) => self.blocks.caret_column(form, field),
            None => 2 + self.blocks.button_column(form, form.focus.saturating_sub(form.fields.len())),
        };
        Some((self.body.x + u16::try_from(column).unwrap_or(0), *y))
    }

    /// Where it is: the frame, or the lines on the screen.
    fn area(&self) -> Area {
        if let Some(frame) = &self.frame {
            return frame.outer;
        }
        let head = u16::try_from(self.head.len()).unwrap_or(0);
        let end = |(block, y): &(usize, u16)| {
            y.saturating_add(u16::try_from(self.blocks.lines(*block).len()).unwrap_or(0))
        };
        let end = self.places.last().map_or(self.body.y, end);
        let y = self.body.y.saturating_sub(head);
        let end = self.keys.map_or(end, |keys| keys.y + keys.height);
        Area { y, height: end.saturating_sub(y), ..self.body }
    }

    fn part_at(&self, form: &Form, x: u16, y: u16) -> Option<Part> {
        if !self.body.contains(x, y) {
            return None;
        }
        let (block, first) = self.places.iter().rev().find(|(_, first)| *first <= y)?;
        let column = usize::from(x - self.body.x);
        if let Some(field) = form.fields.get(*block) {
            if usize::from(y - first) >= self.blocks.lines(*block).len() {
                return None;
            }
            let before = 2 + self.blocks.label_width;
            let at = column.checked_sub(before).filter(|_| y == *first);
            if let (Some(at), false) = (at, field.values.is_empty()) {
                return Some(Part::Value(*block, if at == 0 { -1 } else { 1 }));
            }
            let at = at.map(|column| self.blocks.byte_at(form, field, *block == form.focus, column));
            return Some(Part::Field(*block, at));
        }
        let places = (0..form.buttons.len()).filter(|_| y == *first && !form.is_busy);
        let mut buttons = places.map(|place| (place, 2 + self.blocks.button_column(form, place)));
        let width =
            |place: usize| form.buttons.get(place).map_or(0, |one| columns(form.button_label(*one)) + 4);
        let (place, _) = buttons.find(|(place, from)| (*from..from + width(*place)).contains(&column))?;
        Some(Part::Button(place))
    }
}

/// Draws a form. Returns the position of the caret.
pub(super) fn form(state: &State, grid: &mut Grid, form: &Form) -> Option<(u16, u16)> {
    Layout::new(state, form).draw(state, grid, form)
}

/// Where a form is.
pub(super) fn area(state: &State, form: &Form) -> Area {
    Layout::new(state, form).area()
}

/// What of a form is at a cell.
pub(super) fn part_at(state: &State, form: &Form, x: u16, y: u16) -> Option<Part> {
    Layout::new(state, form).part_at(form, x, y)
}

/// Whose server it is, and what the form is for. With little space it is one line.
fn head(state: &State, form: &Form, width: usize, space: usize) -> Vec<Line> {
    let title = || bold(form.title());
    let name = state.server_name();
    let short = |blank: bool| {
        let name = if form.kind == FormKind::Connect || name.is_empty() {
            String::new()
        } else {
            format!(" · {name}")
        };
        let mut lines = vec![fit_line(vec![title(), dim(name)], width)];
        let announced = announcement(state, form, width, 1);
        if lines.len() + announced.len() < space {
            lines.extend(announced);
        }
        lines.extend(blank.then(Line::new));
        lines
    };
    if SizeClass::of(state.terminal.size) == SizeClass::Tiny || space < 6 {
        return short(space > 1);
    }
    let mut lines = match form.kind {
        FormKind::Connect => start::about_program(state, width),
        _ => start::about_server(state, width, space.saturating_sub(6).min(DESCRIPTION_ROWS)),
    };
    let rules = rules(state).filter(|_| form.kind == FormKind::SignUp);
    let rules = rules.flat_map(|(number, rule)| numbered(number, rule, width)).collect::<Vec<_>>();
    let (many, few) = start::ANNOUNCEMENT_LINES;
    let announced = |most| announcement(state, form, width, most);
    // What fits with a blank row above it, and what follows. A short form of an announcement is better than none.
    for alternatives in [vec![announced(many), announced(few)], vec![rules]] {
        let mut alternatives = alternatives.into_iter().filter(|one| !one.is_empty());
        if let Some(one) = alternatives.find(|one| lines.len() + one.len() + 4 <= space) {
            lines.push(Line::new());
            lines.extend(one);
        }
    }
    lines.extend([Line::new(), vec![title()], Line::new()]);
    lines
}

/// The newest announcement, for those who are about to sign in or to sign up.
fn announcement(state: &State, form: &Form, width: usize, most: usize) -> Vec<Line> {
    match form.kind {
        FormKind::LogIn | FormKind::SignUp => start::announcement(state, width, most),
        _ => Vec::new(),
    }
}

/// The lines of the fields, and of the buttons below them.
struct Blocks {
    /// Those of each field; the last ones are those of the buttons.
    all: Vec<Vec<Line>>,
    label_width: usize,
    value_width: usize,
    has_secret: bool,
    /// What is shown for each character of a password.
    password_sign: &'static str,
}

impl Blocks {
    fn new(state: &State, form: &Form, width: usize) -> Self {
        let longest = form.fields.iter().map(|field| columns(field.label)).max().unwrap_or(0) + 2;
        let label_width = if width < 48 { longest.min(LABEL_WIDTH) } else { LABEL_WIDTH };
        let value_width = width.saturating_sub(label_width + 3).max(8);
        let of = |index| lines_of(state, form, index, label_width, width);
        let mut all: Vec<Vec<Line>> = (0..form.fields.len()).filter_map(of).collect();
        all.push(buttons(state, form, width));
        Self {
            all,
            label_width,
            value_width,
            has_secret: form.fields.iter().any(Field::is_secret),
            password_sign: state.sign(Sign::Password),
        }
    }

    fn lines(&self, block: usize) -> &[Line] {
        self.all.get(block).map_or(&[], Vec::as_slice)
    }

    /// Blank rows after each field.
    fn gap(&self, is_roomy: bool) -> usize {
        usize::from(is_roomy && self.all.len() > 3)
    }

    /// Rows of all of it. A blank one is above the buttons.
    fn rows(&self, is_roomy: bool) -> usize {
        let gap = self.gap(is_roomy);
        let lines: usize = self.all.iter().map(Vec::len).sum();
        lines + gap * self.all.len().saturating_sub(1) + 1 - gap
    }

    /// The first row of the form with a head of this many rows. It is the same whichever field has the focus and the line that
    /// explains it, as long as there is space below.
    fn top(&self, area: Area, head: usize, is_roomy: bool) -> u16 {
        let extra: usize = self.all.iter().map(|lines| lines.len().saturating_sub(1)).sum();
        let all = head + self.rows(is_roomy);
        let end = area.y + area.height;
        let lowest = end.saturating_sub(u16::try_from(all).unwrap_or(u16::MAX)).max(area.y);
        start::top(area, all - extra).min(lowest)
    }

    /// The blocks that fit and their first rows: the one with the focus, those around it, and a row that counts the
    /// others.
    fn place(&mut self, area: Area, focus: usize, is_roomy: bool) -> Vec<(usize, u16)> {
        let gap = self.gap(is_roomy);
        let space = usize::from(area.height);
        let last = self.all.len().saturating_sub(1);
        let focus = focus.min(last);
        let is_whole = self.rows(is_roomy) <= space;
        if let Some(lines) = self.all.get_mut(focus).filter(|_| !is_whole) {
            keep_the_end(lines, space.saturating_sub(usize::from(focus < last)));
        }
        let first = if is_whole { 0 } else { self.first(focus, space) };
        let (mut places, mut y) = (Vec::new(), 0);
        for (block, lines) in self.all.iter_mut().enumerate().skip(first) {
            let reserved = usize::from(!is_whole && block < last);
            if y + lines.len() + reserved > space && block > focus {
                // The buttons take the row that would count what is below.
                if block == last && y < space {
                    lines.truncate(1);
                    places.push((block, y));
                }
                break;
            }
            y += usize::from(block == last && gap == 0 && is_whole);
            places.push((block, y));
            y += lines.len() + gap;
        }
        let row = |row: usize| area.y.saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
        places.into_iter().map(|(block, y)| (block, row(y))).collect()
    }

    /// The first block that is drawn if not all fit: the one above that with the focus, if both fit.
    fn first(&self, focus: usize, space: usize) -> usize {
        let below = usize::from(focus + 1 < self.all.len());
        let mut first = focus;
        let mut used = self.lines(focus).len() + below;
        while let Some(above) = first.checked_sub(1) {
            used += self.lines(above).len();
            if used > space {
                break;
            }
            first = above;
        }
        first
    }

    /// The column of the caret in a field.
    fn caret_column(&self, form: &Form, field: &Field) -> usize {
        let (skipped, before) = self.window(form, field);
        2 + self.label_width + before.saturating_sub(skipped)
    }

    /// Columns of the text of the field with the focus that are left of what is visible, and those before its caret.
    fn window(&self, form: &Form, field: &Field) -> (usize, usize) {
        let before = field.editor.text().get(..field.editor.caret()).unwrap_or_default();
        let before = columns(&visible(field, before, form, self.password_sign));
        ((before + 1).saturating_sub(self.value_width), before)
    }

    /// The byte of the text of a field at a column of its value.
    fn byte_at(&self, form: &Form, field: &Field, has_focus: bool, column: usize) -> usize {
        let skipped = if has_focus { self.window(form, field).0 } else { 0 };
        let text = field.editor.text();
        let mut end = 0;
        for (at, cluster) in text.grapheme_indices(true) {
            end += columns(&visible(field, cluster, form, self.password_sign));
            if end > skipped + column {
                return at;
            }
        }
        text.len()
    }

    fn button_column(&self, form: &Form, button: usize) -> usize {
        let before = form.buttons.iter().take(button);
        before.map(|one| columns(form.button_label(*one)) + 4 + BUTTON_GAP).sum()
    }
}

/// Columns between two buttons.
const BUTTON_GAP: usize = 4;

/// Leaves out lines of a block that is longer than the screen: after its first one, because what to do about a problem
/// is said at its end.
fn keep_the_end(lines: &mut Vec<Line>, space: usize) {
    let hidden = lines.len().saturating_sub(space.max(2));
    if hidden > 0 {
        lines.splice(1..hidden + 2, [vec![dim("  …")]]);
    }
}

/// The part of a text from a column on, at most `width` columns of it.
fn part(text: &str, skip: usize, width: usize) -> String {
    let mut end = 0;
    let shown = text.graphemes(true).filter(|cluster| {
        let from = end;
        end += columns(cluster);
        from >= skip && end <= skip + width
    });
    shown.collect()
}

/// The text of a field as it can be seen.
fn visible(field: &Field, text: &str, form: &Form, sign: &str) -> String {
    if field.is_secret() && !form.is_revealed {
        sign.repeat(text.chars().count())
    } else {
        SafeText::line(text).as_str().to_owned()
    }
}

/// The lines of a field: label, value and what is known about it; with the focus, also what explains it.
fn lines_of(state: &State, form: &Form, index: usize, label_width: usize, width: usize) -> Option<Vec<Line>> {
    let field = form.fields.get(index)?;
    let has_focus = index == form.focus;
    let padding = " ".repeat(label_width.saturating_sub(columns(field.label)));
    let label = if has_focus { bold(field.label) } else { plain(field.label) };
    let mut line = vec![mark(state, has_focus), plain(" "), label, plain(padding)];
    line.push(value(state, form, field, has_focus, width.saturating_sub(label_width + 3).max(8)));
    let mut lines = match &field.note {
        Some(note) => with_note(line, note, 2 + label_width + VALUE_WIDTH, width),
        None => vec![line],
    };
    // Of a long text only a part is in the field.
    let text = field.editor.text();
    let is_long = !field.is_secret() && columns(text) > width.saturating_sub(label_width + 3).max(8);
    if has_focus && is_long && field.values.is_empty() {
        lines.extend(below(SafeText::line(text).as_str(), Style::default(), width));
    }
    let problem = form.problem.as_deref();
    // A problem that is not about a field is where it is seen: with the focus.
    if let Some(problem) = problem.filter(|_| form.problem_at.map_or(has_focus, |at| at == index)) {
        lines.extend(problem_lines(state, problem, width));
    } else if has_focus && !field.hint.is_empty() {
        lines.extend(below(&field.hint, Style::of(ColorRole::Dim), width));
    }
    Some(lines)
}

/// The value of a field: its text, one of several values, or what is shown in the empty field.
fn value(state: &State, form: &Form, field: &Field, has_focus: bool, width: usize) -> Span {
    let text = field.editor.text();
    if !field.values.is_empty() {
        let (left, right) = (state.sign(Sign::ChoiceLeft), state.sign(Sign::ChoiceRight));
        let value = format!("{left} {} {right}", capitalized(text));
        return if has_focus { of(ColorRole::Accent, value) } else { plain(value) };
    }
    if text.is_empty() {
        let shown = if field.default.is_empty() { field.placeholder } else { field.default.as_str() };
        return dim(SafeText::line(shown).as_str());
    }
    let sign = state.sign(Sign::Password);
    let all = visible(field, text, form, sign);
    let before = text.get(..field.editor.caret()).unwrap_or_default();
    let before = columns(&visible(field, before, form, sign));
    // Of a long text, the part before the caret, or its beginning.
    let skip = if has_focus { (before + 1).saturating_sub(width) } else { 0 };
    plain(part(&all, skip, width))
}

/// A field with a remark: in the same row if there is space, in a column if possible, or below it.
fn with_note(mut line: Line, note: &Note, column: usize, width: usize) -> Vec<Line> {
    let style = Style::of(if note.is_good { ColorRole::Good } else { ColorRole::Warning });
    let value_end = line_columns(&line).max(column);
    let fits_in_column = value_end + columns(&note.text) + 2 <= width;
    let start = if fits_in_column { value_end } else { line_columns(&line) };
    if start + 2 + columns(&note.text) > width {
        let mut lines = vec![line];
        lines.extend(below(&note.text, style, width));
        return lines;
    }
    line.push(plain(" ".repeat(start + 2 - line_columns(&line))));
    line.push(span(note.text.clone(), style));
    vec![line]
}

/// A text below a field.
fn below(text: &str, style: Style, width: usize) -> Vec<Line> {
    let mut lines = words(text, width.saturating_sub(4).max(8), style);
    for line in &mut lines {
        line.insert(0, plain("  "));
    }
    lines
}

/// Why the form was refused.
fn problem_lines(state: &State, problem: &str, width: usize) -> Vec<Line> {
    below(&format!("{} {problem}", state.sign(Sign::Error)), Style::of(ColorRole::Error).bold(), width)
}

/// The buttons, or that the form waits for a response.
fn buttons(state: &State, form: &Form, width: usize) -> Vec<Line> {
    if form.is_busy {
        return vec![vec![dim("  Please wait…")]];
    }
    let focused = form.focus.checked_sub(form.fields.len());
    let mut line = vec![mark(state, focused.is_some()), plain(" ")];
    for (place, button) in form.buttons.iter().enumerate() {
        if place > 0 {
            line.push(plain(" ".repeat(BUTTON_GAP)));
        }
        let words = format!("[ {} ]", form.button_label(*button));
        line.push(if focused == Some(place) { bold(words) } else { plain(words) });
    }
    let mut lines = vec![fit_line(line, width)];
    let problem = form.problem.as_deref().filter(|_| focused.is_some() && form.problem_at.is_none());
    lines.extend(problem.into_iter().flat_map(|problem| problem_lines(state, problem, width)));
    lines
}
