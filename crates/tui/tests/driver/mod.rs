//! A client without a terminal and a network: keys go in, screens come out, and a small invented server answers.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "shared by several test programs"
)]

use std::collections::VecDeque;

use bytes::Bytes;
use client::{ClientError, Update};
use mini_tweet_tui::message::{Connected, Effect, LocalItem, Message, Purpose, Topic};
use mini_tweet_tui::state::{Capabilities, Setup, State};
use mini_tweet_tui::update::{start, update};
use mini_tweet_tui::view::draw;
use protocol::v1;
use protocol::v1::event::Event as Happening;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Answer;
use terminal::grid::Size;
use terminal::key::{Event, Keys};

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
    /// Everything that was wanted outside.
    pub effects: Vec<Effect>,
    /// Whether requests are answered.
    pub is_answered: bool,
    /// Whether the server begins to tell of a topic as soon as it is asked.
    pub follows_at_once: bool,
    /// Asked and not answered.
    pub waiting: VecDeque<(Purpose, Op)>,
    pub tweets: Vec<v1::Tweet>,
    pub accounts: Vec<v1::Account>,
    pub refusal: Option<model::Error>,
    /// What other devices have read.
    pub read_lines: Vec<v1::ReadLine>,
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
                "The nanosecond is a foot of wire. I brought some for everybody who still believes that a round trip is free, and I shall hand them out at the door, one each, until the box is empty and the lesson is learnt.",
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
    /// Ada, signed in, at home.
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
        let mut driver = Self {
            state: State::new(setup),
            now: NOW,
            effects: Vec::new(),
            is_answered: true,
            follows_at_once: true,
            waiting: VecDeque::new(),
            tweets,
            accounts,
            refusal: None,
            read_lines: Vec::new(),
        };
        let effects = start(&mut driver.state);
        driver.take(effects);
        if connects {
            driver.connect(signed_in);
        }
        driver
    }

    pub(crate) fn connect(&mut self, signed_in: bool) {
        let hello = v1::ServerHello {
            server_version: "0.1.0".into(),
            sign_up: v1::SignUpMode::Open.into(),
            ..v1::ServerHello::default()
        };
        self.tell(Message::Connected(Box::new(Connected { hello, first_contact: None, signed_in })));
    }

    pub(crate) fn tell(&mut self, message: Message) {
        let effects = update(&mut self.state, self.now, message);
        self.take(effects);
        self.answer_all();
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Subscribe(topic) = &effect
                && self.follows_at_once
            {
                let more = update(&mut self.state, self.now, Message::Following(topic.clone()));
                self.take(more);
            }
            if let Effect::Ask(purpose, op, _) = &effect {
                self.waiting.push_back((purpose.clone(), (**op).clone()));
            }
            self.effects.push(effect);
        }
    }

    pub(crate) fn answer_all(&mut self) {
        while self.is_answered
            && let Some((purpose, op)) = self.waiting.pop_front()
        {
            let result = match self.refusal.take_if(|_| !matches!(op, Op::GetProfile(_) | Op::SetReadLine(_)))
            {
                Some(error) => Err(ClientError::Refused(error)),
                None => Ok(self.answer(op)),
            };
            let effects = update(&mut self.state, self.now, Message::Answered(purpose, result));
            self.take(effects);
        }
    }

    /// Keys as they are written in settings; `text:…` types.
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        for word in keys.split(' ') {
            if let Some(text) = word.strip_prefix("text:") {
                for c in text.replace('_', " ").chars() {
                    self.tell(Message::Input(Event::Key(terminal::key::Key::char(c))));
                }
                continue;
            }
            let Keys(keys) = word.parse().unwrap();
            for key in keys {
                self.tell(Message::Input(Event::Key(key)));
            }
        }
        self
    }

    pub(crate) fn wait(&mut self, ms: i64) -> &mut Self {
        self.now += ms;
        self.tell(Message::Woke);
        self
    }

    pub(crate) fn live(&mut self, topic: Topic, event: Happening) {
        self.tell(Message::Live(topic, Update { sequence: 1, event }));
    }

    /// Somebody posts.
    pub(crate) fn posted(&mut self, tweet: v1::Tweet) {
        let accounts = self.accounts.clone();
        self.tweets.insert(0, tweet.clone());
        let live = v1::LiveTweet { tweet: Some(tweet), referenced: Vec::new(), accounts };
        self.live(Topic::Home, Happening::TweetPosted(live));
    }

    pub(crate) fn screen(&self) -> String {
        draw(&self.state).0.text()
    }

    pub(crate) fn shows(&self, text: &str) -> bool {
        self.screen().contains(text)
    }

    pub(crate) fn asked(&self) -> Vec<&Op> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Ask(_, op, _) = effect { Some(&**op) } else { None })
            .collect()
    }

    pub(crate) fn kept(&self) -> Vec<&LocalItem> {
        self.effects
            .iter()
            .filter_map(|effect| if let Effect::Keep(what, _) = effect { Some(what) } else { None })
            .collect()
    }

    fn page(&self, tweets: Vec<v1::Tweet>, page: Option<&v1::PageRequest>) -> v1::TweetPage {
        use v1::page_request::Position;
        let limit = usize::try_from(page.map_or(20, |page| page.limit)).unwrap();
        let (chosen, more): (Vec<v1::Tweet>, bool) = match page.and_then(|page| page.position.as_ref()) {
            Some(Position::Before(cursor)) => {
                let before: u64 = cursor.parse().unwrap();
                let rest: Vec<_> = tweets.into_iter().filter(|tweet| tweet.id < before).collect();
                (rest.iter().take(limit).cloned().collect(), rest.len() > limit)
            }
            Some(Position::After(cursor)) => {
                let after: u64 = cursor.parse().unwrap();
                let newer: Vec<_> = tweets.into_iter().filter(|tweet| tweet.id > after).collect();
                let skip = newer.len().saturating_sub(limit);
                (newer.into_iter().skip(skip).collect(), skip > 0)
            }
            None => (tweets.iter().take(limit).cloned().collect(), tweets.len() > limit),
        };
        let next = if more {
            chosen.last().map_or_else(String::new, |tweet| tweet.id.to_string())
        } else {
            String::new()
        };
        let refers = |other: &&v1::Tweet| {
            chosen.iter().any(|tweet| tweet.quote_of == other.id || tweet.retweet_of == other.id)
        };
        let referenced = self.tweets.iter().filter(refers).cloned().collect();
        v1::TweetPage { referenced, accounts: self.accounts.clone(), next, tweets: chosen }
    }

    fn id_of(&self, username: &str) -> u64 {
        self.accounts.iter().find(|one| one.username == username).map_or(1, |one| one.id)
    }

    fn person(&self, id: u64) -> v1::AccountView {
        let account = self.accounts.iter().find(|account| account.id == id).cloned();
        let presence = match id {
            2 => v1::PresenceState::Online,
            3 => v1::PresenceState::Away,
            _ => v1::PresenceState::Offline,
        };
        let relationship = v1::Relationship {
            following: id == 2 || id == 4,
            followed_by: id == 2 || id == 3,
            ..v1::Relationship::default()
        };
        v1::AccountView {
            account,
            relationship: Some(relationship),
            presence: presence.into(),
            idle_seconds: if id == 3 { 540 } else { 0 },
        }
    }

    fn answer(&mut self, op: Op) -> Answer {
        let done = |id| Answer::Done(v1::Done { id, changed: true });
        match op {
            Op::GetProfile(ask) => {
                let account = self
                    .accounts
                    .iter()
                    .find(|one| one.username == ask.username)
                    .or(self.accounts.first())
                    .cloned()
                    .unwrap();
                let person = self.person(account.id);
                Answer::Profile(v1::Profile {
                    bio: format!("I am {} and I like #rust.", account.username),
                    created_ms: NOW - 90 * 24 * 60 * MINUTE,
                    tweets: 12,
                    followers: 1,
                    following: 2,
                    presence: person.presence,
                    relationship: person.relationship.filter(|_| account.id != 1),
                    own: (account.id == 1).then(v1::OwnSettings::default),
                    account: Some(account),
                    ..v1::Profile::default()
                })
            }
            Op::ReadTimeline(ask) => {
                use v1::read_timeline::Timeline;
                let mut tweets = self.tweets.clone();
                match ask.timeline.unwrap() {
                    Timeline::User(name) => {
                        let id = self.id_of(&name);
                        tweets.retain(|tweet| tweet.author_id == id);
                    }
                    Timeline::Replies(name) => {
                        let id = self.id_of(&name);
                        tweets.retain(|tweet| tweet.author_id == id && tweet.reply_to != 0);
                    }
                    Timeline::Hashtag(name) => {
                        tweets.retain(|tweet| tweet.text.contains(&format!("#{name}")));
                    }
                    Timeline::Search(words) => tweets.retain(|tweet| tweet.text.contains(&words)),
                    Timeline::Bookmarks(_) => tweets.retain(|tweet| tweet.bookmarked),
                    Timeline::Likes(_) => tweets.retain(|tweet| tweet.liked),
                    Timeline::Home(_) | Timeline::Local(_) => {}
                }
                Answer::TweetPage(self.page(tweets, ask.page.as_ref()))
            }
            Op::GetTweet(ask) => {
                let found = self.tweets.iter().filter(|tweet| tweet.id == ask.tweet_id).cloned().collect();
                Answer::TweetPage(self.page(found, None))
            }
            Op::GetThread(ask) => {
                let tweet = self.tweets.iter().find(|tweet| tweet.id == ask.tweet_id).cloned();
                let root = tweet.as_ref().map_or(0, |tweet| tweet.id);
                let child = v1::Tweet { reply_to: root, ..tweet_after(root, 1, 2, "First answer") };
                let grandchild =
                    v1::Tweet { reply_to: child.id, ..tweet_after(root, 2, 4, "An answer to the answer") };
                let second = v1::Tweet { reply_to: root, ..tweet_after(root, 3, 5, "Second answer") };
                let parent = tweet.as_ref().map_or(0, |tweet| tweet.reply_to);
                let ancestors = self.tweets.iter().filter(|tweet| tweet.id == parent).cloned().collect();
                Answer::Thread(v1::Thread {
                    ancestors,
                    replies: Some(v1::TweetPage {
                        tweets: vec![child, grandchild, second],
                        ..self.page(Vec::new(), None)
                    }),
                    accounts: self.accounts.clone(),
                    referenced: self
                        .tweets
                        .iter()
                        .filter(|one| tweet.as_ref().is_some_and(|t| t.quote_of == one.id))
                        .cloned()
                        .collect(),
                    tweet,
                })
            }
            Op::ListAccounts(_) | Op::SearchPeople(_) => {
                let people = self.accounts.iter().skip(1).map(|account| self.person(account.id)).collect();
                Answer::AccountPage(v1::AccountPage { people, next: String::new() })
            }
            Op::ListOnline(_) => {
                Answer::OnlineList(v1::OnlineList { people: vec![self.person(2), self.person(3)] })
            }
            Op::GetTrends(_) => {
                let trend = |name: &str, people| v1::Trend {
                    name: name.into(),
                    people,
                    tweets: people + 2,
                    history: (0..24).map(|hour| hour * people % 7).collect(),
                };
                Answer::TrendList(v1::TrendList {
                    trends: vec![trend("rust", 12), trend("selfhosted", 8), trend("日本語", 4)],
                })
            }
            Op::ListNotifications(_) => {
                let one =
                    |minutes, kind: v1::NotificationKind, account_id, tweet_id, unread| v1::Notification {
                        id: id(minutes),
                        kind: kind.into(),
                        created_ms: NOW - minutes * MINUTE,
                        account_id,
                        tweet_id,
                        unread,
                    };
                let mine = id(40);
                Answer::NotificationPage(v1::NotificationPage {
                    notifications: vec![
                        one(3, v1::NotificationKind::Like, 2, mine, true),
                        one(5, v1::NotificationKind::Like, 3, mine, true),
                        one(8, v1::NotificationKind::Follow, 3, 0, false),
                        one(9, v1::NotificationKind::Quote, 2, id(9), false),
                    ],
                    tweets: self.tweets.clone(),
                    accounts: self.accounts.clone(),
                    unread: 2,
                    next: String::new(),
                })
            }
            Op::ListConversations(_) => Answer::ConversationPage(v1::ConversationPage {
                conversations: vec![v1::Conversation {
                    id: 77,
                    with: self.accounts.get(1).cloned(),
                    last: Some(message(4, 2, "Shall we meet at the compiler?")),
                    unread: 1,
                    ..v1::Conversation::default()
                }],
                next: String::new(),
            }),
            Op::ReadConversation(_) => Answer::MessagePage(v1::MessagePage {
                messages: vec![
                    message(4, 2, "Shall we meet at the compiler?"),
                    message(20, 1, "It linked at the first try 🎉"),
                    message(25, 2, "How did it go?"),
                ],
                with: self.accounts.get(1).cloned(),
                conversation_id: 77,
                theirs: Some(v1::ReadReceipts { delivered: id(20), read: id(20) }),
                ..v1::MessagePage::default()
            }),
            Op::ListReadLines(_) => {
                Answer::ReadLineList(v1::ReadLineList { read_lines: self.read_lines.clone() })
            }
            Op::ListSessions(_) => Answer::SessionList(v1::SessionList {
                sessions: vec![v1::Session {
                    id: 5,
                    client_name: "mini-tweet 0.1.0".into(),
                    created_ms: NOW,
                    last_used_ms: NOW,
                    current: true,
                }],
            }),
            Op::Post(post) => {
                let new = v1::Tweet {
                    id: u64::try_from(self.now).unwrap() << 16,
                    author_id: 1,
                    text: post.text,
                    created_ms: self.now,
                    reply_to: post.reply_to,
                    quote_of: post.quote_of,
                    visibility: v1::Visibility::Public.into(),
                    ..v1::Tweet::default()
                };
                let id = new.id;
                self.tweets.insert(0, new);
                done(id)
            }
            Op::SendMessage(_) => {
                Answer::MessageSent(v1::MessageSent { message_id: id(0), conversation_id: 77 })
            }
            op @ (Op::LogIn(_) | Op::SignUp(_)) => {
                let Answer::Profile(mut profile) = self.answer(Op::GetProfile(v1::GetProfile::default()))
                else {
                    unreachable!()
                };
                if let (Op::LogIn(log_in), Some(account)) = (op, &mut profile.account) {
                    account.username = log_in.username;
                }
                Answer::LoggedIn(v1::LoggedIn { token: vec![9; 32], session_id: 5, profile: Some(profile) })
            }
            _ => done(1),
        }
    }
}

fn tweet_after(root: u64, minutes: u64, author_id: u64, text: &str) -> v1::Tweet {
    let id = root + ((minutes * 60_000) << 16);
    v1::Tweet { id, created_ms: i64::try_from(id >> 16).unwrap(), ..tweet(0, author_id, text) }
}

pub(crate) fn message(minutes_ago: i64, author_id: u64, text: &str) -> v1::DirectMessage {
    v1::DirectMessage {
        id: id(minutes_ago),
        conversation_id: 77,
        author_id,
        text: text.into(),
        created_ms: NOW - minutes_ago * MINUTE,
    }
}
