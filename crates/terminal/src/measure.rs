//! Text width and line breaking. All code measures with this module, so that cells, carets and wrapping agree.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Columns of a grapheme cluster: 1 or 2, because a terminal cannot show less than a cell.
#[must_use]
pub fn cluster_columns(cluster: &str) -> usize {
    cluster.width().clamp(1, 2)
}

/// Columns of a line of text.
#[must_use]
pub fn columns(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(cluster_columns).sum() }
}

/// The text shortened to `width` columns, ending in `…` if it was longer.
#[must_use]
pub fn fit(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut taken = String::new();
    let mut used = 0;
    for cluster in text.graphemes(true) {
        used += cluster_columns(cluster);
        if used + 1 > width {
            break;
        }
        taken.push_str(cluster);
    }
    if width > 0 {
        taken.push('…');
    }
    taken
}

/// Wraps a text at `width` columns (at least 2) and returns byte ranges. Lines break at newlines, else between words if
/// possible. Spaces at a break belong to the line before it and may exceed the width.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<Range<usize>> {
    let width = width.max(2);
    let mut lines = Vec::new();
    let mut start = 0;
    for paragraph in text.split('\n') {
        wrap_paragraph(paragraph, start, width, &mut lines);
        start += paragraph.len() + 1;
    }
    lines
}

/// A place where a line can end: its byte offset, and the columns of the line up to it.
type Break = (usize, usize);

fn wrap_paragraph(text: &str, offset: usize, width: usize, lines: &mut Vec<Range<usize>>) {
    let mut start = 0;
    let mut used = 0;
    // The last place between two words, and the last one in a path or an address, for a word that is longer than a line.
    let (mut between, mut inside): (Option<Break>, Option<Break>) = (None, None);
    for (at, cluster) in text.grapheme_indices(true) {
        let columns = cluster_columns(cluster);
        let is_space = cluster == " ";
        while used + columns > width && !is_space && start < at {
            let is_here = |(end, _): &Break| *end > start;
            let (end, before) = between.filter(is_here).or(inside.filter(is_here)).unwrap_or((at, used));
            lines.push(offset + start..offset + end);
            start = end;
            used -= before;
            between = None;
            inside = inside
                .filter(|(inside, _)| *inside > end)
                .map(|(inside, columns)| (inside, columns - before));
        }
        used += columns;
        let after = at + cluster.len();
        if is_space || columns == 2 {
            between = Some((after, used));
        } else if cluster == "/" && is_between_names(text, at) {
            inside = Some((after, used));
        }
    }
    lines.push(offset + start..offset + text.len());
}

/// Whether the `/` at this byte offset is between two names, and no part of `//`.
fn is_between_names(text: &str, at: usize) -> bool {
    let is_name = |c: char| c != '/' && c != ' ';
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + 1..).and_then(|after| after.chars().next());
    before.is_some_and(is_name) && after.is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str, width: usize) -> Vec<&str> {
        wrap(text, width).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(lines("one two three", 8), ["one two ", "three"]);
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(lines("", 4), [""]);
        assert_eq!(lines("日本語です", 5), ["日本", "語で", "す"]);
        assert_eq!(lines("a very", 2), ["a ", "ve", "ry"]);
    }

    #[test]
    fn a_path_or_an_address_that_is_longer_than_a_line_breaks_between_its_names() {
        assert_eq!(
            lines("~/.local/share/mini-tweet/settings", 26),
            ["~/.local/share/mini-tweet/", "settings"]
        );
        assert_eq!(lines("in /home/ada/notes now", 10), ["in ", "/home/ada/", "notes now"]);
        assert_eq!(lines("https://example.org/notes", 21), ["https://example.org/", "notes"]);
        assert_eq!(lines("https://example.org", 12), ["https://exam", "ple.org"], "not in //");
        assert_eq!(lines("a/abcdefghij/b", 6), ["a/", "abcdef", "ghij/b"]);
        assert_eq!(lines("one/two three", 8), ["one/two ", "three"], "a word that fits stays whole");
    }

    #[test]
    fn a_shortened_text_ends_in_an_ellipsis() {
        assert_eq!(fit("hello", 5), "hello");
        assert_eq!(fit("hello!", 5), "hell…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
    }

    #[test]
    fn emoji_and_combining_marks_are_one_character() {
        assert_eq!(columns("👩‍🚀"), 2);
        assert_eq!(columns("e\u{301}"), 1);
        assert_eq!(columns("🇩🇪"), 2);
        assert_eq!(columns("שלום"), 4);
    }

    proptest! {
        #[test]
        fn wrapping_keeps_all_text_and_no_line_is_too_wide(text in "[a-z/ 日本👩🏽🚀é\\n]{0,60}", width in 2_usize..20) {
            let lines = lines(&text, width);
            prop_assert_eq!(lines.concat(), text.replace('\n', ""));
            for line in lines {
                prop_assert!(columns(line.trim_end_matches(' ')) <= width, "{line:?}");
            }
        }
    }
}
