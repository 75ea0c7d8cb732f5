//! The lines of hashtags: people and tweets in columns, and a bar for each of the last hours.

use model::SafeText;

use super::lines::{Line, dim, of, plain, span, two_ends};
use super::tweet::NAMES_FROM;
use crate::state::State;
use terminal::measure::{columns, fit};
use terminal::style::{ColorRole, Style};

/// Width of the text of a list from which hashtags have a column for their tweets.
const TWEETS_FROM: usize = 70;
/// Columns of a number, which ends in one column, and of the number with what it counts.
const NUMBER: (usize, usize) = (3, 11);

/// A hashtag with the people and the tweets that used it today; at the right a bar for each of its last hours.
pub(super) fn hashtag(state: &State, name: &str, width: usize) -> Line {
    let (name_width, hours) = match width {
        ..NAMES_FROM => (12, 10),
        NAMES_FROM..TWEETS_FROM => (16, 20),
        _ => (18, 24),
    };
    let text = fit(&format!("#{}", SafeText::line(name)), name_width - 1);
    let padding = " ".repeat(name_width.saturating_sub(columns(&text)));
    let mut line = vec![span(text, Style::of(ColorRole::Link).bold()), plain(padding)];
    match (state.entities.trend(name), state.entities.hashtags.get(name)) {
        (Some(trend), _) => {
            line.push(number(trend.people, "person", "people"));
            if width >= TWEETS_FROM {
                line.push(number(trend.tweets, "tweet", "tweets"));
            }
            two_ends(line, hour_bars(state, &trend.history, hours), width)
        }
        (None, Some(tweets)) => {
            line.push(number(*tweets, "tweet", "tweets"));
            two_ends(line, Line::new(), width)
        }
        (None, None) => line,
    }
}

/// A number that ends in the same column in every row, with what it counts.
fn number(count: u32, one: &str, many: &str) -> super::lines::Span {
    let (digits, all) = NUMBER;
    let word = if count == 1 { one } else { many };
    dim(format!("{:<all$}", format!("{count:>digits$} {word}")))
}

/// Counts per hour as a bar each, scaled to the largest; the newest at the right. An hour without use differs from one
/// with little use by its height, not by its color alone.
pub(super) fn hour_bars(state: &State, history: &[u32], hours: usize) -> Line {
    let bars = state.bars();
    let shown = history.get(history.len().saturating_sub(hours)..).unwrap_or_default();
    let most = u64::from(shown.iter().copied().max().unwrap_or(0).max(1));
    let mut line: Line = Vec::new();
    for &count in shown {
        let last = u64::try_from(bars.len() - 1).unwrap_or(u64::MAX);
        let step = usize::try_from((u64::from(count) * last).div_ceil(most)).unwrap_or(usize::MAX);
        let bar = bars.get(step).copied().unwrap_or_default();
        let role = if count == 0 { ColorRole::Line } else { ColorRole::Accent };
        match line.last_mut().filter(|span| span.style == Style::of(role)) {
            Some(span) => span.text.push_str(bar),
            None => line.push(of(role, bar)),
        }
    }
    line
}
