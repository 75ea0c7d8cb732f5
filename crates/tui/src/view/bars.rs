//! The bars around the list: tabs at the top, the left pane with feeds and chats, the right pane with trends and
//! people, the footer with hints and messages.

use super::layout::new_above;
use super::lines::{Line, dim, fit_line, line_columns, of, plain, put, short, span, two_ends};
use super::row;
use super::tweet::{presence, who};
use crate::commands::Action;
use crate::route::Route;
use crate::state::{State, Toast};
use crate::wording::link_words;
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// The number of a tab, its title if there is space, and its count of new items.
fn tab_text(state: &State, number: usize, place: &Route, with_title: bool) -> String {
    let new = match place {
        Route::Home => state.screens.by_route.get(&Route::Home).map_or(0, |screen| {
            if *state.route() == Route::Home {
                new_above(state, screen)
            } else {
                screen.ids.iter().take_while(|id| **id > screen.seen).count()
            }
        }),
        Route::Notifications => usize::try_from(state.live.unread).unwrap_or(0),
        Route::Conversations => usize::try_from(state.unread_messages()).unwrap_or(0),
        _ => 0,
    };
    let mut text = (number + 1).to_string();
    if with_title {
        text.push(' ');
        text.push_str(&place.tab_title());
    }
    if *place == Route::Online && !state.live.online.is_empty() {
        text.push_str(&format!(" {}", state.live.online.len()));
    } else if new > 0 {
        text.push_str(&format!(" ●{new}"));
    }
    text
}

/// The tabs with their text, first column and the column after them.
fn tab_columns(state: &State, area: Area) -> Vec<(Route, String, u16, u16)> {
    let current = current_tab(state);
    let layout = |with_titles| {
        let mut x = area.x + 1;
        let mut all = Vec::new();
        for (number, place) in Route::TABS.into_iter().enumerate() {
            let with_title = with_titles || Some(&place) == current.as_ref();
            let text = tab_text(state, number, &place, with_title);
            let end = x + u16::try_from(terminal::measure::columns(&text)).unwrap_or(0) + 2;
            all.push((place, text, x, end));
            x = end + 1;
        }
        all
    };
    let link = u16::try_from(terminal::measure::columns(&link_words(state))).unwrap_or(0) + 1;
    let wide = layout(true);
    let fits = wide.last().is_none_or(|(.., end)| *end + link <= area.x + area.width);
    if fits { wide } else { layout(false) }
}

/// The tab that was visited last.
fn current_tab(state: &State) -> Option<Route> {
    let mut visited = state.screens.history.iter().take(state.screens.index + 1).rev();
    visited.find(|place| Route::TABS.contains(place)).cloned()
}

pub(super) fn tabs(state: &State, grid: &mut Grid, area: Area) {
    grid.clear(area, Style::default().on(Surface::Bar));
    let current = current_tab(state);
    let mut end = area.x;
    for (place, text, x, after) in tab_columns(state, area) {
        let is_current = Some(&place) == current.as_ref();
        let style = Style::default().on(Surface::Bar);
        let (text, style) =
            if is_current { (format!("[{text}]"), style.bold()) } else { (format!(" {text} "), style) };
        grid.put(area, x, area.y, &text, style, 0);
        end = after;
    }
    let mut right = Line::new();
    if let Some(username) = &state.session.username {
        right.push(span(format!("@{username} "), Style::default().on(Surface::Bar).bold()));
    }
    right.push(span(format!("{} ", link_words(state)), Style::default().on(Surface::Bar)));
    if line_columns(&right) > usize::from((area.x + area.width).saturating_sub(end + 1)) {
        right.remove(0);
    }
    let columns = u16::try_from(line_columns(&right)).unwrap_or(0);
    let x = (area.x + area.width).saturating_sub(columns);
    if x > end {
        put(grid, area, x, area.y, &right, Surface::Bar);
    }
}

pub(super) fn tab_at(state: &State, area: Area, x: u16) -> Option<Route> {
    let hit = |(_, _, from, to): &(Route, String, u16, u16)| (*from..*to).contains(&x);
    tab_columns(state, area).into_iter().find(hit).map(|(place, ..)| place)
}

/// The rows of the left pane: a screen with a badge, or a heading as `Err`.
fn left_rows(state: &State) -> Vec<Result<(Route, String), &'static str>> {
    let mut rows = vec![Err("Feeds")];
    let feeds = [Route::Home, Route::Mine, Route::Local, Route::Bookmarks, Route::Likes];
    rows.extend(feeds.into_iter().map(|place| Ok((place, String::new()))));
    if let Route::Hashtag(_) = state.route() {
        rows.push(Ok((state.route().clone(), String::new())));
    }
    let mut chats: Vec<_> = state.entities.conversations.values().filter(|c| c.with.is_some()).collect();
    chats.sort_by_key(|conversation| std::cmp::Reverse(conversation.last.as_ref().map_or(0, |last| last.id)));
    if !chats.is_empty() {
        rows.push(Err("Chats"));
    }
    for conversation in chats.into_iter().take(6) {
        let username = conversation.with.as_ref().map_or_else(String::new, |with| with.username.clone());
        let unread =
            if conversation.unread > 0 { format!("●{}", conversation.unread) } else { String::new() };
        rows.push(Ok((Route::Conversation(username), unread)));
    }
    rows.push(Err("More"));
    let waiting = state.texts.outbox.len() + state.texts.drafts.len();
    rows.push(Ok((Route::Drafts, if waiting > 0 { waiting.to_string() } else { String::new() })));
    rows.push(Ok((Route::Settings, String::new())));
    rows
}

pub(super) fn left(state: &State, grid: &mut Grid, area: Area) {
    for (y, row) in (area.y..area.y + area.height).zip(left_rows(state)) {
        match row {
            Err(heading) => {
                put(grid, area, area.x + 1, y, &[dim(heading)], Surface::Plain);
            }
            Ok((place, badge)) => {
                let is_here = place == *state.route();
                let title = match &place {
                    Route::Conversation(username) => format!("@{username}"),
                    Route::Drafts => "Drafts".into(),
                    other => other.title(),
                };
                let mark = if is_here { of(ColorRole::Accent, "▸") } else { plain(" ") };
                let style = if is_here { Style::default().bold() } else { Style::default() };
                let title = span(short(&title, area.width.saturating_sub(8)), style);
                let badge = span(badge, Style::of(ColorRole::Accent).bold());
                let line = two_ends(vec![mark, plain(" "), title], vec![badge], usize::from(area.width - 2));
                put(grid, area, area.x, y, &line, Surface::Plain);
            }
        }
    }
    for y in area.y..area.y + area.height {
        grid.put(area, area.x + area.width - 1, y, "│", Style::of(ColorRole::Line), 0);
    }
}

pub(super) fn left_at(state: &State, area: Area, y: u16) -> Option<Route> {
    left_rows(state).into_iter().nth(usize::from(y - area.y))?.ok().map(|(place, _)| place)
}

pub(super) fn right(state: &State, grid: &mut Grid, area: Area) {
    grid.clear(area, Style::default());
    for y in area.y..area.y + area.height {
        grid.put(area, area.x, y, "│", Style::of(ColorRole::Line), 0);
    }
    let inner = Area { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
    let width = usize::from(inner.width);
    let mut lines: Vec<Line> = vec![vec![dim("Trends")]];
    if state.entities.trends.is_empty() {
        lines.push(vec![dim("No trends today")]);
    }
    lines.extend(state.entities.trends.iter().take(5).map(|trend| row::hashtag(state, &trend.name, width)));
    lines.push(Line::new());
    lines.push(vec![dim(format!("Online {}", state.live.online.len()))]);
    let mut people: Vec<u64> = state.live.online.iter().copied().collect();
    people.sort_by_key(|id| {
        (!state.entities.relationship(*id).following, state.entities.username(*id).to_owned())
    });
    for id in people.into_iter().take(8) {
        let mut line = vec![presence(state.entities.presence(id)), plain(" ")];
        line.extend(who(state, id, false));
        lines.push(fit_line(line, width));
    }
    if let Some(id) = state.selected_tweet() {
        lines.push(Line::new());
        lines.extend(preview(state, id, width));
    }
    for (y, line) in (inner.y..inner.y + inner.height).zip(lines) {
        put(grid, inner, inner.x, y, &line, Surface::Plain);
    }
}

/// The author of the selected tweet, and the tweet that it replies to.
fn preview(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(tweet) = state.entities.tweet(id) else { return Vec::new() };
    let mut author = vec![presence(state.entities.presence(tweet.author_id)), plain(" ")];
    author.extend(who(state, tweet.author_id, true));
    let mut lines = vec![vec![dim("Author")], fit_line(author, width)];
    let relationship = super::tweet::relation(state, tweet.author_id);
    if !relationship.is_empty() {
        lines.push(fit_line(vec![dim(relationship)], width));
    }
    if let Some(profile) = state.entities.profiles.get(state.entities.username(tweet.author_id))
        && !profile.bio.is_empty()
    {
        lines.extend(super::lines::prose(&profile.bio, width));
    }
    if tweet.reply_to != 0 && state.entities.tweet(tweet.reply_to).is_some() {
        lines.push(vec![dim("In reply to")]);
        lines.extend(super::tweet::card(state, tweet.reply_to, width));
    }
    lines
}

/// Hints for the available commands, the most useful first, or the current message.
pub(super) fn footer(state: &State, grid: &mut Grid, area: Area) {
    if let Some(toast) = &state.toast {
        draw_toast(state, grid, area, toast);
        return;
    }
    grid.clear(area, Style::default().on(Surface::Bar));
    let mut x = area.x + 1;
    for (action, word) in hints(state) {
        let Some(keys) = state.preferences.keymap.keys_of(action) else { continue };
        let line = [
            span(keys, Style::default().on(Surface::Bar).bold()),
            span(format!(" {word}"), Style::default().on(Surface::Bar)),
        ];
        let columns = u16::try_from(line_columns(&line)).unwrap_or(0);
        if x + columns + 1 > area.x + area.width {
            break;
        }
        x = put(grid, area, x, area.y, &line, Surface::Bar) + 2;
    }
}

fn hints(state: &State) -> Vec<(Action, &'static str)> {
    if let Some(composer) = &state.composer {
        let mut hints = vec![
            (Action::Send, "send"),
            (Action::KeepDraft, "keep draft"),
            (Action::CycleVisibility, "visibility"),
        ];
        if matches!(composer.writing, crate::composer::Writing::Message(_)) {
            hints = vec![(Action::KeepDraft, "back to messages"), (Action::Send, "send")];
        }
        if composer.completion.is_some() {
            hints.insert(0, (Action::Complete, "complete"));
        }
        if !matches!(composer.writing, crate::composer::Writing::Message(_)) {
            hints.push((Action::SplitThread, "split into thread"));
        }
        if state.terminal.capabilities.is_local {
            hints.push((Action::ExternalEditor, "editor"));
        }
        return hints;
    }
    let mut hints = vec![(Action::Compose, "write")];
    if *state.route() == Route::Notifications && state.live.unread > 0 {
        hints.insert(0, (Action::MarkRead, "mark all as read"));
    }
    if state.selected_tweet().is_some() {
        hints.extend([
            (Action::Reply, "reply"),
            (Action::Retweet, "retweet"),
            (Action::Quote, "quote"),
            (Action::Like, "like"),
            (Action::Author, "profile"),
        ]);
    } else if state.selected_person().is_some() {
        hints.extend([
            (Action::Open, "open"),
            (Action::Follow, "follow"),
            (Action::RemoveFollower, "remove follower"),
            (Action::Chat, "chat"),
        ]);
    } else {
        hints.push((Action::Open, "open"));
    }
    hints.extend([(Action::Filter, "filter"), (Action::Palette, "commands"), (Action::Help, "help")]);
    if !state.undo.steps.is_empty() {
        hints.insert(0, (Action::Undo, "undo"));
    }
    hints
}

/// Draws a message over the last line of a screen without a footer.
pub(super) fn toast(state: &State, grid: &mut Grid, toast: &Toast) {
    let (_, last) = Area::of(state.terminal.size).split_bottom(1);
    draw_toast(state, grid, last, toast);
}

fn draw_toast(state: &State, grid: &mut Grid, area: Area, toast: &Toast) {
    let surface = Surface::Bar;
    grid.clear(area, Style::default().on(surface));
    let sign = if toast.is_error { "✕ " } else { "" };
    let role = if toast.is_error { ColorRole::Error } else { ColorRole::Text };
    let mut right = Line::new();
    let held = state.undo.waiting.iter().map(|(until, _)| *until);
    let sending = state.texts.outbox.iter().filter_map(|outgoing| match outgoing.sending {
        crate::composer::Sending::Held(until) => Some(until),
        _ => None,
    });
    if let Some(until) = held.chain(sending).min().filter(|until| *until > state.now) {
        right.push(span(
            format!("u undo ({} s) ", (until - state.now + 999) / 1_000),
            Style::default().bold().on(surface),
        ));
    }
    let left = vec![span(format!(" {sign}{}", toast.text), Style::of(role).on(surface))];
    let line = if right.is_empty() {
        fit_line(left, usize::from(area.width))
    } else {
        two_ends(left, right, usize::from(area.width))
    };
    put(grid, area, area.x, area.y, &line, surface);
}
