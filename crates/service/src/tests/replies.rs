//! A reply shows the beginning of the tweet that it answers, to those who may see that.

use model::{NewTweet, Span, TweetId, TweetText, Visibility};

use crate::live::{Delivery, LiveEvent, Topic};
use crate::test_support::{TestServer, TestUser, config, next, small, tweet};
use crate::timeline::HomePage;
use crate::{Caller, TimelineRequest};

/// What this user sees above a reply: in the home timeline from the store and from memory, and on its own.
async fn shown(user: &TestUser<'_>, reply: TweetId) -> Option<(String, String)> {
    let service = &user.server.service;
    let page = service.tweet(&user.caller, reply).await.unwrap();
    let parent = page.tweets[0].parent.clone().map(|parent| (parent.username.to_string(), parent.text));
    let home = service.timeline(&user.caller, TimelineRequest::Home, Span::Latest, 20).await.unwrap();
    if let Some(in_home) = home.tweets.iter().find(|tweet| tweet.id == reply) {
        assert_eq!(in_home.parent, page.tweets[0].parent, "in the home timeline of {}", user.name);
        let preview = |page: &HomePage<'_>| {
            let tweet = page.tweets.iter().find(|one| one.tweet.tweet.id == reply);
            tweet.and_then(|tweet| tweet.parent).map(|parent| parent.preview())
        };
        let in_memory = service.home(&user.caller, Span::Latest, 20, preview).await.unwrap();
        assert_eq!(in_memory.unwrap(), in_home.parent, "in memory for {}", user.name);
    }
    parent
}

fn answer(to: TweetId, visibility: Visibility) -> NewTweet {
    NewTweet { reply_to: Some(to), visibility, ..tweet("an answer") }
}

fn asked(name: &str, text: &str) -> Option<(String, String)> {
    Some((name.to_owned(), text.to_owned()))
}

#[tokio::test]
async fn a_reply_shows_whom_and_what_it_answers() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    eve.follows(&bob).await;
    let question = ada.posts("How long\ndid it take?").await;
    let reply = bob.writes(answer(question, Visibility::Public)).await.unwrap();
    assert_eq!(shown(&eve, reply).await, asked("ada", "How long did it take?"));
    assert_eq!(shown(&eve, question).await, None, "it is no reply");

    let longer = TweetText::parse(&"many words ".repeat(20)).unwrap();
    server.service.edit_tweet(&ada.caller, None, question, longer).await.unwrap();
    let (_, text) = shown(&eve, reply).await.unwrap();
    assert!(text.chars().count() <= 80 && text.ends_with("words…"), "{text}");

    server.service.delete_tweet(&ada.caller, None, question).await.unwrap();
    assert_eq!(shown(&eve, reply).await, None, "deleted");
}

#[tokio::test]
async fn a_reply_shows_nothing_of_a_tweet_that_the_reader_may_not_see() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    for follower in [&bob, &eve] {
        follower.follows(&ada).await;
    }
    eve.follows(&bob).await;
    let question = NewTweet { visibility: Visibility::Followers, ..tweet("for followers of @bob's friend") };
    let question = ada.writes(question).await.unwrap();
    let reply = bob.writes(answer(question, Visibility::Followers)).await.unwrap();
    let text = "for followers of @bob's friend";
    assert_eq!(shown(&eve, reply).await, asked("ada", text));
    eve.unfollows(&ada).await;
    assert_eq!(shown(&eve, reply).await, None, "no longer a follower");
    assert_eq!(shown(&bob, reply).await, asked("ada", text));
    eve.follows(&ada).await;

    eve.mutes(&ada).await;
    assert_eq!(shown(&eve, reply).await, None, "muted");
    server.service.unmute(&eve.caller, None, &ada.name).await.unwrap();
    server.service.suspend(&Caller::Operator, &ada.name).await.unwrap();
    assert_eq!(shown(&eve, reply).await, None, "suspended");
    server.service.unsuspend(&Caller::Operator, &ada.name).await.unwrap();
    assert_eq!(shown(&eve, reply).await, asked("ada", text));
    ada.blocks(&eve).await;
    assert_eq!(shown(&eve, reply).await, None, "blocked");
}

#[tokio::test]
async fn a_mention_that_an_edit_removes_hides_the_tweet_in_replies_to_it() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let question = NewTweet { visibility: Visibility::Direct, ..tweet("a secret, @bob") };
    let question = ada.writes(question).await.unwrap();
    let reply = bob.writes(answer(question, Visibility::Direct)).await.unwrap();
    assert_eq!(shown(&bob, reply).await, asked("ada", "a secret, @bob"));
    let other = TweetText::parse("another secret").unwrap();
    server.service.edit_tweet(&ada.caller, None, question, other).await.unwrap();
    assert_eq!(shown(&ada, reply).await, asked("ada", "another secret"));
    assert_eq!(shown(&bob, reply).await, None);
}

#[tokio::test]
async fn a_live_reply_shows_each_subscriber_what_they_may_see() {
    let server = TestServer::with(config(), small()).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let (eve, kim) = (server.person("eve").await, server.person("kim").await);
    let mut connections = Vec::new();
    for reader in [&eve, &kim] {
        reader.follows(&bob).await;
        let connection = reader.connects();
        connection.subscribe(Topic::Home, None).await.unwrap();
        connections.push(connection);
    }
    bob.follows(&ada).await;
    eve.follows(&ada).await;
    kim.mutes(&ada).await;
    let notified = ada.connects();
    notified.subscribe(Topic::Notifications, None).await.unwrap();
    let question = ada.posts("a question").await;
    bob.writes(answer(question, Visibility::Public)).await.unwrap();
    let mut seen = Vec::new();
    for connection in &connections {
        let parent = loop {
            let Delivery::Event { payload, .. } = next(connection).await else { panic!() };
            let LiveEvent::TweetPosted(page) = &payload.event else { panic!("{payload:?}") };
            if page.tweets[0].author == bob.id {
                break page.tweets[0].parent.clone();
            }
        };
        seen.push(parent.map(|parent| (parent.username.to_string(), parent.text)));
    }
    assert_eq!(seen, [asked("ada", "a question"), None], "Kim mutes Ada");
    let Delivery::Event { payload, .. } = next(&notified).await else { panic!() };
    let LiveEvent::Notification(_, page, _) = &payload.event else { panic!("{payload:?}") };
    assert_eq!(page.tweets[0].parent.as_ref().map(|parent| &*parent.text), Some("a question"));
}

#[tokio::test]
async fn a_live_notification_of_a_quote_has_the_quoted_tweet_with_its_counts() {
    let server = TestServer::with(config(), small()).await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let notified = ada.connects();
    notified.subscribe(Topic::Notifications, None).await.unwrap();
    let quoted = ada.posts("the engine works").await;
    let quote = NewTweet { quote_of: Some(quoted), ..tweet("look at this") };
    bob.writes(quote).await.unwrap();
    let Delivery::Event { payload, .. } = next(&notified).await else { panic!() };
    let LiveEvent::Notification(_, page, _) = &payload.event else { panic!("{payload:?}") };
    let original = page.referenced.first().map(|original| (original.id, original.counts.quotes));
    assert_eq!(original, Some((quoted, 1)));
    assert_eq!(page.accounts.len(), 2, "and its author");
}
