//! The rows of the log and of the doctor: a verdict, when or what it is about, and what was found.

use model::SafeText;

use super::lines::{Line, bold, dim, plain, shortened, span, two_ends, words};
use super::tweet::NAMES_FROM;
use crate::doctor::{self, Verdict};
use crate::log::Level;
use crate::signs::Sign;
use crate::state::State;
use crate::wording::time_of_day;
use terminal::measure::columns;
use terminal::style::{ColorRole, Style};

/// Columns of the subject of a finding.
const SUBJECT: usize = 20;
/// Columns that the text of a log line has at least next to the number of an incident.
const MIN_TEXT: usize = 30;
/// Lines of the text of a log line, at most.
const LOG_LINES_MAX: usize = 2;

/// The signs of verdicts all have the width of the widest.
fn verdict(state: &State, sign: &str, role: ColorRole) -> super::lines::Span {
    let width =
        [Sign::Done, Sign::Attention, Sign::Error].map(|sign| columns(state.sign(sign))).into_iter().max();
    span(format!("{sign:<0$} ", width.unwrap_or(1)), Style::of(role))
}

/// A finding of the doctor, and below it what to do.
pub(super) fn finding(state: &State, subject: &str, width: usize) -> Vec<Line> {
    let Some(finding) = doctor::findings(state).into_iter().find(|one| one.subject == subject) else {
        return vec![Line::new()];
    };
    let (sign, role) = match finding.verdict {
        Verdict::Fine => (state.sign(Sign::Done), ColorRole::Good),
        Verdict::Careful => (state.sign(Sign::Attention), ColorRole::Warning),
        Verdict::Unknown => ("?", ColorRole::Dim),
    };
    let sign = verdict(state, sign, role);
    let is_narrow = width < NAMES_FROM;
    let inset = columns(&sign.text) + if is_narrow { 0 } else { SUBJECT };
    let inner = width.saturating_sub(inset).max(8);
    let mut below: Vec<Line> = words(&finding.found, inner, Style::default());
    below.extend(
        words(&finding.advice, inner, Style::of(ColorRole::Dim))
            .into_iter()
            .filter(|_| !finding.advice.is_empty()),
    );
    for line in &mut below {
        line.insert(0, plain(" ".repeat(inset)));
    }
    if is_narrow {
        let mut lines = vec![vec![sign, bold(finding.subject)]];
        lines.append(&mut below);
        return lines;
    }
    if let Some(first) = below.first_mut() {
        first.splice(..1, [sign, plain(format!("{:<SUBJECT$}", finding.subject))]);
    }
    below
}

/// A line of the log: the time, its level, and the text.
pub(super) fn logged(state: &State, number: u64, width: usize) -> Vec<Line> {
    let Some(line) = state.log.line(number) else { return vec![Line::new()] };
    let (sign, role) = match line.level {
        Level::Info => (" ", ColorRole::Text),
        Level::Warning => (state.sign(Sign::Attention), ColorRole::Warning),
        Level::Error => (state.sign(Sign::Error), ColorRole::Error),
    };
    let sign = verdict(state, sign, role);
    let time = format!("{}  ", time_of_day(state, line.at));
    let inset = columns(&time) + columns(&sign.text);
    let inner = width.saturating_sub(inset).max(8);
    let incident = match line.incident.as_str() {
        "" => String::new(),
        incident => format!("incident {}", SafeText::line(incident)),
    };
    // Next to the text if there is space, or below it.
    let at_its_right = if columns(&incident) + MIN_TEXT <= inner { columns(&incident) } else { 0 };
    let all = words(SafeText::line(&line.text).as_str(), inner - at_its_right, Style::default());
    let mut lines = shortened(all, LOG_LINES_MAX, inner);
    for text in &mut lines {
        text.insert(0, plain(" ".repeat(inset)));
    }
    if let Some(first) = lines.first_mut() {
        first.splice(..1, [dim(time), sign]);
        if at_its_right > 0 {
            *first = two_ends(std::mem::take(first), vec![dim(incident)], width);
            return lines;
        }
    }
    if !incident.is_empty() {
        lines.push(vec![plain(" ".repeat(inset)), dim(incident)]);
    }
    lines
}
