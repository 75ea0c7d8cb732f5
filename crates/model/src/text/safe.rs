//! Text that is safe on a terminal. Text of other people must never move the cursor, set the clipboard, reverse the
//! line or imitate other output.

use std::fmt::{self, Write as _};

use unicode_normalization::char::is_combining_mark;
use unicode_script::Script;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::characters::{
    is_default_ignorable, is_joiner, is_script, is_unspaced, is_word_char, selects_variant,
};
use crate::limits::COMBINING_MARKS_MAX;

/// Text that can be written to a terminal as it is. Only the sanitiser makes one.
///
/// Control characters, bidirectional controls, invisible and tag characters are replaced by text such as `<U+202E>`;
/// combining marks after the eighth on one character are dropped. Invisible characters that the spelling of ordinary text
/// needs are kept (joiners, variation selectors, the flags made of tags) or dropped (direction marks, soft hyphens, and
/// the like) where they have their usual meaning. Everything else is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SafeText(String);

impl SafeText {
    /// Sanitises a text of several lines: newlines are kept.
    #[must_use]
    pub fn lines(text: &str) -> Self {
        Self(sanitise(text, |out| out.push('\n')))
    }

    /// Sanitises a text for one line: newlines become spaces.
    #[must_use]
    pub fn line(text: &str) -> Self {
        Self(sanitise(text, |out| out.push(' ')))
    }

    /// The safe text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this character is kept in any context.
    #[must_use]
    pub fn keeps(c: char) -> bool {
        !is_unsafe(c)
    }

    /// Width in terminal columns, for a text of one line.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.width()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn sanitise(text: &str, newline: impl Fn(&mut String)) -> String {
    let printable = |b: u8| (0x20..0x7f).contains(&b);
    if text.bytes().all(printable) {
        return text.to_owned();
    }
    let mixes_directions = text.contains(is_direction_mark) && text.contains(is_right_to_left);
    let mut out = String::with_capacity(text.len());
    for (start, cluster) in text.grapheme_indices(true) {
        if FLAGS.contains(&cluster) {
            out.push_str(cluster);
            continue;
        }
        let mut marks = 0;
        for (at, c) in cluster.char_indices() {
            if matches!(c, ' '..='~') {
                out.push(c);
                continue;
            }
            let after = text.get(start + at + c.len_utf8()..).unwrap_or_default();
            match fate(c, &out, after, mixes_directions) {
                _ if c == '\n' => newline(&mut out),
                Fate::Kept if is_combining_mark(c) => {
                    marks += 1;
                    if marks <= COMBINING_MARKS_MAX {
                        out.push(c);
                    }
                }
                Fate::Kept => out.push(c),
                Fate::Dropped => {}
                Fate::Named => {
                    let _ = write!(out, "<U+{:04X}>", u32::from(c));
                }
            }
        }
    }
    out
}

/// The flags of England, Scotland and Wales: the only sequences of tags that Unicode recommends.
const FLAGS: [&str; 3] = [
    "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
    "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "🏴\u{e0067}\u{e0062}\u{e0077}\u{e006c}\u{e0073}\u{e007f}",
];

/// What becomes of a character.
enum Fate {
    Kept,
    Dropped,
    Named,
}

/// The fate of a character between the safe text before it and the text after it. A character that is named leaves ASCII
/// before the next one.
fn fate(c: char, before: &str, after: &str, mixes_directions: bool) -> Fate {
    let previous = before.chars().next_back();
    let base = || before.chars().rev().find(|&c| !is_combining_mark(c));
    let is_before = |test: fn(char) -> bool| after.chars().next().is_some_and(test);
    let kept_if = |is_usual: bool| if is_usual { Fate::Kept } else { Fate::Named };
    let dropped_if = |is_usual: bool| {
        // What it separates must not become one cluster with too many marks.
        let separates = previous.is_some_and(is_joiner) || is_before(is_combining_mark);
        if is_usual && !separates { Fate::Dropped } else { Fate::Named }
    };
    match c {
        _ if nothing_is_made_safe() => Fate::Kept,
        // Joiners shape emoji and some scripts; elsewhere they are only invisible.
        c if is_joiner(c) => kept_if(base().is_some_and(|base| !base.is_ascii() && !is_joiner(base))),
        '\u{fe00}'..='\u{fe0f}' => kept_if(previous.is_some_and(|previous| takes_selector(previous, c))),
        '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{e0100}'..='\u{e01ef}' => {
            kept_if(previous.is_some_and(|previous| selects_variant(previous, c)))
        }
        // A place where the word may be broken.
        '\u{ad}' => dropped_if(previous.is_some_and(is_letter) && is_before(is_letter)),
        '\u{200b}' => dropped_if(previous.is_some_and(is_unspaced) && is_before(is_unspaced)),
        '\u{180e}' => dropped_if(previous.is_some_and(is_mongolian) && is_before(is_mongolian)),
        // Its effect is that of the letters next to it.
        '\u{200e}' => {
            let is_left_to_right = |c: char| c.is_alphabetic() && !is_right_to_left(c);
            let last = last_letter_of_line(before);
            dropped_if(
                mixes_directions && (last.is_some_and(is_left_to_right) || is_before(is_left_to_right)),
            )
        }
        '\u{200f}' | '\u{61c}' => dropped_if(
            last_letter_of_line(before).is_some_and(is_right_to_left) || is_before(is_right_to_left),
        ),
        c if is_unsafe(c) => Fate::Named,
        _ => Fate::Kept,
    }
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() && is_word_char(c)
}

fn is_mongolian(c: char) -> bool {
    is_script(c, Script::Mongolian)
}

fn last_letter_of_line(text: &str) -> Option<char> {
    text.chars().rev().take_while(|&c| c != '\n').find(|c| c.is_alphabetic())
}

/// Whether a character can have this variation selector. In ASCII only the bases of keycaps have one.
fn takes_selector(base: char, selector: char) -> bool {
    match base {
        '0'..='9' | '#' | '*' => matches!(selector, '\u{fe0e}' | '\u{fe0f}'),
        base => !base.is_ascii() && !base.is_whitespace() && !is_default_ignorable(base),
    }
}

/// The marks that have no effect but that of a letter of their direction.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Letters in the blocks that Unicode reserves for scripts from right to left.
fn is_right_to_left(c: char) -> bool {
    c.is_alphabetic()
        && matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// Characters that are invisible or change the text around them. Some of them are kept or dropped in some places.
fn is_unsafe(c: char) -> bool {
    if nothing_is_made_safe() {
        return false;
    }
    c.is_control()
        || is_default_ignorable(c) && !matches!(c, '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
}

/// Whether a text has nothing that can be seen: only white space, control characters, and characters that leave nothing
/// but white.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_whitespace()
            || c.is_control()
            || is_default_ignorable(c)
            // A braille cell without dots, a note without a head, and the filler of Khitan.
            || matches!(c, '\u{2800}' | '\u{1d159}' | '\u{16fe4}')
    })
}

/// The text without white space around it; empty if nothing of it can be seen.
pub(crate) fn trim(text: &str) -> &str {
    if is_blank(text) { "" } else { text.trim() }
}

#[cfg(feature = "faults")]
static NOTHING_IS_MADE_SAFE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

#[cfg(feature = "faults")]
fn nothing_is_made_safe() -> bool {
    NOTHING_IS_MADE_SAFE.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(feature = "faults"))]
fn nothing_is_made_safe() -> bool {
    false
}

/// Turns the sanitiser off, to prove that a test notices it.
#[cfg(feature = "faults")]
pub fn make_nothing_safe() {
    NOTHING_IS_MADE_SAFE.store(true, std::sync::atomic::Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_that_could_drive_the_terminal_are_replaced() {
        assert_eq!(SafeText::line("\x1b]52;c;AAAA\x07").as_str(), "<U+001B>]52;c;AAAA<U+0007>");
        assert_eq!(SafeText::line("a\u{9b}31m").as_str(), "a<U+009B>31m");
        assert_eq!(SafeText::line("abc\u{202e}fed").as_str(), "abc<U+202E>fed");
        assert_eq!(SafeText::line("a\u{200b}b").as_str(), "a<U+200B>b");
        assert_eq!(SafeText::line("a\u{e0041}").as_str(), "a<U+E0041>");
        assert_eq!(SafeText::lines("a\r\nb\tc").as_str(), "a<U+000D>\nb<U+0009>c");
        assert_eq!(SafeText::line("a\nb").as_str(), "a b");
    }

    #[test]
    fn it_knows_the_characters_that_it_keeps_and_its_width() {
        assert!(SafeText::keeps('日') && !SafeText::keeps('\u{202e}'));
        let text = SafeText::line("日本\x07");
        assert_eq!((text.width(), format!("{text:>12}").as_str()), (12, "  日本<U+0007>"));
    }

    #[test]
    fn ordinary_text_of_any_script_is_kept() {
        for text in ["héllo", "日本語", "👩‍🚀 🇩🇪 ❤️", "שלום", "मैं क्ष", "می\u{200c}خواهم"]
        {
            assert_eq!(SafeText::line(text).as_str(), text);
        }
    }

    #[test]
    fn joiners_after_ascii_are_replaced_and_combining_marks_limited() {
        assert_eq!(SafeText::line("a\u{200d}b").as_str(), "a<U+200D>b");
        // Also after a replacement, which is ASCII.
        assert_eq!(SafeText::line("\u{16}\u{316}\u{200c}").as_str(), "<U+0016>\u{316}<U+200C>");
        assert_eq!(SafeText::line("é\u{e0041}\u{200d}").as_str(), "é<U+E0041><U+200D>");
        // A prepended mark forms one cluster with the space after it.
        assert_eq!(SafeText::line("\u{600} \u{200d}").as_str(), "\u{600} <U+200D>");
        let pile = format!("a{}", "\u{316}".repeat(50));
        assert_eq!(SafeText::line(&pile).as_str().chars().count(), 9);
    }

    #[test]
    fn the_recommended_flags_are_kept_and_other_tags_are_named() {
        let flag = |code: &str| {
            let tags: String = code.bytes().filter_map(|b| char::from_u32(0xe0000 + u32::from(b))).collect();
            format!("🏴{tags}\u{e007f}")
        };
        for kept in ["gbeng", "gbsct", "gbwls"] {
            let safe = SafeText::line(&flag(kept));
            assert_eq!((safe.as_str(), safe.width()), (flag(kept).as_str(), 2));
        }
        let named = "🏴<U+E0064><U+E0065><U+E0062><U+E0065><U+E007F>";
        assert_eq!(SafeText::line(&flag("debe")).as_str(), named);
        assert_eq!(SafeText::line(&format!("{}\u{e0041}", flag("gbsct"))).as_str().matches("<U+").count(), 7);
    }

    #[test]
    fn invisible_characters_of_ordinary_text_leave_it_readable() {
        for (text, safe) in [
            // Direction marks next to letters of their direction.
            ("\u{200f}שלום", "שלום"),
            ("שלום (a)\u{200f}", "שלום (a)<U+200F>"),
            ("שלום!\u{200f}", "שלום!"),
            ("سلام\u{61c}", "سلام"),
            ("שלום C++\u{200e} שלום", "שלום C++ שלום"),
            ("abc\u{200f}", "abc<U+200F>"),
            ("ad\u{200e}min", "ad<U+200E>min"),
            ("שלום\u{200e}", "שלום<U+200E>"),
            ("שלום\n\u{200f}abc", "שלום\n<U+200F>abc"),
            // Places where a word may be broken.
            ("Donau\u{ad}dampfer", "Donaudampfer"),
            ("a\u{ad}", "a<U+00AD>"),
            ("\u{ad}\u{ad}a", "<U+00AD><U+00AD>a"),
            ("សួស្តី\u{200b}ពិភពលោក", "សួស្តីពិភពលោក"),
            ("a\u{200b}ក", "a<U+200B>ក"),
            // Variants of letters.
            ("ᠮᠣᠩᠭᠣᠯ\u{180b}", "ᠮᠣᠩᠭᠣᠯ\u{180b}"),
            ("ᠠ\u{180e}ᠠ", "ᠠᠠ"),
            ("a\u{180b}", "a<U+180B>"),
            ("ᠠ\u{180b}\u{180b}", "ᠠ\u{180b}<U+180B>"),
            ("葛\u{e0100}城", "葛\u{e0100}城"),
            ("a\u{e0100}", "a<U+E0100>"),
            ("❤\u{fe0f} 1\u{fe0f}\u{20e3} #\u{fe0e}", "❤\u{fe0f} 1\u{fe0f}\u{20e3} #\u{fe0e}"),
            ("\u{fe0f} a\u{fe0f} ❤\u{fe0f}\u{fe0f}", "<U+FE0F> a<U+FE0F> ❤\u{fe0f}<U+FE0F>"),
            // Nothing reorders the line outside of its text.
            ("שלום\u{202e}\u{2067}", "שלום<U+202E><U+2067>"),
        ] {
            assert_eq!(SafeText::lines(text).as_str(), safe, "{text:?}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_seen_is_blank() {
        for text in [
            "",
            " \n",
            "\u{3164}",
            "\u{2800}\u{2800}",
            "\u{ad}",
            "\u{fe0f}",
            "\u{200b}\u{2060}\u{feff}",
            "\u{e0041}",
        ] {
            assert!(is_blank(text), "{text:?}");
            assert_eq!(trim(text), "");
        }
        for text in ["a", "\u{301}", "·", "❤\u{fe0f}"] {
            assert!(!is_blank(text), "{text:?}");
        }
        assert_eq!(trim(" a \n"), "a");
    }

    const UNSAFE: [char; 4] = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{e0041}'];

    proptest! {
        #[test]
        fn nothing_dangerous_is_left_and_a_second_pass_changes_nothing(text in any::<String>()) {
            let safe = SafeText::lines(&text);
            prop_assert!(!safe.as_str().chars().any(|c| c != '\n' && c.is_control()));
            prop_assert!(!safe.as_str().contains(UNSAFE));
            prop_assert_eq!(SafeText::lines(safe.as_str()), safe);
        }
    }
}
