//! ssh keys of accounts. Only the fingerprint of a key is stored, never the key.

use std::fmt;

use data_encoding::BASE64_NOPAD;

use crate::error::Result;
use crate::id::SshKeyId;
use crate::limits::{SSH_KEY_NAME_BYTES_MAX, SSH_KEY_NAME_GRAPHEMES_MAX};
use crate::text::{Lines, check_text, trim};

/// SHA-256 of a public key, displayed as `ssh-keygen -l` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SshFingerprint(pub [u8; 32]);

impl fmt::Display for SshFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", BASE64_NOPAD.encode(&self.0))
    }
}

/// Name of a key, chosen by its owner; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SshKeyName(String);

impl SshKeyName {
    /// Checks a name; white space around it is dropped, and so is all of it if nothing can be seen.
    ///
    /// # Errors
    /// `INVALID{name}` if it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = trim(text);
        check_text("name", text, Lines::One, SSH_KEY_NAME_GRAPHEMES_MAX, SSH_KEY_NAME_BYTES_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An ssh key of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshKey {
    /// Identifier; it contains the time at which the key was added.
    pub id: SshKeyId,
    /// Fingerprint of the public key.
    pub fingerprint: SshFingerprint,
    /// Name chosen by the owner.
    pub name: SshKeyName,
    /// Time of the last log-in with it in Unix milliseconds; 0 if there was none.
    pub last_used_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_displayed_as_ssh_does() {
        let shown = SshFingerprint([0; 32]).to_string();
        assert_eq!(shown, format!("SHA256:{}", "A".repeat(43)));
    }

    #[test]
    fn the_longest_name_is_accepted_and_one_more_character_is_refused() {
        assert_eq!(SshKeyName::parse(" ada@laptop ").unwrap().as_str(), "ada@laptop");
        SshKeyName::parse(&"x".repeat(50)).unwrap();
        let refused = |text: &str| SshKeyName::parse(text).unwrap_err().to_string();
        assert_eq!(refused(&"x".repeat(51)), "name is 1 character too long (at most 50)");
        assert_eq!(refused("a\u{1b}b"), "name has the control character U+001B");
    }
}
