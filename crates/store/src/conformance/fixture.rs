//! A store under test, with short methods for what the tests do most.

use std::sync::{Arc, Weak};

use futures_util::future::LocalBoxFuture;
use model::{AccountId, Error, NewTweet, Span, TweetId};
use tokio::sync::Mutex;

use crate::test_support::{TestClock, account, tweet};
use crate::{
    Change, ChangeResult, Engine, Event, LogSubscription, NotificationFilter, Observer, Timeline, TweetRecord,
};

/// Closes a store that nothing else uses any more, and opens it again as another process does.
pub(crate) type Reopen = Box<dyn FnOnce() -> LocalBoxFuture<'static, StoreFixture>>;

/// A store under test.
pub(crate) struct StoreFixture {
    pub(crate) store: Arc<dyn Engine>,
    pub(crate) clock: Arc<TestClock>,
    /// The published batches; its position is the newest event received.
    log: Mutex<LogSubscription>,
    /// Owns what has to live as long as the store.
    reopen: Reopen,
}

impl StoreFixture {
    /// A fixture for a store.
    pub(crate) fn new(store: Arc<dyn Engine>, clock: Arc<TestClock>, reopen: Reopen) -> Self {
        let log = Mutex::new(store.log().subscribe());
        Self { store, clock, log, reopen }
    }

    /// The same store after a restart of the server.
    pub(crate) async fn restarted(self) -> Self {
        let Self { store, log, reopen, .. } = self;
        drop((store, log));
        reopen().await
    }

    /// The fixture for many commits: batches that no one receives would block the writer.
    pub(crate) fn without_log(mut self) -> Self {
        self.log.get_mut().batches.close();
        self
    }

    pub(crate) fn observe(&self, observer: Weak<dyn Observer>) {
        self.store.log().observe(observer);
    }

    /// Applies a change that must succeed, a millisecond later.
    #[track_caller]
    pub(crate) fn apply(&self, change: Change) -> impl Future<Output = ChangeResult> {
        self.clock.advance_ms(1);
        let what = format!("{change:?}");
        async move { self.store.apply(change, None).await.unwrap_or_else(|error| panic!("{what}: {error:?}")) }
    }

    /// Applies a change that must be refused, a millisecond later.
    pub(crate) async fn refused(&self, change: Change) -> Error {
        self.clock.advance_ms(1);
        match self.store.apply(change.clone(), None).await {
            Ok(applied) => panic!("{change:?} was applied: {applied:?}"),
            Err(error) => error,
        }
    }

    pub(crate) async fn account(&self, name: &str) -> AccountId {
        AccountId::new(self.apply(account(name)).await.id).unwrap()
    }

    pub(crate) async fn post(&self, author: AccountId, text: &str) -> TweetId {
        self.write(author, tweet(text)).await
    }

    pub(crate) async fn write(&self, author: AccountId, tweet: NewTweet) -> TweetId {
        TweetId::new(self.apply(Change::Post { author, tweet }).await.id).unwrap()
    }

    pub(crate) async fn follow(&self, follower: AccountId, followee: AccountId) {
        self.apply(Change::Follow { follower, followee }).await;
    }

    pub(crate) async fn block(&self, blocker: AccountId, blocked: AccountId) {
        self.apply(Change::Block { blocker, blocked }).await;
    }

    /// The newest tweets of a timeline.
    pub(crate) async fn timeline(&self, timeline: Timeline) -> Vec<TweetId> {
        self.part(timeline, Span::Latest, 100).await
    }

    pub(crate) async fn part(&self, timeline: Timeline, span: Span, limit: usize) -> Vec<TweetId> {
        let entries = self.store.timeline(&timeline, span, limit).await.unwrap();
        entries.into_iter().map(|entry| entry.tweet).collect()
    }

    pub(crate) async fn home(&self, account: AccountId) -> Vec<TweetId> {
        self.timeline(Timeline::Home(account)).await
    }

    /// A tweet as this account would see it.
    pub(crate) async fn see(&self, viewer: AccountId, tweet: TweetId) -> Option<TweetRecord> {
        self.store.tweets(viewer, &[tweet]).await.unwrap().pop()
    }

    pub(crate) async fn kinds_of_notifications(&self, account: AccountId) -> Vec<model::NotificationKind> {
        let all = self
            .store
            .notifications(account, Span::Latest, &NotificationFilter::default(), 100)
            .await
            .unwrap();
        all.into_iter().map(|one| one.kind).collect()
    }

    /// The events published since the last call, up to the newest committed one.
    pub(crate) async fn published_events(&self) -> Vec<Event> {
        let last = self.store.last_event().await.unwrap();
        let mut log = self.log.lock().await;
        let mut published: Vec<Event> = Vec::new();
        while log.position < last {
            let batch = tokio::time::timeout(std::time::Duration::from_secs(10), log.batches.recv());
            let batch = batch.await.expect("the store publishes its commits").unwrap();
            published.extend_from_slice(&batch.events);
            log.position = batch.last;
        }
        published
    }
}
