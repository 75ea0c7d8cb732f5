//! Places in lists: keyset cursors, never offsets, so that a page neither repeats nor skips when things arrive.

use crate::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use crate::{Error, Result, Username};

/// A place in a list, opaque to clients. Every list is sorted by an identifier or by a username, both unique,
/// so one of them is the whole sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// In a list sorted by an identifier, newest first.
    Id(u64),
    /// In a list of people sorted by username.
    Username(Username),
}

impl Cursor {
    /// What a client is given.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            // '@' keeps the username 42 apart from the identifier 42.
            Self::Username(username) => format!("@{username}"),
        }
    }

    /// What a client sends back.
    ///
    /// # Errors
    /// `INVALID{cursor}` when it is none of ours.
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

/// Which part of a list that is sorted by an identifier, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// From the newest on.
    Latest,
    /// Older than this, nearest first.
    Before(u64),
    /// Newer than this: the ones nearest to it, still newest first.
    After(u64),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// In the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins; `None` when there is no more.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// From up to `limit + 1` items: the surplus one tells that there is more.
    pub fn from_surplus(mut items: Vec<T>, limit: usize, cursor_of: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor_of) } else { None };
        Self { items, next }
    }
}

/// Items on a page from what a client asked for.
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
    fn cursors_come_back_as_they_went() {
        for cursor in [Cursor::Id(117_000_000_000_000_000), Cursor::Username(Username::parse("42").unwrap())]
        {
            assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        }
    }

    #[test]
    fn foreign_cursors_are_refused() {
        for bad in ["", "0", "-1", "18446744073709551615", "@", "@no way", "abc"] {
            assert!(Cursor::decode(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_hold_at_the_edge() {
        assert_eq!(page_limit(0).unwrap(), 20);
        assert_eq!(page_limit(100).unwrap(), 100);
        assert!(page_limit(101).is_err());
    }

    #[test]
    fn a_surplus_item_is_not_shown_but_says_that_there_is_more() {
        let page = Page::from_surplus(vec![3_u64, 2, 1], 2, |id| Cursor::Id(*id));
        assert_eq!((page.items, page.next), (vec![3, 2], Some(Cursor::Id(2))));
        assert_eq!(Page::from_surplus(vec![3_u64, 2], 2, |id| Cursor::Id(*id)).next, None);
    }
}
