//! Long texts: what is read of them stays small, page by page, and nothing is lost.

use std::collections::BTreeSet;

use model::limits::{PAGE_BYTES_MAX, PAGE_ITEMS_MAX, TWEET_VERSIONS_MAX};
use model::{Cursor, Error, NewTweet, Span, TweetId, TweetText};

use crate::TimelineRequest;
use crate::test_support::{TestServer, TestUser, tweet};

/// About as many bytes as a text may have. It ends with the number.
fn longest(number: usize) -> TweetText {
    // One character for people, eight bytes.
    TweetText::parse(&format!("{}{number:08}", "👍🏽".repeat(490))).unwrap()
}

async fn writes_long_tweets(user: &TestUser<'_>, how_many: usize) -> BTreeSet<TweetId> {
    let mut written = BTreeSet::new();
    for number in 0..how_many {
        written.insert(user.posts(longest(number).as_str()).await);
    }
    written
}

#[tokio::test]
async fn pages_of_long_tweets_end_early_and_miss_nothing() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    bob.follows(&ada).await;
    let written = writes_long_tweets(&ada, 90).await;
    for timeline in [TimelineRequest::Home, TimelineRequest::Local] {
        // In memory before and after.
        for _ in 0..2 {
            let (mut read, mut span, mut pages) = (BTreeSet::new(), Span::Latest, 0);
            loop {
                let page = server
                    .service
                    .timeline(&bob.caller, timeline.clone(), span, PAGE_ITEMS_MAX)
                    .await
                    .unwrap();
                let bytes: usize = page.tweets.iter().map(|tweet| tweet.text.len()).sum();
                assert!(bytes <= PAGE_BYTES_MAX, "{bytes} bytes");
                read.extend(page.tweets.iter().map(|tweet| tweet.id));
                pages += 1;
                match page.next {
                    Some(Cursor::Id(id)) => span = Span::Before(id),
                    _ => break,
                }
            }
            assert_eq!((&read, pages), (&written, 2), "{timeline:?}");
        }
    }
    // Upwards too.
    let oldest = Span::After(written.first().unwrap().get());
    let page =
        server.service.timeline(&bob.caller, TimelineRequest::Local, oldest, PAGE_ITEMS_MAX).await.unwrap();
    assert_eq!(page.tweets.last().map(|tweet| tweet.id), written.iter().nth(1).copied());
    assert!((10..80).contains(&page.tweets.len()), "{} tweets", page.tweets.len());
}

#[tokio::test]
async fn a_thread_of_long_tweets_begins_with_the_nearest_ones() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let mut above = vec![ada.posts(longest(0).as_str()).await];
    for number in 1..90 {
        let reply = NewTweet { reply_to: above.last().copied(), ..tweet(longest(number).as_str()) };
        above.push(ada.writes(reply).await.unwrap());
    }
    let last = above.pop().unwrap();
    let thread = server.service.thread(&ada.caller, last, None, PAGE_ITEMS_MAX).await.unwrap();
    let bytes: usize = thread.ancestors.iter().map(|tweet| tweet.text.len()).sum();
    assert!((PAGE_BYTES_MAX / 2..=PAGE_BYTES_MAX).contains(&bytes), "{bytes} bytes");
    let shown: Vec<_> = thread.ancestors.iter().map(|tweet| tweet.id).collect();
    assert_eq!(shown, above[above.len() - shown.len()..]);
    assert!(thread.ancestors[0].reply_to.is_some(), "it says that there is more above");
}

#[tokio::test]
async fn pages_of_long_messages_end_early_and_miss_nothing() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for number in 0..90 {
        server.service.send_message(&ada.caller, None, &bob.name, longest(number)).await.unwrap();
        server.clock.advance_ms(1);
        // A new account writes to few strangers.
        if number == 0 {
            server.service.send_message(&bob.caller, None, &ada.name, longest(number)).await.unwrap();
        }
    }
    let (mut read, mut span) = (BTreeSet::new(), Span::Latest);
    loop {
        let view =
            server.service.read_conversation(&bob.caller, &ada.name, span, PAGE_ITEMS_MAX).await.unwrap();
        let bytes: usize = view.messages.items.iter().map(|message| message.text.len()).sum();
        assert!(bytes <= PAGE_BYTES_MAX, "{bytes} bytes");
        read.extend(view.messages.items.iter().map(|message| message.id));
        match view.messages.next {
            Some(Cursor::Id(id)) => span = Span::Before(id),
            _ => break,
        }
    }
    assert_eq!(read.len(), 91);
}

#[tokio::test]
async fn a_tweet_can_be_edited_a_hundred_times_and_its_history_is_read_in_pages() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let tweet = ada.posts(longest(0).as_str()).await;
    for number in 1..=TWEET_VERSIONS_MAX {
        server.clock.advance_ms(1);
        server.service.edit_tweet(&ada.caller, None, tweet, longest(number)).await.unwrap();
    }
    let refused = server.service.edit_tweet(&ada.caller, None, tweet, longest(999)).await.unwrap_err();
    assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "tweet_id"), "{refused:?}");

    let (mut read, mut after_ms) = (Vec::new(), 0);
    loop {
        let page = server.service.tweet_history(&ada.caller, tweet, after_ms, PAGE_ITEMS_MAX).await.unwrap();
        let bytes: usize = page.items.iter().map(|(text, _)| text.len()).sum();
        assert!(bytes <= PAGE_BYTES_MAX, "{bytes} bytes");
        read.extend(page.items.into_iter().map(|(text, _)| text));
        match page.next {
            Some(Cursor::Id(time)) => after_ms = time.cast_signed(),
            _ => break,
        }
    }
    let expected: Vec<_> =
        (0..=TWEET_VERSIONS_MAX).map(|number| longest(number).as_str().to_owned()).collect();
    assert_eq!(read, expected);
}

/// All lines of an export from this cursor on; no page has more than fits.
async fn export(user: &TestUser<'_>, cursor: &str) -> Vec<serde_json::Value> {
    let (mut lines, mut cursor) = (Vec::new(), cursor.to_owned());
    loop {
        let page = user.server.service.export(&user.caller, &cursor).await.unwrap();
        let bytes: usize = page.json_lines.iter().map(String::len).sum();
        let longest = page.json_lines.iter().map(String::len).max().unwrap_or_default();
        assert!(bytes < PAGE_BYTES_MAX + longest, "{bytes} bytes, {longest} of them in one line");
        lines.extend(page.json_lines.iter().map(|line| serde_json::from_str(line).unwrap()));
        match page.next {
            Some(next) => cursor = next,
            None => return lines,
        }
    }
}

#[tokio::test]
async fn an_export_of_long_texts_comes_in_pages_that_fit() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let written = writes_long_tweets(&ada, 120).await;
    let edited = *written.iter().nth(60).unwrap();
    for number in 0..TWEET_VERSIONS_MAX {
        server.clock.advance_ms(1);
        server.service.edit_tweet(&ada.caller, None, edited, longest(number)).await.unwrap();
    }
    let reason = "\"".repeat(500);
    for number in 0..15 {
        let name = format!("bad{number}");
        let bad = server.person(&name).await;
        let reason = model::ReportReason::parse(&reason).unwrap();
        let what = crate::Reported::Account(bad.name.clone());
        server.service.report(&ada.caller, None, &what, reason).await.unwrap();
    }
    server.service.send_message(&bob.caller, None, &ada.name, longest(0)).await.unwrap();
    for number in 0..110 {
        server.clock.advance_ms(1);
        server.service.send_message(&ada.caller, None, &bob.name, longest(number)).await.unwrap();
    }
    let lines = export(&ada, "").await;
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    assert_eq!((of("tweet"), of("report"), of("message")), (120, 15, 111));
    let edited_line = lines.iter().find(|line| line["id"] == edited.to_string()).unwrap();
    assert_eq!(edited_line["history"].as_array().unwrap().len(), TWEET_VERSIONS_MAX + 1);

    // As for a tweet with more versions than fit into its line.
    let after = edited_line["history"][40][1].as_i64().unwrap();
    let rest = export(&ada, &format!("tweets/{edited}/{after}")).await;
    assert_eq!(rest.iter().filter(|line| line["type"] == "version").count(), TWEET_VERSIONS_MAX - 40);
    assert_eq!(rest.iter().filter(|line| line["type"] == "tweet").count(), 60, "older tweets follow");
    let of_another = export(&bob, &format!("tweets/{edited}/{after}")).await;
    assert!(of_another.iter().all(|line| line["type"] != "version"), "only one's own");
}

#[tokio::test]
async fn several_long_tweets_come_whole_and_fit_into_a_frame() {
    let server = TestServer::new().await;
    let ada = server.person("ada").await;
    let mut asked = Vec::new();
    for original in writes_long_tweets(&ada, PAGE_ITEMS_MAX).await {
        let quote = NewTweet { quote_of: Some(original), ..tweet(longest(1).as_str()) };
        asked.push(ada.writes(quote).await.unwrap());
    }
    let page = server.service.tweets(&ada.caller, &asked).await.unwrap();
    assert_eq!((page.tweets.len(), page.referenced.len()), (PAGE_ITEMS_MAX, PAGE_ITEMS_MAX));
    let bytes: usize = page.tweets.iter().chain(&page.referenced).map(|tweet| tweet.text.len()).sum();
    assert!(bytes < 1024 * 1024, "{bytes} bytes of at most 2 MiB");
}
