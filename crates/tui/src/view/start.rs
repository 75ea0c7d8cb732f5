//! The screens before there is a session: what this is, whose server it is, and what to choose. Nothing else is drawn.

use protocol::v1;

use super::lines::{Line, body, bold, dim, fit_line, line_columns, of, plain, put, shortened, span, words};
use super::overlay::{Row, mark};
use super::size::SizeClass;
use crate::about::count_of_rules;
use crate::choice::Choice;
use crate::choices::{choices, notice};
use crate::confirmation::about_own_server;
use crate::prompt::{Prompt, PromptKind};
use crate::signs::Sign;
use crate::state::{Link, State};
use crate::wording::{age, count};
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Columns from the beginning of a choice to what explains it.
const LABEL_WIDTH: usize = 31;
/// Columns of the text, at most.
const TEXT_WIDTH: usize = 62;
/// Columns that are centered on a screen with more.
const CONTENT_WIDTH: u16 = 64;
/// Lines of the description of a server.
const DESCRIPTION_LINES: usize = 3;
/// Lines of the text of an announcement, and of one where there is little space.
pub(super) const ANNOUNCEMENT_LINES: (usize, usize) = (4, 2);

/// Where the content of such a screen is: its left edge depends on the size.
pub(super) fn content_area(state: &State) -> Area {
    let whole = Area::of(state.terminal.size);
    let (left, below) = match SizeClass::of(state.terminal.size) {
        SizeClass::Tiny => (0, 0),
        SizeClass::Narrow => (4, 1),
        _ => (whole.width.saturating_sub(CONTENT_WIDTH) / 2, 1),
    };
    let width = whole.width.saturating_sub(left + 1);
    Area { x: left, y: 0, width, height: whole.height.saturating_sub(below) }
}

/// The first row of content with this many rows: a little above the middle.
pub(super) fn top(area: Area, rows: usize) -> u16 {
    area.y + area.height.saturating_sub(u16::try_from(rows).unwrap_or(u16::MAX)) / 3
}

/// Draws a menu. Returns the position of the caret.
pub(super) fn page(state: &State, grid: &mut Grid, prompt: &Prompt) -> (u16, u16) {
    let (area, rows) = layout(state, prompt);
    let marked = prompt.choice.min(choices(state, prompt).len().saturating_sub(1));
    let mut caret = (area.x, area.y);
    for (y, row) in (area.y..area.y + area.height).zip(rows) {
        let is_marked = row.choice == Some(marked);
        let surface = if is_marked { Surface::Selected } else { Surface::Plain };
        if is_marked {
            let columns = u16::try_from(line_columns(&row.line)).unwrap_or(0) + 1;
            grid.clear(
                Area { y, height: 1, width: columns.min(area.width), ..area },
                Style::default().on(surface),
            );
            caret = (area.x, y);
        }
        put(grid, area, area.x, y, &row.line, surface);
    }
    caret
}

/// Where a menu is.
pub(super) fn page_area(state: &State, prompt: &Prompt) -> Area {
    layout(state, prompt).0
}

/// The index of the choice at a cell.
pub(super) fn choice_at(state: &State, prompt: &Prompt, x: u16, y: u16) -> Option<usize> {
    let (area, rows) = layout(state, prompt);
    if !area.contains(x, y) {
        return None;
    }
    rows.get(usize::from(y - area.y))?.choice
}

/// The rows of a menu, and where they are.
fn layout(state: &State, prompt: &Prompt) -> (Area, Vec<Row>) {
    let area = content_area(state);
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    let width = usize::from(area.width.saturating_sub(2)).min(TEXT_WIDTH);
    let inset = |mut line: Line| {
        line.insert(0, plain("  "));
        Row::text(line)
    };
    let all = choices(state, prompt);
    let head = match prompt.kind {
        PromptKind::Welcome => about_program(state, width),
        _ => about_server(state, width, DESCRIPTION_LINES),
    };
    let mut rows: Vec<Row> = head.into_iter().map(inset).collect();
    if prompt.kind != PromptKind::Welcome {
        let (many, few) = ANNOUNCEMENT_LINES;
        let announced = announcement(state, width, if is_tiny { few } else { many });
        rows.extend((!announced.is_empty() && !is_tiny).then(|| Row::text(Line::new())));
        rows.extend(announced.into_iter().map(inset));
    }
    if let Some(text) = notice(state, prompt) {
        rows.push(Row::text(Line::new()));
        let style = Style::of(ColorRole::Error).bold();
        rows.extend(
            words(&format!("{} {text}", state.sign(Sign::Error)), width, style).into_iter().map(inset),
        );
    }
    rows.push(Row::text(Line::new()));
    let marked = prompt.choice.min(all.len().saturating_sub(1));
    for (place, choice) in all.iter().enumerate() {
        let line = choice_line(state, choice, place == marked, usize::from(area.width));
        rows.push(Row { choice: Some(place), line });
    }
    let note = if prompt.kind == PromptKind::Welcome { about_own_server(state) } else { None };
    let note = note.map(|text| format!("Start a server here: {text}"));
    if let Some(note) = note.filter(|_| !is_tiny) {
        rows.push(Row::text(Line::new()));
        rows.extend(words(&note, width, Style::of(ColorRole::Dim)).into_iter().map(inset));
    }
    let own = state.own_server.as_ref().filter(|server| server.is_running);
    if let Some(server) = own.filter(|_| is_tiny && prompt.kind == PromptKind::Welcome) {
        rows.push(Row::text(Line::new()));
        rows.push(inset(vec![dim(format!("This computer: {}", server.address))]));
    }
    if is_tiny {
        rows.push(Row::text(Line::new()));
        rows.push(inset(vec![dim("Enter choose · Esc quit")]));
    }
    // The first rows go if there is no space for all: those with the choices stay.
    let hidden = rows.len().saturating_sub(usize::from(area.height));
    let y = top(area, rows.len());
    let rows: Vec<Row> = rows.into_iter().skip(hidden).collect();
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(area.height);
    (Area { y, height, ..area }, rows)
}

fn choice_line(state: &State, choice: &Choice, is_marked: bool, width: usize) -> Line {
    let label = if is_marked { bold(choice.label.clone()) } else { plain(choice.label.clone()) };
    let mut line = vec![mark(state, is_marked), plain(" "), label];
    let gap = (LABEL_WIDTH + 2).saturating_sub(line_columns(&line)).max(2);
    let detail = vec![plain(" ".repeat(gap)), dim(choice.detail.clone())];
    if line_columns(&line) + line_columns(&detail) <= width {
        line.extend(detail);
    }
    fit_line(line, width)
}

pub(super) fn about_program(state: &State, width: usize) -> Vec<Line> {
    let mut lines = vec![vec![span("Mini-Tweet", Style::of(ColorRole::Accent).bold())]];
    lines.extend(words("A microblog network for the terminal.", width, Style::of(ColorRole::Dim)));
    let own = state.own_server.as_ref().filter(|server| server.is_running);
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    if let Some(server) = own.filter(|_| !is_tiny) {
        let name = state.name_of_server(&server.address).map(|name| format!(": {name}"));
        let text = format!("A server is running on this computer{}", name.as_deref().unwrap_or("."));
        lines.push(Line::new());
        lines.extend(words(&text, width, Style::default()));
    }
    lines
}

/// Whose server this is: its name, what its operator says about it, and how many people are there.
pub(super) fn about_server(state: &State, width: usize, description_lines: usize) -> Vec<Line> {
    let (hello, info) = (&state.connection.hello, &state.connection.info);
    let name = state.server_name();
    let mut lines = vec![fit_line(vec![span(name, Style::of(ColorRole::Accent).bold())], width)];
    let is_roomy = SizeClass::of(state.terminal.size) > SizeClass::Tiny;
    let description = info.description.trim();
    if !description.is_empty() && is_roomy {
        let said = body(description, width);
        let is_long = said.len() > description_lines;
        lines.extend(said.into_iter().take(description_lines));
        if let Some(last) = lines.last_mut().filter(|_| is_long) {
            *last = fit_line(std::mem::take(last), width.saturating_sub(1));
            last.push(dim("…"));
        }
    }
    let sign_up = match hello.sign_up() {
        v1::SignUpMode::Closed => "sign-up closed",
        v1::SignUpMode::Invite => "sign-up by invite",
        _ => "sign-up open",
    };
    let mut facts = Vec::new();
    if info.accounts > 0 {
        facts.push(count(u32::try_from(info.accounts).unwrap_or(u32::MAX), "person", "people"));
    }
    facts.push(sign_up.to_owned());
    facts.extend(count_of_rules(state));
    lines.push(fit_line(vec![dim(facts.join(" · "))], width));
    lines
}

/// The newest announcement, its text in this many lines at most; empty if there is none.
pub(super) fn announcement(state: &State, width: usize, most: usize) -> Vec<Line> {
    let mut all = state.new_announcements();
    let Some(newest) = all.next() else { return Vec::new() };
    let mut head = vec![of(ColorRole::Warning, format!("{} Announcement", state.sign(Sign::Attention)))];
    // An older server does not say when it was.
    if newest.created_ms != 0 {
        head.push(dim(format!(" · {}", age(state, newest.created_ms))));
    }
    let others = all.count();
    head.extend((others > 0).then(|| dim(format!(" · {others} more after you sign in"))));
    let mut lines = vec![fit_line(head, width)];
    lines.extend(shortened(body(&newest.text, width), most, width));
    lines
}

/// Draws the screen before there is anything to choose.
pub(super) fn connecting(state: &State, grid: &mut Grid) {
    let area = content_area(state);
    let width = usize::from(area.width.saturating_sub(2)).min(TEXT_WIDTH);
    let mut lines = about_program(state, width);
    let server = state.called(&state.connection.server);
    let text = match &state.connection.link {
        Link::Connecting if !state.connection.server.is_empty() => format!("Connecting to {server}…"),
        _ => "One moment…".to_owned(),
    };
    lines.push(Line::new());
    lines.extend(words(&text, width, Style::default()));
    for (y, line) in (top(area, lines.len())..area.y + area.height).zip(lines) {
        put(grid, area, area.x + 2, y, &line, Surface::Plain);
    }
}
