//! What a restart of the server keeps: everything that was acknowledged.

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::test_support::{account, tweet};
use crate::{Change, EventLog, EventScope, Expiry, IdempotencyKey, Timeline};

pub(crate) async fn acknowledged_changes_are_there_after_a_restart(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let start = fixture.store.last_event().await.unwrap();
    let stays = fixture.post(ada, "this stays").await;
    let published = fixture.published_events().await;
    let end = fixture.store.last_event().await.unwrap();
    // Set back far: identifiers continue from the newest one, not from the clock.
    fixture.clock.advance_ms(-1_000_000);

    let fixture = fixture.restarted().await;
    assert_eq!(fixture.timeline(Timeline::User(ada)).await, [stays]);
    assert_eq!(fixture.timeline(Timeline::Search("stays".into())).await, [stays]);
    assert_eq!(fixture.store.last_event().await.unwrap(), end);
    assert_eq!(fixture.store.log().subscribe().position, end, "the log goes on");
    let statistics = fixture.store.statistics().await.unwrap();
    assert_eq!((statistics.accounts, statistics.tweets, statistics.commits), (1, 1, 0));
    let later = fixture.post(ada, "and goes on").await;
    assert!(later > stays && later.get() > end.get());
    let log = fixture.store.events(start, end, EventScope::Caches, 100).await.unwrap();
    assert_eq!(log, EventLog::Complete(published[published.len() - 1..].to_vec()));
}

pub(crate) async fn a_key_is_known_until_it_expires_whatever_restarts(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let post = |fixture: &StoreFixture, request| {
        let key = IdempotencyKey { account: ada, key: b"key".to_vec(), request_hash: [request; 32] };
        let store = fixture.store.clone();
        async move { store.apply(Change::Post { author: ada, tweet: tweet("once") }, Some(key)).await }
    };
    let first = post(&fixture, 1).await.unwrap();
    let fixture = fixture.restarted().await;
    assert_eq!(post(&fixture, 1).await.unwrap(), first);
    assert_eq!(post(&fixture, 2).await, Err(model::Error::IdempotencyConflict));

    let expire = |keys_before_ms| Change::Expire(Expiry { keys_before_ms, ..Expiry::default() });
    let made_ms = model::time_of_id(first.id);
    assert!(!fixture.apply(expire(made_ms)).await.changed);
    assert_eq!(post(&fixture, 1).await.unwrap(), first);
    assert!(fixture.apply(expire(fixture.clock.now_ms())).await.changed);
    assert_ne!(post(&fixture, 2).await.unwrap().id, first.id, "it can be used for another request");
}

pub(crate) async fn the_log_is_never_empty(fixture: StoreFixture) {
    let created = fixture.store.last_event().await.unwrap();
    fixture.apply(account("ada")).await;
    let expire = Change::Expire(Expiry {
        events_before_ms: fixture.clock.now_ms() + 1_000,
        effects_before_ms: fixture.clock.now_ms() + 1_000,
        ..Expiry::default()
    });
    fixture.apply(expire).await;
    let last = fixture.store.last_event().await.unwrap();
    assert!(last >= created);
    let log = fixture.store.events(last, last, EventScope::Clients, 9).await.unwrap();
    assert_eq!(log, EventLog::Complete(vec![]));
    assert_eq!(fixture.restarted().await.store.last_event().await.unwrap(), last);
}
