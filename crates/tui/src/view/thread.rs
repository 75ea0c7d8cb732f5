//! The lines of a thread: ancestors that are connected, the opened tweet with its facts, and replies with guides.

use super::lines::{Line, dim, of};
use super::tweet::{NAMES_FROM, hidden, tweet};
use crate::route::Route;
use crate::signs::Sign;
use crate::state::State;
use crate::thread::{is_ancestor, other_replies, replies_below};
use crate::wording::{count, date_and_time, visibility_word};
use terminal::measure::fit;
use terminal::style::ColorRole;

/// The deepest level that is indented. Deeper replies say whom they answer.
const INDENTED_MAX: u8 = 3;

/// A tweet, indented by its depth in a thread, with the row below it.
pub(super) fn threaded(state: &State, id: u64, depth: u8, width: usize) -> Vec<Line> {
    let (Route::Thread(opened), Some(screen)) = (state.route(), state.screen()) else {
        return with_blank(tweet(state, id, width));
    };
    let step = if width < NAMES_FROM { 1 } else { 2 };
    let level = usize::from(depth.min(INDENTED_MAX));
    let mut lines = Vec::new();
    if depth > INDENTED_MAX {
        lines.extend(answered(state, id));
    }
    lines.extend(tweet(state, id, width.saturating_sub(step * level).max(8)));
    if *opened == id {
        lines.extend(opened_facts(state, id, width));
    }
    if screen.folded.contains(&id) {
        let below = u32::try_from(replies_below(state, screen, id)).unwrap_or(u32::MAX);
        let text = format!("{} folded · za to unfold", count(below, "reply", "replies"));
        lines.push(vec![of(ColorRole::Accent, hidden(state, &text))]);
    }
    let border = state.sign(Sign::Border);
    let guide = format!("{border}{}", " ".repeat(step - 1)).repeat(level);
    if level > 0 {
        for line in &mut lines {
            line.insert(0, of(ColorRole::Line, guide.clone()));
        }
    }
    if is_ancestor(state, screen, *opened, id) {
        // The row with other replies connects the ancestors, too.
        if other_replies(state, id) == 0 {
            lines.push(vec![of(ColorRole::Line, border)]);
        }
        return lines;
    }
    with_blank(lines)
}

fn with_blank(mut lines: Vec<Line>) -> Vec<Line> {
    lines.push(Line::new());
    lines
}

/// Whom a reply answers that is not indented further than what it answers.
fn answered(state: &State, id: u64) -> Option<Line> {
    let parent = state.entities.tweet(state.entities.tweet(id)?.reply_to)?;
    let sign = state.sign(Sign::Reply);
    Some(vec![dim(format!("{sign} @{}", state.entities.username(parent.author_id)))])
}

/// The row that stands for the other replies to an ancestor.
pub(super) fn other_replies_row(state: &State, ancestor: u64, width: usize) -> Line {
    let others = count(other_replies(state, ancestor), "other reply", "other replies");
    let text = if width < NAMES_FROM { others } else { format!("{others} · Enter to show all") };
    let border = format!("{} ", state.sign(Sign::Border));
    vec![of(ColorRole::Line, border), dim(hidden(state, &text))]
}

/// The row that stands for the tweets above those that the server sent.
pub(super) fn earlier_tweets_row(state: &State, width: usize) -> Line {
    let text = "Earlier tweets of this thread";
    let text = if width < NAMES_FROM { text.to_owned() } else { format!("{text} · Enter to show them") };
    let border = format!("{} ", state.sign(Sign::Border));
    vec![of(ColorRole::Line, border), dim(fit(&hidden(state, &text), width.saturating_sub(2)))]
}

/// What is said only of the tweet that was opened: when and for whom it was written, and its counts in words.
fn opened_facts(state: &State, id: u64, width: usize) -> Vec<Line> {
    if width < NAMES_FROM {
        return Vec::new();
    }
    let Some(tweet) = state.entities.tweet(state.entities.original(id)) else { return Vec::new() };
    let visibility = visibility_word(tweet.visibility());
    let none = |number: u32, one: &str, many: &str| match number {
        0 => format!("no {many}"),
        number => count(number, one, many),
    };
    let counts = [
        none(tweet.replies, "reply", "replies"),
        none(tweet.retweets, "retweet", "retweets"),
        none(tweet.likes, "like", "likes"),
    ];
    let quotes = (tweet.quotes > 0).then(|| count(tweet.quotes, "quote", "quotes"));
    let counts: Vec<String> = counts.into_iter().chain(quotes).collect();
    [format!("{} · {visibility}", date_and_time(state, tweet.created_ms)), counts.join(" · ")]
        .into_iter()
        .map(|text| vec![dim(fit(&text, width))])
        .collect()
}
