//! A muted account does not speak through others.

use model::{NewTweet, Span, TweetPage, TweetText};

use crate::TimelineRequest;
use crate::live::{Delivery, LiveEvent, Topic};
use crate::test_support::{TestServer, next, tweet};

/// Whether a page has a text, in a tweet or what it quotes.
fn says(page: &TweetPage, text: &str) -> bool {
    page.tweets.iter().chain(&page.referenced).any(|tweet| tweet.text == text)
}

#[tokio::test]
async fn a_quote_of_a_muted_account_is_closed_in_every_list() {
    let server = TestServer::new().await;
    let (fay, gus, hal) =
        (server.person("fay").await, server.person("gus").await, server.person("hal").await);
    fay.follows(&gus).await;
    let noise = hal.posts("noise").await;
    let question = gus.posts("a question").await;
    let quote = NewTweet { quote_of: Some(noise), reply_to: Some(question), ..tweet("listen to #this word") };
    let quote = gus.writes(quote).await.unwrap();
    gus.retweets(noise).await.unwrap();
    let service = &server.service;
    service.bookmark(&fay.caller, None, quote).await.unwrap();
    service.like(&fay.caller, None, quote).await.unwrap();
    let lists = || {
        [
            TimelineRequest::Home,
            TimelineRequest::Local,
            TimelineRequest::Hashtag(model::Hashtag::parse("this").unwrap()),
            TimelineRequest::Search("word".into()),
            TimelineRequest::User(Some(gus.name.clone())),
            TimelineRequest::Replies(Some(gus.name.clone())),
            TimelineRequest::Bookmarks,
            TimelineRequest::Likes,
        ]
    };
    // In memory before and after.
    let in_memory = || async {
        let read = |page: &crate::timeline::HomePage<'_>| {
            page.tweets.iter().chain(&page.referenced).any(|one| one.tweet.tweet.text == "noise")
        };
        service.home(&fay.caller, Span::Latest, 20, read).await.unwrap()
    };
    assert_eq!(in_memory().await, Some(true));
    for muted in [false, true, false] {
        if muted {
            fay.mutes(&hal).await;
        } else {
            service.unmute(&fay.caller, None, &hal.name).await.unwrap();
        }
        for list in lists() {
            let page = service.timeline(&fay.caller, list.clone(), Span::Latest, 20).await.unwrap();
            assert!(says(&page, "listen to #this word"), "{list:?}");
            assert_eq!(says(&page, "noise"), !muted, "{list:?}, muted: {muted}");
        }
        assert_eq!(in_memory().await, Some(!muted));
        let thread = service.thread(&fay.caller, question, None, 20).await.unwrap();
        assert_eq!(says(&thread.replies, "noise"), !muted);
        let page = service.tweet(&fay.caller, quote).await.unwrap();
        assert_eq!(says(&page, "noise"), !muted);
    }
    // Who asks for a muted account sees it.
    fay.mutes(&hal).await;
    assert_eq!(fay.texts(TimelineRequest::User(Some(hal.name.clone()))).await, ["noise"]);
    assert!(fay.sees(noise).await);
}

#[tokio::test]
async fn a_quote_of_a_muted_account_is_closed_in_live_events() {
    let server = TestServer::new().await;
    let (fay, gus, hal) =
        (server.person("fay").await, server.person("gus").await, server.person("hal").await);
    fay.follows(&gus).await;
    fay.mutes(&hal).await;
    let noise = hal.posts("noise").await;
    let connection = fay.connects();
    connection.subscribe(Topic::Home, None).await.unwrap();
    gus.writes(NewTweet { quote_of: Some(noise), ..tweet("listen") }).await.unwrap();
    let Delivery::Event { payload, .. } = next(&connection).await else { panic!("an event") };
    let LiveEvent::TweetPosted(page) = &payload.event else { panic!("{payload:?}") };
    assert!(says(page, "listen") && !says(page, "noise"));
}

#[tokio::test]
async fn a_muted_account_is_not_in_the_list_of_conversations_nor_in_its_events() {
    let server = TestServer::new().await;
    let (fay, gus, hal) =
        (server.person("fay").await, server.person("gus").await, server.person("hal").await);
    let service = &server.service;
    let connection = fay.connects();
    connection.subscribe(Topic::Conversations, None).await.unwrap();
    fay.mutes(&hal).await;
    for (from, text) in [(&hal, "noise"), (&gus, "hello")] {
        let text = TweetText::parse(text).unwrap();
        service.send_message(&from.caller, None, &fay.name, text).await.unwrap();
    }
    let Delivery::Event { payload, .. } = next(&connection).await else { panic!("an event") };
    let LiveEvent::Message { message, .. } = &payload.event else { panic!("{payload:?}") };
    assert_eq!(message.text, "hello", "the first event is that of the other one");
    let listed = service.conversations(&fay.caller, None, 10).await.unwrap().items;
    assert_eq!(listed.iter().map(|one| one.with.id).collect::<Vec<_>>(), [gus.id]);
    // Who asks for the conversation gets it, also live.
    let page = service.read_conversation(&fay.caller, &hal.name, Span::Latest, 10).await.unwrap();
    assert_eq!(page.messages.items.len(), 1);
    service.unmute(&fay.caller, None, &hal.name).await.unwrap();
    let listed = service.conversations(&fay.caller, None, 10).await.unwrap().items;
    assert_eq!(listed.len(), 2);
}
