//! Read lines.

use model::limits::READ_LINES_MAX;
use model::{AccountId, SshFingerprint, SshKeyName, TimelineName, TweetId};

use super::world::World;
use crate::store::{Applied, Change};

fn name(text: &str) -> TimelineName {
    TimelineName::parse(text).unwrap()
}

async fn set(world: &World, account: AccountId, timeline: &str, tweet: TweetId) -> Applied {
    world.apply(Change::SetReadLine { account, timeline: name(timeline), tweet }).await
}

async fn lines(world: &World, account: AccountId) -> Vec<(String, TweetId)> {
    let lines = world.store.read_lines(account).await.unwrap();
    lines.into_iter().map(|line| (line.timeline.to_string(), line.tweet)).collect()
}

pub(crate) async fn a_read_line_only_moves_forward(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let (first, second) = (world.post(bob, "first").await, world.post(bob, "second").await);
    assert!(set(&world, ada, "home", second).await.changed);
    assert!(!set(&world, ada, "home", first).await.changed, "not back");
    assert!(!set(&world, ada, "home", second).await.changed, "it was so already");
    assert!(set(&world, ada, "#Rust", first).await.changed);
    assert_eq!(lines(&world, ada).await, [("#rust".to_owned(), first), ("home".to_owned(), second)]);
    assert!(lines(&world, bob).await.is_empty(), "it is one's own");

    // Past the newest tweet it would never move again.
    let future = TweetId::new(u64::MAX >> 1).unwrap();
    let moved = set(&world, ada, "home", future).await;
    assert!(moved.id < future.get());
    let third = world.post(bob, "third").await;
    assert!(set(&world, ada, "home", third).await.changed);
}

pub(crate) async fn the_line_that_was_moved_longest_ago_gives_way(world: World) {
    let ada = world.person("ada").await;
    let (first, second) = (world.post(ada, "first").await, world.post(ada, "second").await);
    set(&world, ada, "home", first).await;
    for n in 1..READ_LINES_MAX {
        set(&world, ada, &format!("#tag{n}"), first).await;
    }
    assert_eq!(lines(&world, ada).await.len(), READ_LINES_MAX);
    set(&world, ada, "home", second).await;
    set(&world, ada, "#more", first).await;
    let kept = lines(&world, ada).await;
    assert_eq!(kept.len(), READ_LINES_MAX);
    assert_eq!(kept[..2], [("#more".to_owned(), first), ("home".to_owned(), second)]);
    assert!(!kept.iter().any(|(timeline, _)| timeline == "#tag1"), "the one moved longest ago is gone");
}

pub(crate) async fn a_purge_takes_read_lines_and_keys_along(world: World) {
    let ada = world.person("ada").await;
    let tweet = world.post(ada, "hello").await;
    set(&world, ada, "home", tweet).await;
    let fingerprint = SshFingerprint([1; 32]);
    world.apply(Change::AddSshKey { account: ada, fingerprint, name: SshKeyName::default() }).await;
    world.apply(Change::DeleteAccount { account: ada }).await;
    while world.apply(Change::PurgeAccount { account: ada, limit: 1 }).await.changed {}
    assert!(lines(&world, ada).await.is_empty());
    assert!(world.store.ssh_keys(ada).await.unwrap().is_empty());
    assert_eq!(world.store.ssh_key_by_fingerprint(&fingerprint).await.unwrap(), None);
}
