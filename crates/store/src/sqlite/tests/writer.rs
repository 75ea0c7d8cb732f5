//! The writer: the size of the WAL, refusals of a long queue, and the limit of new accounts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::{AccountId, NewTweet, Visibility};
use rusqlite::Connection;

use super::over;
use crate::sqlite::{DATABASE, SqliteStore};
use crate::test_support::{TestClock, TestStore};
use crate::{Change, IdempotencyKey, Options, Store as _};

/// Indexing is requested after each of them, and must not keep the WAL from being checkpointed.
#[tokio::test]
async fn the_wal_stays_bounded_however_small_the_commits_are() {
    let made = TestStore::new();
    let database = made.database();
    let fixture = over(&made).without_log();
    let ada = fixture.account("ada").await;
    let mut wal = 0;
    for n in 0..6_000 {
        fixture.post(ada, &format!("{n} of many small ones #wal")).await;
        wal = wal.max(std::fs::metadata(database.with_extension("db-wal")).unwrap().len());
    }
    assert!(wal <= 72 << 20, "{} MiB", wal >> 20);
}

#[tokio::test]
async fn only_a_queue_that_is_both_long_and_slow_refuses_changes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(DATABASE);
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let options = Options { queue_wait: Some(Duration::from_millis(75)), batch_max: 1, ..Options::default() };
    let clock = Arc::new(crate::env::SystemClock);
    let store = SqliteStore::open(&path, &options, clock).unwrap();
    let announce = || store.apply(Change::Announce { text: "hello".into(), ends_ms: None }, None);
    let slow = |ms: u64| store.metrics.queue_wait_us.store(ms * 1_000, Ordering::Relaxed);

    slow(100);
    announce().await.unwrap();
    // Another connection locks the database: changes wait from now on.
    let held = Connection::open(&path).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting: Vec<_> = (0..3).map(|_| announce()).collect();
    let waiting = futures_util::future::join_all(waiting);
    tokio::pin!(waiting);
    slow(10);
    assert!(futures_util::FutureExt::now_or_never(&mut waiting).is_none(), "a long queue takes more");
    let taken = async {
        while store.metrics.queue_wait_us.load(Ordering::Relaxed) == 10_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taken).await.expect("the writer takes the first of them");
    slow(100);
    assert_eq!(announce().await.unwrap_err(), model::Error::Busy);
    held.execute_batch("COMMIT").unwrap();
    for applied in waiting.await {
        applied.unwrap();
    }
}

#[tokio::test]
async fn a_new_account_has_an_hourly_limit_and_a_retry_does_not_count() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let path = directory.path().join("data").join(DATABASE);
    let options = Options { new_account_posts: 2, ..Options::default() };
    let store = SqliteStore::open(&path, &options, clock.clone()).unwrap();
    let made = Change::CreateAccount {
        username: model::Username::parse("ada").unwrap(),
        display_name: model::DisplayName::default(),
        password: crate::PasswordHash { phc: "none".into(), legacy: None },
        role: model::Role::Member,
        invite: None,
        password_change_advised: false,
    };
    let author = AccountId::new(store.apply(made, None).await.unwrap().id).unwrap();
    let post = |key: u8| {
        let text = model::TweetText::parse("hello").unwrap();
        let tweet = NewTweet { text, visibility: Visibility::Public, reply_to: None, quote_of: None };
        let once = IdempotencyKey { account: author, key: vec![key], request_hash: [0; 32] };
        store.apply(Change::Post { author, tweet }, Some(once))
    };
    let minutes = |n: i64| clock.advance_ms(n * 60_000);
    post(1).await.unwrap();
    minutes(20);
    let second = post(2).await.unwrap();
    let Err(model::Error::RateLimited { retry_after, limit }) = post(3).await else {
        panic!("a third was taken")
    };
    assert_eq!(limit, "an account in its first day can post 2 tweets an hour");
    assert_eq!(retry_after.as_secs(), 40 * 60);
    assert_eq!(post(2).await.unwrap().id, second.id, "a retry returns the result of the first time");
    minutes(41);
    post(4).await.unwrap();
    minutes(24 * 60);
    for key in 5..10 {
        post(key).await.unwrap();
    }
}

#[tokio::test]
async fn a_new_account_writes_to_few_strangers_and_to_anyone_who_answers() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::new();
    let path = directory.path().join("data").join(DATABASE);
    let options = Options { new_account_posts: 2, ..Options::default() };
    let store = SqliteStore::open(&path, &options, clock.clone()).unwrap();
    let mut ids = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let made = store.apply(crate::test_support::account(name), None).await.unwrap();
        ids.push(AccountId::new(made.id).unwrap());
    }
    let [ada, bob, eve] = ids[..] else { panic!("three accounts") };
    let says = |author: AccountId, to: AccountId| {
        clock.advance_ms(1);
        let text = model::TweetText::parse("hello").unwrap();
        store.apply(Change::SendMessage { author, to, text }, None)
    };
    for n in 0..20 {
        says(ada, if n % 2 == 0 { bob } else { eve }).await.unwrap();
    }
    let refused = says(ada, bob).await;
    assert!(matches!(refused, Err(model::Error::RateLimited { .. })), "{refused:?}");
    says(bob, ada).await.unwrap();
    says(ada, bob).await.unwrap();
    assert!(says(ada, eve).await.is_err());
    store.apply(Change::Follow { follower: eve, followee: ada }, None).await.unwrap();
    says(ada, eve).await.unwrap();
    store.apply(Change::Unfollow { follower: eve, followee: ada }, None).await.unwrap();
    assert!(says(ada, eve).await.is_err());
    clock.advance_ms(61 * 60_000);
    says(ada, eve).await.unwrap();
}
