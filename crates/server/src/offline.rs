//! Access to a database while no server runs on it, for the import.

use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use jiff::tz::TimeZone;
use model::Password;

use crate::import::graph::{self, GraphInput};
use crate::import::python;
use crate::import::{ImportError, OnProgress, Summary};
use service::{Argon2Cost, passwords};
use store::env::{Clock, Random, SystemClock, SystemRandom};
use store::{Engine, OpenError, Options, PasswordHash, StoreUrl};

/// Why a tool cannot work on a database. Each message is one line with the next step.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The password is invalid.
    #[error(transparent)]
    Password(#[from] model::Error),
    /// The import did not start, or stopped.
    #[error(transparent)]
    Import(#[from] ImportError),
}

/// An opened database without a server.
#[derive(Debug)]
pub struct Offline {
    store: Arc<dyn Engine>,
}

impl Offline {
    /// Opens the database in this directory, or creates it.
    ///
    /// # Errors
    /// [`OfflineError::Database`], for example while a server runs on it.
    pub async fn open(data_dir: &Path) -> Result<Self, OfflineError> {
        let (options, clock) = (Options::default(), Arc::new(SystemClock));
        let store = store::open(&StoreUrl::Sqlite, data_dir, &options, clock).await?;
        Ok(Self { store })
    }

    /// Imports the database of the original program in this directory, see [`python::run`]. Its times are in `time_zone`.
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
        Ok(python::run(&|change| self.store.apply(change, None), database, &wrap, on_progress).await?)
    }

    /// Imports a synthetic network, see [`graph::run`].
    ///
    /// # Errors
    /// [`OfflineError::Import`].
    pub async fn import_graph(
        &self,
        input: GraphInput<'_>,
        on_progress: OnProgress<'_>,
    ) -> Result<Summary, OfflineError> {
        Ok(graph::run(&|change| self.store.apply(change, None), input, on_progress).await?)
    }

    /// Hashes a password for an account.
    ///
    /// # Errors
    /// [`OfflineError::Password`] if it is not a valid password.
    pub fn hash(&self, password: &str) -> Result<PasswordHash, OfflineError> {
        let password = Password::parse_new("password", password.to_owned())?;
        Ok(passwords::hash_now(&password, Argon2Cost::default(), &SystemRandom)?)
    }

    /// The current time in Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        SystemClock.now_ms()
    }

    /// A random password of 80 bits.
    #[must_use]
    pub fn new_password(&self) -> String {
        let mut bytes = [0; 10];
        SystemRandom.fill(&mut bytes);
        BASE32_NOPAD.encode(&bytes).to_ascii_lowercase()
    }

    /// Closes the database. Afterwards everything is in its main file.
    pub async fn close(self) {
        self.store.close().await;
    }
}
