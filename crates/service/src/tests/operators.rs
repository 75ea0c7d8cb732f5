//! What operators and admins do: invites, roles, suspensions.

use model::{Error, Hashtag, Role, TweetText};

use crate::config::{ServiceConfig, SignUpMode};
use crate::live::{LiveConfig, LiveEvent, Topic};
use crate::test_support::{PASSWORD, TestServer, anonymous, config, event, password, username};
use crate::{Caller, ProfileFilter, SignUp};
use store::Store as _;

fn wish(name: &str, invite_code: Option<&str>) -> SignUp {
    SignUp {
        username: username(name),
        display_name: model::DisplayName::default(),
        password: password(PASSWORD),
        invite_code: invite_code.map(str::to_owned),
        client_name: "test".into(),
    }
}

#[tokio::test]
async fn a_class_behind_one_address_signs_up_with_an_invite() {
    for sign_up in [SignUpMode::Invite, SignUpMode::Open] {
        let config = ServiceConfig { sign_up, sign_ups_per_address: 2, ..config() };
        let server = TestServer::with(config, LiveConfig::default()).await;
        let service = &server.service;
        let (code, _) = service.create_invite(&Caller::Operator, 30, 1).await.unwrap();
        for n in 0..30 {
            service.sign_up(&anonymous(), wish(&format!("pupil{n}"), Some(&code))).await.unwrap();
        }
        // The invite is used up: from now on the limit counts.
        let mut outcomes = Vec::new();
        for n in 0..3 {
            outcomes.push(service.sign_up(&anonymous(), wish(&format!("late{n}"), Some(&code))).await);
        }
        match sign_up {
            SignUpMode::Open => {
                let Err(Error::RateLimited { limit, .. }) = &outcomes[2] else { panic!("{outcomes:?}") };
                assert!(limit.contains("accounts were created from your address"), "{limit}");
            }
            _ => assert!(outcomes.iter().all(|one| matches!(one, Err(Error::Invalid { .. })))),
        }
    }
}

#[tokio::test]
async fn an_invite_is_listed_without_its_code_and_revoked_by_either_name() {
    let config = ServiceConfig { sign_up: SignUpMode::Invite, ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    let service = &server.service;
    let operator = Caller::Operator;
    let (one, _) = service.create_invite(&operator, 3, 1).await.unwrap();
    let (other, _) = service.create_invite(&operator, 5, 2).await.unwrap();
    let listed = service.invites(&operator).await.unwrap();
    assert_eq!(listed.iter().map(|invite| invite.uses_left).collect::<Vec<_>>(), [3, 5]);
    assert!(service.revoke_invite(&operator, &listed[0].id()).await.unwrap().changed);
    assert!(service.revoke_invite(&operator, &other.to_lowercase()).await.unwrap().changed);
    assert!(!service.revoke_invite(&operator, &other).await.unwrap().changed);
    assert!(service.invites(&operator).await.unwrap().is_empty());
    for code in [one, other] {
        let refused = service.sign_up(&anonymous(), wish("ada", Some(&code))).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn an_admin_gives_and_takes_the_role_but_never_their_own() {
    let server = TestServer::new().await;
    let ann = server.admin("ann").await.caller;
    let bob = server.person("bob").await;
    let service = &server.service;
    assert_eq!(service.set_role(&ann, &username("ann"), Role::Member).await, Err(Error::own_account()));
    assert_eq!(service.suspend(&ann, &username("ann")).await, Err(Error::own_account()));
    assert!(service.set_role(&ann, &bob.name, Role::Admin).await.unwrap().changed);
    let bobs = server.log_in("bob", PASSWORD).await.unwrap();
    service.announce(&bobs, "hear", 0).await.unwrap();
    // Admins are safe from each other as long as they have the role.
    let reset = service.reset_password(&bobs, &username("ann"), &password("another horse 7")).await;
    for refused in [service.suspend(&bobs, &username("ann")).await, reset] {
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    assert!(service.set_role(&ann, &bob.name, Role::Member).await.unwrap().changed);
    assert!(
        service.authenticate(&anonymous(), &bob.token).await.is_err(),
        "the sessions ended with the role"
    );
    let again = server.log_in("bob", PASSWORD).await.unwrap();
    assert!(matches!(service.announce(&again, "hear", 0).await, Err(Error::Forbidden(_))));
}

#[tokio::test]
async fn an_admin_lists_accounts_and_deletes_a_tweet() {
    let server = TestServer::new().await;
    let ann = server.admin("ann").await.caller;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let service = &server.service;
    let id = ada.posts("spam").await;
    service.remove_tweet(&ann, id).await.unwrap();
    assert!(!bob.sees(id).await);
    assert_eq!(service.remove_tweet(&ann, id).await, Err(Error::not_found("tweet")));
    service.suspend(&ann, &bob.name).await.unwrap();
    let names = |filter: ProfileFilter| {
        let ann = &ann;
        async move {
            let page = service.profiles(ann, filter, None, 10).await.unwrap();
            page.items.iter().map(|one| one.account.username.to_string()).collect::<Vec<_>>()
        }
    };
    assert_eq!(names(ProfileFilter::default()).await, ["ada", "ann", "bob"]);
    assert_eq!(names(ProfileFilter { query: "@A".into(), ..Default::default() }).await, ["ada", "ann"]);
    assert_eq!(names(ProfileFilter { suspended_only: true, ..Default::default() }).await, ["bob"]);
    assert_eq!(names(ProfileFilter { admins_only: true, ..Default::default() }).await, ["ann"]);
    let first = service.profiles(&ann, ProfileFilter::default(), None, 2).await.unwrap();
    let after = Some(username("ann"));
    assert_eq!(first.next, after.clone().map(model::Cursor::Username));
    let rest = service.profiles(&ann, ProfileFilter::default(), after, 2).await.unwrap();
    assert_eq!((rest.items.len(), rest.next), (1, None));
}

#[tokio::test]
async fn an_admin_deletes_an_account_but_not_their_own_or_an_admins() {
    let server = TestServer::new().await;
    let (ann, eva) = (server.admin("ann").await.caller, server.admin("eva").await);
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let service = &server.service;
    let id = ada.posts("mine").await;
    assert!(matches!(service.remove_account(&bob.caller, &ada.name).await, Err(Error::Forbidden(_))));
    assert!(matches!(service.remove_account(&ann, &eva.name).await, Err(Error::Forbidden(_))));
    assert!(service.remove_account(&ann, &username("ann")).await.is_err());
    service.remove_account(&ann, &ada.name).await.unwrap();
    assert!(!bob.sees(id).await);
    assert!(server.log_in("ada", PASSWORD).await.is_err());
    assert_eq!(service.remove_account(&ann, &ada.name).await, Err(Error::not_found("account")));
}

#[tokio::test]
async fn what_a_suspended_account_did_counts_nowhere_until_it_is_back() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    for bad in [&bob, &eve] {
        bad.follows(&ada).await;
        ada.follows(bad).await;
        bad.posts("#badtrend").await;
        bad.posts("#badtrend again").await;
    }
    ada.posts("about #badtrends").await;
    let service = &server.service;
    let counts = || async {
        let profile = service.profile(&ada.caller, None).await.unwrap().profile;
        let hashtags = service.search_hashtags(&ada.caller, "badtr", 1).await.unwrap();
        let uses = server.store.store.hashtag_uses_since(0).await.unwrap();
        let trending = uses.iter().filter(|one| one.hashtag == Hashtag::parse("badtrend").unwrap()).count();
        (profile.followers, profile.following, hashtags, trending)
    };
    let named = |name: &str, tweets| vec![(name.to_owned(), tweets)];
    assert_eq!(counts().await, (2, 2, named("badtrend", 4), 4));
    for bad in [&bob, &eve] {
        service.suspend(&Caller::Operator, &bad.name).await.unwrap();
    }
    assert_eq!(counts().await, (0, 0, named("badtrends", 1), 0));
    service.unsuspend(&Caller::Operator, &bob.name).await.unwrap();
    assert_eq!(counts().await, (1, 1, named("badtrend", 2), 2));
    // And when a suspended account is deleted, with its data still there.
    let deleted = store::Change::DeleteAccount { account: eve.id };
    server.store.store.apply(deleted, None).await.unwrap();
    assert_eq!(counts().await, (1, 1, named("badtrend", 2), 2));
}

#[tokio::test]
async fn other_devices_learn_how_many_notifications_are_unread() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let service = &server.service;
    let connection = ada.connects();
    connection.subscribe(Topic::Notifications, None).await.unwrap();
    let mention = bob.posts("@ada hello").await;
    let LiveEvent::Notification(first, ..) = event(&connection).await else { panic!("a notification") };
    let again = bob.posts("@ada again").await;
    assert!(matches!(event(&connection).await, LiveEvent::Notification(..)));
    service.delete_tweet(&bob.caller, None, again).await.unwrap();
    assert_eq!(event(&connection).await, LiveEvent::Unread(1), "a deleted mention is not counted");
    assert!(ada.sees(mention).await);
    service.mark_notifications_read(&ada.caller, first.id).await.unwrap();
    assert_eq!(event(&connection).await, LiveEvent::Unread(0), "read on another device");
    // Removed with their causes.
    let own = ada.posts("mine").await;
    for cause in ["like", "retweet", "follow", "mute"] {
        match cause {
            "like" => drop(service.like(&bob.caller, None, own).await.unwrap()),
            "retweet" => drop(bob.retweets(own).await.unwrap()),
            "follow" => bob.follows(&ada).await,
            _ => drop(bob.posts("@ada again").await),
        }
        assert!(matches!(event(&connection).await, LiveEvent::Notification(..)), "{cause}");
        match cause {
            "like" => drop(service.unlike(&bob.caller, None, own).await.unwrap()),
            "retweet" => drop(service.undo_retweet(&bob.caller, None, own).await.unwrap()),
            "follow" => bob.unfollows(&ada).await,
            _ => ada.mutes(&bob).await,
        }
        assert_eq!(event(&connection).await, LiveEvent::Unread(0), "{cause}");
    }
}

#[tokio::test]
async fn one_who_reads_a_conversation_tells_their_other_devices() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let service = &server.service;
    let text = TweetText::parse("hello").unwrap();
    let sent = service.send_message(&bob.caller, None, &ada.name, text).await.unwrap();
    let connection = ada.connects();
    connection.subscribe(Topic::Conversations, None).await.unwrap();
    service.mark_conversation(&ada.caller, &bob.name, None, Some(sent.message)).await.unwrap();
    let mut read = event(&connection).await;
    if matches!(read, LiveEvent::Message { .. }) {
        read = event(&connection).await;
    }
    let LiveEvent::ReadReceipts { account, marks, conversation } = read else { panic!("{read:?}") };
    assert_eq!((account.id, marks.read, conversation), (ada.id, Some(sent.message), sent.conversation));
}

#[cfg(feature = "ssh")]
#[tokio::test]
async fn a_key_needs_the_password_unless_it_was_given_a_moment_ago() {
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEOQyEpKJl7TNcV6ihYfaqwPBDh6pmxKTHuNNrkQrCI ada@laptop";
    let server = TestServer::new().await;
    let ada: crate::test_support::TestUser<'_> = server.person("ada").await;
    let service = &server.service;
    let adds = |caller: Caller, secret: Option<&'static str>| async move {
        let secret = secret.map(|secret| model::Password::parse_attempt("password", secret.into()).unwrap());
        let name = model::SshKeyName::default();
        service.add_ssh_key(&caller, None, KEY, name, secret.as_ref()).await.map(|added| added.changed)
    };
    assert_eq!(adds(ada.caller, Some("not it")).await, Err(Error::invalid("password", "is wrong")));
    assert_eq!(adds(ada.caller, None).await, Ok(true), "the session was just opened with the password");
    server.clock.advance_ms(16 * 60_000);
    let needed = Err(Error::invalid("password", "is needed to add a key"));
    assert_eq!(adds(ada.caller, None).await, needed);
    let key = service.ssh_keys(&ada.caller).await.unwrap().remove(0);
    let by_key = service.log_in_with_ssh_key(&anonymous(), &key.fingerprint, "ssh").await.unwrap().unwrap();
    assert_eq!(adds(by_key.caller(), None).await, needed, "a key is not the password");
    assert_eq!(adds(ada.caller, Some(PASSWORD)).await, Ok(false));
    // After signing out everywhere, or a reset of the password, an account has no keys any more.
    service.log_out(&ada.caller, true).await.unwrap();
    assert!(service.log_in_with_ssh_key(&anonymous(), &key.fingerprint, "ssh").await.unwrap().is_none());
    let again = server.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(adds(again, None).await, Ok(true));
    service.reset_password(&Caller::Operator, &ada.name, &password("another horse 7")).await.unwrap();
    assert!(service.log_in_with_ssh_key(&anonymous(), &key.fingerprint, "ssh").await.unwrap().is_none());
}

#[tokio::test]
async fn one_account_makes_a_trend_on_a_small_server() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    ada.posts("#hello").await;
    let mut trends = Vec::new();
    for _ in 0..2_000 {
        trends = server.service.trends(&ada.caller, 5).await.unwrap();
        if !trends.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(trends.iter().map(|trend| trend.name.as_str()).collect::<Vec<_>>(), ["hello"]);
}
