//! Imports a database of the original Python program: accounts with their passwords, follows, tweets, and retweets with
//! a message, which become quotes.
//!
//! [`read`] turns the files into typed rows and needs no store; [`run`] imports the rows.

mod files;
mod retweet;
mod rows;

use std::collections::HashMap;

use model::{AccountId, Error, NewTweet, TweetId, Visibility};
use store::{Change, ChangeResult, Origin, PasswordHash};

pub use self::files::read;
pub use self::rows::{ACCOUNTS_FILE, AccountRow, Database, TWEETS_FILE, TweetRow};
use self::rows::{account_problem, tweet_problem};
use super::{Apply, HashtagCount, ImportError, OnProgress, Phase, Progress, Summary, apply_rows};

/// Wraps a sha512-crypt hash (`$6$…`) in the hash that is stored, or rejects it.
pub type WrapLegacy<'a> = &'a (dyn Fn(&str) -> model::Result<PasswordHash> + Sync);

/// Imports a database: accounts, follows, then tweets, each quote after the tweet that it quotes. Rows of an earlier
/// import are only counted. It takes the time of one password hash for each account.
///
/// # Errors
/// [`ImportError::Store`] if the store fails; a second import continues from there.
pub async fn run(
    apply: Apply<'_>,
    database: Database,
    wrap_legacy: WrapLegacy<'_>,
    on_progress: OnProgress<'_>,
) -> Result<Summary, ImportError> {
    let Database { accounts, follows, tweets, problems } = database;
    let mut summary = Summary { problems, ..Summary::default() };
    let accounts = import_accounts(apply, accounts, wrap_legacy, &mut summary, on_progress).await?;
    import_follows(apply, &accounts, follows, &mut summary, on_progress).await?;
    import_tweets(apply, &accounts, tweets, &mut summary, on_progress).await?;
    Ok(summary)
}

/// Account identifiers in the store by number in the original database.
type Accounts = HashMap<u64, AccountId>;

async fn import_accounts(
    apply: Apply<'_>,
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
        Ok(result) => {
            summary.count(result.changed, |s| s.accounts += 1);
            accounts.extend(AccountId::new(result.id).map(|id| (row.number, id)));
        }
        Err(reason) => summary.problems.push(account_problem(row.number, reason)),
    };
    apply_rows(apply, Phase::Accounts, rows, change, each, on_progress).await?;
    Ok(accounts)
}

async fn import_follows(
    apply: Apply<'_>,
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
        Ok(result) => summary.count(result.changed, |s| s.follows += 1),
        Err(reason) => {
            let reason = format!("cannot follow user {followee}: {reason}");
            summary.problems.push(account_problem(follower, reason));
        }
    };
    apply_rows(apply, Phase::Follows, rows, change, each, on_progress).await
}

async fn import_tweets(
    apply: Apply<'_>,
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
        // A quote waits until the quoted tweet is imported. Identifiers come from the creation time, so the order of
        // insertion does not matter.
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
            let author = *accounts.get(&row.author).ok_or_else(|| Error::not_found("author"))?;
            let quote_of = row.quote_of.and_then(|original| originals.get(&original).copied());
            let tweet =
                NewTweet { text: row.text.clone(), visibility: Visibility::Public, reply_to: None, quote_of };
            let origin = origin("tweet", row.number);
            Ok(Change::ImportTweet { origin, author, tweet, created_ms: row.created_ms })
        };
        let each = |row: TweetRow, result: Result<ChangeResult, String>| match result {
            Ok(result) => {
                summary.count(result.changed, |s| {
                    s.tweets += 1;
                    s.quotes += usize::from(row.quote_of.is_some());
                    hashtags.add(&row.text);
                });
                imported.extend(TweetId::new(result.id).map(|id| (row.number, id)));
            }
            Err(reason) => summary.problems.push(tweet_problem(row.line, reason)),
        };
        let mut round = |progress: Progress| {
            on_progress(Progress { done: before + progress.done, total, ..progress });
        };
        apply_rows(apply, Phase::Tweets, ready, change, each, &mut round).await?;
        imported.extend(originals);
        waiting = later;
    }
    for row in waiting {
        summary.problems.push(tweet_problem(row.line, "the quoted tweet was skipped"));
    }
    summary.hashtags = hashtags.0.len();
    Ok(())
}

fn origin(kind: &str, number: u64) -> Origin {
    Origin { source: "python".to_owned(), key: format!("{kind}/{number}") }
}

#[cfg(test)]
mod tests;
