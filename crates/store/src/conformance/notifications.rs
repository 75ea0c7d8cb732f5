//! Lists of notifications, and whose notifications are in them.

use model::{AccountId, NewTweet, Notification, NotificationKind, Span, Visibility};

use super::fixture::StoreFixture;
use crate::test_support::tweet as new_tweet;
use crate::{Change, EventKind, NotificationFilter};

async fn list(fixture: &StoreFixture, recipient: AccountId, span: Span, limit: usize) -> Vec<Notification> {
    let filter = NotificationFilter::default();
    fixture.store.notifications(recipient, span, &filter, limit).await.unwrap()
}

pub(crate) async fn notifications_are_paged_both_ways(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    for n in 0..9 {
        let tweet = fixture.post(ada, &n.to_string()).await;
        fixture.apply(Change::SetLike { account: bob, tweet, liked: true }).await;
    }
    let all = list(&fixture, ada, Span::Latest, 100).await;
    assert_eq!(all.len(), 9);
    assert!(all.is_sorted_by(|one, next| one.id > next.id));
    let (mut read, mut span) = (Vec::new(), Span::Latest);
    loop {
        let page = list(&fixture, ada, span, 4).await;
        let Some(last) = page.last() else { break };
        span = Span::Before(last.id.get());
        read.extend(page);
    }
    assert_eq!(read, all);
    assert_eq!(list(&fixture, ada, Span::After(all[6].id.get()), 3).await, all[3..6]);
    assert_eq!(fixture.store.notification(all[4].id).await.unwrap().as_ref(), Some(&all[4]));
    assert_eq!(list(&fixture, bob, Span::Latest, 9).await, [], "they are one's own");
}

pub(crate) async fn notifications_of_muted_and_inactive_accounts_are_not_listed(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let tweet = fixture.post(ada, "hello").await;
    fixture.follow(bob, ada).await;
    let all = list(&fixture, ada, Span::Latest, 9).await;
    let [followed] = &all[..] else { panic!("one notification") };
    let mute = |on| Change::SetMute { muter: ada, muted: bob, on };
    let suspend = |suspended| Change::SetSuspended { account: bob, suspended };
    for (hide, show, is_read_by_id) in
        [(mute(true), mute(false), true), (suspend(true), suspend(false), false)]
    {
        assert!(fixture.apply(hide.clone()).await.changed);
        assert!(!fixture.apply(hide).await.changed, "it is so already");
        assert_eq!(list(&fixture, ada, Span::Latest, 9).await, []);
        assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 0);
        let by_id = fixture.store.notification(followed.id).await.unwrap();
        assert_eq!(by_id.is_some(), is_read_by_id);
        assert!(fixture.apply(show).await.changed);
        assert_eq!(list(&fixture, ada, Span::Latest, 9).await, all);
        assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);
    }

    // What a muted account does notifies no one, also not later.
    fixture.apply(mute(true)).await;
    fixture.published_events().await;
    fixture.apply(Change::SetLike { account: bob, tweet, liked: true }).await;
    let published = fixture.published_events().await;
    assert!(!published.iter().any(|event| matches!(event.kind, EventKind::Notified { .. })), "{published:?}");
    fixture.apply(mute(false)).await;
    assert_eq!(fixture.kinds_of_notifications(ada).await, [NotificationKind::Follow]);
}

pub(crate) async fn what_the_recipient_may_no_longer_see_is_not_counted(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(ada, bob).await;
    let tweet = fixture.post(ada, "hello").await;
    let quote = NewTweet { quote_of: Some(tweet), visibility: Visibility::Followers, ..new_tweet("so") };
    fixture.write(bob, quote).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 1);
    fixture.apply(Change::Unfollow { follower: ada, followee: bob }).await;
    assert_eq!(fixture.store.unread_notifications(ada).await.unwrap(), 0);
    assert_eq!(fixture.kinds_of_notifications(ada).await, [NotificationKind::Quote], "the caller decides");
}
