//! What subscribers get: every event that is for them, in order, once, and no other.

use model::{
    Cursor, Error, EventId, Hashtag, NewTweet, NotificationKind, Presence, Span, TweetId, Visibility,
};

use super::{Delivery, LiveConnection, LiveEvent, Topic};
use crate::TimelineRequest;
use crate::test_support::{TestServer, TestUser, config, next, small, tweet, until};
use store::Store as _;

async fn small_server() -> TestServer {
    TestServer::with(config(), small()).await
}

/// The next tweet posted, with its sequence.
async fn next_tweet(connection: &LiveConnection) -> (TweetId, EventId) {
    match next(connection).await {
        Delivery::Event { sequence, payload, .. } => match &payload.event {
            LiveEvent::TweetPosted(page) => (page.tweets[0].id, sequence),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// Everything that is delivered before a tweet that this user posts at the end.
async fn delivered_until(connection: &LiveConnection, last: &TestUser<'_>) -> Vec<TweetId> {
    let end = last.posts("the end").await;
    let mut ids = Vec::new();
    loop {
        match next_tweet(connection).await.0 {
            id if id == end => return ids,
            id => ids.push(id),
        }
    }
}

#[tokio::test]
async fn home_gets_what_followed_people_post_and_nothing_of_others() {
    let server = small_server().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    ada.follows(&bob).await;
    let connection = ada.connects();
    connection.subscribe(Topic::Home, None).await.unwrap();
    let one = bob.posts("one").await;
    cleo.posts("not for ada").await;
    let two = bob.posts("two").await;
    assert_eq!(delivered_until(&connection, &ada).await, [one, two]);
    // At once when a relationship changes.
    ada.unfollows(&bob).await;
    ada.follows(&cleo).await;
    bob.posts("no longer").await;
    let three = cleo.posts("now for ada").await;
    assert_eq!(delivered_until(&connection, &ada).await, [three]);
}

#[tokio::test]
async fn blocks_mutes_and_visibility_hold_for_what_is_live() {
    let server = small_server().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    ada.follows(&bob).await;
    let connection = ada.connects();
    connection.subscribe(Topic::Home, None).await.unwrap();
    let secret = NewTweet { visibility: Visibility::Direct, ..tweet("only @cleo") };
    bob.writes(secret).await.unwrap();
    let followers =
        bob.writes(NewTweet { visibility: Visibility::Followers, ..tweet("for followers") }).await.unwrap();
    assert_eq!(delivered_until(&connection, &ada).await, [followers]);
    ada.mutes(&bob).await;
    bob.posts("muted").await;
    assert!(delivered_until(&connection, &ada).await.is_empty());

    let tag = cleo.connects();
    tag.subscribe(Topic::Hashtag(Hashtag::parse("rust").unwrap()), None).await.unwrap();
    let public = bob.posts("#Rust").await;
    assert_eq!(next_tweet(&tag).await.0, public);
    bob.blocks(&cleo).await;
    bob.posts("#rust again").await;
    let seen = ada.posts("#rust of ada").await;
    assert_eq!(next_tweet(&tag).await.0, seen);
}

#[tokio::test]
async fn a_client_that_resumes_from_a_cursor_gets_what_it_missed_once_and_in_order() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    let mut posted = Vec::new();
    let mut seen = Vec::new();
    let mut cursor = None;
    let mut dice = 11_u64;
    for round in 0..12 {
        let connection = ada.connects();
        let (_, start) = connection.subscribe(Topic::Home, cursor).await.unwrap();
        cursor = cursor.or(Some(start));
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (while_there, taken) = ((dice >> 33) % 9, (dice >> 40) % 9);
        for n in 0..while_there {
            posted.push(bob.posts(&format!("{round} here {n}")).await);
        }
        // The connection is lost somewhere in the middle of what is on its way.
        for _ in 0..taken.min((posted.len() - seen.len()) as u64) {
            let (id, sequence) = next_tweet(&connection).await;
            seen.push(id);
            cursor = Some(sequence);
        }
        drop(connection);
        for n in 0..(dice >> 50) % 5 {
            posted.push(bob.posts(&format!("{round} away {n}")).await);
        }
    }
    let connection = ada.connects();
    connection.subscribe(Topic::Home, cursor).await.unwrap();
    while seen.len() < posted.len() {
        seen.push(next_tweet(&connection).await.0);
    }
    assert_eq!(seen, posted);
    assert!(delivered_until(&connection, &ada).await.is_empty());
}

#[tokio::test]
async fn too_much_to_replay_is_an_explicit_gap_and_then_it_goes_on() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    let connection = ada.connects();
    let (_, cursor) = connection.subscribe(Topic::Home, None).await.unwrap();
    drop(connection);
    for n in 0..small().replay_max + 10 {
        bob.posts(&format!("{n}")).await;
    }
    let connection = ada.connects();
    connection.subscribe(Topic::Home, Some(cursor)).await.unwrap();
    let (gap_at, after) = match next(&connection).await {
        Delivery::Event { sequence, payload, .. } => match &payload.event {
            LiveEvent::Gap { after } => (sequence, *after),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert!(after <= cursor && gap_at > after);
    // What is in the gap is read; what comes after it is live.
    assert_eq!(ada.reads(TimelineRequest::Home).await.unwrap().len(), 20);
    let id = bob.posts("after the gap").await;
    // The last ones before it may still have been on their way when the gap was delivered.
    let mut before = gap_at;
    loop {
        let (live, sequence) = next_tweet(&connection).await;
        assert!(sequence > before);
        before = sequence;
        if live == id {
            break;
        }
    }
}

#[tokio::test]
async fn a_cursor_above_every_event_is_an_explicit_gap_and_then_it_goes_on() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    let newest = server.store.store.last_event().await.unwrap();
    let connection = ada.connects();
    // As after the server was restored from a backup.
    let restored = EventId::new(newest.get() + (60_000 << 16));
    let (_, begin) = connection.subscribe(Topic::Home, restored).await.unwrap();
    match next(&connection).await {
        Delivery::Event { sequence, payload, .. } => {
            let LiveEvent::Gap { after } = payload.event else { panic!("{payload:?}") };
            assert_eq!((sequence, after), (begin, begin));
        }
        other => panic!("{other:?}"),
    }
    let id = bob.posts("after the gap").await;
    assert_eq!(next_tweet(&connection).await.0, id);

    // A cursor that the server gave is no gap.
    let other = ada.connects();
    other.subscribe(Topic::Home, Some(begin)).await.unwrap();
    assert_eq!(next_tweet(&other).await.0, id);
}

#[tokio::test]
async fn a_client_that_was_ahead_at_another_server_gets_nothing_twice() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    for n in 0..20 {
        // The other server has delivered it; here it is committed, and may not be distributed yet.
        bob.posts(&format!("{n} there")).await;
        let seen = server.store.store.last_event().await.unwrap();
        let connection = ada.connects();
        assert_eq!(connection.subscribe(Topic::Home, Some(seen)).await.unwrap().1, seen);
        let id = bob.posts(&format!("{n} here")).await;
        assert_eq!(next_tweet(&connection).await.0, id);
    }
}

#[tokio::test]
async fn a_cursor_between_events_that_none_had_is_an_explicit_gap() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    bob.posts("before").await;
    // As after a failover that lost the event, when others have followed.
    let lost = EventId::new(server.store.store.last_event().await.unwrap().get() + 1).unwrap();
    server.clock.advance_ms(1_000);
    bob.posts("after").await;
    let connection = ada.connects();
    let (_, begin) = connection.subscribe(Topic::Home, Some(lost)).await.unwrap();
    match next(&connection).await {
        Delivery::Event { payload, .. } => {
            let LiveEvent::Gap { after } = payload.event else { panic!("{payload:?}") };
            assert_eq!(after, begin);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_slow_reader_gets_the_cursor_to_resume_from() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    let connection = ada.connects();
    let (number, _) = connection.subscribe(Topic::Home, None).await.unwrap();
    let mut posted = Vec::new();
    for n in 0..small().inbox + 5 {
        posted.push(bob.posts(&format!("{n}")).await);
    }
    // Without this, a reader that is faster than the delivery would not be slow.
    until("the subscription is closed", || server.live.statistics().subscriptions == 0).await;
    let mut seen = Vec::new();
    let cursor = loop {
        match next(&connection).await {
            Delivery::Event { payload, .. } => match &payload.event {
                LiveEvent::TweetPosted(page) => seen.push(page.tweets[0].id),
                other => panic!("{other:?}"),
            },
            Delivery::Closed { subscription, error: Error::SlowConsumer { cursor } } => {
                assert_eq!(subscription, number);
                break cursor;
            }
            other => panic!("{other:?}"),
        }
    };
    connection.subscribe(Topic::Home, cursor).await.unwrap();
    while seen.len() < posted.len() {
        seen.push(next_tweet(&connection).await.0);
    }
    assert_eq!(seen, posted);
}

#[tokio::test]
async fn deletions_and_edits_are_delivered_and_an_ended_session_is_closed() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    let connection = ada.connects();
    connection.subscribe(Topic::Home, None).await.unwrap();
    let id = bob.posts("first").await;
    next_tweet(&connection).await;
    let text = model::TweetText::parse("second").unwrap();
    server.service.edit_tweet(&bob.caller, None, id, text).await.unwrap();
    let Delivery::Event { payload, .. } = next(&connection).await else { panic!("an edit") };
    assert!(matches!(&payload.event, LiveEvent::TweetEdited(page) if page.tweets[0].text == "second"));
    server.service.delete_tweet(&bob.caller, None, id).await.unwrap();
    let Delivery::Event { payload, .. } = next(&connection).await else { panic!("a deletion") };
    assert_eq!(payload.event, LiveEvent::TweetDeleted(id));
    server.service.log_out(&ada.caller, false).await.unwrap();
    assert!(matches!(next(&connection).await, Delivery::SessionEnded));
}

#[tokio::test]
async fn users_are_online_while_they_are_subscribed_and_do_not_hide_it() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let watching = bob.connects();
    watching.subscribe(Topic::Presence, None).await.unwrap();
    let connection = ada.connects();
    assert_eq!(
        server.live.presence(ada.id),
        Presence::Offline,
        "a client without subscriptions is not online"
    );
    connection.subscribe(Topic::Home, None).await.unwrap();
    until("ada is online", || server.live.presence(ada.id) == Presence::Online).await;
    let announced = async |expected: Presence| loop {
        if let Delivery::Event { payload, .. } = next(&watching).await
            && let LiveEvent::Presence(who, state, _) = &payload.event
            && who.id == ada.id
            && *state == expected
        {
            break;
        }
    };
    announced(Presence::Online).await;
    connection.set_presence(Presence::Away);
    announced(Presence::Away).await;
    connection.set_presence(Presence::Online);
    announced(Presence::Online).await;
    let hide = crate::EditProfile { presence_hidden: Some(true), ..Default::default() };
    server.service.edit_profile(&ada.caller, None, hide).await.unwrap();
    announced(Presence::Offline).await;
    assert!(server.live.online().iter().all(|(who, _)| *who != ada.id));
    drop(connection);
    drop(watching);
    until("no one is online", || server.live.online().is_empty()).await;
}

#[tokio::test]
async fn one_user_makes_no_trend() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let connection = ada.connects();
    connection.subscribe(Topic::Local, None).await.unwrap();
    for n in 0..20 {
        ada.posts(&format!("#mine {n}")).await;
    }
    ada.posts("#ours").await;
    bob.posts("#Ours too").await;
    let end = bob.posts("the end").await;
    while next_tweet(&connection).await.0 != end {}
    server.clock.advance_ms(2_000);
    until("there is a trend", || !server.live.trends(5, 100).is_empty()).await;
    let names: Vec<_> = server.live.trends(5, 100).iter().map(|trend| trend.name.clone()).collect();
    assert_eq!(names, ["ours"]);
}

#[tokio::test]
async fn a_home_timeline_read_and_followed_at_the_same_time_is_whole() {
    let server = small_server().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    for round in 0..20 {
        let before = bob.posts(&format!("{round} before")).await;
        let connection = ada.connects();
        let (subscribed, posted) =
            tokio::join!(connection.subscribe(Topic::Home, None), bob.posts("in between"));
        subscribed.unwrap();
        let page =
            server.service.timeline(&ada.caller, TimelineRequest::Home, Span::Latest, 20).await.unwrap();
        assert!(page.tweets.iter().any(|tweet| tweet.id == before));
        assert!(matches!(page.next, None | Some(Cursor::Id(_))));
        let was_read = page.tweets.iter().any(|tweet| tweet.id == posted);
        assert!(was_read || next_tweet(&connection).await.0 == posted, "round {round}");
    }
}

/// How many typing signals arrive before a message of the same account.
async fn typing_signals_before_message(connection: &LiveConnection) -> usize {
    let mut signals = 0;
    loop {
        match next(connection).await {
            Delivery::Event { payload, .. } => match &payload.event {
                LiveEvent::Typing(_) => signals += 1,
                LiveEvent::Message { .. } => return signals,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn typing_signals_of_strangers_are_ignored_and_many_of_one_person_become_few() {
    let server = TestServer::new().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    let text = || model::TweetText::parse("hello").unwrap();
    let begun = std::time::Instant::now();
    for follows in [false, true] {
        if follows {
            ada.follows(&cleo).await;
        }
        let typist = if follows { &cleo } else { &bob };
        let connection = ada.connects();
        connection.subscribe(Topic::Conversations, None).await.unwrap();
        for _ in 0..500 {
            server.service.typing(&typist.caller, &ada.name).await.unwrap();
        }
        server.service.send_message(&typist.caller, None, &ada.name, text()).await.unwrap();
        let signals = typing_signals_before_message(&connection).await;
        let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
        let expected = if follows { 1..=1 + seconds } else { 0..=0 };
        assert!(expected.contains(&signals), "{signals} signals, follows: {follows}");
    }
    // Since the message there is a conversation.
    let connection = ada.connects();
    connection.subscribe(Topic::Conversations, None).await.unwrap();
    server.service.typing(&bob.caller, &ada.name).await.unwrap();
    server.service.send_message(&bob.caller, None, &ada.name, text()).await.unwrap();
    assert_eq!(typing_signals_before_message(&connection).await, 1);
}

/// The notifications and unread counts that arrive before the follow of another user, and the last count before that.
async fn notices_before_follow(connection: &LiveConnection) -> (usize, usize) {
    let (mut notifications, mut counts) = (0, 0);
    loop {
        match next(connection).await {
            Delivery::Event { payload, .. } => match &payload.event {
                LiveEvent::Notification(one, ..) if one.kind == NotificationKind::Follow => {
                    return (notifications, counts);
                }
                LiveEvent::Notification(..) => notifications += 1,
                LiveEvent::Unread(_) => counts += 1,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

/// The last unread count that arrives.
async fn settled_count(connection: &LiveConnection, expected: u32) {
    loop {
        if let Delivery::Event { payload, .. } = next(connection).await
            && payload.event == LiveEvent::Unread(expected)
        {
            return;
        }
    }
}

#[tokio::test]
async fn a_like_that_is_given_and_taken_many_times_is_one_notification_and_few_counts() {
    let server = TestServer::new().await;
    let (ada, bob, cleo) =
        (server.person("ada").await, server.person("bob").await, server.person("cleo").await);
    let tweet = ada.posts("hello").await;
    let connection = ada.connects();
    let (_, start) = connection.subscribe(Topic::Notifications, None).await.unwrap();
    let begun = std::time::Instant::now();
    for n in 0..201 {
        match n % 2 {
            0 => server.service.like(&bob.caller, None, tweet).await.unwrap(),
            _ => server.service.unlike(&bob.caller, None, tweet).await.unwrap(),
        };
    }
    cleo.follows(&ada).await;
    let (notifications, counts) = notices_before_follow(&connection).await;
    let most = 2 + usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert_eq!(notifications, 1);
    assert!(counts <= most, "{counts} counts");
    settled_count(&connection, 2).await;
    // A client that was away gets one count, too.
    let again = ada.connects();
    again.subscribe(Topic::Notifications, Some(start)).await.unwrap();
    assert_eq!(notices_before_follow(&again).await, (1, 1));
}

#[tokio::test]
async fn a_retweet_that_is_undone_and_repeated_reaches_followers_a_few_times_only() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    ada.follows(&bob).await;
    let (tweet, other) = (ada.posts("hello").await, ada.posts("another").await);
    let connection = ada.connects();
    connection.subscribe(Topic::Home, None).await.unwrap();
    let posts = |delivery: Delivery, of: TweetId| match delivery {
        Delivery::Event { payload, .. } => match &payload.event {
            // What was posted just before the subscription may still arrive.
            LiveEvent::TweetPosted(page) => page.tweets[0].retweet_of == Some(of),
            LiveEvent::TweetDeleted(_) => false,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let (mut made, mut posted) = (0, 0);
    for _ in 0..100 {
        match bob.retweets(tweet).await {
            Ok(_) => {
                made += 1;
                // One that is undone before it is delivered would not reach them at all.
                while !posts(next(&connection).await, tweet) {}
                posted += 1;
            }
            Err(Error::RateLimited { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
        server.service.undo_retweet(&bob.caller, None, tweet).await.unwrap();
    }
    assert!((5..10).contains(&made), "{made} retweets");
    bob.retweets(other).await.expect("other tweets can be retweeted");
    loop {
        let delivery = next(&connection).await;
        if posts(delivery.clone(), other) {
            break;
        }
        posted += i32::from(posts(delivery, tweet));
    }
    assert_eq!(posted, made);
}
