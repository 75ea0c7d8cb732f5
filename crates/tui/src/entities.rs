//! Everything that was loaded from the server: each tweet, account, notification and message once, however many screens
//! show it.

use std::collections::{HashMap, HashSet};

use model::{Account, Hashtag};
use protocol::v1;

use crate::tweet_index::TweetIndex;

/// Tweets in memory; above this number those that no screen shows are dropped.
const TWEETS_MAX: usize = 4_000;

/// Profiles in memory; above this number those that no screen shows are dropped.
const PROFILES_MAX: usize = 400;

/// Entities by their identifiers.
#[derive(Debug, Default)]
pub struct Entities {
    tweets: HashMap<u64, v1::Tweet>,
    index: TweetIndex,
    accounts: HashMap<u64, v1::Account>,
    relationships: HashMap<u64, v1::Relationship>,
    /// Presence, and since when the account is inactive, in Unix milliseconds.
    presence: HashMap<u64, (v1::PresenceState, i64)>,
    /// When the server told the counts of each tweet last, in Unix milliseconds.
    counted_at: HashMap<u64, i64>,
    /// Tweets that were here and are not any more; they may still be shown as tombstones.
    gone: HashMap<u64, Gone>,
    /// Tweets that replies answer and that came with no page.
    pub parents: Parents,
    /// Profiles by username.
    pub profiles: HashMap<String, v1::Profile>,
    /// Figures of accounts by identifier.
    pub figures: HashMap<u64, Figures>,
    /// Notifications by identifier.
    pub notifications: HashMap<u64, v1::Notification>,
    /// Chats by the identifier of the other account.
    pub conversations: HashMap<u64, v1::Conversation>,
    /// Messages of all chats by identifier.
    pub messages: HashMap<u64, v1::DirectMessage>,
    /// Hashtags of today: trends, the most used first, and others.
    pub trends: v1::TrendList,
    /// People whom the server suggests to follow, the best suggestion first.
    pub suggested: Vec<u64>,
    /// Whom both the user and someone else follow, for the person about whom that was asked last.
    pub both_follow: Option<BothFollow>,
    /// The number of tweets of hashtags in search results, by name.
    pub hashtags: HashMap<String, u32>,
    /// Sessions of this account.
    pub sessions: Vec<v1::Session>,
    /// ssh keys of this account.
    pub keys: Vec<v1::SshKey>,
}

/// Figures of an account, as lists of people have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// The number of its tweets.
    pub tweets: u32,
    /// The number of its followers.
    pub followers: u32,
    /// When it posted its newest tweet that everyone can see, in Unix milliseconds; 0 if there is none.
    pub last_post_ms: i64,
}

/// Whom both the user and someone else follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BothFollow {
    /// The username of the other.
    pub username: String,
    /// The first of them, those first whom the other has followed last.
    pub ids: Vec<u64>,
    /// The number of all of them.
    pub total: u64,
}

/// What is left of a tweet that was here.
#[derive(Debug, Clone, Copy)]
struct Gone {
    /// The tweet that it replied to; 0 if none, or if that is not known.
    reply_to: u64,
    /// It was deleted. Otherwise it was deleted, or the user may not see it any more.
    is_deleted: bool,
}

/// Tweets that were asked for because a reply to them or a quote of them was shown.
#[derive(Debug, Default)]
pub struct Parents {
    asked: HashSet<u64>,
    missing: HashSet<u64>,
    withheld: HashSet<u64>,
}

impl Parents {
    /// Notes that a tweet is asked for; `false` if it was before.
    pub fn ask(&mut self, id: u64) -> bool {
        if self.asked.len() >= TWEETS_MAX {
            *self = Self::default();
        }
        self.asked.insert(id)
    }

    /// It could not be asked for: it may be asked for again.
    pub fn forget(&mut self, id: u64) {
        self.asked.remove(&id);
    }

    /// The server has no such tweet for this user.
    pub fn set_missing(&mut self, id: u64) {
        self.missing.insert(id);
    }

    /// Whether the server has no such tweet for this user.
    #[must_use]
    pub fn is_missing(&self, id: u64) -> bool {
        self.missing.contains(&id)
    }

    /// The server has it, but left it out of a page with a quote of it, as it does if the user mutes its author.
    pub fn set_withheld(&mut self, id: u64) {
        self.withheld.insert(id);
    }

    /// The server has sent it with a quote of it.
    pub fn set_given(&mut self, id: u64) {
        self.withheld.remove(&id);
    }
}

impl Entities {
    /// A tweet by identifier.
    #[must_use]
    pub fn tweet(&self, id: u64) -> Option<&v1::Tweet> {
        self.tweets.get(&id)
    }

    /// A tweet, to change its counts and flags.
    pub fn tweet_mut(&mut self, id: u64) -> Option<&mut v1::Tweet> {
        self.tweets.get_mut(&id)
    }

    /// The known replies to a tweet, the oldest first.
    pub(crate) fn replies(&self, id: u64) -> impl Iterator<Item = &v1::Tweet> {
        self.index.replies(id).filter_map(|id| self.tweet(id))
    }

    /// The newest known tweet of an account, other than retweets without words of their own.
    pub(crate) fn newest_by(&self, account: u64) -> Option<&v1::Tweet> {
        self.tweet(self.index.newest_by(account)?)
    }

    /// The known tweets with a hashtag, by identifier, the newest first.
    pub(crate) fn with_hashtag(&self, hashtag: &Hashtag) -> impl Iterator<Item = u64> {
        self.index.with_hashtag(hashtag)
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

    /// How much a hashtag is used, if it is one of today's.
    #[must_use]
    pub fn trend(&self, name: &str) -> Option<&v1::Trend> {
        let v1::TrendList { trends, new_today, yours, this_week } = &self.trends;
        trends.iter().chain(new_today).chain(yours).chain(this_week).find(|trend| trend.name == name)
    }

    /// The username of an account, or `?` if it was not loaded.
    #[must_use]
    pub fn username(&self, id: u64) -> &str {
        self.accounts.get(&id).map_or("?", |account| &account.username)
    }

    /// What people are sorted by: their username, numbers by their value.
    pub(crate) fn name_key(&self, id: u64) -> String {
        Account::name_key(self.username(id), "")
    }

    /// Whether a notification is known and unread.
    #[must_use]
    pub fn is_unread(&self, notification: u64) -> bool {
        self.notifications.get(&notification).is_some_and(|one| one.unread)
    }

    /// Of a list of notifications, newest first, those that are one row with this oldest one: adjacent likes or retweets
    /// of one tweet, and adjacent follows.
    #[must_use]
    pub fn notification_group(&self, listed: &[u64], oldest: u64) -> Vec<u64> {
        let Some(index) = listed.iter().position(|id| *id == oldest) else { return Vec::new() };
        let Some(one) = self.notifications.get(&oldest) else { return vec![oldest] };
        if !matches!(
            one.kind(),
            v1::NotificationKind::Like | v1::NotificationKind::Retweet | v1::NotificationKind::Follow
        ) {
            return vec![oldest];
        }
        let is_same = |id: &&u64| {
            let other = self.notifications.get(*id);
            other.is_some_and(|other| (other.kind, other.tweet_id) == (one.kind, one.tweet_id))
        };
        let mut group: Vec<u64> = listed.iter().take(index + 1).rev().take_while(is_same).copied().collect();
        group.reverse();
        group
    }

    /// Whom both the user and this person follow, if that is known and there is anyone.
    #[must_use]
    pub fn both_follow(&self, username: &str) -> Option<&BothFollow> {
        self.both_follow.as_ref().filter(|both| both.username == username && !both.ids.is_empty())
    }

    /// The relationship of the user to an account; nothing set if it was not loaded.
    #[must_use]
    pub fn relationship(&self, id: u64) -> v1::Relationship {
        self.relationships.get(&id).copied().unwrap_or_default()
    }

    /// Whether the relationship of the user to an account was loaded.
    #[must_use]
    pub fn knows_relationship(&self, id: u64) -> bool {
        self.relationships.contains_key(&id)
    }

    /// The same, to change it.
    pub fn relationship_mut(&mut self, id: u64) -> &mut v1::Relationship {
        self.relationships.entry(id).or_default()
    }

    /// Whether the user blocks an account.
    #[must_use]
    pub fn is_blocked(&self, id: u64) -> bool {
        self.relationships.get(&id).is_some_and(|relationship| relationship.blocking)
    }

    /// The number of unread messages in the chat with an account; none of one that the user blocks or mutes, whose chat
    /// the server does not list.
    #[must_use]
    pub fn unread_from(&self, id: u64) -> u32 {
        let unread = self.conversations.get(&id).map_or(0, |conversation| conversation.unread);
        let is_listed = !self.is_blocked(id) && !self.relationship(id).muting;
        if is_listed { unread } else { 0 }
    }

    /// The presence of an account; offline if it was not loaded, or if the user blocks it.
    #[must_use]
    pub fn presence(&self, id: u64) -> v1::PresenceState {
        if self.is_blocked(id) {
            return v1::PresenceState::Offline;
        }
        self.presence.get(&id).map_or(v1::PresenceState::Offline, |(presence, _)| *presence)
    }

    /// Since when an account that is away is inactive, in Unix milliseconds.
    #[must_use]
    pub fn away_since(&self, id: u64) -> Option<i64> {
        let (presence, since) = self.presence.get(&id)?;
        (*presence == v1::PresenceState::Away).then_some(*since)
    }

    /// Whether the tweet was here and is not any more.
    #[must_use]
    pub fn is_gone(&self, id: u64) -> bool {
        self.gone.contains_key(&id)
    }

    /// Whether the server has no such tweet for this user, or has it no more.
    #[must_use]
    pub fn is_missing(&self, id: u64) -> bool {
        self.is_gone(id) || self.parents.is_missing(id)
    }

    /// Whether what a tweet quotes is not shown because the user mutes its author. Someone whom the user mutes and reads all
    /// the same quotes whom they like.
    #[must_use]
    pub fn hides_quoted(&self, quote: &v1::Tweet) -> bool {
        let Some(quoted) = self.tweet(quote.quote_of) else { return false };
        let author = quoted.author_id;
        let is_muted = match self.relationships.get(&author) {
            Some(relationship) => relationship.muting,
            None => self.parents.withheld.contains(&quoted.id),
        };
        is_muted && !self.relationship(quote.author_id).muting
    }

    /// Whether the client knows that the tweet was deleted.
    #[must_use]
    pub fn is_deleted(&self, id: u64) -> bool {
        self.gone.get(&id).is_some_and(|gone| gone.is_deleted)
    }

    /// The tweet that this one replies to, or replied to before it was deleted; 0 if none, or if that is not known.
    #[must_use]
    pub fn reply_to(&self, id: u64) -> u64 {
        let gone = || self.gone.get(&id).map_or(0, |gone| gone.reply_to);
        self.tweet(id).map_or_else(gone, |tweet| tweet.reply_to)
    }

    /// When the server told the counts of a tweet last, in Unix milliseconds.
    #[must_use]
    pub fn counted_at(&self, id: u64) -> Option<i64> {
        self.counted_at.get(&id).copied()
    }

    /// Stores tweets that were received at `now`. Live events have no viewer flags (`with_flags` is false): those in memory
    /// stay. A page that was read before a tweet was deleted may come after that.
    pub fn learn_tweets(&mut self, now: i64, tweets: impl IntoIterator<Item = v1::Tweet>, with_flags: bool) {
        for mut tweet in tweets {
            if self.is_deleted(tweet.id) {
                continue;
            }
            self.gone.remove(&tweet.id);
            self.counted_at.insert(tweet.id, now);
            let old = self.tweets.get(&tweet.id);
            if !with_flags && let Some(old) = old {
                (tweet.liked, tweet.retweeted, tweet.bookmarked) = (old.liked, old.retweeted, old.bookmarked);
            }
            if old.is_none_or(|old| old.text != tweet.text || old.reply_to != tweet.reply_to) {
                if let Some(old) = old {
                    self.index.remove(old);
                }
                self.index.add(&tweet);
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
        if presence.0 != v1::PresenceState::Unspecified {
            self.presence.insert(id, presence);
        }
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

    /// Removes a tweet that was deleted, and its retweets; a tombstone stays.
    pub fn delete_tweet(&mut self, id: u64) {
        self.remove_tweet(id, true);
    }

    /// The same for a tweet that the server does not show any more: it was deleted, or the user may not see it now.
    pub fn withdraw_tweet(&mut self, id: u64) {
        if !self.is_deleted(id) {
            self.remove_tweet(id, false);
        }
    }

    fn remove_tweet(&mut self, id: u64, is_deleted: bool) {
        self.gone.insert(id, Gone { reply_to: self.reply_to(id), is_deleted });
        self.keep_tweets(|tweet| tweet.id != id && tweet.retweet_of != id);
    }

    /// Drops profiles that no screen shows, if there are many.
    pub fn forget_profiles_but(&mut self, is_shown: impl Fn(&str) -> bool) {
        if self.profiles.len() > PROFILES_MAX {
            self.profiles.retain(|username, _| is_shown(username));
        }
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
        self.keep_tweets(|tweet| needed.contains(&tweet.id));
        self.gone.retain(|id, _| shown(*id));
    }

    fn keep_tweets(&mut self, is_kept: impl Fn(&v1::Tweet) -> bool) {
        self.tweets.retain(|_, tweet| {
            let is_kept = is_kept(tweet);
            if !is_kept {
                self.index.remove(tweet);
                self.counted_at.remove(&tweet.id);
            }
            is_kept
        });
    }
}
