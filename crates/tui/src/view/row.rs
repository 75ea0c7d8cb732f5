//! The lines of every kind of row.

use model::SafeText;
use protocol::v1;

use super::lines::{Line, bold, dim, fit_line, of, plain, prose, span, two_ends, words};
use super::tweet::{person, presence, profile_head, tweet, who};
use crate::commands::by_id;
use crate::composer::Sending;
use crate::route::Route;
use crate::row::Row;
use crate::rows::{Group, replies_below};
use crate::settings::OPTIONS;
use crate::state::State;
use crate::wording::{absolute_time, age, count, notification_words};
use terminal::measure::fit;
use terminal::style::{ColorRole, Style};

/// People that a group of notifications names; the rest are counted.
const NAMED_MAX: usize = 3;

/// The lines of a row, including the blank line below it.
pub(crate) fn lines(state: &State, row: &Row, width: usize) -> Vec<Line> {
    let width = width.max(8);
    let mut lines = match row {
        Row::Tweet(id, depth) => threaded(state, *id, *depth, width),
        Row::Gap(_) => {
            let text = if state.screen().is_some_and(|screen| screen.is_loading) {
                "⋯ Loading"
            } else {
                "⋯ Some tweets are not loaded · Enter to load"
            };
            vec![vec![of(ColorRole::Accent, fit(text, width))]]
        }
        Row::ReadLine => vec![rule("Read up to here", width)],
        Row::Person(id) => return person(state, *id, width),
        Row::ProfileHead => match state.route() {
            Route::Profile(username, tab) => return profile_head(state, username, *tab, width),
            _ => Vec::new(),
        },
        Row::Notification(id) => notification(state, *id, width),
        Row::Hashtag(name) => return vec![hashtag(state, name, width)],
        Row::Conversation(id) => conversation(state, *id, width),
        Row::Message(id) => return message(state, *id, width),
        Row::Draft(name) => draft(state, name, width),
        Row::Outgoing(name) => return outgoing(state, name, width),
        Row::Setting(name) => setting(state, name, width),
        Row::Session(id) => session(state, *id, width),
        Row::Key(id) => key(state, *id, width),
        Row::Command(id) => return vec![command(state, id, width)],
        Row::Heading(text) => return vec![Vec::new(), vec![bold(fit(text, width))]],
        Row::Note(_, text) => return words(SafeText::line(text).as_str(), width, Style::default()),
        Row::More => {
            let text = if state.screen().is_some_and(|screen| screen.is_loading) {
                "⋯ Loading"
            } else {
                "⋯ More · Enter to load"
            };
            vec![vec![dim(text)]]
        }
    };
    lines.push(Vec::new());
    lines
}

/// A rule across the list with a label.
fn rule(text: &str, width: usize) -> Line {
    let text = format!("── {text} ");
    let rest = width.saturating_sub(terminal::measure::columns(&text));
    vec![of(ColorRole::Accent, format!("{text}{}", "─".repeat(rest)))]
}

/// A tweet, indented by its depth in a thread.
fn threaded(state: &State, id: u64, depth: u8, width: usize) -> Vec<Line> {
    let inset = if width < 50 { usize::from(depth) } else { 2 * usize::from(depth) };
    let mut lines = tweet(state, id, width.saturating_sub(inset).max(8));
    if matches!(state.route(), Route::Thread(_))
        && let Some(screen) = state.screen()
        && screen.folded.contains(&id)
    {
        let hidden = replies_below(state, screen, id);
        lines.push(vec![of(
            ColorRole::Accent,
            format!("▸ {hidden} {} folded · za to unfold", if hidden == 1 { "reply" } else { "replies" }),
        )]);
    }
    if inset > 0 {
        let guide =
            if inset == usize::from(depth) { "╎".repeat(inset) } else { "╎ ".repeat(usize::from(depth)) };
        for line in &mut lines {
            line.insert(0, of(ColorRole::Line, guide.clone()));
        }
    }
    lines
}

fn notification(state: &State, oldest: u64, width: usize) -> Vec<Line> {
    let Some(one) = state.entities.notifications.get(&oldest) else { return vec![vec![dim("…")]] };
    let Group { people, is_unread, newest_ms } = Group::of(state, oldest);
    let mut line =
        vec![if is_unread { span("● ", Style::of(ColorRole::Accent).bold()) } else { plain("  ") }];
    line.push(plain(format!("{} ", sign(one.kind()))));
    for (place, id) in people.iter().take(NAMED_MAX).enumerate() {
        if place > 0 {
            line.push(plain(", "));
        }
        line.extend(who(state, *id, false));
    }
    if people.len() > NAMED_MAX {
        line.push(plain(format!(" and {} more", people.len() - NAMED_MAX)));
    }
    let unread_word = if is_unread { " · new" } else { "" };
    line.push(plain(format!(" {}", notification_words(one.kind()))));
    line.push(dim(format!(" · {}{unread_word}", age(state.now, newest_ms))));
    let mut lines = vec![fit_line(line, width)];
    if one.tweet_id != 0 {
        let text = state.entities.tweet(one.tweet_id).map(|tweet| tweet.text.clone());
        let is_mine = state.is_mine(one.tweet_id);
        let inner = width.saturating_sub(4).max(8);
        let text = text.unwrap_or_else(|| "(This tweet is no longer available)".to_owned());
        let mut of_tweet = prose(&text, inner);
        if is_mine && of_tweet.len() > 1 {
            of_tweet.truncate(1);
            if let Some(line) = of_tweet.first_mut() {
                line.push(dim("…"));
                *line = fit_line(std::mem::take(line), inner);
            }
        }
        for mut line in of_tweet {
            line.insert(0, plain("    "));
            lines.push(line);
        }
    }
    lines
}

fn sign(kind: v1::NotificationKind) -> &'static str {
    match kind {
        v1::NotificationKind::Follow => "+",
        v1::NotificationKind::Mention => "@",
        v1::NotificationKind::Reply => "↩",
        v1::NotificationKind::Retweet => "↻",
        v1::NotificationKind::Quote => "❝",
        v1::NotificationKind::Like => "♥",
        v1::NotificationKind::Unspecified => "·",
    }
}

/// A hashtag; at the right the number of people who used it today and a sparkline of its last hours.
pub(crate) fn hashtag(state: &State, name: &str, width: usize) -> Line {
    let safe = SafeText::line(name);
    let name_of =
        |available: usize| vec![span(fit(&format!("#{safe}"), available), Style::of(ColorRole::Link).bold())];
    let right = match (
        state.entities.trends.iter().find(|trend| trend.name == name),
        state.entities.hashtags.get(name),
    ) {
        (Some(trend), _) => {
            let bars = (width / 3).clamp(4, 24);
            let people = count(trend.people, "person", "people");
            vec![dim(format!("{people:>10} ")), of(ColorRole::Accent, sparkline(&trend.history, bars))]
        }
        (None, Some(tweets)) => vec![dim(count(*tweets, "tweet", "tweets"))],
        (None, None) => Line::new(),
    };
    let available = width.saturating_sub(super::lines::line_columns(&right) + 1).max(4);
    two_ends(name_of(available), right, width.min(60))
}

/// Counts as a bar each, scaled to the largest; the newest at the right.
pub(crate) fn sparkline(history: &[u32], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = history.get(history.len().saturating_sub(width)..).unwrap_or_default();
    let most = shown.iter().copied().max().unwrap_or(0).max(1);
    let bar = |&count: &u32| {
        let step = (u64::from(count) * 7).div_ceil(u64::from(most));
        usize::try_from(step).ok().and_then(|step| BARS.get(step)).copied().unwrap_or('█')
    };
    shown.iter().map(bar).collect()
}

fn conversation(state: &State, id: u64, width: usize) -> Vec<Line> {
    let mut first = vec![presence(state.entities.presence(id)), plain(" ")];
    first.extend(who(state, id, true));
    let Some(conversation) = state.entities.conversations.get(&id) else { return vec![first] };
    if conversation.unread > 0 {
        first.push(span(format!("  ● {} new", conversation.unread), Style::of(ColorRole::Accent).bold()));
    }
    let Some(last) = &conversation.last else { return vec![fit_line(first, width)] };
    first.push(dim(format!(" · {}", age(state.now, last.created_ms))));
    let from = if last.author_id == id { "" } else { "You: " };
    let text = fit(&format!("{from}{}", SafeText::line(&last.text)), width.saturating_sub(2));
    vec![fit_line(first, width), vec![plain("  "), dim(text)]]
}

/// A message: author and time at the beginning of a group, the text, and its receipt at the end of a group.
fn message(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(message) = state.entities.messages.get(&id) else { return vec![vec![dim("…")]] };
    let mine = state.is_me(message.author_id);
    let screen = state.screen();
    let receipts = screen.map(|screen| screen.receipts).unwrap_or_default();
    let before = screen.and_then(|screen| screen.ids.iter().copied().find(|other| *other < id));
    let before = before.and_then(|id| state.entities.messages.get(&id));
    let is_same_group = before
        .is_some_and(|b| b.author_id == message.author_id && message.created_ms - b.created_ms < 300_000);
    let mut lines = Vec::new();
    if !is_same_group {
        lines.push(Vec::new());
        let mut head = if mine { vec![bold("You")] } else { who(state, message.author_id, width > 50) };
        head.push(dim(format!(" · {}", age(state.now, message.created_ms))));
        lines.push(fit_line(head, width));
    }
    let mut text = prose(&message.text, width.saturating_sub(4).max(4));
    if mine {
        let mark = if receipts.read >= id {
            of(ColorRole::Good, " ✓✓ read")
        } else if receipts.delivered >= id {
            dim(" ✓✓")
        } else {
            dim(" ✓")
        };
        // The receipt is shown on the last message that it applies to.
        let next = screen.and_then(|screen| screen.ids.iter().copied().rfind(|other| *other > id));
        let same = |other: u64| {
            (receipts.read >= other) == (receipts.read >= id)
                && (receipts.delivered >= other) == (receipts.delivered >= id)
        };
        let is_last = next.is_none_or(|next| {
            let next_is_mine =
                state.entities.messages.get(&next).is_some_and(|n| n.author_id == message.author_id);
            !next_is_mine || !same(next)
        });
        if is_last && let Some(last) = text.last_mut() {
            last.push(mark);
        }
    }
    lines.extend(text.into_iter().map(|line| fit_line(line, width)));
    lines
}

fn draft(state: &State, name: &str, width: usize) -> Vec<Line> {
    let Some(draft) = state.texts.drafts.get(name) else { return vec![vec![dim("…")]] };
    let mut lines = vec![vec![bold(draft.writing.title()), dim(" · draft · Enter to edit")]];
    lines.extend(prose(&draft.text, width).into_iter().take(4));
    lines.into_iter().map(|line| fit_line(line, width)).collect()
}

/// A tweet or message of the outbox, with its status.
fn outgoing(state: &State, name: &str, width: usize) -> Vec<Line> {
    let Some(outgoing) = state.texts.outbox.iter().find(|outgoing| outgoing.name() == name) else {
        return vec![Vec::new()];
    };
    let status = match &outgoing.sending {
        Sending::Held(until) => {
            let seconds = (until - state.now).max(0) / 1_000 + 1;
            dim(format!("… Sending in {seconds} s · u to undo"))
        }
        Sending::Sent => dim("… Sending"),
        Sending::Waiting => of(ColorRole::Warning, "◌ Waiting for the connection"),
        Sending::Refused(why) => of(ColorRole::Error, format!("✕ Not sent: {why} · Enter to edit")),
    };
    if matches!(state.route(), Route::Conversation(_)) {
        let mut lines = prose(outgoing.text(), width);
        lines.push(fit_line(vec![status], width));
        return lines;
    }
    let mut lines = vec![fit_line(vec![bold(outgoing.draft.writing.title()), plain(" · "), status], width)];
    lines.extend(prose(outgoing.text(), width).into_iter().take(4));
    lines.push(Vec::new());
    lines
}

fn setting(state: &State, name: &str, width: usize) -> Vec<Line> {
    let doc = OPTIONS.iter().find(|option| option.name == name).map_or("", |option| option.doc);
    vec![
        fit_line(
            vec![
                bold(format!("{name:<8}")),
                plain(" = "),
                of(ColorRole::Accent, state.preferences.settings.value(name)),
            ],
            width,
        ),
        vec![dim(fit(doc, width))],
    ]
}

fn session(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(session) = state.entities.sessions.iter().find(|session| session.id == id) else {
        return vec![Vec::new()];
    };
    let mut line = vec![bold(fit(SafeText::line(&session.client_name).as_str(), 40))];
    line.push(if session.current {
        of(ColorRole::Good, " · this session")
    } else {
        dim(" · Enter to sign out")
    });
    let about = format!(
        "signed in {}, last used {}",
        absolute_time(session.created_ms),
        absolute_time(session.last_used_ms)
    );
    vec![fit_line(line, width), vec![dim(fit(&about, width))]]
}

fn key(state: &State, id: u64, width: usize) -> Vec<Line> {
    let Some(key) = state.entities.keys.iter().find(|key| key.id == id) else { return vec![Vec::new()] };
    let line = vec![bold(fit(SafeText::line(&key.name).as_str(), 40)), dim(" · Enter to remove")];
    let used = if key.last_used_ms == 0 {
        "never used".to_owned()
    } else {
        format!("last used {}", absolute_time(key.last_used_ms))
    };
    let about = format!("{} · {used}", SafeText::line(&key.fingerprint));
    vec![fit_line(line, width), vec![dim(fit(&about, width))]]
}

fn command(state: &State, id: &str, width: usize) -> Line {
    let Some(command) = by_id(id) else { return Line::new() };
    let keys = state.preferences.keymap.all_keys_of(command.action).join(", ");
    fit_line(
        vec![of(ColorRole::Accent, format!("{keys:<18} ")), plain(command.title), dim(format!("  :{id}"))],
        width,
    )
}
