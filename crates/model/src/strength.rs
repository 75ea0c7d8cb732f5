//! How hard a password is to guess, as far as that can be told while it is typed.

use crate::limits::PASSWORD_BYTES_MIN;

/// The best-known passwords of at least eight characters; a guesser tries these first.
const COMMON: &str = include_str!("common_passwords.txt");

/// Bits from which a password is fair and from which it is strong. At ten thousand guesses a second, which is more
/// than argon2id allows, 45 bits take a century.
const FAIR_BITS: f64 = 45.0;
const STRONG_BITS: f64 = 65.0;

/// How hard a password is to guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// So many bytes are missing to the shortest that is allowed.
    TooShort(usize),
    /// It is refused, with the reason.
    Guessable(&'static str),
    /// It is allowed, and not good.
    Weak,
    /// It will do.
    Fair,
    /// Nobody guesses it.
    Strong,
}

/// Why a password would be guessed at once; `None` when it would not.
#[must_use]
pub fn guessable(password: &str, username: &str) -> Option<&'static str> {
    let folded = password.to_lowercase();
    if folded == username {
        return Some("the username");
    }
    COMMON.lines().any(|common| common == folded).then_some("one of the most common passwords")
}

/// How hard a password is to guess: by the characters that are used, without those that only go on as the ones
/// before them did, and less for one word with a number behind it.
#[must_use]
pub fn strength(password: &str, username: &str) -> Strength {
    if password.len() < PASSWORD_BYTES_MIN {
        return Strength::TooShort(PASSWORD_BYTES_MIN - password.len());
    }
    if let Some(why) = guessable(password, username) {
        return Strength::Guessable(why);
    }
    let bits = new_characters(password) * alphabet(password).log2();
    let bits = if is_word_with_number(password) { bits.min(FAIR_BITS - 1.0) } else { bits };
    match bits {
        _ if bits < FAIR_BITS => Strength::Weak,
        _ if bits < STRONG_BITS => Strength::Fair,
        _ => Strength::Strong,
    }
}

/// How many characters there are to choose from.
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

/// Characters, where one that repeats or continues the one before (`aaa`, `abc`, `321`) counts a quarter.
fn new_characters(password: &str) -> f64 {
    let codes: Vec<u32> = password.chars().map(u32::from).collect();
    let goes_on = codes.windows(2).filter(|pair| matches!(pair, [a, b] if a.abs_diff(*b) <= 1)).count();
    (codes.len() - goes_on) as f64 + goes_on as f64 / 4.0
}

/// One run of letters, then at most four others.
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
    fn what_is_guessed_first_is_worst() {
        let of = |password| strength(password, "ada_lovelace");
        assert_eq!(of("short"), Strength::TooShort(3));
        assert!(matches!(of("ADA_lovelace"), Strength::Guessable(_)));
        assert!(matches!(of("password1"), Strength::Guessable(_)));
        for weak in ["aaaaaaaaaaaa", "abcdefghijkl", "elephant7", "Elephants!23", "20042004"] {
            assert_eq!(of(weak), Strength::Weak, "{weak}");
        }
        assert_eq!(of("tK9!mQ2z"), Strength::Fair);
        for strong in ["correct horse 9", "three little words", "日本語のパスワード!"] {
            assert_eq!(of(strong), Strength::Strong, "{strong}");
        }
    }
}
