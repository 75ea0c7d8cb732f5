//! Splits a long text into the tweets of a thread.

use model::{Entity, count_graphemes, entities};
use unicode_segmentation::UnicodeSegmentation as _;

/// A part that ends with a sentence is preferred if it is at least this large a part of what fits: one in …
const PART_MIN: usize = 3;

/// Splits a text into parts of a maximum length, each with its number at the end: after sentences where that does not
/// make parts very short, otherwise between words, and inside a word only if it does not fit into a part.
#[must_use]
pub fn split(text: &str, graphemes_max: usize) -> Vec<String> {
    if count_graphemes(text) <= graphemes_max {
        return vec![text.to_owned()];
    }
    // Leave space for " 10/12".
    let available = graphemes_max.saturating_sub(6).max(1);
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for sentence in sentences(text) {
        if !fits(&part, sentence, available) {
            if count_graphemes(part.trim_end()) * PART_MIN >= available {
                end_part(&mut part, &mut parts);
            }
            add_words(sentence, available, &mut part, &mut parts);
        } else {
            part.push_str(sentence);
        }
    }
    end_part(&mut part, &mut parts);
    let all = parts.len();
    (1..).zip(parts).map(|(number, part)| format!("{part} {number}/{all}")).collect()
}

/// A part without the number that [`split`] gave it.
#[must_use]
pub(crate) fn without_number(part: &str) -> &str {
    part.rsplit_once(' ').map_or(part, |(text, _)| text)
}

/// The sentences of a text. A question mark or a dot in a link ends none.
fn sentences(text: &str) -> Vec<&str> {
    let links: Vec<_> = entities(text).into_iter().filter(|(_, entity)| *entity == Entity::Link).collect();
    let is_in_link = |at: usize| links.iter().any(|(range, _)| range.start < at && at < range.end);
    let ends = text.split_sentence_bound_indices().map(|(start, sentence)| start + sentence.len());
    let mut all = Vec::new();
    let mut start = 0;
    for end in ends.filter(|end| !is_in_link(*end)) {
        all.extend(text.get(start..end));
        start = end;
    }
    all
}

fn fits(part: &str, more: &str, available: usize) -> bool {
    count_graphemes(format!("{part}{more}").trim()) <= available
}

fn end_part(part: &mut String, parts: &mut Vec<String>) {
    let ended = std::mem::take(part);
    if !ended.trim().is_empty() {
        parts.push(ended.trim().to_owned());
    }
}

/// Adds a sentence word by word. White space alone separates its words, so that no link is cut.
fn add_words(sentence: &str, available: usize, part: &mut String, parts: &mut Vec<String>) {
    for word in sentence.split_inclusive(char::is_whitespace) {
        if !fits(part, word, available) {
            if fits("", word, available) {
                end_part(part, parts);
            } else {
                add_pieces(word, available, part, parts);
                continue;
            }
        }
        part.push_str(word);
    }
}

/// Adds what is longer than a part: text without spaces between its words, or one very long word.
fn add_pieces(long: &str, available: usize, part: &mut String, parts: &mut Vec<String>) {
    for word in long.split_word_bounds() {
        if fits(part, word, available) {
            part.push_str(word);
            continue;
        }
        end_part(part, parts);
        for cluster in word.graphemes(true) {
            if !fits(part, cluster, available) {
                end_part(part, parts);
            }
            part.push_str(cluster);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts without their numbers.
    fn without_numbers(parts: &[String]) -> Vec<&str> {
        parts.iter().map(|part| without_number(part)).collect()
    }

    #[test]
    fn a_long_text_becomes_a_thread_between_words() {
        let text = "one two three four five six seven eight nine ten";
        let parts = split(text, 20);
        assert!(parts.iter().all(|part| count_graphemes(part) <= 20), "{parts:?}");
        assert_eq!(parts.first().map(String::as_str), Some("one two three 1/4"));
        assert_eq!(without_numbers(&parts).join(" "), text);
        assert!(split(&"x".repeat(50), 20).iter().all(|part| count_graphemes(part) <= 20));
        assert_eq!(split("short", 20), ["short"]);
    }

    #[test]
    fn a_part_ends_with_a_sentence_or_a_paragraph_if_it_is_not_very_short() {
        let parts =
            split("First sentence here. Second one. A third sentence that goes on! And the last?", 40);
        let texts = without_numbers(&parts);
        assert_eq!(
            texts,
            ["First sentence here. Second one.", "A third sentence that goes on!", "And the last?"]
        );
        let parts = split("A title of words\n\nthen a paragraph without any full stop at all", 40);
        assert_eq!(without_numbers(&parts).first(), Some(&"A title of words"));
        // "No." alone would be a very short part.
        let parts = split("No. This is one sentence and it is much longer than what fits into a part", 40);
        assert!(without_numbers(&parts)[0].starts_with("No. This is one"), "{parts:?}");
    }

    #[test]
    fn no_link_is_cut() {
        let link = "https://example.org/a/long/path?with=many&parts=of-it";
        let parts = split(&format!("{} {link} {}", "word ".repeat(6), "more ".repeat(10)), 50);
        assert!(parts.iter().any(|part| part.contains(link)), "{parts:?}");
    }

    #[test]
    fn texts_without_spaces_are_cut_between_words_of_their_script() {
        let text = "今日は東京で面白い展覧会を見ました。明日は京都へ行きます。".repeat(4);
        let parts = split(&text, 40);
        assert!(parts.iter().all(|part| count_graphemes(part) <= 40), "{parts:?}");
        assert_eq!(without_numbers(&parts).concat(), text);
        assert!(without_numbers(&parts).iter().all(|part| part.ends_with('。')), "{parts:?}");
    }
}
