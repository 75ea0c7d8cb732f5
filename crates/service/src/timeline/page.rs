//! A page of a home timeline, assembled from what is in memory.

use model::{AccountId, TweetId, Visibility};

use super::cache::{AccountCache, CachedEntry, HomePage, HomeTweet, TweetCache};
use super::home::{Home, ViewerState};
use crate::policy::{Lookup, PageBuilder, TweetFacts, TweetList, Walk};

/// What has to be read from the store before a page can be assembled.
#[derive(Debug)]
pub(super) enum CacheMiss {
    /// The home itself.
    Home,
    /// The tweets of these authors, who are followed since the home was read.
    Authors(Vec<AccountId>),
    /// These tweets or their viewer states.
    Tweets(Vec<TweetId>),
    /// The page reaches below the window: the store has to assemble it.
    BelowWindow,
}

/// What a page of one home is assembled from.
pub(super) struct HomeReader<'a> {
    pub(super) me: AccountId,
    pub(super) home: &'a Home,
    pub(super) tweets: &'a TweetCache,
    pub(super) accounts: &'a AccountCache,
}

impl<'a> HomeReader<'a> {
    /// The page of tweets older than this sort key.
    pub(super) fn page(&self, before: u64, limit: usize) -> Result<HomePage<'a>, CacheMiss> {
        let mut page = PageBuilder::new(TweetList::Home, limit, Walk::NewestFirst);
        let mut unknown = Vec::new();
        for id in self.home.window.before(before) {
            if page.len() + unknown.len() > limit || page.is_full() {
                break;
            }
            let original = |id| self.look_up(id);
            unknown.extend(page.offer(id.get(), id, original(id), original, |id| self.look_up_parent(id)));
        }
        if !unknown.is_empty() {
            return Err(CacheMiss::Tweets(unknown));
        }
        if !page.is_full() && !self.home.window.is_whole() {
            return Err(CacheMiss::BelowWindow);
        }
        Ok(page.finish())
    }

    #[inline]
    fn look_up(&self, id: TweetId) -> Lookup<CachedEntry<'a>> {
        self.find(id, |visibility| self.home.viewer_state(id, visibility))
    }

    /// As [`HomeReader::look_up`], for a tweet of which only the text is shown: what the viewer did with it is not needed.
    #[inline]
    fn look_up_parent(&self, id: TweetId) -> Lookup<CachedEntry<'a>> {
        self.find(id, |visibility| {
            if visibility.is_shareable() {
                Some(ViewerState::default())
            } else {
                self.home.viewer_state(id, visibility)
            }
        })
    }

    #[inline]
    fn find(
        &self,
        id: TweetId,
        viewer_state: impl FnOnce(Visibility) -> Option<ViewerState>,
    ) -> Lookup<CachedEntry<'a>> {
        let tweet = match self.tweets.get(&id) {
            None => return Lookup::Unknown,
            Some(None) => return Lookup::Deleted,
            Some(Some(tweet)) => tweet,
        };
        let (author, visibility) = (tweet.tweet.author, tweet.tweet.visibility);
        let Some(account) = self.accounts.get(&author) else { return Lookup::Unknown };
        let Some(state) = viewer_state(visibility) else { return Lookup::Unknown };
        let facts = TweetFacts {
            is_own: author == self.me,
            author_state: account.state,
            relationship: self.home.relationships.to(author),
            visibility,
            mentions_viewer: state.mentioned,
        };
        let tweet = HomeTweet { tweet, marks: state.flags, parent: None };
        Lookup::Found(CachedEntry { tweet, author: account }, facts)
    }
}
