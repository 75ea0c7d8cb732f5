//! Splits text into words: `LocalStore`, `local_store` and "local store" are the same two words.

use std::ops::Range;

/// A word of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// In lower case.
    pub(super) word: String,
    pub(super) range: Range<usize>,
}

/// All words of a text in order. Words are letters; an identifier is split at its capitals.
pub(super) fn split(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start: Option<usize> = None;
    let mut before: Option<char> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        // In `\n` and the like the letter is no part of a word.
        let is_escape = before == Some('\\') && matches!(c, 'n' | 't' | 'r' | 'x' | 'u');
        let is_letter = c.is_alphabetic() && !is_escape;
        let is_capital = c.is_uppercase()
            && (before.is_some_and(char::is_lowercase) || next.is_some_and(char::is_lowercase));
        if (!is_letter || is_capital)
            && let Some(start) = start.take()
        {
            tokens.push(token(text, start..at));
        }
        if is_letter && start.is_none() {
            start = Some(at);
        }
        before = Some(c);
    }
    if let Some(start) = start {
        tokens.push(token(text, start..text.len()));
    }
    tokens
}

fn token(text: &str, range: Range<usize>) -> Token {
    Token { word: text.get(range.clone()).unwrap_or_default().to_lowercase(), range }
}

/// What is between two words, in a form that can be compared: empty for what joins words (space, `_`, `-`, a line break
/// inside a paragraph), otherwise the characters.
pub(super) fn separator(between: &str) -> String {
    let joined = match between.split_once('\n') {
        Some((end, start)) => format!("{} {}", end.trim_end().trim_end_matches('\\'), without_leader(start)),
        None => between.to_owned(),
    };
    joined.replace('’', "'").chars().filter(|c| !matches!(c, ' ' | '\t' | '\r' | '_' | '-')).collect()
}

/// The start of a line without indentation and the marker of a comment or quotation. A second line break is left, so that
/// words of two paragraphs are not joined.
fn without_leader(line: &str) -> &str {
    let text = line.trim_start_matches([' ', '\t']);
    let markers = ["///", "//!", "//", "--", "#", "*", ">"];
    markers.iter().find_map(|marker| text.strip_prefix(marker)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        split(text).into_iter().map(|token| token.word).collect()
    }

    #[test]
    fn identifiers_are_split_at_capitals_underscores_and_digits() {
        assert_eq!(
            words("LocalStore local_store LOCAL_STORE"),
            ["local", "store", "local", "store", "local", "store"]
        );
        assert_eq!(words("TLSIdentity v2name r#type"), ["tls", "identity", "v", "name", "r", "type"]);
        assert_eq!(words("don't stop"), ["don", "t", "stop"]);
    }

    #[test]
    fn the_letter_of_an_escape_is_no_part_of_a_word() {
        assert_eq!(words(r"one\ntwo\tthree"), ["one", "two", "three"]);
    }

    #[test]
    fn separators_join_the_words_of_a_paragraph() {
        for joining in ["", " ", "_", "-", "\n", "\n/// ", "  \n    // ", " \\\n   "] {
            assert_eq!(separator(joining), "", "{joining:?}");
        }
        for parting in [". ", "(", "\n\n", "\n///\n/// ", ", "] {
            assert_ne!(separator(parting), "", "{parting:?}");
        }
        assert_eq!(separator("’ "), separator("'\n"));
    }
}
