//! What is new on a screen: tweets and notifications that were never shown to the reader, and chats with new messages.

use std::fmt;

use crate::row::Row;
use crate::rows::newest_of_group;
use crate::state::{ScreenState, State};

/// How many items are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct News {
    /// Those that were loaded.
    pub(crate) count: usize,
    /// There are more, which were not loaded.
    pub(crate) is_more: bool,
}

impl News {
    /// The news among rows of a screen.
    pub(crate) fn among<'a>(
        state: &State,
        screen: &ScreenState,
        rows: impl Iterator<Item = &'a Row>,
    ) -> Self {
        let mut news = Self::default();
        for row in rows {
            match row {
                Row::Tweet(id, _) => news.count += usize::from(is_new(state, screen, *id)),
                Row::Notification(oldest) => {
                    let newest = newest_of_group(state, screen, *oldest).unwrap_or(*oldest);
                    let one = state.entities.notifications.get(&newest);
                    news.count += usize::from(one.is_some_and(|one| one.unread && newest > screen.seen));
                }
                Row::Conversation(id) => news.count += usize::from(state.entities.unread_from(*id) > 0),
                Row::Gap(above) => news.is_more |= *above > screen.seen,
                _ => {}
            }
        }
        news
    }

    /// Whether there are any.
    pub(crate) fn are_some(self) -> bool {
        self.count > 0
    }
}

/// The largest number that a badge shows.
const BADGE_MAX: usize = 99;

/// A count as a badge shows it; empty if there is nothing to count.
pub(crate) fn badge(news: News) -> String {
    match news.count {
        0 => String::new(),
        count if count > BADGE_MAX => format!("{BADGE_MAX}+"),
        _ => news.to_string(),
    }
}

impl From<u32> for News {
    fn from(count: u32) -> Self {
        Self { count: usize::try_from(count).unwrap_or(usize::MAX), is_more: false }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, if self.is_more { "+" } else { "" })
    }
}

/// Whether a tweet was never shown. The user's own are known, and so are those that came with a change of whom the user
/// follows: they were written before.
fn is_new(state: &State, screen: &ScreenState, id: u64) -> bool {
    let is_here = state.entities.tweet(id).is_some();
    id > screen.seen && is_here && !state.is_mine(id) && !screen.backlog.contains(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_short() {
        assert_eq!(badge(News::from(0)), "");
        assert_eq!(badge(News::from(99)), "99");
        assert_eq!(badge(News::from(100)), "99+");
        assert_eq!(badge(News { count: 40, is_more: true }), "40+");
    }
}
