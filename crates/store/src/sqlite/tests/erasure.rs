//! Removal of the data of deleted accounts: complete, and in bounded steps.

use futures_util::future::join_all;
use model::AccountId;
use rusqlite::Connection;

use super::over;
use crate::conformance::StoreFixture;
use crate::sqlite::{SqliteStore, search_erasure};
use crate::test_support::{TestStore, text, tweet};
use crate::{Change, Engine as _, Store as _, Timeline};

const CANARY: &str = "zqcanaryzq";

/// Closes the store and returns how often its file contains this word. Closing moves everything into that file.
async fn occurrences_in_file(made: &TestStore, word: &str) -> usize {
    made.store.close().await;
    let bytes = std::fs::read(made.database()).unwrap();
    bytes.windows(word.len()).filter(|part| *part == word.as_bytes()).count()
}

/// Applies one step; `false` when the purge is complete.
async fn purge_step(fixture: &StoreFixture, account: AccountId, limit: usize) -> bool {
    fixture.apply(Change::PurgeAccount { account, limit }).await.changed
}

#[tokio::test]
async fn no_word_of_a_purged_account_is_left_in_the_file() {
    let made = TestStore::new();
    let fixture = over(&made);
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    for n in 0..20 {
        fixture.post(ada, &format!("{n} {CANARY} #{CANARY}")).await;
        let text = text(&format!("{n} {CANARY}"));
        fixture.apply(Change::SendMessage { author: ada, to: bob, text }).await;
    }
    fixture.timeline(Timeline::Search(CANARY.into())).await;
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while purge_step(&fixture, ada, 7).await {}
    assert_eq!(occurrences_in_file(&made, CANARY).await, 0);
}

/// The number of pages of the search index that contain these bytes.
fn index_pages_with(read: &Connection, bytes: &str) -> u32 {
    let sql = "SELECT count(*) FROM tweet_search_data WHERE instr(block, CAST(?1 AS BLOB)) > 0";
    read.query_row(sql, [bytes], |row| row.get(0)).unwrap()
}

/// Posts tweets of 40 different words each, and indexes them.
async fn fill_index(store: &SqliteStore, author: AccountId, tweets: std::ops::Range<usize>) {
    let posts = tweets.map(|n| {
        let words: Vec<_> = (0..40).map(|word| format!("{:05x}", n * 40 + word)).collect();
        store.apply(Change::Post { author, tweet: tweet(&words.join(" ")) }, None)
    });
    for posted in join_all(posts).await {
        posted.unwrap();
    }
    let found = store.timeline(&Timeline::Search("none".into()), model::Span::Latest, 1).await.unwrap();
    assert_eq!(found, []);
}

#[tokio::test]
async fn no_step_of_a_purge_rewrites_the_whole_search_index() {
    const LIMIT: u8 = 10;
    let made = TestStore::new();
    let fixture = over(&made).without_log();
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.post(ada, CANARY).await;
    fill_index(&made.store, bob, 0..2_000).await;
    let read = Connection::open(made.database()).unwrap();
    let pages: u64 = read
        .query_row("SELECT sum(length(block)) / 4096 FROM tweet_search_data", [], |row| row.get(0))
        .unwrap();
    drop(read);
    assert!(pages > 150, "an index that takes more than one step: {pages} pages");

    fixture.apply(Change::DeleteAccount { account: ada }).await;
    // No checkpoint restarts a WAL as small as this one, so its growth is what a transaction has written.
    let wal_pages = || std::fs::metadata(made.database().with_extension("db-wal")).unwrap().len() / 4_120;
    let (mut steps, mut largest, mut before) = (0, 0, wal_pages());
    while purge_step(&fixture, ada, LIMIT.into()).await {
        let after = wal_pages();
        largest = largest.max(after - before);
        (steps, before) = (steps + 1, after);
    }
    assert!(steps > pages / 100, "{steps} steps for {pages} pages");
    // A merge also deletes the pages that it has read, one or more for each one written.
    assert!(largest < 10 * u64::from(LIMIT), "a step has written {largest} of {pages} pages");
    assert_eq!(occurrences_in_file(&made, CANARY).await, 0);
}

/// A word that a merge of the index reaches early: it is between those of the first tweets of [`fill_index`].
const EARLY_CANARY: &str = "00xcanary";
/// The part of it that is stored: FTS5 omits what a word shares with the one before it.
const EARLY_CANARY_STORED: &str = "xcanary";

#[tokio::test]
async fn words_in_a_merge_that_is_already_in_progress_are_erased() {
    let made = TestStore::new();
    let fixture = over(&made).without_log();
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.post(ada, EARLY_CANARY).await;
    fill_index(&made.store, bob, 0..600).await;
    let other = Connection::open(made.database()).unwrap();
    other.execute("INSERT INTO tweet_search (tweet_search, rank) VALUES ('merge', -30)", []).unwrap();
    assert!(search_erasure::is_merging(&other, "tweet_search").unwrap());
    assert_eq!(index_pages_with(&other, EARLY_CANARY_STORED), 1);
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while purge_step(&fixture, ada, 20).await {}
    assert_eq!(index_pages_with(&other, EARLY_CANARY_STORED), 0);
    drop(other);
    assert_eq!(occurrences_in_file(&made, EARLY_CANARY_STORED).await, 0);
}

#[tokio::test]
async fn an_account_deleted_during_the_purge_of_another_is_erased_while_others_post() {
    let made = TestStore::new();
    let fixture = over(&made).without_log();
    let (ada, bob, cleo) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("cleo").await);
    fixture.post(ada, CANARY).await;
    fixture.post(bob, EARLY_CANARY).await;
    fill_index(&made.store, cleo, 0..600).await;
    let read = Connection::open(made.database()).unwrap();
    let is_rewriting = || {
        let rewriting =
            read.query_row("SELECT count(*) FROM search_erasure WHERE rewriting = 1", [], |row| row.get(0));
        rewriting.unwrap_or(0) == 1
    };
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while !is_rewriting() {
        assert!(purge_step(&fixture, ada, 3).await, "a merge of this size takes more than one step");
    }
    for _ in 0..8 {
        assert!(purge_step(&fixture, ada, 3).await);
    }
    // The merge for the first account has already copied the words of the second one.
    assert!(is_rewriting());
    assert_eq!(index_pages_with(&read, EARLY_CANARY_STORED), 1);
    fixture.apply(Change::DeleteAccount { account: bob }).await;
    let (mut steps, mut posted) = (0, 600);
    loop {
        let more = [purge_step(&fixture, bob, 3).await, purge_step(&fixture, ada, 3).await];
        if more == [false, false] {
            break;
        }
        steps += 1;
        if steps % 5 == 0 {
            fill_index(&made.store, cleo, posted..posted + 2).await;
            posted += 2;
        }
        assert!(steps < 5_000, "the purges come to an end");
    }
    assert_eq!(made.store.accounts_to_purge().await.unwrap(), []);
    drop(read);
    assert_eq!(occurrences_in_file(&made, CANARY).await, 0);
    assert_eq!(occurrences_in_file(&made, EARLY_CANARY_STORED).await, 0);
}
