//! The accounts that are signed in on this machine, in one file that only its owner can read.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

use serde::{Deserialize, Serialize};

use model::os_error_in_words;

use crate::error::ClientError;
use crate::files::{self, Durability};
use crate::home::Home;
use crate::token::Token;

/// An account on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The server's address, with its port.
    pub server: String,
    /// Username.
    pub username: String,
    /// Token of the session; `None` after log-out.
    pub token: Option<Token>,
}

impl Profile {
    /// The profile's name: `username@host:port`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.username, self.server)
    }
}

/// All profiles, and the current one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profiles {
    current: Option<String>,
    all: BTreeMap<String, Profile>,
}

/// Format of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    current: Option<String>,
    #[serde(default, rename = "profile")]
    profiles: BTreeMap<String, WrittenProfile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProfile {
    server: String,
    username: String,
    token: Option<String>,
    /// Written by version 0.1.0; nothing reads it.
    #[serde(default, rename = "last", skip_serializing)]
    _last: Option<String>,
}

impl Profiles {
    /// Reads the file; without one there are no profiles.
    ///
    /// # Errors
    /// [`ClientError::File`] if it cannot be read, other users can read it, or its format is wrong.
    pub fn load(home: &Home) -> Result<Self, ClientError> {
        let path = home.profiles();
        let wrong = |problem: String| ClientError::File { path: path.clone(), problem };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(wrong(os_error_in_words(&error))),
        };
        let mode =
            fs::metadata(&path).map_err(|error| wrong(os_error_in_words(&error)))?.permissions().mode();
        if mode & 0o077 != 0 {
            let fix = format!(
                "it holds your sessions, but other users can read it; run: chmod 600 {}",
                path.display()
            );
            return Err(wrong(fix));
        }
        // The message only: the whole error quotes the line, which could hold a token.
        let written: Written = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        let profile = |written: WrittenProfile| Profile {
            server: written.server,
            username: written.username,
            token: written.token.as_deref().and_then(Token::parse),
        };
        let all = written.profiles.into_iter().map(|(name, written)| (name, profile(written))).collect();
        Ok(Self { current: written.current, all })
    }

    /// Reads, changes and writes the file under a lock, so that no other process changes it in between.
    ///
    /// # Errors
    /// Those of [`Profiles::load`], and [`ClientError::File`] if it cannot be written.
    pub fn update<T>(home: &Home, change: impl FnOnce(&mut Self) -> T) -> Result<T, ClientError> {
        let wrong = |error: io::Error| ClientError::File {
            path: home.profiles(),
            problem: os_error_in_words(&error),
        };
        files::create_directory(home.path()).map_err(wrong)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(home.profiles().with_extension("lock"))
            .map_err(wrong)?;
        lock.lock().map_err(wrong)?;
        let mut profiles = Self::load(home)?;
        let before = profiles.clone();
        let result = change(&mut profiles);
        if profiles != before {
            profiles.save(home).map_err(wrong)?;
        }
        Ok(result)
    }

    fn save(&self, home: &Home) -> io::Result<()> {
        let profile = |profile: &Profile| WrittenProfile {
            server: profile.server.clone(),
            username: profile.username.clone(),
            token: profile.token.as_ref().map(Token::reveal),
            _last: None,
        };
        let profiles = self.all.iter().map(|(name, kept)| (name.clone(), profile(kept))).collect();
        let text = toml::to_string(&Written { current: self.current.clone(), profiles })
            .map_err(io::Error::other)?;
        files::replace(&home.profiles(), text.as_bytes(), Durability::Durable)
    }

    /// The profile that is used unless another one is named.
    #[must_use]
    pub fn current(&self) -> Option<&Profile> {
        self.all.get(self.current.as_ref()?)
    }

    /// Finds a profile by its name, or by its username if only one profile has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Profile> {
        let mut named = self.all.values().filter(|profile| profile.username == name);
        self.all.get(name).or_else(|| named.next().filter(|_| named.next().is_none()))
    }

    /// All profiles, sorted by name.
    pub fn all(&self) -> impl Iterator<Item = &Profile> {
        self.all.values()
    }

    /// Adds or replaces a profile and makes it the current one.
    pub fn sign_in(&mut self, profile: Profile) {
        self.current = Some(profile.name());
        self.all.insert(profile.name(), profile);
    }

    /// Makes a profile the current one; `false` if there is no such profile.
    pub fn select(&mut self, name: &str) -> bool {
        let found = self.find(name).map(Profile::name);
        let is_there = found.is_some();
        self.current = found.or_else(|| self.current.take());
        is_there
    }

    /// Changes the profile with this name, if there is one.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut Profile)) {
        if let Some(profile) = self.all.get_mut(name) {
            change(profile);
        }
    }

    /// Removes a profile; `false` if there is no such profile.
    pub fn remove(&mut self, name: &str) -> bool {
        if self.current.as_deref() == Some(name) {
            self.current = None;
        }
        self.all.remove(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        (directory, home)
    }

    fn ada(server: &str) -> Profile {
        Profile { server: server.into(), username: "ada".into(), token: Some(Token::from_bytes(vec![7; 32])) }
    }

    #[test]
    fn profiles_are_stored_for_their_owner_only() {
        let (_directory, home) = home();
        assert_eq!(Profiles::load(&home).unwrap(), Profiles::default());
        Profiles::update(&home, |profiles| profiles.sign_in(ada("a:1"))).unwrap();
        let profiles = Profiles::load(&home).unwrap();
        assert_eq!(profiles.current(), Some(&ada("a:1")));
        assert_eq!(fs::metadata(home.profiles()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(home.path()).unwrap().permissions().mode() & 0o777, 0o700);

        fs::set_permissions(home.profiles(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Profiles::load(&home).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_username_is_enough_if_only_one_profile_has_it() {
        let mut profiles = Profiles::default();
        profiles.sign_in(ada("a:1"));
        assert_eq!(profiles.find("ada"), Some(&ada("a:1")));
        profiles.sign_in(ada("b:1"));
        assert_eq!(profiles.find("ada"), None);
        assert_eq!(profiles.find("ada@b:1"), Some(&ada("b:1")));
        assert!(profiles.select("ada@a:1"));
        assert!(!profiles.select("bob"));
        assert_eq!(profiles.current(), Some(&ada("a:1")));
        assert!(profiles.remove("ada@a:1"));
        assert_eq!(profiles.current(), None);
    }

    #[test]
    fn the_error_about_a_broken_file_names_it_and_shows_no_token() {
        let (_directory, home) = home();
        Profiles::update(&home, |profiles| profiles.sign_in(ada("a:1"))).unwrap();
        let secret = ada("a:1").token.unwrap().reveal();
        fs::write(home.profiles(), format!("token = '{secret}' [")).unwrap();
        let text = Profiles::load(&home).unwrap_err().to_string();
        assert!(text.contains("profiles.toml") && !text.contains(&secret), "{text}");
    }
}
