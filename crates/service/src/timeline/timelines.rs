//! Home timelines of a server: read from memory, filled from the store, updated by every commit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use model::{AccountId, Result, Span, TweetId};
use store::{LogBatch, Observer, Set, SharedStore, Timeline};

use super::cache::HomePage;
use super::home::Home;
use super::page::CacheMiss;
use super::page_cache::CachedPage;
use super::state::State;
use super::update;
use super::window::Window;

/// How often something may be read from the store before the page is left to the store: the home, accounts followed
/// since, tweets, their originals, and each again if it changes meanwhile.
const ATTEMPTS_MAX: usize = 8;

/// Bounds of the memory.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Tweets of one home timeline.
    pub window: usize,
    /// Bytes of all home timelines together.
    pub homes_bytes: usize,
    /// Bytes of tweets and authors.
    pub tweets_bytes: u64,
    /// Latest updates, which are applied to what is being read from the store. A read that takes longer starts again.
    pub recent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window: 800, homes_bytes: 64 << 20, tweets_bytes: 32 << 20, recent: 8_192 }
    }
}

/// The home timelines that are read now.
#[derive(Debug)]
pub struct Timelines {
    store: SharedStore,
    limits: Limits,
    state: Mutex<State>,
}

impl Timelines {
    /// An empty cache, which observes the commits of the store.
    ///
    /// # Errors
    /// Those of [`store::Store::last_event`].
    pub async fn start(store: SharedStore, limits: Limits) -> Result<Arc<Self>> {
        let timelines = Self { store, limits, state: Mutex::new(State::new(limits.tweets_bytes)) };
        let timelines = Arc::new(timelines);
        // Before the newest event is read: other servers commit at any time.
        timelines.store.log().observe(Arc::<Self>::downgrade(&timelines));
        let newest = timelines.store.last_event().await?.get();
        {
            let mut state = timelines.state();
            state.newest = state.newest.max(newest);
        }
        Ok(timelines)
    }

    /// Never held across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `take` makes of a page of this home timeline; `None` when the store has to assemble the page. The cache is
    /// locked meanwhile: `take` must be quick.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn home<T>(
        &self,
        me: AccountId,
        span: Span,
        limit: usize,
        take: impl Fn(&HomePage<'_>) -> T,
    ) -> Result<Option<T>> {
        let Some(before) = upper_bound(span) else { return Ok(None) };
        for _ in 0..ATTEMPTS_MAX {
            let miss = match self.state().page(me, before, limit) {
                Ok(page) => return Ok(Some(take(&page))),
                Err(miss) => miss,
            };
            match miss {
                CacheMiss::BelowWindow => return Ok(None),
                // What cannot be cached, because too much was committed meanwhile, is read again.
                CacheMiss::Home => drop(self.load_home(me).await?),
                CacheMiss::Authors(authors) => self.merge_authors(me, &authors).await?,
                CacheMiss::Tweets(ids) => drop(self.load_tweets(me, &ids).await?),
            }
        }
        Ok(None)
    }

    /// As [`Timelines::home`] without waiting: `None` also when something has to be read from the store first.
    pub fn home_now<T>(
        &self,
        me: AccountId,
        span: Span,
        limit: usize,
        take: impl FnOnce(&HomePage<'_>) -> T,
    ) -> Option<T> {
        let before = upper_bound(span)?;
        self.state().page(me, before, limit).ok().map(|page| take(&page))
    }

    /// As [`Timelines::home_now`] for the newest page in its encoding, which is cached: `encode` must always be the
    /// same function.
    pub fn newest_now(
        &self,
        me: AccountId,
        limit: usize,
        encode: impl FnOnce(&HomePage<'_>) -> Vec<u8>,
    ) -> Option<Bytes> {
        let mut state = self.state();
        if let Some(encoded) = state.cached_page(me, limit) {
            return Some(encoded);
        }
        let position = state.log.position();
        let page = state.page(me, u64::MAX, limit).ok()?;
        let encoded = Bytes::from(encode(&page));
        if let Some(cached) = CachedPage::new(limit, position, &page, encoded.clone()) {
            state.cache_page(me, cached, self.limits.homes_bytes);
        }
        Some(encoded)
    }

    /// Reads a home from the store and caches it; `false` when it changed too much meanwhile.
    async fn load_home(&self, me: AccountId) -> Result<bool> {
        let (position, newest) = {
            let state = self.state();
            (state.log.position(), state.newest)
        };
        let entries = self.store.timeline(&Timeline::Home(me), Span::Latest, self.limits.window).await?;
        let graph = self.store.social_graph(me).await?;
        let window = Window::new(entries.into_iter().map(|entry| entry.tweet).collect(), self.limits.window);
        let mut home = Home::new(window, graph, newest);
        let mut state = self.state();
        let Some(missed) = state.log.since(position) else { return Ok(false) };
        for event in missed {
            if update::ends_home(*event, me) {
                return Ok(false);
            }
            home.apply(me, *event, state.newest);
        }
        state.insert_home(me, home, self.limits.homes_bytes);
        Ok(true)
    }

    /// Reads the tweets of accounts that this account follows since its home was read.
    async fn merge_authors(&self, me: AccountId, authors: &[AccountId]) -> Result<()> {
        for &author in authors {
            let entries =
                self.store.timeline(&Timeline::User(author), Span::Latest, self.limits.window).await?;
            let mut state = self.state();
            let Some(home) = state.homes.get_mut(&me) else { return Ok(()) };
            // Newer tweets come by updates, and deleted ones are in the tweet cache as deleted.
            if home.relationships.following.contains(&author) {
                let newest_first: Vec<_> = entries.iter().map(|entry| entry.tweet).collect();
                home.merge(&newest_first);
            }
            home.to_merge.retain(|id| *id != author);
        }
        let mut state = self.state();
        state.count(me);
        state.evict(self.limits.homes_bytes, Some(me));
        Ok(())
    }

    /// Reads tweets for this viewer and caches them; `false` when too much was committed meanwhile.
    async fn load_tweets(&self, me: AccountId, ids: &[TweetId]) -> Result<bool> {
        let position = self.state().log.position();
        let records = self.store.tweets(me, ids).await?;
        let mut state = self.state();
        let Some(missed) = state.log.since(position) else { return Ok(false) };
        let missed: Vec<_> = missed.copied().collect();
        let mut deleted: Set<TweetId> = ids.iter().copied().collect();
        for record in &records {
            deleted.remove(&record.tweet.id);
            if !missed.iter().any(|event| update::outdates(*event, me, record)) {
                state.populate(me, record);
            }
        }
        for id in deleted {
            state.set_deleted(id);
        }
        state.count(me);
        state.evict(self.limits.homes_bytes, Some(me));
        Ok(true)
    }
}

/// The sort key that the page is below; `None` for a page above a cursor, which memory does not serve.
fn upper_bound(span: Span) -> Option<u64> {
    match span {
        Span::Latest => Some(u64::MAX),
        Span::Before(sort_key) => Some(sort_key),
        Span::After(_) => None,
    }
}

impl Observer for Timelines {
    fn committed(&self, batch: &LogBatch) {
        let mut state = self.state();
        for tweet in &batch.posted {
            state.cache_new_tweet(tweet);
        }
        for event in &batch.events {
            state.apply(event.kind);
        }
        state.log.truncate(self.limits.recent);
        state.evict(self.limits.homes_bytes, None);
    }
}
