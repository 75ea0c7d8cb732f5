//! What tests of this crate share: a clock that they set and a store in a directory of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tempfile::TempDir;

use crate::seam::Clock;
use crate::store::sqlite::{DATABASE, EventFeed, SqliteOptions, SqliteStore};

/// A day in 2026.
pub(crate) const START_MS: i64 = 1_790_000_000_000;

/// A clock that goes when it is told to.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(START_MS)))
    }

    /// May go back, as machines' clocks do.
    pub(crate) fn advance_ms(&self, by: i64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A store in a file of its own.
#[derive(Debug)]
pub(crate) struct TestStore {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) directory: TempDir,
}

impl TestStore {
    pub(crate) fn new() -> (Self, EventFeed) {
        let directory = tempfile::tempdir().unwrap();
        Self::in_directory(directory, TestClock::new())
    }

    pub(crate) fn in_directory(directory: TempDir, clock: Arc<TestClock>) -> (Self, EventFeed) {
        let path = directory.path().join("data").join(DATABASE);
        let (store, feed) = SqliteStore::open(&path, &SqliteOptions::default(), clock.clone()).unwrap();
        (Self { store: Arc::new(store), clock, directory }, feed)
    }

    pub(crate) fn database(&self) -> std::path::PathBuf {
        self.directory.path().join("data").join(DATABASE)
    }

    /// Closes it and opens it again.
    pub(crate) async fn reopen(self) -> (Self, EventFeed) {
        self.store.close().await;
        let Self { store, clock, directory } = self;
        drop(store);
        Self::in_directory(directory, clock)
    }
}
