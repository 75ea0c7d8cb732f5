//! A store with people in it, in few words.

use std::any::Any;
use std::sync::Arc;

use model::{AccountId, Error, EventId, NewTweet, Span, TweetId};
use tokio::sync::Mutex;

use crate::EventReceiver;
use crate::test_support::{TestClock, account, tweet};
use crate::{Change, ChangeResult, Event, SharedStore, Timeline, TweetRecord};

/// A store under test.
pub(crate) struct StoreFixture {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<TestClock>,
    /// What is told, and the newest event of which it was.
    feed: Mutex<(EventReceiver, EventId)>,
    /// Whatever the store needs to stay.
    _kept: Box<dyn Any>,
}

impl StoreFixture {
    pub(crate) async fn over(
        store: SharedStore,
        clock: Arc<TestClock>,
        feed: EventReceiver,
        kept: Box<dyn Any>,
    ) -> Self {
        let start = store.last_event().await.unwrap();
        Self { store, clock, feed: Mutex::new((feed, start)), _kept: kept }
    }

    /// A change that must succeed. A millisecond passes.
    #[track_caller]
    pub(crate) fn apply(&self, change: Change) -> impl Future<Output = ChangeResult> {
        self.clock.advance_ms(1);
        let what = format!("{change:?}");
        async move { self.store.apply(change, None).await.unwrap_or_else(|error| panic!("{what}: {error:?}")) }
    }

    /// A change that must be refused.
    pub(crate) async fn refused(&self, change: Change) -> Error {
        self.clock.advance_ms(1);
        match self.store.apply(change.clone(), None).await {
            Ok(applied) => panic!("{change:?} was carried out: {applied:?}"),
            Err(error) => error,
        }
    }

    pub(crate) async fn person(&self, name: &str) -> AccountId {
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

    /// The newest of a timeline.
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

    /// A tweet as this person would see it.
    pub(crate) async fn see(&self, viewer: AccountId, tweet: TweetId) -> Option<TweetRecord> {
        self.store.tweets(viewer, &[tweet]).await.unwrap().pop()
    }

    pub(crate) async fn kinds_of_notifications(&self, account: AccountId) -> Vec<model::NotificationKind> {
        let all = self.store.notifications(account, Span::Latest, false, 100).await.unwrap();
        all.into_iter().map(|one| one.kind).collect()
    }

    /// What the store has told since the last time, until everything that was committed has been.
    pub(crate) async fn told(&self) -> Vec<Event> {
        let last = self.store.last_event().await.unwrap();
        let mut feed = self.feed.lock().await;
        let (feed, newest) = &mut *feed;
        let mut told: Vec<Event> = Vec::new();
        while *newest < last {
            let batch = tokio::time::timeout(std::time::Duration::from_secs(10), feed.recv());
            told.extend_from_slice(&batch.await.expect("the store tells of its commits").unwrap());
            *newest = told.last().map_or(last, |event| event.id);
        }
        told
    }
}
