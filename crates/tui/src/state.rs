//! The state of the client. `update` changes it, `view` draws it; the state itself knows neither.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use bytes::Bytes;
use jiff::tz::TimeZone;
use protocol::v1;
use smol_str::SmolStr;

use crate::commands::Context;
use crate::composer::{Composer, Draft, Drafts, Outgoing};
use crate::entities::Entities;
use crate::form::Form;
use crate::keymap::Keymap;
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

/// How far the responses of a screen has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Never asked for.
    #[default]
    New,
    /// Asked for.
    Loading,
    /// Here.
    Ready,
    /// Could not be read.
    Failed,
}

/// What a screen holds.
#[derive(Debug, Default)]
pub struct ScreenState {
    /// Its rows and where the reader is.
    pub list: List<Row>,
    /// Items in the order of the list.
    pub ids: Vec<u64>,
    /// Hashtags that were found.
    pub names: Vec<SmolStr>,
    /// In a thread: what the tweet answers, the root first.
    pub ancestors: Vec<u64>,
    /// Items below which something is missing.
    pub gaps: BTreeSet<u64>,
    /// Cursor of what follows.
    pub next: Option<String>,
    /// How far its responses has come.
    pub phase: Phase,
    /// Why it could not be filled.
    pub problem: Option<String>,
    /// More was asked for.
    pub is_filling: bool,
    /// It was asked for before the server told of it live: what came between the two is missing.
    pub is_asked_early: bool,
    /// The newest item when the newest were asked for: what is newer came live meanwhile.
    pub newest_when_asked: u64,
    /// The reader moved up last.
    pub is_going_up: bool,
    /// The newest item that was on the screen.
    pub seen: u64,
    /// Up to here everything was read when the screen was opened.
    pub read_line: Option<u64>,
    /// Tweets of a thread whose replies are hidden.
    pub folded: HashSet<u64>,
    /// Only rows with these words are shown.
    pub filter: String,
    /// In a chat: how far the other one has come.
    pub theirs: v1::ReadReceipts,
    /// When the other one wrote last.
    pub typing_until: i64,
    /// It was kept, and is as it was at this time: the server has not been asked since.
    pub as_of: Option<i64>,
}

/// How the connection stands, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// None was made yet.
    Connecting,
    /// There is one.
    Live,
    /// It was lost and is being made again.
    Reconnecting(String),
    /// There will be none.
    Stopped(String),
}

/// A message at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// Something went wrong.
    pub is_error: bool,
    /// Until when it is shown.
    pub until: i64,
}

/// Something that can be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoable {
    /// Done; its inverse takes it back.
    Done(UserAction),
    /// Held, not yet asked.
    Held(UserAction),
    /// A text that is held in the outbox.
    Sent(Bytes),
    /// A draft that was thrown away.
    Discarded(Draft),
}

/// Who one is.
#[derive(Debug, Clone, PartialEq)]
pub struct Me {
    /// One's account.
    pub account: v1::Account,
    /// Nobody sees that one is there.
    pub is_hidden: bool,
}

/// What the terminal can do, as far as it has said so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Colours.
    pub depth: Depth,
    /// Frames are shown whole (mode 2026): known, and whether.
    pub synchronized: Option<bool>,
    /// Widths are those of whole characters (mode 2027).
    pub clusters: Option<bool>,
    /// Its background.
    pub is_dark: Option<bool>,
    /// It has answered.
    pub has_answered: bool,
    /// The `TERM` that it calls itself.
    pub term: String,
    /// Whether it is on this machine: an editor, a browser and a shell are there.
    pub is_local: bool,
    /// Where the person is, by their machine; over ssh nobody knows, and it is UTC.
    pub zone: Option<TimeZone>,
}

/// What the state begins with.
#[derive(Debug, Default)]
pub struct Setup {
    /// Unix milliseconds.
    pub now: i64,
    /// Of the terminal.
    pub size: Size,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The text of the settings file.
    pub settings: String,
    /// The server, for people; empty when none was ever chosen.
    pub server: String,
    /// Whose session is taken up.
    pub username: Option<String>,
    /// Kept drafts.
    pub drafts: Vec<Draft>,
    /// Kept outbox.
    pub outbox: Vec<Outgoing>,
    /// What was kept of the home timeline.
    pub home: Option<Page>,
    /// Kept read lines, by timeline.
    pub read_lines: BTreeMap<String, u64>,
    /// Nothing is written to the network.
    pub is_read_only: bool,
    /// An ssh key with which the person came and that is nobody's yet, as one line of OpenSSH.
    pub offered_key: Option<String>,
    /// Makes unpredictable keys: the seam of randomness.
    pub new_key: Option<fn() -> Bytes>,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    /// Unix milliseconds, as of the last message.
    pub now: i64,
    /// Of the terminal.
    pub size: Size,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Whether the terminal has the focus.
    pub is_focused: bool,
    /// How the client looks and behaves.
    pub settings: Settings,
    /// Keys.
    pub keymap: Keymap,
    /// Colours.
    pub theme: Theme,
    /// The settings file could not be read: it is not written over.
    pub settings_are_broken: bool,
    /// The server, for people.
    pub server: String,
    /// Its hello.
    pub hello: v1::ServerHello,
    /// The connection.
    pub link: Link,
    /// Since when there is none; `None` while there is one, or when there never was one.
    pub lost_at: Option<i64>,
    /// Who one is; `None`: nobody is signed in.
    pub me: Option<Me>,
    /// Whose session is taken up.
    pub username: Option<String>,
    /// Nothing is written to the network.
    pub is_read_only: bool,
    /// What is known of the network.
    pub known: Entities,
    /// Where one was, is, and was before going back.
    pub history: Vec<Route>,
    /// The place in history.
    pub at: usize,
    /// Screens.
    pub panels: HashMap<Route, ScreenState>,
    /// What is followed live beside the usual.
    pub topics: HashSet<crate::message::Topic>,
    /// Of what the server tells live.
    pub following: HashSet<crate::message::Topic>,
    /// The sheet on which a text is written.
    pub composer: Option<Composer>,
    /// A line that is asked for, or a menu.
    pub prompt: Option<Prompt>,
    /// A form.
    pub form: Option<Form>,
    /// Keys that wait for more.
    pub keys: Vec<Key>,
    /// Since when.
    pub keys_since: i64,
    /// Whether trends and who is online are shown where there is no room beside the list.
    pub has_side: bool,
    /// At the bottom.
    pub toast: Option<Toast>,
    /// What went on: when, and what.
    pub log: VecDeque<(i64, String)>,
    /// Not finished.
    pub drafts: Drafts,
    /// Since when the composer has what is not kept.
    pub unkept_since: Option<i64>,
    /// Not sent.
    pub outbox: Vec<Outgoing>,
    /// Acts that are held until a time.
    pub held: Vec<(i64, UserAction)>,
    /// An ssh key that could be bound to the account.
    pub offered_key: Option<String>,
    /// What can be taken back, the last at the end.
    pub undo: Vec<Undoable>,
    /// What was taken back.
    pub redo: Vec<UserAction>,
    /// Notifications that are unread.
    pub unread: u32,
    /// How far the reader has come, by timeline.
    pub read_lines: BTreeMap<String, u64>,
    /// Since when they are not kept.
    pub unkept_lines_since: Option<i64>,
    /// Those that the server does not know yet.
    pub untold_lines: BTreeSet<String>,
    /// People who are there.
    pub online: BTreeSet<u64>,
    /// When the trends were asked for last.
    pub trends_asked: i64,
    /// Last time that the other one was told of typing.
    pub typing_sent: i64,
    /// A first request to quit, or to quit with Ctrl-C.
    pub quit_asked: i64,
    /// Makes unpredictable keys.
    pub new_key: fn() -> Bytes,
}

impl State {
    /// As it begins: with what was kept, before there is a connection.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let (settings, problem) = match Settings::parse(&setup.settings) {
            Ok(settings) => (settings, None),
            Err(problem) => (Settings::default(), Some(problem)),
        };
        let (keymap, problems) = Keymap::new(&settings.preset, &settings.keys);
        let mut state = Self {
            now: setup.now,
            size: setup.size,
            capabilities: setup.capabilities,
            is_focused: true,
            theme: settings.theme(&settings.theme).unwrap_or_default(),
            settings,
            keymap,
            settings_are_broken: problem.is_some(),
            server: setup.server,
            hello: v1::ServerHello::default(),
            link: Link::Connecting,
            lost_at: None,
            me: None,
            username: setup.username,
            is_read_only: setup.is_read_only,
            known: Entities::default(),
            history: vec![Route::Home],
            at: 0,
            panels: HashMap::new(),
            topics: HashSet::new(),
            following: HashSet::new(),
            composer: None,
            prompt: None,
            form: None,
            keys: Vec::new(),
            keys_since: 0,
            has_side: false,
            toast: None,
            log: VecDeque::new(),
            drafts: setup.drafts.into_iter().map(|draft| (draft.writing.name(), draft)).collect(),
            unkept_since: None,
            outbox: setup.outbox,
            held: Vec::new(),
            offered_key: setup.offered_key,
            undo: Vec::new(),
            redo: Vec::new(),
            unread: 0,
            read_lines: setup.read_lines,
            unkept_lines_since: None,
            untold_lines: BTreeSet::new(),
            online: BTreeSet::new(),
            trends_asked: 0,
            typing_sent: 0,
            quit_asked: i64::MIN / 2,
            new_key: setup.new_key.unwrap_or(client::new_key),
        };
        for problem in
            problem.into_iter().map(|problem| format!("settings are not used: {problem}")).chain(problems)
        {
            state.complain(problem);
        }
        state
    }

    /// Where one is.
    #[must_use]
    pub fn place(&self) -> &Route {
        self.history.get(self.at).unwrap_or(&Route::Home)
    }

    /// What is shown there.
    #[must_use]
    pub fn panel(&self) -> Option<&ScreenState> {
        self.panels.get(self.place())
    }

    /// The same, to change it.
    pub fn panel_mut(&mut self) -> &mut ScreenState {
        let place = self.place().clone();
        self.panels.entry(place).or_default()
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&Row> {
        self.panel()?.list.selected()
    }

    /// The tweet that is meant: of a plain retweet, its original; of a notification, the one that it is about.
    #[must_use]
    pub fn selected_tweet(&self) -> Option<u64> {
        match self.selected()? {
            Row::Tweet(id, _) => Some(self.known.original(*id)),
            Row::Notification(id) => {
                let id = self.known.notifications.get(id)?.tweet_id;
                (id != 0).then(|| self.known.original(id))
            }
            _ => None,
        }
        .filter(|id| self.known.tweet(*id).is_some())
    }

    /// The username that is meant: a person, or the author of a tweet.
    #[must_use]
    pub fn selected_person(&self) -> Option<String> {
        let id = match self.selected() {
            Some(Row::Person(id) | Row::Conversation(id)) => *id,
            Some(Row::Notification(id)) => self.known.notifications.get(id)?.account_id,
            Some(Row::Tweet(..)) => self.known.tweet(self.selected_tweet()?)?.author_id,
            _ => match self.place() {
                Route::Profile(username, _) | Route::Conversation(username) => return Some(username.clone()),
                _ => return None,
            },
        };
        self.known.account(id).map(|account| account.username.clone())
    }

    /// Whether a tweet is by oneself.
    #[must_use]
    pub fn is_mine(&self, id: u64) -> bool {
        self.known.tweet(id).is_some_and(|tweet| self.is_me(tweet.author_id))
    }

    /// Whether this is one's own account; before there is a connection by the name of the session.
    #[must_use]
    pub fn is_me(&self, account: u64) -> bool {
        match &self.me {
            Some(me) => me.account.id == account,
            None => self.username.as_deref().is_some_and(|name| name == self.known.username(account)),
        }
    }

    /// When what a screen shows was so, while that is not now.
    #[must_use]
    pub fn as_of(&self, panel: &ScreenState) -> Option<i64> {
        panel.as_of.or(self.lost_at.filter(|_| panel.phase == Phase::Ready))
    }

    /// Whether a tweet is not shown because of its author or of who retweeted it.
    #[must_use]
    pub fn is_muted(&self, tweet: &v1::Tweet) -> bool {
        let is_hidden = |id: u64| {
            let relationship = self.known.relationship(id);
            relationship.blocking || (relationship.muting && !matches!(self.place(), Route::Profile(..)))
        };
        let original = self.known.tweet(tweet.retweet_of).map(|original| original.author_id);
        is_hidden(tweet.author_id) || original.is_some_and(is_hidden)
    }

    /// Messages that are unread, in all chats.
    #[must_use]
    pub fn unread_messages(&self) -> u32 {
        self.known.conversations.values().map(|conversation| conversation.unread).sum()
    }

    /// Where keys go.
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

    /// Says something at the bottom for a while.
    pub fn say(&mut self, text: impl Into<String>) {
        self.toast_of(text.into(), false);
    }

    /// Says what went wrong, and keeps it in the log.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.toast_of(text.into(), true);
    }

    fn toast_of(&mut self, text: String, is_error: bool) {
        self.note(text.clone());
        self.toast = Some(Toast { text, is_error, until: self.now + TOAST_MS });
    }

    /// Keeps a line in the log.
    pub fn note(&mut self, text: String) {
        if self.log.len() == LOG_LINES_MAX {
            self.log.pop_front();
        }
        self.log.push_back((self.now, text));
    }

    /// Adds a step that can be undone; the oldest is forgotten.
    pub fn remember(&mut self, step: Undoable) {
        if self.undo.len() == UNDO_MAX {
            self.undo.remove(0);
        }
        self.undo.push(step);
    }

    /// The longest tweet that the server accepts, in grapheme clusters.
    #[must_use]
    pub fn graphemes_max(&self) -> usize {
        let said = self.hello.budgets.as_ref().map_or(0, |budgets| budgets.tweet_graphemes);
        if said == 0 {
            model::limits::TWEET_GRAPHEMES_MAX
        } else {
            usize::try_from(said).unwrap_or(usize::MAX)
        }
    }

    /// Forgets screens that nobody will go back to soon, and what only they showed.
    pub fn forget_old(&mut self) {
        if self.panels.len() > SCREENS_MAX {
            let recent: HashSet<Route> = self.history.iter().rev().take(SCREENS_MAX / 2).cloned().collect();
            let keep = |place: &Route| Route::TABS.contains(place) || recent.contains(place);
            self.panels.retain(|place, _| keep(place));
        }
        let shown: HashSet<u64> = self
            .panels
            .values()
            .flat_map(|panel| panel.ids.iter().chain(&panel.ancestors))
            .copied()
            .collect();
        self.known.forget_all_but(|id| shown.contains(&id));
    }
}
