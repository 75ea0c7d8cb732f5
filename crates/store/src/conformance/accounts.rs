//! Accounts and sessions.

use model::limits::SESSIONS_MAX;
use model::{AccountId, AccountState, DisplayName, Error, NewTweet, SessionId};

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::test_support::{account, password, tweet, username};
use crate::{AccountList, Change, Expiry, Timeline};

pub(crate) async fn names_are_unique_and_stay_taken(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    assert_eq!(fixture.refused(account("ada")).await, Error::AlreadyExists("username".into()));
    let found = fixture.store.account_by_username(&username("ada")).await.unwrap().unwrap();
    assert_eq!(found.account.id, ada);
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    assert!(fixture.store.account_by_username(&username("ada")).await.unwrap().is_none());
    assert_eq!(fixture.refused(account("ada")).await, Error::AlreadyExists("username".into()));
}

async fn open_session(fixture: &StoreFixture, account: AccountId, token: u8) -> SessionId {
    let change = Change::OpenSession { account, token_hash: [token; 32], client_name: "test".into() };
    SessionId::new(fixture.apply(change).await.id).unwrap()
}

pub(crate) async fn a_session_is_found_by_its_token_until_it_ends(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let session = open_session(&fixture, ada, 1).await;
    let found = fixture.store.session_by_token(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.account, found.state), (session, ada, AccountState::Active));
    assert!(fixture.store.session_by_token(&[2; 32]).await.unwrap().is_none());

    let of_another = Change::EndSession { account: bob, session };
    assert!(!fixture.apply(of_another).await.changed);
    assert!(fixture.store.session_by_token(&[1; 32]).await.unwrap().is_some());
    fixture.apply(Change::EndSession { account: ada, session }).await;
    assert!(fixture.store.session_by_token(&[1; 32]).await.unwrap().is_none());
}

pub(crate) async fn the_least_recently_used_session_ends_when_there_are_too_many(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let first = open_session(&fixture, ada, 0).await;
    let second = open_session(&fixture, ada, 1).await;
    for token in 2..u8::try_from(SESSIONS_MAX).unwrap() {
        open_session(&fixture, ada, token).await;
    }
    fixture.clock.advance_ms(7_200_000);
    fixture.apply(Change::TouchSession { session: first }).await;
    open_session(&fixture, ada, 200).await;
    let left: Vec<_> = fixture.store.sessions(ada).await.unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(left.len(), SESSIONS_MAX);
    assert!(left.contains(&first) && !left.contains(&second));
}

pub(crate) async fn a_new_password_ends_the_other_sessions(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let here = open_session(&fixture, ada, 1).await;
    open_session(&fixture, ada, 2).await;
    let change = Change::SetPassword {
        account: ada,
        password: password(),
        password_change_advised: false,
        keep: Some(here),
    };
    fixture.apply(change).await;
    let left: Vec<_> = fixture.store.sessions(ada).await.unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(left, [here]);
}

pub(crate) async fn an_invite_works_as_often_as_it_says(fixture: StoreFixture) {
    let with_invite = |name: &str, code: u8| match account(name) {
        Change::CreateAccount { username, display_name, password, role, password_change_advised, .. } => {
            Change::CreateAccount {
                username,
                display_name,
                password,
                role,
                invite: Some([code; 32]),
                password_change_advised,
            }
        }
        other => other,
    };
    let expires_ms = fixture.clock.now_ms() + 1_000;
    fixture.apply(Change::CreateInvite { code_hash: [7; 32], uses: 2, expires_ms }).await;
    fixture.apply(with_invite("ada", 7)).await;
    fixture.apply(with_invite("bob", 7)).await;
    for (name, code) in [("cleo", 7), ("cleo", 8)] {
        let error = fixture.refused(with_invite(name, code)).await;
        assert!(
            matches!(error, Error::Invalid { ref field, .. } if field == "invite_code"),
            "{name}: {error}"
        );
    }
    fixture.apply(Change::CreateInvite { code_hash: [9; 32], uses: 1, expires_ms }).await;
    fixture.clock.advance_ms(2_000);
    let error = fixture.refused(with_invite("cleo", 9)).await;
    assert!(matches!(error, Error::Invalid { ref field, .. } if field == "invite_code"), "{error}");
}

pub(crate) async fn a_deleted_account_is_gone_at_once_and_purged_in_steps(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(bob, ada).await;
    for n in 0..30 {
        fixture.post(ada, &format!("tweet {n} #gone")).await;
    }
    let bobs = fixture.post(bob, "stays").await;
    fixture.apply(Change::Retweet { account: ada, tweet: bobs }).await;
    fixture.apply(Change::SetLike { account: ada, tweet: bobs, liked: true }).await;
    open_session(&fixture, ada, 1).await;

    fixture.apply(Change::DeleteAccount { account: ada }).await;
    assert!(fixture.store.account(ada).await.unwrap().is_none());
    assert!(fixture.store.session_by_token(&[1; 32]).await.unwrap().is_none());
    assert!(fixture.store.credentials(&username("ada")).await.unwrap().is_none());
    assert_eq!(fixture.store.accounts_to_purge().await.unwrap(), [ada]);

    let mut steps = 0;
    while fixture.apply(Change::PurgeAccount { account: ada, limit: 10 }).await.changed {
        steps += 1;
        assert!(steps < 100, "the purge comes to an end");
    }
    assert!(steps > 2, "it goes in steps: {steps}");
    assert!(fixture.store.accounts_to_purge().await.unwrap().is_empty());
    assert_eq!(fixture.home(bob).await, [bobs]);
    let counts = fixture.see(bob, bobs).await.unwrap().tweet.counts;
    assert_eq!((counts.likes, counts.retweets), (0, 0));
    let profile = fixture.store.account(bob).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.following), (0, 0));
    assert!(fixture.store.search_hashtags("gone", 10).await.unwrap().iter().all(|(_, tweets)| *tweets == 0));
}

pub(crate) async fn the_name_of_a_deleted_account_is_free_after_ninety_days(fixture: StoreFixture) {
    const DAYS_MS: i64 = 90 * 24 * 3_600 * 1_000;
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let opinion = fixture.post(ada, "an opinion").await;
    let answer = fixture.write(bob, NewTweet { reply_to: Some(opinion), ..tweet("another one") }).await;
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while fixture.apply(Change::PurgeAccount { account: ada, limit: 100 }).await.changed {}
    fixture.clock.advance_ms(DAYS_MS - 60_000);
    assert_eq!(fixture.refused(account("ada")).await, Error::AlreadyExists("username".into()));
    fixture.clock.advance_ms(120_000);
    let another = fixture.account("ada").await;
    assert_ne!(another, ada);
    // The new account of that name does not get the tweets of the old one.
    assert!(fixture.see(bob, answer).await.is_some());
    assert_eq!(fixture.timeline(Timeline::User(another)).await, []);
    assert_eq!(fixture.refused(account("ada")).await, Error::AlreadyExists("username".into()));
}

pub(crate) async fn accounts_are_found_by_parts_of_their_names_and_by_similar_ones(fixture: StoreFixture) {
    let viewer = fixture.account("viewer").await;
    let grace = fixture.account("grace_hopper").await;
    fixture.account("ada").await;
    let name = Some(DisplayName::parse("Amazing Grace").unwrap());
    let change = Change::EditProfile { account: grace, display_name: name, bio: None, presence_hidden: None };
    fixture.apply(change).await;
    for query in ["grace", "GRACE", "hopper", "Amazing", "grase_hopper"] {
        let found = fixture.store.search_people(viewer, query, 10).await.unwrap();
        assert_eq!(found.first().map(|account| account.id), Some(grace), "{query}");
    }
    assert!(fixture.store.search_people(viewer, "zzzzzz", 10).await.unwrap().is_empty());
    fixture.block(grace, viewer).await;
    assert!(fixture.store.search_people(viewer, "grace", 10).await.unwrap().is_empty());

    let everyone = fixture.store.list_accounts(viewer, &AccountList::People.into(), None, 1).await.unwrap();
    assert_eq!(everyone.items.first().unwrap().username.as_str(), "ada");
    let rest =
        fixture.store.list_accounts(viewer, &AccountList::People.into(), everyone.next, 10).await.unwrap();
    let names: Vec<_> = rest.items.iter().map(|account| account.username.as_str()).collect();
    assert_eq!((names, rest.next), (vec!["viewer"], None));
}

pub(crate) async fn accounts_are_found_by_short_parts_of_names_in_any_script(fixture: StoreFixture) {
    let viewer = fixture.account("viewer").await;
    let names = [
        ("sakura", "林さくら"),
        ("taro", "山田太郎"),
        ("minjun", "김민준"),
        ("li_wei", "Li Wei"),
        ("zoe", "Anna Zoë Müller"),
        ("vera", "Вера Ёлкина"),
        ("wide", "Ｗｉｄｅ"),
    ];
    for (username, name) in names {
        let account = fixture.account(username).await;
        let display_name = Some(DisplayName::parse(name).unwrap());
        fixture.apply(Change::EditProfile { account, display_name, bio: None, presence_hidden: None }).await;
    }
    for (query, username) in [
        ("林", "sakura"),
        ("くら", "sakura"),
        ("山田", "taro"),
        ("郎", "taro"),
        ("민준", "minjun"),
        ("김", "minjun"),
        ("we", "li_wei"),
        ("ei", "li_wei"),
        ("wei li", "li_wei"),
        ("muller", "zoe"),
        ("Zoe", "zoe"),
        ("ül", "zoe"),
        ("елкин", "vera"),
        ("wide", "wide"),
        ("＠ｚｏｅ", "zoe"),
    ] {
        let found = fixture.store.search_people(viewer, query, 10).await.unwrap();
        let found: Vec<_> = found.iter().map(|account| account.username.as_str()).collect();
        assert_eq!(found.first(), Some(&username), "{query}: {found:?}");
    }
    for query in ["大", "山太", "x", "()", "🎉"] {
        assert!(fixture.store.search_people(viewer, query, 10).await.unwrap().is_empty(), "{query}");
    }
}

pub(crate) async fn a_username_that_looks_like_another_is_noticed(fixture: StoreFixture) {
    let bob = fixture.account("bob_morris").await;
    let looks_alike = async |name| fixture.store.has_lookalike(&username(name)).await.unwrap();
    for name in ["b0b_morris", "bob_rnorris", "bob_m0rr15"] {
        assert!(looks_alike(name).await, "{name}");
    }
    for name in ["bob_morris", "rob_morris"] {
        assert!(!looks_alike(name).await, "{name}");
    }
    fixture.apply(Change::DeleteAccount { account: bob }).await;
    assert!(!looks_alike("b0b_morris").await);
}

pub(crate) async fn what_expires_is_removed(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    open_session(&fixture, ada, 1).await;
    fixture.clock.advance_ms(10_000);
    open_session(&fixture, ada, 2).await;
    let now_ms = fixture.clock.now_ms();
    let change = Change::Expire(Expiry { sessions_idle_before_ms: now_ms - 5_000, ..Expiry::default() });
    fixture.apply(change).await;
    assert!(fixture.store.session_by_token(&[1; 32]).await.unwrap().is_none());
    assert!(fixture.store.session_by_token(&[2; 32]).await.unwrap().is_some());
}

pub(crate) async fn a_clock_that_steps_back_repeats_no_identifier(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let mut before = fixture.post(ada, "first").await;
    for n in 0..5 {
        fixture.clock.advance_ms(-60_000);
        let change = Change::Post { author: ada, tweet: tweet(&format!("later {n}")) };
        let id = model::TweetId::new(fixture.apply(change).await.id).unwrap();
        assert!(id > before);
        before = id;
    }
    assert_eq!(fixture.timeline(Timeline::User(ada)).await.first(), Some(&before));
}
