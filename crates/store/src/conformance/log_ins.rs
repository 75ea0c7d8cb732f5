//! Credentials, and the sessions of an account.

use model::{AccountId, SessionId, SshFingerprint, SshKeyName};

use super::fixture::StoreFixture;
use crate::test_support::username;
use crate::{Change, EventKind, Expiry, PasswordHash};

async fn open_session(fixture: &StoreFixture, account: AccountId, token: u8) -> SessionId {
    let change = Change::OpenSession { account, token_hash: [token; 32], client_name: "test".into() };
    SessionId::new(fixture.apply(change).await.id).unwrap()
}

async fn sessions(fixture: &StoreFixture, account: AccountId) -> Vec<SessionId> {
    fixture.store.sessions(account).await.unwrap().into_iter().map(|session| session.id).collect()
}

async fn add_key(fixture: &StoreFixture, account: AccountId) {
    let fingerprint = SshFingerprint([1; 32]);
    fixture.apply(Change::AddSshKey { account, fingerprint, name: SshKeyName::default() }).await;
}

fn hash(phc: &str, legacy: Option<&str>) -> PasswordHash {
    PasswordHash { phc: phc.into(), legacy: legacy.map(str::to_owned) }
}

pub(crate) async fn a_log_in_is_verified_against_the_last_password(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    add_key(&fixture, ada).await;
    let here = open_session(&fixture, ada, 1).await;
    let stored = async || {
        let credentials = fixture.store.credentials(&username("ada")).await.unwrap().unwrap();
        let profile = fixture.store.account(ada).await.unwrap().unwrap();
        assert_eq!(credentials.account, ada);
        (credentials.password, profile.password_change_advised)
    };
    let set = |phc: &str, password_change_advised, keep| Change::SetPassword {
        account: ada,
        password: hash(phc, Some("$6$rounds=9$salt")),
        password_change_advised,
        keep,
    };
    fixture.apply(set("second", true, Some(here))).await;
    assert_eq!(stored().await, (hash("second", Some("$6$rounds=9$salt")), true));
    assert_eq!(sessions(&fixture, ada).await, [here]);
    assert_eq!(fixture.store.ssh_keys(ada).await.unwrap().len(), 1);

    // The same password in another form: the advice and the sessions stay.
    let rehash = Change::RehashPassword { account: ada, password: hash("rehashed", None) };
    assert!(fixture.apply(rehash).await.changed);
    assert_eq!(stored().await, (hash("rehashed", None), true));
    assert_eq!(sessions(&fixture, ada).await, [here]);

    fixture.apply(set("third", false, None)).await;
    assert!(!stored().await.1);
    assert_eq!(sessions(&fixture, ada).await, []);
    assert!(fixture.store.ssh_keys(ada).await.unwrap().is_empty(), "no one is signed in any more");
    assert!(fixture.store.credentials(&username("bob")).await.unwrap().is_none());
}

pub(crate) async fn sessions_are_listed_by_their_last_use(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let (first, second) = (open_session(&fixture, ada, 1).await, open_session(&fixture, ada, 2).await);
    assert_eq!(sessions(&fixture, ada).await, [second, first]);
    assert!(fixture.apply(Change::TouchSession { session: first }).await.changed);
    assert_eq!(sessions(&fixture, ada).await, [first, second]);
    let record = fixture.store.session_by_token(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((record.client_name.as_str(), record.by_ssh_key), ("test", false));
    assert!(record.last_used_ms > second.time_ms());
}

pub(crate) async fn all_sessions_are_ended_at_once_but_one(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let of_bob = open_session(&fixture, bob, 9).await;
    let mut opened = Vec::new();
    for token in 1..=3 {
        opened.push(open_session(&fixture, ada, token).await);
    }
    add_key(&fixture, ada).await;
    let ended = async || {
        let mut ended = Vec::new();
        for event in fixture.published_events().await {
            if let EventKind::SessionEnded { session, account } = event.kind {
                assert_eq!(account, ada);
                ended.push(session);
            }
        }
        ended.sort_unstable();
        ended
    };
    assert!(fixture.apply(Change::EndSessions { account: ada, except: Some(opened[1]) }).await.changed);
    assert_eq!(sessions(&fixture, ada).await, [opened[1]]);
    assert_eq!(fixture.store.ssh_keys(ada).await.unwrap().len(), 1);
    assert_eq!(ended().await, [opened[0], opened[2]]);
    assert!(!fixture.apply(Change::EndSessions { account: ada, except: Some(opened[1]) }).await.changed);

    assert!(fixture.apply(Change::EndSessions { account: ada, except: None }).await.changed);
    assert_eq!(sessions(&fixture, ada).await, []);
    assert_eq!(ended().await, [opened[1]]);
    assert!(fixture.store.ssh_keys(ada).await.unwrap().is_empty());
    assert_eq!(sessions(&fixture, bob).await, [of_bob]);
}

pub(crate) async fn sessions_expire_by_their_begin_and_by_their_last_use(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let old = open_session(&fixture, ada, 1).await;
    fixture.clock.advance_ms(10_000);
    let idle = open_session(&fixture, ada, 2).await;
    fixture.clock.advance_ms(10_000);
    let new = open_session(&fixture, ada, 3).await;
    fixture.apply(Change::TouchSession { session: old }).await;
    let expire = |sessions_idle_before_ms, sessions_begun_before_ms| {
        Change::Expire(Expiry { sessions_idle_before_ms, sessions_begun_before_ms, ..Expiry::default() })
    };
    assert!(!fixture.apply(expire(idle.time_ms(), old.time_ms())).await.changed);
    assert!(fixture.apply(expire(idle.time_ms() + 1, 0)).await.changed);
    assert_eq!(sessions(&fixture, ada).await, [old, new]);
    assert!(fixture.apply(expire(0, new.time_ms())).await.changed);
    assert_eq!(sessions(&fixture, ada).await, [new]);
}
