//! Reports of accounts and tweets to the admins and the operator.

use crate::account::Account;
use crate::error::Result;
use crate::id::{ReportId, TweetId};
use crate::limits::{REPORT_REASON_BYTES_MAX, REPORT_REASON_GRAPHEMES_MAX};
use crate::text::{Lines, check_text, trim};

/// The reason of a report; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportReason(String);

impl ReportReason {
    /// Checks a reason; white space around it is dropped, and so is all of it if nothing can be seen.
    ///
    /// # Errors
    /// `INVALID{reason}` if it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = trim(text);
        check_text("reason", text, Lines::Many, REPORT_REASON_GRAPHEMES_MAX, REPORT_REASON_BYTES_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An open report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Identifier; it contains the time.
    pub id: ReportId,
    /// The account that reported it.
    pub reporter: Account,
    /// The reported account, or the author of the reported tweet.
    pub account: Account,
    /// The reported tweet; `None` if the account was reported.
    pub tweet: Option<TweetId>,
    /// Current text of the tweet; empty if it was deleted.
    pub text: String,
    /// Reason given by the reporter.
    pub reason: ReportReason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_reason_is_accepted_and_one_more_character_is_refused() {
        assert_eq!(ReportReason::parse(" spam\n").unwrap().as_str(), "spam");
        ReportReason::parse(&"x".repeat(500)).unwrap();
        let refused = |text: &str| ReportReason::parse(text).unwrap_err().to_string();
        assert_eq!(refused(&"x".repeat(501)), "reason is 1 character too long (at most 500)");
        assert_eq!(refused("\x1b[31m"), "reason has the control character U+001B");
    }
}
