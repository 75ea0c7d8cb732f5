//! The properties of characters that the rules are built on.

use unicode_normalization::char::is_combining_mark;
use unicode_script::{Script, ScriptExtension, UnicodeScript as _};

/// Whether this sign begins a hashtag.
pub(crate) fn is_hash(c: char) -> bool {
    matches!(c, '#' | '＃' | '﹟')
}

/// Whether this sign begins a mention.
pub(crate) fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠' | '﹫')
}

/// Whether words have this character: a letter, number or mark of any script that can be seen, or an underscore.
pub(crate) fn is_word_char(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    (c.is_alphanumeric() && !is_enclosed_letter(c) || is_combining_mark(c) || is_underscore(c))
        && !is_default_ignorable(c)
        && !makes_symbol(c)
}

/// Underscores that are `_` in NFKC.
fn is_underscore(c: char) -> bool {
    matches!(c, '\u{fe33}' | '\u{fe34}' | '\u{fe4d}'..='\u{fe4f}' | '\u{ff3f}')
}

/// Symbols such as 🅰, which Unicode counts as alphabetic.
fn is_enclosed_letter(c: char) -> bool {
    ('\u{1f100}'..='\u{1f1ff}').contains(&c)
}

/// Whether this character makes a symbol of what it follows: the selectors of text and emoji style, and enclosing marks.
fn makes_symbol(c: char) -> bool {
    matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{488}' | '\u{489}' | '\u{1abe}' | '\u{20dd}'..='\u{20e0}'
        | '\u{20e2}'..='\u{20e4}' | '\u{a670}'..='\u{a672}')
}

/// Joiners shape letters and emoji; they are invisible.
pub(crate) fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether the first character of the text, with the marks on it, is a symbol: a keycap, say.
pub(crate) fn begins_with_symbol(text: &str) -> bool {
    text.chars().skip(1).take_while(|&c| is_combining_mark(c) || is_joiner(c)).any(makes_symbol)
}

/// The word character at the end of the text, without the marks and joiners on it.
pub(crate) fn last_word_char(text: &str) -> Option<char> {
    for c in text.chars().rev() {
        if makes_symbol(c) {
            return None;
        }
        if !is_combining_mark(c) && !is_joiner(c) {
            return is_word_char(c).then_some(c);
        }
    }
    None
}

/// Unicode's property `Default_Ignorable_Code_Point`: characters that leave no trace where they mean nothing. The list
/// also has the code points that are reserved for more of them.
pub(crate) fn is_default_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Scripts without spaces between words, and Hangul, which is attached to words of other scripts.
const UNSPACED: [Script; 15] = [
    Script::Han,
    Script::Hiragana,
    Script::Katakana,
    Script::Bopomofo,
    Script::Yi,
    Script::Hangul,
    Script::Thai,
    Script::Lao,
    Script::Khmer,
    Script::Myanmar,
    Script::Tai_Le,
    Script::New_Tai_Lue,
    Script::Tai_Tham,
    Script::Tai_Viet,
    Script::Ahom,
];

/// Scripts whose letters joiners shape.
const JOINED: [Script; 24] = [
    Script::Arabic,
    Script::Syriac,
    Script::Nko,
    Script::Mongolian,
    Script::Mandaic,
    Script::Adlam,
    Script::Hanifi_Rohingya,
    Script::Devanagari,
    Script::Bengali,
    Script::Gurmukhi,
    Script::Gujarati,
    Script::Oriya,
    Script::Tamil,
    Script::Telugu,
    Script::Kannada,
    Script::Malayalam,
    Script::Sinhala,
    Script::Tibetan,
    Script::Myanmar,
    Script::Khmer,
    Script::Balinese,
    Script::Javanese,
    Script::Chakma,
    Script::Meetei_Mayek,
];

fn is_of(scripts: ScriptExtension, candidates: &[Script]) -> bool {
    // Digits and punctuation of all scripts, and marks of any.
    !scripts.is_common()
        && !scripts.is_inherited()
        && candidates.iter().any(|script| scripts.contains_script(*script))
}

/// Whether this word character is of a script without spaces between words.
pub(crate) fn is_unspaced(c: char) -> bool {
    c >= '\u{e00}' && is_word_char(c) && is_of(c.script_extension(), &UNSPACED)
}

/// Whether two characters are of one script whose letters are shaped by joiners.
pub(crate) fn are_joined(a: char, b: char) -> bool {
    is_of(a.script_extension().intersection(b.script_extension()), &JOINED)
}

/// Whether this character is of the script.
pub(crate) fn is_script(c: char, script: Script) -> bool {
    is_of(c.script_extension(), &[script])
}

/// Whether this character is Han or kana.
pub(crate) fn is_han_or_kana(c: char) -> bool {
    is_of(c.script_extension(), &[Script::Han, Script::Hiragana, Script::Katakana])
}

/// Whether this is a variation selector after a letter that it was made for.
pub(crate) fn selects_variant(before: char, c: char) -> bool {
    let script = match c {
        '\u{180b}'..='\u{180d}' | '\u{180f}' => Script::Mongolian,
        '\u{e0100}'..='\u{e01ef}' => Script::Han,
        _ => return false,
    };
    is_word_char(before) && is_script(before, script)
}
