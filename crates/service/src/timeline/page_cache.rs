//! The newest page of a home, kept in the encoding in which it was sent: most who look again see the same.

use bytes::Bytes;
use model::{AccountId, TweetId};

use super::{CacheUpdate, HomePage, State, Timelines, missed};
use store::{EventKind, Touched};

/// Larger pages are put together anew.
const BYTES_MAX: usize = 16 * 1024;
/// With more commits than this since the page was looked at last, looking through them would cost as much as a page.
const NOTES_MAX: usize = 128;

/// A page with what it was made of.
#[derive(Debug)]
pub(super) struct CachedPage {
    limit: usize,
    /// Everything up to here is in it.
    position: u64,
    /// With the originals.
    tweets: Box<[TweetId]>,
    accounts: Box<[AccountId]>,
    encoded: Bytes,
}

impl CachedPage {
    fn new(limit: usize, position: u64, page: &HomePage<'_>, encoded: Bytes) -> Self {
        let tweets = page.tweets.iter().chain(&page.referenced).map(|tweet| tweet.tweet.tweet.id).collect();
        let accounts = page.accounts.iter().map(|account| account.account.id).collect();
        Self { limit, position, tweets, accounts, encoded }
    }

    /// Whether it may look otherwise after this. What changes the home itself, its home is told of.
    fn is_changed_by(&self, note: CacheUpdate) -> bool {
        match note {
            CacheUpdate::Event(
                EventKind::TweetDeleted { tweet, .. } | EventKind::TweetEdited { tweet, .. },
            )
            | CacheUpdate::Touched(Touched::Tweet(tweet)) => self.tweets.contains(&tweet),
            CacheUpdate::Event(EventKind::ProfileEdited { account }) => self.accounts.contains(&account),
            // What was left out because of them may be on it now.
            CacheUpdate::Event(EventKind::AccountHidden { .. } | EventKind::AccountShown { .. })
            | CacheUpdate::Touched(Touched::Everything) => true,
            CacheUpdate::Event(_) | CacheUpdate::Touched(Touched::ViewerFlags { .. }) => false,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.encoded.len() + 8 * (self.tweets.len() + self.accounts.len())
    }
}

impl Timelines {
    /// The newest page of this home in the encoding that `encode` makes of it (always the same one); `None` when the
    /// store has to be asked.
    pub fn newest_now(
        &self,
        me: AccountId,
        limit: usize,
        encode: impl FnOnce(&HomePage<'_>) -> Vec<u8>,
    ) -> Option<Bytes> {
        let mut state = self.state();
        if let Some(encoded) = state.kept(me, limit) {
            return Some(encoded);
        }
        let position = state.position;
        let page = state.page(me, u64::MAX, limit).ok()?;
        let encoded = Bytes::from(encode(&page));
        if encoded.len() <= BYTES_MAX {
            let kept = CachedPage::new(limit, position, &page, encoded.clone());
            if let Some(home) = state.homes.get_mut(&me) {
                home.kept = Some(kept);
            }
            state.count(me, self.limits.homes_bytes);
        }
        Some(encoded)
    }
}

impl State {
    fn kept(&mut self, me: AccountId, limit: usize) -> Option<Bytes> {
        self.reads += 1;
        let home = self.homes.get_mut(&me)?;
        let kept = home.kept.as_mut().filter(|kept| kept.limit == limit)?;
        let mut missed = missed(&self.recent, self.position, kept.position)?;
        if missed.len() > NOTES_MAX {
            return None;
        }
        if missed.any(|note| kept.is_changed_by(*note)) {
            home.kept = None;
            return None;
        }
        kept.position = self.position;
        home.used = self.reads;
        Some(kept.encoded.clone())
    }
}
