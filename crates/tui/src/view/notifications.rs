//! The lines of notifications: who did what, when, and the words that it is about.

use protocol::v1;

use super::lines::{Line, Span, dim, line_columns, plain, prose, shortened, span, two_ends};
use super::people::{changes, relation};
use super::tweet::{NAMES_FROM, pending, who};
use crate::rows::Group;
use crate::signs::{Sign, Signs};
use crate::state::State;
use crate::user_action::UserAction;
use crate::wording::{age, notification_words};
use terminal::measure::columns;
use terminal::style::{ColorRole, Style};

/// People that a group of notifications names; the rest are counted.
const NAMED_MAX: usize = 2;
/// Columns of the text after the sign.
const INSET: usize = 2;
/// Lines of other people's words, and of those in a narrow list.
const WORDS_LINES_MAX: (usize, usize) = (3, 2);

/// Notifications of one kind about one tweet, by the oldest of them.
pub(super) fn notification(state: &State, oldest: u64, width: usize) -> Vec<Line> {
    let Some(one) = state.entities.notifications.get(&oldest) else { return vec![vec![dim("…")]] };
    let Group { people, newest_ms, .. } = Group::of(state, oldest);
    if people.is_empty() {
        let sign = state.sign(Sign::Error);
        return vec![vec![dim(format!("{sign} This notification was removed"))]];
    }
    let mut line = vec![plain(format!("{} ", state.sign(sign(state, one.kind()))))];
    let named = if people.len() == 1 { 1 } else { NAMED_MAX };
    for (place, id) in people.iter().take(named).enumerate() {
        if place > 0 {
            line.push(plain(if people.len() == named { " and " } else { ", " }));
        }
        line.extend(who(state, *id, people.len() == 1 && width >= NAMES_FROM));
    }
    match people.len().saturating_sub(named) {
        0 => {}
        1 => line.push(plain(" and 1 other")),
        more => line.push(plain(format!(" and {more} others"))),
    }
    let (words, time) = (notification_words(one.kind()), age(state, newest_ms));
    let mut lines = if line_columns(&line) + columns(words) + columns(&time) + 2 <= width {
        line.push(plain(format!(" {words}")));
        vec![two_ends(line, vec![dim(time)], width)]
    } else {
        // What happened is never cut.
        vec![two_ends(line, vec![dim(time)], width), vec![plain(format!("{}{words}", " ".repeat(INSET)))]]
    };
    if one.tweet_id == 0 {
        let waits = people.len() == 1 && changes(state, one.account_id).is_some();
        let relation = || vec![plain(" ".repeat(INSET)), dim(relation(state, one.account_id))];
        lines.extend(waits.then(relation));
        return lines;
    }
    let text = state.entities.tweet(one.tweet_id).map(|tweet| tweet.text.clone());
    let text = text.unwrap_or_else(|| "(This tweet is no longer available)".to_owned());
    let inner = width.saturating_sub(INSET).max(8);
    let is_mine = state.is_mine(one.tweet_id);
    let most = match (is_mine, width < NAMES_FROM) {
        (true, _) => 1,
        (false, false) => WORDS_LINES_MAX.0,
        (false, true) => WORDS_LINES_MAX.1,
    };
    for mut line in shortened(prose(&text, inner), most, inner) {
        if is_mine {
            line = line.into_iter().map(|span| Span { style: Style::of(ColorRole::Dim), ..span }).collect();
        }
        line.insert(0, plain(" ".repeat(INSET)));
        lines.push(line);
    }
    lines.extend(own_marks(state, one.tweet_id).filter(|_| !is_mine));
    lines
}

/// What the user did to a tweet.
fn own_marks(state: &State, id: u64) -> Option<Line> {
    let tweet = state.entities.tweet(id)?;
    let like = if tweet.liked { Sign::Liked } else { Sign::Like };
    let marks = [
        (tweet.retweeted, Sign::Retweet, ColorRole::Good, UserAction::Retweet(id, tweet.retweeted)),
        (tweet.liked, like, ColorRole::Accent, UserAction::Like(id, tweet.liked)),
        (tweet.bookmarked, Sign::Saved, ColorRole::Accent, UserAction::Bookmark(id, tweet.bookmarked)),
    ];
    let mut line = vec![plain(" ".repeat(INSET))];
    for (is_done, sign, role, action) in marks {
        let (name, pending) = (state.sign(sign), pending(state, &action));
        let after = match (is_done, sign) {
            (false, _) => " removed",
            (true, Sign::Saved) => "",
            (true, _) => " (you)",
        };
        if is_done {
            line.push(span(format!("{name}{pending}{after}   "), Style::of(role).bold()));
        } else if !pending.is_empty() {
            line.push(dim(format!("{name}{after}{pending}   ")));
        }
    }
    (line.len() > 1).then_some(line)
}

fn sign(state: &State, kind: v1::NotificationKind) -> Sign {
    match kind {
        v1::NotificationKind::Follow => Sign::Follower,
        v1::NotificationKind::Mention => Sign::Mention,
        v1::NotificationKind::Reply => Sign::Reply,
        v1::NotificationKind::Retweet => Sign::Retweet,
        v1::NotificationKind::Quote => Sign::Quote,
        // In letters, the sign for it would say that the user likes the tweet.
        v1::NotificationKind::Like if state.signs() == Signs::Ascii => Sign::Like,
        v1::NotificationKind::Like => Sign::Liked,
        v1::NotificationKind::Unspecified => Sign::Attention,
    }
}
