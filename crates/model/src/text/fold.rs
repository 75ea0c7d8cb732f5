//! Which texts are the same.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use super::characters::is_default_ignorable;

/// The text in a form that is the same for texts that differ only in case, compatibility characters (`ＡＢＣ`, `ﬁ`) and
/// invisible characters. It is in NFKC.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    without_dots_of_i(text.nfkd().flat_map(fold_case).filter(|&c| !is_default_ignorable(c))).nfkc().collect()
}

/// Full case folding of a character in NFKD. Unicode derives it from the mappings to lower and upper case, which the
/// standard library has; only for the dotless i the result is another.
pub(crate) fn fold_case(c: char) -> impl Iterator<Item = char> {
    let dotless = (c == 'ı').then_some(c);
    let mapped = c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
    dotless.into_iter().chain(mapped.filter(move |_| c != 'ı'))
}

/// Drops the dot above that is left of `İ`.
fn without_dots_of_i(folded: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut is_on_i = false;
    folded.filter(move |&c| {
        if c == '\u{307}' && is_on_i {
            return false;
        }
        // Marks below the letter stand between it and its dot.
        is_on_i = c == 'i' || is_on_i && !matches!(canonical_combining_class(c), 0 | 230);
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_that_differ_in_case_width_and_invisible_characters_are_the_same() {
        for (text, folded) in [
            ("ＡＢＣ", "abc"),
            ("ΟΔΌΣ ὀδός", "οδόσ ὀδόσ"),
            ("STRAẞE Straße", "strasse strasse"),
            ("İ i\u{307} ı", "i i ı"),
            ("Ị\u{307}", "ị"),
            ("ﬃ ŉ ǆ", "ffi ʼn dž"),
            ("ᏣᎳᎩ", "ꮳꮃꭹ"),
            ("a\u{ad}b\u{200b}\u{fe0f}", "ab"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_folded_text_folds_to_itself(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }
    }
}
