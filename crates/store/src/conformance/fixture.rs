//! A store under test, with short methods for what the tests do most.

use std::any::Any;
use std::sync::{Arc, Weak};

use model::{AccountId, Error, EventId, NewTweet, Span, TweetId};
use tokio::sync::Mutex;

use crate::test_support::{TestClock, account, tweet};
use crate::{Change, ChangeResult, Event, EventReceiver, Observer, SharedStore, Timeline, TweetRecord};

/// A store under test.
pub(crate) struct StoreFixture {
    pub(crate) store: SharedStore,
    pub(crate) clock: Arc<TestClock>,
    /// The published events, and the newest one received.
    events: Mutex<(EventReceiver, EventId)>,
    observe: Box<dyn Fn(Weak<dyn Observer>)>,
    /// What has to live as long as the store.
    _guard: Box<dyn Any>,
}

impl StoreFixture {
    /// A fixture for a store. `observe` registers the observer of its commits.
    pub(crate) async fn new(
        store: SharedStore,
        observe: impl Fn(Weak<dyn Observer>) + 'static,
        clock: Arc<TestClock>,
        events: EventReceiver,
        guard: Box<dyn Any>,
    ) -> Self {
        let start = store.last_event().await.unwrap();
        Self { store, clock, events: Mutex::new((events, start)), observe: Box::new(observe), _guard: guard }
    }

    pub(crate) fn observe(&self, observer: Weak<dyn Observer>) {
        (self.observe)(observer);
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
        let all = self.store.notifications(account, Span::Latest, false, 100).await.unwrap();
        all.into_iter().map(|one| one.kind).collect()
    }

    /// The events published since the last call, up to the newest committed one.
    pub(crate) async fn published_events(&self) -> Vec<Event> {
        let last = self.store.last_event().await.unwrap();
        let mut events = self.events.lock().await;
        let (receiver, newest) = &mut *events;
        let mut published: Vec<Event> = Vec::new();
        while *newest < last {
            let batch = tokio::time::timeout(std::time::Duration::from_secs(10), receiver.recv());
            published.extend_from_slice(&batch.await.expect("the store publishes its commits").unwrap());
            *newest = published.last().map_or(last, |event| event.id);
        }
        published
    }
}
