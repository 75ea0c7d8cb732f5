//! What people tell the operators of others, and what operators see of it.

use model::limits::REPORTS_LISTED_MAX;
use model::{AccountId, Error, Operation, Report, ReportId, ReportReason, Result, TweetId, Username};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult, IdempotencyKey};

/// What is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// An account, also one across a block.
    Account(Username),
    /// A tweet that one can see.
    Tweet(TweetId),
}

impl Service {
    /// Tells the operators.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `NOT_FOUND{tweet}`, `INVALID{username}` for oneself, `RATE_LIMITED`.
    pub async fn report(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        what: &Reported,
        reason: ReportReason,
    ) -> Result<ChangeResult> {
        let (reporter, _) = policy::member(caller, Operation::Report)?;
        let key = reporter.to_string();
        let attempt = self.reports.attempt(&key)?;
        let reported = self.file_report(reporter, once, what, reason).await;
        if reported.is_ok() {
            attempt.keep();
        } else {
            attempt.refund();
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

    /// The oldest of what was reported and is not closed, and whether there is more.
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

    /// It has been looked at.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn close_report(&self, caller: &Caller, report: ReportId) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::CloseReport)?;
        self.store.apply(Change::CloseReport { report }, None).await
    }
}
