//! Databases of the original Python program: accounts with their passwords, follows, tweets, and retweets with
//! a message, which become quotes.
//!
//! [`read`] makes typed rows of the files and touches no store; [`run`] brings them into one.

mod files;
mod retweet;

use std::collections::HashMap;

use model::{AccountId, DisplayName, Error, NewTweet, TweetId, TweetText, Username, Visibility};

use super::{HashtagCount, ImportError, OnProgress, Phase, Problem, Progress, Summary, apply_rows};
use store::{Change, ChangeResult, Origin, PasswordHash, Store};

pub use files::read;

/// File of accounts.
pub const ACCOUNTS_FILE: &str = "user_database.json";
/// File of tweets.
pub const TWEETS_FILE: &str = "tweet_table.csv";

/// Makes what is kept of a sha512-crypt hash (`$6$…`); refuses one that it cannot take.
pub type WrapLegacy<'a> = &'a (dyn Fn(&str) -> model::Result<PasswordHash> + Sync);

/// What the files hold.
pub struct Database {
    /// By their number.
    pub accounts: Vec<AccountRow>,
    /// Who follows whom, by the accounts' numbers. Nobody follows themselves.
    pub follows: Vec<(u64, u64)>,
    /// Oldest first.
    pub tweets: Vec<TweetRow>,
    /// What was left out.
    pub problems: Vec<Problem>,
}

/// An account. It has no `Debug`: the hash must not come into a log.
pub struct AccountRow {
    /// Its number in the old database.
    pub number: u64,
    /// Folded to lower case.
    pub username: Username,
    /// The name as it was written.
    pub display_name: DisplayName,
    /// `$6$…`.
    pub legacy_hash: String,
    /// Unix milliseconds. The old database does not say: no later than the first tweet of this account or of
    /// any with a higher number.
    pub created_ms: i64,
}

/// A tweet or a quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TweetRow {
    /// Its number in the old database.
    pub number: u64,
    /// Line of the file at which it begins.
    pub line: u64,
    /// Number of its author, who is in [`Database::accounts`].
    pub author: u64,
    /// The text; of a retweet, its message.
    pub text: TweetText,
    /// Number of the tweet that it quotes, which is in [`Database::tweets`].
    pub quote_of: Option<u64>,
    /// Unix milliseconds. The old database knows minutes; those of one minute are a millisecond apart, so that
    /// they keep their order.
    pub created_ms: i64,
}

/// Brings a database into the store: accounts, follows, then tweets, a quote after what it quotes. What an
/// earlier import brought is only counted. Hashes every password anew, which takes its time.
///
/// # Errors
/// [`ImportError::Store`] when the store takes no more; the next import goes on from there.
pub async fn run(
    store: &dyn Store,
    database: Database,
    wrap_legacy: WrapLegacy<'_>,
    on_progress: OnProgress<'_>,
) -> Result<Summary, ImportError> {
    let Database { accounts, follows, tweets, problems } = database;
    let mut summary = Summary { problems, ..Summary::default() };
    let accounts = import_accounts(store, accounts, wrap_legacy, &mut summary, on_progress).await?;
    import_follows(store, &accounts, follows, &mut summary, on_progress).await?;
    import_tweets(store, &accounts, tweets, &mut summary, on_progress).await?;
    Ok(summary)
}

/// Old numbers of the accounts that are in the store, with their identifiers there.
type Accounts = HashMap<u64, AccountId>;

async fn import_accounts(
    store: &dyn Store,
    rows: Vec<AccountRow>,
    wrap_legacy: WrapLegacy<'_>,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<Accounts, ImportError> {
    let mut accounts = Accounts::new();
    let change = |row: &AccountRow| {
        Ok(Change::ImportAccount {
            origin: origin("user", row.number),
            username: row.username.clone(),
            display_name: row.display_name.clone(),
            password: wrap_legacy(&row.legacy_hash)?,
            created_ms: row.created_ms,
        })
    };
    let each = |row: AccountRow, result: Result<ChangeResult, String>| match result {
        Ok(applied) => {
            summary.count(applied.changed, |s| s.accounts += 1);
            accounts.extend(AccountId::new(applied.id).map(|id| (row.number, id)));
        }
        Err(reason) => summary.problems.push(account_problem(row.number, reason)),
    };
    apply_rows(store, Phase::Accounts, rows, change, each, on_progress).await?;
    Ok(accounts)
}

async fn import_follows(
    store: &dyn Store,
    accounts: &Accounts,
    rows: Vec<(u64, u64)>,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let account = |number: u64| accounts.get(&number).copied().ok_or_else(|| Error::not_found("account"));
    let change = |&(follower, followee): &(u64, u64)| {
        Ok(Change::ImportFollow { follower: account(follower)?, followee: account(followee)? })
    };
    let each = |(follower, followee), result: Result<ChangeResult, String>| match result {
        Ok(applied) => summary.count(applied.changed, |s| s.follows += 1),
        Err(reason) => {
            let reason = format!("cannot follow user {followee}: {reason}");
            summary.problems.push(account_problem(follower, reason));
        }
    };
    apply_rows(store, Phase::Follows, rows, change, each, on_progress).await
}

async fn import_tweets(
    store: &dyn Store,
    accounts: &Accounts,
    rows: Vec<TweetRow>,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let total = rows.len();
    let mut imported = HashMap::<u64, TweetId>::new();
    let mut hashtags = HashtagCount::default();
    let mut waiting = rows;
    loop {
        // A quote waits for the round after that of its original; the identifiers sort by time all the same.
        let (ready, later): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|row| row.quote_of.is_none_or(|original| imported.contains_key(&original)));
        if ready.is_empty() {
            waiting = later;
            break;
        }
        let before = total - ready.len() - later.len();
        let originals = std::mem::take(&mut imported);
        let change = |row: &TweetRow| {
            let author =
                *accounts.get(&row.author).ok_or_else(|| Error::not_found("account as its author"))?;
            let quote_of = row.quote_of.and_then(|original| originals.get(&original).copied());
            let tweet =
                NewTweet { text: row.text.clone(), visibility: Visibility::Public, reply_to: None, quote_of };
            let origin = origin("tweet", row.number);
            Ok(Change::ImportTweet { origin, author, tweet, created_ms: row.created_ms })
        };
        let each = |row: TweetRow, result: Result<ChangeResult, String>| match result {
            Ok(applied) => {
                summary.count(applied.changed, |s| {
                    s.tweets += 1;
                    s.quotes += usize::from(row.quote_of.is_some());
                    hashtags.add(&row.text);
                });
                imported.extend(TweetId::new(applied.id).map(|id| (row.number, id)));
            }
            Err(reason) => summary.problems.push(tweet_problem(row.line, reason)),
        };
        let mut round = |progress: Progress| {
            on_progress(Progress { done: before + progress.done, total, ..progress });
        };
        apply_rows(store, Phase::Tweets, ready, change, each, &mut round).await?;
        imported.extend(originals);
        waiting = later;
    }
    for row in waiting {
        summary.problems.push(tweet_problem(row.line, "the tweet that it quotes was not imported"));
    }
    summary.hashtags = hashtags.0.len();
    Ok(())
}

fn origin(kind: &str, number: u64) -> Origin {
    Origin { source: "python".to_owned(), key: format!("{kind}/{number}") }
}

fn account_problem(number: u64, reason: impl Into<String>) -> Problem {
    Problem::new(ACCOUNTS_FILE, format!("user {number}"), reason)
}

fn tweet_problem(line: u64, reason: impl Into<String>) -> Problem {
    Problem::new(TWEETS_FILE, format!("line {line}"), reason)
}

#[cfg(test)]
mod tests;
