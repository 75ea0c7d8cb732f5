//! Reports of accounts and tweets to the admins, and what admins see of them.

use model::limits::REPORTS_LISTED_MAX;
use model::{AccountId, Error, Operation, Report, ReportId, ReportReason, Result, TweetId, Username};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult, IdempotencyKey};

/// The subject of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// An account, also one that blocks the reporter.
    Account(Username),
    /// A tweet that the reporter can see.
    Tweet(TweetId),
}

impl Service {
    /// Reports an account or a tweet.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `NOT_FOUND{tweet}`, `INVALID{username}` for the caller's own account, `RATE_LIMITED`.
    pub async fn report(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        what: &Reported,
        reason: ReportReason,
    ) -> Result<ChangeResult> {
        let (reporter, _) = policy::member(caller, Operation::Report)?;
        let key = reporter.to_string();
        let attempt = self.reports.attempt(&key).await?;
        let reported = self.file_report(reporter, once, what, reason).await;
        if reported.is_ok() {
            attempt.keep().await;
        } else {
            attempt.refund().await;
        }
        reported
    }

    async fn file_report(
        &self,
        reporter: AccountId,
        once: Option<IdempotencyKey>,
        what: &Reported,
        reason: ReportReason,
    ) -> Result<ChangeResult> {
        let (account, tweet) = match what {
            Reported::Account(username) => {
                let profile = self.store.account_by_username(username).await?;
                (profile.ok_or_else(|| Error::not_found("account"))?.account.id, None)
            }
            Reported::Tweet(id) => {
                let tweet = self.visible_tweet(reporter, *id).await?.tweet;
                (tweet.author, Some(tweet.id))
            }
        };
        self.store.apply(Change::Report { reporter, account, tweet, reason }, once).await
    }

    /// The oldest open reports, and whether there are more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_reports(&self, caller: &Caller) -> Result<(Vec<Report>, bool)> {
        policy::authorise(caller, Operation::ListReports)?;
        let mut reports = self.store.reports(None, REPORTS_LISTED_MAX + 1).await?;
        let more = reports.len() > REPORTS_LISTED_MAX;
        reports.truncate(REPORTS_LISTED_MAX);
        Ok((reports, more))
    }

    /// Closes a report, which removes it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn close_report(&self, caller: &Caller, report: ReportId) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::CloseReport)?;
        self.store.apply(Change::CloseReport { report }, None).await
    }
}
