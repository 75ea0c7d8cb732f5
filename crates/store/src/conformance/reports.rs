//! Reports and statistics.

use model::{AccountId, Error, ReportId, ReportReason, TweetId};

use super::fixture::StoreFixture;
use crate::{Change, ChangeResult};

async fn report(
    fixture: &StoreFixture,
    reporter: AccountId,
    account: AccountId,
    tweet: Option<TweetId>,
    reason: &str,
) -> ChangeResult {
    let reason = ReportReason::parse(reason).unwrap();
    fixture.apply(Change::Report { reporter, account, tweet, reason }).await
}

pub(crate) async fn reports_are_listed_oldest_first_until_they_are_closed(fixture: StoreFixture) {
    let (ada, bob, spammer) =
        (fixture.account("ada").await, fixture.account("bob").await, fixture.account("spammer").await);
    let spam = fixture.post(spammer, "buy now").await;
    let of_tweet = report(&fixture, ada, spammer, Some(spam), "spam").await;
    let of_account = report(&fixture, bob, spammer, None, "only spam").await;
    let again = report(&fixture, ada, spammer, Some(spam), "still spam").await;
    assert_eq!(again, ChangeResult::new(of_tweet.id, false));

    let all = fixture.store.reports(None, 10).await.unwrap();
    assert_eq!(all.iter().map(|report| report.id.get()).collect::<Vec<_>>(), [of_tweet.id, of_account.id]);
    let first = &all[0];
    assert_eq!((first.reporter.id, first.account.id, first.tweet), (ada, spammer, Some(spam)));
    assert_eq!((first.reason.as_str(), first.text.as_str()), ("spam", "buy now"));
    assert_eq!((all[1].tweet, all[1].text.as_str()), (None, ""));
    assert_eq!(fixture.store.reports(None, 1).await.unwrap(), all[..1]);
    assert_eq!(fixture.store.reports(Some(bob), 10).await.unwrap(), all[1..]);
    assert_eq!(fixture.store.reports(Some(spammer), 10).await.unwrap(), []);

    fixture.apply(Change::DeleteTweet { author: spammer, tweet: spam }).await;
    assert_eq!(fixture.store.reports(Some(ada), 10).await.unwrap()[0].text, "", "its text is deleted");
    let close = || Change::CloseReport { report: ReportId::new(of_tweet.id).unwrap() };
    assert!(fixture.apply(close()).await.changed);
    assert!(!fixture.apply(close()).await.changed);
    assert_eq!(fixture.store.reports(None, 10).await.unwrap(), all[1..]);

    let reason = ReportReason::parse("me").unwrap();
    let own = Change::Report { reporter: ada, account: ada, tweet: None, reason };
    let error = fixture.refused(own).await;
    assert!(matches!(error, Error::Invalid { ref field, .. } if field == "username"), "{error:?}");
}

pub(crate) async fn statistics_count_what_is_not_deleted(fixture: StoreFixture) {
    let before = fixture.store.statistics().await.unwrap();
    assert_eq!((before.accounts, before.tweets, before.sessions), (0, 0, 0));
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let first = fixture.post(ada, "one").await;
    fixture.post(ada, "two").await;
    fixture.post(bob, "three").await;
    fixture.apply(Change::Retweet { account: bob, tweet: first }).await;
    let open = Change::OpenSession { account: ada, token_hash: [1; 32], client_name: "laptop".into() };
    fixture.apply(open).await;
    let statistics = fixture.store.statistics().await.unwrap();
    assert_eq!((statistics.accounts, statistics.tweets, statistics.sessions), (2, 4, 1));
    assert_eq!(statistics.changes, before.changes + 7);
    assert_eq!(statistics.commits, before.commits + 7, "one by one, none shares a transaction");

    // Its retweet is deleted with the tweet, its session with the account.
    fixture.apply(Change::DeleteTweet { author: ada, tweet: first }).await;
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    let statistics = fixture.store.statistics().await.unwrap();
    assert_eq!((statistics.accounts, statistics.sessions), (1, 0));
    while fixture.apply(Change::PurgeAccount { account: ada, limit: 100 }).await.changed {}
    assert_eq!(fixture.store.statistics().await.unwrap().tweets, 1);
}
