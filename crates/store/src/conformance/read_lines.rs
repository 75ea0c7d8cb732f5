//! Read lines.

use model::limits::READ_LINES_MAX;
use model::{AccountId, SshFingerprint, SshKeyName, TimelineName, TweetId};

use super::fixture::StoreFixture;
use crate::{Change, ChangeResult};

fn name(text: &str) -> TimelineName {
    TimelineName::parse(text).unwrap()
}

async fn set(fixture: &StoreFixture, account: AccountId, timeline: &str, tweet: TweetId) -> ChangeResult {
    fixture.apply(Change::SetReadLine { account, timeline: name(timeline), tweet }).await
}

async fn lines(fixture: &StoreFixture, account: AccountId) -> Vec<(String, TweetId)> {
    let lines = fixture.store.read_lines(account).await.unwrap();
    lines.into_iter().map(|line| (line.timeline.to_string(), line.tweet)).collect()
}

pub(crate) async fn a_read_line_only_moves_forward(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let (first, second) = (fixture.post(bob, "first").await, fixture.post(bob, "second").await);
    assert!(set(&fixture, ada, "home", second).await.changed);
    assert!(!set(&fixture, ada, "home", first).await.changed, "not back");
    assert!(!set(&fixture, ada, "home", second).await.changed, "it was so already");
    assert!(set(&fixture, ada, "#Rust", first).await.changed);
    assert_eq!(lines(&fixture, ada).await, [("#rust".to_owned(), first), ("home".to_owned(), second)]);
    assert!(lines(&fixture, bob).await.is_empty(), "it is one's own");

    // Past the newest tweet it would never move again.
    let future = TweetId::new(u64::MAX >> 1).unwrap();
    let moved = set(&fixture, ada, "home", future).await;
    assert!(moved.id < future.get());
    let third = fixture.post(bob, "third").await;
    assert!(set(&fixture, ada, "home", third).await.changed);
}

pub(crate) async fn the_least_recently_moved_line_is_removed_when_there_are_too_many(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let (first, second) = (fixture.post(ada, "first").await, fixture.post(ada, "second").await);
    set(&fixture, ada, "home", first).await;
    for n in 1..READ_LINES_MAX {
        set(&fixture, ada, &format!("#tag{n}"), first).await;
    }
    assert_eq!(lines(&fixture, ada).await.len(), READ_LINES_MAX);
    set(&fixture, ada, "home", second).await;
    set(&fixture, ada, "#more", first).await;
    let kept = lines(&fixture, ada).await;
    assert_eq!(kept.len(), READ_LINES_MAX);
    assert_eq!(kept[..2], [("#more".to_owned(), first), ("home".to_owned(), second)]);
    assert!(!kept.iter().any(|(timeline, _)| timeline == "#tag1"), "the one moved longest ago is gone");
}

pub(crate) async fn a_purge_removes_read_lines_and_keys(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let tweet = fixture.post(ada, "hello").await;
    set(&fixture, ada, "home", tweet).await;
    let fingerprint = SshFingerprint([1; 32]);
    fixture.apply(Change::AddSshKey { account: ada, fingerprint, name: SshKeyName::default() }).await;
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while fixture.apply(Change::PurgeAccount { account: ada, limit: 1 }).await.changed {}
    assert!(lines(&fixture, ada).await.is_empty());
    assert!(fixture.store.ssh_keys(ada).await.unwrap().is_empty());
    assert_eq!(fixture.store.ssh_key_by_fingerprint(&fingerprint).await.unwrap(), None);
}
