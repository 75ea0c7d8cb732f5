//! The newest page of a home timeline in its encoding: most readers who look again see the same page.

use bytes::Bytes;
use model::{AccountId, TweetId};
use store::EventKind;

use super::cache::HomePage;
use super::update::UpdateLog;

/// Larger pages are not cached.
const BYTES_MAX: usize = 16 * 1024;
/// With more updates than this since the page was read last, checking them would cost as much as assembling a page.
const UPDATES_MAX: usize = 128;

/// An encoded page with what it was assembled from.
#[derive(Debug)]
pub(super) struct CachedPage {
    limit: usize,
    /// All updates before this position of the log are in the page.
    position: u64,
    /// Tweets and originals on the page.
    tweets: Box<[TweetId]>,
    /// Tweets that those reply to: their counts and the names of their authors are not on the page.
    parents: Box<[TweetId]>,
    accounts: Box<[AccountId]>,
    encoded: Bytes,
}

impl CachedPage {
    /// `None` for a page that is too large to be cached.
    pub(super) fn new(limit: usize, position: u64, page: &HomePage<'_>, encoded: Bytes) -> Option<Self> {
        if encoded.len() > BYTES_MAX {
            return None;
        }
        let tweets = page.tweets.iter().chain(&page.referenced).map(|tweet| tweet.tweet.tweet.id).collect();
        let parents = page.tweets.iter().filter_map(|tweet| tweet.parent).map(|p| p.tweet.tweet.id).collect();
        let accounts = page.accounts.iter().map(|account| account.account.id).collect();
        Some(Self { limit, position, tweets, parents, accounts, encoded })
    }

    /// The page of this length if no update in the log has changed it; `Err` when it is out of date.
    pub(super) fn read(&mut self, limit: usize, log: &UpdateLog) -> Result<Option<Bytes>, OutOfDate> {
        if self.limit != limit {
            return Ok(None);
        }
        let Some(mut missed) = log.since(self.position).filter(|missed| missed.len() <= UPDATES_MAX) else {
            return Ok(None);
        };
        if missed.any(|update| self.is_changed_by(*update)) {
            return Err(OutOfDate);
        }
        self.position = log.position();
        Ok(Some(self.encoded.clone()))
    }

    /// Whether the page may look different after this event. Events of the home itself drop the page: they are not
    /// looked at here.
    fn is_changed_by(&self, event: EventKind) -> bool {
        event.counted().any(|tweet| self.tweets.contains(&tweet))
            || match event {
                EventKind::TweetDeleted { tweet, .. } | EventKind::TweetEdited { tweet, .. } => {
                    self.tweets.contains(&tweet) || self.parents.contains(&tweet)
                }
                EventKind::ProfileEdited { account } => self.accounts.contains(&account),
                // Tweets that were hidden because of the account may be on the page now.
                EventKind::AccountHidden { .. } | EventKind::AccountShown { .. } | EventKind::Imported => {
                    true
                }
                _ => false,
            }
    }

    /// Bytes of heap memory.
    pub(super) fn bytes(&self) -> usize {
        self.encoded.len() + 8 * (self.tweets.len() + self.parents.len() + self.accounts.len())
    }
}

/// The page has changed since it was encoded.
#[derive(Debug)]
pub(super) struct OutOfDate;
