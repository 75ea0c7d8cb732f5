//! Links, hashtags and mentions inside a text.

use std::fmt;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::error::{Error, Result};
use crate::limits::{HASHTAG_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::link::{Address, addresses};
use crate::name::Username;
use crate::safe::SafeText;

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

    /// As written, without the `#`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The case-folded name: two hashtags are the same if their keys are.
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
    // Some letters are invisible, such as the fillers of Hangul: hashtags that differ only in them look the same.
    (c.is_alphanumeric() || c == '_' || is_combining_mark(c)) && SafeText::keeps(c)
}

/// A part of a text with a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// An `http` or `https` link.
    Link,
    /// A hashtag.
    Hashtag(Hashtag),
    /// A mention. The account may not exist.
    Mention(Username),
}

/// The links, hashtags and mentions of a text with their byte ranges, in order. `C#`, `#1`, URL fragments and e-mail
/// addresses are not hashtags or mentions.
#[must_use]
pub fn entities(text: &str) -> Vec<(Range<usize>, Entity)> {
    let mut found = Vec::new();
    if !text.contains(['#', '@']) && !text.contains("://") {
        return found;
    }
    // URLs and e-mail addresses come first: nothing inside them is a hashtag or a mention.
    let mut end = 0;
    for (range, address) in addresses(text) {
        hashtags_and_mentions_in(text, end..range.start, &mut found);
        end = range.end;
        if address == Address::Link {
            found.push((range, Entity::Link));
        }
    }
    hashtags_and_mentions_in(text, end..text.len(), &mut found);
    found
}

/// Appends the hashtags and mentions of a range without links.
fn hashtags_and_mentions_in(text: &str, range: Range<usize>, found: &mut Vec<(Range<usize>, Entity)>) {
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
        } else if length > USERNAME_CHARS_MAX || body.get(length..).is_some_and(continues_word) {
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

/// Whether the text continues the word, so that there is no mention, as in `@adä` or `@a@b`.
fn continues_word(rest: &str) -> bool {
    rest.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '@')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(text: &str) -> Vec<String> {
        let hashtag = |entity| match entity {
            Entity::Hashtag(hashtag) => Some(hashtag.name),
            _ => None,
        };
        entities(text).into_iter().filter_map(|(_, entity)| hashtag(entity)).collect()
    }

    fn mentions(text: &str) -> Vec<String> {
        let mention = |entity| match entity {
            Entity::Mention(username) => Some(username.to_string()),
            _ => None,
        };
        entities(text).into_iter().filter_map(|(_, entity)| mention(entity)).collect()
    }

    #[test]
    fn hashtags_are_letters_digits_and_underscores_of_any_script() {
        assert_eq!(
            tags("#rust, #日本語 (#Über_1) #हिन्दी! #e\u{301}te"),
            ["rust", "日本語", "Über_1", "हिन्दी", "éte"]
        );
    }

    #[test]
    fn similar_texts_are_not_hashtags() {
        for text in
            ["C#", "C#sharp", "#1", "# a", "#", "##", "a#b", "&#39;", "https://example.org/#frag", "/#x"]
        {
            assert_eq!(tags(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_hashtag_ends_before_an_invisible_character() {
        assert_eq!(tags("#\u{3164} #\u{ffa0}rust #rust\u{115f}y"), ["rust"]);
    }

    #[test]
    fn mentions_are_usernames_but_not_e_mail_addresses() {
        assert_eq!(mentions("@Ada: hi (@bob_1), @ada"), ["ada", "bob_1", "ada"]);
        for text in ["ada@example.org", "@", "a@b", "@adä", "@a@b", "https://x.org/@ada", "@@ada"] {
            assert_eq!(mentions(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn hashtags_match_whatever_their_case() {
        assert_eq!(Hashtag::parse("#ÜBER").unwrap().key(), Hashtag::parse("über").unwrap().key());
        assert_eq!(Hashtag::parse("ｆｕｌｌ").unwrap().key(), "full");
    }

    #[test]
    fn a_link_ends_before_punctuation_of_other_scripts_and_its_scheme_has_any_case() {
        let links = |text: &str| -> Vec<String> {
            let found = entities(text).into_iter().filter(|(_, entity)| *entity == Entity::Link);
            found.map(|(range, _)| text.get(range).unwrap().to_owned()).collect()
        };
        let cases = [
            ("https://example.org/a。次の文", "https://example.org/a"),
            ("（https://example.org/b）です", "https://example.org/b"),
            ("https://example.org/e’s page", "https://example.org/e"),
            ("https://example.org/wiki/日本語 x", "https://example.org/wiki/日本語"),
            ("HTTPS://EXAMPLE.ORG/", "HTTPS://EXAMPLE.ORG/"),
            ("Http://example.org", "Http://example.org"),
        ];
        for (text, link) in cases {
            assert_eq!(links(text), [link], "{text}");
        }
        assert_eq!(crate::text::count_graphemes("HTTPS://EXAMPLE.ORG/。"), 24);
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
    }
}
