//! What is kept of one account that reads its home timeline.

use model::{AccountId, Relationship, TweetId, ViewerFlags, Visibility};

use super::CacheUpdate;
use super::page_cache::CachedPage;
use super::window::Window;
use store::{EventKind, SocialGraph, Touched, TweetRecord};
use store::{Map, Set};

/// ViewerState of so many tweets are kept for one viewer; past it they are read again.
const FACTS_MAX: usize = 2_048;

/// What decides how one viewer sees one tweet, beside their relationships to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ViewerState {
    pub(super) marks: ViewerFlags,
    pub(super) mentioned: bool,
}

/// An account with its window, its relationships, and what it did with the tweets it saw.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) window: Window,
    pub(super) following: Set<AccountId>,
    /// Whom it blocks, and who blocks it.
    blocked: Set<AccountId>,
    muted: Set<AccountId>,
    /// Followed since, with tweets that are not in the window yet.
    pub(super) to_merge: Vec<AccountId>,
    /// `None`: changed since it was read.
    facts: Map<TweetId, Option<ViewerState>>,
    /// Of tweets that came later everything is known: what is not in `facts` has not happened.
    known_since: u64,
    /// The newest page as it was sent last. Gone with every change of this home itself.
    pub(super) kept: Option<CachedPage>,
    /// When it was read last, in reads of all homes.
    pub(super) used: u64,
    /// Its bytes when they were counted last.
    pub(super) counted: usize,
}

impl Home {
    pub(super) fn new(window: Window, relationships: SocialGraph, known_since: u64) -> Self {
        let set = |ids: Vec<AccountId>| ids.into_iter().collect::<Set<_>>();
        Self {
            window,
            following: set(relationships.following),
            blocked: set(relationships.blocked),
            muted: set(relationships.muted),
            to_merge: Vec::new(),
            facts: Map::default(),
            known_since,
            kept: None,
            used: 0,
            counted: 0,
        }
    }

    /// Takes in something that was committed; `me` is resolve_or_self home this is.
    pub(super) fn take(&mut self, me: AccountId, note: CacheUpdate) {
        self.kept = None;
        match note {
            CacheUpdate::Event(EventKind::TweetPosted { tweet, author }) if self.shows(me, author) => {
                self.window.insert(tweet);
            }
            CacheUpdate::Event(EventKind::TweetEdited { tweet, .. }) => {
                // Mentions may have changed.
                self.facts.insert(tweet, None);
            }
            CacheUpdate::Event(EventKind::TweetDeleted { tweet, .. }) => {
                self.window.remove(tweet);
                self.facts.remove(&tweet);
            }
            CacheUpdate::Event(EventKind::Followed { follower, followee })
                if follower == me && self.following.insert(followee) =>
            {
                self.to_merge.push(followee);
            }
            CacheUpdate::Event(EventKind::Unfollowed { follower, followee }) if follower == me => {
                self.following.remove(&followee);
                self.to_merge.retain(|id| *id != followee);
            }
            CacheUpdate::Event(EventKind::Blocked { blocker, blocked }) => {
                if blocker == me {
                    self.blocked.insert(blocked);
                } else if blocked == me {
                    self.blocked.insert(blocker);
                }
            }
            CacheUpdate::Event(EventKind::Muted { muter, muted }) if muter == me => {
                self.muted.insert(muted);
            }
            CacheUpdate::Event(EventKind::Unmuted { muter, muted }) if muter == me => {
                self.muted.remove(&muted);
            }
            CacheUpdate::Touched(Touched::ViewerFlags { account, tweet }) if account == me => {
                self.facts.insert(tweet, None);
            }
            _ => {}
        }
    }

    /// Takes in what somebody wrote who is followed since.
    pub(super) fn merge(&mut self, newest_first: &[TweetId]) {
        self.kept = None;
        self.window.merge(newest_first);
    }

    /// Whether tweets of this author are in this home.
    pub(super) fn shows(&self, me: AccountId, author: AccountId) -> bool {
        author == me || self.following.contains(&author)
    }

    /// The viewer's relationships to an author, as far as they decide what is shown.
    pub(super) fn relationship(&self, author: AccountId) -> Relationship {
        Relationship {
            following: self.following.contains(&author),
            blocking: !self.blocked.is_empty() && self.blocked.contains(&author),
            muting: !self.muted.is_empty() && self.muted.contains(&author),
            ..Relationship::default()
        }
    }

    /// What is known of a tweet; `None`: it has to be read.
    pub(super) fn facts(&self, tweet: TweetId, visibility: Visibility) -> Option<ViewerState> {
        match self.facts.get(&tweet) {
            Some(facts) => *facts,
            // Whom a tweet mentions is only looked at where it decides.
            None if tweet.get() > self.known_since && visibility.is_shareable() => {
                Some(ViewerState::default())
            }
            None => None,
        }
    }

    /// What the store says of a tweet for this viewer.
    pub(super) fn learn(&mut self, record: &TweetRecord, newest: u64) {
        self.kept = None;
        if self.facts.len() >= FACTS_MAX {
            // What is known without being read is only so for what comes from now on.
            self.facts.clear();
            self.known_since = newest;
        }
        let facts = ViewerState { marks: record.tweet.viewer, mentioned: record.mentions_viewer };
        self.facts.insert(record.tweet.id, Some(facts));
    }

    /// Bytes that it takes, roughly.
    pub(super) fn bytes(&self) -> usize {
        let ids = self.following.capacity() + self.blocked.capacity() + self.muted.capacity();
        let kept = self.kept.as_ref().map_or(0, CachedPage::bytes);
        size_of::<Self>() + self.window.bytes() + ids * 9 + self.facts.capacity() * 24 + kept
    }
}
