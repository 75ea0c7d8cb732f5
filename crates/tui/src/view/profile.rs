//! The head of a profile: names, presence, relationship, bio and counts.

use model::SafeText;
use protocol::v1;

use super::lines::{Line, body, bold, dim, fit_line, line_columns, of, plain, span, two_ends, words};
use super::people::{presence_words, relation, short_relation};
use super::tweet::NAMES_FROM;
use crate::signs::Sign;
use crate::state::State;
use crate::wording::{count, long_date};
use terminal::measure::{columns, fit};
use terminal::style::{ColorRole, Style};

/// Signs that make a name look like a username.
const AT: [char; 3] = ['@', '\u{ff20}', '\u{fe6b}'];

/// The head of a profile.
pub(super) fn head(state: &State, username: &str, width: usize) -> Vec<Line> {
    let Some(profile) = state.entities.profiles.get(username) else {
        let problem = state.screen().and_then(|screen| screen.problem.clone());
        let line = problem.map_or_else(
            || dim(format!("@{username}…")),
            |problem| of(ColorRole::Error, format!("{} @{username}: {problem}", state.sign(Sign::Error))),
        );
        return vec![fit_line(vec![line], width)];
    };
    // The selection bar passes blank lines inside the head.
    let blank = || vec![plain("")];
    let mut lines = names(state, username, profile, width);
    if !profile.bio.is_empty() {
        lines.push(blank());
        lines.extend(body(&profile.bio, width));
    }
    lines.push(blank());
    let counts = format!(
        "{} · {} · {} following",
        count(profile.tweets, "tweet", "tweets"),
        count(profile.followers, "follower", "followers"),
        profile.following
    );
    lines.extend(words(&counts, width, Style::of(ColorRole::Dim)));
    if width >= NAMES_FROM {
        lines.push(vec![dim(fit(&format!("Joined {}", long_date(state, profile.created_ms)), width))]);
    }
    lines
}

/// The names at the left; presence and relationship at the right. The display name is first, unless it looks like a
/// username: no name can take the place of that.
fn names(state: &State, username: &str, profile: &v1::Profile, width: usize) -> Vec<Line> {
    let account = profile.account.clone().unwrap_or_default();
    let name = SafeText::line(&account.display_name).as_str().to_owned();
    let username = span(format!("@{username}"), Style::of(ColorRole::Name).bold());
    let is_name_first = !name.is_empty() && !name.trim_start().starts_with(AT);
    let (mut first, second) = match is_name_first {
        true => (vec![bold(name)], vec![username]),
        false if name.is_empty() => (vec![username], Line::new()),
        false => (vec![username, plain(format!(" {name}"))], Line::new()),
    };
    if profile.role() == v1::Role::Admin {
        first.push(dim(" · admin"));
    }
    if profile.suspended {
        first.push(of(ColorRole::Error, " · suspended"));
    }
    let mut relation = relation(state, account.id);
    if line_columns(&second) + columns(&relation) >= width {
        relation = short_relation(state, account.id);
    }
    let mut lines = vec![two_ends(first, presence_words(state, account.id), width)];
    if !second.is_empty() || !relation.is_empty() {
        lines.push(two_ends(second, vec![dim(relation)], width));
    }
    lines
}
