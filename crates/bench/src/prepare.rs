//! A data directory with accounts, follows, tweets and sessions, written by the store itself before the server starts. That
//! avoids password hashing, and every run starts with the same data.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use model::{AccountId, DisplayName, NewTweet, Username, Visibility};
use sha2::{Digest as _, Sha256};
use store::env::{Clock as _, SystemClock};
use store::sqlite::{DATABASE, SqliteStore};
use store::{Change, Engine as _, Options, Origin, PasswordHash, Store as _};

use crate::error::Error;
use crate::network::Network;

/// Changes that are queued and committed together. In a large network each change touches another page of every index:
/// with larger commits, more changes share a page.
const CHUNK: usize = 32_768;
/// Progress is printed after each of these.
const PROGRESS_STEP: usize = 1_000_000;
/// The tweets are spread over this many days up to now.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Fills a directory with all accounts and follows, this many tweets, and a session for each of the first `sessions`
/// accounts.
pub(crate) async fn prepare(
    directory: &Path,
    network: &Network,
    tweets: usize,
    sessions: usize,
) -> Result<(), Error> {
    let clock = Arc::new(SystemClock);
    let now_ms = clock.now_ms();
    // The queue has capacity for the maintenance tasks of the store as well.
    let options = Options { queue: 2 * CHUNK, batch_max: CHUNK, ..Options::default() };
    let store = SqliteStore::open(&directory.join(DATABASE), &options, clock)?;
    let apply = |changes: Vec<Change>| {
        let store = &store;
        async move { try_join_all(changes.into_iter().map(|change| store.apply(change, None))).await }
    };
    let origin = |kind: &str, n: usize| Origin { source: "bench".into(), key: format!("{kind}/{n}") };

    let mut accounts = Vec::with_capacity(network.accounts);
    for chunk in chunks(network.accounts) {
        let changes = chunk.map(|n| {
            Ok(Change::ImportAccount {
                origin: origin("account", n),
                username: Username::parse(&name(n))?,
                display_name: DisplayName::parse(&format!("User {n}"))?,
                password: PasswordHash { phc: "none".into(), legacy: None },
                // Each at a different time: identifiers contain the time, and a taken one costs a search for the next.
                created_ms: now_ms - (DAYS + 1) * DAY_MS + n as i64,
            })
        });
        let changes: Result<Vec<_>, model::Error> = changes.collect();
        for applied in apply(changes?).await? {
            accounts.push(AccountId::new(applied.id).ok_or("an account without an identifier")?);
        }
    }
    for chunk in chunks(network.follows.len()) {
        let follow =
            |&(a, b): &(usize, usize)| Change::ImportFollow { follower: accounts[a], followee: accounts[b] };
        print_progress("follows", &chunk);
        apply(network.follows[chunk].iter().map(follow).collect()).await?;
    }
    for chunk in chunks(tweets) {
        print_progress("tweets", &chunk);
        let changes = chunk.map(|n| Change::ImportTweet {
            origin: origin("tweet", n),
            // The step is prime, so that consecutive tweets have different authors.
            author: accounts[n * 7_919 % network.accounts],
            tweet: NewTweet {
                text: network.texts[n % network.texts.len()].clone(),
                visibility: Visibility::Public,
                reply_to: None,
                quote_of: None,
            },
            created_ms: now_ms - DAYS * DAY_MS + DAYS * DAY_MS * n as i64 / tweets as i64,
        });
        apply(changes.collect()).await?;
    }
    for chunk in chunks(sessions.min(network.accounts)) {
        let changes = chunk.map(|n| Change::OpenSession {
            account: accounts[n],
            token_hash: Sha256::digest(token(n)).into(),
            client_name: "bench".into(),
        });
        apply(changes.collect()).await?;
    }
    store.close().await;
    drop(store);
    Ok(())
}

/// Username of this account.
pub(crate) fn name(n: usize) -> String {
    format!("p{n}")
}

/// Session token of this account.
pub(crate) fn token(n: usize) -> [u8; 32] {
    Sha256::digest(n.to_be_bytes()).into()
}

/// Prints the progress if this chunk reaches another million.
fn print_progress(what: &str, chunk: &Range<usize>) {
    if chunk.start / PROGRESS_STEP < chunk.end / PROGRESS_STEP {
        eprintln!("  {} million {what}", chunk.end / PROGRESS_STEP);
    }
}

fn chunks(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(CHUNK).map(move |start| start..n.min(start + CHUNK))
}
