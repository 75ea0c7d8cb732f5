//! The lines of tweets: header, text, quoted tweet and counts.

use model::SafeText;
use protocol::v1;

use super::lines::{Line, Span, body, dim, fit_line, of, plain, shortened, span, two_ends};
use super::progress::undo_keys;
use crate::signs::Sign;
use crate::state::State;
use crate::user_action::UserAction;
use crate::wording::{age, duration, visibility_word};
use terminal::measure::fit;
use terminal::style::{ColorRole, Style};

/// Maximum lines of a quoted tweet.
const QUOTE_LINES_MAX: usize = 6;
/// Lines of the text of a tweet in a narrow column.
const SHORT_LINES_MAX: usize = 4;
/// Width of the text of a list from which rows include the display name.
pub(super) const NAMES_FROM: usize = 46;

/// A tweet. A plain retweet is its original below a line that names who retweeted it.
pub(crate) fn tweet(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(tweet) = state.entities.tweet(id) else {
        let is_deleted = state.entities.is_deleted(id);
        let why = if is_deleted {
            "This tweet was deleted"
        } else {
            "This tweet was deleted or is hidden from you"
        };
        return vec![vec![dim(format!("{} {why}", state.sign(Sign::Error)))]];
    };
    if tweet.retweet_of == 0 {
        return original(state, tweet, width);
    }
    let by = state.entities.username(tweet.author_id);
    let who = if state.is_mine(id) { "You".to_owned() } else { format!("@{by}") };
    let sign = state.sign(Sign::Retweet);
    let time = age(state, tweet.created_ms);
    let mut lines = vec![two_ends(vec![dim(format!("{sign} {who} retweeted"))], vec![dim(time)], width)];
    match state.entities.tweet(tweet.retweet_of) {
        Some(inner) => lines.extend(original(state, inner, width)),
        None => lines.push(vec![dim(format!(
            "{} The retweeted tweet is no longer available",
            state.sign(Sign::Error)
        ))]),
    }
    lines
}

fn original(state: &State, tweet: &v1::Tweet, width: usize) -> Vec<Line> {
    let mut lines = vec![header(state, tweet, width)];
    if tweet.reply_to != 0 {
        lines.extend(reply_line(state, tweet, width));
    }
    lines.extend(body(&tweet.text, width));
    if state.entities.hides_quoted(tweet) {
        let border = of(ColorRole::Line, format!("{} ", state.sign(Sign::Border)));
        lines.push(vec![border, dim(hidden(state, "The quoted tweet is by someone you muted"))]);
    } else if tweet.quote_of != 0 {
        lines.extend(card(state, tweet.quote_of, width));
    }
    lines.extend(counts(state, tweet, width));
    if let Some(left) = held_ms(state, &UserAction::Delete(tweet.id)) {
        lines.push(fit_line(vec![about_to(state, "deleted", left)], width));
    }
    lines
}

/// The author at the left; at the right the age and what is unusual: that it was edited, or its visibility.
fn header(state: &State, tweet: &v1::Tweet, width: usize) -> Line {
    let mut author = who(state, tweet.author_id, width >= NAMES_FROM);
    if state.is_me(tweet.author_id) && width >= NAMES_FROM {
        author.push(dim(" (you)"));
    }
    let mut facts = Vec::new();
    if tweet.edited_ms != 0 {
        facts.push("edited".to_owned());
    }
    if tweet.visibility() != v1::Visibility::Public {
        facts.push(visibility_word(tweet.visibility()).to_owned());
    }
    facts.push(age(state, tweet.created_ms));
    two_ends(author, vec![dim(facts.join(" · "))], width)
}

/// The header and the first lines of a tweet, for a narrow column.
pub(super) fn short_tweet(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(tweet) = state.entities.tweet(id) else { return Vec::new() };
    let author = if state.is_me(tweet.author_id) {
        let mut line = who(state, tweet.author_id, false);
        line.push(dim(" you"));
        line
    } else {
        who(state, tweet.author_id, true)
    };
    let mut lines = vec![two_ends(author, vec![dim(age(state, tweet.created_ms))], width)];
    lines.extend(shortened(body(&tweet.text, width), SHORT_LINES_MAX, width));
    lines
}

/// Short tweets, divided by blank lines.
pub(super) fn short_tweets(state: &State, ids: impl Iterator<Item = u64>, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for id in ids {
        if !lines.is_empty() {
            lines.push(Line::new());
        }
        lines.extend(short_tweet(state, id, width));
    }
    lines
}

/// A whole tweet in a narrow column, without what it replies to.
pub(super) fn card_lines(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(tweet) = state.entities.tweet(id) else { return Vec::new() };
    let mut lines = vec![header(state, tweet, width)];
    lines.extend(body(&tweet.text, width));
    lines.extend(counts(state, tweet, width));
    lines
}

/// The username of an account, and its display name if wanted.
pub(crate) fn who(state: &State, id: u64, with_name: bool) -> Line {
    let Some(account) = state.entities.account(id) else { return vec![dim("someone")] };
    let mut line = vec![span(format!("@{}", account.username), Style::of(ColorRole::Name).bold())];
    if with_name && !account.display_name.is_empty() {
        line.push(plain(format!(" {}", fit(SafeText::line(&account.display_name).as_str(), 24))));
    }
    line
}

/// What a tweet answers. In a thread, and below the tweet that it answers, this is plain to see.
fn reply_line(state: &State, tweet: &v1::Tweet, width: usize) -> Option<Line> {
    let is_next_to_parent = state.screen().is_some_and(|screen| screen.next_to_parent.contains(&tweet.id));
    if matches!(state.route(), crate::route::Route::Thread(_)) || is_next_to_parent {
        return None;
    }
    let sign = state.sign(Sign::Reply);
    let text = match state.entities.tweet(tweet.reply_to) {
        Some(parent) if state.is_muted(parent) => "Replying to someone you muted".to_owned(),
        Some(parent) if parent.author_id == tweet.author_id => "Thread".to_owned(),
        Some(parent) => {
            let to = format!("Replying to @{}", state.entities.username(parent.author_id));
            let text = SafeText::line(&parent.text);
            if width < NAMES_FROM { to } else { format!("{to} · {text}") }
        }
        None if state.entities.is_missing(tweet.reply_to) => {
            "Replying to a tweet that is no longer available".to_owned()
        }
        None => "Replying to another tweet".to_owned(),
    };
    Some(vec![dim(fit(&format!("{sign} {text}"), width))])
}

/// A tweet inside another, such as a quoted one, with a bar at its left.
pub(crate) fn card(state: &State, id: u64, width: usize) -> Vec<Line> {
    let bar = || of(ColorRole::Line, format!("{} ", state.sign(Sign::Border)));
    let inner = width.saturating_sub(2).max(4);
    let Some(tweet) = state.entities.tweet(id) else {
        return vec![vec![
            bar(),
            dim(format!("{} The quoted tweet is no longer available", state.sign(Sign::Error))),
        ]];
    };
    let mut lines = vec![header(state, tweet, inner)];
    lines.extend(body(&tweet.text, inner));
    if lines.len() > QUOTE_LINES_MAX {
        lines.truncate(QUOTE_LINES_MAX);
        lines.push(vec![plain("  "), dim("…")]);
    }
    for line in &mut lines {
        line.insert(0, bar());
    }
    lines
}

/// After the sign or the count of what waits for the connection.
pub(super) fn pending(state: &State, action: &UserAction) -> String {
    if state.waits(action) { format!(" {}", state.sign(Sign::Pending)) } else { String::new() }
}

/// The counts of a tweet, if there are any. What the user did is bold and says so, not by color alone.
fn counts(state: &State, tweet: &v1::Tweet, width: usize) -> Option<Line> {
    let mut line = Line::new();
    let mut add = |text: String, style: Style| {
        if !line.is_empty() {
            line.push(dim("   "));
        }
        line.push(span(text, style));
    };
    let like = pending(state, &UserAction::Like(tweet.id, tweet.liked));
    let retweet = pending(state, &UserAction::Retweet(tweet.id, tweet.retweeted));
    let like_sign = if tweet.liked { Sign::Liked } else { Sign::Like };
    let counts = [
        (false, Sign::Reply, tweet.replies, ColorRole::Dim, ""),
        (tweet.retweeted, Sign::Retweet, tweet.retweets, ColorRole::Good, &retweet),
        (false, Sign::Quote, tweet.quotes, ColorRole::Dim, ""),
        (tweet.liked, like_sign, tweet.likes, ColorRole::Accent, &like),
    ];
    for (is_mine, sign, count, role, pending) in counts {
        let sign = state.sign(sign);
        match (is_mine, count) {
            (false, 0) if pending.is_empty() => {}
            (false, _) => add(format!("{sign} {count}{pending}"), Style::of(ColorRole::Dim)),
            // The count is that of the last page: it may not include the user yet.
            (true, _) => add(format!("{sign} {}{pending} (you)", count.max(1)), Style::of(role).bold()),
        }
    }
    let saved = state.sign(Sign::Saved);
    let bookmark = pending(state, &UserAction::Bookmark(tweet.id, tweet.bookmarked));
    match (tweet.bookmarked, bookmark.as_str()) {
        (false, "") => {}
        (false, pending) => add(format!("{saved} removed{pending}"), Style::of(ColorRole::Dim)),
        (true, pending) => add(format!("{saved}{pending}"), Style::of(ColorRole::Accent).bold()),
    }
    (!line.is_empty()).then(|| fit_line(line, width))
}

/// What a row says that stands for others.
pub(super) fn hidden(state: &State, text: &str) -> String {
    format!("{} {text}", state.sign(Sign::Hidden))
}

/// The milliseconds that are left until an action is carried out that waits so that it can be undone.
pub(crate) fn held_ms(state: &State, action: &UserAction) -> Option<i64> {
    let held = state.undo.waiting.iter().find(|(_, held)| held == action);
    held.map(|(until, _)| until - state.now)
}

/// What a row says that is about to disappear, and how it is kept.
pub(crate) fn about_to(state: &State, what: &str, left_ms: i64) -> Span {
    let keep = undo_keys(state).map_or_else(String::new, |keys| format!(" · {keys} to keep"));
    dim(format!("{what} in {}{keep}", duration(left_ms)))
}
