//! Mentions, hashtags and links inside a text.

use std::ops::Range;

use super::characters::{
    begins_with_symbol, is_at, is_hash, is_joiner, is_unspaced, is_word_char, last_word_char,
};
use super::hashtag::{self, Hashtag};
use super::link::{Address, addresses};
use crate::name::Username;

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
    let may_have_address = text.contains('@') || text.contains("://");
    if !may_have_address && !text.bytes().any(begins_sign) {
        return found;
    }
    // URLs and e-mail addresses come first: nothing inside them is a hashtag or a mention.
    let mut end = 0;
    for (range, address) in if may_have_address { addresses(text) } else { Vec::new() } {
        hashtags_and_mentions_in(text, end..range.start, &mut found);
        end = range.end;
        if address == Address::Link {
            found.push((range, Entity::Link));
        }
    }
    hashtags_and_mentions_in(text, end..text.len(), &mut found);
    found
}

/// Whether a sign can begin with this byte: those outside ASCII all begin with 0xEF.
fn begins_sign(byte: u8) -> bool {
    matches!(byte, b'#' | b'@' | 0xef)
}

fn is_sign(c: char) -> bool {
    is_hash(c) || is_at(c)
}

/// Appends the hashtags and mentions of a range without links.
fn hashtags_and_mentions_in(text: &str, range: Range<usize>, found: &mut Vec<(Range<usize>, Entity)>) {
    let mut at = range.start;
    while let Some(start) = text.get(at..range.end).and_then(|rest| rest.find(is_sign)).map(|n| at + n) {
        let rest = text.get(start..range.end).unwrap_or_default();
        let sign = rest.chars().next().unwrap_or_default();
        at = start + sign.len_utf8();
        if !begins(text, start, sign) {
            continue;
        }
        let body = text.get(at..range.end).unwrap_or_default();
        let length = if is_hash(sign) { hashtag::length(body) } else { username_length(body) };
        let Some(name) = body.get(..length) else { continue };
        let entity = if is_hash(sign) {
            Hashtag::parse(name).ok().map(Entity::Hashtag)
        } else if body.get(length..).is_some_and(continues_username) {
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

/// Whether the sign at this place of the text can begin a hashtag or mention.
fn begins(text: &str, start: usize, sign: char) -> bool {
    let before = text.get(..start).unwrap_or_default();
    if before.ends_with(|c| is_sign(c) || matches!(c, '&' | '/')) {
        return false;
    }
    let follows_word = last_word_char(before).is_some_and(|c| is_hash(sign) || !is_unspaced(c));
    !follows_word && text.get(start..).is_some_and(|rest| !begins_with_symbol(rest))
}

/// The length in bytes of the username at the beginning of a text.
fn username_length(text: &str) -> usize {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let length = text.bytes().take_while(|b| is_part(b)).count();
    // The last character may be the base of a symbol.
    let is_symbol = length > 0 && text.get(length - 1..).is_some_and(begins_with_symbol);
    length - usize::from(is_symbol)
}

/// Whether what follows a username continues the word, so that there is no mention, as in `@adä` or `@a@b`.
fn continues_username(rest: &str) -> bool {
    let rest = rest.trim_start_matches(is_joiner);
    let Some(c) = rest.chars().next() else { return false };
    is_at(c) || is_word_char(c) && !is_unspaced(c) && !begins_with_symbol(rest)
}

/// The word that is being written at the end of a text: the byte offset of its sign, the sign (`@`, `#` or `:`), and the
/// rest of it.
#[must_use]
pub fn unfinished_word(text: &str) -> Option<(usize, char, &str)> {
    let (start, sign) =
        text.char_indices().rev().find(|(_, c)| is_sign(*c) || *c == ':' || c.is_whitespace())?;
    let word = text.get(start + sign.len_utf8()..)?;
    let is_shortcode = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b));
    let (sign, is_word) = match sign {
        ':' => (':', is_shortcode(word)),
        sign if is_hash(sign) => ('#', hashtag::length(word) == word.len()),
        // People are found by their display names, too.
        sign if is_at(sign) => ('@', word.chars().all(is_word_char)),
        _ => return None,
    };
    (is_word && begins(text, start, sign)).then_some((start, sign, word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tags(text: &str) -> Vec<String> {
        let hashtag = |entity| match entity {
            Entity::Hashtag(hashtag) => Some(hashtag.name().to_owned()),
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
        assert_eq!(super::super::check::count_graphemes("HTTPS://EXAMPLE.ORG/。"), 24);
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
