//! All cached home timelines, the tweets and authors in them, and how commits change them.

use bytes::Bytes;
use model::{AccountId, Tweet, TweetId};
use store::{EventKind, Map, Set, TweetRecord};

use super::cache::{self, AccountCache, CachedAccount, CachedTweet, HomePage, TweetCache};
use super::home::Home;
use super::page::{CacheMiss, HomeReader};
use super::page_cache::CachedPage;
use super::update::UpdateLog;

#[derive(Debug)]
pub(super) struct State {
    pub(super) homes: Map<AccountId, Home>,
    /// The sum of [`Home::counted_bytes`].
    pub(super) homes_bytes: usize,
    /// By author: the accounts whose cached home has their tweets. An author's own home is not listed.
    readers: Map<AccountId, Set<AccountId>>,
    tweets: TweetCache,
    accounts: AccountCache,
    pub(super) log: UpdateLog,
    /// The newest tweet.
    pub(super) newest: u64,
    /// Reads of all homes since the start.
    reads: u64,
}

impl State {
    pub(super) fn new(tweets_bytes: u64) -> Self {
        Self {
            homes: Map::default(),
            homes_bytes: 0,
            readers: Map::default(),
            tweets: cache::with_capacity(tweets_bytes / 8 * 7),
            accounts: cache::with_capacity(tweets_bytes / 8),
            log: UpdateLog::default(),
            newest: 0,
            reads: 0,
        }
    }

    // Reading.

    /// The page of this home older than a sort key.
    pub(super) fn page(
        &mut self,
        me: AccountId,
        before: u64,
        limit: usize,
    ) -> Result<HomePage<'_>, CacheMiss> {
        self.reads += 1;
        let Some(home) = self.homes.get_mut(&me) else { return Err(CacheMiss::Home) };
        home.last_read = self.reads;
        if !home.to_merge.is_empty() {
            return Err(CacheMiss::Authors(home.to_merge.clone()));
        }
        HomeReader { me, home, tweets: &self.tweets, accounts: &self.accounts }.page(before, limit)
    }

    /// The newest page of this home in its encoding, if it is cached and up to date.
    pub(super) fn cached_page(&mut self, me: AccountId, limit: usize) -> Option<Bytes> {
        self.reads += 1;
        let home = self.homes.get_mut(&me)?;
        match home.page.as_mut()?.read(limit, &self.log) {
            Ok(encoded) => {
                if encoded.is_some() {
                    home.last_read = self.reads;
                }
                encoded
            }
            Err(_) => {
                home.page = None;
                None
            }
        }
    }

    /// Caches the newest page of this home in its encoding.
    pub(super) fn cache_page(&mut self, me: AccountId, page: CachedPage, bytes_max: usize) {
        if let Some(home) = self.homes.get_mut(&me) {
            home.page = Some(page);
        }
        self.count(me);
        self.evict(bytes_max, Some(me));
    }

    // What was read from the store.

    pub(super) fn insert_home(&mut self, me: AccountId, home: Home, bytes_max: usize) {
        self.drop_home(me);
        for author in &home.relationships.following {
            self.readers.entry(*author).or_default().insert(me);
        }
        self.homes.insert(me, home);
        self.count(me);
        self.evict(bytes_max, Some(me));
    }

    /// Caches a tweet with its author, and what this viewer did with it.
    pub(super) fn populate(&mut self, me: AccountId, record: &TweetRecord) {
        if let Some(home) = self.homes.get_mut(&me) {
            home.populate(record, self.newest);
        }
        if self.tweets.peek(&record.tweet.id).is_none() {
            self.tweets.insert(record.tweet.id, Some(CachedTweet::new(&record.tweet)));
        }
        if self.accounts.peek(&record.author.id).is_none() {
            self.accounts.insert(record.author.id, CachedAccount::new(record));
        }
    }

    /// The store no longer has this tweet.
    pub(super) fn set_deleted(&mut self, tweet: TweetId) {
        self.tweets.insert(tweet, None);
    }

    fn drop_home(&mut self, me: AccountId) {
        let Some(home) = self.homes.remove(&me) else { return };
        self.homes_bytes -= home.counted_bytes;
        for author in &home.relationships.following {
            self.remove_reader(*author, me);
        }
    }

    fn remove_reader(&mut self, author: AccountId, reader: AccountId) {
        if let Some(readers) = self.readers.get_mut(&author) {
            readers.remove(&reader);
            if readers.is_empty() {
                self.readers.remove(&author);
            }
        }
    }

    /// Counts the bytes of a home that may have grown.
    pub(super) fn count(&mut self, me: AccountId) {
        let Some(home) = self.homes.get_mut(&me) else { return };
        self.homes_bytes -= home.counted_bytes;
        home.counted_bytes = home.bytes();
        self.homes_bytes += home.counted_bytes;
    }

    /// Drops the homes that were not read for longest, but not `keep`, until the others fit into so many bytes.
    pub(super) fn evict(&mut self, bytes_max: usize, keep: Option<AccountId>) {
        if self.homes_bytes <= bytes_max {
            return;
        }
        let mut by_last_read: Vec<_> = self.homes.iter().map(|(id, home)| (home.last_read, *id)).collect();
        by_last_read.sort_unstable();
        // A little more than needed, so that it is not done for every read.
        for (_, id) in by_last_read.into_iter().filter(|(_, id)| Some(*id) != keep) {
            if self.homes_bytes <= bytes_max / 8 * 7 {
                return;
            }
            self.drop_home(id);
        }
    }

    // What was committed.

    /// Caches a new tweet if it is in a cached home.
    pub(super) fn cache_new_tweet(&mut self, tweet: &Tweet) {
        let author = tweet.author;
        if self.homes.contains_key(&author) || self.readers.contains_key(&author) {
            self.tweets.insert(tweet.id, Some(CachedTweet::new(tweet)));
        }
    }

    pub(super) fn apply(&mut self, event: EventKind) {
        for tweet in event.counted() {
            self.tweets.remove(&tweet);
        }
        match event {
            EventKind::TweetPosted { tweet, author, .. } => {
                self.newest = self.newest.max(tweet.get());
                self.apply_to_readers(author, event);
            }
            EventKind::TweetDeleted { tweet, author, .. } => {
                self.tweets.insert(tweet, None);
                self.apply_to_readers(author, event);
            }
            EventKind::TweetEdited { tweet, author } => {
                let known = self.tweets.remove(&tweet).and_then(|(_, cached)| cached);
                if known.is_some_and(|cached| cached.tweet.visibility.is_shareable()) {
                    // In other homes its mentions decide nothing.
                    self.apply_to_readers(author, event);
                } else {
                    // A reply to it may be in any home.
                    self.apply_to_all(event);
                }
            }
            EventKind::Followed { follower, followee } => {
                if self.apply_to(follower, event) {
                    self.readers.entry(followee).or_default().insert(follower);
                }
            }
            EventKind::Unfollowed { follower, followee } => {
                if self.apply_to(follower, event) {
                    self.remove_reader(followee, follower);
                }
            }
            EventKind::Blocked { blocker, blocked } => {
                self.apply_to(blocker, event);
                self.apply_to(blocked, event);
            }
            EventKind::Unblocked { blocker, blocked } => {
                self.drop_home(blocker);
                self.drop_home(blocked);
            }
            EventKind::Muted { muter, .. } | EventKind::Unmuted { muter, .. } => {
                self.apply_to(muter, event);
            }
            EventKind::ProfileEdited { account }
            | EventKind::AccountHidden { account }
            | EventKind::AccountShown { account } => {
                self.accounts.remove(&account);
            }
            EventKind::Liked { account, .. }
            | EventKind::Unliked { account, .. }
            | EventKind::Bookmarked { account, .. }
            | EventKind::Unbookmarked { account, .. } => {
                self.apply_to(account, event);
            }
            EventKind::Imported => self.clear(),
            EventKind::Created
            | EventKind::Notified { .. }
            | EventKind::UnreadChanged { .. }
            | EventKind::Announced { .. }
            | EventKind::AnnouncementRemoved { .. }
            | EventKind::AnnouncementDismissed { .. }
            | EventKind::MessageSent { .. }
            | EventKind::MessageChanged { .. }
            | EventKind::ConversationMarked { .. }
            | EventKind::SessionEnded { .. } => return,
        }
        self.log.push(event);
    }

    fn clear(&mut self) {
        self.homes.clear();
        self.homes_bytes = 0;
        self.readers.clear();
        self.tweets.clear();
        self.accounts.clear();
    }

    /// Updates the home of this account, if it is cached; whether it is.
    fn apply_to(&mut self, me: AccountId, event: EventKind) -> bool {
        let Some(home) = self.homes.get_mut(&me) else { return false };
        home.apply(me, event, self.newest);
        self.count(me);
        true
    }

    fn apply_to_all(&mut self, event: EventKind) {
        for (me, home) in &mut self.homes {
            home.apply(*me, event, self.newest);
        }
    }

    /// Updates the homes that have this author's tweets.
    fn apply_to_readers(&mut self, author: AccountId, event: EventKind) {
        self.apply_to(author, event);
        let Some(readers) = self.readers.get(&author) else { return };
        for reader in readers {
            if let Some(home) = self.homes.get_mut(reader) {
                home.apply(*reader, event, self.newest);
            }
        }
    }
}
