//! Announcements: adding and removing them, their end, and who has dismissed them.

use model::limits::ANNOUNCEMENTS_MAX;
use model::{AccountId, AnnouncementId, Error};

use super::fixture::StoreFixture;
use crate::env::Clock as _;
use crate::{Change, EventKind, Expiry};

fn change(text: &str, ends_ms: Option<i64>) -> Change {
    Change::Announce { text: text.into(), ends_ms }
}

async fn announce(fixture: &StoreFixture, text: &str) -> AnnouncementId {
    AnnouncementId::new(fixture.apply(change(text, None)).await.id).unwrap()
}

/// The texts of all announcements, and those that this account has not dismissed.
async fn texts(fixture: &StoreFixture, account: Option<AccountId>) -> (String, String) {
    let all = fixture.store.announcements(account, fixture.clock.now_ms()).await.unwrap();
    let texts = |of: &dyn Fn(&&model::Announcement) -> bool| {
        all.iter().filter(of).map(|one| one.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    (texts(&|_| true), texts(&|one| !one.dismissed))
}

async fn kinds(fixture: &StoreFixture) -> Vec<EventKind> {
    fixture.published_events().await.into_iter().map(|event| event.kind).collect()
}

pub(crate) async fn announcements_are_listed_newest_first_until_they_are_removed(fixture: StoreFixture) {
    fixture.published_events().await;
    let first = announce(&fixture, "first").await;
    assert_eq!(first.time_ms(), fixture.clock.now_ms());
    let second = announce(&fixture, "second").await;
    let third = announce(&fixture, "third").await;
    assert_eq!(texts(&fixture, None).await.0, "third second first");
    let again = fixture.apply(change("second", None)).await;
    assert_eq!((again.id, again.changed), (second.get(), false), "it is there already");

    assert!(fixture.apply(Change::RemoveAnnouncement { announcement: second }).await.changed);
    assert!(!fixture.apply(Change::RemoveAnnouncement { announcement: second }).await.changed);
    assert_eq!(texts(&fixture, None).await.0, "third first");
    assert!(fixture.apply(Change::RemoveAnnouncements).await.changed);
    assert!(!fixture.apply(Change::RemoveAnnouncements).await.changed);
    assert_eq!(texts(&fixture, None).await.0, "");

    let added = [first, second, third].map(|announcement| EventKind::Announced { announcement });
    let removed = |announcement| EventKind::AnnouncementRemoved { announcement };
    let kinds = kinds(&fixture).await;
    assert_eq!(kinds[..4], [added[0], added[1], added[2], removed(second)]);
    assert!(kinds[4..].len() == 2 && kinds[4..].contains(&removed(first)), "{kinds:?}");
}

pub(crate) async fn an_announcement_ends_at_its_time(fixture: StoreFixture) {
    let ends_ms = fixture.clock.now_ms() + 60_000;
    let ends = AnnouncementId::new(fixture.apply(change("ends", Some(ends_ms))).await.id).unwrap();
    announce(&fixture, "stays").await;
    let ada = fixture.account("ada").await;
    fixture.apply(Change::DismissAnnouncement { account: ada, announcement: ends }).await;
    let listed = fixture.store.announcements(None, ends_ms - 1).await.unwrap();
    assert_eq!(listed.iter().map(|one| one.ends_ms).collect::<Vec<_>>(), [None, Some(ends_ms)]);
    fixture.clock.advance_ms(60_000);
    assert_eq!(texts(&fixture, None).await.0, "stays");

    fixture.published_events().await;
    let expire = Change::Expire(Expiry::default());
    assert!(fixture.apply(expire).await.changed);
    assert_eq!(kinds(&fixture).await, [EventKind::AnnouncementRemoved { announcement: ends }]);
    assert_eq!(fixture.store.announcements(None, 0).await.unwrap().len(), 1, "it is removed");
}

pub(crate) async fn each_account_dismisses_announcements_one_by_one(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let first = announce(&fixture, "first").await;
    announce(&fixture, "second").await;
    fixture.published_events().await;
    let dismiss = Change::DismissAnnouncement { account: ada, announcement: first };
    assert!(fixture.apply(dismiss.clone()).await.changed);
    assert!(!fixture.apply(dismiss.clone()).await.changed, "it is dismissed already");
    let dismissed = EventKind::AnnouncementDismissed { account: ada, announcement: first };
    assert_eq!(kinds(&fixture).await, [dismissed], "other devices learn it");
    announce(&fixture, "third").await;
    assert_eq!(texts(&fixture, Some(ada)).await, ("third second first".into(), "third second".into()));
    assert_eq!(texts(&fixture, Some(bob)).await.1, "third second first");
    assert_eq!(texts(&fixture, None).await.1, "third second first");

    fixture.apply(Change::RemoveAnnouncement { announcement: first }).await;
    assert!(!fixture.apply(dismiss).await.changed, "it is gone");
    announce(&fixture, "first").await;
    assert_eq!(texts(&fixture, Some(ada)).await.1, "first third second", "it is another one");

    // The dismissals of a deleted account go with it.
    let third = fixture.store.announcements(None, 0).await.unwrap()[1].id;
    fixture.apply(Change::DismissAnnouncement { account: ada, announcement: third }).await;
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while fixture.apply(Change::PurgeAccount { account: ada, limit: 9 }).await.changed {}
    assert_eq!(texts(&fixture, Some(ada)).await.1, "first third second");
}

pub(crate) async fn one_announcement_too_many_is_refused(fixture: StoreFixture) {
    let ends_ms = Some(fixture.clock.now_ms() + 60_000);
    fixture.apply(change("ends", ends_ms)).await;
    for n in 1..ANNOUNCEMENTS_MAX {
        announce(&fixture, &n.to_string()).await;
    }
    let refused = fixture.refused(change("one more", None)).await;
    assert!(matches!(&refused, Error::Invalid { field, .. } if field == "text"), "{refused:?}");
    fixture.clock.advance_ms(60_000);
    assert!(fixture.apply(change("one more", None)).await.changed, "one has ended");
}
