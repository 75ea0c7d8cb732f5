//! Rules for what people write: what is acceptable, how long it is, and which parts of it are links,
//! hashtags and mentions.

use std::fmt;
use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::UnicodeSegmentation;

use crate::limits::{
    COMBINING_MARKS_MAX, HASHTAG_CHARS_MAX, HASHTAGS_MAX, LINK_GRAPHEMES, MENTIONS_MAX, TWEET_BYTES_MAX,
    TWEET_GRAPHEMES_MAX, USERNAME_CHARS_MAX,
};
use crate::{Error, Result, SafeText, Username};

/// The text of a tweet or direct message: not empty, NFC, no control characters but the newline, not too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TweetText {
    text: String,
    hashtags: Vec<Hashtag>,
    mentions: Vec<Username>,
}

impl TweetText {
    /// From what a person wrote; white space at both ends is dropped.
    ///
    /// # Errors
    /// `INVALID{text}` with what to change.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::invalid("text", "is empty"));
        }
        check_text("text", text, Lines::Many, TWEET_GRAPHEMES_MAX, TWEET_BYTES_MAX)?;
        let (hashtags, mentions) = hashtags_and_mentions(text);
        if hashtags.len() > HASHTAGS_MAX {
            return Err(Error::invalid("text", format!("has more than {HASHTAGS_MAX} hashtags")));
        }
        if mentions.len() > MENTIONS_MAX {
            return Err(Error::invalid("text", format!("mentions more than {MENTIONS_MAX} people")));
        }
        Ok(Self { text: text.to_owned(), hashtags, mentions })
    }

    /// As sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The different hashtags, in the order of their first use.
    #[must_use]
    pub fn hashtags(&self) -> &[Hashtag] {
        &self.hashtags
    }

    /// The different people mentioned, in the order of their first mention.
    #[must_use]
    pub fn mentions(&self) -> &[Username] {
        &self.mentions
    }
}

/// Whether a field may have several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    One,
    Many,
}

/// What every text that others will see must fulfil.
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
    // ASCII has one form and no marks, and most texts are ASCII.
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

/// The same text in normal form C, which is what a server takes: keyboards and files of some systems give another.
#[must_use]
pub fn to_nfc(text: &str) -> String {
    text.nfc().collect()
}

/// The length of a text as people count it: grapheme clusters, a link counting as 23. The one function that
/// the server enforces and that clients show.
#[must_use]
pub fn count_graphemes(text: &str) -> usize {
    // Most tweets are ASCII without a link: their bytes are their graphemes (CR LF, the one exception, is
    // refused).
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

fn links(text: &str) -> Vec<Range<usize>> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    finder
        .links(text)
        .filter(|link| link.as_str().starts_with("http://") || link.as_str().starts_with("https://"))
        .map(|link| link.start()..link.end())
        .collect()
}

/// A hashtag without its `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashtag {
    name: String,
    key: String,
}

impl Hashtag {
    /// From a name with or without `#`.
    ///
    /// # Errors
    /// `INVALID{hashtag}` when it is not letters, digits and `_` with at least one letter.
    pub fn parse(text: &str) -> Result<Self> {
        let name = text.strip_prefix('#').unwrap_or(text);
        let name: String = name.nfc().collect();
        let acceptable = name.chars().next().is_some_and(|c| !is_combining_mark(c))
            && name.chars().all(is_hashtag_char)
            && name.chars().any(char::is_alphabetic);
        if !acceptable {
            return Err(Error::invalid(
                "hashtag",
                "can have only letters, digits and _, and needs at least one letter",
            ));
        }
        if name.chars().count() > HASHTAG_CHARS_MAX {
            return Err(Error::invalid("hashtag", format!("is longer than {HASHTAG_CHARS_MAX} characters")));
        }
        let key = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
        Ok(Self { name, key })
    }

    /// As written.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Case-folded: two hashtags are the same when their keys are.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for Hashtag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.name)
    }
}

fn is_hashtag_char(c: char) -> bool {
    // Some letters cannot be seen, as the fillers of Hangul: nobody could tell such hashtags apart.
    (c.is_alphanumeric() || c == '_' || is_combining_mark(c)) && SafeText::keeps(c)
}

/// A part of a text that is more than words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A link to the web.
    Link,
    /// A hashtag.
    Hashtag(Hashtag),
    /// A mention; whether such an account exists is not known here.
    Mention(Username),
}

/// The links, hashtags and mentions of a text with their byte ranges, in order. `C#`, `#1`, fragments of URLs
/// and e-mail addresses are none.
#[must_use]
pub fn entities(text: &str) -> Vec<(Range<usize>, Entity)> {
    let mut found = Vec::new();
    if !text.contains(['#', '@']) && !text.contains("://") {
        return found;
    }
    // URLs and e-mail addresses come first: nothing inside them is a hashtag or a mention.
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url, LinkKind::Email]);
    let mut end = 0;
    for link in finder.links(text) {
        marks_in(text, end..link.start(), &mut found);
        end = link.end();
        let url = link.as_str();
        if url.starts_with("http://") || url.starts_with("https://") {
            found.push((link.start()..link.end(), Entity::Link));
        }
    }
    marks_in(text, end..text.len(), &mut found);
    found
}

/// Hashtags and mentions in a range without links.
fn marks_in(text: &str, range: Range<usize>, found: &mut Vec<(Range<usize>, Entity)>) {
    let mut at = range.start;
    while let Some(start) = text.get(at..range.end).and_then(|rest| rest.find(['#', '@'])).map(|n| at + n) {
        at = start + 1;
        let before = text.get(..start).and_then(|t| t.chars().next_back());
        let body = text.get(at..range.end).unwrap_or_default();
        let is_hashtag = text.get(start..).is_some_and(|t| t.starts_with('#'));
        if before.is_some_and(|c| is_hashtag_char(c) || matches!(c, '#' | '@' | '&' | '/')) {
            continue;
        }
        let length = if is_hashtag {
            body.find(|c| !is_hashtag_char(c)).unwrap_or(body.len())
        } else {
            body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len())
        };
        let Some(name) = body.get(..length) else { continue };
        let entity = if is_hashtag {
            Hashtag::parse(name).ok().map(Entity::Hashtag)
        } else if length > USERNAME_CHARS_MAX || body.get(length..).is_some_and(goes_on_as_word) {
            None
        } else {
            Username::parse(name).ok().map(Entity::Mention)
        };
        at += length;
        if let Some(entity) = entity {
            found.push((start..at, entity));
        }
    }
}

/// Whether a mention that ended here is really the beginning of another word, as in `@adä` or `@a@b`.
fn goes_on_as_word(rest: &str) -> bool {
    rest.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '@')
}

fn hashtags_and_mentions(text: &str) -> (Vec<Hashtag>, Vec<Username>) {
    let (mut hashtags, mut mentions) = (Vec::<Hashtag>::new(), Vec::new());
    for (_, entity) in entities(text) {
        match entity {
            Entity::Hashtag(tag) if hashtags.iter().all(|t| t.key != tag.key) => hashtags.push(tag),
            Entity::Mention(username) if !mentions.contains(&username) => mentions.push(username),
            _ => {}
        }
    }
    (hashtags, mentions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(text: &str) -> Vec<String> {
        hashtags_and_mentions(text).0.into_iter().map(|t| t.name).collect()
    }

    fn mentions(text: &str) -> Vec<String> {
        hashtags_and_mentions(text).1.into_iter().map(|u| u.to_string()).collect()
    }

    #[test]
    fn hashtags_are_letters_digits_and_underscores_of_any_script() {
        assert_eq!(
            tags("#rust, #日本語 (#Über_1) #हिन्दी! #e\u{301}te"),
            ["rust", "日本語", "Über_1", "हिन्दी", "éte"]
        );
    }

    #[test]
    fn what_only_looks_like_a_hashtag_is_none() {
        for text in
            ["C#", "C#sharp", "#1", "# a", "#", "##", "a#b", "&#39;", "https://example.org/#frag", "/#x"]
        {
            assert_eq!(tags(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_hashtag_ends_where_it_cannot_be_seen() {
        assert_eq!(tags("#\u{3164} #\u{ffa0}rust #rust\u{115f}y"), ["rust"]);
    }

    #[test]
    fn hashtags_match_whatever_their_case_and_are_kept_as_first_written() {
        assert_eq!(tags("#Rust #RUST #rust"), ["Rust"]);
        assert_eq!(Hashtag::parse("#ÜBER").unwrap().key(), Hashtag::parse("über").unwrap().key());
        assert_eq!(Hashtag::parse("ｆｕｌｌ").unwrap().key(), "full");
    }

    #[test]
    fn mentions_are_usernames_but_not_e_mail_addresses() {
        assert_eq!(mentions("@Ada: hi (@bob_1), @ada"), ["ada", "bob_1"]);
        for text in ["ada@example.org", "@", "a@b", "@adä", "@a@b", "https://x.org/@ada", "@@ada"] {
            assert_eq!(mentions(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_link_counts_as_23_whatever_its_length() {
        let long = format!("see https://example.org/{}", "x".repeat(400));
        assert_eq!(count_graphemes(&long), 4 + 23);
        assert_eq!(count_graphemes("https://a.io"), 23);
        assert_eq!(count_graphemes("日本 https://a.io/x."), 3 + 23 + 1);
    }

    #[test]
    fn what_people_see_as_one_character_counts_as_one() {
        assert_eq!(count_graphemes("👩‍🚀🇩🇪é"), 3);
    }

    #[test]
    fn the_longest_text_is_taken_and_one_more_is_refused() {
        assert!(TweetText::parse(&"é".repeat(500)).is_ok());
        assert!(TweetText::parse(&"é".repeat(501)).is_err());
        assert!(TweetText::parse(&"👩‍🚀".repeat(364)).is_err(), "more than 4,000 bytes");
    }

    #[test]
    fn unsafe_text_is_refused_with_the_reason() {
        let cases = [
            ("", "is empty"),
            (" \n ", "is empty"),
            ("a\u{1b}[31m", "has the control character U+001B"),
            ("a\u{9b}", "has the control character U+009B"),
            ("a\0b", "has the control character U+0000"),
            ("a\rb", "has the control character U+000D"),
            ("e\u{301}", "is not in Unicode normalization form C (NFC)"),
            (
                "x\u{316}\u{316}\u{316}\u{316}\u{316}\u{316}\u{316}\u{316}\u{316}",
                "has more than 8 combining marks on one character",
            ),
        ];
        for (text, expected) in cases {
            let Err(Error::Invalid { field, reason }) = TweetText::parse(text) else {
                panic!("{text:?} was taken")
            };
            assert_eq!((&*field, &*reason), ("text", expected));
        }
    }

    #[test]
    fn too_many_hashtags_or_mentions_are_refused() {
        let many = |sign: char, n: usize| (0..n).map(|i| format!("{sign}x{i} ")).collect::<String>();
        assert!(TweetText::parse(&many('#', 30)).is_ok());
        assert!(TweetText::parse(&many('#', 31)).is_err());
        assert!(TweetText::parse(&many('@', 31)).is_err());
    }

    proptest! {
        #[test]
        fn entities_lie_in_order_on_character_boundaries(text in "[#@a-z0-9_ :/.é日\u{301}👩&\n-]{0,80}") {
            let mut end = 0;
            for (range, entity) in entities(&text) {
                prop_assert!(range.start >= end && range.end > range.start);
                let part = text.get(range.clone());
                prop_assert!(part.is_some());
                if let Entity::Hashtag(tag) = entity {
                    prop_assert_eq!(Hashtag::parse(tag.name()).unwrap(), tag);
                }
                end = range.end;
            }
        }

        #[test]
        fn counting_never_exceeds_characters_plus_links(text in "\\PC{0,60}") {
            prop_assert!(count_graphemes(&text) <= text.chars().count() + LINK_GRAPHEMES * text.matches("://").count());
        }
    }
}
