//! Text that is safe on a terminal. Text of other people must never move the cursor, set the clipboard, reverse the
//! line or imitate other output.

use std::fmt::{self, Write as _};

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::limits::COMBINING_MARKS_MAX;

/// Text that can be written to a terminal as it is. Only the sanitiser makes one.
///
/// Control characters, bidirectional controls, invisible and tag characters are replaced by text such as `<U+202E>`;
/// combining marks after the eighth on one character are dropped. Everything else is kept.
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
    let mut out = String::with_capacity(text.len());
    for cluster in text.graphemes(true) {
        // Whether the last character, combining marks aside, was kept and is not ASCII: then a joiner is allowed.
        let mut joins = false;
        let mut marks = 0;
        for c in cluster.chars() {
            match c {
                '\n' => newline(&mut out),
                // Joiners shape emoji and some scripts; elsewhere they are only invisible.
                '\u{200c}' | '\u{200d}' if joins => out.push(c),
                c if is_unsafe(c) => {
                    // The replacement is ASCII.
                    joins = false;
                    let _ = write!(out, "<U+{:04X}>", u32::from(c));
                }
                c if is_combining_mark(c) => {
                    marks += 1;
                    if marks <= COMBINING_MARKS_MAX {
                        out.push(c);
                    }
                }
                c => {
                    joins = !c.is_ascii();
                    out.push(c);
                }
            }
        }
    }
    out
}

/// Characters that are invisible or change the text around them.
fn is_unsafe(c: char) -> bool {
    #[cfg(feature = "faults")]
    if NOTHING_IS_MADE_SAFE.load(std::sync::atomic::Ordering::Relaxed) {
        return false;
    }
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(feature = "faults")]
static NOTHING_IS_MADE_SAFE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

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
