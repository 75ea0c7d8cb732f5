//! Where links and other addresses begin and end in a text.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use unicode_normalization::char::is_combining_mark;

use super::characters::{is_joiner, is_unspaced, last_word_char};

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// An `http` or `https` link.
    Link,
    /// Another URL or an e-mail address.
    Other,
}

/// The addresses of a text with their byte ranges, in order.
pub(crate) fn addresses(text: &str) -> Vec<(Range<usize>, Address)> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url, LinkKind::Email]);
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(ends_address) {
        // The character that ends an address is no part of it.
        let body = part.strip_suffix(ends_address).unwrap_or(part);
        found.extend(finder.links(body).filter(is_address).map(|link| {
            let address = if is_http(link.as_str()) { Address::Link } else { Address::Other };
            (start + link.start()..start + link.end(), address)
        }));
        start += part.len();
    }
    found
}

/// The local part of an e-mail address does not end in a letter of a script without spaces: there, a mention begins.
fn is_address(link: &linkify::Link<'_>) -> bool {
    let local = link.as_str().split_once('@').map_or("", |(local, _)| local);
    *link.kind() != LinkKind::Email || !last_word_char(local).is_some_and(is_unspaced)
}

/// Letters, marks and digits of any script can be in an address; other characters only if they are ASCII.
fn ends_address(c: char) -> bool {
    !(c.is_ascii() || c.is_alphanumeric() || is_combining_mark(c) || is_joiner(c))
}

fn is_http(url: &str) -> bool {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}
