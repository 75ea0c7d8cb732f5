//! Everything that was loaded from the server: each tweet, account, notification and message once, however many screens
//! show it.

use std::collections::{HashMap, HashSet};

use protocol::v1;

/// Tweets in memory; above this number those that no screen shows are dropped.
const TWEETS_MAX: usize = 4_000;

/// Entities by their identifiers.
#[derive(Debug, Default)]
pub struct Entities {
    tweets: HashMap<u64, v1::Tweet>,
    accounts: HashMap<u64, v1::Account>,
    relationships: HashMap<u64, v1::Relationship>,
    /// Presence, and since when the account is inactive, in Unix milliseconds.
    presence: HashMap<u64, (v1::PresenceState, i64)>,
    /// Deleted tweets that may still be shown as tombstones.
    gone: HashSet<u64>,
    /// Profiles by username.
    pub profiles: HashMap<String, v1::Profile>,
    /// Notifications by identifier.
    pub notifications: HashMap<u64, v1::Notification>,
    /// Chats by the identifier of the other account.
    pub conversations: HashMap<u64, v1::Conversation>,
    /// Messages of all chats by identifier.
    pub messages: HashMap<u64, v1::DirectMessage>,
    /// Trending hashtags, the most used first.
    pub trends: Vec<v1::Trend>,
    /// The number of tweets of hashtags in search results, by name.
    pub hashtags: HashMap<String, u32>,
    /// Sessions of this account.
    pub sessions: Vec<v1::Session>,
    /// ssh keys of this account.
    pub keys: Vec<v1::SshKey>,
}

impl Entities {
    /// A tweet by identifier.
    #[must_use]
    pub fn tweet(&self, id: u64) -> Option<&v1::Tweet> {
        self.tweets.get(&id)
    }

    /// A tweet, to change it.
    pub fn tweet_mut(&mut self, id: u64) -> Option<&mut v1::Tweet> {
        self.tweets.get_mut(&id)
    }

    /// All tweets, in no order.
    pub fn tweets(&self) -> impl Iterator<Item = &v1::Tweet> {
        self.tweets.values()
    }

    /// The identifier of the original of a retweet; other identifiers are returned unchanged.
    #[must_use]
    pub fn original(&self, id: u64) -> u64 {
        self.tweets.get(&id).map_or(id, |tweet| if tweet.retweet_of == 0 { id } else { tweet.retweet_of })
    }

    /// An account by identifier.
    #[must_use]
    pub fn account(&self, id: u64) -> Option<&v1::Account> {
        self.accounts.get(&id)
    }

    /// All accounts, in no order.
    pub fn accounts(&self) -> impl Iterator<Item = &v1::Account> {
        self.accounts.values()
    }

    /// An account by username.
    #[must_use]
    pub fn by_username(&self, username: &str) -> Option<&v1::Account> {
        self.accounts.values().find(|account| account.username == username)
    }

    /// The username of an account, or `?` if it was not loaded.
    #[must_use]
    pub fn username(&self, id: u64) -> &str {
        self.accounts.get(&id).map_or("?", |account| &account.username)
    }

    /// The relationship of the user to an account; nothing set if it was not loaded.
    #[must_use]
    pub fn relationship(&self, id: u64) -> v1::Relationship {
        self.relationships.get(&id).copied().unwrap_or_default()
    }

    /// The same, to change it.
    pub fn relationship_mut(&mut self, id: u64) -> &mut v1::Relationship {
        self.relationships.entry(id).or_default()
    }

    /// The presence of an account; offline if it was not loaded.
    #[must_use]
    pub fn presence(&self, id: u64) -> v1::PresenceState {
        self.presence.get(&id).map_or(v1::PresenceState::Offline, |(presence, _)| *presence)
    }

    /// Since when an account that is away is inactive, in Unix milliseconds.
    #[must_use]
    pub fn away_since(&self, id: u64) -> Option<i64> {
        let (presence, since) = self.presence.get(&id)?;
        (*presence == v1::PresenceState::Away).then_some(*since)
    }

    /// Whether the client has seen the tweet being deleted.
    #[must_use]
    pub fn is_gone(&self, id: u64) -> bool {
        self.gone.contains(&id)
    }

    /// Stores tweets. Live events have no viewer flags (`with_flags` is false): those in memory stay.
    pub fn learn_tweets(&mut self, tweets: impl IntoIterator<Item = v1::Tweet>, with_flags: bool) {
        for mut tweet in tweets {
            if !with_flags && let Some(old) = self.tweets.get(&tweet.id) {
                (tweet.liked, tweet.retweeted, tweet.bookmarked) = (old.liked, old.retweeted, old.bookmarked);
            }
            self.tweets.insert(tweet.id, tweet);
        }
    }

    /// Stores accounts.
    pub fn learn_accounts(&mut self, accounts: impl IntoIterator<Item = v1::Account>) {
        self.accounts.extend(accounts.into_iter().map(|account| (account.id, account)));
    }

    /// Stores a row of a list of accounts, received at `now`; returns its identifier.
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

    /// Forgets presence, because there are no live events.
    pub fn forget_presence(&mut self) {
        self.presence.clear();
    }

    /// Stores a profile.
    pub fn learn_profile(&mut self, profile: v1::Profile) {
        let Some(account) = profile.account.clone() else { return };
        // A profile has no time of inactivity.
        if self.presence(account.id) != profile.presence() {
            self.presence.insert(account.id, (profile.presence(), 0));
        }
        if let Some(relationship) = profile.relationship {
            self.relationships.insert(account.id, relationship);
        }
        self.profiles.insert(account.username.clone(), profile);
        self.accounts.insert(account.id, account);
    }

    /// Deletes a tweet and its retweets; a tombstone stays.
    pub fn delete_tweet(&mut self, id: u64) {
        self.gone.insert(id);
        self.tweets.retain(|_, tweet| tweet.id != id && tweet.retweet_of != id);
    }

    /// Drops tweets that no screen shows, if there are many.
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
