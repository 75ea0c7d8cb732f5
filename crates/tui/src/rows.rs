//! Makes the rows of every screen from the state.

use model::search_form;
use protocol::v1;
use smol_str::format_smolstr;

use crate::about::about;
use crate::commands::{COMMANDS, Interface, by_id};
use crate::composer::{Outgoing, Sending, Writing};
use crate::doctor;
use crate::empty::{self, is_beginning};
use crate::log::{Level, LogLine};
use crate::people::Found;
use crate::route::{LogList, OnlineList, Route, SearchKind};
use crate::row::Row;
use crate::settings::{CONTROL, NOTIFICATIONS, OPTIONS, PRESENCE, SettingOption};
use crate::state::{Link, Phase, ScreenState, State};
use crate::thread;
use crate::wording::{day_of_week, waiting_for};

/// A tweet that is retweeted several times within this number of rows is shown once.
const RETWEET_WINDOW: usize = 40;
/// The heading of texts that are sent when a limit of the server allows it; each row says which limit, and when.
const LIMITED: &str = "Waiting for a limit";
/// The heading of texts that could not be sent for another reason.
const RETRYING: &str = "Waiting to be sent again";
/// People above the results of a search for tweets.
const PEOPLE_FOUND_MAX: usize = 5;
/// The time in which an account that posted is active today, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// The rows of a screen.
#[must_use]
pub fn rows(state: &State, route: &Route, screen: &ScreenState) -> Vec<Row> {
    if is_unknown_profile(state, route, screen) {
        return Vec::new();
    }
    let found = found(route, screen);
    let mut rows = match route {
        _ if found.is_some() => found.map_or_else(Vec::new, |found| as_people(&found.ids)),
        Route::Thread(id) => thread::rows(state, screen, *id),
        Route::Notifications(_) => notifications(state, screen),
        Route::Conversations => screen.ids.iter().map(|id| Row::Conversation(*id)).collect(),
        Route::Conversation(username) => messages(state, screen, username),
        Route::People(_) => people(screen),
        Route::Search(SearchKind::People, query) => {
            let mut rows = people(screen);
            let others = named(state, query).into_iter().filter(|id| !screen.ids.contains(id));
            rows.extend(others.map(Row::Person));
            rows
        }
        Route::Search(SearchKind::Tweets, query) => {
            let found = named(state, query).into_iter().take(PEOPLE_FOUND_MAX).map(Row::Person);
            found.chain(timeline(state, route, screen)).collect()
        }
        Route::Online(list) => online(state, screen, *list),
        Route::Trends => trends(state),
        Route::Search(SearchKind::Hashtags, _) => screen.names.iter().cloned().map(Row::Hashtag).collect(),
        Route::Profile(_, tab) if !tab.has_tweets() => people(screen),
        Route::Drafts => drafts(state),
        Route::Settings => settings(state),
        Route::Sessions => state.entities.sessions.iter().map(|session| Row::Session(session.id)).collect(),
        Route::Keys => state.entities.keys.iter().map(|key| Row::Key(key.id)).collect(),
        Route::Help => help(),
        Route::Log(list) => logged(state, *list),
        Route::Doctor => findings(state),
        Route::About => about(state),
        _ => timeline(state, route, screen),
    };
    if !screen.filter.is_empty() && found.is_none() {
        rows.retain(|row| has_words(state, row, &screen.filter));
    }
    if rows.is_empty() {
        rows.extend(empty::rows(state, route, screen));
    } else if *route == Route::Home
        && screen.next.is_none()
        && screen.filter.is_empty()
        && is_beginning(state)
    {
        rows.extend(empty::suggestions(state));
    }
    let next = found.map_or(&screen.next, |found| &found.next);
    if next.is_some() && screen.phase != Phase::New && !matches!(route, Route::Conversation(_)) {
        rows.push(if screen.problem.is_some() { Row::Failed } else { Row::More });
    }
    let head = matches!(route, Route::Profile(..)).then_some(Row::ProfileHead);
    let sections = (!route.sections().is_empty()).then_some(Row::Sections);
    let mut rows: Vec<Row> = head.into_iter().chain(sections).chain(rows).collect();
    divide(&mut rows);
    rows
}

/// There is one blank line between a heading and the row above it.
fn divide(rows: &mut [Row]) {
    let mut ends_blank = true;
    for row in rows {
        if let Row::Heading(_, is_apart) = row {
            *is_apart = !ends_blank;
        }
        ends_blank = row.ends_blank();
    }
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

/// The accounts that were loaded and have these words as parts of their names, by username.
fn named(state: &State, words: &str) -> Vec<u64> {
    let all = state.entities.accounts().map(|account| account.id);
    let mut found: Vec<u64> = all.filter(|id| has_words(state, &Row::Person(*id), words)).collect();
    found.sort_by_cached_key(|id| state.entities.name_key(*id));
    found
}

/// Whether a row contains all of these words.
fn has_words(state: &State, row: &Row, words: &str) -> bool {
    let text = search_form(&searchable(state, row));
    search_form(words).split_whitespace().all(|word| text.contains(word))
}

fn people(screen: &ScreenState) -> Vec<Row> {
    as_people(&screen.ids)
}

fn as_people(ids: &[u64]) -> Vec<Row> {
    ids.iter().map(|id| Row::Person(*id)).collect()
}

/// Whether this is a profile of which nothing is here: the screen says what it waits for.
fn is_unknown_profile(state: &State, route: &Route, screen: &ScreenState) -> bool {
    matches!(route, Route::Profile(username, _) if !state.entities.profiles.contains_key(username))
        && screen.problem.is_none()
        && screen.phase != Phase::Ready
}

/// Whom the server found for the filter of a list of people.
fn found<'a>(route: &Route, screen: &'a ScreenState) -> Option<&'a Found> {
    screen.found().filter(|_| route.accounts().is_some())
}

/// Who is online, those first whom the user follows; at the end, whether others see the user.
fn online(state: &State, screen: &ScreenState, list: OnlineList) -> Vec<Row> {
    if screen.phase != Phase::Ready || state.connection.link != Link::Live {
        return people(screen);
    }
    let mut others: Vec<u64> = screen.ids.iter().copied().filter(|id| !state.is_me(*id)).collect();
    others.sort_by_cached_key(|id| state.entities.name_key(*id));
    let (followed, others): (Vec<u64>, Vec<u64>) =
        others.into_iter().partition(|id| state.entities.relationship(*id).following);
    let mut rows = match list {
        OnlineList::Followed => followed.into_iter().map(Row::Person).collect(),
        OnlineList::Everyone if followed.is_empty() && others.is_empty() => active_today(state),
        OnlineList::Everyone => {
            let mut rows = Vec::new();
            for (title, people) in [("People you follow", followed), ("Others", others)] {
                if !people.is_empty() {
                    rows.push(Row::heading(format_smolstr!("{title} · {}", people.len())));
                    rows.extend(people.into_iter().map(Row::Person));
                }
            }
            rows
        }
    };
    if rows.is_empty() {
        rows.push(Row::Sentence("No one you follow is online.".into()));
    }
    rows.extend(state.session.me.as_ref().map(|_| Row::OwnPresence));
    rows
}

/// Who was active today, for someone who is the only one online.
fn active_today(state: &State) -> Vec<Row> {
    let mut rows = vec![Row::Sentence("You are the only one online.".into())];
    let today = state.server_now() - DAY_MS;
    let last_post = |id: u64| state.entities.figures.get(&id).map_or(0, |figures| figures.last_post_ms);
    let active = state.live.active.iter().copied();
    let active: Vec<Row> =
        active.filter(|id| !state.is_me(*id) && last_post(*id) > today).map(Row::Person).collect();
    if !active.is_empty() {
        rows.push(Row::heading("Active today"));
        rows.extend(active);
    }
    rows
}

/// The hashtags of today and the user's own; each only in the first list that has it.
fn trends(state: &State) -> Vec<Row> {
    let v1::TrendList { trends, new_today, yours, this_week } = &state.entities.trends;
    let lists = [
        ("Trending today", trends),
        ("New today · used by one person", new_today),
        ("Yours", yours),
        ("This week", this_week),
    ];
    let mut rows: Vec<Row> = Vec::new();
    if trends.is_empty() && new_today.is_empty() && !(yours.is_empty() && this_week.is_empty()) {
        rows.push(Row::Sentence("No hashtags were used today.".into()));
    }
    for (title, list) in lists {
        let tags = list.iter().map(|trend| Row::Hashtag(trend.name.as_str().into()));
        let tags: Vec<Row> = tags.filter(|tag| !rows.contains(tag)).collect();
        if !tags.is_empty() {
            rows.push(Row::heading(title));
            rows.extend(tags);
        }
    }
    rows
}

/// Messages, oldest first, below their days, then those that are being sent.
fn messages(state: &State, screen: &ScreenState, username: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    if screen.next.is_some() {
        rows.push(Row::More);
    }
    let (mut day, mut is_divided) = (String::new(), screen.read_line.is_none());
    for id in screen.ids.iter().rev() {
        if let Some(message) = state.entities.messages.get(id) {
            let written = day_of_week(state, message.created_ms);
            if written != day {
                rows.push(Row::Day(message.created_ms));
                day = written;
            }
            if !is_divided && screen.read_line < Some(*id) && !state.is_me(message.author_id) {
                rows.push(Row::ReadLine);
                is_divided = true;
            }
        }
        rows.push(Row::Message(*id));
    }
    let to_them =
        |outgoing: &&Outgoing| matches!(&outgoing.draft.writing, Writing::Message(to) if to == username);
    rows.extend(
        state.texts.outbox.iter().filter(to_them).map(|outgoing| Row::Outgoing(outgoing.name().into())),
    );
    rows
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
    // The line divides what is new from what was read before the screen was opened.
    let is_new = |row: &Row| matches!(row, Row::Notification(oldest) if group_is_new(state, screen, *oldest));
    if let Some(read) = rows.iter().position(|row| !is_new(row)).filter(|read| *read > 0) {
        rows.insert(read, Row::ReadLine);
    }
    rows
}

/// Whether a row has a notification that is unread, or was when it came on the screen.
fn group_is_new(state: &State, screen: &ScreenState, oldest: u64) -> bool {
    let mut group = state.entities.notification_group(&screen.ids, oldest).into_iter();
    group.any(|id| screen.marked.contains(&id) || state.entities.is_unread(id))
}

/// The content of a row of notifications.
#[derive(Debug)]
pub struct Group {
    /// The accounts, latest first, without duplicates.
    pub people: Vec<u64>,
    /// Whether one of the notifications is marked as unread: those read on the screen keep their mark until it is left.
    pub is_unread: bool,
    /// The time of the latest notification, in Unix milliseconds.
    pub newest_ms: i64,
}

impl Group {
    /// The group whose oldest notification this is.
    #[must_use]
    pub fn of(state: &State, oldest: u64) -> Self {
        let empty = ScreenState::default();
        let screen = state.screen().unwrap_or(&empty);
        let is_unread = group_is_new(state, screen, oldest);
        let mut group = Self { people: Vec::new(), is_unread, newest_ms: 0 };
        for one in state
            .entities
            .notification_group(&screen.ids, oldest)
            .iter()
            .filter_map(|id| state.entities.notifications.get(id))
        {
            if !group.people.contains(&one.account_id) {
                group.people.push(one.account_id);
            }
            group.newest_ms = group.newest_ms.max(one.created_ms);
        }
        group
    }
}

/// The unread notifications of the row with this oldest one.
pub(crate) fn unread_of_group(state: &State, oldest: u64) -> Vec<u64> {
    state
        .screen()
        .map_or_else(Vec::new, |screen| state.entities.notification_group(&screen.ids, oldest))
        .into_iter()
        .filter(|id| state.entities.is_unread(*id))
        .collect()
}

/// The newest notification of the row with this oldest one.
#[must_use]
pub fn newest_of_group(state: &State, screen: &ScreenState, oldest: u64) -> Option<u64> {
    state.entities.notification_group(&screen.ids, oldest).first().copied()
}

/// The outbox by what its texts wait for, then drafts.
fn drafts(state: &State) -> Vec<Row> {
    let is_live = state.connection.link == Link::Live;
    let section = |one: &Outgoing| match &one.sending {
        Sending::Held(_) => "Sending",
        Sending::Sent | Sending::Waiting if is_live => "Sending",
        Sending::Refused(_) => "Not sent",
        Sending::Limited(..) if is_live => LIMITED,
        Sending::Retrying(..) if is_live => RETRYING,
        _ => waiting_for(state),
    };
    let mut rows = Vec::new();
    let mut add = |title: &str, found: Vec<Row>| {
        if !found.is_empty() {
            rows.push(Row::heading(format_smolstr!("{title} · {}", found.len())));
            rows.extend(found);
        }
    };
    for title in ["Sending", LIMITED, RETRYING, waiting_for(state), "Not sent"] {
        let found = state.texts.outbox.iter().filter(|one| section(one) == title);
        add(title, found.map(|one| Row::Outgoing(one.name().into())).collect());
    }
    add("Drafts", state.texts.drafts.keys().map(|name| Row::Draft(name.as_str().into())).collect());
    rows
}

/// The lines of the log, newest first, below their days: only the first day can be today, which has no rule.
fn logged(state: &State, list: LogList) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut day = day_of_week(state, state.now);
    let is_shown = |line: &&LogLine| list == LogList::All || line.level != Level::Info;
    for line in state.log.lines().filter(is_shown) {
        let written = day_of_week(state, line.at);
        if written != day {
            rows.push(Row::Day(line.at));
            day = written;
        }
        rows.push(Row::Logged(line.number));
    }
    rows
}

/// The findings of the doctor in their sections.
fn findings(state: &State) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut section = "";
    for finding in doctor::findings(state) {
        if finding.section != section {
            rows.push(Row::heading(finding.section));
            section = finding.section;
        }
        rows.push(Row::Finding(finding.subject));
    }
    rows
}

/// The settings in their groups, with the commands that belong to them.
fn settings(state: &State) -> Vec<Row> {
    let is_here = |interface| interface == Interface::Any || !state.terminal.capabilities.is_plain;
    // Either one theme is in use, or one of two.
    let follows = state.preferences.settings.follow_mode;
    let is_used = |name: &str| match name {
        "theme" => !follows,
        "dark_theme" | "light_theme" => follows,
        PRESENCE => state.session.me.is_some(),
        _ => true,
    };
    let mut rows = Vec::new();
    let mut group = "";
    let commands_of = |group: &str| -> &[&'static str] {
        match group {
            NOTIFICATIONS => &["test-notification"],
            CONTROL => &["bind", "settings-file"],
            _ => &[],
        }
    };
    let commands = |group: &str| {
        let all = commands_of(group).iter().copied();
        all.filter(|id| by_id(id).is_some_and(|one| is_here(one.interface)))
            .map(Row::Command)
            .collect::<Vec<_>>()
    };
    for option in OPTIONS.iter().filter(|option| is_here(option.interface) && is_used(option.name)) {
        if option.group != group {
            rows.extend(commands(group));
            rows.push(Row::heading(option.group));
            group = option.group;
        }
        rows.push(Row::Setting(option.name));
    }
    // In plain mode, none of the options of the last group is there.
    rows.extend(commands(if is_here(Interface::Screen) { group } else { CONTROL }));
    rows
}

fn help() -> Vec<Row> {
    use crate::commands::Context;
    let parts = [
        ("Everywhere, also while you write", Context::Everywhere),
        ("Anywhere", Context::Anywhere),
        ("In lists", Context::List),
        ("On a tweet", Context::Tweet),
        ("On a tweet or a message", Context::Item),
        ("On a person", Context::Person),
        ("In the composer", Context::Composer),
        ("In a prompt", Context::Prompt),
        ("In a form", Context::Form),
    ];
    let mut rows = Vec::new();
    for (title, context) in parts {
        rows.push(Row::heading(title));
        rows.extend(COMMANDS.iter().filter(|command| command.context == context).map(|c| Row::Command(c.id)));
    }
    rows
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
        Row::Hashtag(name) | Row::Words(_, name) | Row::Rule(_, name) => name.to_string(),
        Row::Draft(name) => {
            state.texts.drafts.get(name.as_str()).map_or_else(String::new, |draft| draft.text.clone())
        }
        Row::Logged(number) => state
            .log
            .line(*number)
            .map_or_else(String::new, |line| format!("{} {}", line.text, line.incident)),
        Row::Finding(subject) => (*subject).to_owned(),
        Row::Setting(name) => {
            let label = SettingOption::by_name(name).map_or("", |option| option.label);
            format!("{label} {name}")
        }
        Row::Command(id) => {
            let title = crate::commands::by_id(id).map_or("", |command| command.title);
            format_smolstr!("{id} {title}").to_string()
        }
        _ => String::new(),
    }
}
