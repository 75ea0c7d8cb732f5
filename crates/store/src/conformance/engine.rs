//! The contract of [`Engine`](crate::Engine).

use futures_util::future::join_all;
use model::Error;

use super::fixture::StoreFixture;
use crate::test_support::tweet;
use crate::{Change, Timeline};

pub(crate) async fn a_store_is_closed_with_all_that_it_took(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let mut log = fixture.store.log().subscribe();
    let post = |n: usize| Change::Post { author: ada, tweet: tweet(&n.to_string()) };
    // They are queued before the store is closed.
    let posts = join_all((0..50).map(|n| fixture.store.apply(post(n), None)));
    let (posted, ()) = tokio::join!(posts, fixture.store.close());
    let mut ids: Vec<_> = posted.into_iter().map(|posted| posted.unwrap().id).collect();
    assert_eq!(fixture.store.apply(post(50), None).await, Err(Error::GoingAway));
    let mut received = 0;
    while let Some(batch) = log.batches.recv().await {
        received += batch.posted.len();
    }
    assert_eq!(received, 50, "a subscription ends with the last commit");

    let fixture = fixture.restarted().await;
    ids.reverse();
    let stored = fixture.timeline(Timeline::User(ada)).await;
    assert_eq!(stored.iter().map(|id| id.get()).collect::<Vec<_>>(), ids);
}

pub(crate) async fn a_secret_is_the_first_that_was_given(fixture: StoreFixture) {
    let secret = async |fixture: &StoreFixture, name: &str, new: &[u8]| {
        fixture.store.secret(name, new.to_vec()).await.unwrap()
    };
    assert_eq!(secret(&fixture, "one", b"first").await, b"first");
    assert_eq!(secret(&fixture, "one", b"second").await, b"first");
    assert_eq!(secret(&fixture, "other", b"third").await, b"third");
    let fixture = fixture.restarted().await;
    assert_eq!(secret(&fixture, "one", b"fourth").await, b"first");
}
