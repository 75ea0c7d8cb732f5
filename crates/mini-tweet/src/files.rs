//! Where the client's files are, below its home directory.

use std::path::PathBuf;

use client::Home;
use tui::local_store::LocalStore;

/// Settings, shared by all accounts of the user.
pub(crate) fn settings(home: &Home) -> PathBuf {
    home.path().join("settings.toml")
}

/// Where texts from the editor are until they are sent.
pub(crate) fn unsent(home: &Home) -> PathBuf {
    home.path().join("unsent")
}

/// The local store of an account with the profile name `username@host:port`.
pub(crate) fn store_of_account(home: &Home, name: &str) -> LocalStore {
    let safe: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "@.-_:".contains(c) { c } else { '_' })
        .collect();
    LocalStore::new(home.path().join("accounts").join(safe), settings(home))
}

/// The local store for a start without an account.
pub(crate) fn store_of_guest(home: &Home) -> LocalStore {
    LocalStore::new(home.path().join("guest"), settings(home))
}
