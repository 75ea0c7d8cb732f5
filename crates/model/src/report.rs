//! What people tell the operators of a server about others.

use crate::limits::{REPORT_REASON_BYTES_MAX, REPORT_REASON_GRAPHEMES_MAX};
use crate::text::{Lines, check_text};
use crate::{Account, ReportId, Result, TweetId};

/// Why somebody reports something; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportReason(String);

impl ReportReason {
    /// From what a person typed; white space around it is dropped.
    ///
    /// # Errors
    /// `INVALID{reason}` when it is too long or has unsafe characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        check_text("reason", text, Lines::Many, REPORT_REASON_GRAPHEMES_MAX, REPORT_REASON_BYTES_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// As stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that was reported and that no operator has closed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its identifier, which tells when it was made.
    pub id: ReportId,
    /// Who reports.
    pub reporter: Account,
    /// Who is reported, or has written what is.
    pub account: Account,
    /// `None`: the account.
    pub tweet: Option<TweetId>,
    /// Of the tweet as it is now; empty when it is gone.
    pub text: String,
    /// Why.
    pub reason: ReportReason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_reason_is_taken_and_one_more_letter_is_refused() {
        assert_eq!(ReportReason::parse(" spam\n").unwrap().as_str(), "spam");
        assert!(ReportReason::parse(&"x".repeat(500)).is_ok());
        assert!(ReportReason::parse(&"x".repeat(501)).is_err());
        assert!(ReportReason::parse("\x1b[31m").is_err());
    }
}
