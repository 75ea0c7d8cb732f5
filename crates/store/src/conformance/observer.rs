//! What the observer of a store is notified of, and the order of changes.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::future::join_all;
use model::{NewTweet, Tweet, TweetId, Visibility};

use super::fixture::StoreFixture;
use crate::test_support::{account, text, tweet};
use crate::{Change, Event, EventKind, EventLog, EventScope, LogBatch, Observer, Origin};

/// An observer that keeps what it was notified of.
#[derive(Debug, Default)]
struct Recorder(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    events: Vec<Event>,
    posted: Vec<Tweet>,
}

impl Recorded {
    fn kinds(&self) -> Vec<EventKind> {
        self.events.iter().map(|event| event.kind).collect()
    }
}

impl Observer for Recorder {
    fn committed(&self, batch: &LogBatch) {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.events.extend_from_slice(&batch.events);
        recorded.posted.extend_from_slice(&batch.posted);
    }
}

impl Recorder {
    fn observing(fixture: &StoreFixture) -> Arc<Self> {
        let recorder = Arc::new(Self::default());
        let observer: Weak<Self> = Arc::downgrade(&recorder);
        fixture.observe(observer);
        recorder
    }

    /// What was recorded since the last call.
    fn take(&self) -> Recorded {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) async fn a_commit_is_observed_before_it_is_acknowledged(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let _ = fixture.published_events().await;
    let recorder = Recorder::observing(&fixture);
    let mut observed = Vec::new();
    for n in 0..20 {
        let id = fixture.post(ada, &format!("tweet {n}")).await;
        let commit = recorder.take();
        assert_eq!(commit.posted.iter().map(|tweet| tweet.id).collect::<Vec<_>>(), [id]);
        observed.extend(commit.events);
    }
    assert_eq!(observed, fixture.published_events().await);
}

pub(crate) async fn events_name_all_that_a_change_outdates(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let recorder = Recorder::observing(&fixture);
    let original = fixture.post(ada, "original").await;
    let [posted] = &recorder.take().posted[..] else { panic!("one tweet") };
    assert_eq!((posted.id, posted.author, posted.text.as_str()), (original, ada, "original"));

    let new = NewTweet { reply_to: Some(original), visibility: Visibility::Unlisted, ..tweet("reply") };
    let reply = fixture.write(bob, new).await;
    let commit = recorder.take();
    let [posted] = &commit.posted[..] else { panic!("one tweet") };
    assert_eq!((posted.reply_to, posted.visibility), (Some(original), Visibility::Unlisted));
    let replied =
        EventKind::TweetPosted { tweet: reply, author: bob, reply_to: Some(original), original: None };
    assert!(commit.kinds().contains(&replied), "{commit:?}");
    assert_eq!((replied.counted().collect::<Vec<_>>(), replied.flagged()), (vec![original], None));

    let quote = fixture.write(bob, NewTweet { quote_of: Some(original), ..tweet("quote") }).await;
    let retweet = fixture.apply(Change::Retweet { account: bob, tweet: original }).await;
    let retweet = TweetId::new(retweet.id).unwrap();
    let commit = recorder.take();
    let originals: Vec<_> = commit.posted.iter().map(|tweet| (tweet.id, tweet.retweet_of)).collect();
    assert_eq!(originals, [(quote, None), (retweet, Some(original))]);
    for tweet in [quote, retweet] {
        let posted = EventKind::TweetPosted { tweet, author: bob, reply_to: None, original: Some(original) };
        assert!(commit.kinds().contains(&posted), "{commit:?}");
        assert_eq!(posted.flagged(), Some((bob, original)));
    }

    for (liked, expected) in [
        (true, EventKind::Liked { account: bob, tweet: original }),
        (false, EventKind::Unliked { account: bob, tweet: original }),
    ] {
        for is_new in [true, false] {
            fixture.apply(Change::SetLike { account: bob, tweet: original, liked }).await;
            let kinds = recorder.take().kinds();
            assert_eq!(kinds.contains(&expected), is_new, "liked: {liked}, {kinds:?}");
        }
        assert_eq!(expected.counted().collect::<Vec<_>>(), [original]);
    }
    for (bookmarked, expected) in [
        (true, EventKind::Bookmarked { account: bob, tweet: original }),
        (false, EventKind::Unbookmarked { account: bob, tweet: original }),
    ] {
        fixture.apply(Change::SetBookmark { account: bob, tweet: original, bookmarked }).await;
        fixture.apply(Change::SetBookmark { account: bob, tweet: original, bookmarked }).await;
        assert_eq!(recorder.take().kinds(), [expected]);
        assert_eq!((expected.counted().count(), expected.flagged()), (0, Some((bob, original))));
    }

    fixture.apply(Change::EditTweet { author: ada, tweet: original, text: text("edited") }).await;
    let commit = recorder.take();
    assert_eq!(commit.posted, []);
    assert_eq!(commit.kinds(), [EventKind::TweetEdited { tweet: original, author: ada }]);

    fixture.apply(Change::UndoRetweet { account: bob, tweet: original }).await;
    fixture.apply(Change::DeleteTweet { author: bob, tweet: quote }).await;
    let kinds = recorder.take().kinds();
    for tweet in [retweet, quote] {
        let deleted =
            EventKind::TweetDeleted { tweet, author: bob, reply_to: None, original: Some(original) };
        assert!(kinds.contains(&deleted), "{kinds:?}");
    }
    fixture.apply(Change::DeleteTweet { author: bob, tweet: reply }).await;
    let deleted =
        EventKind::TweetDeleted { tweet: reply, author: bob, reply_to: Some(original), original: None };
    let unread = EventKind::UnreadChanged { recipient: ada };
    assert_eq!(recorder.take().kinds(), [unread, deleted]);

    fixture.apply(Change::SetLike { account: bob, tweet: original, liked: true }).await;
    fixture.apply(Change::DeleteAccount { account: bob }).await;
    let _ = recorder.take();
    while fixture.apply(Change::PurgeAccount { account: bob, limit: 100 }).await.changed {}
    let kinds = recorder.take().kinds();
    assert!(kinds.contains(&EventKind::Unliked { account: bob, tweet: original }), "{kinds:?}");

    let import = |key: &str| Change::ImportTweet {
        origin: Origin { source: "test".into(), key: key.into() },
        author: ada,
        tweet: tweet("old"),
        created_ms: 1_500_000_000_000,
    };
    for (key, expected) in [("tweet/1", vec![EventKind::Imported]), ("tweet/1", vec![])] {
        fixture.apply(import(key)).await;
        let commit = recorder.take();
        assert_eq!((commit.kinds(), commit.posted), (expected, vec![]));
    }
}

pub(crate) async fn a_refused_change_is_not_observed(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let gone = fixture.post(ada, "gone").await;
    fixture.apply(Change::DeleteTweet { author: ada, tweet: gone }).await;
    let invited = match account("cleo") {
        Change::CreateAccount { username, display_name, password, role, password_change_advised, .. } => {
            let invite = Some([7; 32]);
            Change::CreateAccount { username, display_name, password, role, invite, password_change_advised }
        }
        other => other,
    };
    let recorder = Recorder::observing(&fixture);
    // Requested together, they share a transaction.
    let store = &fixture.store;
    let reply = NewTweet { reply_to: Some(gone), ..tweet("refused") };
    let (first, refused, uninvited, second) = tokio::join!(
        store.apply(Change::Post { author: bob, tweet: tweet("one") }, None),
        store.apply(Change::Post { author: bob, tweet: reply }, None),
        store.apply(invited, None),
        store.apply(Change::Post { author: bob, tweet: tweet("two") }, None),
    );
    assert_eq!(refused, Err(model::Error::not_found("tweet")));
    assert!(matches!(uninvited, Err(model::Error::Invalid { field, .. }) if field == "invite_code"));
    let commit = recorder.take();
    let posted: Vec<_> = commit.posted.iter().map(|tweet| tweet.id.get()).collect();
    assert_eq!(posted, [first.unwrap().id, second.unwrap().id]);
    assert_eq!(commit.events.len(), 2);
}

pub(crate) async fn every_observer_is_notified_while_it_lives(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let (first, second) = (Recorder::observing(&fixture), Recorder::observing(&fixture));
    fixture.post(ada, "observed by both").await;
    assert_eq!((first.take().posted.len(), second.take().posted.len()), (1, 1));
    drop(first);
    fixture.post(ada, "observed by one").await;
    assert_eq!(second.take().posted.len(), 1);
}

pub(crate) async fn a_subscription_begins_after_its_position(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let log = fixture.store.log();
    let mut early = log.subscribe();
    assert_eq!(early.position, fixture.store.last_event().await.unwrap());
    fixture.post(ada, "one").await;
    let mut late = log.subscribe();
    assert!(late.position > early.position);
    drop(log.subscribe());
    fixture.post(ada, "two").await;
    let (first, second) = (early.batches.recv().await.unwrap(), early.batches.recv().await.unwrap());
    assert_eq!(first.last, late.position);
    assert_eq!(late.batches.recv().await.unwrap(), second);
    assert_eq!(second.last, fixture.store.last_event().await.unwrap());
    assert_eq!(second.posted.iter().map(|tweet| &*tweet.text).collect::<Vec<_>>(), ["two"]);
    // What is not in the subscription is in the store.
    let earlier = fixture.store.events(early.position, late.position, EventScope::Caches, 9).await.unwrap();
    assert_eq!(earlier, EventLog::Complete(first.events.clone()));
}

pub(crate) async fn concurrent_changes_are_applied_in_the_order_of_their_first_poll(fixture: StoreFixture) {
    let accounts = (0..3).map(|n| fixture.store.apply(account(&format!("user{n}")), None));
    let authors: Vec<_> = join_all(accounts)
        .await
        .into_iter()
        .map(|made| model::AccountId::new(made.unwrap().id).unwrap())
        .collect();
    let posts = (0..300).map(|n| {
        let change = Change::Post { author: authors[n % 3], tweet: tweet(&n.to_string()) };
        fixture.store.apply(change, None)
    });
    let ids: Vec<_> = join_all(posts).await.into_iter().map(|posted| posted.unwrap().id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    let newest: Vec<_> = fixture.timeline(crate::Timeline::Local).await.iter().map(|id| id.get()).collect();
    assert_eq!(newest, ids.iter().rev().take(100).copied().collect::<Vec<_>>());
}
