//! The text of a tweet or direct message.

use crate::error::{Error, Result};
use crate::limits::{HASHTAGS_MAX, MENTIONS_MAX, TWEET_BYTES_MAX, TWEET_GRAPHEMES_MAX};
use crate::name::Username;
use crate::text::{Entity, Hashtag, Lines, check_text, entities, is_blank};

/// The text of a tweet or direct message: not empty, in NFC, without control characters except newline, within the limits
/// on length, hashtags and mentions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TweetText {
    text: String,
    hashtags: Vec<Hashtag>,
    mentions: Vec<Username>,
}

impl TweetText {
    /// Checks a text; white space at both ends is dropped.
    ///
    /// # Errors
    /// `INVALID{text}` with the first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self> {
        if text.trim().is_empty() {
            return Err(Error::invalid("text", "is empty"));
        }
        // A control character has a reason of its own.
        if is_blank(text) && !text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(Error::invalid("text", "has only characters that cannot be seen: write something"));
        }
        let text = text.trim();
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

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its hashtags, each once, in the order of their first use.
    #[must_use]
    pub fn hashtags(&self) -> &[Hashtag] {
        &self.hashtags
    }

    /// The usernames it mentions, each once, in order.
    #[must_use]
    pub fn mentions(&self) -> &[Username] {
        &self.mentions
    }
}

/// The hashtags and mentions of a text, each once, in the order of their first use.
#[must_use]
pub fn hashtags_and_mentions(text: &str) -> (Vec<Hashtag>, Vec<Username>) {
    let (mut hashtags, mut mentions) = (Vec::<Hashtag>::new(), Vec::new());
    for (_, entity) in entities(text) {
        match entity {
            Entity::Hashtag(tag) if hashtags.iter().all(|t| t.key() != tag.key()) => hashtags.push(tag),
            Entity::Mention(username) if !mentions.contains(&username) => mentions.push(username),
            _ => {}
        }
    }
    (hashtags, mentions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> String {
        match TweetText::parse(text) {
            Err(Error::Invalid { field, reason }) if field == "text" => reason.into_owned(),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn hashtags_and_mentions_are_listed_once_as_first_written() {
        let text = TweetText::parse("@Ada #Rust #RUST @bob @ada #rust").unwrap();
        assert_eq!(text.hashtags().iter().map(Hashtag::name).collect::<Vec<_>>(), ["Rust"]);
        assert_eq!(text.mentions().iter().map(Username::as_str).collect::<Vec<_>>(), ["ada", "bob"]);
    }

    #[test]
    fn the_longest_text_is_accepted_and_one_more_is_refused() {
        TweetText::parse(&"é".repeat(500)).unwrap();
        assert_eq!(reason(&"é".repeat(501)), "is 1 character too long (at most 500)");
        assert_eq!(reason(&"é".repeat(502)), "is 2 characters too long (at most 500)");
        assert_eq!(reason(&"👩‍🚀".repeat(364)), "is longer than 4000 bytes");
    }

    #[test]
    fn unsafe_text_is_refused_with_the_reason() {
        let cases = [
            ("", "is empty"),
            (" \n ", "is empty"),
            ("\u{3164}\u{2800}\u{ad}\u{fe0f}", "has only characters that cannot be seen: write something"),
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
            assert_eq!(reason(text), expected, "{text:?}");
        }
    }

    #[test]
    fn too_many_hashtags_or_mentions_are_refused() {
        let many = |sign: char, n: usize| (0..n).map(|i| format!("{sign}x{i} ")).collect::<String>();
        TweetText::parse(&many('#', 30)).unwrap();
        assert_eq!(reason(&many('#', 31)), "has more than 30 hashtags");
        TweetText::parse(&many('@', 30)).unwrap();
        assert_eq!(reason(&many('@', 31)), "mentions more than 30 people");
    }
}
