//! The responses of the driver's server.

use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response::Result as Response;

use super::{MINUTE, NOW, TuiDriver, id, message, tweet};

impl TuiDriver {
    /// The response to a request, which changes the server if the request does.
    pub(super) fn respond(&mut self, op: Op) -> Response {
        match op {
            Op::GetProfile(request) => Response::Profile(self.profile(&request.username)),
            Op::ReadTimeline(request) => {
                let tweets = self.timeline(request.timeline.unwrap());
                Response::TweetPage(self.page(tweets, request.page.as_ref()))
            }
            Op::GetTweet(request) => {
                let found = self.tweets.iter().filter(|tweet| tweet.id == request.tweet_id).cloned();
                Response::TweetPage(self.page(found.collect(), None))
            }
            Op::GetTweets(request) => Response::TweetPage(self.several(&request.tweet_ids)),
            Op::Like(v1::Like { tweet_id }) => self.react(tweet_id, true, |t| (&mut t.liked, &mut t.likes)),
            Op::Unlike(v1::Unlike { tweet_id }) => {
                self.react(tweet_id, false, |t| (&mut t.liked, &mut t.likes))
            }
            Op::Retweet(v1::Retweet { tweet_id }) => {
                self.react(tweet_id, true, |t| (&mut t.retweeted, &mut t.retweets))
            }
            Op::UndoRetweet(v1::UndoRetweet { tweet_id }) => {
                self.react(tweet_id, false, |t| (&mut t.retweeted, &mut t.retweets))
            }
            Op::Bookmark(v1::Bookmark { tweet_id }) => self.bookmark(tweet_id, true),
            Op::Unbookmark(v1::Unbookmark { tweet_id }) => self.bookmark(tweet_id, false),
            Op::DeleteTweet(v1::DeleteTweet { tweet_id }) => {
                self.tweets.retain(|tweet| tweet.id != tweet_id);
                done(tweet_id)
            }
            Op::GetThread(request) => Response::Thread(self.thread(request.tweet_id)),
            Op::ListAccounts(request) => Response::AccountPage(self.list_accounts(&request)),
            Op::SearchPeople(request) => {
                let query = request.query.to_lowercase();
                let is_found = |one: &&v1::Account| {
                    one.username.contains(&query) || one.display_name.to_lowercase().contains(&query)
                };
                let found = self.accounts.iter().skip(1).filter(is_found);
                let people = found.map(|account| self.person(account.id)).collect();
                Response::AccountPage(v1::AccountPage { people, ..v1::AccountPage::default() })
            }
            Op::SearchHashtags(request) => {
                let all = ["game", "GameofThrones", "gardening", "日本"];
                let is_found = |name: &&str| name.to_lowercase().starts_with(&request.query.to_lowercase());
                let of = |name: &str| v1::Hashtag { name: name.to_owned(), tweets: 3 };
                let hashtags = all.into_iter().filter(is_found).map(of).collect();
                Response::HashtagList(v1::HashtagList { hashtags })
            }
            Op::GetServerInfo(_) => Response::ServerInfo(self.info.clone()),
            Op::ListOnline(_) => {
                let people = self.online.iter().map(|id| self.person(*id)).collect();
                Response::OnlineList(v1::OnlineList { people })
            }
            Op::GetTrends(_) | Op::ListNotifications(_) | Op::ListConversations(_) if self.is_new => {
                nothing(&op)
            }
            Op::GetTrends(_) => Response::TrendList(trends()),
            Op::SuggestPeople(_) => {
                let people = self.accounts.iter().skip(2).take(2).map(|one| self.person(one.id)).collect();
                Response::AccountPage(v1::AccountPage { people, ..v1::AccountPage::default() })
            }
            Op::ListNotifications(request) => {
                let mut page = self.notifications();
                let is_wanted =
                    |one: &v1::Notification| request.kinds.is_empty() || request.kinds.contains(&one.kind);
                page.notifications.retain(is_wanted);
                Response::NotificationPage(page)
            }
            Op::ListConversations(_) => Response::ConversationPage(self.conversations()),
            Op::ReadConversation(_) => Response::MessagePage(self.messages()),
            Op::ListReadLines(_) => {
                Response::ReadLineList(v1::ReadLineList { read_lines: self.read_lines.clone() })
            }
            Op::ListSessions(_) => Response::SessionList(sessions()),
            Op::ListSshKeys(_) if self.is_new => Response::SshKeyList(v1::SshKeyList::default()),
            Op::ListSshKeys(_) => Response::SshKeyList(ssh_keys()),
            Op::DismissAnnouncement(request) => {
                let all = self.info.announcements.iter_mut();
                all.filter(|one| one.id == request.announcement_id).for_each(|one| one.dismissed = true);
                done(request.announcement_id)
            }
            Op::Post(post) => done(self.post(post)),
            Op::SendMessage(_) => {
                Response::MessageSent(v1::MessageSent { message_id: id(0), conversation_id: 77 })
            }
            Op::LogIn(log_in) => self.logged_in(Some(log_in.username)),
            Op::SignUp(_) => self.logged_in(None),
            _ => done(1),
        }
    }

    fn logged_in(&self, username: Option<String>) -> Response {
        let mut profile = self.profile("");
        if let (Some(username), Some(account)) = (username, &mut profile.account) {
            account.username = username;
        }
        Response::LoggedIn(v1::LoggedIn { token: vec![9; 32], session_id: 5, profile: Some(profile) })
    }

    /// A profile by username; of an unknown one, Ada's.
    fn profile(&self, username: &str) -> v1::Profile {
        let found = self.accounts.iter().find(|one| one.username == username);
        let account = found.or(self.accounts.first()).cloned().unwrap();
        let person = self.person(account.id);
        v1::Profile {
            bio: format!("I am {} and I like #rust.", account.username),
            created_ms: NOW - 90 * 24 * 60 * MINUTE,
            tweets: 12,
            followers: 1,
            following: if account.id == 1 { self.following } else { 2 },
            presence: person.presence,
            relationship: person.relationship.filter(|_| account.id != 1),
            own: (account.id == 1).then(v1::OwnSettings::default),
            account: Some(account),
            ..v1::Profile::default()
        }
    }

    fn timeline(&self, timeline: v1::read_timeline::Timeline) -> Vec<v1::Tweet> {
        use v1::read_timeline::Timeline;
        let mut tweets = self.tweets.clone();
        tweets.retain(|tweet| Some(tweet.author_id) != self.muted);
        match timeline {
            Timeline::User(name) => {
                let id = self.id_of(&name);
                tweets.retain(|tweet| tweet.author_id == id);
            }
            Timeline::Replies(name) => {
                let id = self.id_of(&name);
                tweets.retain(|tweet| tweet.author_id == id && tweet.reply_to != 0);
            }
            Timeline::Hashtag(name) => tweets.retain(|tweet| tweet.text.contains(&format!("#{name}"))),
            Timeline::Search(words) => tweets.retain(|tweet| tweet.text.contains(&words)),
            Timeline::Bookmarks(_) => tweets.retain(|tweet| tweet.bookmarked),
            Timeline::Likes(_) => tweets.retain(|tweet| tweet.liked),
            Timeline::Home(_) | Timeline::Local(_) => {}
        }
        tweets
    }

    /// A thread with two replies, one of which has a reply.
    fn thread(&self, id: u64) -> v1::Thread {
        let tweet = self.tweets.iter().find(|tweet| tweet.id == id).cloned();
        let root = tweet.as_ref().map_or(0, |tweet| tweet.id);
        let child = v1::Tweet { reply_to: root, ..tweet_after(root, 1, 2, "First answer") };
        let grandchild =
            v1::Tweet { reply_to: child.id, ..tweet_after(root, 2, 4, "An answer to the answer") };
        let second = v1::Tweet { reply_to: root, ..tweet_after(root, 3, 5, "Second answer") };
        let with_id = |id: u64| self.tweets.iter().filter(|tweet| tweet.id == id).cloned().collect();
        v1::Thread {
            ancestors: with_id(tweet.as_ref().map_or(0, |tweet| tweet.reply_to)),
            replies: Some(v1::TweetPage {
                tweets: vec![child, grandchild, second],
                ..self.page(Vec::new(), None)
            }),
            accounts: self.accounts.clone(),
            referenced: with_id(tweet.as_ref().map_or(0, |tweet| tweet.quote_of)),
            tweet,
        }
    }

    /// Several tweets by their identifiers, among them the replies of the threads.
    fn several(&self, ids: &[u64]) -> v1::TweetPage {
        let replies = self.tweets.iter().flat_map(|tweet| self.thread(tweet.id).replies.unwrap().tweets);
        let all: Vec<v1::Tweet> = self.tweets.iter().cloned().chain(replies).collect();
        let found = ids.iter().filter_map(|id| all.iter().find(|tweet| tweet.id == *id).cloned());
        let page = v1::PageRequest { limit: 100, position: None };
        self.page(found.collect(), Some(&page))
    }

    /// Carries out a like or a retweet by Ada, or that it is undone: what it changes of the tweet, the flag and the count.
    fn react(&mut self, id: u64, on: bool, of: fn(&mut v1::Tweet) -> (&mut bool, &mut u32)) -> Response {
        if let Some(tweet) = self.tweets.iter_mut().find(|tweet| tweet.id == id) {
            let (flag, count) = of(tweet);
            if std::mem::replace(flag, on) != on {
                *count = if on { *count + 1 } else { *count - 1 };
            }
        }
        done(id)
    }

    fn bookmark(&mut self, id: u64, on: bool) -> Response {
        self.tweets.iter_mut().filter(|tweet| tweet.id == id).for_each(|tweet| tweet.bookmarked = on);
        done(id)
    }

    fn notifications(&self) -> v1::NotificationPage {
        use v1::NotificationKind::{Follow, Like, Quote};
        let one = |minutes, kind: v1::NotificationKind, account_id, tweet_id, unread| v1::Notification {
            id: id(minutes),
            kind: kind.into(),
            created_ms: NOW - minutes * MINUTE,
            account_id,
            tweet_id,
            unread,
        };
        let mine = id(40);
        let untold = (0..self.untold)
            .rev()
            .map(|nth| v1::Notification { id: id(2) + nth, ..one(2, Follow, 4, 0, true) });
        let before = [
            one(3, Like, 2, mine, true),
            one(5, Like, 3, mine, true),
            one(8, Follow, 3, 0, false),
            one(9, Quote, 2, id(9), false),
        ];
        v1::NotificationPage {
            notifications: untold.chain(before).collect(),
            tweets: self.tweets.clone(),
            accounts: self.accounts.clone(),
            unread: 2 + u32::try_from(self.untold).unwrap(),
            next: String::new(),
        }
    }

    fn conversations(&self) -> v1::ConversationPage {
        v1::ConversationPage {
            conversations: vec![v1::Conversation {
                id: 77,
                with: self.accounts.get(1).cloned(),
                last: Some(self.last_message.clone()),
                unread: self.unread_messages,
                ..v1::Conversation::default()
            }],
            next: String::new(),
        }
    }

    fn messages(&self) -> v1::MessagePage {
        if self.has_no_messages {
            return v1::MessagePage { with: self.accounts.get(1).cloned(), ..v1::MessagePage::default() };
        }
        v1::MessagePage {
            messages: vec![
                message(4, 2, "Shall we meet at the compiler?"),
                message(20, 1, "It linked at the first try 🎉"),
                message(25, 2, "How did it go?"),
            ],
            with: self.accounts.get(1).cloned(),
            conversation_id: 77,
            theirs: Some(v1::ReadReceipts { delivered: id(20), read: id(20), read_ms: NOW - 18 * MINUTE }),
            ..v1::MessagePage::default()
        }
    }

    /// Stores a tweet by Ada; its identifier.
    fn post(&mut self, post: v1::Post) -> u64 {
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
        id
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
                && Some(other.author_id) != self.muted
        };
        let referenced = self.tweets.iter().filter(refers).cloned().collect();
        v1::TweetPage { referenced, accounts: self.accounts.clone(), next, tweets: chosen }
    }

    /// A page of a list of people: their number is the cursor.
    fn list_accounts(&self, request: &v1::ListAccounts) -> v1::AccountPage {
        use v1::page_request::Position;
        let query = request.query.to_lowercase();
        let has = |one: &v1::Account| {
            let names = format!("{} {}", one.username, one.display_name.to_lowercase());
            query.split_whitespace().all(|word| names.contains(word))
        };
        let is_in = |one: &v1::AccountView| {
            let relationship = one.relationship.unwrap_or_default();
            match request.list() {
                v1::AccountList::Following => relationship.following,
                v1::AccountList::Followers => relationship.followed_by,
                v1::AccountList::BothFollow => {
                    let is_named = one.account.as_ref().is_some_and(|one| one.username == request.username);
                    relationship.following && !is_named
                }
                v1::AccountList::Muted => relationship.muting,
                v1::AccountList::Blocked => relationship.blocking,
                _ => true,
            }
        };
        let found = self.accounts.iter().skip(1).filter(|one| has(one)).map(|one| self.person(one.id));
        let mut found: Vec<v1::AccountView> = found.filter(is_in).collect();
        match request.sort() {
            v1::AccountSort::Followers => found.sort_by_key(|one| std::cmp::Reverse(one.followers)),
            v1::AccountSort::Active => found.sort_by_key(|one| std::cmp::Reverse(one.last_post_ms)),
            _ => {}
        }
        let position = request.page.as_ref().and_then(|page| page.position.as_ref());
        let from: usize = match position {
            Some(Position::Before(cursor)) => cursor.parse().unwrap(),
            _ => 0,
        };
        let total = found.len();
        let to = from.saturating_add(self.people_page).min(total);
        v1::AccountPage {
            people: found[from..to].to_vec(),
            next: if to < total { to.to_string() } else { String::new() },
            total: (from == 0).then(|| u64::try_from(total).unwrap()),
        }
    }

    fn id_of(&self, username: &str) -> u64 {
        self.accounts.iter().find(|one| one.username == username).map_or(1, |one| one.id)
    }

    fn person(&self, id: u64) -> v1::AccountView {
        let account = self.accounts.iter().find(|account| account.id == id).cloned();
        let presence = match id {
            id if !self.online.contains(&id) => v1::PresenceState::Offline,
            3 => v1::PresenceState::Away,
            _ => v1::PresenceState::Online,
        };
        let relationship = v1::Relationship {
            following: self.following > 0 && (id == 2 || id == 4),
            followed_by: id == 2 || id == 3,
            muting: self.muted == Some(id),
            ..v1::Relationship::default()
        };
        v1::AccountView {
            account,
            relationship: Some(relationship),
            presence: presence.into(),
            idle_seconds: if id == 3 { 540 } else { 0 },
            tweets: u32::try_from(id).unwrap() * 3,
            followers: u32::try_from(id).unwrap() % 4,
            last_post_ms: NOW - i64::try_from(id).unwrap() * 9 * MINUTE,
        }
    }
}

fn done(id: u64) -> Response {
    Response::Done(v1::Done { id, changed: true })
}

fn trends() -> v1::TrendList {
    let trend = |name: &str, people| v1::Trend {
        name: name.into(),
        people,
        tweets: people + 2,
        history: (0..24).map(|hour| hour * people % 7).collect(),
    };
    v1::TrendList {
        trends: vec![trend("rust", 12), trend("selfhosted", 8), trend("日本語", 4)],
        new_today: vec![trend("endlessbbq", 1)],
        yours: vec![trend("rust", 12), trend("looms", 1)],
        this_week: Vec::new(),
    }
}

/// The response of a server on which nothing has happened yet.
fn nothing(op: &Op) -> Response {
    match op {
        Op::ListNotifications(_) => Response::NotificationPage(v1::NotificationPage::default()),
        Op::ListConversations(_) => Response::ConversationPage(v1::ConversationPage::default()),
        _ => Response::TrendList(v1::TrendList::default()),
    }
}

fn ssh_keys() -> v1::SshKeyList {
    let key = |id, name: &str, last_used_ms| v1::SshKey {
        id,
        name: name.into(),
        fingerprint: "SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0".into(),
        created_ms: NOW - 9 * 24 * 60 * MINUTE,
        last_used_ms,
    };
    v1::SshKeyList { keys: vec![key(1, "ada@analytical-engine", NOW - 90 * MINUTE), key(2, "laptop", 0)] }
}

fn sessions() -> v1::SessionList {
    let session = |id, client_name: &str, days, current| v1::Session {
        id,
        client_name: client_name.into(),
        created_ms: NOW - days * 24 * 60 * MINUTE,
        last_used_ms: NOW - days * MINUTE,
        current,
    };
    let sessions = vec![
        session(5, "mini-tweet 0.1.0", 0, true),
        session(6, "mini-tweet 0.1.0 over ssh, ada@analytical-engine.example.org", 3, false),
    ];
    v1::SessionList { sessions }
}

fn tweet_after(root: u64, minutes: u64, author_id: u64, text: &str) -> v1::Tweet {
    // No tweet of the sample network has this identifier.
    let id = root + ((minutes * 60_000) << 16) + 1;
    v1::Tweet { id, created_ms: i64::try_from(id >> 16).unwrap(), ..tweet(0, author_id, text) }
}
