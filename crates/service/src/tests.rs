//! What users may do and see, through the service on a real store.

mod announcements;
mod audience;
mod credentials;
mod hashtags;
mod mutes;
mod operators;
mod replies;
mod several_servers;
mod sizes;

use std::time::Duration;

use model::{Error, Hashtag, NewTweet, NotificationKind, Span, SshFingerprint, SshKeyName, Visibility};

use crate::config::{ServiceConfig, SignUpMode};
use crate::live::LiveConfig;
use crate::passwords;
use crate::test_support::{PASSWORD, TestServer, anonymous, config, password, tweet, username};
use crate::{AccountFilter, AccountListRequest, Caller, Reported, SignUp, TimelineRequest};
use store::env::SystemRandom;
use store::{Change, IdempotencyKey, NotificationFilter, Origin, Store as _};

#[tokio::test]
async fn a_blocked_user_sees_nothing_of_the_author() {
    let server = TestServer::new().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    bob.follows(&ada).await;
    cleo.follows(&ada).await;
    bob.follows(&cleo).await;
    let id = ada.posts("hello #tag").await;
    cleo.retweets(id).await.unwrap();
    let quote = cleo.writes(NewTweet { quote_of: Some(id), ..tweet("look") }).await.unwrap();
    ada.blocks(&bob).await;

    let (service, bobs) = (&server.service, &bob.caller);
    assert!(!bob.sees(id).await);
    assert!(matches!(service.profile(bobs, Some(&ada.name)).await, Err(Error::NotFound(_))));
    assert!(matches!(
        bob.reads(TimelineRequest::User(Some(ada.name.clone()))).await,
        Err(Error::NotFound(_))
    ));
    assert_eq!(bob.texts(TimelineRequest::Home).await, ["look"], "the retweet is gone, the quote stays");
    let page = service.tweet(bobs, quote).await.unwrap();
    assert!(page.referenced.is_empty(), "what it quotes is not shown");
    let tag = Hashtag::parse("tag").unwrap();
    for timeline in
        [TimelineRequest::Local, TimelineRequest::Hashtag(tag), TimelineRequest::Search("hello".into())]
    {
        let texts = bob.texts(timeline).await;
        assert!(!texts.contains(&"hello #tag".to_owned()), "{texts:?}");
    }
    assert!(service.search_people(bobs, "ada", 10).await.unwrap().is_empty());
    let reply = bob.writes(NewTweet { reply_to: Some(id), ..tweet("still here") }).await;
    for refused in [service.like(bobs, None, id).await.map(drop), reply.map(drop)] {
        assert_eq!(refused, Err(Error::not_found("tweet")));
    }
    // And the other way round.
    let bobs_tweet = bob.posts("mine").await;
    assert!(!ada.sees(bobs_tweet).await);
    assert!(cleo.sees(id).await);
}

#[tokio::test]
async fn a_page_that_filtering_left_short_is_filled_up() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    for n in 0..40 {
        bob.posts(&format!("bob {n}")).await;
        for _ in 0..3 {
            eve.posts("noise").await;
        }
    }
    ada.blocks(&eve).await;
    let mut read = Vec::new();
    let mut span = Span::Latest;
    loop {
        let page = server.service.timeline(&ada.caller, TimelineRequest::Local, span, 15).await.unwrap();
        assert!(page.tweets.len() == 15 || page.next.is_none(), "{} tweets", page.tweets.len());
        read.extend(page.tweets.into_iter().map(|tweet| tweet.text));
        match page.next {
            Some(model::Cursor::Id(next)) => span = Span::Before(next),
            _ => break,
        }
    }
    let expected: Vec<_> = (0..40).rev().map(|n| format!("bob {n}")).collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_page_of_notifications_that_filtering_left_short_is_filled_up() {
    let server = TestServer::new().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    bob.follows(&ada).await;
    let id = bob.posts("a question").await;
    for n in 0..25 {
        cleo.posts(&format!("@bob {n}")).await;
        for _ in 0..3 {
            let reply =
                NewTweet { visibility: Visibility::Followers, quote_of: Some(id), ..tweet("for followers") };
            ada.writes(reply).await.unwrap();
        }
    }
    // From now on Bob does not see Ada's quotes.
    bob.unfollows(&ada).await;
    let read = |span| server.service.notifications(&bob.caller, span, NotificationFilter::default(), 10);
    let (mut pages, mut span) = (Vec::new(), Span::Latest);
    loop {
        let page = read(span).await.unwrap().page;
        pages.push(page.items.clone());
        match page.next {
            Some(model::Cursor::Id(next)) => span = Span::Before(next),
            _ => break,
        }
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let all = pages.concat();
    assert!(all.iter().all(|one| one.actor == cleo.id && one.kind == NotificationKind::Mention));
    assert!(all.is_sorted_by(|a, b| a.id > b.id), "newest first, each once");
    // Upwards from the oldest: the ones next to it, and no gap.
    let above = read(Span::After(all[24].id.get())).await.unwrap().page;
    assert_eq!(above.items, all[14..24]);
}

#[tokio::test]
async fn followers_only_and_direct_tweets_reach_their_audience() {
    let server = TestServer::new().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    bob.follows(&ada).await;
    let post = |visibility, text| ada.writes(NewTweet { visibility, ..tweet(text) });
    let followers = post(Visibility::Followers, "for followers").await.unwrap();
    let direct = post(Visibility::Direct, "only for @cleo").await.unwrap();
    assert_eq!((bob.sees(followers).await, bob.sees(direct).await), (true, false));
    assert_eq!((cleo.sees(followers).await, cleo.sees(direct).await), (false, true));
    assert_eq!(bob.texts(TimelineRequest::Home).await, ["for followers"]);
    for tweet in [followers, direct] {
        assert!(matches!(bob.retweets(tweet).await, Err(Error::Forbidden(_) | Error::NotFound(_))));
    }
    let mentions = server
        .service
        .notifications(&cleo.caller, Span::Latest, NotificationFilter::default(), 10)
        .await
        .unwrap();
    assert_eq!(
        mentions.page.items.iter().map(|one| one.kind).collect::<Vec<_>>(),
        [NotificationKind::Mention]
    );
    // A former follower sees it no longer.
    bob.unfollows(&ada).await;
    assert!(!bob.sees(followers).await);
}

#[tokio::test]
async fn muted_accounts_are_not_in_the_home_timeline_and_notice_nothing() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    bob.posts("noise").await;
    ada.mutes(&bob).await;
    assert!(ada.texts(TimelineRequest::Home).await.is_empty());
    assert_eq!(ada.texts(TimelineRequest::User(Some(bob.name.clone()))).await, ["noise"]);
    let seen_by_bob = server.service.profile(&bob.caller, Some(&ada.name)).await.unwrap();
    assert!(!seen_by_bob.relationship.unwrap().muting);
}

#[tokio::test]
async fn a_tweet_that_many_retweet_is_shown_once() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let author = server.person("author").await;
    let id = author.posts("viral").await;
    for n in 0..5 {
        let friend = server.person(&format!("friend{n}")).await;
        ada.follows(&friend).await;
        friend.posts(&format!("own {n}")).await;
        friend.retweets(id).await.unwrap();
    }
    let home = ada.reads(TimelineRequest::Home).await.unwrap();
    assert_eq!(home.iter().filter(|tweet| tweet.retweet_of == Some(id)).count(), 1);
    assert_eq!(home.len(), 6);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down_and_does_not_lock_the_owner_out() {
    let server =
        TestServer::with(ServiceConfig { login_failures_per_account: 3, ..config() }, LiveConfig::default())
            .await;
    server.person("ada").await;
    let mut refusals = Vec::new();
    for _ in 0..5 {
        refusals.push(server.log_in("ada", "not it").await.unwrap_err());
    }
    assert!(matches!(refusals[0], Error::Unauthenticated(_)));
    assert!(matches!(refusals[4], Error::RateLimited { .. }), "{refusals:?}");
    // From somewhere else the owner still gets in.
    let elsewhere = super::Caller::Anonymous("198.51.100.1".parse().unwrap());
    server.service.log_in(&elsewhere, &username("ada"), &password(PASSWORD), "test").await.unwrap();
}

#[tokio::test]
async fn guesses_at_the_same_time_do_not_all_pass() {
    let config = ServiceConfig { login_failures_per_account: 3, ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    server.person("ada").await;
    let guesses = (0..10).map(|_| server.log_in("ada", "not it"));
    let answers = futures_util::future::join_all(guesses).await;
    let count = |is: fn(&Error) -> bool| answers.iter().filter(|one| one.as_ref().is_err_and(is)).count();
    assert_eq!(count(|error| matches!(error, Error::Unauthenticated(_))), 3);
    // The others may come back: at once while the outcome of these was not known, later when it was.
    assert_eq!(count(|error| matches!(error, Error::Busy | Error::RateLimited { .. })), 7);
}

#[tokio::test]
async fn right_passwords_are_not_counted() {
    let config = ServiceConfig { login_failures_per_account: 3, login_failures_per_address: 3, ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    server.person("ada").await;
    for _ in 0..10 {
        server.log_in("ada", PASSWORD).await.unwrap();
    }
}

#[tokio::test]
async fn right_passwords_of_a_signed_in_account_are_not_counted() {
    let config = ServiceConfig { login_failures_per_account: 1, ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    let ada = server.person("ada").await;
    for (old, new) in [(PASSWORD, "correct horse 10"), ("correct horse 10", "correct horse 11")] {
        let (old, new) = (model::Password::parse_attempt("old", old.into()).unwrap(), password(new));
        server.service.change_password(&ada.caller, &old, &new).await.unwrap();
    }
}

#[tokio::test]
async fn a_class_that_signs_in_together_never_waits_for_a_window() {
    let config = ServiceConfig { login_failures_per_address: 3, ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    let names: Vec<_> = (0..12).map(|n| format!("pupil{n}")).collect();
    for name in &names {
        server.person(name).await;
    }
    let log_ins = names.iter().map(|name| async {
        loop {
            match server.log_in(name, PASSWORD).await {
                Err(Error::Busy) => tokio::task::yield_now().await,
                other => return other,
            }
        }
    });
    for outcome in futures_util::future::join_all(log_ins).await {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn sign_ups_at_the_same_time_do_not_all_pass() {
    let config = ServiceConfig { sign_ups_per_address: 2, ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    let anonymous = anonymous();
    let wish = |name: &str| SignUp {
        username: username(name),
        display_name: model::DisplayName::default(),
        password: password(PASSWORD),
        invite_code: None,
        client_name: "test".into(),
    };
    let names = ["ada", "bob", "cleo", "dora", "eve"];
    let sign_ups = names.map(|name| server.service.sign_up(&anonymous, wish(name)));
    let answers = futures_util::future::join_all(sign_ups).await;
    assert_eq!(answers.iter().filter(|one| one.is_ok()).count(), 2);
    let limited =
        answers.iter().filter(|one| matches!(one, Err(Error::Busy | Error::RateLimited { .. }))).count();
    assert_eq!(limited, 3);
    assert!(matches!(server.service.sign_up(&anonymous, wish("fay")).await, Err(Error::RateLimited { .. })));
}

#[tokio::test]
async fn reports_at_the_same_time_do_not_all_pass() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let what = Reported::Account(bob.name.clone());
    let reports = (0..30).map(|_| {
        server.service.report(&ada.caller, None, &what, model::ReportReason::parse("spam").unwrap())
    });
    let answers = futures_util::future::join_all(reports).await;
    assert_eq!(answers.iter().filter(|one| one.is_ok()).count(), 20);
    let limited =
        answers.iter().filter(|one| matches!(one, Err(Error::Busy | Error::RateLimited { .. }))).count();
    assert_eq!(limited, 10);
}

#[tokio::test]
async fn a_session_is_revoked_once_for_each_key() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let other = server.log_in("ada", PASSWORD).await.unwrap();
    let Caller::Member { session, .. } = other else { panic!("{other:?}") };
    let key = || IdempotencyKey { account: ada.id, key: b"key".to_vec(), request_hash: [7; 32] };
    let first = server.service.revoke_session(&ada.caller, Some(key()), session).await.unwrap();
    assert!(first.changed);
    let again = server.service.revoke_session(&ada.caller, Some(key()), session).await.unwrap();
    assert_eq!(again, first, "a retry gets the result of the first request");
    let other_request = IdempotencyKey { request_hash: [8; 32], ..key() };
    let conflict = server.service.revoke_session(&ada.caller, Some(other_request), session).await;
    assert_eq!(conflict.unwrap_err(), Error::IdempotencyConflict);
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_response() {
    let server = TestServer::new().await;
    server.person("ada").await;
    let wrong = server.log_in("ada", "not it").await.unwrap_err();
    let unknown = server.log_in("no_such_user", "not it").await.unwrap_err();
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn sessions_end_when_they_are_not_used_and_when_they_are_too_old() {
    let hours = |n: u64| Duration::from_secs(n * 3_600);
    let config = ServiceConfig { sessions_idle: hours(10), sessions_absolute: hours(100), ..config() };
    let server = TestServer::with(config, LiveConfig::default()).await;
    let ada = server.person("ada").await;
    let hour = |n: i64| n * 3_600_000;
    for _ in 0..11 {
        server.clock.advance_ms(hour(9));
        server.service.authenticate(&anonymous(), &ada.token).await.unwrap();
    }
    server.clock.advance_ms(hour(9));
    let too_old = server.service.authenticate(&anonymous(), &ada.token).await;
    assert!(matches!(too_old, Err(Error::Unauthenticated(_))));
    let logged_in =
        server.service.log_in(&anonymous(), &ada.name, &password(PASSWORD), "test").await.unwrap();
    server.clock.advance_ms(hour(11));
    let unused = server.service.authenticate(&anonymous(), &logged_in.token.unwrap()).await;
    assert!(matches!(unused, Err(Error::Unauthenticated(_))));
}

#[tokio::test]
async fn an_imported_password_works_and_is_rehashed_at_the_first_log_in() {
    /// sha512-crypt of "pw1", as `crypt(3)` makes it.
    const LEGACY: &str =
        "$6$saltsalt$ljByVydwvD9EjwLvyqK9RM8bE0u2IQMdX.zp3L4dkbV7Tca8SHcfyhzcf9E46xT/KzPSGv7ktVQAJGngygr0M1";
    let server = TestServer::new().await;
    let store = &server.store.store;
    let change = Change::ImportAccount {
        origin: Origin { source: "python".into(), key: "user/1".into() },
        username: username("old"),
        display_name: model::DisplayName::default(),
        password: passwords::wrap_legacy(LEGACY, config().argon2, &SystemRandom).unwrap(),
        created_ms: 1_600_000_000_000,
    };
    store.apply(change, None).await.unwrap();
    let stored = || async { store.credentials(&username("old")).await.unwrap().unwrap().password };
    assert!(stored().await.legacy.is_some() && !stored().await.phc.contains("ljByVydwvD9"));
    let wrong = server.log_in("old", "pw2").await.unwrap_err();
    assert_eq!(wrong, Error::Unauthenticated("wrong username or password".into()));
    server.log_in("old", "pw1").await.unwrap();
    assert!(stored().await.legacy.is_none());
    let again = server.log_in("old", "pw1").await.unwrap();
    let profile = server.service.profile(&again, None).await.unwrap();
    assert!(profile.profile.password_change_advised);
}

#[tokio::test]
async fn deleting_an_account_takes_its_password() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let id = ada.posts("soon gone").await;
    let wrong = server.service.delete_account(&ada.caller, &password("something else 1")).await;
    assert_eq!(wrong, Err(Error::invalid("password", "is wrong")));
    assert!(bob.sees(id).await);
    server.service.delete_account(&ada.caller, &password(PASSWORD)).await.unwrap();
    assert!(!bob.sees(id).await);
    assert!(matches!(server.log_in("ada", PASSWORD).await, Err(Error::Unauthenticated(_))));
}

#[tokio::test]
async fn sign_up_is_as_open_as_the_operator_says() {
    let closed =
        TestServer::with(ServiceConfig { sign_up: SignUpMode::Closed, ..config() }, LiveConfig::default())
            .await;
    let wish = |name: &str, secret: &str| SignUp {
        username: username(name),
        display_name: model::DisplayName::default(),
        password: password(secret),
        invite_code: None,
        client_name: "test".into(),
    };
    assert!(matches!(
        closed.service.sign_up(&anonymous(), wish("ada", PASSWORD)).await,
        Err(Error::Forbidden(_))
    ));
    let open =
        TestServer::with(ServiceConfig { sign_ups_per_address: 2, ..config() }, LiveConfig::default()).await;
    for (name, secret) in [("ada", "ada_1234"), ("bob", "password"), ("admin", PASSWORD)] {
        let refused = open.service.sign_up(&anonymous(), wish(name, secret)).await;
        if name != "ada" {
            assert!(matches!(refused, Err(Error::Invalid { .. })), "{name} {secret}: {refused:?}");
        }
    }
    open.service.sign_up(&anonymous(), wish("cleo", PASSWORD)).await.unwrap();
    let third = open.service.sign_up(&anonymous(), wish("dora", PASSWORD)).await;
    assert!(matches!(third, Err(Error::RateLimited { .. })), "{third:?}");
}

#[tokio::test]
async fn an_export_has_everything_of_the_account_and_nothing_of_others() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for n in 0..150 {
        ada.posts(&format!("tweet {n}")).await;
    }
    ada.follows(&bob).await;
    let home = model::TimelineName::parse("home").unwrap();
    let tweet = bob.posts("not mine").await;
    server.service.set_read_line(&ada.caller, home, tweet).await.unwrap();
    let fingerprint = SshFingerprint([7; 32]);
    let name = SshKeyName::parse("laptop").unwrap();
    server.store.store.apply(Change::AddSshKey { account: ada.id, fingerprint, name }, None).await.unwrap();
    let (mut lines, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.service.export(&ada.caller, &cursor).await.unwrap();
        lines.extend(page.json_lines);
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let all = lines.join("\n");
    for n in 0..150 {
        assert_eq!(all.matches(&format!("\"tweet {n}\"")).count(), 1, "tweet {n}");
    }
    assert!(all.contains("\"bob\"") && !all.contains("not mine"));
    assert!(all.contains("\"read_line\"") && all.contains(&fingerprint.to_string()));
    for line in lines {
        assert!(serde_json::from_str::<serde_json::Value>(&line).unwrap()["type"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn a_key_opens_a_session_of_its_account_until_it_is_revoked_or_the_account_is_suspended() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let (one, other) = (SshFingerprint([1; 32]), SshFingerprint([2; 32]));
    let store = &server.store.store;
    for fingerprint in [one, other] {
        let change = Change::AddSshKey { account: ada.id, fingerprint, name: SshKeyName::default() };
        store.apply(change, None).await.unwrap();
    }
    let service = &server.service;
    let by_key = |fingerprint: SshFingerprint| async move {
        service.log_in_with_ssh_key(&anonymous(), &fingerprint, "ssh").await
    };
    let logged_in = by_key(one).await.unwrap().unwrap();
    assert_eq!(logged_in.profile.account.id, ada.id);
    let token = logged_in.token.unwrap();
    server.service.authenticate(&anonymous(), &token).await.unwrap();
    assert!(by_key(SshFingerprint([3; 32])).await.unwrap().is_none(), "a key of no account");

    let key = server.service.ssh_keys(&ada.caller).await.unwrap()[0].id;
    server.service.revoke_ssh_key(&ada.caller, None, key).await.unwrap();
    let revoked = server.service.authenticate(&anonymous(), &token).await;
    assert!(matches!(revoked, Err(Error::Unauthenticated(_))), "{revoked:?}");
    assert!(by_key(one).await.unwrap().is_none());
    store.apply(Change::SetSuspended { account: ada.id, suspended: true }, None).await.unwrap();
    assert_eq!(by_key(other).await.err(), Some(Error::suspended()), "only its holder learns that");
}

#[tokio::test]
async fn lists_of_accounts_are_paged_to_their_end() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    for n in 0..25 {
        server.person(&format!("fan{n:02}")).await.follows(&ada).await;
    }
    let (mut names, mut position) = (Vec::new(), None);
    loop {
        let list = AccountListRequest::Followers(None);
        let is_first = position.is_none();
        let filter = AccountFilter::default();
        let page = server.service.list_accounts(&ada.caller, list, filter, position, 10).await.unwrap();
        let (page, total) = page;
        assert_eq!(total, is_first.then_some(25), "the first page says how long the list is");
        names.extend(page.items.into_iter().map(|person| person.account.username.to_string()));
        position = page.next;
        if position.is_none() {
            break;
        }
    }
    let expected: Vec<_> = (0..25).rev().map(|n| format!("fan{n:02}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_tweet_mentions_few_strangers_and_any_number_of_followers() {
    let server =
        TestServer::with(ServiceConfig { stranger_mentions: 2, ..config() }, LiveConfig::default()).await;
    let ada = server.person("ada").await;
    let (bob, cleo, dora) =
        (server.person("bob").await, server.person("cleo").await, server.person("dora").await);
    let posts = |text: &str| {
        let text = model::TweetText::parse(text).unwrap();
        let tweet = NewTweet { text, visibility: model::Visibility::Public, reply_to: None, quote_of: None };
        server.service.post(&ada.caller, None, tweet)
    };
    let (two, three) = ("@bob @cleo @unknown @ada", "@bob @cleo @dora");
    let id = posts(two).await.unwrap().id;
    assert!(matches!(posts(three).await, Err(Error::Invalid { .. })));
    let text = model::TweetText::parse(three).unwrap();
    let edited = server.service.edit_tweet(&ada.caller, None, model::TweetId::new(id).unwrap(), text);
    assert!(matches!(edited.await, Err(Error::Invalid { .. })), "edits have the same limit");
    for follower in [&bob, &cleo, &dora] {
        follower.follows(&ada).await;
    }
    posts(three).await.unwrap();
}
