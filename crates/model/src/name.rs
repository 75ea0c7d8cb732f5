//! Usernames, display names, bios and passwords: only their parsers make them.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::limits::{
    BIO_BYTES_MAX, BIO_GRAPHEMES_MAX, DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_GRAPHEMES_MAX, PASSWORD_BYTES_MAX,
    PASSWORD_BYTES_MIN, USERNAME_CHARS_MAX,
};
use crate::text::{Lines, check_text, is_at, natural_key, trim};

/// A username: `[a-z0-9_]{1,30}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

impl Username {
    /// Parses a username; a leading `@` is dropped and upper case is folded.
    ///
    /// # Errors
    /// `INVALID{username}` if it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.strip_prefix(is_at).unwrap_or(text);
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

    /// Parses a username that is to be created: without `@`, which is not part of it.
    ///
    /// # Errors
    /// `INVALID{username}` as [`Self::parse`], and with `@`.
    pub fn parse_new(text: &str) -> Result<Self> {
        let username = Self::parse(text)?;
        if text.starts_with(is_at) {
            return Err(Error::invalid("username", format!("is written without @ here: {username}")));
        }
        Ok(username)
    }

    /// The form that is the same for usernames that look alike (UTS #39, with what is similar in the fonts of terminals):
    /// `0` and `o`; `1`, `i` and `l`; `5` and `s`; `rn` and `m`.
    #[must_use]
    pub fn skeleton(&self) -> String {
        let folded = |c| match c {
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            c => c,
        };
        self.0.chars().map(folded).collect::<String>().replace('m', "rn")
    }

    /// What lists sort accounts by when they are sorted by username: `p2` before `p10`.
    #[must_use]
    pub fn sort_key(&self) -> String {
        natural_key(&self.0)
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
    /// Checks a name; white space around it is dropped, and so is all of it if nothing can be seen.
    ///
    /// # Errors
    /// `INVALID{display_name}` if it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = trim(text);
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
    /// Checks a bio; white space around it is dropped, and so is all of it if nothing can be seen.
    ///
    /// # Errors
    /// `INVALID{bio}` if it is too long or has control characters.
    pub fn parse(text: &str) -> Result<Self> {
        let text = trim(text);
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
///
/// It is in NFKC, as NIST SP 800-63B recommends: keyboards and systems differ in the form of the same letters.
#[derive(Clone)]
pub struct Password {
    normal: Zeroizing<String>,
    /// As typed, if that is another form.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Checks a new password.
    ///
    /// # Errors
    /// `INVALID{field}` if it is shorter than 8 or longer than 256 bytes, or has control characters or line breaks.
    pub fn parse_new(field: &'static str, text: String) -> Result<Self> {
        let password = Self::parse_attempt(field, text)?;
        let text = password.expose();
        if let Some(c) = text.chars().find(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            let name = u32::from(c);
            return Err(Error::invalid(
                field,
                format!("has the control character U+{name:04X}: leave it out"),
            ));
        }
        if text.len() < PASSWORD_BYTES_MIN {
            return Err(Error::invalid(field, format!("is shorter than {PASSWORD_BYTES_MIN} characters")));
        }
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(too_long(field));
        }
        Ok(Self { typed: None, ..password })
    }

    /// Checks a password for a log-in. It may be shorter than a new one: imported passwords can be.
    ///
    /// # Errors
    /// `INVALID{field}` if it is longer than 256 bytes, which bounds the work of hashing.
    pub fn parse_attempt(field: &'static str, text: String) -> Result<Self> {
        let text = Zeroizing::new(text);
        if text.len() > PASSWORD_BYTES_MAX {
            return Err(too_long(field));
        }
        // With space for all that NFKC can make of it: a string that grows leaves copies in memory.
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * NFKC_GROWTH_MAX));
        normal.extend(text.nfkc());
        let typed = (*normal != *text).then_some(text);
        Ok(Self { normal, typed })
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.normal
    }

    /// The secret as it was typed, if that is not its normal form. Passwords were stored like this once.
    #[must_use]
    pub fn expose_typed(&self) -> Option<&str> {
        self.typed.as_ref().map(|text| text.as_str())
    }
}

/// The most bytes that NFKC makes of one: <https://www.unicode.org/faq/normalization.html>.
const NFKC_GROWTH_MAX: usize = 11;

fn too_long(field: &'static str) -> Error {
    Error::invalid(field, format!("is longer than {PASSWORD_BYTES_MAX} bytes"))
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
    fn a_new_password_is_in_its_normal_form_and_has_no_control_characters() {
        let new = |text: &str| Password::parse_new("password", text.into());
        let attempt = |text: &str| Password::parse_attempt("password", text.into()).unwrap();
        assert_eq!(new("pa\u{308}ssword-trial").unwrap().expose(), "pässword-trial");
        assert_eq!(new("ｐａｓｓｗｏｒｄ").unwrap().expose(), "password");
        let typed = attempt("pa\u{308}ssword-trial");
        assert_eq!((typed.expose(), typed.expose_typed()), ("pässword-trial", Some("pa\u{308}ssword-trial")));
        assert_eq!(attempt("pässword-trial").expose_typed(), None);
        for (text, character) in [
            ("pass\0word", "U+0000"),
            ("password\n", "U+000A"),
            ("pass\u{2028}word", "U+2028"),
            ("pass\u{9b}word", "U+009B"),
        ] {
            let reason = new(text).unwrap_err().to_string();
            assert_eq!(reason, format!("password has the control character {character}: leave it out"));
            assert_eq!(attempt(text).expose(), text);
        }
        assert!(new(&"\u{fdfa}".repeat(20)).is_err(), "too long in its normal form");
    }

    #[test]
    fn a_new_username_is_written_without_the_at_sign() {
        assert_eq!(Username::parse_new("Ada").unwrap().as_str(), "ada");
        for text in ["@ada", "＠ada"] {
            let reason = Username::parse_new(text).unwrap_err().to_string();
            assert_eq!(reason, "username is written without @ here: ada");
        }
    }

    #[test]
    fn usernames_that_look_alike_have_one_skeleton() {
        let skeleton = |text| Username::parse(text).unwrap().skeleton();
        for (a, b) in [("bob", "b0b"), ("lily", "1i1y"), ("susi", "5u5l"), ("modern", "rnodem")] {
            assert_eq!(skeleton(a), skeleton(b));
        }
        for (a, b) in [("bob", "rob"), ("ada", "ada1"), ("a_b", "ab")] {
            assert_ne!(skeleton(a), skeleton(b));
        }
    }

    #[test]
    fn a_display_name_has_one_line() {
        let refused = Error::invalid("display_name", "has the control character U+000A");
        assert_eq!(DisplayName::parse("Ada\nLovelace"), Err(refused));
        assert_eq!(DisplayName::parse("  Ada 👩‍🚀 ").unwrap().as_str(), "Ada 👩‍🚀");
        assert_eq!(DisplayName::parse("\u{3164}\u{2800}"), Ok(DisplayName::default()));
        assert_eq!(Bio::parse("\u{ad}\n\u{200b}"), Ok(Bio::default()));
        assert_eq!(Bio::parse("one\ntwo").unwrap().as_str(), "one\ntwo");
    }
}
