//! Changes that are requested at the same time.

use futures_util::future::join_all;
use model::{AccountId, Error, TweetId};

use super::fixture::StoreFixture;
use crate::test_support::{account, text, tweet};
use crate::{AccountList, Change, EventKind, Timeline};

/// Accounts with these names, created together.
async fn accounts(fixture: &StoreFixture, count: usize) -> Vec<AccountId> {
    let made = (0..count).map(|n| fixture.store.apply(account(&format!("user{n}")), None));
    let made = join_all(made).await.into_iter();
    made.map(|made| AccountId::new(made.unwrap().id).unwrap()).collect()
}

pub(crate) async fn a_change_is_read_as_soon_as_it_is_acknowledged(fixture: StoreFixture) {
    let authors = accounts(&fixture, 4).await;
    let tasks = authors.iter().map(|&author| {
        let store = fixture.store.clone();
        tokio::spawn(async move {
            for n in 0..10 {
                let post = Change::Post { author, tweet: tweet(&format!("word{author} #tag{author} {n}")) };
                let id = TweetId::new(store.apply(post, None).await.unwrap().id).unwrap();
                let newest = async |timeline| {
                    let entries = store.timeline(&timeline, model::Span::Latest, 100).await.unwrap();
                    entries.iter().any(|entry| entry.tweet == id)
                };
                assert!(newest(Timeline::User(author)).await);
                assert!(newest(Timeline::Local).await);
                assert!(newest(Timeline::Search(format!("word{author}"))).await, "a search finds it");
                assert_eq!(store.tweets(author, &[id]).await.unwrap().len(), 1);
                assert!(store.last_event().await.unwrap().get() > id.get());
                let tags = store.search_hashtags(&format!("tag{author}"), 9).await.unwrap();
                assert_eq!(tags.first().map(|(_, tweets)| *tweets), Some(n + 1));
                let like = Change::SetLike { account: author, tweet: id, liked: true };
                assert!(store.apply(like, None).await.unwrap().changed);
                assert!(store.tweets(author, &[id]).await.unwrap()[0].tweet.viewer.liked);
            }
        })
    });
    for done in join_all(tasks).await {
        done.unwrap();
    }
}

pub(crate) async fn the_log_has_concurrent_changes_in_one_order(fixture: StoreFixture) {
    let authors = accounts(&fixture, 4).await;
    let start = fixture.store.last_event().await.unwrap();
    fixture.published_events().await;
    let tasks = authors.iter().map(|&author| {
        let store = fixture.store.clone();
        tokio::spawn(async move {
            for n in 0..25 {
                let post = Change::Post { author, tweet: tweet(&n.to_string()) };
                let id = TweetId::new(store.apply(post, None).await.unwrap().id).unwrap();
                store.apply(Change::SetLike { account: author, tweet: id, liked: true }, None).await.unwrap();
            }
        })
    });
    for done in join_all(tasks).await {
        done.unwrap();
    }
    let published = fixture.published_events().await;
    assert_eq!(published.len(), 4 * 25 * 2);
    assert!(published.is_sorted_by(|one, next| one.id < next.id), "{published:?}");
    let posted: Vec<TweetId> = published
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::TweetPosted { tweet, .. } => {
                assert!(event.id.get() > tweet.get(), "a cache that knows the event knows the tweet");
                Some(tweet)
            }
            _ => None,
        })
        .collect();
    assert!(
        posted.is_sorted_by(|one, next| one < next),
        "identifiers are in the order of the log: {posted:?}"
    );
    let end = fixture.store.last_event().await.unwrap();
    let stored = fixture.store.events(start, end, crate::EventScope::Caches, 1_000).await.unwrap();
    assert_eq!(stored, crate::EventLog::Complete(published));
}

pub(crate) async fn only_one_of_several_gets_what_there_is_once(fixture: StoreFixture) {
    let store = &fixture.store;
    let same_name = join_all((0..5).map(|_| store.apply(account("ada"), None))).await;
    assert_eq!(same_name.iter().filter(|made| made.is_ok()).count(), 1, "{same_name:?}");
    let refused = Err(Error::AlreadyExists("username".into()));
    assert_eq!(same_name.iter().filter(|made| **made == refused).count(), 4, "{same_name:?}");

    let people = accounts(&fixture, 20).await;
    let id = fixture.post(people[0], "liked").await;
    let like = |account| Change::SetLike { account, tweet: id, liked: true };
    join_all(people.iter().map(|account| store.apply(like(*account), None))).await;
    assert_eq!(fixture.see(people[0], id).await.unwrap().tweet.counts.likes, 20);
    let again = join_all((0..5).map(|_| store.apply(like(people[1]), None))).await;
    assert!(again.into_iter().all(|again| !again.unwrap().changed));

    // Whichever comes first, there is no follow across a block.
    let pairs = people.windows(2).map(|pair| (pair[0], pair[1]));
    let changes = pairs.flat_map(|(one, other)| {
        [Change::Follow { follower: one, followee: other }, Change::Block { blocker: other, blocked: one }]
    });
    join_all(changes.map(|change| store.apply(change, None))).await;
    for account in &people {
        assert!(store.social_graph(*account).await.unwrap().following.is_empty());
        let following = AccountList::Following(*account).into();
        assert_eq!(store.count_accounts(*account, &following).await.unwrap(), 0);
    }
}

pub(crate) async fn messages_of_both_sides_begin_one_conversation(fixture: StoreFixture) {
    let people = accounts(&fixture, 2).await;
    let [ada, bob] = people[..] else { panic!("two accounts") };
    let says = |author, to| Change::SendMessage { author, to, text: text("hello") };
    let sent = join_all(
        [(ada, bob), (bob, ada), (ada, bob)].map(|(by, to)| fixture.store.apply(says(by, to), None)),
    );
    let sent: Vec<_> = sent.await.into_iter().map(Result::unwrap).collect();
    let conversation = fixture.store.conversation_between(ada, bob).await.unwrap().unwrap();
    assert!(sent.iter().all(|sent| sent.conversation == Some(conversation.id)), "{sent:?}");
    let messages = fixture.store.messages(conversation.id, model::Span::Latest, 9).await.unwrap();
    let newest_first: Vec<_> = sent.iter().rev().map(|sent| sent.id).collect();
    assert_eq!(messages.iter().map(|message| message.id.get()).collect::<Vec<_>>(), newest_first);
}
