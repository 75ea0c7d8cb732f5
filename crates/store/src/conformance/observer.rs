//! What the observer of a store is notified of, and the order of changes.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures_util::future::join_all;
use model::{NewTweet, Tweet, TweetId, Visibility};

use super::fixture::StoreFixture;
use crate::test_support::{account, text, tweet};
use crate::{Change, Commit, Event, EventKind, Observer, Origin, Touched};

/// An observer that keeps what it was notified of.
#[derive(Debug, Default)]
struct Recorder(Mutex<Recorded>);

#[derive(Debug, Default)]
struct Recorded {
    events: Vec<Event>,
    posted: Vec<Tweet>,
    touched: Vec<Touched>,
}

impl Observer for Recorder {
    fn committed(&self, commit: Commit<'_>) {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.events.extend_from_slice(commit.events);
        recorded.posted.extend_from_slice(commit.posted);
        recorded.touched.extend_from_slice(commit.touched);
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

pub(crate) async fn observed_effects_are_those_of_the_changes(fixture: StoreFixture) {
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
    assert_eq!(commit.touched, [Touched::Tweet(original)]);
    assert!(commit.events.iter().any(|e| e.kind == EventKind::TweetPosted { tweet: reply, author: bob }));

    let retweet = fixture.apply(Change::Retweet { account: bob, tweet: original }).await;
    let commit = recorder.take();
    let [posted] = &commit.posted[..] else { panic!("one tweet") };
    assert_eq!((TweetId::new(retweet.id), posted.retweet_of), (Some(posted.id), Some(original)));
    let flags = Touched::ViewerFlags { account: bob, tweet: original };
    assert_eq!(commit.touched, [Touched::Tweet(original), flags]);

    for liked in [true, false] {
        fixture.apply(Change::SetLike { account: bob, tweet: original, liked }).await;
        assert_eq!(recorder.take().touched, [Touched::Tweet(original), flags], "liked: {liked}");
    }
    fixture.apply(Change::SetBookmark { account: bob, tweet: original, bookmarked: true }).await;
    let commit = recorder.take();
    assert_eq!((commit.touched, commit.events), (vec![flags], vec![]));

    fixture.apply(Change::EditTweet { author: ada, tweet: original, text: text("edited") }).await;
    let commit = recorder.take();
    assert_eq!(commit.posted, []);
    let edited = EventKind::TweetEdited { tweet: original, author: ada };
    assert_eq!(commit.events.iter().map(|event| event.kind).collect::<Vec<_>>(), [edited]);

    fixture.apply(Change::DeleteTweet { author: bob, tweet: reply }).await;
    let commit = recorder.take();
    let deleted = EventKind::TweetDeleted { tweet: reply, author: bob };
    let unread = EventKind::UnreadChanged { recipient: ada };
    assert_eq!(commit.events.iter().map(|event| event.kind).collect::<Vec<_>>(), [unread, deleted]);
    assert!(commit.touched.contains(&Touched::Tweet(original)), "its count of replies has changed");

    let origin = Origin { source: "test".into(), key: "tweet/1".into() };
    let import =
        Change::ImportTweet { origin, author: ada, tweet: tweet("old"), created_ms: 1_500_000_000_000 };
    fixture.apply(import).await;
    let commit = recorder.take();
    assert_eq!((commit.touched, commit.events, commit.posted), (vec![Touched::Everything], vec![], vec![]));
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
    assert_eq!((commit.events.len(), commit.touched), (2, vec![]));
}

pub(crate) async fn only_the_first_observer_is_notified_while_it_lives(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let (first, second) = (Recorder::observing(&fixture), Recorder::observing(&fixture));
    fixture.post(ada, "observed").await;
    assert_eq!(first.take().posted.len(), 1);
    drop(first);
    fixture.post(ada, "not observed").await;
    assert_eq!(second.take().posted, []);
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
