//! Rules for the texts that people write: which characters are acceptable, and how long a text is.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::UnicodeSegmentation;

use super::link::{Address, addresses};
use crate::error::{Error, Result};
use crate::limits::{COMBINING_MARKS_MAX, LINK_GRAPHEMES};

/// Whether a field may have several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    One,
    Many,
}

/// Checks the rules for every text that others can see.
///
/// # Errors
/// `INVALID{field}` with the first rule that it breaks.
pub(crate) fn check_text(
    field: &'static str,
    text: &str,
    lines: Lines,
    graphemes_max: usize,
    bytes_max: usize,
) -> Result<()> {
    if text.len() > bytes_max {
        return Err(Error::invalid(field, format!("is longer than {bytes_max} bytes")));
    }
    if let Some(c) = text.chars().find(|&c| c.is_control() && !(c == '\n' && lines == Lines::Many)) {
        let name = u32::from(c);
        return Err(Error::invalid(field, format!("has the control character U+{name:04X}")));
    }
    // Most texts are ASCII, which is always NFC and has no combining marks.
    if !text.is_ascii() {
        if !is_nfc(text) {
            return Err(Error::invalid(field, "is not in Unicode normalization form C (NFC)"));
        }
        let marks = |g: &str| g.chars().filter(|&c| is_combining_mark(c)).count();
        if text.graphemes(true).any(|g| marks(g) > COMBINING_MARKS_MAX) {
            let reason = format!("has more than {COMBINING_MARKS_MAX} combining marks on one character");
            return Err(Error::invalid(field, reason));
        }
    }
    let graphemes = count_graphemes(text);
    if graphemes > graphemes_max {
        let surplus = graphemes - graphemes_max;
        let unit = if surplus == 1 { "character" } else { "characters" };
        return Err(Error::invalid(field, format!("is {surplus} {unit} too long (at most {graphemes_max})")));
    }
    Ok(())
}

/// The text in Unicode normalization form C, the only one that servers accept. Keyboards and files of some systems use
/// another.
#[must_use]
pub fn to_nfc(text: &str) -> String {
    text.nfc().collect()
}

/// The length of a text as people see it: grapheme clusters, with [`LINK_GRAPHEMES`] for every link. The server enforces
/// this length, and clients show it.
#[must_use]
pub fn count_graphemes(text: &str) -> usize {
    // Most tweets are ASCII without a link: each byte is a grapheme (except CR LF, which is refused).
    if text.is_ascii() && !text.contains("://") && !text.contains('\r') {
        return text.len();
    }
    let mut count = 0;
    let mut end = 0;
    for link in links(text) {
        count += plain_graphemes(text, end..link.start) + LINK_GRAPHEMES;
        end = link.end;
    }
    count + plain_graphemes(text, end..text.len())
}

fn plain_graphemes(text: &str, range: Range<usize>) -> usize {
    text.get(range).map_or(0, |part| part.graphemes(true).count())
}

fn links(text: &str) -> impl Iterator<Item = Range<usize>> {
    addresses(text).into_iter().filter(|(_, address)| *address == Address::Link).map(|(range, _)| range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_link_of_any_length_counts_as_23() {
        let long = format!("see https://example.org/{}", "x".repeat(400));
        assert_eq!(count_graphemes(&long), 4 + 23);
        assert_eq!(count_graphemes("https://a.io"), 23);
        assert_eq!(count_graphemes("日本 https://a.io/x."), 3 + 23 + 1);
    }

    #[test]
    fn a_grapheme_cluster_counts_as_one() {
        assert_eq!(count_graphemes("👩‍🚀🇩🇪é"), 3);
    }

    proptest! {
        #[test]
        fn counting_never_exceeds_characters_plus_links(text in "\\PC{0,60}") {
            prop_assert!(count_graphemes(&text) <= text.chars().count() + LINK_GRAPHEMES * text.matches("://").count());
        }
    }
}
