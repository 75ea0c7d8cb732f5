//! Fixtures for tests: a clock that is set by the test, a store in a directory of its own, and short constructors.

pub mod nats;
pub mod postgres;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use model::{DisplayName, NewTweet, Role, TweetText, Username, Visibility};
use tempfile::TempDir;

use crate::env::Clock;
use crate::sqlite::{DATABASE, SqliteStore};
use crate::{Change, Engine as _, Options, PasswordHash};

/// A day in 2026.
pub const START_MS: i64 = 1_790_000_000_000;

/// A clock that moves only when the test moves it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(START_MS)))
    }

    /// Moves the clock, by a negative number backwards.
    pub fn advance_ms(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A store in a temporary directory.
#[derive(Debug)]
pub struct TestStore {
    pub store: Arc<SqliteStore>,
    pub clock: Arc<TestClock>,
    pub directory: TempDir,
}

impl TestStore {
    #[allow(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::in_directory(directory, TestClock::new())
    }

    pub fn in_directory(directory: TempDir, clock: Arc<TestClock>) -> Self {
        let path = directory.path().join("data").join(DATABASE);
        let store = SqliteStore::open(&path, &Options::default(), clock.clone()).unwrap();
        Self { store: Arc::new(store), clock, directory }
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.directory.path().join("data").join(DATABASE)
    }

    /// Closes it and opens it again.
    pub async fn reopen(self) -> Self {
        self.store.close().await;
        let Self { store, clock, directory } = self;
        drop(store);
        Self::in_directory(directory, clock)
    }
}

pub fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub fn text(text: &str) -> TweetText {
    TweetText::parse(text).unwrap()
}

/// A public tweet.
pub fn tweet(words: &str) -> NewTweet {
    NewTweet { text: text(words), visibility: Visibility::Public, reply_to: None, quote_of: None }
}

/// The change that creates an account with this username.
pub fn account(name: &str) -> Change {
    Change::CreateAccount {
        username: username(name),
        display_name: DisplayName::parse("").unwrap(),
        password: password(),
        role: Role::Member,
        invite: None,
        password_change_advised: false,
    }
}

pub fn password() -> PasswordHash {
    PasswordHash { phc: "$argon2id$none".to_owned(), legacy: None }
}
