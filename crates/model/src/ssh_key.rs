//! ssh keys by which somebody is known. Only what identifies a key is kept, never the key.

use std::fmt;

use data_encoding::BASE64_NOPAD;

use crate::limits::{SSH_KEY_NAME_BYTES_MAX, SSH_KEY_NAME_GRAPHEMES_MAX};
use crate::text::{Lines, check_text};
use crate::{Result, SshKeyId};

/// SHA-256 of a public key, as `ssh-keygen -l` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SshFingerprint(pub [u8; 32]);

impl fmt::Display for SshFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", BASE64_NOPAD.encode(&self.0))
    }
}

/// What its owner calls a key; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshKeyName(String);

impl SshKeyName {
    /// From what a person typed; white space around it is dropped.
    ///
    /// # Errors
    /// `INVALID{name}` when it is too long or has unsafe characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        check_text("name", text, Lines::One, SSH_KEY_NAME_GRAPHEMES_MAX, SSH_KEY_NAME_BYTES_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// As stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshKey {
    /// Its identifier, which tells when it was added.
    pub id: SshKeyId,
    /// Which key.
    pub fingerprint: SshFingerprint,
    /// What its owner calls it.
    pub name: SshKeyName,
    /// When somebody last came in with it, in Unix milliseconds; 0 if nobody has yet.
    pub last_used_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_looks_as_ssh_shows_it() {
        let shown = SshFingerprint([0; 32]).to_string();
        assert_eq!(shown, format!("SHA256:{}", "A".repeat(43)));
    }

    #[test]
    fn the_longest_name_is_taken_and_one_more_letter_is_refused() {
        assert_eq!(SshKeyName::parse(" ada@laptop ").unwrap().as_str(), "ada@laptop");
        assert!(SshKeyName::parse(&"x".repeat(50)).is_ok());
        assert!(SshKeyName::parse(&"x".repeat(51)).is_err());
        assert!(SshKeyName::parse("a\u{1b}b").is_err());
    }
}
