//! An estimate of how hard a password is to guess, for the refusal of new passwords and for a hint while typing.

use crate::limits::PASSWORD_BYTES_MIN;
use crate::text::fold;

/// The name of a server that was not given another.
const PRODUCT: &str = "Mini-Tweet";

/// The most common passwords of at least eight characters, which attackers try first.
const COMMON: &str = include_str!("common_passwords.txt");

/// Minimum bits of entropy of a fair and of a strong password. At ten thousand guesses per second, more than argon2id
/// allows, 45 bits take a century.
const FAIR_BITS: f64 = 45.0;
const STRONG_BITS: f64 = 65.0;

/// Strength of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Shorter than allowed by this many bytes.
    TooShort(usize),
    /// Refused by servers, for this reason: "the username".
    Guessable(&'static str),
    /// Allowed, but easy to guess.
    Weak,
    /// Acceptable.
    Fair,
    /// Hard to guess.
    Strong,
}

/// Why a password is too easy to guess to be allowed; `None` if it is allowed. A name is recognised whatever its case and
/// punctuation. The name of the server is empty where it is not known.
#[must_use]
pub fn guessable(password: &str, username: &str, server_name: &str) -> Option<&'static str> {
    let folded = fold(password);
    let bare = bare(&folded);
    let is = |name: &str| {
        let name = self::bare(&fold(name));
        !name.is_empty() && bare == name
    };
    if is(username) {
        return Some("the username");
    }
    if is(server_name) || is(PRODUCT) {
        return Some("the name of this server");
    }
    COMMON.lines().any(|common| common == folded).then_some("one of the most common passwords")
}

/// The letters and digits of a text.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Estimates the strength of a password from its length and the kinds of its characters. Repeated and consecutive
/// characters count less, and one word with a number after it is never more than weak.
#[must_use]
pub fn strength(password: &str, username: &str) -> Strength {
    if password.len() < PASSWORD_BYTES_MIN {
        return Strength::TooShort(PASSWORD_BYTES_MIN - password.len());
    }
    if let Some(why) = guessable(password, username, "") {
        return Strength::Guessable(why);
    }
    let bits = effective_length(password) * alphabet(password).log2();
    let bits = if is_word_with_number(password) { bits.min(FAIR_BITS - 1.0) } else { bits };
    match bits {
        _ if bits < FAIR_BITS => Strength::Weak,
        _ if bits < STRONG_BITS => Strength::Fair,
        _ => Strength::Strong,
    }
}

/// Size of the alphabet: the kinds of characters that are used.
fn alphabet(password: &str) -> f64 {
    type Kind = fn(char) -> bool;
    let kinds: [(Kind, f64); 5] = [
        (|c| c.is_ascii_lowercase(), 26.0),
        (|c| c.is_ascii_uppercase(), 26.0),
        (|c| c.is_ascii_digit(), 10.0),
        (|c| c.is_ascii() && !c.is_ascii_alphanumeric(), 33.0),
        (|c| !c.is_ascii(), 100.0),
    ];
    kinds.iter().filter(|(is_of_kind, _)| password.chars().any(is_of_kind)).map(|(_, size)| size).sum()
}

/// Number of characters, where one that repeats or continues the one before (`aaa`, `abc`, `321`) counts a quarter.
fn effective_length(password: &str) -> f64 {
    let codes: Vec<u32> = password.chars().map(u32::from).collect();
    let continued = codes.windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1)).count();
    (codes.len() - continued) as f64 + continued as f64 / 4.0
}

/// Whether it is one run of letters, then at most four other characters.
fn is_word_with_number(password: &str) -> bool {
    let rest = password.trim_start_matches(char::is_alphabetic);
    rest.len() < password.len()
        && rest.chars().count() <= 4
        && !rest.contains(char::is_alphabetic)
        && password.len() - rest.len() < 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_refused_and_patterns_are_weak() {
        let of = |password| strength(password, "ada_lovelace");
        assert_eq!(of("short"), Strength::TooShort(3));
        assert_eq!(of("ADA_lovelace"), Strength::Guessable("the username"));
        for name in ["ada lovelace", "AdaLovelace!"] {
            assert_eq!(of(name), Strength::Guessable("the username"), "{name}");
        }
        for name in ["Mini-Tweet", "mini tweet!"] {
            assert_eq!(of(name), Strength::Guessable("the name of this server"), "{name}");
        }
        assert_eq!(guessable("Our Sérver", "ada", "our sérver"), Some("the name of this server"));
        assert_eq!(of("password1"), Strength::Guessable("one of the most common passwords"));
        for weak in ["aaaaaaaaaaaa", "abcdefghijkl", "elephant7", "Elephants!23", "20042004"] {
            assert_eq!(of(weak), Strength::Weak, "{weak}");
        }
        assert_eq!(of("tK9!mQ2z"), Strength::Fair);
        for strong in ["correct horse 9", "three little words", "日本語のパスワード!"] {
            assert_eq!(of(strong), Strength::Strong, "{strong}");
        }
    }
}
