//! Where a person's files are.

use std::path::{Path, PathBuf};

/// The directory of what a client keeps: profiles with their tokens, and the keys of servers.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// In this directory. It is made, for its owner only, when something is kept.
    #[must_use]
    pub fn at(directory: PathBuf) -> Self {
        Self(directory)
    }

    /// Keys of servers that were met before.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.0.join("known_hosts")
    }

    /// Accounts that are signed in, with their tokens.
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
