//! Tweets and timelines.

use model::{AccountId, Error, Hashtag, NewTweet, Span, TweetId, Visibility};

use super::world::{World, text, tweet};
use crate::store::{Change, Once, Timeline};

fn once(account: AccountId, key: &[u8], request: u8) -> Option<Once> {
    Some(Once { account, key: key.to_vec(), request_hash: [request; 32] })
}

pub(crate) async fn a_key_makes_a_change_happen_once(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let post = |author| Change::Post { author, tweet: tweet("once") };
    let first = world.store.apply(post(ada), once(ada, b"key", 1)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(world.store.apply(post(ada), once(ada, b"key", 1)).await.unwrap(), first);
    }
    // Another's key is another key.
    let of_bob = world.store.apply(post(bob), once(bob, b"key", 1)).await.unwrap();
    assert_ne!(of_bob.id, first.id);
    assert_eq!(world.timeline(Timeline::User(ada)).await.len(), 1);

    // At the same time, too.
    let store = &world.store;
    let both = tokio::join!(
        store.apply(post(ada), once(ada, b"twin", 2)),
        store.apply(post(ada), once(ada, b"twin", 2)),
    );
    assert_eq!(both.0.unwrap(), both.1.unwrap());
    assert_eq!(world.timeline(Timeline::User(ada)).await.len(), 2);
}

pub(crate) async fn the_same_key_for_another_request_is_a_conflict(world: World) {
    let ada = world.person("ada").await;
    let post = |words: &str| Change::Post { author: ada, tweet: tweet(words) };
    world.store.apply(post("one"), once(ada, b"key", 1)).await.unwrap();
    let refused = world.store.apply(post("two"), once(ada, b"key", 2)).await;
    assert_eq!(refused, Err(Error::IdempotencyConflict));
    assert_eq!(world.timeline(Timeline::User(ada)).await.len(), 1);
}

pub(crate) async fn a_refused_change_leaves_nothing_and_its_neighbours_alone(world: World) {
    let ada = world.person("ada").await;
    let gone = world.post(ada, "soon gone").await;
    world.apply(Change::DeleteTweet { author: ada, tweet: gone }).await;
    let answer = NewTweet { reply_to: Some(gone), ..tweet("too late #late") };
    // Asked together, they share a transaction.
    let store = &world.store;
    let (good, bad, good_too) = tokio::join!(
        store.apply(Change::Post { author: ada, tweet: tweet("one") }, None),
        store.apply(Change::Post { author: ada, tweet: answer.clone() }, once(ada, b"key", 1)),
        store.apply(Change::Post { author: ada, tweet: tweet("two") }, None),
    );
    assert_eq!(bad, Err(Error::not_found("tweet")));
    assert!(good.is_ok() && good_too.is_ok());
    assert_eq!(world.timeline(Timeline::User(ada)).await.len(), 2);
    assert!(world.store.search_hashtags("late", 10).await.unwrap().is_empty());
    // A refusal used its key up as little as anything else.
    let again = store.apply(Change::Post { author: ada, tweet: tweet("fine") }, once(ada, b"key", 2)).await;
    assert!(again.is_ok());
}

pub(crate) async fn home_holds_ones_own_and_followed_tweets_newest_first(world: World) {
    let (ada, bob, cleo) = (world.person("ada").await, world.person("bob").await, world.person("cleo").await);
    world.follow(ada, bob).await;
    let own = world.post(ada, "own").await;
    let followed = world.post(bob, "followed").await;
    let stranger = world.post(cleo, "stranger").await;
    assert_eq!(world.home(ada).await, [followed, own]);
    assert_eq!(world.home(bob).await, [followed]);
    let retweet =
        TweetId::new(world.apply(Change::Retweet { account: bob, tweet: stranger }).await.id).unwrap();
    assert_eq!(world.home(ada).await, [retweet, followed, own]);
    assert_eq!(world.timeline(Timeline::Local).await, [stranger, followed, own]);
    world.apply(Change::Unfollow { follower: ada, followee: bob }).await;
    assert_eq!(world.home(ada).await, [own]);
}

pub(crate) async fn pages_neither_repeat_nor_skip_when_things_arrive(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    world.follow(ada, bob).await;
    let mut all = Vec::new();
    for n in 0..25 {
        all.push(world.post(if n % 2 == 0 { ada } else { bob }, &format!("{n}")).await);
    }
    all.reverse();
    let mut read = Vec::new();
    let mut span = Span::Latest;
    loop {
        let page = world.part(Timeline::Home(ada), span, 7).await;
        let Some(last) = page.last() else { break };
        span = Span::Before(last.get());
        read.extend(page);
        world.post(bob, "meanwhile").await;
    }
    assert_eq!(read, all);
    // Upwards: directly above, nearest first.
    let anchor = all[20];
    let above = world.part(Timeline::Home(ada), Span::After(anchor.get()), 3).await;
    assert_eq!(above, all[17..20]);
}

pub(crate) async fn a_deleted_tweet_takes_along_what_hangs_on_it(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let original = world.post(ada, "to be #deleted").await;
    let reply = world.write(bob, NewTweet { reply_to: Some(original), ..tweet("reply") }).await;
    let quote = world.write(bob, NewTweet { quote_of: Some(original), ..tweet("quote") }).await;
    world.apply(Change::Retweet { account: bob, tweet: original }).await;
    world.apply(Change::SetLike { account: bob, tweet: original, liked: true }).await;
    world.apply(Change::SetBookmark { account: bob, tweet: original, bookmarked: true }).await;

    let of_another = Change::DeleteTweet { author: bob, tweet: original };
    assert!(matches!(world.refused(of_another).await, Error::NotFound(_) | Error::Forbidden(_)));
    world.apply(Change::DeleteTweet { author: ada, tweet: original }).await;
    assert!(world.see(bob, original).await.is_none());
    assert_eq!(world.timeline(Timeline::User(bob)).await, [quote, reply]);
    assert!(world.timeline(Timeline::Likes(bob)).await.is_empty());
    assert!(world.timeline(Timeline::Bookmarks(bob)).await.is_empty());
    assert!(world.timeline(Timeline::Hashtag(Hashtag::parse("deleted").unwrap())).await.is_empty());
    assert!(world.timeline(Timeline::Search("deleted".into())).await.is_empty());
    // The tweets that refer to it can tell that there was one.
    assert_eq!(world.see(bob, quote).await.unwrap().tweet.quote_of, Some(original));
}

pub(crate) async fn an_edit_keeps_what_was_said(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let id = world.post(ada, "first #one").await;
    let edit = |author, words: &str| Change::EditTweet { author, tweet: id, text: text(words) };
    assert!(matches!(world.refused(edit(bob, "mine")).await, Error::NotFound(_) | Error::Forbidden(_)));
    world.apply(edit(ada, "second #two @bob")).await;
    let history = world.store.tweet_history(id).await.unwrap();
    let texts: Vec<_> = history.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["first #one", "second #two @bob"]);
    assert!(world.timeline(Timeline::Hashtag(Hashtag::parse("one").unwrap())).await.is_empty());
    assert_eq!(world.timeline(Timeline::Hashtag(Hashtag::parse("two").unwrap())).await, [id]);
    assert_eq!(world.kinds_of_notifications(bob).await, [model::NotificationKind::Mention]);
    world.apply(edit(ada, "third @bob")).await;
    assert_eq!(world.kinds_of_notifications(bob).await.len(), 1, "who was mentioned is not told again");
}

pub(crate) async fn hashtags_fold_case_and_count_public_tweets_only(world: World) {
    let ada = world.person("ada").await;
    let first = world.post(ada, "#Rust #rust").await;
    let second = world.post(ada, "#RUST").await;
    world.write(ada, NewTweet { visibility: Visibility::Followers, ..tweet("#rust in private") }).await;
    let tag = Hashtag::parse("rUsT").unwrap();
    assert_eq!(world.timeline(Timeline::Hashtag(tag)).await, [second, first]);
    assert_eq!(world.store.search_hashtags("ru", 10).await.unwrap(), [("Rust".to_owned(), 2)]);
    let uses = world.store.hashtag_uses_since(1).await.unwrap();
    assert_eq!(uses.iter().map(|one| one.tweet).collect::<Vec<_>>(), [first, second]);
}

pub(crate) async fn retweets_and_likes_are_counted_once(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let id = world.post(ada, "like me").await;
    let retweet = world.apply(Change::Retweet { account: bob, tweet: id }).await;
    let again = world.apply(Change::Retweet { account: bob, tweet: id }).await;
    assert_eq!((again.id, again.changed), (retweet.id, false));
    let like = |liked| Change::SetLike { account: bob, tweet: id, liked };
    assert!(world.apply(like(true)).await.changed);
    assert!(!world.apply(like(true)).await.changed);
    let seen = world.see(bob, id).await.unwrap().tweet;
    assert_eq!((seen.counts.retweets, seen.counts.likes), (1, 1));
    assert!(seen.viewer.liked && seen.viewer.retweeted && !seen.viewer.bookmarked);
    assert!(world.apply(like(false)).await.changed);
    world.apply(Change::UndoRetweet { account: bob, tweet: id }).await;
    let seen = world.see(bob, id).await.unwrap().tweet;
    assert_eq!((seen.counts.retweets, seen.counts.likes), (0, 0));
    // A retweet of a retweet is one of the original.
    let retweet = world.apply(Change::Retweet { account: bob, tweet: id }).await;
    world.apply(Change::Retweet { account: ada, tweet: TweetId::new(retweet.id).unwrap() }).await;
    assert_eq!(world.see(bob, id).await.unwrap().tweet.counts.retweets, 2);
}

pub(crate) async fn a_thread_is_read_upwards_and_downwards(world: World) {
    let ada = world.person("ada").await;
    let root = world.post(ada, "root").await;
    let answer = |to| NewTweet { reply_to: Some(to), ..tweet("answer") };
    let one = world.write(ada, answer(root)).await;
    let two = world.write(ada, answer(one)).await;
    let other = world.write(ada, answer(root)).await;
    assert_eq!(world.store.ancestors(two, 100).await.unwrap(), [one, root]);
    assert_eq!(world.store.ancestors(two, 1).await.unwrap(), [one]);
    assert_eq!(world.store.descendants(root, None, 100).await.unwrap(), [one, two, other]);
    assert_eq!(world.store.descendants(root, Some(one), 1).await.unwrap(), [two]);
    assert_eq!(world.see(ada, root).await.unwrap().tweet.counts.replies, 2);
}

pub(crate) async fn words_are_found_in_public_tweets_only(world: World) {
    let ada = world.person("ada").await;
    let id = world.post(ada, "The quick brown fox's émigré").await;
    world.write(ada, NewTweet { visibility: Visibility::Unlisted, ..tweet("quick and quiet") }).await;
    for query in ["quick", "QUICK fox", "bro*", "emigre", "\"quick\" OR AND NEAR("] {
        let found = world.timeline(Timeline::Search(query.into())).await;
        let expected: &[TweetId] = if query.contains("OR") { &[] } else { &[id] };
        assert_eq!(found, expected, "{query}");
    }
    assert!(world.timeline(Timeline::Search("slow".into())).await.is_empty());
}

pub(crate) async fn a_direct_tweet_says_whom_it_mentions_and_is_in_no_public_list(world: World) {
    let (ada, bob, cleo) = (world.person("ada").await, world.person("bob").await, world.person("cleo").await);
    world.follow(cleo, ada).await;
    let secret = NewTweet { visibility: Visibility::Direct, ..tweet("@bob only for you #secret") };
    let id = world.write(ada, secret).await;
    assert_eq!(world.kinds_of_notifications(bob).await, [model::NotificationKind::Mention]);
    assert!(world.see(bob, id).await.unwrap().mentions_viewer);
    assert!(!world.see(cleo, id).await.unwrap().mentions_viewer);
    assert!(world.timeline(Timeline::Local).await.is_empty());
    assert!(world.timeline(Timeline::Hashtag(Hashtag::parse("secret").unwrap())).await.is_empty());
}
