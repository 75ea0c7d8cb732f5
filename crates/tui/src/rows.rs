//! Makes the rows of every screen from the state.

use protocol::v1;
use smol_str::format_smolstr;

use crate::commands::COMMANDS;
use crate::composer::{Outgoing, Writing};
use crate::doctor::doctor;
use crate::route::{Route, SearchKind};
use crate::row::Row;
use crate::settings;
use crate::state::{Phase, ScreenState, State};

/// A tweet that is retweeted several times within this number of rows is shown once.
const RETWEET_WINDOW: usize = 40;
/// Replies are indented up to this depth.
pub const DEPTH_MAX: u8 = 6;

/// The rows of a screen.
#[must_use]
pub fn rows(state: &State, route: &Route, screen: &ScreenState) -> Vec<Row> {
    let mut rows = match route {
        Route::Thread(id) => thread(state, screen, *id),
        Route::Notifications => notifications(state, screen),
        Route::Conversations => screen.ids.iter().map(|id| Row::Conversation(*id)).collect(),
        Route::Conversation(username) => messages(state, screen, username),
        Route::People | Route::Muted | Route::Blocked | Route::Search(SearchKind::People, _) => {
            people(screen)
        }
        Route::Online => people(screen),
        Route::Trends => {
            state.entities.trends.iter().map(|trend| Row::Hashtag(trend.name.as_str().into())).collect()
        }
        Route::Search(SearchKind::Hashtags, _) => screen.names.iter().cloned().map(Row::Hashtag).collect(),
        Route::Profile(_, tab) => {
            let mut rows = vec![Row::ProfileHead];
            rows.extend(if tab.has_tweets() { timeline(state, route, screen) } else { people(screen) });
            rows
        }
        Route::Drafts => drafts(state),
        Route::Settings => {
            let options = settings::OPTIONS.iter().map(|option| Row::Setting(option.name));
            options.chain(["bind", "test-notification", "settings-file"].map(Row::Command)).collect()
        }
        Route::Sessions => state.entities.sessions.iter().map(|session| Row::Session(session.id)).collect(),
        Route::Keys => state.entities.keys.iter().map(|key| Row::Key(key.id)).collect(),
        Route::Help => help(),
        Route::Log => notes(state.log.iter().rev().map(|(_, line)| line.as_str())),
        Route::Doctor => notes(doctor(state).iter().map(String::as_str)),
        _ => timeline(state, route, screen),
    };
    if !screen.filter.is_empty() {
        let words: Vec<String> = screen.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        rows.retain(|row| {
            let text = searchable(state, row).to_lowercase();
            matches!(row, Row::ProfileHead) || words.iter().all(|word| text.contains(word))
        });
    }
    if screen.next.is_some() && screen.phase != Phase::New && !matches!(route, Route::Conversation(_)) {
        rows.push(Row::More);
    }
    rows
}

fn timeline(state: &State, route: &Route, screen: &ScreenState) -> Vec<Row> {
    let mut rows = Vec::with_capacity(screen.ids.len() + 2);
    let mut originals: Vec<u64> = Vec::new();
    let mut line_is_drawn = false;
    for &id in &screen.ids {
        let is_hidden = state.entities.tweet(id).is_none_or(|tweet| state.is_muted(tweet));
        let original = state.entities.original(id);
        let is_repeated = matches!(route, Route::Home)
            && original != id
            && originals.iter().rev().take(RETWEET_WINDOW).any(|seen| *seen == original);
        if let Some(read) = screen.read_line
            && !line_is_drawn
            && id <= read
            && route.read_line_name().is_some()
        {
            line_is_drawn = true;
            if !rows.is_empty() {
                rows.push(Row::ReadLine);
            }
        }
        if !is_hidden && !is_repeated {
            rows.push(Row::Tweet(id, 0));
            originals.push(original);
        }
        if screen.gaps.contains(&id) {
            rows.push(Row::Gap(id));
        }
    }
    rows
}

fn people(screen: &ScreenState) -> Vec<Row> {
    screen.ids.iter().map(|id| Row::Person(*id)).collect()
}

/// Messages, oldest first, then those that are being sent.
fn messages(state: &State, screen: &ScreenState, username: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    if screen.next.is_some() {
        rows.push(Row::More);
    }
    rows.extend(screen.ids.iter().rev().map(|id| Row::Message(*id)));
    let to_them =
        |outgoing: &&Outgoing| matches!(&outgoing.draft.writing, Writing::Message(to) if to == username);
    rows.extend(
        state.texts.outbox.iter().filter(to_them).map(|outgoing| Row::Outgoing(outgoing.name().into())),
    );
    rows
}

/// Ancestors, the tweet, and its replies as a tree: each below its parent, oldest first.
fn thread(state: &State, screen: &ScreenState, root: u64) -> Vec<Row> {
    let mut rows: Vec<Row> = screen.ancestors.iter().map(|id| Row::Tweet(*id, 0)).collect();
    if state.entities.tweet(root).is_some() || state.entities.is_gone(root) {
        rows.push(Row::Tweet(root, 0));
    }
    let mut ids: Vec<u64> = screen.ids.clone();
    ids.sort_unstable();
    if !screen.folded.contains(&root) {
        branch(state, screen, &ids, root, 1, &mut rows);
    }
    rows
}

fn branch(state: &State, screen: &ScreenState, ids: &[u64], parent: u64, depth: u8, rows: &mut Vec<Row>) {
    let is_reply = |id: &&u64| state.entities.tweet(**id).is_some_and(|tweet| tweet.reply_to == parent);
    for id in ids.iter().filter(is_reply) {
        rows.push(Row::Tweet(*id, depth.min(DEPTH_MAX)));
        // A reply has a greater identifier than its parent, so the recursion ends.
        if *id > parent && !screen.folded.contains(id) && depth < 100 {
            branch(state, screen, ids, *id, depth + 1, rows);
        }
    }
}

/// The number of replies below a tweet of a thread, at all depths.
#[must_use]
pub fn replies_below(state: &State, screen: &ScreenState, id: u64) -> usize {
    let is_reply = |other: &&u64| {
        **other > id && state.entities.tweet(**other).is_some_and(|tweet| tweet.reply_to == id)
    };
    screen.ids.iter().filter(is_reply).map(|child| 1 + replies_below(state, screen, *child)).sum()
}

/// One row for adjacent likes or retweets of one tweet, and for adjacent follows.
fn notifications(state: &State, screen: &ScreenState) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut last: Option<(i32, u64)> = None;
    for id in &screen.ids {
        let Some(notification) = state.entities.notifications.get(id) else { continue };
        let key = (notification.kind, notification.tweet_id);
        let groups = matches!(
            notification.kind(),
            v1::NotificationKind::Like | v1::NotificationKind::Retweet | v1::NotificationKind::Follow
        );
        if groups && last == Some(key) {
            rows.pop();
        }
        rows.push(Row::Notification(*id));
        last = Some(key);
    }
    rows
}

/// The content of a row of notifications.
#[derive(Debug)]
pub struct Group {
    /// The accounts, latest first, without duplicates.
    pub people: Vec<u64>,
    /// Whether one of the notifications is unread.
    pub is_unread: bool,
    /// The time of the latest notification, in Unix milliseconds.
    pub newest_ms: i64,
}

impl Group {
    /// The group whose oldest notification this is.
    #[must_use]
    pub fn of(state: &State, oldest: u64) -> Self {
        let empty = ScreenState::default();
        let screen = state.screens.by_route.get(&Route::Notifications).unwrap_or(&empty);
        let mut group = Self { people: Vec::new(), is_unread: false, newest_ms: 0 };
        for one in
            group_of(state, screen, oldest).iter().filter_map(|id| state.entities.notifications.get(id))
        {
            if !group.people.contains(&one.account_id) {
                group.people.push(one.account_id);
            }
            group.is_unread |= one.unread;
            group.newest_ms = group.newest_ms.max(one.created_ms);
        }
        group
    }
}

/// All notifications of a row, newest first.
fn group_of(state: &State, screen: &ScreenState, oldest: u64) -> Vec<u64> {
    let Some(index) = screen.ids.iter().position(|id| *id == oldest) else { return Vec::new() };
    let Some(one) = state.entities.notifications.get(&oldest) else { return vec![oldest] };
    let groups = matches!(
        one.kind(),
        v1::NotificationKind::Like | v1::NotificationKind::Retweet | v1::NotificationKind::Follow
    );
    if !groups {
        return vec![oldest];
    }
    let same = |id: &&u64| {
        let other = state.entities.notifications.get(*id);
        other.is_some_and(|other| (other.kind, other.tweet_id) == (one.kind, one.tweet_id))
    };
    let mut group: Vec<u64> = screen.ids.iter().take(index + 1).rev().take_while(same).copied().collect();
    group.reverse();
    group
}

fn drafts(state: &State) -> Vec<Row> {
    let mut rows = Vec::new();
    if !state.texts.outbox.is_empty() {
        rows.push(Row::Heading("Outbox".into()));
        rows.extend(state.texts.outbox.iter().map(|outgoing| Row::Outgoing(outgoing.name().into())));
    }
    if !state.texts.drafts.is_empty() {
        rows.push(Row::Heading("Drafts".into()));
        rows.extend(state.texts.drafts.keys().map(|name| Row::Draft(name.as_str().into())));
    }
    rows
}

fn help() -> Vec<Row> {
    use crate::commands::Context;
    let parts = [
        ("Anywhere", Context::Anywhere),
        ("In lists", Context::List),
        ("On a tweet", Context::Tweet),
        ("On a person", Context::Person),
        ("In the composer", Context::Composer),
        ("In a prompt", Context::Prompt),
        ("In a form", Context::Form),
    ];
    let mut rows = Vec::new();
    for (title, context) in parts {
        rows.push(Row::Heading(title.into()));
        rows.extend(COMMANDS.iter().filter(|command| command.context == context).map(|c| Row::Command(c.id)));
    }
    rows
}

fn notes<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Row> {
    (0..).zip(lines).map(|(number, line)| Row::Note(number, line.into())).collect()
}

/// The text of a row that the filter searches.
fn searchable(state: &State, row: &Row) -> String {
    let account = |id: u64| {
        state.entities.account(id).map_or_else(String::new, |a| format!("@{} {}", a.username, a.display_name))
    };
    match row {
        Row::Tweet(id, _) => {
            let id = state.entities.original(*id);
            let tweet = state.entities.tweet(id);
            tweet.map_or_else(String::new, |tweet| format!("{} {}", account(tweet.author_id), tweet.text))
        }
        Row::Person(id) | Row::Conversation(id) => account(*id),
        Row::Message(id) => state.entities.messages.get(id).map_or_else(String::new, |m| m.text.clone()),
        Row::Notification(id) => {
            state.entities.notifications.get(id).map_or_else(String::new, |n| account(n.account_id))
        }
        Row::Hashtag(name) | Row::Note(_, name) | Row::Draft(name) => name.to_string(),
        Row::Setting(name) => (*name).to_owned(),
        Row::Command(id) => {
            let title = crate::commands::by_id(id).map_or("", |command| command.title);
            format_smolstr!("{id} {title}").to_string()
        }
        _ => String::new(),
    }
}
