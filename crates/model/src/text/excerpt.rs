//! The beginning of a text, where there is no space for all of it.

use unicode_segmentation::UnicodeSegmentation as _;

/// The beginning of a text on one line: at most so many characters, cut between words where that loses little, never
/// inside a grapheme cluster, and with `…` at the end if something is missing.
pub(crate) fn first_words(text: &str, chars_max: usize) -> String {
    let mut line = String::new();
    let mut chars = 0;
    // What is left out is known only at the end: `line` may fill the whole length until then.
    for word in text.split_whitespace() {
        if chars > 0 {
            line.push(' ');
            chars += 1;
        }
        for cluster in word.graphemes(true) {
            let more = cluster.chars().count();
            if chars + more > chars_max {
                return cut(&line, chars_max);
            }
            line.push_str(cluster);
            chars += more;
        }
    }
    line
}

/// Makes space for the ellipsis. A word that is cut is left out if it is a small part of the line.
fn cut(line: &str, chars_max: usize) -> String {
    let mut end = 0;
    let mut chars = 0;
    for (start, cluster) in line.grapheme_indices(true) {
        chars += cluster.chars().count();
        if chars >= chars_max {
            break;
        }
        end = start + cluster.len();
    }
    let kept = line.get(..end).unwrap_or(line);
    let is_word_cut = !line.get(end..).is_some_and(|rest| rest.starts_with(' '));
    let whole_words = kept.rsplit_once(' ').map(|(words, _)| words);
    let shorter = whole_words.filter(|words| is_word_cut && words.len() * 2 > kept.len());
    let kept = shorter.unwrap_or(kept);
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_shown_whole_on_one_line() {
        assert_eq!(first_words("How long\ndid  it take?", 80), "How long did it take?");
        assert_eq!(first_words(&"x".repeat(80), 80), "x".repeat(80));
    }

    #[test]
    fn a_long_text_ends_between_words_with_an_ellipsis() {
        assert_eq!(first_words("one two three four", 12), "one two…");
        assert_eq!(first_words("one two three four", 14), "one two three…");
        assert_eq!(first_words(&"x".repeat(81), 80), format!("{}…", "x".repeat(79)));
        assert_eq!(first_words("日本語日本語", 4), "日本語…");
    }

    #[test]
    fn a_grapheme_cluster_stays_whole() {
        let family = "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}";
        assert_eq!(first_words(&format!("ab{family}{family}"), 8), format!("ab{family}…"));
        for chars_max in 1..20 {
            let shown = first_words(&format!("{family} a\u{301}b {family}"), chars_max);
            assert!(shown.chars().count() <= chars_max, "{chars_max}: {shown:?}");
        }
    }
}
