//! Usernames, display names, bios and passwords: only their parsers make them.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::limits::{
    BIO_BYTES_MAX, BIO_GRAPHEMES_MAX, DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_GRAPHEMES_MAX, PASSWORD_BYTES_MAX,
    PASSWORD_BYTES_MIN, USERNAME_CHARS_MAX,
};
use crate::text::{Lines, check_text};

/// A username: `[a-z0-9_]{1,30}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

impl Username {
    /// Parses a username; a leading `@` is dropped and upper case is folded.
    ///
    /// # Errors
    /// `INVALID{username}` if it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.strip_prefix('@').unwrap_or(text);
        if text.is_empty() {
            return Err(Error::invalid("username", "is empty"));
        }
        if text.len() > USERNAME_CHARS_MAX {
            return Err(Error::invalid(
                "username",
                format!("is longer than {USERNAME_CHARS_MAX} characters"),
            ));
        }
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Error::invalid("username", "can have only the letters a to z, digits and _"));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Without the `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Display name of an account; may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DisplayName(String);

impl DisplayName {
    /// Checks a name; white space around it is dropped.
    ///
    /// # Errors
    /// `INVALID{display_name}` if it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        check_text("display_name", text, Lines::One, DISPLAY_NAME_GRAPHEMES_MAX, DISPLAY_NAME_BYTES_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Self-description of an account; may be empty and have several lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bio(String);

impl Bio {
    /// Checks a bio; white space around it is dropped.
    ///
    /// # Errors
    /// `INVALID{bio}` if it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        check_text("bio", text, Lines::Many, BIO_GRAPHEMES_MAX, BIO_BYTES_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password. `Debug` does not show it, and it is wiped from memory when dropped.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Checks a new password.
    ///
    /// # Errors
    /// `INVALID{field}` if it is shorter than 8 or longer than 256 bytes.
    pub fn parse_new(field: &'static str, text: String) -> Result<Self> {
        let password = Self::parse_attempt(field, text)?;
        if password.0.len() < PASSWORD_BYTES_MIN {
            return Err(Error::invalid(field, format!("is shorter than {PASSWORD_BYTES_MIN} characters")));
        }
        Ok(password)
    }

    /// Checks a password for a log-in. It may be shorter than a new one: imported passwords can be.
    ///
    /// # Errors
    /// `INVALID{field}` if it is longer than 256 bytes, which bounds the work of hashing.
    pub fn parse_attempt(field: &'static str, text: String) -> Result<Self> {
        let text = Zeroizing::new(text);
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(Error::invalid(field, format!("is longer than {PASSWORD_BYTES_MAX} bytes")));
        }
        Ok(Self(text))
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_fold_case_and_drop_the_at_sign() {
        assert_eq!(Username::parse("@Ada_1").unwrap().as_str(), "ada_1");
    }

    #[test]
    fn usernames_that_are_not_allowed_name_the_field() {
        for wrong in ["", "@", "a b", "ada!", "adа", "a\u{200b}", "-", "@@a", &"x".repeat(31)] {
            let Err(Error::Invalid { field, .. }) = Username::parse(wrong) else {
                panic!("{wrong:?} was accepted")
            };
            assert_eq!(field, "username");
        }
        Username::parse(&"x".repeat(30)).unwrap();
    }

    #[test]
    fn passwords_have_a_shortest_and_a_longest_length_and_are_not_shown() {
        let reason =
            |length| Password::parse_new("password", "x".repeat(length)).err().map(|e| e.to_string());
        assert_eq!(reason(7).as_deref(), Some("password is shorter than 8 characters"));
        assert_eq!((reason(8), reason(256)), (None, None));
        assert_eq!(reason(257).as_deref(), Some("password is longer than 256 bytes"));
        let password = Password::parse_attempt("password", "short".into()).unwrap();
        assert!(!format!("{password:?}").contains("short"));
    }

    #[test]
    fn a_display_name_has_one_line() {
        let refused = Error::invalid("display_name", "has the control character U+000A");
        assert_eq!(DisplayName::parse("Ada\nLovelace"), Err(refused));
        assert_eq!(DisplayName::parse("  Ada 👩‍🚀 ").unwrap().as_str(), "Ada 👩‍🚀");
        assert_eq!(Bio::parse("one\ntwo").unwrap().as_str(), "one\ntwo");
    }
}
