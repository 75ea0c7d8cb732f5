//! The side pane: trends, who is online, and what belongs to the selected row. The sections about the selected row come
//! last, so that the ones above never move. What the list already shows is left out.

use model::{Hashtag, SafeText};

use super::lines::{Line, body, bold, dim, fit_line, of, plain, put, shortened, two_ends, words};
use super::people::{away, presence, relation};
use super::setting;
use super::size::is_roomy;
use super::tags::hour_bars;
use super::tweet::{card_lines, short_tweet, short_tweets, who};
use crate::entities::BothFollow;
use crate::route::Route;
use crate::row::Row;
use crate::signs::Sign;
use crate::state::{Figure, State};
use crate::wording::{age, count, figure, idle_time, number, presence_phrase};
use terminal::grid::{Area, Grid};
use terminal::measure::{columns, fit};
use terminal::style::{ColorRole, Style, Surface};

/// Hashtags in the pane, and in a low one.
const TRENDS_MAX: (usize, usize) = (5, 3);
/// People in the pane, and in a low one.
const PEOPLE_MAX: (usize, usize) = (8, 4);
/// Below this number of rows a pane is low: the selected row needs some of them.
const LOW_ROWS: u16 = 30;
/// Columns of the name of a hashtag, of its count, and of its bars.
const TREND_COLUMNS: [usize; 3] = [15, 3, 11];
/// Replies and tweets with a hashtag, at most.
const TWEETS_MAX: usize = 3;
/// Lines of the newest tweet of someone.
const LATEST_LINES_MAX: usize = 4;

/// Clears a pane, draws its border and the lines.
fn pane(state: &State, grid: &mut Grid, area: Area, lines: Vec<Line>) {
    grid.clear(area, Style::default());
    for y in area.y..area.y + area.height {
        grid.put(area, area.x, y, state.sign(Sign::Border), Style::of(ColorRole::Line), 0);
    }
    for (y, line) in (area.y..area.y + area.height).zip(lines) {
        put(grid, area, area.x + 2, y, &line, Surface::Plain);
    }
}

/// Columns of the text of a pane.
fn width_of(area: Area) -> usize {
    usize::from(area.width.saturating_sub(3))
}

/// The side pane. With `has_selection`, also what belongs to the selected row; otherwise another pane has that.
pub(super) fn side(state: &State, grid: &mut Grid, area: Area, has_selection: bool) {
    let width = width_of(area);
    let mut sections = Vec::new();
    if *state.route() != Route::Settings || !has_selection {
        let is_low = area.height < LOW_ROWS;
        if *state.route() != Route::Trends {
            sections.push(trends(state, width, if is_low { TRENDS_MAX.1 } else { TRENDS_MAX.0 }));
        }
        if !matches!(state.route(), Route::Online(_)) {
            sections.push(online(state, width, if is_low { PEOPLE_MAX.1 } else { PEOPLE_MAX.0 }));
        }
    }
    if has_selection {
        sections.extend(of_selection(state, width));
        if let Some(id) = state.selected_tweet().filter(|_| !matches!(state.route(), Route::Thread(_))) {
            sections.push(replies(state, id, width));
        }
    }
    pane(state, grid, area, joined(state, sections));
}

/// The pane with the thread of the selected tweet, and what else belongs to the selected row.
pub(super) fn context(state: &State, grid: &mut Grid, area: Area) {
    let width = width_of(area);
    let mut sections = Vec::new();
    if let Some(id) = state.selected_tweet().filter(|_| !matches!(state.route(), Route::Thread(_))) {
        sections.push(thread(state, id, width));
    }
    sections.extend(of_selection(state, width));
    pane(state, grid, area, joined(state, sections));
}

/// What belongs to the selected row: what a setting does, the newest tweets with a hashtag, who someone is, and what they
/// wrote last.
fn of_selection(state: &State, width: usize) -> Vec<Vec<Line>> {
    if *state.route() == Route::Settings {
        return setting::side(state, width);
    }
    let mut sections = Vec::new();
    if let Some(Row::Hashtag(name)) = state.selected() {
        sections.push(latest(state, name, width));
    }
    let is_head = state.selected() == Some(&Row::ProfileHead);
    if let Some(username) = state.selected_person() {
        sections.push(if is_head {
            both_follow(state, &username, width)
        } else {
            about(state, &username, width)
        });
    }
    if let Some(Row::Person(id)) = state.selected() {
        sections.push(latest_of(state, *id, width));
    }
    sections
}

/// The thread of a tweet, as far as it is known.
fn thread(state: &State, id: u64, width: usize) -> Vec<Line> {
    let mut lines = vec![vec![bold("Thread of the selected tweet")]];
    let parent = state.entities.tweet(id).map_or(0, |tweet| tweet.reply_to);
    if state.entities.tweet(parent).is_some() {
        lines.extend(card_lines(state, parent, width));
        lines.push(vec![of(ColorRole::Line, state.sign(Sign::Border))]);
    }
    lines.extend(card_lines(state, id, width));
    for reply in known_replies(state, id) {
        lines.push(Line::new());
        let indent = format!("  {} ", state.sign(Sign::Border));
        let inner = width.saturating_sub(columns(&indent));
        for mut line in short_tweet(state, reply, inner) {
            line.insert(0, of(ColorRole::Line, indent.clone()));
            lines.push(line);
        }
    }
    lines
}

fn joined(state: &State, sections: Vec<Vec<Line>>) -> Vec<Line> {
    let mut lines = Vec::new();
    for section in sections.into_iter().filter(|section| !section.is_empty()) {
        if !lines.is_empty() && is_roomy(state) {
            lines.push(Line::new());
        }
        lines.extend(section);
    }
    lines
}

/// A head with the titles of its columns.
fn trends(state: &State, width: usize, most: usize) -> Vec<Line> {
    let [name, people, bars] = TREND_COLUMNS;
    let head = format!("{:>1$}{2:>3$}", "people", name + 1 + people - "Trends".len(), "24 h", bars + 1);
    if state.entities.trends.trends.is_empty() {
        let why = if state.is_known(Figure::Trends) { "No hashtags yet today" } else { "Not loaded" };
        return vec![vec![bold("Trends")], vec![dim(why)]];
    }
    let mut lines = vec![vec![bold("Trends"), dim(head)]];
    for trend in state.entities.trends.trends.iter().take(most) {
        let text = fit(&format!("#{}", SafeText::line(&trend.name)), name);
        let padding = " ".repeat(name.saturating_sub(columns(&text)));
        let mut line = vec![of(ColorRole::Link, text), dim(format!("{padding} {:>people$} ", trend.people))];
        line.extend(hour_bars(state, &trend.history, bars));
        lines.push(fit_line(line, width));
    }
    lines
}

fn online(state: &State, width: usize, most: usize) -> Vec<Line> {
    if !state.is_known(Figure::Online) {
        return vec![vec![bold("Online")], vec![dim("Not known")]];
    }
    let mut people: Vec<u64> = state.online().collect();
    people.sort_by_cached_key(|id| {
        let is_followed = state.entities.relationship(*id).following;
        (state.is_me(*id), !is_followed, state.entities.name_key(*id))
    });
    let mut lines = vec![vec![bold("Online"), dim(format!(" · {}", people.len()))]];
    let hidden = people.len().saturating_sub(most);
    for id in people.into_iter().take(most) {
        let mut line = vec![presence(state, state.entities.presence(id)), plain(" ")];
        if state.is_me(id) {
            line.extend(who(state, id, false));
            line.push(dim(" you"));
        } else {
            line.extend(who(state, id, true));
        }
        let idle = idle_time(state, id).unwrap_or_default();
        lines.push(two_ends(line, vec![dim(idle)], width));
    }
    if hidden > 0 {
        lines.push(vec![dim(format!("  {hidden} more · go"))]);
    }
    lines
}

/// The newest known tweets with a hashtag.
fn latest(state: &State, name: &str, width: usize) -> Vec<Line> {
    let Ok(hashtag) = Hashtag::parse(name) else { return Vec::new() };
    let newest: Vec<u64> = state.entities.with_hashtag(&hashtag).take(TWEETS_MAX).collect();
    if newest.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![vec![bold(fit(&format!("Latest in #{}", SafeText::line(name)), width))]];
    lines.extend(short_tweets(state, newest.into_iter(), width));
    lines
}

/// Who the selected person is.
fn about(state: &State, username: &str, width: usize) -> Vec<Line> {
    let Some(account) = state.entities.by_username(username) else { return Vec::new() };
    let head = vec![bold(fit(&format!("About @{username}"), width))];
    let name = SafeText::line(&account.display_name).as_str().to_owned();
    let state_words = match idle_time(state, account.id) {
        Some(time) => away(&time),
        None => presence_phrase(state, state.entities.presence(account.id)),
    };
    let mut lines = if name.is_empty() {
        vec![two_ends(head, vec![dim(state_words)], width)]
    } else {
        vec![head, two_ends(vec![plain(name)], vec![dim(state_words)], width)]
    };
    let relation = relation(state, account.id);
    if !relation.is_empty() {
        lines.extend(words(&relation, width, Style::of(ColorRole::Dim)));
    }
    let profile = state.entities.profiles.get(username);
    if let Some(profile) = profile.filter(|profile| !profile.bio.is_empty()) {
        lines.extend(body(&profile.bio, width));
    }
    let of_list = state.entities.figures.get(&account.id).map(|figures| (figures.tweets, figures.followers));
    if let Some((tweets, followers)) = profile.map(|one| (one.tweets, one.followers)).or(of_list) {
        let (tweets, followers) =
            (count(tweets, "tweet", "tweets"), count(followers, "follower", "followers"));
        lines.push(vec![dim(fit(&format!("{tweets} · {followers}"), width))]);
    }
    if let Some(both) = state.entities.both_follow(username) {
        lines.extend(words(&whom_both_follow(state, both), width, Style::of(ColorRole::Dim)));
    }
    lines
}

/// Whom both the user and someone else follow, in a sentence.
fn whom_both_follow(state: &State, both: &BothFollow) -> String {
    let names = both.ids.iter().take(2).map(|id| format!("@{}", state.entities.username(*id)));
    let (names, others) = (names.collect::<Vec<_>>(), both.total.saturating_sub(2));
    match others {
        0 => format!("You both follow {}", names.join(" and ")),
        _ => format!("You both follow {} and {}", names.join(", "), number(others, "other", "others")),
    }
}

/// Whom both the user and the person of a profile follow.
fn both_follow(state: &State, username: &str, width: usize) -> Vec<Line> {
    let Some(both) = state.entities.both_follow(username) else { return Vec::new() };
    let mut lines = vec![vec![bold("You both follow"), dim(format!(" · {}", figure(both.total)))]];
    lines.extend(both.ids.iter().map(|id| fit_line(who(state, *id, true), width)));
    lines
}

/// The newest known tweet of someone.
fn latest_of(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(newest) = state.entities.newest_by(id) else { return Vec::new() };
    let time = vec![dim(age(state, newest.created_ms))];
    let mut lines = vec![two_ends(vec![bold("Latest")], time, width)];
    lines.extend(shortened(body(&newest.text, width), LATEST_LINES_MAX, width));
    lines
}

fn known_replies(state: &State, id: u64) -> Vec<u64> {
    let replies = state.entities.replies(id).filter(|tweet| !state.is_muted(tweet));
    replies.map(|tweet| tweet.id).collect()
}

fn replies(state: &State, id: u64, width: usize) -> Vec<Line> {
    let known = known_replies(state, id);
    if known.is_empty() {
        return Vec::new();
    }
    let all = state.entities.tweet(id).map_or(0, |tweet| tweet.replies);
    let all = usize::try_from(all).unwrap_or(usize::MAX).max(known.len());
    let mut lines = vec![vec![bold("Replies"), dim(format!(" · {all}"))]];
    lines.extend(short_tweets(state, known.into_iter().take(TWEETS_MAX), width));
    lines
}
