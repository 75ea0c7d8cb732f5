//! The state of the client. `update` changes it, `view` draws it; the state itself knows neither.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use jiff::tz::TimeZone;
use protocol::v1;
use smol_str::SmolStr;

use crate::alerts::Alerts;
use crate::commands::Context;
use crate::composer::{Composer, Draft, Drafts, Outgoing};
use crate::entities::Entities;
use crate::form::Form;
use crate::keymap::Keymap;
use crate::message::Topic;
use crate::page::Page;
use crate::prompt::Prompt;
use crate::route::Route;
use crate::row::Row;
use crate::settings::Settings;
use crate::user_action::UserAction;
use terminal::grid::Size;
use terminal::key::Key;
use terminal::list::List;
use terminal::paint::Depth;
use terminal::style::Theme;

/// Items of a list; the oldest are dropped.
pub const ITEMS_MAX: usize = 1_000;
/// Screens in memory.
const SCREENS_MAX: usize = 24;
/// Lines of the log.
const LOG_LINES_MAX: usize = 500;
/// How long a message at the bottom stays, in milliseconds.
pub const TOAST_MS: i64 = 8_000;
/// The time after the first of several keys at which the keys that can follow are shown, in milliseconds.
pub const KEY_HINT_MS: i64 = 300;
/// Steps that can be undone.
const UNDO_MAX: usize = 100;

/// The progress of loading a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not requested yet.
    #[default]
    New,
    /// The first page was requested.
    Loading,
    /// At least one page is here.
    Ready,
    /// The first page could not be loaded.
    Failed,
}

/// The content of a screen, and where the reader is in it.
#[derive(Debug, Default)]
pub struct ScreenState {
    /// Its rows and the reader's position.
    pub list: List<Row>,
    /// Identifiers of its items, in the order of the server.
    pub ids: Vec<u64>,
    /// The hashtags of a search result.
    pub names: Vec<SmolStr>,
    /// In a thread: the tweets above it, the root first.
    pub ancestors: Vec<u64>,
    /// Items with a gap below them: there are more items that were not loaded.
    pub gaps: BTreeSet<u64>,
    /// Cursor of the next page; `None` at the end.
    pub next: Option<String>,
    /// The progress of loading it.
    pub phase: Phase,
    /// Why the first page could not be loaded, in words for the user.
    pub problem: Option<String>,
    /// A page was requested and is not here.
    pub is_loading: bool,
    /// The newest page was requested before the subscription began: an item that came between is missing.
    pub was_requested_early: bool,
    /// The newest item when the newest page was requested: newer ones came as live events.
    pub newest_at_request: u64,
    /// The last move of the reader was upwards.
    pub is_going_up: bool,
    /// The newest item that was visible.
    pub seen: u64,
    /// The read line when the screen was opened: everything up to this item was read before.
    pub read_line: Option<u64>,
    /// Tweets of a thread whose replies are folded.
    pub folded: HashSet<u64>,
    /// Words that visible rows contain; empty: all rows.
    pub filter: String,
    /// In a chat: what the other side has received and read.
    pub receipts: v1::ReadReceipts,
    /// In a chat: until when the other side is shown as typing, in Unix milliseconds.
    pub typing_until: i64,
    /// The time of a cached page, in Unix milliseconds; `None` once the server has responded.
    pub as_of: Option<i64>,
}

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The first attempt goes on.
    Connecting,
    /// Connected.
    Live,
    /// Lost; it is being made again. The reason, for the user.
    Reconnecting(String),
    /// Ended, without further attempts. The reason, for the user.
    Stopped(String),
}

/// A message at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Its words.
    pub text: String,
    /// Whether it reports an error.
    pub is_error: bool,
    /// The time at which it disappears, in Unix milliseconds.
    pub until: i64,
}

/// A step that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoable {
    /// A requested action: its inverse is requested.
    Done(UserAction),
    /// An action that waits: it is dropped.
    Held(UserAction),
    /// A text that waits in the outbox, by its key: it goes back to the composer.
    Sent(Bytes),
    /// A discarded draft: it is opened again.
    Discarded(Draft),
}

/// The user's account.
#[derive(Debug, Clone, PartialEq)]
pub struct Me {
    /// As others see it.
    pub account: v1::Account,
    /// Whether its presence is hidden.
    pub is_hidden: bool,
}

/// What the terminal supports, as far as it has answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Colors.
    pub depth: Depth,
    /// Synchronized output (mode 2026); `None`: no answer.
    pub synchronized: Option<bool>,
    /// Widths of grapheme clusters (mode 2027); `None`: no answer.
    pub clusters: Option<bool>,
    /// Whether its background is dark; `None`: no answer.
    pub is_dark: Option<bool>,
    /// It has answered the last question.
    pub has_answered: bool,
    /// The value of `TERM`.
    pub term: String,
    /// Whether the client runs on the user's machine, with an editor, a browser and a shell.
    pub is_local: bool,
    /// The user's time zone; `None` over ssh, where UTC is used.
    pub zone: Option<TimeZone>,
}

/// What the state starts with.
#[derive(Debug, Default)]
pub struct Setup {
    /// Unix milliseconds.
    pub now: i64,
    /// The size of the terminal.
    pub size: Size,
    /// What the terminal supports.
    pub capabilities: Capabilities,
    /// The settings file.
    pub settings: String,
    /// The address of the server; empty if none was chosen yet.
    pub server: String,
    /// The account whose session is resumed.
    pub username: Option<String>,
    /// Saved drafts.
    pub drafts: Vec<Draft>,
    /// The saved outbox.
    pub outbox: Vec<Outgoing>,
    /// The cached first page of the home timeline.
    pub home: Option<Page>,
    /// Saved read lines by timeline.
    pub read_lines: BTreeMap<String, u64>,
    /// Read-only mode: no request may change anything.
    pub is_read_only: bool,
    /// A key that the ssh client offered and that no account has, as a line in the format of OpenSSH.
    pub offered_key: Option<String>,
    /// Makes idempotency keys; tests replace it.
    pub new_key: Option<fn() -> Bytes>,
}

/// The terminal and what it supports.
#[derive(Debug)]
pub struct Terminal {
    /// Its size.
    pub size: Size,
    /// What it supports.
    pub capabilities: Capabilities,
    /// Whether it has the focus.
    pub is_focused: bool,
}

/// The settings file and what follows from it.
#[derive(Debug)]
pub struct Preferences {
    /// The options.
    pub settings: Settings,
    /// The shortcuts in use.
    pub keymap: Keymap,
    /// The theme in use.
    pub theme: Theme,
    /// The settings file has an error: it is not overwritten.
    pub is_broken: bool,
}

/// The connection to the server.
#[derive(Debug)]
pub struct Connection {
    /// The address of the server.
    pub server: String,
    /// The server's hello.
    pub hello: v1::ServerHello,
    /// The state of the connection.
    pub link: Link,
    /// When it was lost, in Unix milliseconds; `None` while there is one, or if there never was one.
    pub lost_at: Option<i64>,
}

/// The session of the user.
#[derive(Debug)]
pub struct Session {
    /// The user's account; `None` until the server has confirmed the session.
    pub me: Option<Me>,
    /// The account whose session is resumed.
    pub username: Option<String>,
    /// Read-only mode: no request may change anything.
    pub is_read_only: bool,
    /// The ssh key that can be added to the account.
    pub offered_key: Option<String>,
}

/// The screens and their history. There is always a current screen.
#[derive(Debug)]
pub struct Screens {
    /// Screens that were visited, oldest first.
    pub history: Vec<Route>,
    /// Index of the current screen in the history.
    pub index: usize,
    /// Screens in memory.
    pub by_route: HashMap<Route, ScreenState>,
}

/// Subscriptions, and what the server reports without being asked.
#[derive(Debug, Default)]
pub struct Live {
    /// Subscriptions of the current screen, which end when the reader leaves it.
    pub of_screen: HashSet<Topic>,
    /// Subscriptions that have begun.
    pub begun: HashSet<Topic>,
    /// Accounts that are online or away.
    pub online: BTreeSet<u64>,
    /// The number of unread notifications.
    pub unread: u32,
    /// When the trends were last requested, in Unix milliseconds.
    pub trends_requested_at: i64,
    /// When the user is alerted.
    pub alerts: Alerts,
}

/// Texts that were typed and have no final response.
#[derive(Debug)]
pub struct Texts {
    /// Saved drafts.
    pub drafts: Drafts,
    /// Texts that are being sent.
    pub outbox: Vec<Outgoing>,
    /// Since when the composer has an unsaved change, in Unix milliseconds.
    pub unsaved_since: Option<i64>,
    /// When the last typing notice was sent, in Unix milliseconds.
    pub typing_sent_at: i64,
}

/// Undo and redo.
#[derive(Debug, Default)]
pub struct Undo {
    /// Steps that can be undone, the last one at the end.
    pub steps: Vec<Undoable>,
    /// Actions that were undone, the last one at the end.
    pub undone: Vec<UserAction>,
    /// Actions that wait so that they can be undone, with the time at which they are sent, in Unix milliseconds.
    pub waiting: Vec<(i64, UserAction)>,
}

/// How far the reader has come.
#[derive(Debug, Default)]
pub struct Reading {
    /// Read lines by timeline: the newest tweet that was read.
    pub lines: BTreeMap<String, u64>,
    /// Since when they have an unsaved change, in Unix milliseconds.
    pub unsaved_since: Option<i64>,
    /// Timelines whose read line was not sent to the server.
    pub unsent: BTreeSet<String>,
}

/// The beginning of a shortcut of several keys.
#[derive(Debug, Default)]
pub struct PressedKeys {
    /// The keys.
    pub keys: Vec<Key>,
    /// When the first one was pressed, in Unix milliseconds.
    pub since: i64,
}

/// The state of the client.
#[derive(Debug)]
pub struct State {
    /// The time of the last message, in Unix milliseconds.
    pub now: i64,
    /// The terminal.
    pub terminal: Terminal,
    /// Settings, shortcuts and theme.
    pub preferences: Preferences,
    /// The connection.
    pub connection: Connection,
    /// The session.
    pub session: Session,
    /// Everything that was loaded, by identifier.
    pub entities: Entities,
    /// The screens.
    pub screens: Screens,
    /// Subscriptions and counters.
    pub live: Live,
    /// The composer, if it is open.
    pub composer: Option<Composer>,
    /// The prompt, if one is open.
    pub prompt: Option<Prompt>,
    /// The form, if one is open.
    pub form: Option<Form>,
    /// Keys that wait for the rest of a shortcut.
    pub pressed: PressedKeys,
    /// Drafts and the outbox.
    pub texts: Texts,
    /// Undo and redo.
    pub undo: Undo,
    /// Read lines.
    pub reading: Reading,
    /// Whether the side pane is shown although the screen is narrow.
    pub shows_side_pane: bool,
    /// The message at the bottom.
    pub toast: Option<Toast>,
    /// The log: time in Unix milliseconds, and text.
    pub log: VecDeque<(i64, String)>,
    /// When quitting was asked for, in Unix milliseconds: it takes two keys.
    pub quit_requested_at: i64,
    /// Makes idempotency keys.
    pub new_key: fn() -> Bytes,
}

impl State {
    /// The state at the start, without a connection. Problems of the settings file are shown.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let (settings, problem) = match Settings::parse(&setup.settings) {
            Ok(settings) => (settings, None),
            Err(problem) => (Settings::default(), Some(problem)),
        };
        let (keymap, problems) = Keymap::new(&settings.preset, &settings.keys);
        let drafts = setup.drafts.into_iter().map(|draft| (draft.writing.name(), draft));
        let mut state = Self {
            now: setup.now,
            terminal: Terminal { size: setup.size, capabilities: setup.capabilities, is_focused: true },
            preferences: Preferences {
                theme: settings.theme(&settings.theme).unwrap_or_default(),
                settings,
                keymap,
                is_broken: problem.is_some(),
            },
            connection: Connection {
                server: setup.server,
                hello: v1::ServerHello::default(),
                link: Link::Connecting,
                lost_at: None,
            },
            session: Session {
                me: None,
                username: setup.username,
                is_read_only: setup.is_read_only,
                offered_key: setup.offered_key,
            },
            entities: Entities::default(),
            screens: Screens { history: vec![Route::Home], index: 0, by_route: HashMap::new() },
            live: Live::default(),
            composer: None,
            prompt: None,
            form: None,
            pressed: PressedKeys::default(),
            texts: Texts {
                drafts: drafts.collect(),
                outbox: setup.outbox,
                unsaved_since: None,
                typing_sent_at: 0,
            },
            undo: Undo::default(),
            reading: Reading { lines: setup.read_lines, ..Reading::default() },
            shows_side_pane: false,
            toast: None,
            log: VecDeque::new(),
            quit_requested_at: i64::MIN / 2,
            new_key: setup.new_key.unwrap_or(client::new_key),
        };
        for problem in
            problem.into_iter().map(|problem| format!("Settings not used: {problem}")).chain(problems)
        {
            state.complain(problem);
        }
        state
    }

    /// The current screen.
    #[must_use]
    pub fn route(&self) -> &Route {
        self.screens.history.get(self.screens.index).unwrap_or(&Route::Home)
    }

    /// Its content; `None` before the first message.
    #[must_use]
    pub fn screen(&self) -> Option<&ScreenState> {
        self.screens.by_route.get(self.route())
    }

    /// Its content, to change it.
    pub fn screen_mut(&mut self) -> &mut ScreenState {
        let route = self.route().clone();
        self.screens.by_route.entry(route).or_default()
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&Row> {
        self.screen()?.list.selected()
    }

    /// The selected tweet: of a retweet, the original; of a notification, the tweet that it is about.
    #[must_use]
    pub fn selected_tweet(&self) -> Option<u64> {
        match self.selected()? {
            Row::Tweet(id, _) => Some(self.entities.original(*id)),
            Row::Notification(id) => {
                let id = self.entities.notifications.get(id)?.tweet_id;
                (id != 0).then(|| self.entities.original(id))
            }
            _ => None,
        }
        .filter(|id| self.entities.tweet(*id).is_some())
    }

    /// The username of the selected account, or of the author of the selected tweet.
    #[must_use]
    pub fn selected_person(&self) -> Option<String> {
        let id = match self.selected() {
            Some(Row::Person(id) | Row::Conversation(id)) => *id,
            Some(Row::Notification(id)) => self.entities.notifications.get(id)?.account_id,
            Some(Row::Tweet(..)) => self.entities.tweet(self.selected_tweet()?)?.author_id,
            _ => match self.route() {
                Route::Profile(username, _) | Route::Conversation(username) => return Some(username.clone()),
                _ => return None,
            },
        };
        self.entities.account(id).map(|account| account.username.clone())
    }

    /// Whether the user wrote this tweet.
    #[must_use]
    pub fn is_mine(&self, id: u64) -> bool {
        self.entities.tweet(id).is_some_and(|tweet| self.is_me(tweet.author_id))
    }

    /// Whether this is the user's account. Without a connection, the username of the session decides.
    #[must_use]
    pub fn is_me(&self, account: u64) -> bool {
        match &self.session.me {
            Some(me) => me.account.id == account,
            None => {
                self.session.username.as_deref().is_some_and(|name| name == self.entities.username(account))
            }
        }
    }

    /// How old a screen is while it is not up to date, in Unix milliseconds.
    #[must_use]
    pub fn as_of(&self, screen: &ScreenState) -> Option<i64> {
        screen.as_of.or(self.connection.lost_at.filter(|_| screen.phase == Phase::Ready))
    }

    /// Whether a tweet is hidden because its author, or the author of the original, is muted or blocked.
    #[must_use]
    pub fn is_muted(&self, tweet: &v1::Tweet) -> bool {
        let is_hidden = |id: u64| {
            let relationship = self.entities.relationship(id);
            relationship.blocking || (relationship.muting && !matches!(self.route(), Route::Profile(..)))
        };
        let original = self.entities.tweet(tweet.retweet_of).map(|original| original.author_id);
        is_hidden(tweet.author_id) || original.is_some_and(is_hidden)
    }

    /// The number of unread messages in all chats.
    #[must_use]
    pub fn unread_messages(&self) -> u32 {
        self.entities.conversations.values().map(|conversation| conversation.unread).sum()
    }

    /// The contexts whose shortcuts are active.
    #[must_use]
    pub fn contexts(&self) -> Vec<Context> {
        if self.form.is_some() {
            return vec![Context::Form];
        }
        if self.prompt.is_some() {
            return vec![Context::Prompt];
        }
        if self.composer.is_some() {
            return vec![Context::Composer];
        }
        let mut contexts = vec![Context::Anywhere, Context::List];
        if self.selected_tweet().is_some() {
            contexts.push(Context::Tweet);
        }
        if self.selected_person().is_some() {
            contexts.push(Context::Person);
        }
        contexts
    }

    /// Shows a message for some seconds, and logs it.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast_of(text.into(), false);
    }

    /// Shows an error for some seconds, and logs it.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.toast_of(text.into(), true);
    }

    fn toast_of(&mut self, text: String, is_error: bool) {
        self.note(text.clone());
        self.toast = Some(Toast { text, is_error, until: self.now + TOAST_MS });
    }

    /// Adds a line to the log.
    pub fn note(&mut self, text: String) {
        if self.log.len() == LOG_LINES_MAX {
            self.log.pop_front();
        }
        self.log.push_back((self.now, text));
    }

    /// Adds a step that can be undone; the oldest is forgotten.
    pub fn remember(&mut self, step: Undoable) {
        if self.undo.steps.len() == UNDO_MAX {
            self.undo.steps.remove(0);
        }
        self.undo.steps.push(step);
    }

    /// The longest tweet that the server accepts, in grapheme clusters.
    #[must_use]
    pub fn graphemes_max(&self) -> usize {
        let said = self.connection.hello.budgets.as_ref().map_or(0, |budgets| budgets.tweet_graphemes);
        if said == 0 {
            model::limits::TWEET_GRAPHEMES_MAX
        } else {
            usize::try_from(said).unwrap_or(usize::MAX)
        }
    }

    /// Drops screens far back in the history, and the tweets that only they show.
    pub fn forget_old(&mut self) {
        if self.screens.by_route.len() > SCREENS_MAX {
            let recent: HashSet<Route> =
                self.screens.history.iter().rev().take(SCREENS_MAX / 2).cloned().collect();
            let keep = |route: &Route| Route::TABS.contains(route) || recent.contains(route);
            self.screens.by_route.retain(|route, _| keep(route));
        }
        let shown: HashSet<u64> = self
            .screens
            .by_route
            .values()
            .flat_map(|screen| screen.ids.iter().chain(&screen.ancestors))
            .copied()
            .collect();
        self.entities.forget_all_but(|id| shown.contains(&id));
    }
}
