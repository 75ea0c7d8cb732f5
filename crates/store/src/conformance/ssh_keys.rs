//! ssh keys and the sessions that begin with one.

use model::limits::{SESSIONS_MAX, SSH_KEYS_MAX, SSH_SESSIONS_MAX};
use model::{AccountId, Error, SshFingerprint, SshKeyId, SshKeyName};

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::{Change, EventKind};

fn add(account: AccountId, key: u8) -> Change {
    let name = SshKeyName::parse(&format!("key {key}")).unwrap();
    Change::AddSshKey { account, fingerprint: SshFingerprint([key; 32]), name }
}

async fn key(fixture: &StoreFixture, account: AccountId, key: u8) -> SshKeyId {
    SshKeyId::new(fixture.apply(add(account, key)).await.id).unwrap()
}

fn open(key: SshKeyId, token: u8) -> Change {
    Change::OpenSshSession { key, token_hash: [token; 32], client_name: "ssh".into() }
}

async fn is_open(fixture: &StoreFixture, token: u8) -> bool {
    fixture.store.session_by_token(&[token; 32]).await.unwrap().is_some()
}

pub(crate) async fn a_key_belongs_to_one_account(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let first = key(&fixture, ada, 1).await;
    let again = fixture.apply(add(ada, 1)).await;
    assert_eq!((again.id, again.changed), (first.get(), false));
    assert_eq!(fixture.refused(add(bob, 1)).await, Error::AlreadyExists("ssh key".into()));
    let second = key(&fixture, ada, 2).await;
    let keys = fixture.store.ssh_keys(ada).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!((keys[0].name.as_str(), keys[0].last_used_ms), ("key 1", 0));

    assert!(!fixture.apply(Change::RevokeSshKey { account: bob, key: first }).await.changed);
    assert!(fixture.apply(Change::RevokeSshKey { account: ada, key: first }).await.changed);
    assert_eq!(fixture.store.ssh_key_by_fingerprint(&SshFingerprint([1; 32])).await.unwrap(), None);
    key(&fixture, bob, 1).await;
}

pub(crate) async fn an_account_has_a_limited_number_of_keys(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let most = u8::try_from(SSH_KEYS_MAX).unwrap();
    for n in 1..=most {
        key(&fixture, ada, n).await;
    }
    let refused = fixture.refused(add(ada, most + 1)).await;
    assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "public_key"), "{refused}");
    assert!(!fixture.apply(add(ada, 1)).await.changed, "one of them may still be added again");
}

pub(crate) async fn a_session_by_ssh_ends_with_its_key(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let (one, other) = (key(&fixture, ada, 1).await, key(&fixture, ada, 2).await);
    fixture.apply(open(one, 1)).await;
    fixture.apply(open(one, 2)).await;
    fixture.apply(open(other, 3)).await;
    let used = fixture.store.ssh_keys(ada).await.unwrap();
    assert_eq!(used[1].last_used_ms, fixture.clock.now_ms());
    fixture.published_events().await;
    fixture.apply(Change::RevokeSshKey { account: ada, key: one }).await;
    assert!(!is_open(&fixture, 1).await && !is_open(&fixture, 2).await && is_open(&fixture, 3).await);
    let published = fixture.published_events().await;
    let ended = published.iter().filter(|event| matches!(event.kind, EventKind::SessionEnded { .. }));
    assert_eq!(ended.count(), 2, "connections of both sessions are notified");
    assert_eq!(fixture.refused(open(one, 4)).await, Error::not_found("ssh key"));
    fixture.apply(Change::SetSuspended { account: ada, suspended: true }).await;
    assert_eq!(fixture.refused(open(other, 4)).await, Error::not_found("account"));
}

pub(crate) async fn sessions_by_ssh_do_not_push_out_the_others(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let change = Change::OpenSession { account: ada, token_hash: [200; 32], client_name: "laptop".into() };
    fixture.apply(change).await;
    let one = key(&fixture, ada, 1).await;
    let most = u8::try_from(SSH_SESSIONS_MAX).unwrap();
    for token in 1..=most {
        fixture.apply(open(one, token)).await;
    }
    assert_eq!(fixture.refused(open(one, 100)).await, Error::too_many_ssh_sessions());
    for token in (1..=most).chain([200]) {
        assert!(is_open(&fixture, token).await, "{token} is in use");
    }
    // Nor do those of other devices push them out.
    for token in 0..u8::try_from(SESSIONS_MAX).unwrap() {
        let token_hash = [101 + token; 32];
        fixture.apply(Change::OpenSession { account: ada, token_hash, client_name: "phone".into() }).await;
    }
    assert_eq!(fixture.store.sessions(ada).await.unwrap().len(), SSH_SESSIONS_MAX + SESSIONS_MAX);
    assert!(is_open(&fixture, 1).await && !is_open(&fixture, 200).await);
    let ended = fixture.store.session_by_token(&[1; 32]).await.unwrap().unwrap().id;
    fixture.apply(Change::EndSession { account: ada, session: ended }).await;
    fixture.apply(open(one, 100)).await;
}

pub(crate) async fn sessions_by_ssh_of_earlier_processes_can_be_ended(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let change = Change::OpenSession { account: ada, token_hash: [200; 32], client_name: "laptop".into() };
    fixture.apply(change).await;
    let one = key(&fixture, ada, 1).await;
    fixture.apply(open(one, 1)).await;
    let end = || Change::EndSshSessions { other_processes: Vec::new() };
    assert!(!fixture.apply(end()).await.changed, "this process opened it");
    assert!(is_open(&fixture, 1).await);

    let fixture = fixture.restarted().await;
    fixture.apply(open(one, 2)).await;
    assert!(fixture.apply(end()).await.changed);
    assert!(is_open(&fixture, 200).await && !is_open(&fixture, 1).await && is_open(&fixture, 2).await);
    assert!(!fixture.apply(end()).await.changed);
}
