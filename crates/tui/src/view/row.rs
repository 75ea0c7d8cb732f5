//! The lines of every kind of row.

use model::SafeText;

use super::lines::{
    Line, Span, body, bold, dim, fit_line, line_columns, numbered, of, plain, prose, rule, shortened,
    two_ends, words,
};
use super::notifications::notification;
use super::people::{own_presence, person};
use super::tags::hashtag;
use super::thread::{earlier_tweets_row, other_replies_row, threaded};
use super::tweet::{NAMES_FROM, about_to, held_ms, hidden};
use super::{chat, draft, profile, report, sections, setting};
use crate::commands::by_id;
use crate::route::Route;
use crate::row::{Offered, Row};
use crate::rows::Group;
use crate::signs::Sign;
use crate::state::State;
use crate::user_action::UserAction;
use crate::wording::{age, clock_or_date, date_and_time};
use terminal::measure::{columns, fit};
use terminal::style::{ColorRole, Style};

/// Lines of the name of a session or a key, at most.
const NAME_LINES_MAX: usize = 2;

/// The sign in the column for unread marks.
pub(super) fn mark(state: &State, row: &Row) -> Option<&'static str> {
    let is_unread = match row {
        Row::Notification(id) => Group::of(state, *id).is_unread,
        Row::Conversation(id) => state.entities.unread_from(*id) > 0,
        _ => false,
    };
    is_unread.then(|| state.sign(Sign::Unread))
}

/// The lines of a row, including the blank line below it.
pub(crate) fn lines(state: &State, row: &Row, width: usize) -> Vec<Line> {
    let width = width.max(8);
    let mut lines = match row {
        Row::Tweet(id, depth) => return threaded(state, *id, *depth, width),
        Row::Gap(_) => {
            let text = match state.screen() {
                Some(screen) if screen.is_loading => "Loading",
                _ if width < NAMES_FROM => "Some are missing · Enter to load",
                _ => "Some tweets are not loaded · Enter to load",
            };
            vec![vec![of(ColorRole::Accent, fit(&hidden(state, text), width))]]
        }
        Row::ReadLine if matches!(state.route(), Route::Conversation(_)) => {
            return chat::read_line(state, width);
        }
        Row::ReadLine => vec![read_line(state, width)],
        Row::Day(ms) => chat::day(state, *ms, width),
        Row::Person(id) => vec![person(state, *id, width)],
        Row::ProfileHead => match state.route() {
            Route::Profile(username, _) => profile::head(state, username, width),
            _ => Vec::new(),
        },
        Row::Sections => return sections::strip(state, width),
        Row::OtherReplies(id) => vec![other_replies_row(state, *id, width)],
        Row::EarlierTweets(_) => vec![earlier_tweets_row(state, width)],
        Row::OwnPresence => own_presence(state, width),
        Row::Notification(id) => notification(state, *id, width),
        Row::Hashtag(name) => vec![hashtag(state, name, width)],
        Row::Conversation(id) => chat::conversation(state, *id, width),
        Row::Message(id) => chat::message(state, *id, width),
        Row::Draft(name) => draft::draft(state, name, width),
        Row::Outgoing(name) => draft::outgoing(state, name, width),
        Row::Setting(name) => vec![setting::setting(state, name, width)],
        Row::Session(id) => session(state, *id, width),
        Row::Key(id) => key(state, *id, width),
        Row::Command(id) if *state.route() == Route::Settings => {
            vec![setting::command(state, id, width)]
        }
        Row::Command(id) => vec![command(state, id, width)],
        Row::Heading(text, is_apart) => heading(text, *is_apart, width),
        Row::Sentence(text) => words(text, width, Style::default()),
        Row::Words(_, text) => body(text, width),
        Row::Announcement(id) => announcement(state, *id, width),
        Row::Rule(number, text) => numbered(*number, text, width),
        Row::Offer(text, offered) => vec![offer(state, text, offered, width)],
        Row::Finding(subject) => report::finding(state, subject, width),
        Row::Logged(number) => report::logged(state, *number, width),
        Row::Failed => failed(state, width),
        Row::More => {
            let text = match state.screen() {
                Some(screen) if screen.is_loading => "Loading",
                Some(screen) if !screen.filter.is_empty() && width >= NAMES_FROM => {
                    "Not all rows are loaded · Enter to load more"
                }
                _ => "More · Enter to load",
            };
            vec![vec![dim(fit(&hidden(state, text), width))]]
        }
    };
    if row.ends_blank() {
        lines.push(Vec::new());
    }
    lines
}

/// The rule above what was read before, with the time of the newest of it.
fn read_line(state: &State, width: usize) -> Line {
    let rows = state.screen().map_or(&[][..], |screen| screen.list.rows());
    let below = rows.iter().skip_while(|row| **row != Row::ReadLine).nth(1);
    let newest = below.and_then(|row| match row {
        Row::Tweet(id, _) => state.entities.tweet(*id).map(|tweet| tweet.created_ms),
        Row::Notification(id) => Some(Group::of(state, *id).newest_ms),
        _ => None,
    });
    let time = newest.map_or_else(String::new, |ms| format!(" · {}", clock_or_date(state, ms)));
    rule(state.sign(Sign::Rule), &format!("Read up to here{time}"), ColorRole::Accent, width)
}

/// The head of a section. Counts follow it, dim.
fn heading(text: &str, is_apart: bool, width: usize) -> Vec<Line> {
    let mut head = vec![bold(text.split(" · ").next().unwrap_or_default())];
    if let Some(at) = text.find(" · ") {
        head.push(dim(text.get(at..).unwrap_or_default()));
    }
    let head = fit_line(head, width);
    if is_apart { vec![Line::new(), head] } else { vec![head] }
}

/// What can be done next, with its key.
fn offer(state: &State, text: &str, offered: &Offered, width: usize) -> Line {
    let keys = match offered {
        Offered::Run(action) => state.preferences.keymap.keys_of(*action),
        Offered::Go(_) => None,
    };
    two_ends(vec![plain(text)], vec![dim(keys.unwrap_or_default())], width)
}

/// A page that could not be loaded, and the way to try again.
fn failed(state: &State, width: usize) -> Vec<Line> {
    let Some(screen) = state.screen() else { return vec![Line::new()] };
    if screen.is_loading {
        return vec![vec![dim(fit(&hidden(state, "Loading"), width))]];
    }
    let problem = screen.problem.as_deref().unwrap_or("the server refused");
    // What to do next is said here.
    let problem = problem.split("; ").next().unwrap_or_default();
    let text = format!("{} Could not load: {problem} · Enter to retry", state.sign(Sign::Error));
    words(&text, width, Style::of(ColorRole::Error))
}

/// An announcement: its first line as a heading, with its age, and the rest set in as everything that people write.
fn announcement(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(one) = state.announcement(id) else { return vec![Line::new()] };
    let mut facts = Vec::new();
    if !one.dismissed {
        facts.push(of(ColorRole::Accent, state.sign(Sign::Unread)));
    }
    // An older server does not say when it was.
    if one.created_ms != 0 {
        facts.push(dim(format!(" {}", age(state, one.created_ms))));
    }
    let (first, rest) = one.text.trim().split_once('\n').unwrap_or((one.text.trim(), ""));
    let mut shown = prose(first, width.saturating_sub(line_columns(&facts) + 1).max(4));
    for span in shown.iter_mut().flatten() {
        span.style = span.style.bold();
    }
    if let Some(first) = shown.first_mut() {
        *first = two_ends(std::mem::take(first), facts, width);
    }
    shown.extend(rest.lines().flat_map(|line| body(line, width)));
    shown
}

fn session(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(session) = state.entities.sessions.iter().find(|session| session.id == id) else {
        return vec![Vec::new()];
    };
    let what = if let Some(left) = held_ms(state, &UserAction::RevokeSession(id)) {
        about_to(state, "signed out", left)
    } else if session.current {
        of(ColorRole::Good, "this session")
    } else {
        dim("Enter to sign out")
    };
    let about = format!(
        "signed in {}, last used {}",
        date_and_time(state, session.created_ms),
        date_and_time(state, session.last_used_ms)
    );
    named(&session.client_name, what, &about, width)
}

/// A name, what can be done about it next to the name or below it, and below that the facts.
fn named(name: &str, what: Span, facts: &str, width: usize) -> Vec<Line> {
    let name = words(SafeText::line(name).as_str(), width, Style::default().bold());
    let mut lines = shortened(name, NAME_LINES_MAX, width);
    let gap = dim(" · ");
    match lines.last_mut() {
        Some(last) if line_columns(last) + columns(&gap.text) + columns(&what.text) <= width => {
            last.extend([gap, what]);
        }
        _ => lines.push(fit_line(vec![what], width)),
    }
    lines.extend(words(facts, width, Style::of(ColorRole::Dim)));
    lines
}

fn key(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(key) = state.entities.keys.iter().find(|key| key.id == id) else { return vec![Vec::new()] };
    let hint = match held_ms(state, &UserAction::RevokeKey(id)) {
        Some(left) => about_to(state, "removed", left),
        None => dim("Enter to remove"),
    };
    let used = if key.last_used_ms == 0 {
        "never used".to_owned()
    } else {
        format!("last used {}", date_and_time(state, key.last_used_ms))
    };
    let about = format!("{} · {used}", SafeText::line(&key.fingerprint));
    named(&key.name, hint, &about, width)
}

fn command(state: &State, id: &str, width: usize) -> Line {
    let Some(command) = by_id(id) else { return Line::new() };
    let keys = state.preferences.keymap.all_keys_of(command.action).join(", ");
    fit_line(
        vec![of(ColorRole::Accent, format!("{keys:<18} ")), plain(command.title), dim(format!("  :{id}"))],
        width,
    )
}
