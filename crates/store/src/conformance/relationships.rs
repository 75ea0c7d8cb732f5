//! Follows, blocks, mutes and notifications.

use model::{AccountId, Error, NewTweet, NotificationKind};

use super::fixture::StoreFixture;
use crate::test_support::tweet;
use crate::{AccountList, Change};

async fn list(fixture: &StoreFixture, viewer: AccountId, list: AccountList) -> Vec<AccountId> {
    let page = fixture.store.list_accounts(viewer, list, None, 100).await.unwrap();
    page.items.into_iter().map(|account| account.id).collect()
}

async fn counts(fixture: &StoreFixture, account: AccountId) -> (u32, u32) {
    let profile = fixture.store.account(account).await.unwrap().unwrap();
    (profile.followers, profile.following)
}

pub(crate) async fn following_is_counted_and_listed(fixture: StoreFixture) {
    let (ada, bob, cleo) =
        (fixture.person("ada").await, fixture.person("bob").await, fixture.person("cleo").await);
    let follow = |follower, followee| Change::Follow { follower, followee };
    assert!(fixture.apply(follow(bob, ada)).await.changed);
    assert!(!fixture.apply(follow(bob, ada)).await.changed);
    fixture.apply(follow(cleo, ada)).await;
    assert_eq!((counts(&fixture, ada).await, counts(&fixture, bob).await), ((2, 0), (0, 1)));
    assert_eq!(list(&fixture, ada, AccountList::Followers(ada)).await, [cleo, bob]);
    assert_eq!(list(&fixture, ada, AccountList::Following(bob)).await, [ada]);
    let relationships = fixture.store.relationships(ada, &[bob, cleo, ada]).await.unwrap();
    assert!(
        relationships[0].followed_by
            && !relationships[0].following
            && relationships[1].followed_by
            && !relationships[2].followed_by
    );
    // Removing a follower is the same end of the same tie.
    assert!(fixture.apply(Change::Unfollow { follower: bob, followee: ada }).await.changed);
    assert!(!fixture.apply(Change::Unfollow { follower: bob, followee: ada }).await.changed);
    assert_eq!((counts(&fixture, ada).await, counts(&fixture, bob).await), ((1, 0), (0, 0)));
}

pub(crate) async fn a_block_ends_everything_between_two_people(fixture: StoreFixture) {
    let (ada, bob) = (fixture.person("ada").await, fixture.person("bob").await);
    fixture.follow(ada, bob).await;
    fixture.follow(bob, ada).await;
    let id = fixture.post(ada, "@bob hello").await;
    fixture.apply(Change::SetLike { account: bob, tweet: id, liked: true }).await;
    assert!(!fixture.kinds_of_notifications(ada).await.is_empty());

    fixture.block(ada, bob).await;
    assert_eq!((counts(&fixture, ada).await, counts(&fixture, bob).await), ((0, 0), (0, 0)));
    assert!(fixture.kinds_of_notifications(ada).await.is_empty());
    assert!(fixture.kinds_of_notifications(bob).await.is_empty());
    assert!(list(&fixture, bob, AccountList::People).await.iter().all(|one| *one == bob));
    assert_eq!(list(&fixture, ada, AccountList::Blocked).await, [bob]);
    for change in [
        Change::Follow { follower: bob, followee: ada },
        Change::Follow { follower: ada, followee: bob },
        Change::Post { author: bob, tweet: NewTweet { reply_to: Some(id), ..tweet("still here") } },
        Change::Post { author: bob, tweet: NewTweet { quote_of: Some(id), ..tweet("still here") } },
    ] {
        let error = fixture.refused(change).await;
        assert!(matches!(error, Error::Forbidden(_)), "{error:?}");
    }
    // A mention across a block mentions nobody.
    fixture.post(bob, "@ada look").await;
    assert!(fixture.kinds_of_notifications(ada).await.is_empty());

    fixture.apply(Change::Unblock { blocker: ada, blocked: bob }).await;
    assert_eq!(counts(&fixture, ada).await, (0, 0), "follows do not come back");
    fixture.follow(bob, ada).await;
}

pub(crate) async fn nobody_follows_blocks_or_mutes_themselves(fixture: StoreFixture) {
    let ada = fixture.person("ada").await;
    for change in [
        Change::Follow { follower: ada, followee: ada },
        Change::Block { blocker: ada, blocked: ada },
        Change::SetMute { muter: ada, muted: ada, on: true },
    ] {
        let error = fixture.refused(change).await;
        assert!(matches!(error, Error::Invalid { ref field, .. } if field == "username"), "{error:?}");
    }
}

pub(crate) async fn notifications_tell_what_others_did_and_are_read_forwards(fixture: StoreFixture) {
    let (ada, bob) = (fixture.person("ada").await, fixture.person("bob").await);
    let id = fixture.post(ada, "hello").await;
    fixture.follow(bob, ada).await;
    fixture.apply(Change::SetLike { account: bob, tweet: id, liked: true }).await;
    fixture.apply(Change::Retweet { account: bob, tweet: id }).await;
    fixture.write(bob, NewTweet { reply_to: Some(id), ..tweet("@ada a reply that mentions") }).await;
    fixture.write(bob, NewTweet { quote_of: Some(id), ..tweet("a quote") }).await;
    fixture.post(bob, "@ada a mention").await;
    // What one does oneself is no news.
    fixture.write(ada, NewTweet { reply_to: Some(id), ..tweet("@ada talking to myself") }).await;
    fixture.apply(Change::SetLike { account: ada, tweet: id, liked: true }).await;
    use NotificationKind::{Follow, Like, Mention, Quote, Reply, Retweet};
    assert_eq!(fixture.kinds_of_notifications(ada).await, [Mention, Quote, Reply, Retweet, Like, Follow]);

    let all = fixture.store.notifications(ada, model::Span::Latest, false, 100).await.unwrap();
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 6);
    let mark = |index: usize| Change::MarkNotificationsRead { account: ada, up_to: all[index].id };
    fixture.apply(mark(1)).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);
    fixture.apply(mark(4)).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1, "the mark does not go back");
    // A like that is taken back is no news any more.
    fixture.apply(Change::SetLike { account: bob, tweet: id, liked: false }).await;
    assert!(!fixture.kinds_of_notifications(ada).await.contains(&Like));
}
