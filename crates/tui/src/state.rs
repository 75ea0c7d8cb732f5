//! The state of the client. `update` changes it, `view` draws it; the state itself knows neither.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use protocol::v1;

use crate::alerts::Alerts;
use crate::commands::{Action, Context};
use crate::composer::{Composer, Drafts, Outgoing};
use crate::elsewhere::Elsewhere;
use crate::entities::Entities;
use crate::form::{Field, Form};
use crate::keymap::Keymap;
use crate::log::{Level, Log};
use crate::message::Topic;
use crate::pending::Pending;
use crate::prompt::Prompt;
use crate::route::Route;
use crate::row::Row;
use crate::settings::{SETTINGS_FILE, Settings};
use crate::tweet_refresh::TweetRefresh;
use crate::undo::{Undo, Undoable};
use terminal::grid::Size;
use terminal::key::Key;
use terminal::style::Theme;

pub use crate::connection::{Connection, Link};
pub use crate::screen_state::{Phase, Rest, ScreenState};
pub use crate::setup::{Capabilities, OwnServer, Setup};

/// Items of a list; the oldest are dropped.
pub const ITEMS_MAX: usize = 1_000;
/// Screens in memory.
const SCREENS_MAX: usize = 24;
/// Commands that the palette offers again.
const RECENT_MAX: usize = 3;
/// How long an error stays, in milliseconds: then the next key ends it.
pub const ERROR_MS: i64 = 8_000;
/// The time in which loading is not shown: most responses come before, in milliseconds.
pub const QUIET_LOADING_MS: i64 = 150;
/// How long another message stays, in milliseconds, and how much longer for each character.
const MESSAGE_MS: (i64, i64) = (3_000, 40);
/// How long an action waits in which it can be undone, in milliseconds.
pub const HOLD_MS: i64 = 8_000;
/// The time after the first of several keys at which the keys that can follow are shown, in milliseconds.
pub const KEY_HINT_MS: i64 = 300;

/// A message at the bottom of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// Its words.
    pub text: String,
    /// Whether it reports an error.
    pub is_error: bool,
    /// The time at which it disappears, in Unix milliseconds; `None`: when it is no longer true.
    pub until: Option<i64>,
}

/// The user's account.
#[derive(Debug, Clone, PartialEq)]
pub struct Me {
    /// As others see it.
    pub account: v1::Account,
    /// Whether its presence is hidden.
    pub is_hidden: bool,
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
    /// The path of the settings file, for the user; empty if it is of no use to them, as over ssh.
    pub path: String,
}

impl Preferences {
    /// The settings file as the user finds it.
    #[must_use]
    pub fn file(&self) -> &str {
        if self.path.is_empty() { SETTINGS_FILE } else { &self.path }
    }
}

/// The session of the user.
#[derive(Debug)]
pub struct Session {
    /// The user's account; `None` until the server has confirmed the session.
    pub me: Option<Me>,
    /// The account whose session is resumed.
    pub username: Option<String>,
    /// Whether that session has ended.
    pub has_ended: bool,
    /// Why there is no session, in words for the user, until they sign in again or elsewhere.
    pub why_signed_out: Option<String>,
    /// Servers on which an account was used on this machine.
    pub known_servers: Vec<String>,
    /// Other accounts of this machine that are signed in.
    pub others: Vec<String>,
    /// The one of these from which another account was asked for.
    pub previous: Option<String>,
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
    /// Since when one of them has a change that is not in its cached page, in Unix milliseconds.
    pub unsaved_since: Option<i64>,
}

/// A figure of the whole server or account. Before the server has told it, it is unknown, which is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Trending hashtags.
    Trends,
    /// Who is online.
    Online,
    /// Unread notifications.
    Notifications,
    /// Unread messages.
    Messages,
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
    /// Accounts that were active today, the last first; requested when no one else is online.
    pub active: Vec<u64>,
    /// The number of unread notifications.
    pub unread: u32,
    /// When those on the screen count as read, in Unix milliseconds; `None` if none is unread, or no one looks.
    pub read_at: Option<i64>,
    /// When the tweets on the screen are read again.
    pub tweets: TweetRefresh,
    /// The figures that the server has told.
    pub known: BTreeSet<Figure>,
    /// When the trends were last requested or told, in Unix milliseconds.
    pub trends_requested_at: i64,
    /// When the user is alerted.
    pub alerts: Alerts,
    /// What is unread in the other accounts of this machine.
    pub elsewhere: Elsewhere,
    /// The operator's announcements, the newest first.
    pub announcements: Vec<v1::Announcement>,
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
    /// The part of the keys that can follow that is shown, where not all fit.
    pub part: usize,
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
    /// The fields of the form for signing up as it was left, without passwords.
    pub left_sign_up: Option<Vec<Field>>,
    /// Keys that wait for the rest of a shortcut.
    pub pressed: PressedKeys,
    /// Drafts and the outbox.
    pub texts: Texts,
    /// Undo and redo.
    pub undo: Undo,
    /// Actions that were requested and may not be on pages of the server.
    pub pending: Pending,
    /// Read lines.
    pub reading: Reading,
    /// Whether the side pane is shown although the screen is narrow.
    pub shows_side_pane: bool,
    /// The message at the bottom.
    pub toast: Option<Toast>,
    /// What failed, what was sent, and when the connection changed.
    pub log: Log,
    /// When quitting was asked for, in Unix milliseconds: it takes two keys.
    pub quit_requested_at: i64,
    /// Commands that were last run from the palette, with their arguments, the latest first.
    pub recent: VecDeque<(Action, String)>,
    /// The server of the user on this computer.
    pub own_server: Option<OwnServer>,
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
        let setup_is_dark = setup.capabilities.is_dark;
        let drafts = setup.drafts.into_iter().map(|draft| (draft.writing.name(), draft));
        let mut state = Self {
            now: setup.now,
            terminal: Terminal { size: setup.size, capabilities: setup.capabilities, is_focused: true },
            preferences: Preferences {
                theme: settings.theme_in_use(setup_is_dark),
                settings,
                keymap,
                is_broken: problem.is_some(),
                path: setup.settings_path,
            },
            connection: Connection::before_contact(setup.server, setup.server_names),
            session: Session {
                me: None,
                username: setup.username,
                has_ended: false,
                why_signed_out: None,
                known_servers: setup.known_servers,
                others: setup.others,
                previous: setup.previous,
                is_read_only: setup.is_read_only,
                offered_key: setup.offered_key,
            },
            entities: Entities::default(),
            screens: Screens {
                history: vec![Route::Home],
                index: 0,
                by_route: HashMap::new(),
                unsaved_since: None,
            },
            live: Live::default(),
            composer: None,
            prompt: None,
            form: None,
            left_sign_up: None,
            pressed: PressedKeys::default(),
            texts: Texts {
                drafts: drafts.collect(),
                outbox: setup.outbox,
                unsaved_since: None,
                typing_sent_at: 0,
            },
            undo: Undo::default(),
            pending: Pending::saved(setup.actions),
            reading: Reading { lines: setup.read_lines, ..Reading::default() },
            shows_side_pane: false,
            toast: None,
            log: Log::default(),
            quit_requested_at: i64::MIN / 2,
            recent: VecDeque::new(),
            own_server: setup.own_server,
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

    /// The place where the reader is: of threads and profiles, the screen from which they were opened.
    #[must_use]
    pub fn place(&self) -> &Route {
        let visited = self.screens.history.iter().take(self.screens.index + 1).rev();
        let mut places = visited.filter(|route| !matches!(route, Route::Thread(_) | Route::Profile(..)));
        places.next().unwrap_or(&Route::Home)
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
        let is_about_someone = |row: &&Row| {
            matches!(row, Row::Person(_) | Row::Conversation(_) | Row::Notification(_) | Row::Tweet(..))
        };
        if let Some(row) = self.selected().filter(is_about_someone) {
            return self.person_of(row);
        }
        match self.route() {
            Route::Profile(username, _) | Route::Conversation(username) => Some(username.clone()),
            _ => None,
        }
    }

    /// The newest notification of a row, whose account the row names first.
    fn newest_of(&self, oldest: u64) -> u64 {
        let listed = self.screen().map_or(&[][..], |screen| &screen.ids);
        self.entities.notification_group(listed, oldest).first().copied().unwrap_or(oldest)
    }

    /// The username of the account of a row, of the author of its tweet, or of the account that it names first.
    #[must_use]
    pub fn person_of(&self, row: &Row) -> Option<String> {
        let id = match row {
            Row::Person(id) | Row::Conversation(id) => *id,
            Row::Notification(oldest) => {
                self.entities.notifications.get(&self.newest_of(*oldest))?.account_id
            }
            Row::Tweet(id, _) => self.entities.tweet(self.entities.original(*id))?.author_id,
            _ => return None,
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

    /// Whether the client has no session: nothing is loaded until there is one.
    #[must_use]
    pub fn is_signed_out(&self) -> bool {
        self.session.me.is_none() && (self.session.username.is_none() || self.session.has_ended)
    }

    /// The announcements that have not ended, the newest first.
    pub fn announcements(&self) -> impl Iterator<Item = &v1::Announcement> {
        let now = self.server_now();
        self.live.announcements.iter().filter(move |one| one.ends_ms == 0 || one.ends_ms > now)
    }

    /// Those that the user has not dismissed.
    pub fn new_announcements(&self) -> impl Iterator<Item = &v1::Announcement> {
        self.announcements().filter(|one| !one.dismissed)
    }

    /// The announcement with this identifier.
    #[must_use]
    pub fn announcement(&self, id: u64) -> Option<&v1::Announcement> {
        self.live.announcements.iter().find(|one| one.id == id)
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

    /// The contexts whose shortcuts are active.
    #[must_use]
    pub fn contexts(&self) -> Vec<Context> {
        if self.prompt.is_some() {
            return vec![Context::Prompt, Context::Everywhere];
        }
        if self.form.is_some() {
            return vec![Context::Form, Context::Everywhere];
        }
        if self.composer.is_some() {
            return vec![Context::Composer, Context::Everywhere];
        }
        if self.is_signed_out() {
            return vec![Context::Prompt];
        }
        let mut contexts = vec![Context::Everywhere, Context::Anywhere, Context::List];
        if self.selected_tweet().is_some() {
            contexts.push(Context::Tweet);
        }
        if self.selected_tweet().is_some() || self.selected_message().is_some() {
            contexts.push(Context::Item);
        }
        if self.selected_person().is_some() {
            contexts.push(Context::Person);
        }
        contexts
    }

    /// Shows a message for some seconds.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast_of(text.into(), false);
    }

    /// Shows a message for some seconds, and logs it.
    pub fn report(&mut self, text: impl Into<String>) {
        let text = text.into();
        self.note(Level::Info, text.clone());
        self.say(text);
    }

    /// The server's time now, in Unix milliseconds: ages are measured against it.
    #[must_use]
    pub fn server_now(&self) -> i64 {
        self.now.saturating_add(self.connection.clock_ahead_ms)
    }

    /// Shows an error for some seconds, and logs it.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.fail(text, String::new());
    }

    /// The same, with a technical text for the log.
    pub fn fail(&mut self, text: impl Into<String>, details: String) {
        let text = text.into();
        self.log.add(self.now, Level::Error, text.clone(), details);
        self.toast_of(text, true);
    }

    fn toast_of(&mut self, text: String, is_error: bool) {
        let (least, each) = MESSAGE_MS;
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let shown = if is_error { ERROR_MS } else { each.saturating_mul(length).clamp(least, ERROR_MS) };
        self.toast = Some(Toast { text, is_error, until: Some(self.now + shown) });
    }

    /// Adds a line to the log.
    pub fn note(&mut self, level: Level, text: impl Into<String>) {
        self.log.add(self.now, level, text.into(), String::new());
    }

    /// Puts a command at the beginning of those that were last run from the palette.
    pub fn remember_command(&mut self, action: Action, argument: String) {
        self.recent.retain(|(other, _)| *other != action);
        self.recent.push_front((action, argument));
        self.recent.truncate(RECENT_MAX);
    }

    /// Adds a step that can be undone from now on.
    pub fn remember(&mut self, step: Undoable) {
        self.undo.remember(self.now, step);
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
        let (screens, own) = (&self.screens.by_route, self.session.username.as_deref());
        let has_screen =
            |name: &str| screens.keys().any(|route| matches!(route, Route::Profile(of, _) if of == name));
        self.entities.forget_profiles_but(|name| own == Some(name) || has_screen(name));
    }
}
