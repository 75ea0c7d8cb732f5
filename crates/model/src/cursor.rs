//! Cursors of lists: keysets and not offsets, so that no page repeats or skips items when new ones arrive.

use crate::error::{Error, Result};
use crate::limits::{PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX};
use crate::name::Username;

/// A position in a list, opaque to clients: the whole sort key of the last row of a page. Where the key is not unique, the
/// identifier of the account is the second part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// In a list sorted by an identifier, newest first.
    Id(u64),
    /// In a list of people sorted by username.
    Username(Username),
    /// In a list of people sorted by the name that is shown: its natural key.
    Name(String, u64),
    /// In a list of people sorted by the number of their followers.
    Followers(u64, u64),
    /// In a list of people sorted by their newest tweet: its identifier, or 0.
    Active(u64, u64),
}

impl Cursor {
    /// The text for clients.
    #[must_use]
    pub fn encode(&self) -> String {
        match self {
            Self::Id(id) => id.to_string(),
            // '@' distinguishes the username 42 from the identifier 42.
            Self::Username(username) => format!("@{username}"),
            Self::Name(key, id) => format!("n{id}.{key}"),
            Self::Followers(count, id) => format!("f{id}.{count}"),
            Self::Active(tweet, id) => format!("a{id}.{tweet}"),
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
        let number = |text: &str| text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
        let id = |text: &str| number(text).filter(|id| *id > 0).ok_or_else(bad);
        let pair = |rest: &str| rest.split_once('.').map(|(id, key)| (id.to_owned(), key.to_owned()));
        let mut rest = text.chars();
        match (rest.next(), pair(rest.as_str())) {
            (Some('n'), Some((account, key))) => Ok(Self::Name(key, id(&account)?)),
            (Some('f'), Some((account, count))) => {
                Ok(Self::Followers(number(&count).ok_or_else(bad)?, id(&account)?))
            }
            (Some('a'), Some((account, tweet))) => {
                Ok(Self::Active(number(&tweet).ok_or_else(bad)?, id(&account)?))
            }
            _ => id(text).map(Self::Id),
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
        for cursor in [
            Cursor::Id(117_000_000_000_000_000),
            Cursor::Username(Username::parse("42").unwrap()),
            Cursor::Name("zoë 0110. b".into(), 7),
            Cursor::Name(String::new(), 7),
            Cursor::Followers(0, 7),
            Cursor::Active(117_000_000_000_000_000, 7),
        ] {
            assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "0",
            "-1",
            "18446744073709551615",
            "@",
            "@no way",
            "abc",
            "f",
            "f7",
            "f.1",
            "f0.1",
            "f7.x",
            "a7.-1",
            "n.x",
        ] {
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
