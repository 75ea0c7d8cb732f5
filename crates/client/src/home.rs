//! The directory of the client's files.

use std::path::{Path, PathBuf};

/// Directory of a user's files: profiles with their tokens, and the keys of known servers.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// Uses this directory. It is created, for its owner only, with the first file.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// File with the keys of known servers.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.0.join("known_hosts")
    }

    /// File with the accounts that are signed in and their tokens.
    #[must_use]
    pub fn profiles(&self) -> PathBuf {
        self.0.join("profiles.toml")
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}
