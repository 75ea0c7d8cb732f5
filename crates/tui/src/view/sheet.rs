//! Overlays: the composer, prompts with their choices, forms, and the hints for keys that can follow.

use model::{SafeText, count_graphemes};

use super::lines::{Line, bold, dim, fit_line, of, plain, prose, put, span, two_ends, words};
use super::tweet::card;
use crate::choices::choices;
use crate::composer::{Composer, Writing};
use crate::form::{Field, Form};
use crate::prompt::{Prompt, PromptKind};
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::measure::columns;
use terminal::style::{ColorRole, Style, Surface};

/// Maximum choices on the screen.
const CHOICES_SHOWN: u16 = 14;
/// Maximum columns of a prompt.
const PROMPT_WIDTH: u16 = 72;
/// Maximum columns of a form.
const FORM_WIDTH: u16 = 64;

/// Columns of the composer's text.
pub(super) fn text_width(area: Area) -> u16 {
    area.width.saturating_sub(4).max(4)
}

/// Rows of the composer; 0 if it is closed.
pub(super) fn composer_height(state: &State, area: Area) -> u16 {
    let Some(composer) = &state.composer else { return 0 };
    let (lines, _) = composer.editor.layout(usize::from(text_width(area)));
    let text = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let more =
        u16::try_from(context_lines(state, composer, area).len()).unwrap_or(0) + completion_rows(composer);
    let least = if matches!(composer.writing, Writing::Message(_)) { 1 } else { 3 };
    let wanted = text.max(least).saturating_add(more).saturating_add(1);
    let most = (area.height * 2 / 3).max(3.min(area.height));
    wanted.min(most)
}

fn completion_rows(composer: &Composer) -> u16 {
    composer.completion.as_ref().map_or(0, |completion| u16::try_from(completion.choices.len()).unwrap_or(0))
}

/// The quoted tweet below the text.
fn context_lines(state: &State, composer: &Composer, area: Area) -> Vec<Line> {
    match composer.writing {
        Writing::Quote(id) => card(state, id, usize::from(text_width(area))).into_iter().take(4).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn composer(state: &State, grid: &mut Grid, area: Area) -> Option<(u16, u16)> {
    let composer = state.composer.as_ref()?;
    grid.clear(area, Style::default().on(Surface::Sheet));
    let (bar, below) = area.split_top(1);
    let left = characters_left(state, composer);
    let mut title =
        vec![span(format!("─ {} ", composer.writing.title()), Style::of(ColorRole::Accent).bold())];
    if let Writing::Reply(id) = composer.writing
        && let Some(tweet) = state.entities.tweet(id)
    {
        title.push(dim(format!("to @{} ", state.entities.username(tweet.author_id))));
    }
    if matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_)) {
        title.push(dim(format!("· {} ", composer.audience.word())));
    }
    if matches!(composer.writing, Writing::Quote(_)) && composer.editor.is_blank() {
        title.push(dim("· leave empty to retweet "));
    }
    let line = two_ends(title, left, usize::from(bar.width));
    put(grid, bar, bar.x, bar.y, &line, Surface::Sheet);

    let width = text_width(area);
    let (lines, (column, row)) = composer.editor.layout(usize::from(width));
    let context = context_lines(state, composer, area);
    let offers = completion_rows(composer);
    let available = below.height.saturating_sub(u16::try_from(context.len()).unwrap_or(0) + offers).max(1);
    let row = u16::try_from(row).unwrap_or(u16::MAX);
    let first = row.saturating_sub(available - 1);
    let text = composer.editor.text();
    let mut y = below.y;
    for range in lines.iter().skip(usize::from(first)).take(usize::from(available)) {
        let safe = SafeText::line(text.get(range.clone()).unwrap_or_default());
        put(grid, below, below.x + 2, y, &[plain(safe.as_str())], Surface::Sheet);
        y += 1;
    }
    if composer.editor.text().is_empty() {
        let hint = match composer.writing {
            Writing::Message(_) => "Enter to send, Ctrl-j for a new line",
            _ => "What's happening? Ctrl-s to send, Esc to keep a draft",
        };
        put(
            grid,
            below,
            below.x + 2,
            below.y,
            &fit_line(vec![dim(hint)], usize::from(width)),
            Surface::Sheet,
        );
    }
    let caret_y = below.y + (row - first).min(available.saturating_sub(1));
    let mut y = (below.y + available).min(caret_y + 1).max(y);
    if let Some(completion) = &composer.completion {
        for (place, (text, what)) in completion.choices.iter().enumerate() {
            let chosen = place == completion.choice;
            let mark = if chosen { "▸ " } else { "  " };
            let style = if chosen { Style::of(ColorRole::Accent).bold() } else { Style::default() };
            let line = vec![span(format!("{mark}{}", text.trim_end()), style), dim(format!("  {what}"))];
            put(grid, below, below.x + 2, y, &fit_line(line, usize::from(width)), Surface::Sheet);
            y += 1;
        }
    }
    for line in context {
        put(grid, below, below.x + 2, y, &line, Surface::Sheet);
        y += 1;
    }
    Some((below.x + 2 + u16::try_from(column).unwrap_or(0), caret_y))
}

/// The number of characters left, counted as the server counts them.
fn characters_left(state: &State, composer: &Composer) -> Line {
    let most = state.graphemes_max();
    let used = count_graphemes(composer.editor.text().trim());
    if used > most {
        return vec![span(format!("✕ {} too long ", used - most), Style::of(ColorRole::Error).bold())];
    }
    let left = most - used;
    let role = if left < 20 { ColorRole::Warning } else { ColorRole::Dim };
    vec![of(role, format!("{left} left "))]
}

/// Clears an area and draws a frame, which separates it from the screen even without colors. Returns the inside.
fn framed(grid: &mut Grid, area: Area) -> Area {
    grid.clear(area, Style::default().on(Surface::Sheet));
    let style = Style::of(ColorRole::Line).on(Surface::Sheet);
    let (right, bottom) = ((area.x + area.width).saturating_sub(1), (area.y + area.height).saturating_sub(1));
    for x in area.x..=right {
        grid.put(area, x, area.y, "─", style, 0);
        grid.put(area, x, bottom, "─", style, 0);
    }
    for y in area.y..=bottom {
        let (left_sign, right_sign) = match y {
            y if y == area.y => ("╭", "╮"),
            y if y == bottom => ("╰", "╯"),
            _ => ("│", "│"),
        };
        grid.put(area, area.x, y, left_sign, style, 0);
        grid.put(area, right, y, right_sign, style, 0);
    }
    area.inside(1, 1)
}

fn prompt_area(state: &State, prompt: &Prompt) -> Area {
    let whole = Area::of(state.terminal.size);
    let count = u16::try_from(choices(state, prompt).len()).unwrap_or(u16::MAX);
    let width = PROMPT_WIDTH.min(whole.width);
    if prompt.kind == PromptKind::Filter {
        let (_, last) = whole.split_bottom(1);
        return last;
    }
    // The frame, the input line, the choices, and a line for the number of hidden choices.
    let rest = u16::from(count > CHOICES_SHOWN);
    let height = (count.clamp(1, CHOICES_SHOWN) + 3 + rest).min(whole.height);
    let y = if prompt.must_choose() { (whole.height - height) / 2 } else { (whole.height - height) / 4 };
    Area { x: (whole.width - width) / 2, y, width, height }
}

/// The number of choices that fit. If some do not, the last row shows how many more there are.
fn shown_choices(rows: u16, count: usize) -> usize {
    let rows = usize::from(rows);
    if count > rows { rows.saturating_sub(1) } else { rows }
}

/// The index of the first visible choice.
fn first_choice(prompt: &Prompt, count: usize, rows: usize) -> usize {
    let choice = prompt.choice.min(count.saturating_sub(1));
    (choice + 1).saturating_sub(rows)
}

pub(super) fn prompt(state: &State, grid: &mut Grid, prompt: &Prompt) -> (u16, u16) {
    let mut area = prompt_area(state, prompt);
    if prompt.kind == PromptKind::Filter {
        grid.clear(area, Style::default().on(Surface::Sheet));
    } else {
        area = framed(grid, area);
    }
    let (head, below) = area.split_top(1);
    let label = span(format!(" {} ", prompt.label()), Style::of(ColorRole::Accent).bold());
    let x = put(grid, head, head.x, head.y, &[label], Surface::Sheet);
    let text = SafeText::line(prompt.editor.text());
    let before = SafeText::line(prompt.editor.text().get(..prompt.editor.caret()).unwrap_or_default());
    let available = usize::from((head.x + head.width).saturating_sub(x + 1));
    // Of a long line, show the part before the caret.
    let shown: String = if columns(text.as_str()) > available {
        before.as_str().chars().rev().take(available).collect::<Vec<_>>().into_iter().rev().collect()
    } else {
        text.as_str().to_owned()
    };
    put(grid, head, x, head.y, &[plain(shown)], Surface::Sheet);
    let caret = (x + u16::try_from(columns(before.as_str()).min(available)).unwrap_or(0), head.y);
    if prompt.kind == PromptKind::Filter {
        return caret;
    }
    let all = choices(state, prompt);
    let rows = shown_choices(below.height, all.len());
    let first = first_choice(prompt, all.len(), rows);
    if all.is_empty() {
        put(grid, below, below.x + 1, below.y, &[dim("No matches · Esc to close")], Surface::Sheet);
    }
    for (y, (place, choice)) in (below.y..).zip(all.iter().enumerate().skip(first).take(rows)) {
        let chosen = place == prompt.choice.min(all.len() - 1);
        let surface = if chosen { Surface::Selected } else { Surface::Sheet };
        let row = Area { y, height: 1, ..below };
        grid.clear(row, Style::default().on(surface));
        let hint = if prompt.has_hints() && place < 9 { format!("{} ", place + 1) } else { String::new() };
        let mark = if chosen { of(ColorRole::Accent, "▌") } else { plain(" ") };
        let label = if choice.unavailable.is_some() {
            dim(choice.label.clone())
        } else if chosen {
            bold(choice.label.clone())
        } else {
            plain(choice.label.clone())
        };
        let detail = match &choice.unavailable {
            Some(reason) => format!("  ({reason})"),
            None => format!("  {}", choice.detail),
        };
        let keys = vec![span(format!("{} ", choice.keys), Style::of(ColorRole::Accent))];
        let line = two_ends(vec![mark, dim(hint), label, dim(detail)], keys, usize::from(below.width));
        put(grid, row, row.x, y, &line, surface);
    }
    let more = all.len().saturating_sub(first + rows);
    if more > 0 {
        let y = below.y + below.height - 1;
        put(grid, below, below.x + 1, y, &[dim(format!("{more} more · type to filter"))], Surface::Sheet);
    }
    caret
}

/// The index of the choice at a cell.
pub(super) fn choice_at(state: &State, prompt: &Prompt, x: u16, y: u16) -> Option<usize> {
    let area = prompt_area(state, prompt).inside(1, 1);
    let count = choices(state, prompt).len();
    let rows = shown_choices(area.height.saturating_sub(1), count);
    let row = usize::from(y.checked_sub(area.y + 1)?);
    let place = first_choice(prompt, count, rows) + row;
    (area.contains(x, y) && row < rows && place < count).then_some(place)
}

/// The commands whose shortcuts begin with the pressed keys.
pub(super) fn which_key(state: &State, grid: &mut Grid) {
    const COLUMN: u16 = 38;
    let all = state.preferences.keymap.continuations(&state.pressed.keys, &state.contexts());
    let whole = Area::of(state.terminal.size);
    let count = u16::try_from(all.len()).unwrap_or(u16::MAX).max(1);
    let rows = count.min(whole.height.saturating_sub(5)).max(1);
    let columns = count.div_ceil(rows).min((whole.width / COLUMN).max(1));
    let (width, height) = ((columns * COLUMN + 3).min(whole.width), rows + 3);
    let bottom = whole.height.saturating_sub(1 + height.min(whole.height));
    let area = Area { x: whole.width - width, y: bottom, width, height: height.min(whole.height) };
    let area = framed(grid, area);
    let pressed = terminal::key::Keys(state.pressed.keys.clone());
    put(
        grid,
        area,
        area.x + 1,
        area.y,
        &[span(format!("{pressed} …"), Style::of(ColorRole::Accent).bold())],
        Surface::Sheet,
    );
    for (place, (keys, command)) in (0_u16..).zip(all).take(usize::from(rows * columns)) {
        let (column, row) = (place / rows, place % rows);
        let line =
            vec![span(format!("{:<5}", keys.to_string()), Style::default().bold()), plain(command.title)];
        let x = area.x + 1 + column * COLUMN;
        put(grid, area, x, area.y + 1 + row, &fit_line(line, usize::from(COLUMN) - 2), Surface::Sheet);
    }
}

pub(super) fn form(state: &State, grid: &mut Grid, form: &Form) -> Option<(u16, u16)> {
    let whole = Area::of(state.terminal.size);
    let width = FORM_WIDTH.min(whole.width);
    let roomy = whole.height >= 16;
    let step: u16 = if roomy { 3 } else { 2 };
    let fields = u16::try_from(form.fields.len()).unwrap_or(0);
    let height = (fields * step + if roomy { 7 } else { 4 }).min(whole.height);
    let area = Area { x: (whole.width - width) / 2, y: (whole.height - height) / 3, width, height };
    let area = if roomy { framed(grid, area) } else { area };
    let inner = area.inside(1, 0);
    let mut line: Line = vec![span(form.title(), Style::of(ColorRole::Accent).bold())];
    if !state.connection.server.is_empty() {
        line.push(dim(format!(" · {}", state.connection.server)));
    }
    put(grid, inner, inner.x, inner.y, &fit_line(line, usize::from(inner.width)), Surface::Sheet);
    let mut caret = None;
    // A low screen shows the fields up to the focused one.
    let shown = (inner.height.saturating_sub(4) / step).max(1);
    let focus = u16::try_from(form.focus).unwrap_or(0);
    let first = (focus + 1).saturating_sub(shown);
    for (index, field) in (0_u16..).zip(&form.fields).skip(usize::from(first)).take(usize::from(shown)) {
        let y = inner.y + 2 + (index - first) * step;
        let at = Area { y, height: 2, ..inner };
        let field_caret = form_field(grid, at, field, index == focus, form.is_revealed);
        caret = field_caret.or(caret);
    }
    let first = area.y + area.height - 2;
    for (y, line) in (first..area.y + area.height).zip(form_footer(form, usize::from(inner.width))) {
        put(grid, inner, inner.x, y, &fit_line(line, usize::from(inner.width)), Surface::Sheet);
    }
    caret
}

/// Draws the label and the text of a field. Returns the position of the caret if the field has the focus.
fn form_field(
    grid: &mut Grid,
    area: Area,
    field: &Field,
    has_focus: bool,
    is_revealed: bool,
) -> Option<(u16, u16)> {
    let label = if has_focus {
        span(format!("▸ {}", field.label), Style::default().bold())
    } else {
        plain(format!("  {}", field.label))
    };
    let hint = match &field.note {
        Some(note) => {
            of(if note.is_good { ColorRole::Good } else { ColorRole::Warning }, format!("  {}", note.text))
        }
        None => dim(format!("  {}", field.hint)),
    };
    let line = fit_line(vec![label, hint], usize::from(area.width));
    put(grid, area, area.x, area.y, &line, Surface::Sheet);
    let visible = |text: &str| {
        if field.is_secret && !is_revealed {
            "•".repeat(text.chars().count())
        } else {
            SafeText::line(text).as_str().to_owned()
        }
    };
    let text = field.editor.text();
    let before = columns(&visible(text.get(..field.editor.caret()).unwrap_or_default()));
    let available = usize::from(area.width.saturating_sub(3));
    let skip = (before + 1).saturating_sub(available);
    let shown: String = visible(text).chars().skip(skip).collect();
    let style = if has_focus { Style::default().underline() } else { Style::default() };
    let filled = span(terminal::measure::fit(&format!("{shown:<available$}"), available), style);
    put(grid, area, area.x + 2, area.y + 1, &[filled], Surface::Sheet);
    let x = area.x + 2 + u16::try_from(before.saturating_sub(skip)).unwrap_or(0);
    has_focus.then_some((x.min(area.x + area.width - 1), area.y + 1))
}

/// The problem, the progress, or the keys of a form.
fn form_footer(form: &Form, width: usize) -> Vec<Line> {
    let has_secret = form.fields.iter().any(|field| field.is_secret);
    match &form.problem {
        Some(problem) => words(&format!("✕ {problem}"), width, Style::of(ColorRole::Error).bold()),
        None if form.is_busy => prose("Please wait…", width),
        None if has_secret && width < 50 => vec![vec![dim("Ctrl-r: show password · Esc: cancel")]],
        None if has_secret => vec![vec![dim("Enter: next · Ctrl-r: show password · Esc: cancel")]],
        None => vec![vec![dim("Enter: next · Esc: cancel")]],
    }
}
