//! The lines of people: presence, names, and the relationship to the user.

use protocol::v1;

use super::lines::{Line, Span, dim, fit_line, line_columns, of, plain, two_ends};
use super::tweet::{NAMES_FROM, about_to, held_ms, who};
use crate::route::Route;
use crate::row::Row;
use crate::signs::Sign;
use crate::state::State;
use crate::user_action::UserAction;
use crate::wording::{age, count, idle_time, presence_word};
use terminal::measure::columns;
use terminal::style::ColorRole;

/// Columns of the username in a list of people.
const USERNAME_WIDTH: usize = 14;
/// Width of the text of a list from which people have a column for their figures.
const FIGURES_FROM: usize = 70;
/// The column of the relationship in such a list.
const RELATION_AT: usize = 42;

/// A person in a list: presence, names, the relationship to the user and, in a wide list, the figure by which it is sorted.
/// Among those who are online, how long they have been away.
pub(super) fn person(state: &State, id: u64, width: usize) -> Line {
    let mut line = vec![presence(state, state.entities.presence(id)), plain(" ")];
    let names = who(state, id, true);
    // In a wide list, names start in one column.
    let username_columns = names.first().map_or(0, |span| columns(&span.text));
    line.extend(names.into_iter().enumerate().flat_map(|(place, span)| {
        let pad = (place == 0 && width >= NAMES_FROM)
            .then(|| plain(" ".repeat(USERNAME_WIDTH.saturating_sub(username_columns))));
        std::iter::once(span).chain(pad)
    }));
    if let Some(left) = held_ms(state, &UserAction::RemoveFollower(state.entities.username(id).to_owned())) {
        return two_ends(line, vec![about_to(state, "removed", left)], width);
    }
    if matches!(state.route(), Route::Online(_)) && changes(state, id).is_none() {
        return two_ends(line, vec![dim(activity(state, id))], width);
    }
    if width >= FIGURES_FROM {
        let names = fit_line(line, RELATION_AT - 1);
        let pad = plain(" ".repeat(RELATION_AT - line_columns(&names)));
        let line = names.into_iter().chain([pad, dim(relation(state, id))]).collect();
        return two_ends(line, vec![dim(figure(state, id))], width);
    }
    let right = if width < NAMES_FROM { short_relation(state, id) } else { relation(state, id) };
    two_ends(line, vec![dim(right)], width)
}

/// The figure by which the list is sorted; the number of tweets if that is none.
fn figure(state: &State, id: u64) -> String {
    let Some(figures) = state.entities.figures.get(&id) else { return String::new() };
    let sort = state.screen().map_or(v1::AccountSort::Unspecified, |screen| screen.sort);
    match sort {
        v1::AccountSort::Followers => count(figures.followers, "follower", "followers"),
        v1::AccountSort::Active if figures.last_post_ms == 0 => String::new(),
        v1::AccountSort::Active => age(state, figures.last_post_ms),
        _ => count(figures.tweets, "tweet", "tweets"),
    }
}

/// How long someone has been away; of someone who is not there, when they posted last.
fn activity(state: &State, id: u64) -> String {
    let last_post = state.entities.figures.get(&id).map_or(0, |figures| figures.last_post_ms);
    match state.entities.presence(id) {
        v1::PresenceState::Online | v1::PresenceState::Away => {
            idle_time(state, id).map_or_else(String::new, |time| away(&time))
        }
        _ if last_post > 0 => match age(state, last_post).as_str() {
            "now" => "tweeted just now".to_owned(),
            age => format!("tweeted {age} ago"),
        },
        _ => String::new(),
    }
}

/// That someone is away, and how long if that is known.
pub(super) fn away(time: &str) -> String {
    if time.is_empty() { "away".to_owned() } else { format!("away {time}") }
}

/// Presence as a sign and a word; of those who are away with how long.
pub(super) fn presence_words(state: &State, id: u64) -> Line {
    let presence = state.entities.presence(id);
    let words = match idle_time(state, id) {
        Some(time) => away(&time),
        None => presence_word(presence).to_owned(),
    };
    match presence {
        v1::PresenceState::Online | v1::PresenceState::Away => {
            vec![self::presence(state, presence), dim(format!(" {words}"))]
        }
        _ => vec![dim(words)],
    }
}

/// Whether others see that the user is online, and how to change it.
pub(super) fn own_presence(state: &State, width: usize) -> Vec<Line> {
    let is_hidden = state.session.me.as_ref().is_some_and(|me| me.is_hidden);
    let (words, hint) = if is_hidden {
        ("You are hidden", " · Enter to be shown as online")
    } else {
        ("You are shown as online", " · Enter to hide")
    };
    let mut line = vec![plain(words)];
    if line_columns(&line) + columns(hint) <= width {
        line.push(dim(hint));
    }
    let line = fit_line(line, width);
    // Apart from those who are online, and not twice.
    let rows = state.screen().map_or(&[][..], |screen| screen.list.rows());
    let before = rows.iter().take_while(|row| **row != Row::OwnPresence).last();
    if before.is_some_and(Row::ends_blank) { vec![line] } else { vec![Line::new(), line] }
}

/// A sign for each presence, so that color is not the only difference.
pub(super) fn presence(state: &State, presence: v1::PresenceState) -> Span {
    match presence {
        v1::PresenceState::Online => of(ColorRole::Good, state.sign(Sign::Online)),
        v1::PresenceState::Away => of(ColorRole::Warning, state.sign(Sign::Away)),
        _ => dim(state.sign(Sign::Offline)),
    }
}

/// The relationship in one word, for narrow lists.
pub(super) fn short_relation(state: &State, id: u64) -> String {
    if state.is_me(id) {
        return "you".into();
    }
    let relationship = state.entities.relationship(id);
    let said = match relationship {
        _ if relationship.blocking => "blocked",
        _ if relationship.muting => "muted",
        _ if relationship.following && relationship.followed_by => "mutual",
        _ if relationship.followed_by => "follows you",
        _ if relationship.following => "following",
        _ => "",
    };
    with_pending(state, said.to_owned(), changes(state, id))
}

/// The relationship of the user and an account, in words, with a sign if it waits for the connection.
pub(super) fn relation(state: &State, id: u64) -> String {
    with_pending(state, relation_words(state, id).join(" · "), changes(state, id))
}

fn with_pending(state: &State, said: String, waiting: Option<&'static str>) -> String {
    match waiting {
        None => said,
        Some(done) if said.is_empty() => format!("{done} {}", state.sign(Sign::Pending)),
        Some(_) => format!("{said} {}", state.sign(Sign::Pending)),
    }
}

/// The same as words without the sign.
pub(crate) fn relation_words(state: &State, id: u64) -> Vec<&'static str> {
    if state.is_me(id) {
        return vec!["you"];
    }
    let relationship = state.entities.relationship(id);
    let words = [
        (relationship.followed_by && relationship.following, "you follow each other"),
        (relationship.followed_by && !relationship.following, "follows you"),
        (relationship.following && !relationship.followed_by, "you follow"),
        (relationship.muting, "muted"),
        (relationship.blocking, "blocked"),
    ];
    words.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect()
}

/// What the user has done to an account that waits for the connection, in words for when nothing else is left to say.
pub(crate) fn changes(state: &State, id: u64) -> Option<&'static str> {
    let (relationship, username) = (state.entities.relationship(id), state.entities.username(id).to_owned());
    let waiting = [
        (UserAction::Follow(username.clone(), relationship.following), "unfollowed"),
        (UserAction::Mute(username.clone(), relationship.muting), "unmuted"),
        (UserAction::Block(username, relationship.blocking), "unblocked"),
    ];
    waiting.into_iter().find(|(action, _)| state.waits(action)).map(|(_, words)| words)
}
