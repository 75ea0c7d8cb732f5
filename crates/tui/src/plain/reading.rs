//! Reading a list: which of its rows were read, and which number means which row.

use super::words::words;
use crate::composer::Sending;
use crate::route::{PageSelector, Route, SearchKind};
use crate::row::Row;
use crate::state::{Phase, ScreenState, State};
use crate::wording::count;
use terminal::list::Item as _;

/// Rows that are read at a time.
const ROWS_AT_A_TIME: usize = 10;

/// What was read of the current screen.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The screen that was announced; `None`: the next one is announced, even if it is the same.
    announced: Option<Announced>,
    /// Rows with a number, in the order of their numbers. A number keeps its meaning when the list changes.
    numbered: Vec<Row>,
    /// In a chat: the oldest message that was read.
    oldest: u64,
    /// The newest item when the screen was announced.
    newest: u64,
    /// The number of newer items that was said.
    arrived: usize,
    /// More rows were asked for, and the server has them.
    wants_more: bool,
}

/// When one of these changes, the screen is announced again.
#[derive(Debug, PartialEq)]
struct Announced {
    route: Route,
    phase: Phase,
    filter: String,
    is_empty: bool,
}

impl Reading {
    /// The screen is announced again.
    pub(super) fn start_again(&mut self) {
        self.announced = None;
    }

    /// Reads a screen that was just opened, more rows that were asked for, and says what is new.
    pub(super) fn changes(&mut self, state: &State) -> String {
        let Some(screen) = state.screen() else { return String::new() };
        // The first message of a chat is read as any other.
        let is_chat = matches!(state.route(), Route::Conversation(_));
        let now = Announced {
            route: state.route().clone(),
            phase: screen.phase,
            filter: screen.filter.clone(),
            is_empty: !is_chat && !screen.list.rows().iter().any(|row| is_item(state, row)),
        };
        if self.announced.as_ref() != Some(&now) {
            *self = Self { announced: Some(now), newest: newest(screen), ..Self::default() };
            let title = title(state, screen);
            return format!("{title}{}", self.read_on(state));
        }
        if self.wants_more && !screen.is_loading {
            self.wants_more = false;
            return match self.read_on(state) {
                said if said.is_empty() => "That was all.\n".to_owned(),
                said => said,
            };
        }
        if is_chat {
            return self.new_messages(state, screen);
        }
        let arrived = arrived(state, screen, self.newest);
        if arrived <= std::mem::replace(&mut self.arrived, arrived) {
            return String::new();
        }
        // A single line, however many there are.
        format!("{arrived} new. Type “show-new” to read them.\n")
    }

    /// Reads messages as they arrive.
    fn new_messages(&mut self, state: &State, screen: &ScreenState) -> String {
        let before = std::mem::replace(&mut self.newest, newest(screen));
        let is_new = |row: &&Row| matches!(row, Row::Message(id) if *id > before);
        screen.list.rows().iter().filter(is_new).map(|row| self.with_next_number(state, row)).collect()
    }

    /// A row with the next number.
    fn with_next_number(&mut self, state: &State, row: &Row) -> String {
        self.numbered.push(row.clone());
        format!("{}. {}\n", self.numbered.len(), words(state, row))
    }

    /// Reads the next rows; in a chat, the earlier messages. At the end of what is loaded, asks for more.
    pub(super) fn more(&mut self, state: &State) -> String {
        let said = self.read_on(state);
        if !said.is_empty() {
            return said;
        }
        let Some(screen) = state.screen() else { return String::new() };
        self.wants_more = screen.next.is_some();
        if self.wants_more { String::new() } else { "That was all.\n".to_owned() }
    }

    /// Whether rows that are not loaded were asked for.
    pub(super) fn wants_more(&self) -> bool {
        self.wants_more
    }

    /// Reads the rows after those that were read.
    fn read_on(&mut self, state: &State) -> String {
        let Some(screen) = state.screen() else { return String::new() };
        if matches!(state.route(), Route::Conversation(_)) {
            return self.read_back(state, screen);
        }
        let mut out = String::new();
        let rows: Vec<Row> = self.unread(screen).cloned().collect();
        let mut left = rows.len();
        for row in rows.iter().take(ROWS_AT_A_TIME) {
            left -= 1;
            if row.can_be_selected() {
                out.push_str(&self.with_next_number(state, row));
            } else {
                out.push_str(&format!("{}\n", words(state, row)));
            }
        }
        if left > 0 || (!out.is_empty() && screen.next.is_some()) {
            let how_many = if left > 0 { format!("{left} more") } else { "There is more".to_owned() };
            out.push_str(&format!("{how_many}. Type “more”, or a number to select.\n"));
        }
        out
    }

    /// Reads the messages before those that were read, oldest first. They are numbered as they are read.
    fn read_back(&mut self, state: &State, screen: &ScreenState) -> String {
        let is_unread = |row: &&Row| match row {
            Row::Message(id) => self.oldest == 0 || *id < self.oldest,
            Row::Outgoing(name) => self.oldest == 0 && !is_being_sent(state, name),
            _ => false,
        };
        let rows: Vec<&Row> = screen.list.rows().iter().filter(is_unread).collect();
        let read = rows.get(rows.len().saturating_sub(ROWS_AT_A_TIME)..).unwrap_or_default();
        let mut out: String = read.iter().map(|row| self.with_next_number(state, row)).collect();
        let oldest = read.iter().find_map(|row| if let Row::Message(id) = row { Some(*id) } else { None });
        self.oldest = oldest.unwrap_or(self.oldest);
        if rows.len() > read.len() || (!out.is_empty() && screen.next.is_some()) {
            out.push_str("There are earlier messages. Type “:more” to read them.\n");
        }
        out
    }

    /// Rows below the last one that was read.
    fn unread<'a>(&self, screen: &'a ScreenState) -> impl Iterator<Item = &'a Row> + use<'a> {
        let rows = screen.list.rows();
        let last = self.numbered.iter().rev().find_map(|read| rows.iter().position(|row| row == read));
        rows.iter().skip(last.map_or(0, |last| last + 1)).filter(|row| !matches!(row, Row::More))
    }

    /// The row with a number: one that was read, or one of those that follow. The error says that there is none.
    pub(super) fn row(&self, state: &State, number: usize) -> Result<Row, String> {
        let none = || format!("There is no item {number} here.\n");
        let screen = state.screen().ok_or_else(none)?;
        let index = number.checked_sub(1).ok_or_else(none)?;
        match self.numbered.get(index) {
            Some(row) if screen.list.rows().contains(row) => Ok(row.clone()),
            Some(_) => Err(format!("Item {number} is no longer here.\n")),
            None if matches!(state.route(), Route::Conversation(_)) => Err(none()),
            None => {
                let mut after = self.unread(screen).filter(|row| row.can_be_selected());
                after.nth(index - self.numbered.len()).cloned().ok_or_else(none)
            }
        }
    }

    /// A row with its number, if it has one.
    pub(super) fn numbered(&self, state: &State, row: &Row) -> String {
        let number = self.numbered.iter().position(|read| read == row);
        let number = number.map_or_else(String::new, |index| format!("{}. ", index + 1));
        format!("{number}{}\n", words(state, row))
    }
}

/// Whether a text of the outbox will soon be read as a message.
fn is_being_sent(state: &State, name: &str) -> bool {
    let outgoing = state.texts.outbox.iter().find(|outgoing| outgoing.name() == name);
    outgoing.is_none_or(|outgoing| matches!(outgoing.sending, Sending::Held(_) | Sending::Sent))
}

/// Whether a row is one of those that a list is about.
fn is_item(state: &State, row: &Row) -> bool {
    // A home feed also suggests whom to follow.
    let is_suggestion = *state.route() == Route::Home && matches!(row, Row::Person(_) | Row::Hashtag(_));
    let is_missing = row.tweet().is_some_and(|id| state.entities.tweet(id).is_none());
    row.can_be_selected()
        && !is_suggestion
        && !is_missing
        && !row.is_placeholder()
        && !row.is_head()
        && !matches!(
            row,
            Row::More | Row::Gap(_) | Row::OtherReplies(_) | Row::EarlierTweets(_) | Row::OwnPresence
        )
}

fn newest(screen: &ScreenState) -> u64 {
    screen.ids.iter().copied().max().unwrap_or(0)
}

/// The number of items that are newer than this one. Tweets of the user are no news.
fn arrived(state: &State, screen: &ScreenState, newest: u64) -> usize {
    if matches!(state.route(), Route::Notifications(_)) {
        return screen.ids.iter().filter(|id| **id > newest).count();
    }
    let has_news = state.route().is_timeline() || matches!(state.route(), Route::Thread(_));
    let is_others = |id: u64| state.entities.tweet(id).is_some() && !state.is_mine(id);
    let is_new = |row: &&Row| matches!(row, Row::Tweet(id, _) if *id > newest && is_others(*id));
    if has_news { screen.list.rows().iter().filter(is_new).count() } else { 0 }
}

/// The name of the screen, and how many items it has or why it has none.
fn title(state: &State, screen: &ScreenState) -> String {
    let mut title = super::words::safe(&state.route().title());
    let section = state.route().section();
    if !section.is_empty() {
        title.push_str(&format!(", {}", section.to_lowercase()));
    }
    if let Some(then) = state.as_of(screen) {
        title.push_str(&format!(", as of {}", super::words::ago(state.now, then)));
    }
    let items = screen.list.rows().iter().filter(|row| is_item(state, row)).count();
    let total = screen.found().map_or(screen.total, |found| found.total);
    if items > 0 {
        let (one, many) = nouns(state.route());
        if let Some(total) = total {
            let total = count(u32::try_from(total).unwrap_or(u32::MAX), one, many);
            return format!("{title}. {total}.\n");
        }
        let has_earlier = matches!(screen.list.rows().first(), Some(Row::EarlierTweets(_)));
        let more = if screen.next.is_some() || has_earlier { " or more" } else { "" };
        return format!("{title}. {}{more}.\n", count(u32::try_from(items).unwrap_or(u32::MAX), one, many));
    }
    if matches!(state.route(), Route::Conversation(_)) && screen.phase == Phase::Ready {
        if !screen.filter.is_empty() {
            return format!(
                "{title}. No message that is loaded contains “{}”.\n",
                super::words::safe(&screen.filter)
            );
        }
        return format!("{title}. No messages yet.\n");
    }
    // The rows themselves say why there are no items.
    if screen.list.rows().iter().any(|row| !row.is_head()) {
        return format!("{title}.\n");
    }
    format!("{title}. {}\n", emptiness(state, screen))
}

/// What the items of a screen are called.
fn nouns(route: &Route) -> (&'static str, &'static str) {
    match route {
        Route::People(_) | Route::Online(_) | Route::Search(SearchKind::People, _) => ("person", "people"),
        Route::Profile(_, tab) if !tab.has_tweets() => ("person", "people"),
        Route::Search(SearchKind::Tweets, _) => ("result", "results"),
        Route::Trends | Route::Search(SearchKind::Hashtags, _) => ("hashtag", "hashtags"),
        Route::Bookmarks | Route::Likes | Route::Thread(_) => ("tweet", "tweets"),
        route if route.is_timeline() => ("tweet", "tweets"),
        Route::Conversation(_) => ("message", "messages"),
        Route::Conversations => ("chat", "chats"),
        Route::Notifications(_) => ("notification", "notifications"),
        Route::Sessions => ("session", "sessions"),
        Route::Keys => ("key", "keys"),
        Route::Settings => ("setting", "settings"),
        Route::Doctor => ("finding", "findings"),
        Route::Log(_) => ("line", "lines"),
        _ => ("item", "items"),
    }
}

/// Why a screen has no rows.
fn emptiness(state: &State, screen: &ScreenState) -> &'static str {
    let is_of_server = state.route().request(&PageSelector::Newest).is_some();
    match screen.phase {
        Phase::New | Phase::Loading if is_of_server => "This could not be loaded: there is no connection.",
        _ => "Nothing here yet.",
    }
}
