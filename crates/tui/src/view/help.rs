//! The choices of help: a key and what it does, in groups, side by side if there is space.

use super::lines::{Line, bold, dim, fit_line, line_columns, plain, span};
use super::overlay::{Row, mark};
use crate::choice::Choice;
use crate::prompt::Prompt;
use crate::state::State;
use terminal::measure::columns as columns_of;
use terminal::style::Style;

/// Columns from which the groups are in two columns.
const TWO_COLUMNS_FROM: u16 = 96;
/// Columns of the keys.
const KEYS_WIDTH: usize = 8;

/// The rows of all groups, in one column or in two.
pub(super) fn columns(state: &State, prompt: &Prompt, all: &[Choice], width: u16) -> Vec<Vec<Row>> {
    let is_wide = width >= TWO_COLUMNS_FROM && prompt.editor.is_blank();
    let column_width = usize::from(if is_wide { width / 2 } else { width });
    let groups = groups(state, prompt, all, column_width);
    if !is_wide {
        return vec![join(groups)];
    }
    let total: usize = groups.iter().map(|group| group.len() + 1).sum();
    let mut left = Vec::new();
    let mut right = Vec::new();
    let mut used = 0;
    for group in groups {
        let is_left = right.is_empty() && used + group.len() / 2 <= total / 2;
        used += group.len() + 1;
        if is_left { left.push(group) } else { right.push(group) }
    }
    vec![join(left), join(right)]
}

/// The rows of groups, with a blank one between two groups.
fn join(groups: Vec<Vec<Row>>) -> Vec<Row> {
    let mut rows = Vec::new();
    for group in groups {
        if !rows.is_empty() {
            rows.push(Row::text(Line::new()));
        }
        rows.extend(group);
    }
    rows
}

fn groups(state: &State, prompt: &Prompt, all: &[Choice], width: usize) -> Vec<Vec<Row>> {
    let mut groups: Vec<Vec<Row>> = Vec::new();
    let mut section = None;
    for (place, choice) in all.iter().enumerate() {
        if section != Some(choice.section) {
            section = Some(choice.section);
            let head = vec![plain("  "), bold(choice.section)];
            groups.push(if choice.section.is_empty() { Vec::new() } else { vec![Row::text(head)] });
        }
        let is_marked = place == prompt.choice.min(all.len().saturating_sub(1));
        let lines = lines(state, choice, is_marked, width);
        if let Some(group) = groups.last_mut() {
            group.extend(lines.into_iter().map(|line| Row { choice: Some(place), line }));
        }
    }
    if groups.is_empty() {
        let text = "Nothing like that works here · : finds all commands";
        groups.push(vec![Row::text(vec![plain("  "), dim(text)])]);
    }
    groups
}

/// A key and what it does; if it cannot be done now, dim and with the reason, in a row of its own if it is long.
fn lines(state: &State, choice: &Choice, is_marked: bool, width: usize) -> Vec<Line> {
    let keys = format!("{}{} ", choice.keys, " ".repeat(KEYS_WIDTH.saturating_sub(columns_of(&choice.keys))));
    let mut line = vec![mark(state, is_marked), plain("  ")];
    let width = width.saturating_sub(1);
    let Some(reason) = &choice.unavailable else {
        line.push(span(keys, Style::default().bold()));
        line.push(if is_marked { bold(choice.label.clone()) } else { plain(choice.label.clone()) });
        return vec![fit_line(line, width)];
    };
    line.push(dim(format!("{keys}{}", choice.label)));
    let reason = format!(" · {reason}");
    if line_columns(&line) + columns_of(&reason) <= width {
        line.push(dim(reason));
        return vec![fit_line(line, width)];
    }
    let below = vec![mark(state, is_marked), dim(format!("  {}{reason}", " ".repeat(KEYS_WIDTH)))];
    vec![fit_line(line, width), fit_line(below, width)]
}
