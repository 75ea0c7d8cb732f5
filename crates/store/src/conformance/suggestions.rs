//! Suggestions of accounts to follow.

use model::limits::SUGGESTIONS_DISMISSED_MAX;
use model::{AccountId, Error};

use super::fixture::StoreFixture;
use crate::Change;
use crate::test_support::account;

async fn suggested(fixture: &StoreFixture, viewer: AccountId, limit: usize) -> String {
    let accounts = fixture.store.suggested_accounts(viewer, limit).await.unwrap();
    let names: Vec<_> = accounts.iter().map(|account| account.username.as_str()).collect();
    names.join(" ")
}

pub(crate) async fn those_whom_friends_follow_are_suggested_first_and_then_active_ones(
    fixture: StoreFixture,
) {
    let mut accounts = Vec::new();
    for name in ["viewer", "friend", "other_friend", "both", "one", "active", "older", "quiet"] {
        accounts.push(fixture.account(name).await);
    }
    let [viewer, friend, other_friend, both, one, active, older, _] = accounts[..] else { panic!() };
    for (follower, followee) in [
        (viewer, friend),
        (viewer, other_friend),
        (friend, both),
        (other_friend, both),
        (friend, one),
        (friend, other_friend),
        (friend, viewer),
    ] {
        fixture.follow(follower, followee).await;
    }
    for author in [viewer, friend, older, both, active] {
        fixture.post(author, "hello").await;
    }
    assert_eq!(suggested(&fixture, viewer, 9).await, "both one active older");
    assert_eq!(suggested(&fixture, viewer, 3).await, "both one active");
    assert_eq!(suggested(&fixture, viewer, 1).await, "both");

    for (hide, show) in [
        (
            Change::SetMute { muter: viewer, muted: both, on: true },
            Change::SetMute { muter: viewer, muted: both, on: false },
        ),
        (
            Change::Block { blocker: both, blocked: viewer },
            Change::Unblock { blocker: both, blocked: viewer },
        ),
        (
            Change::SetSuspended { account: both, suspended: true },
            Change::SetSuspended { account: both, suspended: false },
        ),
    ] {
        fixture.apply(hide).await;
        assert_eq!(suggested(&fixture, viewer, 9).await, "one active older");
        fixture.apply(show).await;
        assert_eq!(suggested(&fixture, viewer, 9).await, "both one active older");
    }
    let dismiss = Change::DismissSuggestion { account: viewer, dismissed: both };
    assert!(fixture.apply(dismiss.clone()).await.changed);
    assert!(!fixture.apply(dismiss).await.changed, "it is dismissed already");
    assert_eq!(suggested(&fixture, viewer, 9).await, "one active older");
    let dismissed = fixture.store.dismissed_suggestions(viewer).await.unwrap();
    assert_eq!(dismissed.iter().map(|account| account.id).collect::<Vec<_>>(), [both]);
    let own = fixture.refused(Change::DismissSuggestion { account: viewer, dismissed: viewer }).await;
    assert!(matches!(own, Error::Invalid { ref field, .. } if field == "username"), "{own:?}");

    fixture.apply(Change::DeleteAccount { account: both }).await;
    while fixture.apply(Change::PurgeAccount { account: both, limit: 9 }).await.changed {}
    assert!(fixture.store.dismissed_suggestions(viewer).await.unwrap().is_empty());
}

pub(crate) async fn the_oldest_dismissal_is_removed_when_there_are_too_many(fixture: StoreFixture) {
    let viewer = fixture.account("viewer").await;
    let mut others = Vec::new();
    for n in 0..=SUGGESTIONS_DISMISSED_MAX {
        let made = fixture.store.apply(account(&format!("other{n}")), None).await.unwrap();
        let dismissed = AccountId::new(made.id).unwrap();
        let dismiss = Change::DismissSuggestion { account: viewer, dismissed };
        fixture.store.apply(dismiss, None).await.unwrap();
        others.push(dismissed);
    }
    let dismissed = fixture.store.dismissed_suggestions(viewer).await.unwrap();
    let newest_first: Vec<_> = others[1..].iter().rev().copied().collect();
    assert_eq!(dismissed.iter().map(|account| account.id).collect::<Vec<_>>(), newest_first);
}
