//! Tweets and timelines.

use model::limits::TWEET_VERSIONS_MAX;
use model::{AccountId, Error, Hashtag, NewTweet, Span, TweetId, Visibility};

use super::fixture::StoreFixture;
use crate::test_support::{text, tweet};
use crate::{Change, IdempotencyKey, Timeline};

fn once(account: AccountId, key: &[u8], request: u8) -> Option<IdempotencyKey> {
    Some(IdempotencyKey { account, key: key.to_vec(), request_hash: [request; 32] })
}

pub(crate) async fn a_key_makes_a_change_happen_once(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let post = |author| Change::Post { author, tweet: tweet("once") };
    let first = fixture.store.apply(post(ada), once(ada, b"key", 1)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(fixture.store.apply(post(ada), once(ada, b"key", 1)).await.unwrap(), first);
    }
    // The same key of another account is another key.
    let of_bob = fixture.store.apply(post(bob), once(bob, b"key", 1)).await.unwrap();
    assert_ne!(of_bob.id, first.id);
    assert_eq!(fixture.timeline(Timeline::User(ada)).await.len(), 1);

    // At the same time, too.
    let store = &fixture.store;
    let both = tokio::join!(
        store.apply(post(ada), once(ada, b"twin", 2)),
        store.apply(post(ada), once(ada, b"twin", 2)),
    );
    assert_eq!(both.0.unwrap(), both.1.unwrap());
    assert_eq!(fixture.timeline(Timeline::User(ada)).await.len(), 2);
}

pub(crate) async fn the_same_key_for_another_request_is_a_conflict(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let post = |words: &str| Change::Post { author: ada, tweet: tweet(words) };
    fixture.store.apply(post("one"), once(ada, b"key", 1)).await.unwrap();
    let refused = fixture.store.apply(post("two"), once(ada, b"key", 2)).await;
    assert_eq!(refused, Err(Error::IdempotencyConflict));
    assert_eq!(fixture.timeline(Timeline::User(ada)).await.len(), 1);
}

pub(crate) async fn a_refused_change_leaves_nothing_and_its_neighbours_alone(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let gone = fixture.post(ada, "soon gone").await;
    fixture.apply(Change::DeleteTweet { author: ada, tweet: gone }).await;
    let answer = NewTweet { reply_to: Some(gone), ..tweet("too late #late") };
    // Requested together, they share a transaction.
    let store = &fixture.store;
    let (good, bad, good_too) = tokio::join!(
        store.apply(Change::Post { author: ada, tweet: tweet("one") }, None),
        store.apply(Change::Post { author: ada, tweet: answer.clone() }, once(ada, b"key", 1)),
        store.apply(Change::Post { author: ada, tweet: tweet("two") }, None),
    );
    assert_eq!(bad, Err(Error::not_found("tweet")));
    let accepted = [good.unwrap().id, good_too.unwrap().id];
    assert_eq!(fixture.timeline(Timeline::User(ada)).await.len(), 2);
    assert!(fixture.store.search_hashtags("late", 10).await.unwrap().is_empty());
    // A refusal does not use the key up.
    let again = store.apply(Change::Post { author: ada, tweet: tweet("fine") }, once(ada, b"key", 2)).await;
    let posted: Vec<_> = fixture.timeline(Timeline::User(ada)).await.iter().map(|id| id.get()).collect();
    assert_eq!(posted, [again.unwrap().id, accepted[1], accepted[0]]);
}

pub(crate) async fn home_holds_ones_own_and_followed_tweets_newest_first(fixture: StoreFixture) {
    let (ada, bob, cleo) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("cleo").await);
    fixture.follow(ada, bob).await;
    let own = fixture.post(ada, "own").await;
    let followed = fixture.post(bob, "followed").await;
    let stranger = fixture.post(cleo, "stranger").await;
    assert_eq!(fixture.home(ada).await, [followed, own]);
    assert_eq!(fixture.home(bob).await, [followed]);
    let retweet =
        TweetId::new(fixture.apply(Change::Retweet { account: bob, tweet: stranger }).await.id).unwrap();
    assert_eq!(fixture.home(ada).await, [retweet, followed, own]);
    assert_eq!(fixture.timeline(Timeline::Local).await, [stranger, followed, own]);
    fixture.apply(Change::Unfollow { follower: ada, followee: bob }).await;
    assert_eq!(fixture.home(ada).await, [own]);
}

pub(crate) async fn pages_neither_repeat_nor_skip_when_things_arrive(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(ada, bob).await;
    let mut all = Vec::new();
    for n in 0..25 {
        all.push(fixture.post(if n % 2 == 0 { ada } else { bob }, &format!("{n}")).await);
    }
    all.reverse();
    let mut read = Vec::new();
    let mut span = Span::Latest;
    loop {
        let page = fixture.part(Timeline::Home(ada), span, 7).await;
        let Some(last) = page.last() else { break };
        span = Span::Before(last.get());
        read.extend(page);
        fixture.post(bob, "meanwhile").await;
    }
    assert_eq!(read, all);
    // Upwards: directly above, nearest first.
    let anchor = all[20];
    let above = fixture.part(Timeline::Home(ada), Span::After(anchor.get()), 3).await;
    assert_eq!(above, all[17..20]);
}

pub(crate) async fn tweets_are_read_in_the_order_asked_for(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let mut posted = Vec::new();
    for n in 0..4 {
        posted.push(fixture.post(ada, &format!("tweet {n}")).await);
    }
    fixture.apply(Change::DeleteTweet { author: ada, tweet: posted[1] }).await;
    let unknown = TweetId::new(1).unwrap();
    let asked = [posted[2], posted[1], posted[3], unknown, posted[0]];
    let read = fixture.store.tweets(ada, &asked).await.unwrap();
    let texts: Vec<_> = read.iter().map(|record| record.tweet.text.as_str()).collect();
    assert_eq!(texts, ["tweet 2", "tweet 3", "tweet 0"]);
    assert!(fixture.store.tweets(ada, &[]).await.unwrap().is_empty());
}

pub(crate) async fn a_deleted_tweet_is_deleted_with_everything_that_refers_to_it(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let original = fixture.post(ada, "to be #deleted").await;
    let reply = fixture.write(bob, NewTweet { reply_to: Some(original), ..tweet("reply") }).await;
    let quote = fixture.write(bob, NewTweet { quote_of: Some(original), ..tweet("quote") }).await;
    fixture.apply(Change::Retweet { account: bob, tweet: original }).await;
    fixture.apply(Change::SetLike { account: bob, tweet: original, liked: true }).await;
    fixture.apply(Change::SetBookmark { account: bob, tweet: original, bookmarked: true }).await;

    let of_another = Change::DeleteTweet { author: bob, tweet: original };
    assert_eq!(fixture.refused(of_another).await, Error::not_found("tweet"));
    fixture.apply(Change::DeleteTweet { author: ada, tweet: original }).await;
    assert!(fixture.see(bob, original).await.is_none());
    assert_eq!(fixture.timeline(Timeline::User(bob)).await, [quote, reply]);
    assert!(fixture.timeline(Timeline::Likes(bob)).await.is_empty());
    assert!(fixture.timeline(Timeline::Bookmarks(bob)).await.is_empty());
    assert!(fixture.timeline(Timeline::Hashtag(Hashtag::parse("deleted").unwrap())).await.is_empty());
    assert!(fixture.timeline(Timeline::Search("deleted".into())).await.is_empty());
    // A quote still shows that there was a tweet.
    assert_eq!(fixture.see(bob, quote).await.unwrap().tweet.quote_of, Some(original));
}

pub(crate) async fn an_edit_keeps_the_old_version(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let id = fixture.post(ada, "first #one").await;
    let edit = |author, words: &str| Change::EditTweet { author, tweet: id, text: text(words) };
    assert_eq!(fixture.refused(edit(bob, "mine")).await, Error::not_found("tweet"));
    fixture.apply(edit(ada, "second #two @bob")).await;
    let history = fixture.store.tweet_history(id, 0, 100).await.unwrap();
    let texts: Vec<_> = history.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(texts, ["first #one", "second #two @bob"]);
    assert_eq!(fixture.store.tweet_history(id, 0, 1).await.unwrap(), history[..1]);
    assert_eq!(fixture.store.tweet_history(id, history[0].1, 9).await.unwrap(), history[1..]);
    assert!(fixture.timeline(Timeline::Hashtag(Hashtag::parse("one").unwrap())).await.is_empty());
    assert_eq!(fixture.timeline(Timeline::Hashtag(Hashtag::parse("two").unwrap())).await, [id]);
    assert_eq!(fixture.kinds_of_notifications(bob).await, [model::NotificationKind::Mention]);
    fixture.apply(edit(ada, "third @bob")).await;
    assert_eq!(
        fixture.kinds_of_notifications(bob).await.len(),
        1,
        "an account is notified of the first mention only"
    );
}

pub(crate) async fn hashtags_fold_case_and_count_public_tweets_only(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let first = fixture.post(ada, "#Rust #rust").await;
    let second = fixture.post(ada, "#RUST").await;
    fixture.write(ada, NewTweet { visibility: Visibility::Followers, ..tweet("#rust in private") }).await;
    let tag = Hashtag::parse("rUsT").unwrap();
    assert_eq!(fixture.timeline(Timeline::Hashtag(tag)).await, [second, first]);
    assert_eq!(fixture.store.search_hashtags("ru", 10).await.unwrap(), [("Rust".to_owned(), 2)]);
    let uses = fixture.store.hashtag_uses_since(1).await.unwrap();
    assert_eq!(uses.iter().map(|one| one.tweet).collect::<Vec<_>>(), [first, second]);
}

pub(crate) async fn retweets_and_likes_are_counted_once(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let id = fixture.post(ada, "like me").await;
    let retweet = fixture.apply(Change::Retweet { account: bob, tweet: id }).await;
    let again = fixture.apply(Change::Retweet { account: bob, tweet: id }).await;
    assert_eq!((again.id, again.changed), (retweet.id, false));
    let like = |liked| Change::SetLike { account: bob, tweet: id, liked };
    assert!(fixture.apply(like(true)).await.changed);
    assert!(!fixture.apply(like(true)).await.changed);
    let seen = fixture.see(bob, id).await.unwrap().tweet;
    assert_eq!((seen.counts.retweets, seen.counts.likes), (1, 1));
    assert!(seen.viewer.liked && seen.viewer.retweeted && !seen.viewer.bookmarked);
    assert!(fixture.apply(like(false)).await.changed);
    fixture.apply(Change::UndoRetweet { account: bob, tweet: id }).await;
    let seen = fixture.see(bob, id).await.unwrap().tweet;
    assert_eq!((seen.counts.retweets, seen.counts.likes), (0, 0));
    // A retweet of a retweet is one of the original.
    let retweet = fixture.apply(Change::Retweet { account: bob, tweet: id }).await;
    fixture.apply(Change::Retweet { account: ada, tweet: TweetId::new(retweet.id).unwrap() }).await;
    assert_eq!(fixture.see(bob, id).await.unwrap().tweet.counts.retweets, 2);
}

pub(crate) async fn a_thread_is_read_upwards_and_downwards(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let root = fixture.post(ada, "root").await;
    let answer = |to| NewTweet { reply_to: Some(to), ..tweet("answer") };
    let one = fixture.write(ada, answer(root)).await;
    let two = fixture.write(ada, answer(one)).await;
    let other = fixture.write(ada, answer(root)).await;
    assert_eq!(fixture.store.ancestors(two, 100).await.unwrap(), [one, root]);
    assert_eq!(fixture.store.ancestors(two, 1).await.unwrap(), [one]);
    assert_eq!(fixture.store.descendants(root, None, 100).await.unwrap(), [one, two, other]);
    assert_eq!(fixture.store.descendants(root, Some(one), 1).await.unwrap(), [two]);
    assert_eq!(fixture.see(ada, root).await.unwrap().tweet.counts.replies, 2);
}

pub(crate) async fn words_are_found_in_public_tweets_only(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let id = fixture.post(ada, "The quick brown fox's émigré").await;
    fixture.write(ada, NewTweet { visibility: Visibility::Unlisted, ..tweet("quick and quiet") }).await;
    for query in ["quick", "QUICK fox", "bro*", "emigre", "\"quick\" OR AND NEAR("] {
        let found = fixture.timeline(Timeline::Search(query.into())).await;
        let expected: &[TweetId] = if query.contains("OR") { &[] } else { &[id] };
        assert_eq!(found, expected, "{query}");
    }
    assert!(fixture.timeline(Timeline::Search("slow".into())).await.is_empty());
}

pub(crate) async fn words_are_found_in_any_script_and_form(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    for (text, queries) in [
        ("今日は東京で面白い展覧会を見ました", ["東京", "京", "展覧会"]),
        ("这是一段简单的测试文本", ["测试", "本", "文本 测试"]),
        ("서울에서 만나요", ["서울", "만나", "요"]),
        ("ประเทศไทยสวยงาม", ["ไทย", "ประเทศ", "งาม"]),
        ("ＡＢＣ Straße", ["abc", "strasse", "STRASSE ab*"]),
        ("Crème كِتَابٌ", ["creme", "كتاب", "Crème"]),
        ("हिन्दी 👩‍🚀 👍🏽", ["हिन्दी", "🚀", "👍"]),
        ("plain ASCII snake_case", ["ascii", "snake_case", "PLA*"]),
    ] {
        let id = fixture.post(ada, text).await;
        for query in queries {
            assert_eq!(fixture.timeline(Timeline::Search(query.into())).await, [id], "{query}");
        }
        fixture.apply(Change::DeleteTweet { author: ada, tweet: id }).await;
        assert!(fixture.timeline(Timeline::Search(queries[0].into())).await.is_empty());
    }
}

pub(crate) async fn hashtags_are_found_by_their_folded_beginning(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    fixture.post(ada, "#Straße #ΟΔΟΣ").await;
    let second = fixture.post(ada, "#STRASSE #Οδος").await;
    for (beginning, name) in [("#STRAS", "Straße"), ("straß", "Straße"), ("οδος", "ΟΔΟΣ"), ("ΟΔ", "ΟΔΟΣ")]
    {
        let found = fixture.store.search_hashtags(&Hashtag::key_prefix(beginning), 10).await.unwrap();
        assert_eq!(found, [(name.to_owned(), 2)], "{beginning}");
    }
    let tag = Hashtag::parse("οδοσ").unwrap();
    assert_eq!(fixture.timeline(Timeline::Hashtag(tag)).await.first(), Some(&second));
}

pub(crate) async fn a_direct_tweet_says_whom_it_mentions_and_is_in_no_public_list(fixture: StoreFixture) {
    let (ada, bob, cleo) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("cleo").await);
    fixture.follow(cleo, ada).await;
    let secret = NewTweet { visibility: Visibility::Direct, ..tweet("@bob only for you #secret") };
    let id = fixture.write(ada, secret).await;
    assert_eq!(fixture.kinds_of_notifications(bob).await, [model::NotificationKind::Mention]);
    assert!(fixture.see(bob, id).await.unwrap().mentions_viewer);
    assert!(!fixture.see(cleo, id).await.unwrap().mentions_viewer);
    assert!(fixture.timeline(Timeline::Local).await.is_empty());
    assert!(fixture.timeline(Timeline::Hashtag(Hashtag::parse("secret").unwrap())).await.is_empty());
}

pub(crate) async fn a_reply_that_more_can_see_does_not_name_what_it_answers(fixture: StoreFixture) {
    use Visibility::{Direct, Followers, Public, Unlisted};
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(bob, ada).await;
    for (parent, reply, is_named) in [
        (Public, Public, true),
        (Unlisted, Public, true),
        (Public, Direct, true),
        (Followers, Public, false),
        (Followers, Unlisted, false),
        (Followers, Followers, true),
        (Followers, Direct, true),
        (Direct, Public, false),
        (Direct, Followers, false),
        (Direct, Direct, true),
    ] {
        let answered = fixture.write(ada, NewTweet { visibility: parent, ..tweet("@bob psst") }).await;
        let reply = NewTweet { visibility: reply, reply_to: Some(answered), ..tweet("@ada aha") };
        let id = fixture.write(bob, reply.clone()).await;
        let shown = fixture.see(ada, id).await.unwrap().tweet.reply_to;
        assert_eq!(shown, is_named.then_some(answered), "{reply:?} to {parent:?}");
        assert_eq!(fixture.store.ancestors(id, 9).await.unwrap(), [answered], "threads stay whole");
    }
}

pub(crate) async fn a_tweet_is_edited_a_limited_number_of_times(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let id = fixture.post(ada, "first").await;
    let edit = |n: usize| Change::EditTweet { author: ada, tweet: id, text: text(&format!("edit {n}")) };
    for n in 0..TWEET_VERSIONS_MAX {
        assert!(fixture.apply(edit(n)).await.changed);
    }
    assert!(!fixture.apply(edit(TWEET_VERSIONS_MAX - 1)).await.changed, "it is the same");
    let refused = fixture.refused(edit(TWEET_VERSIONS_MAX)).await;
    assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "tweet_id"), "{refused:?}");
    let history = fixture.store.tweet_history(id, 0, usize::from(u8::MAX)).await.unwrap();
    assert_eq!(history.len(), TWEET_VERSIONS_MAX + 1);
    assert!(history.is_sorted_by(|(_, one), (_, next)| one < next), "oldest first");
}

pub(crate) async fn an_edit_shows_a_limited_tweet_to_no_one_new(fixture: StoreFixture) {
    let (ada, follower) = (fixture.account("ada").await, fixture.account("follower").await);
    fixture.account("stranger").await;
    fixture.follow(follower, ada).await;
    let edit = |tweet, words: &str| Change::EditTweet { author: ada, tweet, text: text(words) };
    let limited = |visibility, words| NewTweet { visibility, ..tweet(words) };
    let followers = fixture.write(ada, limited(Visibility::Followers, "@follower psst")).await;
    let direct = fixture.write(ada, limited(Visibility::Direct, "@follower psst")).await;
    for (id, words) in
        [(followers, "psst @stranger"), (direct, "psst @stranger"), (direct, "@follower @stranger")]
    {
        let refused = fixture.refused(edit(id, words)).await;
        assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "text"), "{refused:?}");
        assert_eq!(fixture.see(ada, id).await.unwrap().tweet.text, "@follower psst");
        assert_eq!(fixture.store.tweet_history(id, 0, 9).await.unwrap().len(), 1);
    }
    for id in [followers, direct] {
        assert!(fixture.apply(edit(id, "psst @follower")).await.changed);
    }
}

pub(crate) async fn deleted_tweets_stay_in_their_thread(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let root = fixture.post(ada, "root").await;
    let answer = |to| NewTweet { reply_to: Some(to), ..tweet("answer") };
    let middle = fixture.write(ada, answer(root)).await;
    let last = fixture.write(ada, answer(middle)).await;
    for id in [root, middle] {
        fixture.apply(Change::DeleteTweet { author: ada, tweet: id }).await;
    }
    assert_eq!(fixture.store.ancestors(last, 9).await.unwrap(), [middle, root]);
    assert_eq!(fixture.store.descendants(root, None, 9).await.unwrap(), [middle, last]);
    assert!(fixture.store.tweet_history(middle, 0, 9).await.unwrap().is_empty(), "its texts are gone");
    assert_eq!(fixture.see(ada, last).await.unwrap().tweet.reply_to, Some(middle));
}
