//! The cached home timeline of one account.

use model::{AccountId, TweetId, ViewerFlags, Visibility};
use store::{EventKind, Map, SocialGraph, TweetRecord};

use super::page_cache::CachedPage;
use super::window::Window;
use crate::policy::Relationships;

/// Most tweets whose [`ViewerState`] is cached for one account; above it all are dropped and read again.
const VIEWER_STATES_MAX: usize = 2_048;

/// What decides how one viewer sees one tweet, apart from their relationship to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ViewerState {
    pub(super) flags: ViewerFlags,
    pub(super) mentioned: bool,
}

/// The window, relationships and viewer states of one account.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) window: Window,
    pub(super) relationships: Relationships,
    /// Accounts followed since the window was read, whose tweets are not in it yet.
    pub(super) to_merge: Vec<AccountId>,
    /// `None`: changed since it was read.
    viewer_states: Map<TweetId, Option<ViewerState>>,
    /// A tweet above this identifier that is not in `viewer_states` has the default state: this account has done
    /// nothing with it.
    known_since: u64,
    /// The newest page in its encoding. Dropped with every update of this home itself.
    pub(super) page: Option<CachedPage>,
    /// When it was read last, in reads of all homes.
    pub(super) last_read: u64,
    /// [`Home::bytes`] when they were counted last.
    pub(super) counted_bytes: usize,
}

impl Home {
    pub(super) fn new(window: Window, graph: SocialGraph, known_since: u64) -> Self {
        Self {
            window,
            relationships: graph.into(),
            to_merge: Vec::new(),
            viewer_states: Map::default(),
            known_since,
            page: None,
            last_read: 0,
            counted_bytes: 0,
        }
    }

    /// Applies a committed event to the home of `me`; `newest` is the newest tweet of all.
    pub(super) fn apply(&mut self, me: AccountId, event: EventKind, newest: u64) {
        if let Some((_, tweet)) = event.flagged().filter(|(account, _)| *account == me) {
            self.bound_viewer_states(newest);
            self.viewer_states.insert(tweet, None);
        }
        let graph = &mut self.relationships;
        match event {
            EventKind::TweetPosted { tweet, author, .. }
                if author == me || graph.following.contains(&author) =>
            {
                self.window.insert(tweet);
            }
            EventKind::TweetEdited { tweet, .. } => {
                // Its mentions may have changed. Where nothing is cached, nothing can be out of date.
                let Some(state) = self.viewer_states.get_mut(&tweet) else { return };
                *state = None;
            }
            EventKind::TweetDeleted { tweet, .. } => {
                self.window.remove(tweet);
                self.viewer_states.remove(&tweet);
            }
            EventKind::Followed { follower, followee }
                if follower == me && graph.following.insert(followee) =>
            {
                self.to_merge.push(followee);
            }
            EventKind::Unfollowed { follower, followee } if follower == me => {
                graph.following.remove(&followee);
                self.to_merge.retain(|id| *id != followee);
            }
            EventKind::Blocked { blocker, blocked } => {
                if blocker == me {
                    graph.blocked.insert(blocked);
                } else if blocked == me {
                    graph.blocked.insert(blocker);
                }
            }
            EventKind::Muted { muter, muted } if muter == me => {
                graph.muted.insert(muted);
            }
            EventKind::Unmuted { muter, muted } if muter == me => {
                graph.muted.remove(&muted);
            }
            _ => {}
        }
        self.page = None;
    }

    /// Adds the newest tweets of an account that is followed since.
    pub(super) fn merge(&mut self, newest_first: &[TweetId]) {
        self.page = None;
        self.window.merge(newest_first);
    }

    /// The state of a tweet with this visibility; `None` when it has to be read.
    pub(super) fn viewer_state(&self, tweet: TweetId, visibility: Visibility) -> Option<ViewerState> {
        match self.viewer_states.get(&tweet) {
            Some(state) => *state,
            // Mentions only matter where the visibility depends on them.
            None if tweet.get() > self.known_since && visibility.is_shareable() => {
                Some(ViewerState::default())
            }
            None => None,
        }
    }

    /// Caches the state of a tweet that was read for this account.
    pub(super) fn populate(&mut self, record: &TweetRecord, newest: u64) {
        self.page = None;
        self.bound_viewer_states(newest);
        let state = ViewerState { flags: record.tweet.viewer, mentioned: record.mentions_viewer };
        self.viewer_states.insert(record.tweet.id, Some(state));
    }

    fn bound_viewer_states(&mut self, newest: u64) {
        if self.viewer_states.len() >= VIEWER_STATES_MAX {
            self.forget_viewer_states(newest);
        }
    }

    fn forget_viewer_states(&mut self, newest: u64) {
        self.viewer_states.clear();
        // Only tweets to come have the default state for certain.
        self.known_since = newest;
    }

    /// Bytes of memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let page = self.page.as_ref().map_or(0, CachedPage::bytes);
        let states = self.viewer_states.capacity() * 24;
        size_of::<Self>() + self.window.bytes() + self.relationships.bytes() + states + page
    }
}
