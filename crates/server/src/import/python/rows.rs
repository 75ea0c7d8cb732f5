//! The rows of a database of the original program.

use model::{DisplayName, TweetText, Username};

use crate::import::Problem;

/// Name of the file with the accounts.
pub const ACCOUNTS_FILE: &str = "user_database.json";
/// Name of the file with the tweets.
pub const TWEETS_FILE: &str = "tweet_table.csv";

/// The content of the files.
pub struct Database {
    /// Sorted by number.
    pub accounts: Vec<AccountRow>,
    /// Numbers of follower and followee. No account follows itself.
    pub follows: Vec<(u64, u64)>,
    /// Oldest first.
    pub tweets: Vec<TweetRow>,
    /// Rows that were skipped.
    pub problems: Vec<Problem>,
}

/// An account. Without `Debug`, so that the hash does not get into a log.
pub struct AccountRow {
    /// Number in the original database.
    pub number: u64,
    /// In lower case.
    pub username: Username,
    /// The name with its original case.
    pub display_name: DisplayName,
    /// Password hash in the format of sha512-crypt: `$6$…`.
    pub legacy_hash: String,
    /// Unix milliseconds. The original database does not have this time: it is before the first tweet of this account and
    /// of every account with a higher number.
    pub created_ms: i64,
}

/// A tweet or a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TweetRow {
    /// Number in the original database.
    pub number: u64,
    /// First line of the row in the file.
    pub line: u64,
    /// Number of the author, which is in [`Database::accounts`].
    pub author: u64,
    /// The text, or the message of a retweet.
    pub text: TweetText,
    /// Number of the quoted tweet, which is in [`Database::tweets`].
    pub quote_of: Option<u64>,
    /// Unix milliseconds. The original database has minutes; tweets of the same minute get times a millisecond apart, so
    /// that they keep their order.
    pub created_ms: i64,
}

pub(super) fn account_problem(number: u64, reason: impl Into<String>) -> Problem {
    Problem::new(ACCOUNTS_FILE, format!("user {number}"), reason)
}

pub(super) fn tweet_problem(line: u64, reason: impl Into<String>) -> Problem {
    Problem::new(TWEETS_FILE, format!("line {line}"), reason)
}
