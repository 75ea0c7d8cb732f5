//! What operators and admins do: lists of accounts, suspension, roles, invites.

use model::limits::INVITES_LISTED_MAX;
use model::{AccountId, AccountState, Cursor, Page, Profile, Role, SessionId};

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::test_support::{account, username};
use crate::{AccountList, Change, EventKind, Expiry, InviteRecord, ProfileFilter, Timeline};

async fn open_session(fixture: &StoreFixture, account: AccountId, token: u8) -> SessionId {
    let change = Change::OpenSession { account, token_hash: [token; 32], client_name: "test".into() };
    SessionId::new(fixture.apply(change).await.id).unwrap()
}

fn usernames(page: &Page<Profile>) -> Vec<&str> {
    page.items.iter().map(|profile| profile.account.username.as_str()).collect()
}

pub(crate) async fn profiles_are_listed_by_username(fixture: StoreFixture) {
    let mut made = Vec::new();
    for name in ["bea", "ada", "anna", "bob", "gone"] {
        made.push(fixture.account(name).await);
    }
    let [_, ada, anna, _, gone] = made[..] else { panic!("five accounts") };
    fixture.apply(Change::SetSuspended { account: ada, suspended: true }).await;
    fixture.apply(Change::SetRole { account: anna, role: Role::Admin }).await;
    fixture.apply(Change::DeleteAccount { account: gone }).await;
    let page = async |filter: &ProfileFilter, after: Option<&str>, limit| {
        let after = after.map(username);
        fixture.store.profiles(filter, after.as_ref(), limit).await.unwrap()
    };
    let all = ProfileFilter::default();
    let first = page(&all, None, 2).await;
    assert_eq!(usernames(&first), ["ada", "anna"]);
    assert_eq!(first.next, Some(Cursor::Username(username("anna"))));
    assert_eq!((first.items[0].state, first.items[0].role), (AccountState::Suspended, Role::Member));
    assert_eq!((first.items[1].state, first.items[1].role), (AccountState::Active, Role::Admin));
    let second = page(&all, Some("anna"), 2).await;
    assert_eq!((usernames(&second), second.next.clone()), (vec!["bea", "bob"], None));

    let beginning = ProfileFilter { query: "b".into(), ..all.clone() };
    assert_eq!(usernames(&page(&beginning, None, 9).await), ["bea", "bob"]);
    assert_eq!(usernames(&page(&beginning, Some("bea"), 9).await), ["bob"]);
    let suspended = ProfileFilter { suspended_only: true, ..all.clone() };
    assert_eq!(usernames(&page(&suspended, None, 9).await), ["ada"]);
    let admins = ProfileFilter { admins_only: true, ..all };
    assert_eq!(usernames(&page(&admins, None, 9).await), ["anna"]);
}

pub(crate) async fn a_suspended_account_is_hidden_until_the_suspension_ends(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(ada, bob).await;
    fixture.follow(bob, ada).await;
    let tweet = fixture.post(bob, "hello").await;
    open_session(&fixture, ada, 1).await;
    fixture.published_events().await;

    let suspend = |suspended| Change::SetSuspended { account: ada, suspended };
    assert!(fixture.apply(suspend(true)).await.changed);
    assert!(!fixture.apply(suspend(true)).await.changed);
    let kinds: Vec<_> = fixture.published_events().await.into_iter().map(|event| event.kind).collect();
    assert!(
        matches!(kinds[..], [EventKind::AccountHidden { account }, EventKind::SessionEnded { .. }]
        if account == ada),
        "the reason comes first: {kinds:?}"
    );
    assert!(fixture.store.session_by_token(&[1; 32]).await.unwrap().is_none());
    let credentials = fixture.store.credentials(&username("ada")).await.unwrap().unwrap();
    assert_eq!((credentials.account, credentials.state), (ada, AccountState::Suspended));
    let profile = fixture.store.account_by_username(&username("ada")).await.unwrap().unwrap();
    assert_eq!(profile.state, AccountState::Suspended);
    let counts = async |account| {
        let profile = fixture.store.account(account).await.unwrap().unwrap();
        let listed = fixture.store.account_counts(&[account]).await.unwrap()[0].followers;
        (profile.followers, profile.following, listed)
    };
    assert_eq!(counts(bob).await, (0, 0, 0), "who cannot be seen is not counted");
    let people = AccountList::People.into();
    assert_eq!(fixture.store.count_accounts(bob, &people).await.unwrap(), 1);
    assert!(fixture.store.search_people(bob, "ada", 9).await.unwrap().is_empty());
    assert_eq!(fixture.kinds_of_notifications(bob).await, []);
    assert_eq!(fixture.store.unread_notifications(bob).await.unwrap(), 0);
    fixture.post(bob, "@ada").await;
    for change in [
        Change::OpenSession { account: ada, token_hash: [2; 32], client_name: "test".into() },
        Change::Retweet { account: ada, tweet },
        Change::Follow { follower: bob, followee: ada },
    ] {
        assert_eq!(fixture.refused(change).await, model::Error::not_found("account"));
    }

    assert!(fixture.apply(suspend(false)).await.changed);
    assert_eq!(counts(bob).await, (1, 1, 1));
    assert_eq!(fixture.kinds_of_notifications(bob).await.len(), 1);
    assert_eq!(fixture.kinds_of_notifications(ada).await.len(), 1, "not of the mention meanwhile");
    assert_eq!(fixture.home(ada).await.len(), 2, "it follows as before");
}

pub(crate) async fn an_account_that_is_no_longer_admin_is_signed_out(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let set = |role| Change::SetRole { account: ada, role };
    assert!(!fixture.apply(set(Role::Member)).await.changed);
    open_session(&fixture, ada, 1).await;
    assert!(fixture.apply(set(Role::Admin)).await.changed);
    let session = fixture.store.session_by_token(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(session.role, Role::Admin, "a session has the role of now");
    assert!(fixture.apply(set(Role::Member)).await.changed);
    assert!(fixture.store.session_by_token(&[1; 32]).await.unwrap().is_none());
}

pub(crate) async fn an_operator_removes_a_tweet_of_anyone(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let tweet = fixture.post(ada, "spam #spam").await;
    let kept = fixture.post(bob, "kept").await;
    fixture.apply(Change::Retweet { account: bob, tweet }).await;
    fixture.published_events().await;
    assert!(fixture.apply(Change::RemoveTweet { tweet }).await.changed);
    let gone = EventKind::TweetDeleted { tweet, author: ada, reply_to: None, original: None };
    assert!(fixture.published_events().await.iter().any(|event| event.kind == gone));
    assert!(fixture.see(bob, tweet).await.is_none());
    assert_eq!(fixture.timeline(Timeline::User(bob)).await, [kept], "its retweets are gone with it");
}

pub(crate) async fn invites_are_listed_while_they_can_be_used(fixture: StoreFixture) {
    let now_ms = fixture.clock.now_ms();
    let create =
        |code: u8, uses, expires_ms| Change::CreateInvite { code_hash: [code; 32], uses, expires_ms };
    for (code, uses, lives_ms) in [(1, 5, 90_000), (2, 1, 80_000), (3, 1, 10_000)] {
        assert!(fixture.apply(create(code, uses, now_ms + lives_ms)).await.changed);
    }
    assert!(!fixture.apply(create(1, 7, now_ms)).await.changed, "there is one with this code already");
    let listed = async |now_ms| {
        let invites = fixture.store.invites(now_ms).await.unwrap();
        invites.iter().map(|invite| invite.code_hash[0]).collect::<Vec<_>>()
    };
    assert_eq!(listed(now_ms).await, [3, 2, 1], "those that expire first");
    let Change::CreateAccount { username, display_name, password, role, password_change_advised, .. } =
        account("ada")
    else {
        panic!("another change")
    };
    let invite = Some([2; 32]);
    let use_it =
        Change::CreateAccount { username, display_name, password, role, invite, password_change_advised };
    fixture.apply(use_it).await;
    fixture.clock.advance_ms(20_000);
    assert_eq!(listed(fixture.clock.now_ms()).await, [1], "neither used up nor expired");
    let one = async |code: u8| fixture.store.invite(&[code; 32]).await.unwrap();
    let record = |code, uses_left, lives_ms| {
        Some(InviteRecord { code_hash: [code; 32], uses_left, expires_ms: now_ms + lives_ms })
    };
    assert_eq!(one(1).await, record(1, 5, 90_000));
    assert_eq!((one(2).await, one(3).await), (record(2, 0, 80_000), record(3, 1, 10_000)));

    let expire = Change::Expire(Expiry::default());
    assert!(fixture.apply(expire).await.changed);
    assert_eq!((one(2).await, one(3).await), (record(2, 0, 80_000), None));
    let revoke = Change::RevokeInvite { code_hash: [1; 32] };
    assert!(fixture.apply(revoke.clone()).await.changed);
    assert!(!fixture.apply(revoke).await.changed);
    assert_eq!(one(1).await, None);
}

pub(crate) async fn a_bounded_number_of_invites_is_listed(fixture: StoreFixture) {
    let now_ms = fixture.clock.now_ms();
    for n in 0..=INVITES_LISTED_MAX {
        let mut code_hash = [0; 32];
        code_hash[..8].copy_from_slice(&n.to_be_bytes());
        let expires_ms = now_ms + 1_000 + i64::try_from(INVITES_LISTED_MAX - n).unwrap();
        fixture.store.apply(Change::CreateInvite { code_hash, uses: 1, expires_ms }, None).await.unwrap();
    }
    let listed = fixture.store.invites(now_ms).await.unwrap();
    assert_eq!(listed.len(), INVITES_LISTED_MAX);
    assert_eq!(listed[0].expires_ms, now_ms + 1_000, "those that expire first");
}

pub(crate) async fn remnants_of_deleted_rows_can_be_purged(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let tweet = fixture.post(ada, "secret").await;
    let kept = fixture.post(ada, "kept").await;
    fixture.apply(Change::DeleteTweet { author: ada, tweet }).await;
    assert!(fixture.store.forget_removed().await.unwrap(), "no one reads");
    assert_eq!(fixture.timeline(Timeline::User(ada)).await, [kept]);
}
