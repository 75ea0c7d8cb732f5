//! A data directory with people, ties, tweets and open sessions in it, made by the server's own store before the
//! server starts. So nobody has to wait for the hashing of passwords, and every run begins with the same data.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::try_join_all;
use model::{AccountId, DisplayName, NewTweet, Username, Visibility};
use sha2::{Digest as _, Sha256};
use store::env::{Clock as _, SystemClock};
use store::sqlite::{DATABASE, SqliteOptions, SqliteStore};
use store::{Change, Origin, PasswordHash, Store as _};

use crate::Error;
use crate::network::Network;

/// Changes that wait for the writer together, and that it commits at once. In a large network each touches a page of its
/// own in every index: the fewer commits, the more of them meet on a page.
const CHUNK: usize = 32_768;
/// Of what takes long it is said each time that so much more is done.
const SAID: usize = 1_000_000;
/// The tweets are spread over so many days up to now.
const DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Fills a directory: everybody and all ties, so many tweets, and a session for each of the first `sessions`.
pub(crate) async fn prepare(
    directory: &Path,
    network: &Network,
    tweets: usize,
    sessions: usize,
) -> Result<(), Error> {
    let clock = Arc::new(SystemClock);
    let now_ms = clock.now_ms();
    // The queue has room for the chores of the store as well.
    let options = SqliteOptions { queue: 2 * CHUNK, batch_max: CHUNK, ..SqliteOptions::default() };
    let (store, mut feed) = SqliteStore::open(&directory.join(DATABASE), &options, clock)?;
    let unread = tokio::spawn(async move { while feed.recv().await.is_some() {} });
    let apply = |changes: Vec<Change>| {
        let store = &store;
        async move { try_join_all(changes.into_iter().map(|change| store.apply(change, None))).await }
    };
    let origin = |kind: &str, n: usize| Origin { source: "bench".into(), key: format!("{kind}/{n}") };

    let mut accounts = Vec::with_capacity(network.people);
    for chunk in chunks(network.people) {
        let made = chunk.map(|n| {
            Ok(Change::ImportAccount {
                origin: origin("account", n),
                username: Username::parse(&name(n))?,
                display_name: DisplayName::parse(&format!("Person {n}"))?,
                password: PasswordHash { phc: "none".into(), legacy: None },
                // Each at a time of their own: an identifier is the time, and looks for the next that is free.
                created_ms: now_ms - (DAYS + 1) * DAY_MS + n as i64,
            })
        });
        let made: Result<Vec<_>, model::Error> = made.collect();
        for applied in apply(made?).await? {
            accounts.push(AccountId::new(applied.id).ok_or("an account without an identifier")?);
        }
    }
    for chunk in chunks(network.follows.len()) {
        let tie =
            |&(a, b): &(usize, usize)| Change::ImportFollow { follower: accounts[a], followee: accounts[b] };
        say("ties", &chunk);
        apply(network.follows[chunk].iter().map(tie).collect()).await?;
    }
    for chunk in chunks(tweets) {
        say("tweets", &chunk);
        let made = chunk.map(|n| Change::ImportTweet {
            origin: origin("tweet", n),
            // A step that shares no factor with the number of people: neighbours in time are different people.
            author: accounts[n * 7_919 % network.people],
            tweet: NewTweet {
                text: network.texts[n % network.texts.len()].clone(),
                visibility: Visibility::Public,
                reply_to: None,
                quote_of: None,
            },
            created_ms: now_ms - DAYS * DAY_MS + DAYS * DAY_MS * n as i64 / tweets as i64,
        });
        apply(made.collect()).await?;
    }
    for chunk in chunks(sessions.min(network.people)) {
        let made = chunk.map(|n| Change::OpenSession {
            account: accounts[n],
            token_hash: Sha256::digest(token(n)).into(),
            client_name: "bench".into(),
        });
        apply(made.collect()).await?;
    }
    store.close().await;
    drop(store);
    unread.abort();
    Ok(())
}

/// A person's username.
pub(crate) fn name(n: usize) -> String {
    format!("p{n}")
}

/// The token of a person's session.
pub(crate) fn token(n: usize) -> [u8; 32] {
    Sha256::digest(n.to_be_bytes()).into()
}

/// Says how far it is, when this chunk is the one that passes another million.
fn say(what: &str, chunk: &Range<usize>) {
    if chunk.start / SAID < chunk.end / SAID {
        eprintln!("  {} million {what}", chunk.end / SAID);
    }
}

fn chunks(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n).step_by(CHUNK).map(move |start| start..n.min(start + CHUNK))
}
