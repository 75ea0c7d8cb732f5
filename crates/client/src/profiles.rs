//! Accounts that are signed in on this machine, in one file that only its owner can read.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{ClientError, Home, Token};

/// An account on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The server's address, with its port.
    pub server: String,
    /// Username.
    pub username: String,
    /// Its session here; `None` after log-out.
    pub token: Option<Token>,
    /// Identifier of the tweet that was written last, for `@last`.
    pub last: Option<u64>,
}

impl Profile {
    /// `username@host:port`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}@{}", self.username, self.server)
    }
}

/// All profiles, and which one is used when none is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Profiles {
    current: Option<String>,
    all: BTreeMap<String, Profile>,
}

/// As the file is written.
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
    last: Option<String>,
}

impl Profiles {
    /// Reads the file; nobody is signed in when there is none.
    ///
    /// # Errors
    /// [`ClientError::File`] when it cannot be read, others can read it, or it is not what we wrote.
    pub fn load(home: &Home) -> Result<Self, ClientError> {
        let path = home.profiles();
        let wrong = |problem: String| ClientError::File { path: path.clone(), problem };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let mode = fs::metadata(&path).map_err(|error| wrong(error.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            let fix =
                format!("it holds your sessions and others can read it; run: chmod 600 {}", path.display());
            return Err(wrong(fix));
        }
        // The message only: the error's picture of the line could show a token.
        let written: Written = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        let profile = |written: WrittenProfile| Profile {
            server: written.server,
            username: written.username,
            token: written.token.as_deref().and_then(Token::parse),
            last: written.last.and_then(|id| id.parse().ok()),
        };
        let all = written.profiles.into_iter().map(|(name, written)| (name, profile(written))).collect();
        Ok(Self { current: written.current, all })
    }

    /// Reads, changes and writes the file, with no other process in between.
    ///
    /// # Errors
    /// Those of [`Profiles::load`], and [`ClientError::File`] when it cannot be written.
    pub fn update<T>(home: &Home, change: impl FnOnce(&mut Self) -> T) -> Result<T, ClientError> {
        let wrong =
            |error: io::Error| ClientError::File { path: home.profiles(), problem: error.to_string() };
        DirBuilder::new().recursive(true).mode(0o700).create(home.path()).map_err(wrong)?;
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

    /// A new file in the place of the old one: whoever reads sees one or the other, whole.
    fn save(&self, home: &Home) -> io::Result<()> {
        let profile = |profile: &Profile| WrittenProfile {
            server: profile.server.clone(),
            username: profile.username.clone(),
            token: profile.token.as_ref().map(Token::reveal),
            last: profile.last.map(|id| id.to_string()),
        };
        let profiles = self.all.iter().map(|(name, kept)| (name.clone(), profile(kept))).collect();
        let text = toml::to_string(&Written { current: self.current.clone(), profiles })
            .map_err(io::Error::other)?;
        let path: PathBuf = home.profiles();
        let unfinished = path.with_extension("unfinished");
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(unfinished, path)
    }

    /// The one that is used when none is named.
    #[must_use]
    pub fn current(&self) -> Option<&Profile> {
        self.all.get(self.current.as_ref()?)
    }

    /// The one of this name: `username@host:port`, or the username alone when only one server knows it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Profile> {
        let mut named = self.all.values().filter(|profile| profile.username == name);
        self.all.get(name).or_else(|| named.next().filter(|_| named.next().is_none()))
    }

    /// All, by name.
    pub fn all(&self) -> impl Iterator<Item = &Profile> {
        self.all.values()
    }

    /// Adds or replaces one, and makes it the current one.
    pub fn sign_in(&mut self, profile: Profile) {
        self.current = Some(profile.name());
        self.all.insert(profile.name(), profile);
    }

    /// Makes it the current one; whether it is there.
    pub fn select(&mut self, name: &str) -> bool {
        let found = self.find(name).map(Profile::name);
        let is_there = found.is_some();
        self.current = found.or_else(|| self.current.take());
        is_there
    }

    /// Forgets its session, or the tweet written last, or whatever else of it changes.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut Profile)) {
        if let Some(profile) = self.all.get_mut(name) {
            change(profile);
        }
    }

    /// Forgets it; whether it was there.
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
        Profile {
            server: server.into(),
            username: "ada".into(),
            token: Some(Token::from_bytes(vec![7; 32])),
            last: Some(u64::MAX),
        }
    }

    #[test]
    fn what_is_written_is_read_again_and_nobody_else_can() {
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
    fn a_name_is_short_where_it_is_clear() {
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
    fn a_broken_file_is_named_and_no_token_is_shown() {
        let (_directory, home) = home();
        Profiles::update(&home, |profiles| profiles.sign_in(ada("a:1"))).unwrap();
        let secret = ada("a:1").token.unwrap().reveal();
        fs::write(home.profiles(), format!("token = '{secret}' [")).unwrap();
        let text = Profiles::load(&home).unwrap_err().to_string();
        assert!(text.contains("profiles.toml") && !text.contains(&secret), "{text}");
    }
}
