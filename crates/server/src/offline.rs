//! A database without its server: what the tools that bring data in stand on.

use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use jiff::tz::TimeZone;
use model::Password;

use crate::import::graph::{self, GraphInput};
use crate::import::python;
use crate::import::{ImportError, OnProgress, Summary};
use service::{Argon2Cost, passwords};
use store::PasswordHash;
use store::env::{Clock, Random, SystemClock, SystemRandom};
use store::sqlite::{DATABASE, OpenError, SqliteOptions, SqliteStore};

/// Why a tool cannot work on a database. One line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// A password that accounts cannot have.
    #[error(transparent)]
    Password(#[from] model::Error),
    /// The import ended early.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// A database that no server uses.
#[derive(Debug)]
pub struct Offline {
    store: SqliteStore,
}

impl Offline {
    /// Opens the database in this directory, or makes one.
    ///
    /// # Errors
    /// [`OfflineError::Database`], also when a server runs on it.
    pub fn open(data_dir: &Path) -> Result<Self, OfflineError> {
        let (store, mut feed) =
            SqliteStore::open(&data_dir.join(DATABASE), &SqliteOptions::default(), Arc::new(SystemClock))?;
        // Nobody follows live: events are in the database for the server that comes.
        tokio::spawn(async move { while feed.recv().await.is_some() {} });
        Ok(Self { store })
    }

    /// See [`python::run`]. The old program wrote its times as the clocks of this time zone showed them.
    ///
    /// # Errors
    /// [`OfflineError::Import`].
    pub async fn import_python(
        &self,
        directory: &Path,
        time_zone: &TimeZone,
        on_progress: OnProgress<'_>,
    ) -> Result<Summary, OfflineError> {
        let database = python::read(directory, time_zone, SystemClock.now_ms())?;
        let wrap = |crypt: &str| passwords::wrap_legacy(crypt, Argon2Cost::default(), &SystemRandom);
        Ok(python::run(&self.store, database, &wrap, on_progress).await?)
    }

    /// See [`graph::run`].
    ///
    /// # Errors
    /// [`OfflineError::Import`].
    pub async fn import_graph(
        &self,
        input: GraphInput<'_>,
        on_progress: OnProgress<'_>,
    ) -> Result<Summary, OfflineError> {
        Ok(graph::run(&self.store, input, on_progress).await?)
    }

    /// The form in which a password is kept.
    ///
    /// # Errors
    /// [`OfflineError::Password`] when no account may have it.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, OfflineError> {
        let password = Password::parse_new("password", password.to_owned())?;
        Ok(passwords::hash_now(&password, Argon2Cost::default(), &SystemRandom)?)
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        SystemClock.now_ms()
    }

    /// A password that nobody guesses.
    #[must_use]
    pub fn new_password(&self) -> String {
        let mut bytes = [0; 10];
        SystemRandom.fill(&mut bytes);
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// Returns when all of it is in the database's one file.
    pub async fn close(self) {
        self.store.close().await;
    }
}
