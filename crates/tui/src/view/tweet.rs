//! The lines of tweets and people: header, text, quoted tweet and counts; presence, relationship and profile.

use model::SafeText;
use protocol::v1;

use super::lines::{Line, Span, bold, dim, fit_line, line_columns, of, plain, prose, span};
use crate::state::State;
use crate::wording::{absolute_time, age, count, visibility_word};
use terminal::measure::fit;
use terminal::style::{ColorRole, Style};

/// Maximum lines of a quoted tweet.
const QUOTE_LINES_MAX: usize = 6;
/// Width from which a header includes the display name.
const NAMES_FROM: usize = 50;

/// A tweet. A plain retweet is its original below a line that names who retweeted it.
pub(crate) fn tweet(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(tweet) = state.entities.tweet(id) else {
        let why =
            if state.entities.is_gone(id) { "This tweet was deleted" } else { "This tweet is not available" };
        return vec![vec![dim(format!("✕ {why}"))]];
    };
    if tweet.retweet_of == 0 {
        return original(state, tweet, width);
    }
    let by = state.entities.username(tweet.author_id);
    let mine = state.is_mine(id);
    let who = if mine { "You".to_owned() } else { format!("@{by}") };
    let mut lines =
        vec![fit_line(vec![dim(format!("↻ {who} retweeted · {}", age(state.now, tweet.created_ms)))], width)];
    match state.entities.tweet(tweet.retweet_of) {
        Some(inner) => lines.extend(original(state, inner, width)),
        None => lines.push(vec![dim("✕ The retweeted tweet is no longer available")]),
    }
    lines
}

fn original(state: &State, tweet: &v1::Tweet, width: usize) -> Vec<Line> {
    let mut lines = vec![header(state, tweet, width)];
    if tweet.reply_to != 0 {
        lines.extend(reply_line(state, tweet, width));
    }
    lines.extend(prose(&tweet.text, width));
    if tweet.quote_of != 0 {
        lines.extend(card(state, tweet.quote_of, width));
    }
    let counts = counts(tweet);
    if !counts.is_empty() {
        lines.push(fit_line(counts, width));
    }
    lines
}

/// Author, age, whether it was edited, and its visibility if it is not public.
fn header(state: &State, tweet: &v1::Tweet, width: usize) -> Line {
    let mut line = who(state, tweet.author_id, width >= NAMES_FROM);
    let mut about = vec![age(state.now, tweet.created_ms)];
    if tweet.edited_ms != 0 {
        about.push("edited".into());
    }
    if tweet.visibility() != v1::Visibility::Public {
        about.push(visibility_word(tweet.visibility()).into());
    }
    line.push(dim(format!(" · {}", about.join(" · "))));
    fit_line(line, width)
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

fn reply_line(state: &State, tweet: &v1::Tweet, width: usize) -> Vec<Line> {
    if matches!(state.route(), crate::route::Route::Thread(_)) {
        return Vec::new();
    }
    let line = match state.entities.tweet(tweet.reply_to) {
        Some(parent) => {
            let text = SafeText::line(&parent.text);
            format!("↩ Replying to @{}: {}", state.entities.username(parent.author_id), text)
        }
        None => "↩ Replying to another tweet".to_owned(),
    };
    vec![vec![dim(fit(&line, width))]]
}

/// A tweet inside another, such as a quoted one, with a bar at its left.
pub(crate) fn card(state: &State, id: u64, width: usize) -> Vec<Line> {
    let bar = || of(ColorRole::Line, "│ ");
    let inner = width.saturating_sub(2).max(4);
    let Some(tweet) = state.entities.tweet(id) else {
        return vec![vec![bar(), dim("✕ The quoted tweet is no longer available")]];
    };
    let mut lines = vec![header(state, tweet, inner)];
    lines.extend(prose(&tweet.text, inner));
    if lines.len() > QUOTE_LINES_MAX {
        lines.truncate(QUOTE_LINES_MAX);
        lines.push(vec![dim("…")]);
    }
    for line in &mut lines {
        line.insert(0, bar());
    }
    lines
}

/// The counts of a tweet. What the user did is bold and says so, not by color alone.
fn counts(tweet: &v1::Tweet) -> Line {
    let mut line = Line::new();
    let mut add = |text: String, style: Style| {
        if !line.is_empty() {
            line.push(dim("  "));
        }
        line.push(span(text, style));
    };
    let counts = [
        (tweet.liked, "♥", "♡", tweet.likes, ColorRole::Accent),
        (tweet.retweeted, "↻", "↻", tweet.retweets, ColorRole::Good),
        (false, "", "❝", tweet.quotes, ColorRole::Dim),
        (false, "", "↩", tweet.replies, ColorRole::Dim),
    ];
    for (is_mine, mine, others, count, role) in counts {
        match (is_mine, count) {
            (false, 0) => {}
            (false, _) => add(format!("{others} {count}"), Style::of(ColorRole::Dim)),
            // The count is that of the last page: it may not include the user yet.
            (true, _) => add(format!("{mine} {} (you)", count.max(1)), Style::of(role).bold()),
        }
    }
    if tweet.bookmarked {
        add("★ bookmarked".to_owned(), Style::of(ColorRole::Warning).bold());
    }
    line
}

/// A person in a list: presence, names, and the relationship to the user.
pub(crate) fn person(state: &State, id: u64, width: usize) -> Vec<Line> {
    let mut line = vec![presence(state.entities.presence(id)), plain(" ")];
    line.extend(who(state, id, true));
    let mut relation = relation(state, id);
    if let Some(idle) = idle(state, id) {
        relation = if relation.is_empty() { idle } else { format!("{relation} · {idle}") };
    }
    if !relation.is_empty() {
        let gap = width.saturating_sub(line_columns(&line) + relation.chars().count()).min(2);
        line.push(dim(format!("{}{relation}", " ".repeat(gap.max(1)))));
    }
    vec![fit_line(line, width)]
}

/// `away 5m` for an account that is away, with the time since its last activity if known.
pub(crate) fn idle(state: &State, id: u64) -> Option<String> {
    let since = state.entities.away_since(id)?;
    Some(match age(state.now, since).as_str() {
        "now" => "away".into(),
        age if since > 0 => format!("away {age}"),
        _ => "away".into(),
    })
}

/// A sign for each presence, so that color is not the only difference.
pub(crate) fn presence(presence: v1::PresenceState) -> Span {
    match presence {
        v1::PresenceState::Online => of(ColorRole::Good, "●"),
        v1::PresenceState::Away => of(ColorRole::Warning, "◐"),
        _ => dim("○"),
    }
}

/// The relationship of the user and an account, in words.
pub(crate) fn relation(state: &State, id: u64) -> String {
    if state.is_me(id) {
        return "you".into();
    }
    let relationship = state.entities.relationship(id);
    let words = [
        (relationship.followed_by && relationship.following, "you follow each other"),
        (relationship.followed_by && !relationship.following, "follows you"),
        (relationship.following && !relationship.followed_by, "you follow"),
        (relationship.muting, "muted"),
        (relationship.blocking, "blocked"),
    ];
    let said: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    said.join(" · ")
}

/// The head of a profile: names, bio, counts, relationship and tabs.
pub(crate) fn profile_head(
    state: &State,
    username: &str,
    tab: crate::route::ProfileTab,
    width: usize,
) -> Vec<Line> {
    use crate::route::ProfileTab;
    let Some(profile) = state.entities.profiles.get(username) else {
        let problem = state.screen().and_then(|screen| screen.problem.clone());
        let line = problem.map_or_else(
            || dim(format!("@{username}…")),
            |problem| of(ColorRole::Error, format!("✕ @{username}: {problem}")),
        );
        return vec![fit_line(vec![line], width), vec![]];
    };
    let account = profile.account.clone().unwrap_or_default();
    let mut first = vec![presence(profile.presence()), plain(" ")];
    if !account.display_name.is_empty() {
        first.push(bold(format!("{}  ", SafeText::line(&account.display_name))));
    }
    first.push(span(format!("@{username}"), Style::of(ColorRole::Name).bold()));
    if profile.role() == v1::Role::Admin {
        first.push(dim(" · admin"));
    }
    if profile.suspended {
        first.push(of(ColorRole::Error, " · suspended"));
    }
    let mut lines = vec![fit_line(first, width)];
    if !profile.bio.is_empty() {
        lines.extend(prose(&profile.bio, width));
    }
    let joined = absolute_time(profile.created_ms);
    let joined = joined.split(' ').next().unwrap_or_default().to_owned();
    let counts = format!(
        "{} · {} · {} following · joined {joined}",
        count(profile.tweets, "tweet", "tweets"),
        count(profile.followers, "follower", "followers"),
        profile.following
    );
    lines.extend(super::lines::words(&counts, width, Style::of(ColorRole::Dim)));
    let relation = relation(state, account.id);
    if !relation.is_empty() && relation != "you" {
        lines.push(vec![plain(relation)]);
    }
    let mut line = Line::new();
    for (one, title) in ProfileTab::ALL {
        let chosen = one == tab;
        let text = if chosen { format!("[{title}]") } else { format!(" {title} ") };
        line.push(if chosen { span(text, Style::of(ColorRole::Accent).bold()) } else { dim(text) });
    }
    lines.push(fit_line(line, width));
    lines.push(Vec::new());
    lines
}
