//! A store in memory that supports only the changes of an import.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use model::{Error, IdGenerator, NewTweet, Result};
use store::{Change, ChangeResult, PasswordHash};

/// What was imported, in commit order.
#[derive(Default)]
pub(super) struct FakeStore {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    accounts: Vec<FakeAccount>,
    follows: Vec<(u64, u64)>,
    tweets: Vec<FakeTweet>,
    origins: HashMap<String, u64>,
    /// Changes that succeed before the disk is full.
    full_after: Option<usize>,
}

#[derive(Clone)]
pub(super) struct FakeAccount {
    pub(super) id: u64,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) password: PasswordHash,
    pub(super) created_ms: i64,
}

#[derive(Clone)]
pub(super) struct FakeTweet {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) tweet: NewTweet,
    pub(super) created_ms: i64,
}

impl FakeStore {
    /// Applies the change at once, as the store applies changes in order, and resolves later.
    pub(super) fn apply(&self, change: Change) -> BoxFuture<'_, Result<ChangeResult>> {
        let result = self.state.lock().unwrap().apply(change);
        Box::pin(async {
            tokio::task::yield_now().await;
            result
        })
    }

    /// Makes every change after the next `changes` fail with a full disk.
    pub(super) fn full_after(&self, changes: usize) {
        self.state.lock().unwrap().full_after = Some(changes);
    }

    /// Makes changes succeed again.
    pub(super) fn free_space(&self) {
        self.state.lock().unwrap().full_after = None;
    }

    pub(super) fn all_accounts(&self) -> Vec<FakeAccount> {
        self.state.lock().unwrap().accounts.clone()
    }

    /// Usernames of followers and followees, sorted.
    pub(super) fn follows(&self) -> Vec<(String, String)> {
        let state = self.state.lock().unwrap();
        let name = |id| state.accounts.iter().find(|a| a.id == id).unwrap().username.clone();
        let mut follows: Vec<_> = state.follows.iter().map(|&(a, b)| (name(a), name(b))).collect();
        follows.sort();
        follows
    }

    pub(super) fn all_tweets(&self) -> Vec<FakeTweet> {
        self.state.lock().unwrap().tweets.clone()
    }

    pub(super) fn name_of(&self, id: u64) -> String {
        self.all_accounts().into_iter().find(|a| a.id == id).unwrap().username
    }
}

impl State {
    fn apply(&mut self, change: Change) -> Result<ChangeResult> {
        match &mut self.full_after {
            Some(0) => return Err(Error::StorageFull),
            Some(left) => *left -= 1,
            None => {}
        }
        let id = IdGenerator::new(0, 0).next(1_700_000_000_000) + self.origins.len() as u64;
        let origin_key = |origin: &store::Origin| format!("{}:{}", origin.source, origin.key);
        match change {
            Change::ImportAccount { origin, username, display_name, password, created_ms } => {
                if let Some(&id) = self.origins.get(&origin_key(&origin)) {
                    return Ok(ChangeResult::new(id, false));
                }
                if self.accounts.iter().any(|a| a.username == username.as_str()) {
                    return Err(Error::AlreadyExists("username".into()));
                }
                self.origins.insert(origin_key(&origin), id);
                let (username, display_name) = (username.to_string(), display_name.as_str().to_owned());
                self.accounts.push(FakeAccount { id, username, display_name, password, created_ms });
                Ok(ChangeResult::new(id, true))
            }
            Change::ImportFollow { follower, followee } => {
                let follow = (follower.get(), followee.get());
                let changed = !self.follows.contains(&follow);
                if changed {
                    self.follows.push(follow);
                }
                Ok(ChangeResult::new(followee.get(), changed))
            }
            Change::ImportTweet { origin, author, tweet, created_ms } => {
                if let Some(&id) = self.origins.get(&origin_key(&origin)) {
                    return Ok(ChangeResult::new(id, false));
                }
                if let Some(original) = tweet.quote_of
                    && self.tweets.iter().all(|t| t.id != original.get())
                {
                    return Err(Error::not_found("tweet"));
                }
                self.origins.insert(origin_key(&origin), id);
                self.tweets.push(FakeTweet { id, author: author.get(), tweet, created_ms });
                Ok(ChangeResult::new(id, true))
            }
            other => panic!("not a change of an import: {other:?}"),
        }
    }
}
