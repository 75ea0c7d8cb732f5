//! The characters that a terminal can show.
//!
//! A terminal that does not read UTF-8 takes single bytes of it for control codes: the last byte of `ś` begins a control
//! sequence. So in a locale that is not UTF-8 only ASCII leaves, with the nearest characters for others.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::measure::columns;

/// The characters that a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// All of Unicode, in UTF-8.
    #[default]
    Utf8,
    /// ASCII: the locale is not UTF-8.
    Ascii,
}

impl Charset {
    /// The charset of a locale, by the variables `LC_ALL`, `LC_CTYPE` and `LANG` in this order, as POSIX says: the first
    /// that is not empty counts. Without any, the locale is `C`.
    #[must_use]
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default();
        let codeset = locale.split_once('.').map_or("", |(_, rest)| rest);
        let codeset = codeset.split('@').next().unwrap_or_default();
        let is_utf8 = ["utf-8", "utf8"].iter().any(|name| codeset.eq_ignore_ascii_case(name));
        // macOS has a locale with this name.
        if is_utf8 || locale.eq_ignore_ascii_case("UTF-8") { Self::Utf8 } else { Self::Ascii }
    }

    /// The text in this charset.
    #[must_use]
    pub fn text(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Ascii if !text.is_ascii() => Cow::Owned(text.graphemes(true).map(ascii).collect()),
            _ => Cow::Borrowed(text),
        }
    }

    /// One grapheme cluster in this charset, in as many columns as before.
    #[must_use]
    pub fn cell(self, cluster: &str) -> Cow<'_, str> {
        if self == Self::Utf8 || cluster.is_ascii() {
            return Cow::Borrowed(cluster);
        }
        let width = columns(cluster);
        let shown = ascii(cluster);
        Cow::Owned(shown.chars().chain(std::iter::repeat(' ')).take(width).collect())
    }
}

/// The nearest ASCII for a grapheme cluster; `?` if there is none.
fn ascii(cluster: &str) -> Cow<'_, str> {
    if cluster.is_ascii() {
        return Cow::Borrowed(cluster);
    }
    let mut shown = String::new();
    for c in cluster.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            c if c.is_ascii() => shown.push(c),
            c => shown.push_str(similar(c).unwrap_or("?")),
        }
    }
    // One sign for one character that cannot be shown, whatever it consists of.
    Cow::Owned(if shown.is_empty() || shown.contains('?') { "?".to_owned() } else { shown })
}

fn similar(c: char) -> Option<&'static str> {
    Some(match c {
        '“' | '”' | '„' | '«' | '»' | '❝' | '❞' => "\"",
        '‘' | '’' | '‚' | '‹' | '›' | 'ʼ' | '′' => "'",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '·' | '─' | '━' | '⋯' => "-",
        '│' | '┃' | '╎' | '║' => "|",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => "+",
        '•' | '●' | '♥' | '★' => "*",
        '○' | '◌' | '◐' => "o",
        '✓' | '▼' => "v",
        '✕' | '✗' | '×' => "x",
        '▲' => "^",
        '▸' | '▌' | '▶' => ">",
        '↩' => "<",
        '↻' => "@",
        '→' => "->",
        '←' => "<-",
        '▁' | '▂' => ".",
        '▃' | '▄' => "-",
        '▅' | '▆' => "=",
        '▇' | '█' => "#",
        '⁄' | '÷' => "/",
        '¡' => "!",
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'þ' => "th",
        'Þ' => "Th",
        '€' => "EUR",
        '©' => "(c)",
        '®' => "(R)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Charset {
        Charset::of_locale(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        use Charset::{Ascii, Utf8};
        assert_eq!(of(&[]), Ascii);
        for utf8 in ["en_US.UTF-8", "C.UTF-8", "C.utf8", "de_DE.utf8@euro", "UTF-8"] {
            assert_eq!(of(&[("LANG", utf8)]), Utf8, "{utf8}");
        }
        for other in ["C", "POSIX", "en_US", "de_DE.ISO-8859-15@euro", "ja_JP.eucJP", "utf8.C"] {
            assert_eq!(of(&[("LANG", other)]), Ascii, "{other}");
        }
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]), Ascii);
        assert_eq!(of(&[("LC_CTYPE", "C.UTF-8"), ("LANG", "C")]), Utf8);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_CTYPE", "C"), ("LANG", "C.UTF-8")]), Ascii);
    }

    #[test]
    fn ascii_has_the_nearest_characters() {
        for (text, shown) in [
            ("plain ś2J gone?", "plain s2J gone?"),
            ("“Déjà vu” – it’s…", "\"Deja vu\" - it's..."),
            ("Straße, Øre, ﬁn, ½", "Strasse, Ore, fin, 1/2"),
            ("日本 👩‍🚀!", "?? ?!"),
            ("e\u{301}\u{9b}2J", "e?2J"),
        ] {
            assert_eq!(Charset::Ascii.text(text), shown);
            assert_eq!(Charset::Utf8.text(text), text);
        }
    }

    #[test]
    fn a_cell_keeps_its_columns() {
        for (cluster, shown) in [("…", "."), ("日", "? "), ("é", "e"), ("●", "*"), ("👩‍🚀", "? "), ("ß", "s")]
        {
            assert_eq!(Charset::Ascii.cell(cluster), shown);
        }
    }
}
