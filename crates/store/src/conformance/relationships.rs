//! Follows, blocks, mutes and notifications.

use model::{
    AccountId, Cursor, Error, NewTweet, Notification, NotificationId, NotificationKind, Relationship,
};

use super::fixture::StoreFixture;
use crate::test_support::tweet;
use crate::{AccountList, Change, EventKind, NotificationFilter};

async fn list(fixture: &StoreFixture, viewer: AccountId, list: AccountList) -> Vec<AccountId> {
    let page = fixture.store.list_accounts(viewer, &list.into(), None, 100).await.unwrap();
    page.items.into_iter().map(|account| account.id).collect()
}

async fn counts(fixture: &StoreFixture, account: AccountId) -> (u32, u32) {
    let profile = fixture.store.account(account).await.unwrap().unwrap();
    (profile.followers, profile.following)
}

pub(crate) async fn following_is_counted_and_listed(fixture: StoreFixture) {
    let (ada, bob, cleo) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("cleo").await);
    let follow = |follower, followee| Change::Follow { follower, followee };
    assert!(fixture.apply(follow(bob, ada)).await.changed);
    assert!(!fixture.apply(follow(bob, ada)).await.changed);
    fixture.apply(follow(cleo, ada)).await;
    assert_eq!((counts(&fixture, ada).await, counts(&fixture, bob).await), ((2, 0), (0, 1)));
    assert_eq!(list(&fixture, ada, AccountList::Followers(ada)).await, [cleo, bob]);
    assert_eq!(list(&fixture, ada, AccountList::Following(bob)).await, [ada]);
    // Unfollowing and removing a follower are the same change.
    assert!(fixture.apply(Change::Unfollow { follower: bob, followee: ada }).await.changed);
    assert!(!fixture.apply(Change::Unfollow { follower: bob, followee: ada }).await.changed);
    assert_eq!((counts(&fixture, ada).await, counts(&fixture, bob).await), ((1, 0), (0, 0)));
}

pub(crate) async fn a_block_ends_everything_between_two_accounts(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
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
    // A mention across a block has no effect.
    fixture.post(bob, "@ada look").await;
    assert!(fixture.kinds_of_notifications(ada).await.is_empty());

    fixture.apply(Change::Unblock { blocker: ada, blocked: bob }).await;
    assert_eq!(counts(&fixture, ada).await, (0, 0), "follows are not restored");
    fixture.follow(bob, ada).await;
}

pub(crate) async fn no_account_follows_blocks_or_mutes_itself(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    for change in [
        Change::Follow { follower: ada, followee: ada },
        Change::Block { blocker: ada, blocked: ada },
        Change::SetMute { muter: ada, muted: ada, on: true },
    ] {
        let error = fixture.refused(change).await;
        assert!(matches!(error, Error::Invalid { ref field, .. } if field == "username"), "{error:?}");
    }
}

pub(crate) async fn notifications_report_what_others_did_and_are_read_forwards(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let id = fixture.post(ada, "hello").await;
    fixture.follow(bob, ada).await;
    fixture.apply(Change::SetLike { account: bob, tweet: id, liked: true }).await;
    fixture.apply(Change::Retweet { account: bob, tweet: id }).await;
    fixture.write(bob, NewTweet { reply_to: Some(id), ..tweet("@ada a reply that mentions") }).await;
    fixture.write(bob, NewTweet { quote_of: Some(id), ..tweet("a quote") }).await;
    fixture.post(bob, "@ada a mention").await;
    // An account is not notified of its own actions.
    fixture.write(ada, NewTweet { reply_to: Some(id), ..tweet("@ada talking to myself") }).await;
    fixture.apply(Change::SetLike { account: ada, tweet: id, liked: true }).await;
    use NotificationKind::{Follow, Like, Mention, Quote, Reply, Retweet};
    assert_eq!(fixture.kinds_of_notifications(ada).await, [Mention, Quote, Reply, Retweet, Like, Follow]);

    let all = fixture
        .store
        .notifications(ada, model::Span::Latest, &NotificationFilter::default(), 100)
        .await
        .unwrap();
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 6);
    let mark = |index: usize| Change::MarkNotificationsRead { account: ada, up_to: all[index].id };
    fixture.apply(mark(1)).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);
    fixture.apply(mark(4)).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1, "the position does not move back");
    // The notification of a like is removed with the like.
    fixture.apply(Change::SetLike { account: bob, tweet: id, liked: false }).await;
    assert!(!fixture.kinds_of_notifications(ada).await.contains(&Like));
}

pub(crate) async fn what_is_done_and_undone_many_times_notifies_once(fixture: StoreFixture) {
    use NotificationKind::{Follow, Like, Mention, Retweet};
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let tweet = fixture.post(ada, "hello").await;
    let mentioning = fixture.post(bob, "@ada hello").await;
    let edit =
        |words| Change::EditTweet { author: bob, tweet: mentioning, text: crate::test_support::text(words) };
    let notified = |events: Vec<crate::Event>| {
        events.iter().filter(|event| matches!(event.kind, EventKind::Notified { .. })).count()
    };
    fixture.published_events().await;
    let mut times = 0;
    for _ in 0..20 {
        for change in [
            Change::SetLike { account: bob, tweet, liked: true },
            Change::Retweet { account: bob, tweet },
            Change::Follow { follower: bob, followee: ada },
            edit("hello"),
            edit("@ada hello"),
            Change::SetLike { account: bob, tweet, liked: false },
            Change::UndoRetweet { account: bob, tweet },
            Change::Unfollow { follower: bob, followee: ada },
        ] {
            fixture.apply(change).await;
        }
        times += notified(fixture.published_events().await);
    }
    assert_eq!(times, 3, "the like, the retweet and the follow");
    assert_eq!(fixture.kinds_of_notifications(ada).await, [Mention]);
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);

    for change in [
        Change::Follow { follower: bob, followee: ada },
        Change::Retweet { account: bob, tweet },
        Change::SetLike { account: bob, tweet, liked: true },
    ] {
        fixture.apply(change).await;
    }
    assert_eq!(notified(fixture.published_events().await), 0);
    assert_eq!(
        fixture.kinds_of_notifications(ada).await,
        [Follow, Retweet, Like, Mention],
        "in their first order"
    );
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 4);

    // What was read stays read; what comes back after a day is news.
    let newest = fixture
        .store
        .notifications(ada, model::Span::Latest, &NotificationFilter::default(), 1)
        .await
        .unwrap()[0]
        .id;
    fixture.apply(Change::MarkNotificationsRead { account: ada, up_to: newest }).await;
    for liked in [false, true] {
        fixture.apply(Change::SetLike { account: bob, tweet, liked }).await;
        assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 0);
    }
    fixture.apply(Change::SetLike { account: bob, tweet, liked: false }).await;
    fixture.clock.advance_ms(25 * 3_600 * 1_000);
    fixture.apply(Change::SetLike { account: bob, tweet, liked: true }).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);
}

pub(crate) async fn relationships_and_the_social_graph_agree(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let mut others = Vec::new();
    for name in ["followed", "follower", "blocked", "blocker", "muted", "stranger"] {
        others.push(fixture.account(name).await);
    }
    let [followed, follower, blocked, blocker, muted, stranger] = others[..] else { panic!("six accounts") };
    fixture.follow(ada, followed).await;
    fixture.follow(follower, ada).await;
    fixture.block(ada, blocked).await;
    fixture.block(blocker, ada).await;
    fixture.apply(Change::SetMute { muter: ada, muted, on: true }).await;
    fixture.apply(Change::SetMute { muter: stranger, muted: ada, on: true }).await;

    let none = Relationship::default();
    let unknown = AccountId::new(1).unwrap();
    let asked = [stranger, muted, blocker, blocked, follower, followed, ada, unknown];
    let expected = [
        none,
        Relationship { muting: true, ..none },
        Relationship { blocked_by: true, ..none },
        Relationship { blocking: true, ..none },
        Relationship { followed_by: true, ..none },
        Relationship { following: true, ..none },
        none,
        none,
    ];
    assert_eq!(fixture.store.relationships(ada, &asked).await.unwrap(), expected);
    let mut graph = fixture.store.social_graph(ada).await.unwrap();
    graph.blocked.sort_unstable();
    assert_eq!(graph.following, [followed]);
    assert_eq!(graph.blocked, [blocked, blocker]);
    assert_eq!(graph.muted, [muted]);
    assert!(!graph.presence_hidden);

    let hide =
        Change::EditProfile { account: ada, display_name: None, bio: None, presence_hidden: Some(true) };
    fixture.apply(hide).await;
    fixture.apply(Change::SetMute { muter: ada, muted, on: false }).await;
    let graph = fixture.store.social_graph(ada).await.unwrap();
    assert!(graph.presence_hidden && graph.muted.is_empty());
}

/// All pages of a list, read with this limit.
async fn pages(
    fixture: &StoreFixture,
    viewer: AccountId,
    list: AccountList,
    limit: usize,
) -> Vec<Vec<AccountId>> {
    let (mut pages, mut position) = (Vec::new(), None);
    loop {
        let page = fixture.store.list_accounts(viewer, &list.into(), position, limit).await.unwrap();
        pages.push(page.items.into_iter().map(|account| account.id).collect());
        position = page.next;
        if position.is_none() {
            return pages;
        }
    }
}

pub(crate) async fn lists_of_accounts_are_paged_by_their_cursors(fixture: StoreFixture) {
    // Created in the reverse order of their names.
    let viewer = fixture.account("viewer").await;
    let mut others = Vec::new();
    for name in ["e", "d", "c", "b", "a"] {
        others.push(fixture.account(&format!("{name}_user")).await);
    }
    let [e, d, c, b, a] = others[..] else { panic!("five accounts") };
    for &other in &others {
        fixture.follow(viewer, other).await;
        fixture.follow(other, viewer).await;
        fixture.apply(Change::SetMute { muter: viewer, muted: other, on: true }).await;
    }
    let newest_first = [vec![a, b], vec![c, d], vec![e]];
    for list in [AccountList::Followers(viewer), AccountList::Following(viewer), AccountList::Muted] {
        assert_eq!(pages(&fixture, viewer, list, 2).await, newest_first, "{list:?}");
    }
    assert_eq!(pages(&fixture, viewer, AccountList::People, 4).await, [vec![a, b, c, d], vec![e, viewer]]);

    // Suspended accounts and those blocked either way are left out, the latter except in the list of blocks.
    fixture.apply(Change::SetSuspended { account: b, suspended: true }).await;
    fixture.block(viewer, c).await;
    fixture.block(d, viewer).await;
    assert_eq!(pages(&fixture, viewer, AccountList::Followers(viewer), 1).await, [vec![a], vec![e]]);
    assert_eq!(pages(&fixture, viewer, AccountList::Muted, 9).await, [vec![a, e]]);
    assert_eq!(pages(&fixture, viewer, AccountList::People, 9).await, [vec![a, e, viewer]]);
    assert_eq!(pages(&fixture, viewer, AccountList::Blocked, 9).await, [vec![c]]);

    let username = Cursor::Username(crate::test_support::username("a_user"));
    for (list, foreign) in [(AccountList::People, Cursor::Id(1)), (AccountList::Muted, username)] {
        let refused = fixture.store.list_accounts(viewer, &list.into(), Some(foreign), 9).await.unwrap_err();
        assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "cursor"), "{refused:?}");
    }
}

pub(crate) async fn notifications_are_listed_by_kind_and_read_one_by_one(fixture: StoreFixture) {
    use NotificationKind::{Follow, Like, Mention};
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let tweet = fixture.post(ada, "hello").await;
    fixture.follow(bob, ada).await;
    fixture.apply(Change::SetLike { account: bob, tweet, liked: true }).await;
    fixture.post(bob, "@ada").await;
    let list = async |kinds: &[NotificationKind], unread_only| {
        let filter = NotificationFilter { unread_only, kinds: kinds.to_vec() };
        let found = fixture.store.notifications(ada, model::Span::Latest, &filter, 9).await.unwrap();
        found.iter().map(|one| one.kind).collect::<Vec<_>>()
    };
    assert_eq!(list(&[], false).await, [Mention, Like, Follow]);
    assert_eq!(list(&[Follow, Mention, Follow], false).await, [Mention, Follow]);
    assert_eq!(list(&[NotificationKind::Quote], false).await, []);

    let every = NotificationFilter::default();
    let all = fixture.store.notifications(ada, model::Span::Latest, &every, 9);
    let all: [Notification; 3] = all.await.unwrap().try_into().unwrap();
    let [mention, like, follow] = all;
    let mark = |ids: &[NotificationId], account| Change::MarkEachNotificationRead {
        account,
        notifications: ids.to_vec(),
    };
    assert!(!fixture.apply(mark(&[like.id], bob)).await.changed, "it is not his");
    assert!(fixture.apply(mark(&[mention.id, follow.id], ada)).await.changed);
    assert!(!fixture.apply(mark(&[mention.id], ada)).await.changed, "it is read already");
    assert_eq!(list(&[], true).await, [Like]);
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);
    // What is undone and done again stays read.
    fixture.apply(Change::Unfollow { follower: bob, followee: ada }).await;
    fixture.follow(bob, ada).await;
    assert_eq!((list(&[], false).await.len(), list(&[], true).await), (3, vec![Like]));
    fixture.apply(Change::MarkNotificationsRead { account: ada, up_to: mention.id }).await;
    assert_eq!(list(&[], true).await, []);
}
