//! Hashtags: which characters their names have, and which are the same.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::Script;

use super::characters::{
    are_joined, begins_with_symbol, is_han_or_kana, is_hash, is_joiner, is_script, is_word_char,
    selects_variant,
};
use super::fold::fold;
use crate::error::{Error, Result};
use crate::limits::HASHTAG_CHARS_MAX;

/// A hashtag without its `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashtag {
    name: String,
    key: String,
}

impl Hashtag {
    /// From a name with or without `#`.
    ///
    /// # Errors
    /// `INVALID{hashtag}` when it is not letters, digits and `_` with at least one letter.
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.strip_prefix(is_hash).unwrap_or(text);
        let name: String = if name.is_ascii() { name.to_owned() } else { name.nfc().collect() };
        let acceptable = length(&name) == name.len() && name.chars().any(char::is_alphabetic);
        if !acceptable {
            return Err(Error::invalid(
                "hashtag",
                "can have only letters, digits and _, and needs at least one letter",
            ));
        }
        if name.chars().count() > HASHTAG_CHARS_MAX {
            return Err(Error::invalid("hashtag", format!("is longer than {HASHTAG_CHARS_MAX} characters")));
        }
        Ok(Self { key: fold(&name), name })
    }

    /// As written, without the `#`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folded name: two hashtags are the same if their keys are.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The beginning of the keys of the hashtags that begin like this text, with or without `#`.
    #[must_use]
    pub fn key_prefix(text: &str) -> String {
        fold(text.trim().trim_start_matches(is_hash))
    }
}

impl fmt::Display for Hashtag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.name)
    }
}

/// The length in bytes of the name of a hashtag at the beginning of a text in which its sign was found; 0 if there is
/// none.
pub(super) fn length(text: &str) -> usize {
    // Most are ASCII.
    let ascii = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    if text.as_bytes().get(ascii).is_none_or(u8::is_ascii) {
        return ascii;
    }
    if text.starts_with(is_combining_mark) {
        return 0;
    }
    // The last character of the name so far, and its end.
    let (mut before, mut end) = (None, 0);
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let belongs = if is_word_char(c) {
            is_combining_mark(c) || !begins_with_symbol(rest)
        } else {
            before.is_some_and(|before| {
                selects_variant(before, c) || c == '׳' && is_script(before, Script::Hebrew)
            })
        };
        if belongs {
            (before, end) = (Some(c), at + c.len_utf8());
            continue;
        }
        // It belongs to the name if the next character does.
        let after = rest.chars().nth(1).filter(|&c| is_word_char(c));
        // One at a time: this is not the first in a row.
        let is_first = end == at;
        let connects =
            is_first && before.zip(after).is_some_and(|(before, after)| connects(before, c, after));
        if !connects {
            break;
        }
    }
    end
}

/// Whether this character connects two others to one word, by the contextual rules of RFC 5892 (appendix A) and the
/// medial characters of UAX #31.
fn connects(before: char, c: char, after: char) -> bool {
    match c {
        '·' => matches!((before, after), ('l' | 'L', 'l' | 'L')),
        '・' | '･' => is_han_or_kana(before) || is_han_or_kana(after),
        '״' => is_script(before, Script::Hebrew) && is_script(after, Script::Hebrew),
        '\u{f0b}' | '\u{f0c}' => is_script(before, Script::Tibetan) && is_script(after, Script::Tibetan),
        c if is_joiner(c) => are_joined(before, after),
        _ => false,
    }
}
