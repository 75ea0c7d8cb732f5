//! Who sees replies, edits and what was hidden.

use model::{Error, NewTweet, TweetId, TweetText, Visibility};

use crate::test_support::{TestServer, TestUser, tweet};
use crate::{TimelineRequest, TweetDraft};

/// Answers without choosing who sees it, and without a mention.
async fn answers(user: &TestUser<'_>, tweet: TweetId) -> TweetId {
    user.server.clock.advance_ms(1);
    let text = TweetText::parse("my answer").unwrap();
    let draft = TweetDraft { text, visibility: None, reply_to: Some(tweet), quote_of: None };
    let posted = user.server.service.post(&user.caller, None, draft).await.unwrap();
    TweetId::new(posted.id).unwrap()
}

async fn visibility_of(user: &TestUser<'_>, tweet: TweetId) -> Visibility {
    user.server.service.tweet(&user.caller, tweet).await.unwrap().tweets[0].visibility
}

#[tokio::test]
async fn a_reply_is_seen_by_no_more_people_than_what_it_answers() {
    use Visibility::{Direct, Followers, Public, Unlisted};
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    bob.follows(&ada).await;
    for visibility in [Public, Unlisted, Followers, Direct] {
        let asked = ada.writes(NewTweet { visibility, ..tweet("@bob the plan") }).await.unwrap();
        let reply = answers(&bob, asked).await;
        assert_eq!(visibility_of(&bob, reply).await, visibility);
        assert!(ada.sees(reply).await, "{visibility:?}: the one who is answered sees the answer");
        assert_eq!(eve.sees(reply).await, visibility.is_shareable(), "{visibility:?}");
        // Unless its author says so.
        let chosen = NewTweet { reply_to: Some(asked), ..tweet("loud") };
        let loud = bob.writes(chosen).await.unwrap();
        assert!(eve.sees(loud).await);
    }
    let local = eve.texts(TimelineRequest::Local).await;
    assert_eq!(local.iter().filter(|text| *text == "my answer").count(), 1, "that to the public tweet");
}

#[tokio::test]
async fn who_is_answered_keeps_seeing_a_direct_reply_that_is_edited() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let visibility = Visibility::Direct;
    let asked = ada.writes(NewTweet { visibility, ..tweet("@bob the plan") }).await.unwrap();
    let reply = answers(&bob, asked).await;
    let text = TweetText::parse("my better answer").unwrap();
    server.service.edit_tweet(&bob.caller, None, reply, text).await.unwrap();
    assert!(ada.sees(reply).await);
}

#[tokio::test]
async fn an_edit_shows_earlier_versions_to_no_one_new() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    bob.follows(&ada).await;
    let edit = |id, text: &str| {
        let text = TweetText::parse(text).unwrap();
        server.service.edit_tweet(&ada.caller, None, id, text)
    };
    for visibility in [Visibility::Direct, Visibility::Followers] {
        let id = ada.writes(NewTweet { visibility, ..tweet("@bob about eve") }).await.unwrap();
        let refused = edit(id, "@bob @eve hello").await;
        assert!(matches!(refused, Err(Error::Invalid { ref field, .. }) if field == "text"), "{refused:?}");
        assert!(!eve.sees(id).await);
        edit(id, "@bob about that").await.unwrap();
    }
    // A follower can see it already.
    let visibility = Visibility::Followers;
    let id = ada.writes(NewTweet { visibility, ..tweet("for followers") }).await.unwrap();
    edit(id, "for followers like @bob").await.unwrap();
    let id = ada.posts("for everyone").await;
    edit(id, "for everyone and @eve").await.unwrap();
}

#[tokio::test]
async fn undoing_an_action_on_a_hidden_tweet_answers_as_for_one_that_does_not_exist() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let visibility = Visibility::Direct;
    let hidden = ada.writes(NewTweet { visibility, ..tweet("a secret") }).await.unwrap();
    let unknown = TweetId::new(12_345).unwrap();
    let service = &server.service;
    for id in [hidden, unknown] {
        for answer in [
            service.unlike(&bob.caller, None, id).await,
            service.unbookmark(&bob.caller, None, id).await,
            service.undo_retweet(&bob.caller, None, id).await,
        ] {
            assert_eq!(answer, Err(Error::not_found("tweet")));
        }
    }
}

#[tokio::test]
async fn several_tweets_are_returned_in_the_order_of_the_request_as_far_as_each_is_visible() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let first = ada.posts("first").await;
    let secret = ada.writes(NewTweet { visibility: Visibility::Direct, ..tweet("a secret") }).await.unwrap();
    let quoted = ada.posts("quoted").await;
    let quote = ada.writes(NewTweet { quote_of: Some(quoted), ..tweet("look") }).await.unwrap();
    let deleted = ada.posts("deleted").await;
    server.service.delete_tweet(&ada.caller, None, deleted).await.unwrap();
    server.service.like(&bob.caller, None, first).await.unwrap();

    let asked = [quote, deleted, secret, first, quote, TweetId::new(12_345).unwrap()];
    let page = server.service.tweets(&bob.caller, &asked).await.unwrap();
    let ids = |tweets: &[model::Tweet]| tweets.iter().map(|tweet| tweet.id).collect::<Vec<_>>();
    assert_eq!((ids(&page.tweets), ids(&page.referenced)), (vec![quote, first], vec![quoted]));
    assert_eq!(page.next, None);
    assert_eq!((page.tweets[1].counts.likes, page.tweets[1].viewer.liked), (1, true));

    ada.blocks(&bob).await;
    let page = server.service.tweets(&bob.caller, &asked).await.unwrap();
    assert_eq!(ids(&page.tweets), [], "as each of them on its own");
}
