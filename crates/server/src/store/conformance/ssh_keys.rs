//! ssh keys and the sessions that begin with one.

use model::limits::{SESSIONS_MAX, SSH_KEYS_MAX, SSH_SESSIONS_MAX};
use model::{AccountId, Error, SshFingerprint, SshKeyId, SshKeyName};

use super::world::World;
use crate::seam::Clock as _;
use crate::store::{Change, EventKind};

fn add(account: AccountId, key: u8) -> Change {
    let name = SshKeyName::parse(&format!("key {key}")).unwrap();
    Change::AddSshKey { account, fingerprint: SshFingerprint([key; 32]), name }
}

async fn key(world: &World, account: AccountId, key: u8) -> SshKeyId {
    SshKeyId::new(world.apply(add(account, key)).await.id).unwrap()
}

fn open(key: SshKeyId, token: u8) -> Change {
    Change::OpenSshSession { key, token_hash: [token; 32], client_name: "ssh".into() }
}

async fn is_open(world: &World, token: u8) -> bool {
    world.store.session_by_token(&[token; 32]).await.unwrap().is_some()
}

pub(crate) async fn a_key_belongs_to_one_account(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let first = key(&world, ada, 1).await;
    let again = world.apply(add(ada, 1)).await;
    assert_eq!((again.id, again.changed), (first.get(), false));
    assert_eq!(world.refused(add(bob, 1)).await, Error::AlreadyExists("ssh key".into()));
    let second = key(&world, ada, 2).await;
    let keys = world.store.ssh_keys(ada).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!((keys[0].name.as_str(), keys[0].last_used_ms), ("key 1", 0));

    assert!(!world.apply(Change::RevokeSshKey { account: bob, key: first }).await.changed);
    assert!(world.apply(Change::RevokeSshKey { account: ada, key: first }).await.changed);
    assert_eq!(world.store.ssh_key_by_fingerprint(&SshFingerprint([1; 32])).await.unwrap(), None);
    key(&world, bob, 1).await;
}

pub(crate) async fn an_account_has_a_limited_number_of_keys(world: World) {
    let ada = world.person("ada").await;
    let most = u8::try_from(SSH_KEYS_MAX).unwrap();
    for n in 1..=most {
        key(&world, ada, n).await;
    }
    let refused = world.refused(add(ada, most + 1)).await;
    assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "public_key"), "{refused}");
    assert!(!world.apply(add(ada, 1)).await.changed, "one of them may still be added again");
}

pub(crate) async fn a_session_by_ssh_ends_with_its_key(world: World) {
    let ada = world.person("ada").await;
    let (one, other) = (key(&world, ada, 1).await, key(&world, ada, 2).await);
    world.apply(open(one, 1)).await;
    world.apply(open(one, 2)).await;
    world.apply(open(other, 3)).await;
    let used = world.store.ssh_keys(ada).await.unwrap();
    assert_eq!(used[1].last_used_ms, world.clock.now_ms());
    world.told().await;
    world.apply(Change::RevokeSshKey { account: ada, key: one }).await;
    assert!(!is_open(&world, 1).await && !is_open(&world, 2).await && is_open(&world, 3).await);
    let told = world.told().await;
    let ended = told.iter().filter(|event| matches!(event.kind, EventKind::SessionEnded { .. }));
    assert_eq!(ended.count(), 2, "whoever is connected with them is told");
    assert_eq!(world.refused(open(one, 4)).await, Error::not_found("ssh key"));
    world.apply(Change::SetSuspended { account: ada, suspended: true }).await;
    assert_eq!(world.refused(open(other, 4)).await, Error::not_found("account"));
}

pub(crate) async fn sessions_by_ssh_do_not_push_out_the_others(world: World) {
    let ada = world.person("ada").await;
    let change = Change::OpenSession { account: ada, token_hash: [200; 32], client_name: "laptop".into() };
    world.apply(change).await;
    let one = key(&world, ada, 1).await;
    for token in 1..=u8::try_from(SESSIONS_MAX * 2).unwrap() {
        world.apply(open(one, token)).await;
    }
    assert!(is_open(&world, 200).await);
    assert_eq!(world.store.sessions(ada).await.unwrap().len(), SSH_SESSIONS_MAX + 1);
}

pub(crate) async fn sessions_by_ssh_can_be_ended_all_at_once(world: World) {
    let ada = world.person("ada").await;
    let change = Change::OpenSession { account: ada, token_hash: [200; 32], client_name: "laptop".into() };
    world.apply(change).await;
    let one = key(&world, ada, 1).await;
    world.apply(open(one, 1)).await;
    assert!(world.apply(Change::EndSshSessions).await.changed);
    assert!(is_open(&world, 200).await && !is_open(&world, 1).await);
    assert!(!world.apply(Change::EndSshSessions).await.changed);
}
