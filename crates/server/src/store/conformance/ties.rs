//! Follows, blocks, mutes and notifications.

use model::{AccountId, Error, NewTweet, NotificationKind};

use super::world::{World, tweet};
use crate::store::{Change, PeopleList};

async fn list(world: &World, viewer: AccountId, list: PeopleList) -> Vec<AccountId> {
    let page = world.store.list_accounts(viewer, list, None, 100).await.unwrap();
    page.items.into_iter().map(|account| account.id).collect()
}

async fn counts(world: &World, account: AccountId) -> (u32, u32) {
    let profile = world.store.account(account).await.unwrap().unwrap();
    (profile.followers, profile.following)
}

pub(crate) async fn following_is_counted_and_listed(world: World) {
    let (ada, bob, cleo) = (world.person("ada").await, world.person("bob").await, world.person("cleo").await);
    let follow = |follower, followee| Change::Follow { follower, followee };
    assert!(world.apply(follow(bob, ada)).await.changed);
    assert!(!world.apply(follow(bob, ada)).await.changed);
    world.apply(follow(cleo, ada)).await;
    assert_eq!((counts(&world, ada).await, counts(&world, bob).await), ((2, 0), (0, 1)));
    assert_eq!(list(&world, ada, PeopleList::Followers(ada)).await, [cleo, bob]);
    assert_eq!(list(&world, ada, PeopleList::Following(bob)).await, [ada]);
    let ties = world.store.relationships(ada, &[bob, cleo, ada]).await.unwrap();
    assert!(ties[0].followed_by && !ties[0].following && ties[1].followed_by && !ties[2].followed_by);
    // Removing a follower is the same end of the same tie.
    assert!(world.apply(Change::Unfollow { follower: bob, followee: ada }).await.changed);
    assert!(!world.apply(Change::Unfollow { follower: bob, followee: ada }).await.changed);
    assert_eq!((counts(&world, ada).await, counts(&world, bob).await), ((1, 0), (0, 0)));
}

pub(crate) async fn a_block_ends_everything_between_two_people(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    world.follow(ada, bob).await;
    world.follow(bob, ada).await;
    let id = world.post(ada, "@bob hello").await;
    world.apply(Change::SetLike { account: bob, tweet: id, liked: true }).await;
    assert!(!world.kinds_of_notifications(ada).await.is_empty());

    world.block(ada, bob).await;
    assert_eq!((counts(&world, ada).await, counts(&world, bob).await), ((0, 0), (0, 0)));
    assert!(world.kinds_of_notifications(ada).await.is_empty());
    assert!(world.kinds_of_notifications(bob).await.is_empty());
    assert!(list(&world, bob, PeopleList::People).await.iter().all(|one| *one == bob));
    assert_eq!(list(&world, ada, PeopleList::Blocked).await, [bob]);
    for change in [
        Change::Follow { follower: bob, followee: ada },
        Change::Follow { follower: ada, followee: bob },
        Change::Post { author: bob, tweet: NewTweet { reply_to: Some(id), ..tweet("still here") } },
        Change::Post { author: bob, tweet: NewTweet { quote_of: Some(id), ..tweet("still here") } },
    ] {
        let error = world.refused(change).await;
        assert!(matches!(error, Error::Forbidden(_)), "{error:?}");
    }
    // A mention across a block mentions nobody.
    world.post(bob, "@ada look").await;
    assert!(world.kinds_of_notifications(ada).await.is_empty());

    world.apply(Change::Unblock { blocker: ada, blocked: bob }).await;
    assert_eq!(counts(&world, ada).await, (0, 0), "follows do not come back");
    world.follow(bob, ada).await;
}

pub(crate) async fn nobody_follows_blocks_or_mutes_themselves(world: World) {
    let ada = world.person("ada").await;
    for change in [
        Change::Follow { follower: ada, followee: ada },
        Change::Block { blocker: ada, blocked: ada },
        Change::SetMute { muter: ada, muted: ada, on: true },
    ] {
        let error = world.refused(change).await;
        assert!(matches!(error, Error::Invalid { ref field, .. } if field == "username"), "{error:?}");
    }
}

pub(crate) async fn notifications_tell_what_others_did_and_are_read_forwards(world: World) {
    let (ada, bob) = (world.person("ada").await, world.person("bob").await);
    let id = world.post(ada, "hello").await;
    world.follow(bob, ada).await;
    world.apply(Change::SetLike { account: bob, tweet: id, liked: true }).await;
    world.apply(Change::Retweet { account: bob, tweet: id }).await;
    world.write(bob, NewTweet { reply_to: Some(id), ..tweet("@ada a reply that mentions") }).await;
    world.write(bob, NewTweet { quote_of: Some(id), ..tweet("a quote") }).await;
    world.post(bob, "@ada a mention").await;
    // What one does oneself is no news.
    world.write(ada, NewTweet { reply_to: Some(id), ..tweet("@ada talking to myself") }).await;
    world.apply(Change::SetLike { account: ada, tweet: id, liked: true }).await;
    use NotificationKind::{Follow, Like, Mention, Quote, Reply, Retweet};
    assert_eq!(world.kinds_of_notifications(ada).await, [Mention, Quote, Reply, Retweet, Like, Follow]);

    let all = world.store.notifications(ada, model::Span::Latest, false, 100).await.unwrap();
    assert_eq!(world.store.unread_notifications(ada).await.unwrap(), 6);
    let mark = |index: usize| Change::MarkNotificationsRead { account: ada, up_to: all[index].id };
    world.apply(mark(1)).await;
    assert_eq!(world.store.unread_notifications(ada).await.unwrap(), 1);
    world.apply(mark(4)).await;
    assert_eq!(world.store.unread_notifications(ada).await.unwrap(), 1, "the mark does not go back");
    // A like that is taken back is no news any more.
    world.apply(Change::SetLike { account: bob, tweet: id, liked: false }).await;
    assert!(!world.kinds_of_notifications(ada).await.contains(&Like));
}
