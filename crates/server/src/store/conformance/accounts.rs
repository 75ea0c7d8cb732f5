//! Accounts and sessions.

use model::limits::SESSIONS_MAX;
use model::{AccountId, AccountState, DisplayName, Error, NewTweet, SessionId};

use super::world::{World, account, password, tweet, username};
use crate::seam::Clock as _;
use crate::store::{Change, PeopleList, Timeline};

pub(crate) async fn names_are_unique_and_stay_taken(world: World) {
    let ada = world.person("ada").await;
    assert_eq!(world.refused(account("ada")).await, Error::AlreadyExists("username".into()));
    let found = world.store.account_by_username(&username("ada")).await.unwrap().unwrap();
    assert_eq!(found.account.id, ada);
    world.apply(Change::DeleteAccount { account: ada }).await;
    assert!(world.store.account_by_username(&username("ada")).await.unwrap().is_none());
    assert_eq!(world.refused(account("ada")).await, Error::AlreadyExists("username".into()));
}

async fn open_session(world: &World, account: AccountId, token: u8) -> SessionId {
    let change = Change::OpenSession { account, token_hash: [token; 32], client_name: "test".into() };
    SessionId::new(world.apply(change).await.id).unwrap()
}

pub(crate) async fn a_session_is_found_by_its_token_until_it_ends(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let session = open_session(&world, ada, 1).await;
    let found = world.store.session_by_token(&[1; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.account, found.state), (session, ada, AccountState::Active));
    assert!(world.store.session_by_token(&[2; 32]).await.unwrap().is_none());

    let of_another = Change::EndSession { account: bob, session };
    assert!(!world.apply(of_another).await.changed);
    assert!(world.store.session_by_token(&[1; 32]).await.unwrap().is_some());
    world.apply(Change::EndSession { account: ada, session }).await;
    assert!(world.store.session_by_token(&[1; 32]).await.unwrap().is_none());
}

pub(crate) async fn the_session_unused_for_longest_gives_way(world: World) {
    let ada = world.person("ada").await;
    let first = open_session(&world, ada, 0).await;
    let second = open_session(&world, ada, 1).await;
    for token in 2..u8::try_from(SESSIONS_MAX).unwrap() {
        open_session(&world, ada, token).await;
    }
    world.clock.advance_ms(7_200_000);
    world.apply(Change::TouchSession { session: first }).await;
    open_session(&world, ada, 200).await;
    let left: Vec<_> = world.store.sessions(ada).await.unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(left.len(), SESSIONS_MAX);
    assert!(left.contains(&first) && !left.contains(&second));
}

pub(crate) async fn a_new_password_ends_the_other_sessions(world: World) {
    let ada = world.person("ada").await;
    let here = open_session(&world, ada, 1).await;
    open_session(&world, ada, 2).await;
    let change = Change::SetPassword {
        account: ada,
        password: password(),
        password_change_advised: false,
        keep: Some(here),
    };
    world.apply(change).await;
    let left: Vec<_> = world.store.sessions(ada).await.unwrap().into_iter().map(|s| s.id).collect();
    assert_eq!(left, [here]);
}

pub(crate) async fn an_invite_works_as_often_as_it_says(world: World) {
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
    let expires_ms = world.clock.now_ms() + 1_000;
    world.apply(Change::CreateInvite { code_hash: [7; 32], uses: 2, expires_ms }).await;
    world.apply(with_invite("ada", 7)).await;
    world.apply(with_invite("bob", 7)).await;
    for (name, code) in [("cleo", 7), ("cleo", 8)] {
        let error = world.refused(with_invite(name, code)).await;
        assert!(matches!(error, Error::Invalid { ref field, .. } if field == "invite_code"), "{error}");
    }
    world.apply(Change::CreateInvite { code_hash: [9; 32], uses: 1, expires_ms }).await;
    world.clock.advance_ms(2_000);
    assert!(matches!(world.refused(with_invite("cleo", 9)).await, Error::Invalid { .. }));
}

pub(crate) async fn a_deleted_account_is_gone_at_once_and_purged_in_steps(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    world.follow(bob, ada).await;
    for n in 0..30 {
        world.post(ada, &format!("tweet {n} #gone")).await;
    }
    let bobs = world.post(bob, "stays").await;
    world.apply(Change::Retweet { account: ada, tweet: bobs }).await;
    world.apply(Change::SetLike { account: ada, tweet: bobs, liked: true }).await;
    open_session(&world, ada, 1).await;

    world.apply(Change::DeleteAccount { account: ada }).await;
    assert!(world.store.account(ada).await.unwrap().is_none());
    assert!(world.store.session_by_token(&[1; 32]).await.unwrap().is_none());
    assert!(world.store.credentials(&username("ada")).await.unwrap().is_none());
    assert_eq!(world.store.accounts_to_purge().await.unwrap(), [ada]);

    let mut steps = 0;
    while world.apply(Change::PurgeAccount { account: ada, limit: 10 }).await.changed {
        steps += 1;
        assert!(steps < 100, "the purge comes to its end");
    }
    assert!(steps > 2, "it goes in steps: {steps}");
    assert!(world.store.accounts_to_purge().await.unwrap().is_empty());
    assert_eq!(world.home(bob).await, [bobs]);
    let counts = world.see(bob, bobs).await.unwrap().tweet.counts;
    assert_eq!((counts.likes, counts.retweets), (0, 0));
    let profile = world.store.account(bob).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.following), (0, 0));
    assert!(world.store.search_hashtags("gone", 10).await.unwrap().iter().all(|(_, tweets)| *tweets == 0));
}

pub(crate) async fn the_name_of_a_deleted_account_is_free_after_ninety_days(world: World) {
    const DAYS_MS: i64 = 90 * 24 * 3_600 * 1_000;
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let opinion = world.post(ada, "an opinion").await;
    let answer = world.write(bob, NewTweet { reply_to: Some(opinion), ..tweet("another one") }).await;
    world.apply(Change::DeleteAccount { account: ada }).await;
    while world.apply(Change::PurgeAccount { account: ada, limit: 100 }).await.changed {}
    world.clock.advance_ms(DAYS_MS - 60_000);
    assert!(matches!(world.refused(account("ada")).await, Error::AlreadyExists(_)));
    world.clock.advance_ms(120_000);
    let another = world.person("ada").await;
    assert_ne!(another, ada);
    // What was answered to the first of that name goes to nobody else.
    assert!(world.see(bob, answer).await.is_some());
    assert_eq!(world.timeline(Timeline::User(another)).await, []);
    assert!(matches!(world.refused(account("ada")).await, Error::AlreadyExists(_)));
}

pub(crate) async fn people_are_found_by_parts_of_their_names_and_by_almost_right_ones(world: World) {
    let viewer = world.person("viewer").await;
    let grace = world.person("grace_hopper").await;
    world.person("ada").await;
    let name = Some(DisplayName::parse("Amazing Grace").unwrap());
    let change = Change::EditProfile { account: grace, display_name: name, bio: None, presence_hidden: None };
    world.apply(change).await;
    for query in ["grace", "GRACE", "hopper", "Amazing", "grase_hopper"] {
        let found = world.store.search_people(viewer, query, 10).await.unwrap();
        assert_eq!(found.first().map(|account| account.id), Some(grace), "{query}");
    }
    assert!(world.store.search_people(viewer, "zzzzzz", 10).await.unwrap().is_empty());
    world.block(grace, viewer).await;
    assert!(world.store.search_people(viewer, "grace", 10).await.unwrap().is_empty());

    let everyone = world.store.list_accounts(viewer, PeopleList::People, None, 1).await.unwrap();
    assert_eq!(everyone.items.first().unwrap().username.as_str(), "ada");
    let rest = world.store.list_accounts(viewer, PeopleList::People, everyone.next, 10).await.unwrap();
    let names: Vec<_> = rest.items.iter().map(|account| account.username.as_str()).collect();
    assert_eq!((names, rest.next), (vec!["viewer"], None));
}

pub(crate) async fn what_expires_is_removed(world: World) {
    let ada = world.person("ada").await;
    open_session(&world, ada, 1).await;
    world.clock.advance_ms(10_000);
    open_session(&world, ada, 2).await;
    let now_ms = world.clock.now_ms();
    let change = Change::Expire {
        sessions_idle_before_ms: now_ms - 5_000,
        sessions_begun_before_ms: 0,
        keys_before_ms: 0,
        events_before_ms: 0,
    };
    world.apply(change).await;
    assert!(world.store.session_by_token(&[1; 32]).await.unwrap().is_none());
    assert!(world.store.session_by_token(&[2; 32]).await.unwrap().is_some());
}

pub(crate) async fn a_clock_that_steps_back_repeats_no_identifier(world: World) {
    let ada = world.person("ada").await;
    let mut before = world.post(ada, "first").await;
    for n in 0..5 {
        world.clock.advance_ms(-60_000);
        let change = Change::Post { author: ada, tweet: tweet(&format!("later {n}")) };
        let id = model::TweetId::new(world.apply(change).await.id).unwrap();
        assert!(id > before);
        before = id;
    }
    assert_eq!(world.timeline(Timeline::User(ada)).await.first(), Some(&before));
}
