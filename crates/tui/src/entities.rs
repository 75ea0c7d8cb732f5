//! What the client knows of the network: every tweet, person, notification and message once, however many screens
//! show it. Disposable: the server is the truth.

use std::collections::{HashMap, HashSet};

use protocol::v1;

/// Tweets that are kept before those which no screen shows are forgotten.
const TWEETS_MAX: usize = 4_000;

/// Entities by their identifiers.
#[derive(Debug, Default)]
pub struct Entities {
    tweets: HashMap<u64, v1::Tweet>,
    accounts: HashMap<u64, v1::Account>,
    relationships: HashMap<u64, v1::Relationship>,
    /// Whether they are there, and since when they do nothing.
    presence: HashMap<u64, (v1::PresenceState, i64)>,
    /// Deleted tweets that a screen may still stand on.
    gone: HashSet<u64>,
    /// Profiles by username.
    pub profiles: HashMap<String, v1::Profile>,
    /// What others did.
    pub notifications: HashMap<u64, v1::Notification>,
    /// Chats by the identifier of the other one.
    pub conversations: HashMap<u64, v1::Conversation>,
    /// Messages of all chats.
    pub messages: HashMap<u64, v1::DirectMessage>,
    /// Hashtags of the day, the strongest first.
    pub trends: Vec<v1::Trend>,
    /// Hashtags that were found, by name.
    pub hashtags: HashMap<String, u32>,
    /// Sessions of this account.
    pub sessions: Vec<v1::Session>,
    /// ssh keys of this account.
    pub keys: Vec<v1::SshKey>,
}

impl Entities {
    /// A tweet.
    #[must_use]
    pub fn tweet(&self, id: u64) -> Option<&v1::Tweet> {
        self.tweets.get(&id)
    }

    /// A tweet, to change it.
    pub fn tweet_mut(&mut self, id: u64) -> Option<&mut v1::Tweet> {
        self.tweets.get_mut(&id)
    }

    /// All tweets.
    pub fn tweets(&self) -> impl Iterator<Item = &v1::Tweet> {
        self.tweets.values()
    }

    /// The tweet that is meant by a row: of a plain retweet, its original.
    #[must_use]
    pub fn original(&self, id: u64) -> u64 {
        self.tweets.get(&id).map_or(id, |tweet| if tweet.retweet_of == 0 { id } else { tweet.retweet_of })
    }

    /// Somebody.
    #[must_use]
    pub fn account(&self, id: u64) -> Option<&v1::Account> {
        self.accounts.get(&id)
    }

    /// Everybody who is known.
    pub fn accounts(&self) -> impl Iterator<Item = &v1::Account> {
        self.accounts.values()
    }

    /// Somebody by username.
    #[must_use]
    pub fn by_username(&self, username: &str) -> Option<&v1::Account> {
        self.accounts.values().find(|account| account.username == username)
    }

    /// Somebody's username, or a sign that it is not known.
    #[must_use]
    pub fn username(&self, id: u64) -> &str {
        self.accounts.get(&id).map_or("?", |account| &account.username)
    }

    /// Between oneself and somebody.
    #[must_use]
    pub fn relationship(&self, id: u64) -> v1::Relationship {
        self.relationships.get(&id).copied().unwrap_or_default()
    }

    /// The same, to change it.
    pub fn relationship_mut(&mut self, id: u64) -> &mut v1::Relationship {
        self.relationships.entry(id).or_default()
    }

    /// Whether somebody is there.
    #[must_use]
    pub fn presence(&self, id: u64) -> v1::PresenceState {
        self.presence.get(&id).map_or(v1::PresenceState::Offline, |(presence, _)| *presence)
    }

    /// Since when somebody who is away does nothing, in Unix milliseconds.
    #[must_use]
    pub fn away_since(&self, id: u64) -> Option<i64> {
        let (presence, since) = self.presence.get(&id)?;
        (*presence == v1::PresenceState::Away).then_some(*since)
    }

    /// Whether a tweet was deleted while it was shown.
    #[must_use]
    pub fn is_gone(&self, id: u64) -> bool {
        self.gone.contains(&id)
    }

    /// Takes in tweets. What live events do not tell of one's own marks is kept.
    pub fn learn_tweets(&mut self, tweets: impl IntoIterator<Item = v1::Tweet>, with_marks: bool) {
        for mut tweet in tweets {
            if !with_marks && let Some(old) = self.tweets.get(&tweet.id) {
                (tweet.liked, tweet.retweeted, tweet.bookmarked) = (old.liked, old.retweeted, old.bookmarked);
            }
            self.tweets.insert(tweet.id, tweet);
        }
    }

    /// Takes in people.
    pub fn learn_accounts(&mut self, accounts: impl IntoIterator<Item = v1::Account>) {
        self.accounts.extend(accounts.into_iter().map(|account| (account.id, account)));
    }

    /// Takes in a row of a list of people; its identifier.
    pub fn learn_person(&mut self, now: i64, person: v1::AccountView) -> Option<u64> {
        let presence = (person.presence(), now - i64::from(person.idle_seconds) * 1_000);
        let account = person.account?;
        let id = account.id;
        self.presence.insert(id, presence);
        if let Some(relationship) = person.relationship {
            self.relationships.insert(id, relationship);
        }
        self.accounts.insert(id, account);
        Some(id)
    }

    /// Nobody tells any more who is there.
    pub fn forget_presence(&mut self) {
        self.presence.clear();
    }

    /// Takes in a profile.
    pub fn learn_profile(&mut self, profile: v1::Profile) {
        let Some(account) = profile.account.clone() else { return };
        // A profile does not say since when.
        if self.presence(account.id) != profile.presence() {
            self.presence.insert(account.id, (profile.presence(), 0));
        }
        if let Some(relationship) = profile.relationship {
            self.relationships.insert(account.id, relationship);
        }
        self.profiles.insert(account.username.clone(), profile);
        self.accounts.insert(account.id, account);
    }

    /// A tweet is no more.
    pub fn delete_tweet(&mut self, id: u64) {
        self.gone.insert(id);
        self.tweets.retain(|_, tweet| tweet.id != id && tweet.retweet_of != id);
    }

    /// Forgets what no screen shows, when there is much.
    pub fn forget_all_but(&mut self, shown: impl Fn(u64) -> bool) {
        if self.tweets.len() <= TWEETS_MAX {
            return;
        }
        let needed: HashSet<u64> = self
            .tweets
            .values()
            .filter(|tweet| shown(tweet.id))
            .flat_map(|tweet| [tweet.id, tweet.retweet_of, tweet.quote_of, tweet.reply_to])
            .collect();
        self.tweets.retain(|id, _| needed.contains(id));
        self.gone.retain(|id| shown(*id));
    }
}
