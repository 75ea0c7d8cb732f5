//! Every kind of timeline, and the uses of hashtags.

use model::{AccountId, Hashtag, NewTweet, Span, TweetId, Visibility};

use super::fixture::StoreFixture;
use crate::test_support::{text, tweet};
use crate::{Change, HashtagUse, Timeline, TimelineEntry};

fn hashtag(name: &str) -> Hashtag {
    Hashtag::parse(name).unwrap()
}

async fn entries(
    fixture: &StoreFixture,
    timeline: &Timeline,
    span: Span,
    limit: usize,
) -> Vec<TimelineEntry> {
    fixture.store.timeline(timeline, span, limit).await.unwrap()
}

pub(crate) async fn every_timeline_is_paged_both_ways(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(ada, bob).await;
    let root = fixture.post(bob, "root").await;
    let mut replies = Vec::new();
    for n in 0..9 {
        let reply = NewTweet { reply_to: Some(root), ..tweet(&format!("same words #paged {n}")) };
        replies.push(fixture.write(bob, reply).await);
    }
    // The oldest tweet is marked last.
    for &id in replies.iter().rev() {
        fixture.apply(Change::SetLike { account: ada, tweet: id, liked: true }).await;
        fixture.apply(Change::SetBookmark { account: ada, tweet: id, bookmarked: true }).await;
    }
    let oldest_first = replies.clone();
    replies.reverse();
    let with_root: Vec<TweetId> = replies.iter().copied().chain([root]).collect();
    for (timeline, expected) in [
        (Timeline::Home(ada), &with_root),
        (Timeline::User(bob), &with_root),
        (Timeline::Local, &with_root),
        (Timeline::Replies(bob), &replies),
        (Timeline::Hashtag(hashtag("paged")), &replies),
        (Timeline::Search("same words".into()), &replies),
        (Timeline::Bookmarks(ada), &oldest_first),
        (Timeline::Likes(ada), &oldest_first),
    ] {
        let all = entries(&fixture, &timeline, Span::Latest, 100).await;
        assert_eq!(all.iter().map(|entry| entry.tweet).collect::<Vec<_>>(), *expected, "{timeline:?}");
        assert!(all.is_sorted_by(|one, next| one.sort_key > next.sort_key), "{timeline:?}: {all:?}");
        let (mut read, mut span) = (Vec::new(), Span::Latest);
        loop {
            let page = entries(&fixture, &timeline, span, 4).await;
            let Some(last) = page.last() else { break };
            span = Span::Before(last.sort_key);
            read.extend(page);
        }
        assert_eq!(read, all, "{timeline:?}");
        // Upwards the page is directly above, and still the newest first.
        let above = entries(&fixture, &timeline, Span::After(all[6].sort_key), 3).await;
        assert_eq!(above, all[3..6], "{timeline:?}");
        assert_eq!(entries(&fixture, &timeline, Span::After(all[0].sort_key), 3).await, [], "{timeline:?}");
    }
}

pub(crate) async fn each_timeline_has_its_kinds_of_tweets(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(ada, bob).await;
    let public = fixture.post(bob, "public #all").await;
    let mut limited = Vec::new();
    for visibility in [Visibility::Unlisted, Visibility::Followers, Visibility::Direct] {
        limited.push(fixture.write(bob, NewTweet { visibility, ..tweet("limited #all") }).await);
    }
    let quote = fixture.write(bob, NewTweet { quote_of: Some(public), ..tweet("quote #all") }).await;
    let reply = fixture.write(bob, NewTweet { reply_to: Some(public), ..tweet("reply #all") }).await;
    let retweet =
        TweetId::new(fixture.apply(Change::Retweet { account: bob, tweet: public }).await.id).unwrap();
    let mut every = vec![retweet, reply, quote];
    every.extend(limited.iter().rev());
    every.push(public);
    let shown = [reply, quote, public];
    assert_eq!(fixture.timeline(Timeline::User(bob)).await, every);
    assert_eq!(fixture.home(ada).await, every, "candidates: the caller decides what the viewer may see");
    assert_eq!(fixture.timeline(Timeline::Local).await, shown);
    assert_eq!(fixture.timeline(Timeline::Hashtag(hashtag("all"))).await, shown);
    assert_eq!(fixture.timeline(Timeline::Search("all".into())).await, shown);
    assert_eq!(fixture.timeline(Timeline::Replies(bob)).await, [reply]);
    assert_eq!(fixture.timeline(Timeline::Replies(ada)).await, []);

    // A retweet is liked as its original.
    fixture.apply(Change::SetLike { account: ada, tweet: retweet, liked: true }).await;
    fixture.apply(Change::SetBookmark { account: ada, tweet: retweet, bookmarked: true }).await;
    for timeline in [Timeline::Likes(ada), Timeline::Bookmarks(ada)] {
        assert_eq!(fixture.timeline(timeline).await, [public]);
    }
    fixture.apply(Change::SetLike { account: ada, tweet: public, liked: false }).await;
    fixture.apply(Change::SetBookmark { account: ada, tweet: public, bookmarked: false }).await;
    for timeline in [Timeline::Likes(ada), Timeline::Bookmarks(ada)] {
        assert_eq!(fixture.timeline(timeline).await, []);
    }
}

pub(crate) async fn an_author_followed_later_is_in_the_home_timeline_with_earlier_tweets(
    fixture: StoreFixture,
) {
    let mut authors = Vec::new();
    for n in 0..5 {
        authors.push(fixture.account(&format!("author{n}")).await);
    }
    let mut posted = Vec::new();
    for n in 0..20 {
        posted.push((authors[n * 3 % 5], fixture.post(authors[n * 3 % 5], &n.to_string()).await));
    }
    let ada = fixture.account("ada").await;
    for (followed, author) in authors.iter().enumerate() {
        fixture.follow(ada, *author).await;
        let followed = &authors[..=followed];
        let expected: Vec<TweetId> = posted
            .iter()
            .rev()
            .filter(|(author, _)| followed.contains(author))
            .map(|(_, tweet)| *tweet)
            .collect();
        assert_eq!(fixture.home(ada).await, expected);
        assert_eq!(fixture.part(Timeline::Home(ada), Span::Latest, 3).await, expected[..3]);
    }
}

pub(crate) async fn uses_of_hashtags_are_listed_by_time(fixture: StoreFixture) {
    let (ada, bob, hidden) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("hidden").await);
    let first = fixture.post(ada, "#Rust").await;
    let second = fixture.post(bob, "#rust").await;
    let of_hidden = fixture.post(hidden, "#RUST").await;
    let third = fixture.post(ada, "#go").await;
    fixture.write(ada, NewTweet { visibility: Visibility::Unlisted, ..tweet("#rust") }).await;
    let deleted = fixture.post(ada, "#rust").await;
    fixture.apply(Change::DeleteTweet { author: ada, tweet: deleted }).await;
    let uses = |list: Vec<HashtagUse>| -> Vec<(TweetId, AccountId, String)> {
        list.into_iter().map(|one| (one.tweet, one.author, one.hashtag.name().to_owned())).collect()
    };
    let use_of = |tweet, author, name: &str| (tweet, author, name.to_owned());
    let all = [
        use_of(first, ada, "Rust"),
        use_of(second, bob, "Rust"),
        use_of(of_hidden, hidden, "Rust"),
        use_of(third, ada, "go"),
    ];
    let since = async |id: u64| uses(fixture.store.hashtag_uses_since(id).await.unwrap());
    let latest = async |id: u64, limit| uses(fixture.store.latest_hashtag_uses(id, limit).await.unwrap());
    let most_used = async |limit| fixture.store.search_hashtags("", limit).await.unwrap();
    assert_eq!(since(0).await, all);
    assert_eq!(since(second.get()).await, all[2..], "only what is above");
    assert_eq!(latest(0, 2).await, [all[3].clone(), all[2].clone()]);
    assert_eq!(latest(of_hidden.get(), 9).await, all[3..]);
    assert_eq!(most_used(9).await, [("Rust".to_owned(), 3), ("go".to_owned(), 1)]);
    assert_eq!(most_used(1).await, [("Rust".to_owned(), 3)]);

    fixture.apply(Change::SetSuspended { account: hidden, suspended: true }).await;
    assert_eq!(since(0).await, [all[0].clone(), all[1].clone(), all[3].clone()]);
    assert_eq!(latest(0, 2).await, [all[3].clone(), all[1].clone()]);
    assert_eq!(most_used(9).await, [("Rust".to_owned(), 2), ("go".to_owned(), 1)]);
    fixture.apply(Change::SetSuspended { account: hidden, suspended: false }).await;
    assert_eq!(since(0).await, all);
    assert_eq!(most_used(9).await, [("Rust".to_owned(), 3), ("go".to_owned(), 1)]);
}

pub(crate) async fn the_hashtags_of_an_account_are_listed_by_their_last_use(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    for words in ["#first", "#second", "#third", "#FIRST"] {
        fixture.post(ada, words).await;
    }
    fixture.post(bob, "#other").await;
    let names = async |limit| {
        let hashtags = fixture.store.hashtags_of(ada, limit).await.unwrap();
        hashtags.iter().map(|hashtag| hashtag.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(9).await, ["first", "third", "second"]);
    assert_eq!(names(2).await, ["first", "third"]);
}

pub(crate) async fn the_entities_of_a_tweet_are_those_of_its_text(fixture: StoreFixture) {
    let (ada, bob, blocker) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("blocker").await);
    fixture.block(blocker, ada).await;
    let words = "@bob @blocker @unknown @ada #One #two";
    let entities = async |id| {
        let entities = fixture.store.tweet_entities(id).await.unwrap();
        let mut names: Vec<_> = entities.hashtags.iter().map(|one| one.name().to_owned()).collect();
        names.sort_unstable();
        (entities.mentions, names)
    };
    let id = fixture.post(ada, words).await;
    assert_eq!(entities(id).await, (vec![bob], vec!["One".to_owned(), "two".to_owned()]));
    let edit = Change::EditTweet { author: ada, tweet: id, text: text("#three") };
    fixture.apply(edit).await;
    assert_eq!(entities(id).await, (vec![], vec!["three".to_owned()]));
    let limited = NewTweet { visibility: Visibility::Followers, ..tweet(words) };
    let id = fixture.write(ada, limited).await;
    assert_eq!(entities(id).await, (vec![bob], vec![]), "only public tweets have hashtags");
}
