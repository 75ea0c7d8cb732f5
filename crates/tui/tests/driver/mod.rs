//! Drives the client without terminal and network: keys go in, screens come out, and a small fake server responds.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared by several test programs"
)]

mod disk;
pub(crate) mod painted;
pub(crate) mod plain;
mod responses;
pub(crate) mod screens;
pub(crate) mod states;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use client::{ClientError, Update};
use mini_tweet_tui::message::{Connected, Effect, LocalItem, Message, Purpose, Topic};
use mini_tweet_tui::state::{Capabilities, Setup, State};
use mini_tweet_tui::update::{start, update};
use mini_tweet_tui::view::draw;
use protocol::v1;
use protocol::v1::event::Event as LiveEvent;
use protocol::v1::live_announcement::Change;
use protocol::v1::request::Op;
use terminal::grid::Size;
use terminal::key::{Event, Keys, MouseAction};

/// The key of the server.
const KEY: &str = "SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0";
/// 2026-11-23 20:00 UTC.
pub(crate) const NOW: i64 = 1_795_464_000_000;
pub(crate) const MINUTE: i64 = 60_000;

pub(crate) fn id(minutes_ago: i64) -> u64 {
    u64::try_from(NOW - minutes_ago * MINUTE).unwrap() << 16
}

fn key() -> Bytes {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let mut bytes = [7; 16];
    bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Bytes::copy_from_slice(&bytes)
}

pub(crate) struct TuiDriver {
    pub state: State,
    pub now: i64,
    /// All side effects so far.
    pub effects: Vec<Effect>,
    /// The files that the client has written.
    pub disk: HashMap<LocalItem, String>,
    /// Whether the server responds to requests.
    pub responds: bool,
    /// Whether subscriptions begin as soon as they are requested.
    pub subscribes_at_once: bool,
    /// Requests without a response.
    pub waiting: VecDeque<(Purpose, Op)>,
    pub tweets: Vec<v1::Tweet>,
    pub accounts: Vec<v1::Account>,
    /// The response to the next request, other than those of the client itself.
    pub refusal: Option<model::Error>,
    /// The messages in the chat with Grace that Ada has not read.
    pub unread_messages: u32,
    /// The newest message in it.
    pub last_message: v1::DirectMessage,
    /// The account that Ada mutes.
    pub muted: Option<u64>,
    /// Whether chats are empty.
    pub has_no_messages: bool,
    /// Whether the server has nothing but accounts and tweets.
    pub is_new: bool,
    /// Read lines that other devices have set.
    pub read_lines: Vec<v1::ReadLine>,
    /// What the server says about itself.
    pub info: v1::ServerInfo,
    /// Accounts on the first page of a list of people.
    pub people_page: usize,
    /// The number of accounts that Ada follows.
    pub following: u32,
    /// The accounts that are online.
    pub online: Vec<u64>,
    /// Notifications of new followers that arrived while Ada had no connection.
    pub untold: u64,
}

pub(crate) fn account(id: u64, username: &str, display_name: &str) -> v1::Account {
    v1::Account { id, username: username.into(), display_name: display_name.into() }
}

pub(crate) fn tweet(minutes_ago: i64, author_id: u64, text: &str) -> v1::Tweet {
    v1::Tweet {
        id: id(minutes_ago),
        author_id,
        text: text.into(),
        created_ms: NOW - minutes_ago * MINUTE,
        visibility: v1::Visibility::Public.into(),
        ..v1::Tweet::default()
    }
}

fn sample_network() -> (Vec<v1::Account>, Vec<v1::Tweet>) {
    let accounts = vec![
        account(1, "ada", "Ada Lovelace"),
        account(2, "grace", "Grace Hopper"),
        account(3, "alan", "Alan Turing"),
        account(4, "linus", ""),
        account(5, "yukari", "結城 友奈 🌸"),
    ];
    let mut tweets = vec![
        v1::Tweet {
            likes: 3,
            retweets: 1,
            replies: 2,
            ..tweet(2, 4, "Shipping tonight, the queue drains in 40 ms #rust https://example.org/notes")
        },
        v1::Tweet { quote_of: id(11), likes: 9, liked: true, ..tweet(9, 2, "This, but with fewer locks.") },
        v1::Tweet { replies: 2, ..tweet(11, 3, "One writer, many readers.\nEverything else is a cache.") },
        tweet(30, 5, "今日はRustを勉強しました。とても楽しいです！ #日本語"),
        v1::Tweet { reply_to: id(11), edited_ms: NOW, ..tweet(40, 1, "@alan and who writes the reader?") },
        v1::Tweet {
            visibility: v1::Visibility::Followers.into(),
            bookmarked: true,
            ..tweet(
                90,
                2,
                "The nanosecond is a foot of wire. I brought some for everyone who still believes that a round trip is free, and I will hand them out at the exit, one each, until the box is empty and the lesson is learnt.",
            )
        },
    ];
    tweets.push(v1::Tweet { retweet_of: id(90), text: String::new(), ..tweet(60, 4, "") });
    for n in 0..30 {
        tweets.push(tweet(
            200 + n * 37,
            1 + u64::try_from(n).unwrap() % 5,
            &format!("Note number {n} of a long day"),
        ));
    }
    tweets.sort_by_key(|tweet| std::cmp::Reverse(tweet.id));
    (accounts, tweets)
}

impl TuiDriver {
    /// A client of Ada, signed in, on the home feed.
    pub(crate) fn new(width: u16, height: u16) -> Self {
        Self::with(Setup { username: Some("ada".into()), ..Self::setup(width, height) }, true)
    }

    pub(crate) fn setup(width: u16, height: u16) -> Setup {
        Setup {
            now: NOW,
            size: Size { width, height },
            capabilities: Capabilities { is_local: true, term: "xterm".into(), ..Capabilities::default() },
            server: "tweets.example.org:4280".into(),
            new_key: Some(key),
            ..Setup::default()
        }
    }

    pub(crate) fn with(setup: Setup, connects: bool) -> Self {
        let (accounts, tweets) = sample_network();
        let signed_in = setup.username.is_some();
        let actions = setup.actions.clone();
        let (state, effects) = start(setup);
        let mut driver = Self {
            state,
            now: NOW,
            effects: Vec::new(),
            disk: HashMap::new(),
            responds: true,
            subscribes_at_once: true,
            waiting: VecDeque::new(),
            tweets,
            accounts,
            refusal: None,
            unread_messages: 1,
            last_message: message(4, 2, "Shall we meet at the compiler?"),
            muted: None,
            has_no_messages: false,
            is_new: false,
            read_lines: Vec::new(),
            info: v1::ServerInfo { name: "Gardeners".into(), ..v1::ServerInfo::default() },
            people_page: usize::MAX,
            following: 3,
            online: vec![2, 3],
            untold: 0,
        };
        driver.write_files(actions);
        driver.take(effects);
        if connects {
            driver.connect(signed_in);
        }
        driver
    }

    pub(crate) fn connect(&mut self, signed_in: bool) {
        let hello = v1::ServerHello {
            server_version: "0.1.0".into(),
            server_name: "Gardeners".into(),
            sign_up: v1::SignUpMode::Open.into(),
            ..v1::ServerHello::default()
        };
        let key = client::ServerKey {
            fingerprint: protocol::tls::Fingerprint::parse(KEY).unwrap(),
            since: Some(jiff::civil::date(2026, 11, 21)),
        };
        self.handle(Message::Connected(Box::new(Connected { hello, key: Some(key), signed_in })));
    }

    pub(crate) fn handle(&mut self, message: Message) {
        let effects = update(&mut self.state, self.now, message);
        self.take(effects);
        self.respond_to_all();
        self.check_disk();
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Subscribe(topic) = &effect
                && self.subscribes_at_once
            {
                let more = update(&mut self.state, self.now, Message::Following(topic.clone()));
                self.take(more);
            }
            if effect == Effect::MeasureRoundTrip && self.responds {
                let time = Message::RoundTrip(Some(Duration::from_micros(430)));
                let more = update(&mut self.state, self.now, time);
                self.take(more);
            }
            if let Effect::Ask(purpose, op, _) = &effect {
                self.waiting.push_back((purpose.clone(), (**op).clone()));
            }
            self.write(&effect);
            self.effects.push(effect);
        }
    }

    pub(crate) fn respond_to_all(&mut self) {
        while self.responds && !self.waiting.is_empty() {
            self.respond_to_one();
        }
    }

    /// Responds to the request that waits first, even if the server does not respond to others.
    pub(crate) fn respond_to_one(&mut self) {
        if let Some((purpose, op)) = self.waiting.pop_front() {
            let result = match self.refusal.take_if(|_| !matches!(op, Op::GetProfile(_) | Op::SetReadLine(_)))
            {
                Some(error) => Err(ClientError::Refused(error)),
                None => Ok(self.respond(op)),
            };
            let effects = update(&mut self.state, self.now, Message::Answered(purpose, result));
            self.take(effects);
        }
    }

    /// Presses keys, written as in settings; `text:…` types a text, with `_` for a space.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        for word in keys.split(' ') {
            if let Some(text) = word.strip_prefix("text:") {
                for c in text.replace('_', " ").chars() {
                    self.handle(Message::Input(Event::Key(terminal::key::Key::char(c))));
                }
                continue;
            }
            let Keys(keys) = word.parse().unwrap();
            for key in keys {
                self.handle(Message::Input(Event::Key(key)));
            }
        }
        self
    }

    pub(crate) fn wait(&mut self, ms: i64) -> &mut Self {
        self.now += ms;
        self.handle(Message::Woke);
        self
    }

    pub(crate) fn live(&mut self, topic: Topic, event: LiveEvent) {
        self.handle(Message::Live(topic, Update { sequence: 1, event }));
    }

    /// Ada on a server without tweets, who follows no one.
    pub(crate) fn newcomer(width: u16, height: u16) -> Self {
        let setup = Setup { username: Some("ada".into()), ..Self::setup(width, height) };
        let mut driver = Self::with(setup, false);
        driver.tweets.clear();
        driver.following = 0;
        driver.connect(true);
        driver.wait(60_000);
        driver
    }

    /// The notification that @linus follows Ada arrives.
    pub(crate) fn receive_follow(&mut self, id: u64) {
        let follow = v1::Notification {
            id,
            kind: v1::NotificationKind::Follow.into(),
            created_ms: NOW,
            account_id: 4,
            unread: true,
            ..v1::Notification::default()
        };
        let live = v1::LiveNotification { notification: Some(follow), ..v1::LiveNotification::default() };
        self.live(Topic::Notifications, LiveEvent::Notification(live));
    }

    /// The operator announces something.
    pub(crate) fn receive_announcement(&mut self, announcement: v1::Announcement) {
        self.info.announcements.insert(0, announcement.clone());
        self.receive_announcement_change(Change::Added(announcement));
    }

    /// An announcement was added, removed, or dismissed on another device.
    pub(crate) fn receive_announcement_change(&mut self, change: Change) {
        let live = v1::LiveAnnouncement { change: Some(change), ..v1::LiveAnnouncement::default() };
        self.live(Topic::Notifications, LiveEvent::Announcement(live));
    }

    /// A followed account posts.
    pub(crate) fn receive_tweet(&mut self, tweet: v1::Tweet) {
        let accounts = self.accounts.clone();
        self.tweets.insert(0, tweet.clone());
        let live = v1::LiveTweet { tweet: Some(tweet), referenced: Vec::new(), accounts };
        self.live(Topic::Home, LiveEvent::TweetPosted(live));
    }

    pub(crate) fn terminal(&mut self, width: u16, height: u16) {
        self.handle(Message::Resized(Size { width, height }));
    }

    pub(crate) fn screen(&self) -> String {
        draw(&self.state).0.text()
    }

    /// The cell of the screen at which a text begins.
    pub(crate) fn cell_of(&self, text: &str) -> (u16, u16) {
        let screen = self.screen();
        let found =
            screen.lines().zip(0..).find_map(|(line, y)| Some((line.find(text).map(|at| &line[..at])?, y)));
        let (before, y) = found.unwrap_or_else(|| panic!("no {text:?}\n{screen}"));
        (u16::try_from(terminal::measure::columns(before)).unwrap(), y)
    }

    /// Clicks on a text, so many columns after its beginning.
    pub(crate) fn click(&mut self, text: &str, columns: u16) {
        let (x, y) = self.cell_of(text);
        self.handle(Message::Input(Event::Mouse(MouseAction::Press, x + columns, y)));
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.screen().contains(text)
    }

    pub(crate) fn requests(&self) -> Vec<&Op> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Ask(_, op, _) = effect { Some(&**op) } else { None })
            .collect()
    }

    pub(crate) fn saved(&self) -> Vec<&LocalItem> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Save(what, _) = effect { Some(what) } else { None })
            .collect()
    }
}

pub(crate) fn announcement(minutes_ago: i64, text: &str) -> v1::Announcement {
    v1::Announcement {
        id: id(minutes_ago),
        text: text.into(),
        created_ms: NOW - minutes_ago * MINUTE,
        ..v1::Announcement::default()
    }
}

pub(crate) fn message(minutes_ago: i64, author_id: u64, text: &str) -> v1::DirectMessage {
    v1::DirectMessage {
        id: id(minutes_ago),
        conversation_id: 77,
        author_id,
        text: text.into(),
        created_ms: NOW - minutes_ago * MINUTE,
        ..v1::DirectMessage::default()
    }
}
