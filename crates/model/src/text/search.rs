//! The words of texts and of searches: folded, so that they match whatever their case, width and accents, and cut into
//! pairs of characters where a script has no spaces between words.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, UnicodeScript as _};

use super::characters::{is_unspaced, is_word_char};
use super::fold::fold;

/// The tokens of a text for a search index, separated by spaces.
///
/// A word is one token. A run of characters of a script without spaces has a token of two characters at each place and
/// one of its last character, so that any part of it is found. An emoji is a token. ASCII is left as it is: an index
/// folds its case and separates its words at all other characters than letters and digits.
#[must_use]
pub fn search_tokens(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let mut tokens = String::with_capacity(text.len() * 2);
    for word in text.split_whitespace() {
        if word.is_ascii() {
            tokens.push_str(word);
            tokens.push(' ');
            continue;
        }
        for token in runs(&search_form(word)).iter().flat_map(Run::tokens) {
            tokens.push_str(&token);
            tokens.push(' ');
        }
    }
    tokens.into()
}

/// A word of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchWord {
    /// The tokens that follow each other in what is found.
    pub tokens: Vec<String>,
    /// Whether the last one is the beginning of a token.
    pub is_prefix: bool,
    /// Whether that beginning is so short that too many words begin with it.
    pub is_too_short: bool,
}

/// The words of a search. A word that ends in `*` is a prefix, and so is a single character of a script without spaces.
#[must_use]
pub fn search_words(query: &str) -> Vec<SearchWord> {
    query.split(|c: char| c.is_whitespace() || c.is_control()).filter_map(search_word).collect()
}

fn search_word(word: &str) -> Option<SearchWord> {
    let text = word.trim_end_matches('*');
    let runs = runs(&search_form(text));
    let last = runs.last()?;
    let mut tokens: Vec<String> = runs.iter().flat_map(Run::tokens).collect();
    let is_unspaced = last.kind == Kind::Unspaced;
    let length = last.text.chars().count();
    if is_unspaced && length > 1 {
        // The last character is also found where others follow it.
        tokens.pop();
    }
    let is_prefix = if is_unspaced { length == 1 } else { text.len() < word.len() };
    Some(SearchWord { tokens, is_prefix, is_too_short: is_prefix && !is_unspaced && length < 2 })
}

/// The words of a name or of a search for one, folded.
#[must_use]
pub fn name_words(text: &str) -> Vec<String> {
    let folded = search_form(text);
    let words = folded.split(|c: char| kind_of(c).is_none());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Whether a part of a name of one or two characters is worth a search: in ASCII and in other alphabets, too many names
/// have a given letter.
#[must_use]
pub fn is_long_enough(part: &str) -> bool {
    let mut characters = part.chars();
    match (characters.next(), characters.next()) {
        (Some(c), None) => kind_of(c) != Some(Kind::Word),
        (first, _) => first.is_some(),
    }
}

/// The form of a text in which searches compare it, without what people leave out when they type: case, width, invisible characters, accents and other marks
/// of alphabets, vowel points, the lengthening of Arabic letters.
#[must_use]
pub fn search_form(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut script = Script::Common;
    let folded = fold(text);
    let kept = folded.nfd().filter(|&c| {
        if is_combining_mark(c) {
            return !has_optional_marks(script);
        }
        script = c.script();
        c != '\u{640}'
    });
    kept.map(|c| if c == 'ı' { 'i' } else { c }).nfc().collect()
}

/// Scripts whose marks people often leave out. In other scripts a mark makes another letter or is a vowel.
fn has_optional_marks(script: Script) -> bool {
    matches!(
        script,
        Script::Latin | Script::Greek | Script::Cyrillic | Script::Hebrew | Script::Arabic | Script::Syriac
    )
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Letters and digits that form a word.
    Word,
    /// Letters of a script without spaces between words.
    Unspaced,
    /// An emoji or a part of one.
    Emoji,
}

/// `None` for what separates words.
fn kind_of(c: char) -> Option<Kind> {
    match c {
        '_' => None,
        c if is_unspaced(c) => Some(Kind::Unspaced),
        c if is_word_char(c) => Some(Kind::Word),
        // Modifiers of the skin tone are no token of their own.
        '\u{1f3fb}'..='\u{1f3ff}' => None,
        '©'
        | '®'
        | '\u{203c}'
        | '\u{2049}'
        | '\u{2122}'
        | '\u{2139}'
        | '\u{2190}'..='\u{2bff}'
        | '\u{3030}'
        | '\u{303d}'
        | '\u{1f000}'..='\u{1faff}' => Some(Kind::Emoji),
        _ => None,
    }
}

/// Characters of one kind that follow each other.
struct Run {
    kind: Kind,
    text: String,
}

impl Run {
    fn tokens(&self) -> Vec<String> {
        if self.kind == Kind::Word {
            return vec![self.text.clone()];
        }
        let characters: Vec<char> = self.text.chars().collect();
        let length = if self.kind == Kind::Unspaced { 2 } else { 1 };
        let at = |start: usize| characters.iter().skip(start).take(length).collect();
        (0..characters.len()).map(at).collect()
    }
}

fn runs(folded: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut before = None;
    for c in folded.chars() {
        // A mark belongs to what it is on.
        let kind = kind_of(c).map(|kind| before.filter(|_| is_combining_mark(c)).unwrap_or(kind));
        match (kind, runs.last_mut()) {
            (Some(kind), Some(run)) if before == Some(kind) => {
                debug_assert_eq!(run.kind, kind);
                run.text.push(c);
            }
            (Some(kind), _) => runs.push(Run { kind, text: c.into() }),
            (None, _) => {}
        }
        before = kind;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::super::examples::table;
    use super::*;
    use proptest::prelude::*;

    /// As an index of tokens does it.
    fn finds(text: &str, query: &str) -> bool {
        let tokens = search_tokens(text).to_ascii_lowercase();
        let tokens: Vec<&str> = tokens
            .split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric())
            .filter(|token| !token.is_empty())
            .collect();
        let words = search_words(query);
        !words.is_empty()
            && words.iter().all(|word| {
                tokens.windows(word.tokens.len()).any(|found| {
                    let last = word.tokens.len() - 1;
                    (0..=last).all(|at| {
                        if at == last && word.is_prefix {
                            found[at].starts_with(&word.tokens[at])
                        } else {
                            found[at] == word.tokens[at]
                        }
                    })
                })
            })
    }

    #[test]
    fn searches_find_what_the_documentation_says() {
        for row in table("Search") {
            let [text, found, not_found] = row.as_slice() else { panic!("{row:?}") };
            let text = text.first().expect("a text");
            for query in found {
                assert!(finds(text, query), "{query} in {text}: {}", search_tokens(text));
            }
            for query in not_found {
                assert!(!finds(text, query), "{query} not in {text}: {}", search_tokens(text));
            }
        }
    }

    #[test]
    fn a_part_of_a_name_is_long_enough_by_its_script() {
        for (part, enough) in
            [("a", false), ("ж", false), ("li", true), ("林", true), ("김", true), ("ま", true), ("", false)]
        {
            assert_eq!(is_long_enough(part), enough, "{part}");
        }
        assert_eq!(name_words("Ada_Lovelace (Ádá) 山田太郎"), ["ada", "lovelace", "ada", "山田太郎"]);
    }

    proptest! {
        #[test]
        fn a_text_is_found_by_each_part_of_it(text in "[a-zß éÅ日本語ー京のกที่한국👍🏽_.]{1,20}") {
            for word in text.split_whitespace().filter(|word| !search_words(word).is_empty()) {
                prop_assert!(finds(&text, word), "{} {:?}", search_tokens(&text), search_words(word));
            }
        }
    }
}
