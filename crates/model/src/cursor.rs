//! Cursors of lists: keysets and not offsets, so that no page repeats or skips items when new ones arrive.

use crate::error::{Error, Result};
use crate::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use crate::name::Username;

/// A position in a list, opaque to clients. Every list is sorted by an identifier or by a username; both are unique, so
/// one of them is the whole sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// In a list sorted by an identifier, newest first.
    Id(u64),
    /// In a list of people sorted by username.
    Username(Username),
}

impl Cursor {
    /// The text for clients.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            // '@' distinguishes the username 42 from the identifier 42.
            Self::Username(username) => format!("@{username}"),
        }
    }

    /// Parses the text of [`Cursor::encode`].
    ///
    /// # Errors
    /// `INVALID{cursor}` for any other text.
    pub fn decode(text: &str) -> Result<Self> {
        let bad = || Error::invalid("cursor", "was not issued by this server");
        if let Some(username) = text.strip_prefix('@') {
            return Username::parse(username).map(Self::Username).map_err(|_| bad());
        }
        match text.parse::<u64>() {
            Ok(id) if id > 0 && i64::try_from(id).is_ok() => Ok(Self::Id(id)),
            _ => Err(bad()),
        }
    }
}

/// A part of a list that is sorted by identifier, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Starts with the newest item.
    Latest,
    /// Items older than this identifier, starting with the nearest.
    Before(u64),
    /// Items newer than this identifier: the nearest ones, still newest first.
    After(u64),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Items in the order of the list.
    pub items: Vec<T>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` items: an extra item means that there is another page.
    pub fn from_surplus(mut items: Vec<T>, limit: usize, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor_of) } else { None };
        Self { items, next }
    }
}

/// The page size for the limit in a request; 0 means the default.
///
/// # Errors
/// `INVALID{limit}` above [`PAGE_ITEMS_MAX`].
pub fn page_limit(asked: u32) -> Result<usize> {
    match usize::try_from(asked) {
        Ok(0) => Ok(PAGE_ITEMS_DEFAULT),
        Ok(limit) if limit <= PAGE_ITEMS_MAX => Ok(limit),
        _ => Err(Error::invalid("limit", format!("is more than {PAGE_ITEMS_MAX}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_parsed_from_its_text() {
        for cursor in [Cursor::Id(117_000_000_000_000_000), Cursor::Username(Username::parse("42").unwrap())]
        {
            assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["", "0", "-1", "18446744073709551615", "@", "@no way", "abc"] {
            let refused = Error::invalid("cursor", "was not issued by this server");
            assert_eq!(Cursor::decode(bad), Err(refused), "{bad}");
        }
    }

    #[test]
    fn limits_hold_at_the_edge() {
        assert_eq!(page_limit(0).unwrap(), 20);
        assert_eq!(page_limit(100).unwrap(), 100);
        assert_eq!(page_limit(101), Err(Error::invalid("limit", "is more than 100")));
    }

    #[test]
    fn an_extra_item_is_dropped_and_means_that_there_is_another_page() {
        let page = Page::from_surplus(vec![3_u64, 2, 1], 2, |id| Cursor::Id(*id));
        assert_eq!((page.items, page.next), (vec![3, 2], Some(Cursor::Id(2))));
        assert_eq!(Page::from_surplus(vec![3_u64, 2], 2, |id| Cursor::Id(*id)).next, None);
    }
}
