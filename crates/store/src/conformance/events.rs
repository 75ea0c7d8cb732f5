//! Events of commits, and imports, which have none for clients.

use model::{DisplayName, TweetId};

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::test_support::{password, tweet, username};
use crate::{Change, EventKind, EventLog, EventScope, Expiry, Origin, Timeline};

pub(crate) async fn every_commit_is_published_once_and_in_order(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(bob, ada).await;
    let mut posted = Vec::new();
    for n in 0..20 {
        posted.push(fixture.post(ada, &format!("tweet {n}")).await);
    }
    fixture.apply(Change::DeleteTweet { author: ada, tweet: posted[3] }).await;
    let published = fixture.published_events().await;
    assert!(published.windows(2).all(|pair| pair[0].id < pair[1].id), "in order");
    let tweets: Vec<TweetId> = published
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::TweetPosted { tweet, author, .. } if author == ada => Some(tweet),
            _ => None,
        })
        .collect();
    assert_eq!(tweets, posted);
    assert!(published.iter().any(|event| event.kind == EventKind::Followed { follower: bob, followee: ada }));
    let gone = EventKind::TweetDeleted { tweet: posted[3], author: ada, reply_to: None, original: None };
    assert_eq!(published.iter().filter(|event| event.kind == gone).count(), 1);
}

pub(crate) async fn the_log_has_the_published_events_until_they_expire(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let start = fixture.store.last_event().await.unwrap();
    let _ = fixture.published_events().await;
    for n in 0..10 {
        fixture.post(ada, &format!("tweet {n}")).await;
    }
    let published = fixture.published_events().await;
    let end = fixture.store.last_event().await.unwrap();
    let log = |after, until, limit| fixture.store.events(after, until, EventScope::Clients, limit);
    assert_eq!(log(start, end, 100).await.unwrap(), EventLog::Complete(published.clone()));
    assert_eq!(log(start, end, 3).await.unwrap(), EventLog::Complete(published[..3].to_vec()));
    assert_eq!(
        log(published[4].id, published[6].id, 100).await.unwrap(),
        EventLog::Complete(published[5..=6].to_vec())
    );
    assert_eq!(log(end, end, 100).await.unwrap(), EventLog::Complete(vec![]));

    fixture.clock.advance_ms(1_000);
    fixture
        .apply(Change::Expire(Expiry { events_before_ms: fixture.clock.now_ms(), ..Expiry::default() }))
        .await;
    assert_eq!(log(start, end, 100).await.unwrap(), EventLog::Pruned);
    assert!(fixture.store.last_event().await.unwrap() >= end, "the head does not go back");
}

pub(crate) async fn an_import_has_no_events_for_clients_and_happens_once(fixture: StoreFixture) {
    let origin = |key: &str| Origin { source: "test".into(), key: key.into() };
    let created_ms = 1_500_000_000_000;
    let import = Change::ImportAccount {
        origin: origin("user/1"),
        username: username("old"),
        display_name: DisplayName::parse("Old").unwrap(),
        password: password(),
        created_ms,
    };
    let account = fixture.apply(import.clone()).await;
    let again = fixture.apply(import).await;
    assert_eq!((again.id, again.changed), (account.id, false));
    let old = model::AccountId::new(account.id).unwrap();
    let write = |key: &str| Change::ImportTweet {
        origin: origin(key),
        author: old,
        tweet: tweet("from another time #then"),
        created_ms,
    };
    let first = fixture.apply(write("tweet/1")).await;
    let second = fixture.apply(write("tweet/2")).await;
    assert_ne!(first.id, second.id, "two of the same millisecond are two");
    assert_eq!(fixture.apply(write("tweet/1")).await.id, first.id);
    assert_eq!(model::time_of_id(first.id), created_ms);
    let own = fixture.timeline(Timeline::User(old)).await;
    assert_eq!(own.iter().map(|id| id.get()).collect::<Vec<_>>(), [second.id, first.id]);
    let profile = fixture.store.account(old).await.unwrap().unwrap();
    assert_eq!((profile.tweets, profile.created_ms), (2, created_ms));
    // Clients are not notified of an import.
    let kinds: Vec<_> = fixture.published_events().await.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Imported; 3], "one for each commit that imported something");
    assert!(EventKind::Imported.is_effect());
}

pub(crate) async fn events_for_caches_are_kept_for_a_shorter_time(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let tweet = fixture.post(ada, "liked").await;
    let start = fixture.store.last_event().await.unwrap();
    let like = |liked| Change::SetLike { account: bob, tweet, liked };
    let expire = |effects_before_ms| Change::Expire(Expiry { effects_before_ms, ..Expiry::default() });
    let read = async |after, scope| {
        let until = fixture.store.last_event().await.unwrap();
        match fixture.store.events(after, until, scope, 100).await.unwrap() {
            EventLog::Complete(events) => {
                Some(events.into_iter().map(|event| event.kind).collect::<Vec<_>>())
            }
            EventLog::Pruned => None,
        }
    };
    let (liked, unliked) =
        (EventKind::Liked { account: bob, tweet }, EventKind::Unliked { account: bob, tweet });
    fixture.apply(like(true)).await;
    fixture.post(ada, "meanwhile").await;
    let middle = fixture.store.last_event().await.unwrap();
    fixture.apply(like(false)).await;
    let for_clients = read(start, EventScope::Clients).await.unwrap();
    assert!(for_clients.iter().all(|kind| !kind.is_effect()), "{for_clients:?}");
    let all = read(start, EventScope::Caches).await.unwrap();
    assert!(all.contains(&liked) && all.contains(&unliked), "{all:?}");

    fixture.apply(expire(middle.time_ms())).await;
    assert_eq!(read(start, EventScope::Caches).await, None, "not complete for caches");
    let rest = read(middle, EventScope::Caches).await.unwrap();
    assert!(rest.contains(&unliked) && !rest.contains(&liked), "{rest:?}");
    // Nothing is pruned twice, and an earlier time gives nothing back.
    fixture.apply(expire(0)).await;
    assert_eq!(read(start, EventScope::Caches).await, None);
    assert_eq!(read(start, EventScope::Clients).await.unwrap(), for_clients);

    fixture.clock.advance_ms(1_000);
    fixture.apply(expire(fixture.clock.now_ms())).await;
    assert_eq!(read(middle, EventScope::Caches).await, None);
    assert_eq!(read(start, EventScope::Clients).await.unwrap(), for_clients, "clients miss nothing");
    let newest = fixture.store.last_event().await.unwrap();
    assert_eq!(read(newest, EventScope::Caches).await, Some(vec![]), "who is up to date misses nothing");
}

pub(crate) async fn an_imported_follow_is_counted_and_notifies_no_one(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let posted = fixture.post(bob, "hello").await;
    let import = Change::ImportFollow { follower: ada, followee: bob };
    assert!(fixture.apply(import.clone()).await.changed);
    assert!(!fixture.apply(import).await.changed);
    let profile = fixture.store.account(bob).await.unwrap().unwrap();
    assert_eq!((profile.followers, fixture.home(ada).await), (1, vec![posted]));
    assert!(fixture.kinds_of_notifications(bob).await.is_empty());
}
