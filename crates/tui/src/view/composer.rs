//! The composer: a sheet with its title, what the text answers or quotes, the text, and completions.

use model::{SafeText, count_graphemes};

use super::hints;
use super::lines::{Line, dim, fit_line, of, plain, put, shortened, span};
use super::overlay::rule;
use super::size::SizeClass;
use super::tweet::card;
use crate::composer::{Composer, Writing};
use crate::signs::Sign;
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Lines of the tweet that the text answers or quotes.
const CONTEXT_LINES: usize = 2;
/// Characters left from which on the number is a warning.
const FEW_LEFT: usize = 20;

/// Columns of the text.
pub(super) fn text_width(area: Area) -> u16 {
    area.width.saturating_sub(4).max(4)
}

/// Rows of the composer; 0 if it is closed.
pub(super) fn height(state: &State, area: Area) -> u16 {
    let Some(composer) = &state.composer else { return 0 };
    let (lines, _) = composer.editor.layout(usize::from(text_width(area)));
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    let around = rows(context_lines(state, composer, area).len())
        .saturating_add(completion_rows(composer))
        .saturating_add(hint_rows(state, composer));
    let least = if composer.writing.chat().is_some() { 1 } else { 3 };
    let wanted = rows(lines.len()).max(least).saturating_add(around).saturating_add(1);
    let most = (area.height * 2 / 3).max(3.min(area.height));
    wanted.min(most)
}

fn completion_rows(composer: &Composer) -> u16 {
    composer.completion.as_ref().map_or(0, |completion| u16::try_from(completion.choices.len()).unwrap_or(0))
}

/// On a tiny screen, which has no hints line, the last row of the sheet has the hints. A chat has no space for them.
fn hint_rows(state: &State, composer: &Composer) -> u16 {
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    u16::from(is_tiny && composer.writing.chat().is_none())
}

/// The beginning of the tweet that the text answers or quotes. On a tiny screen the list above the sheet shows it.
fn context_lines(state: &State, composer: &Composer, area: Area) -> Vec<Line> {
    match composer.writing {
        Writing::Reply(id) | Writing::Quote(id) if SizeClass::of(state.terminal.size) > SizeClass::Tiny => {
            let width = usize::from(text_width(area));
            shortened(card(state, id, width), CONTEXT_LINES, width)
        }
        _ => Vec::new(),
    }
}

/// Draws the composer. Returns the position of the caret.
pub(super) fn composer(state: &State, grid: &mut Grid, area: Area) -> Option<(u16, u16)> {
    let composer = state.composer.as_ref()?;
    grid.clear(area, Style::default().on(Surface::Sheet));
    let (bar, below) = area.split_top(1);
    rule(state, grid, bar, 1, title(state, composer), characters_left(state, composer), Surface::Sheet);
    let width = text_width(area);
    let (below, hints) = below.split_bottom(hint_rows(state, composer).min(below.height.saturating_sub(1)));
    if hints.height > 0 {
        let line = fit_line(hints::while_writing(state), usize::from(width) + 2);
        put(grid, hints, hints.x + 2, hints.y, &line, Surface::Sheet);
    }
    let context = context_lines(state, composer, area);
    let context_rows = u16::try_from(context.len()).unwrap_or(0).min(below.height.saturating_sub(1));
    let (above, below) = below.split_top(context_rows);
    for (y, line) in (above.y..above.y + above.height).zip(context) {
        put(grid, above, above.x + 2, y, &line, Surface::Sheet);
    }
    let available = below.height.saturating_sub(completion_rows(composer)).max(1);
    let (caret, end) = text(grid, Area { x: below.x + 2, width, ..below }, composer, available);
    completions(state, grid, Area { x: below.x + 2, width, ..below }, composer, end);
    Some(caret)
}

/// What is written, and who will see it.
fn title(state: &State, composer: &Composer) -> Line {
    let author = |id: u64| state.entities.tweet(id).map(|tweet| state.entities.username(tweet.author_id));
    let words = match composer.writing {
        Writing::Reply(id) => match author(id) {
            Some(author) => format!("Reply to @{author}"),
            None => composer.writing.title(),
        },
        _ => composer.writing.title(),
    };
    let mut title = vec![span(words, Style::of(ColorRole::Accent).bold())];
    if matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_)) {
        let word = composer.audience.title();
        let is_default = composer.audience == crate::composer::Audience::default();
        let unusual = Style::of(ColorRole::Warning).bold();
        title.push(dim(" · "));
        title.push(if is_default { plain(word) } else { span(word, unusual) });
    }
    let is_narrow = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    if matches!(composer.writing, Writing::Quote(_)) && composer.editor.is_blank() && !is_narrow {
        title.push(dim(" · leave empty to retweet"));
    }
    title
}

/// Draws the text around the caret. Returns the position of the caret, and the row after the text.
fn text(grid: &mut Grid, area: Area, composer: &Composer, available: u16) -> ((u16, u16), u16) {
    let (lines, (column, row)) = composer.editor.layout(usize::from(area.width));
    let row = u16::try_from(row).unwrap_or(u16::MAX);
    let first = row.saturating_sub(available - 1);
    let text = composer.editor.text();
    let mut y = area.y;
    for range in lines.iter().skip(usize::from(first)).take(usize::from(available)) {
        let safe = SafeText::line(text.get(range.clone()).unwrap_or_default());
        put(grid, area, area.x, y, &[plain(safe.as_str())], Surface::Sheet);
        y += 1;
    }
    if text.is_empty() {
        let placeholder = match composer.writing {
            Writing::Message(_) | Writing::EditMessage(..) => "Write a message",
            Writing::Quote(_) => "Your words about it",
            _ => "What's happening?",
        };
        put(
            grid,
            area,
            area.x,
            area.y,
            &fit_line(vec![dim(placeholder)], usize::from(area.width)),
            Surface::Sheet,
        );
    }
    let caret_y = area.y + (row - first).min(available.saturating_sub(1));
    let end = (area.y + available).min(caret_y + 1).max(y);
    ((area.x + u16::try_from(column).unwrap_or(0), caret_y), end)
}

/// Draws the completions of the word at the caret, as many as fit, the marked one among them.
fn completions(state: &State, grid: &mut Grid, area: Area, composer: &Composer, y: u16) {
    let Some(completion) = &composer.completion else { return };
    let fitting = usize::from((area.y + area.height).saturating_sub(y));
    let first = (completion.choice + 1).saturating_sub(fitting);
    let shown = completion.choices.iter().enumerate().skip(first).take(fitting);
    for (y, (place, (text, what))) in (y..).zip(shown) {
        let is_chosen = place == completion.choice;
        let mark = if is_chosen { state.sign(Sign::Here) } else { " " };
        let style = if is_chosen { Style::of(ColorRole::Accent).bold() } else { Style::default() };
        let line = vec![span(format!("{mark} {}", text.trim_end()), style), dim(format!("  {what}"))];
        put(grid, area, area.x, y, &fit_line(line, usize::from(area.width)), Surface::Sheet);
    }
}

/// The number of characters left, counted as the server counts them.
fn characters_left(state: &State, composer: &Composer) -> Line {
    let most = state.graphemes_max();
    let used = count_graphemes(composer.editor.text().trim());
    if used > most {
        let sign = state.sign(Sign::Error);
        return vec![span(format!("{sign} {} too long", used - most), Style::of(ColorRole::Error).bold())];
    }
    let left = most - used;
    let role = if left < FEW_LEFT { ColorRole::Warning } else { ColorRole::Dim };
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    vec![of(role, if is_tiny { left.to_string() } else { format!("{left} left") })]
}
