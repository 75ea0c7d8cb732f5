//! Home timelines in memory: which tweets are in the home of whoever reads it now, and those tweets with their
//! authors, each read and encoded once. Kept live by every commit before it is acknowledged, so that who reads
//! after an answer sees what was answered.
//!
//! Never the truth. Whatever is not here is read from the store, and what is here can be dropped at any time.

mod cache;
mod home;
mod page;
mod page_cache;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{VecDeque, vec_deque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{AccountId, Result, Span, Tweet, TweetId};
use quick_cache::unsync::{Cache, DefaultLifecycle};

use self::cache::ByteWeighter;
pub use self::cache::{CachedAccount, CachedTweet};
use self::home::Home;
pub use self::page::{HomePage, HomeTweet};
use self::window::Window;
use store::RandomState;
use store::{Commit, EventKind, Observer, SharedStore, Timeline, Touched, TweetRecord};
use store::{Map, Set};

/// How much may be kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tweets in a window.
    pub window: usize,
    /// Bytes of all homes together.
    pub homes_bytes: usize,
    /// Bytes of tweets and authors.
    pub tweets_bytes: u64,
    /// What was committed last is kept for reads that have begun before it.
    pub recent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: 800, homes_bytes: 64 << 20, tweets_bytes: 32 << 20, recent: 8_192 }
    }
}

/// Something that was committed.
#[derive(Debug, Clone, Copy)]
enum CacheUpdate {
    Event(EventKind),
    Touched(Touched),
}

/// All homes that are read now.
#[derive(Debug)]
pub struct Timelines {
    store: SharedStore,
    limits: Limits,
    state: Mutex<State>,
}

type Tweets = Cache<TweetId, Option<Box<CachedTweet>>, ByteWeighter, RandomState>;
type Accounts = Cache<AccountId, Box<CachedAccount>, ByteWeighter, RandomState>;

#[derive(Debug)]
struct State {
    homes: Map<AccountId, Home>,
    homes_bytes: usize,
    /// Whose home an author's tweets are in, beside their own.
    readers: Map<AccountId, Set<AccountId>>,
    /// `None`: deleted, and so for ever.
    tweets: Tweets,
    accounts: Accounts,
    recent: VecDeque<CacheUpdate>,
    /// Notes that there ever were.
    position: u64,
    /// The newest tweet.
    newest: u64,
    /// Reads that there ever were.
    reads: u64,
}

impl Timelines {
    /// Nothing is kept yet. From now on it has to be told of every commit.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(store: SharedStore, limits: Limits) -> Result<Arc<Self>> {
        let newest = store.last_event().await?.get();
        let state = State {
            homes: Map::default(),
            homes_bytes: 0,
            readers: Map::default(),
            tweets: cache(limits.tweets_bytes / 8 * 7),
            accounts: cache(limits.tweets_bytes / 8),
            recent: VecDeque::new(),
            position: 0,
            newest,
            reads: 0,
        };
        Ok(Arc::new(Self { store, limits, state: Mutex::new(state) }))
    }

    /// Never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a home from the store and keeps it; `false` when too much happened meanwhile.
    async fn build(&self, me: AccountId) -> Result<bool> {
        let (position, newest) = {
            let state = self.state();
            (state.position, state.newest)
        };
        let entries = self.store.timeline(&Timeline::Home(me), Span::Latest, self.limits.window).await?;
        let relationships = self.store.social_graph(me).await?;
        let window = Window::new(entries.into_iter().map(|entry| entry.tweet).collect(), self.limits.window);
        let mut home = Home::new(window, relationships, newest);
        let mut state = self.state();
        let Some(missed) = state.since(position) else { return Ok(false) };
        for note in missed {
            if matches!(note, CacheUpdate::Touched(Touched::Everything)) || ends_home(note, me) {
                return Ok(false);
            }
            home.take(me, note);
        }
        state.put(me, home);
        state.count(me, self.limits.homes_bytes);
        Ok(true)
    }

    /// Reads what somebody wrote whom this account has begun to follow.
    async fn merge(&self, me: AccountId, authors: &[AccountId]) -> Result<()> {
        for &author in authors {
            let entries =
                self.store.timeline(&Timeline::User(author), Span::Latest, self.limits.window).await?;
            let mut state = self.state();
            let Some(home) = state.homes.get_mut(&me) else { return Ok(()) };
            // What they write from now on comes by itself, and what they deleted is known to be gone.
            if home.following.contains(&author) {
                let newest_first: Vec<_> = entries.iter().map(|entry| entry.tweet).collect();
                home.merge(&newest_first);
            }
            home.to_merge.retain(|id| *id != author);
        }
        self.state().count(me, self.limits.homes_bytes);
        Ok(())
    }

    /// Reads tweets with their authors and with what this viewer did with them.
    async fn load(&self, me: AccountId, ids: &[TweetId]) -> Result<bool> {
        let position = self.state().position;
        let records = self.store.tweets(me, ids).await?;
        let mut state = self.state();
        let Some(missed) = state.since(position) else { return Ok(false) };
        let missed: Vec<_> = missed.collect();
        let mut gone: Set<TweetId> = ids.iter().copied().collect();
        for record in &records {
            gone.remove(&record.tweet.id);
            if !missed.iter().any(|note| concerns(*note, me, record)) {
                state.learn(me, record);
            }
        }
        for id in gone {
            state.tweets.insert(id, None);
        }
        state.count(me, self.limits.homes_bytes);
        Ok(true)
    }
}

fn cache<K: Eq + std::hash::Hash, V>(bytes: u64) -> Cache<K, V, ByteWeighter, RandomState>
where
    ByteWeighter: quick_cache::Weighter<K, V>,
{
    let items = usize::try_from(bytes / 512).unwrap_or(usize::MAX);
    Cache::with(items, bytes, ByteWeighter, RandomState::default(), DefaultLifecycle::default())
}

/// What `recent`, which goes up to `now`, has after this position; `None` when not all of it is known any more.
fn missed(
    recent: &VecDeque<CacheUpdate>,
    now: u64,
    position: u64,
) -> Option<vec_deque::Iter<'_, CacheUpdate>> {
    let missed = usize::try_from(now - position).ok()?;
    let start = recent.len().checked_sub(missed)?;
    Some(recent.range(start..))
}

/// What cannot be followed in memory: the home is read again.
fn ends_home(note: CacheUpdate, me: AccountId) -> bool {
    match note {
        // One of them may still block the other.
        CacheUpdate::Event(EventKind::Unblocked { blocker, blocked }) => blocker == me || blocked == me,
        _ => false,
    }
}

/// Whether what was read may be older than this.
fn concerns(note: CacheUpdate, me: AccountId, record: &TweetRecord) -> bool {
    let id = record.tweet.id;
    match note {
        CacheUpdate::Event(EventKind::TweetEdited { tweet, .. } | EventKind::TweetDeleted { tweet, .. }) => {
            tweet == id
        }
        CacheUpdate::Event(
            EventKind::ProfileEdited { account }
            | EventKind::AccountHidden { account }
            | EventKind::AccountShown { account },
        ) => account == record.author.id,
        CacheUpdate::Touched(Touched::Tweet(tweet)) => tweet == id,
        CacheUpdate::Touched(Touched::ViewerFlags { account, tweet }) => account == me && tweet == id,
        CacheUpdate::Touched(Touched::Everything) => true,
        CacheUpdate::Event(_) => false,
    }
}

impl State {
    /// What was committed after this position; `None` when not all of it is known any more.
    fn since(&self, position: u64) -> Option<impl Iterator<Item = CacheUpdate> + use<>> {
        let missed = missed(&self.recent, self.position, position)?;
        Some(missed.copied().collect::<Vec<_>>().into_iter())
    }

    fn put(&mut self, me: AccountId, home: Home) {
        self.drop_home(me);
        for author in &home.following {
            self.readers.entry(*author).or_default().insert(me);
        }
        self.homes.insert(me, home);
    }

    fn drop_home(&mut self, me: AccountId) {
        let Some(home) = self.homes.remove(&me) else { return };
        self.homes_bytes -= home.counted;
        for author in &home.following {
            self.stop_reading(*author, me);
        }
    }

    fn stop_reading(&mut self, author: AccountId, me: AccountId) {
        if let Some(readers) = self.readers.get_mut(&author) {
            readers.remove(&me);
            if readers.is_empty() {
                self.readers.remove(&author);
            }
        }
    }

    /// Counts a home that has grown; drops the homes that were not read for longest until the rest fits.
    fn count(&mut self, me: AccountId, bytes_max: usize) {
        let Some(home) = self.homes.get_mut(&me) else { return };
        self.homes_bytes -= home.counted;
        home.counted = home.bytes();
        self.homes_bytes += home.counted;
        if self.homes_bytes <= bytes_max {
            return;
        }
        let mut by_use: Vec<_> = self.homes.iter().map(|(id, home)| (home.used, *id)).collect();
        by_use.sort_unstable();
        // A little more than needed, so that it is not done for every read.
        for (_, id) in by_use.into_iter().filter(|(_, id)| *id != me) {
            if self.homes_bytes <= bytes_max / 8 * 7 {
                return;
            }
            self.drop_home(id);
        }
    }

    fn learn(&mut self, me: AccountId, record: &TweetRecord) {
        let newest = self.newest;
        if let Some(home) = self.homes.get_mut(&me) {
            home.learn(record, newest);
        }
        if self.tweets.peek(&record.tweet.id).is_none() {
            self.tweets.insert(record.tweet.id, Some(CachedTweet::new(&record.tweet)));
        }
        if self.accounts.peek(&record.author.id).is_none() {
            self.accounts.insert(record.author.id, CachedAccount::new(record));
        }
    }

    /// Keeps a new tweet that somebody is going to read.
    fn expect(&mut self, tweet: &Tweet) {
        let author = tweet.author;
        if self.homes.contains_key(&author) || self.readers.contains_key(&author) {
            self.tweets.insert(tweet.id, Some(CachedTweet::new(tweet)));
        }
    }

    fn take(&mut self, note: CacheUpdate) {
        match note {
            CacheUpdate::Event(EventKind::TweetPosted { tweet, author }) => {
                self.newest = self.newest.max(tweet.get());
                self.tell_readers(author, note);
            }
            CacheUpdate::Event(EventKind::TweetDeleted { tweet, author }) => {
                self.tweets.insert(tweet, None);
                self.tell_readers(author, note);
            }
            CacheUpdate::Event(EventKind::TweetEdited { tweet, .. }) => {
                self.tweets.remove(&tweet);
                // It may be in anybody's home as the original of a retweet.
                for (me, home) in &mut self.homes {
                    home.take(*me, note);
                }
            }
            CacheUpdate::Event(EventKind::Followed { follower, followee }) => {
                if self.tell(follower, note) {
                    self.readers.entry(followee).or_default().insert(follower);
                }
            }
            CacheUpdate::Event(EventKind::Unfollowed { follower, followee }) => {
                if self.tell(follower, note) {
                    self.stop_reading(followee, follower);
                }
            }
            CacheUpdate::Event(EventKind::Blocked { blocker, blocked }) => {
                self.tell(blocker, note);
                self.tell(blocked, note);
            }
            CacheUpdate::Event(EventKind::Unblocked { blocker, blocked }) => {
                self.drop_home(blocker);
                self.drop_home(blocked);
            }
            CacheUpdate::Event(EventKind::Muted { muter, .. } | EventKind::Unmuted { muter, .. }) => {
                self.tell(muter, note);
            }
            CacheUpdate::Event(
                EventKind::ProfileEdited { account }
                | EventKind::AccountHidden { account }
                | EventKind::AccountShown { account },
            ) => {
                self.accounts.remove(&account);
            }
            CacheUpdate::Event(_) => return,
            CacheUpdate::Touched(Touched::Tweet(tweet)) => {
                self.tweets.remove(&tweet);
            }
            CacheUpdate::Touched(Touched::ViewerFlags { account, .. }) => {
                self.tell(account, note);
            }
            CacheUpdate::Touched(Touched::Everything) => {
                self.homes.clear();
                self.homes_bytes = 0;
                self.readers.clear();
                self.tweets.clear();
                self.accounts.clear();
            }
        }
        self.recent.push_back(note);
        self.position += 1;
    }

    /// Whether this account's home is here.
    fn tell(&mut self, me: AccountId, note: CacheUpdate) -> bool {
        let Some(home) = self.homes.get_mut(&me) else { return false };
        home.take(me, note);
        true
    }

    fn tell_readers(&mut self, author: AccountId, note: CacheUpdate) {
        self.tell(author, note);
        let Some(readers) = self.readers.get(&author) else { return };
        for reader in readers {
            if let Some(home) = self.homes.get_mut(reader) {
                home.take(*reader, note);
            }
        }
    }
}

impl Observer for Timelines {
    fn committed(&self, commit: Commit<'_>) {
        let mut state = self.state();
        for tweet in commit.posted {
            state.expect(tweet);
        }
        for event in commit.events {
            state.take(CacheUpdate::Event(event.kind));
        }
        for touched in commit.touched {
            state.take(CacheUpdate::Touched(*touched));
        }
        let over = state.recent.len().saturating_sub(self.limits.recent);
        state.recent.drain(..over);
    }
}
