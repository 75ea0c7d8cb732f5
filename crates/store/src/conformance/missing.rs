//! Changes to what does not exist, or does not exist any more.

use model::{
    AccountId, AnnouncementId, ConversationId, Error, MessageId, NewTweet, NotificationId, ReportId,
    ReportReason, Role, SessionId, SshFingerprint, SshKeyId, SshKeyName, TimelineName, TweetId,
};

use super::fixture::StoreFixture;
use crate::test_support::{password, text, tweet};
use crate::{Change, Origin};

fn reason() -> ReportReason {
    ReportReason::parse("spam").unwrap()
}

/// Changes by an account, or of an account. `other` is an account that exists, with a tweet.
fn changes_of(account: AccountId, other: AccountId, its_tweet: TweetId) -> Vec<Change> {
    let origin = Origin { source: "test".into(), key: format!("tweet/{account}") };
    let session = SessionId::new(1).unwrap();
    let mut changes = vec![
        Change::OpenSession { account, token_hash: [1; 32], client_name: "test".into() },
        Change::EndSession { account, session },
        Change::EndSessions { account, except: None },
        Change::AddSshKey { account, fingerprint: SshFingerprint([1; 32]), name: SshKeyName::default() },
        Change::RevokeSshKey { account, key: SshKeyId::new(1).unwrap() },
        Change::SetPassword { account, password: password(), password_change_advised: false, keep: None },
        Change::RehashPassword { account, password: password() },
        Change::EditProfile { account, display_name: None, bio: None, presence_hidden: Some(true) },
        Change::SetRole { account, role: Role::Admin },
        Change::SetSuspended { account, suspended: true },
        Change::DeleteAccount { account },
        Change::PurgeAccount { account, limit: 10 },
        Change::Post { author: account, tweet: tweet("hello") },
        Change::EditTweet { author: account, tweet: its_tweet, text: text("mine") },
        Change::DeleteTweet { author: account, tweet: its_tweet },
        Change::Retweet { account, tweet: its_tweet },
        Change::UndoRetweet { account, tweet: its_tweet },
        Change::Report { reporter: account, account: other, tweet: None, reason: reason() },
        Change::Report { reporter: other, account, tweet: None, reason: reason() },
        Change::SetReadLine { account, timeline: TimelineName::parse("home").unwrap(), tweet: its_tweet },
        Change::MarkNotificationsRead { account, up_to: NotificationId::new(u64::MAX >> 1).unwrap() },
        Change::DismissAnnouncement { account, announcement: AnnouncementId::new(1).unwrap() },
        Change::ImportTweet { origin, author: account, tweet: tweet("old"), created_ms: 1_000 },
    ];
    for on in [true, false] {
        changes.push(Change::SetLike { account, tweet: its_tweet, liked: on });
        changes.push(Change::SetBookmark { account, tweet: its_tweet, bookmarked: on });
    }
    for (one, two) in [(account, other), (other, account)] {
        changes.extend([
            Change::Follow { follower: one, followee: two },
            Change::Unfollow { follower: one, followee: two },
            Change::Block { blocker: one, blocked: two },
            Change::Unblock { blocker: one, blocked: two },
            Change::SetMute { muter: one, muted: two, on: true },
            Change::SetMute { muter: one, muted: two, on: false },
            Change::DismissSuggestion { account: one, dismissed: two },
            Change::SendMessage { author: one, to: two, text: text("hello") },
            Change::ImportFollow { follower: one, followee: two },
        ]);
    }
    changes
}

/// Asserts that each change is refused because something is not there, or finds nothing to change.
async fn assert_without_effect(fixture: &StoreFixture, changes: Vec<Change>) {
    let mut wrong = Vec::new();
    for change in changes {
        fixture.clock.advance_ms(1);
        match fixture.store.apply(change.clone(), None).await {
            Ok(applied) if !applied.changed => {}
            Err(Error::NotFound(_)) => {}
            result => wrong.push(format!("{change:?}: {result:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

pub(crate) async fn what_an_account_that_is_not_there_does_has_no_effect(fixture: StoreFixture) {
    let (ada, gone) = (fixture.account("ada").await, fixture.account("gone").await);
    let its_tweet = fixture.post(ada, "hello").await;
    fixture.apply(Change::DeleteAccount { account: gone }).await;
    let until_purged = Change::PurgeAccount { account: gone, limit: 100 };
    while fixture.apply(until_purged.clone()).await.changed {}
    let before = fixture.store.last_event().await.unwrap();
    for account in [gone, AccountId::new(1).unwrap()] {
        assert_without_effect(&fixture, changes_of(account, ada, its_tweet)).await;
    }
    assert_eq!(fixture.store.last_event().await.unwrap(), before, "nothing happened");
    let profile = fixture.store.account(ada).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.following, profile.tweets), (0, 0, 1));
    let seen = fixture.see(ada, its_tweet).await.unwrap().tweet;
    assert_eq!((seen.counts.likes, seen.counts.retweets), (0, 0));
}

pub(crate) async fn what_is_done_to_something_that_is_not_there_has_no_effect(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let deleted = fixture.post(ada, "hello").await;
    fixture.apply(Change::DeleteTweet { author: ada, tweet: deleted }).await;
    let before = fixture.store.last_event().await.unwrap();
    for id in [deleted, TweetId::new(1).unwrap()] {
        let changes = vec![
            Change::Post { author: ada, tweet: NewTweet { reply_to: Some(id), ..tweet("reply") } },
            Change::Post { author: ada, tweet: NewTweet { quote_of: Some(id), ..tweet("quote") } },
            Change::EditTweet { author: ada, tweet: id, text: text("edited") },
            Change::DeleteTweet { author: ada, tweet: id },
            Change::RemoveTweet { tweet: id },
            Change::Retweet { account: ada, tweet: id },
            Change::UndoRetweet { account: ada, tweet: id },
            Change::SetLike { account: ada, tweet: id, liked: true },
            Change::SetLike { account: ada, tweet: id, liked: false },
            Change::SetBookmark { account: ada, tweet: id, bookmarked: true },
            Change::SetBookmark { account: ada, tweet: id, bookmarked: false },
            Change::Report { reporter: bob, account: ada, tweet: Some(id), reason: reason() },
        ];
        assert_without_effect(&fixture, changes).await;
    }
    let message = MessageId::new(1).unwrap();
    let announcement = AnnouncementId::new(1).unwrap();
    let changes = vec![
        Change::TouchSession { session: SessionId::new(1).unwrap() },
        Change::OpenSshSession {
            key: SshKeyId::new(1).unwrap(),
            token_hash: [1; 32],
            client_name: "ssh".into(),
        },
        Change::CloseReport { report: ReportId::new(1).unwrap() },
        Change::MarkEachNotificationRead {
            account: ada,
            notifications: vec![NotificationId::new(1).unwrap()],
        },
        Change::EditMessage { author: ada, message, text: text("edited") },
        Change::DeleteMessage { author: ada, message },
        Change::MarkConversation {
            conversation: ConversationId::new(1).unwrap(),
            account: ada,
            delivered: None,
            read: Some(message),
        },
        Change::RevokeInvite { code_hash: [1; 32] },
        Change::RemoveAnnouncement { announcement },
        Change::RemoveAnnouncements,
        Change::DismissAnnouncement { account: ada, announcement },
    ];
    assert_without_effect(&fixture, changes).await;
    assert_eq!(fixture.store.last_event().await.unwrap(), before, "nothing happened");
}

pub(crate) async fn what_is_not_there_is_not_read(fixture: StoreFixture) {
    let ada = fixture.account("ada").await;
    let store = &fixture.store;
    let (account, tweet) = (AccountId::new(1).unwrap(), TweetId::new(1).unwrap());
    assert!(store.account(account).await.unwrap().is_none());
    assert!(store.sessions(account).await.unwrap().is_empty());
    assert!(store.ssh_keys(account).await.unwrap().is_empty());
    assert!(store.read_lines(account).await.unwrap().is_empty());
    assert_eq!(store.unread_notifications(account).await.unwrap(), 0);
    assert!(store.social_graph(account).await.unwrap().following.is_empty());
    assert!(store.ancestors(tweet, 9).await.unwrap().is_empty());
    assert!(store.descendants(tweet, None, 9).await.unwrap().is_empty());
    assert!(store.tweet_history(tweet, 0, 9).await.unwrap().is_empty());
    let entities = store.tweet_entities(tweet).await.unwrap();
    assert!(entities.mentions.is_empty() && entities.hashtags.is_empty());
    assert!(store.notification(NotificationId::new(1).unwrap()).await.unwrap().is_none());
    assert!(store.conversation_between(ada, account).await.unwrap().is_none());
    assert!(store.message(MessageId::new(1).unwrap()).await.unwrap().is_none());
    let receipts = store.read_receipts(ConversationId::new(1).unwrap(), ada).await.unwrap();
    assert_eq!(receipts, model::ReadReceipts::default());
    assert!(store.invite(&[1; 32]).await.unwrap().is_none());
    assert_eq!(store.announcements(Some(ada), 0).await.unwrap(), []);
}
