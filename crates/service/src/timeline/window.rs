//! The newest tweets of one home timeline.

use std::collections::VecDeque;

use model::TweetId;

/// Identifiers, newest first and each once, complete from the newest down to a floor. Candidates: a tweet of an author
/// who is no longer followed may be among them, none is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    ids: VecDeque<TweetId>,
    /// The oldest identifier down to which nothing is missing; `None` when this is the whole timeline.
    floor: Option<TweetId>,
    max: usize,
}

impl Window {
    /// From the newest `max` identifiers of a timeline; fewer are all that there are.
    pub(super) fn new(newest_first: Vec<TweetId>, max: usize) -> Self {
        let floor = if newest_first.len() < max { None } else { newest_first.last().copied() };
        Self { ids: newest_first.into(), floor, max }
    }

    /// Adds a tweet of this timeline. Tweets older than the floor are left to the store.
    pub(super) fn insert(&mut self, tweet: TweetId) {
        if self.floor.is_some_and(|floor| tweet < floor) {
            return;
        }
        // Commits come nearly in the order of their identifiers: the index is near the front.
        let index = self.ids.iter().position(|id| *id <= tweet).unwrap_or(self.ids.len());
        if self.ids.get(index) == Some(&tweet) {
            return;
        }
        self.ids.insert(index, tweet);
        if self.ids.len() > self.max {
            self.ids.pop_back();
            self.floor = self.ids.back().copied();
        }
    }

    /// Adds the newest tweets of an author of this timeline, up to `max`; fewer are all that there are.
    pub(super) fn merge(&mut self, newest_first: &[TweetId]) {
        if newest_first.len() >= self.max {
            // The author wrote more, which is left to the store with everything as old.
            self.floor = self.floor.max(newest_first.last().copied());
        }
        let floor = self.floor;
        let is_above = |id: &TweetId| floor.is_none_or(|floor| *id >= floor);
        let mut ids: Vec<_> = self.ids.iter().chain(newest_first).copied().filter(is_above).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.dedup();
        if ids.len() > self.max {
            ids.truncate(self.max);
            self.floor = ids.last().copied();
        }
        self.ids = ids.into();
    }

    /// Removes a deleted tweet.
    pub(super) fn remove(&mut self, tweet: TweetId) {
        if let Ok(index) = self.ids.binary_search_by(|id| tweet.cmp(id)) {
            self.ids.remove(index);
        }
    }

    /// Tweets older than this sort key, newest first.
    pub(super) fn before(&self, sort_key: u64) -> impl Iterator<Item = TweetId> {
        let start = self.ids.partition_point(|id| id.get() >= sort_key);
        self.ids.range(start..).copied()
    }

    /// Whether there is nothing below the last one.
    pub(super) fn is_whole(&self) -> bool {
        self.floor.is_none()
    }

    /// Bytes of heap memory when it is full.
    pub(super) fn bytes(&self) -> usize {
        self.ids.capacity().max(self.max) * size_of::<TweetId>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn id(n: u64) -> TweetId {
        TweetId::new(n).unwrap()
    }

    fn ids(window: &Window) -> Vec<u64> {
        window.before(u64::MAX).map(TweetId::get).collect()
    }

    #[test]
    fn the_oldest_leaves_when_it_is_full() {
        let mut window = Window::new(vec![id(3), id(2)], 3);
        assert!(window.is_whole());
        window.insert(id(5));
        window.insert(id(4));
        assert_eq!(ids(&window), [5, 4, 3]);
        assert!(!window.is_whole());
        window.insert(id(2));
        window.merge(&[id(7), id(4)]);
        assert_eq!(ids(&window), [7, 5, 4]);
        assert_eq!(window.before(5).collect::<Vec<_>>(), [id(4)]);
    }

    #[test]
    fn an_author_who_wrote_more_than_fits_leaves_the_rest_to_the_store() {
        let mut window = Window::new(Vec::new(), 3);
        window.merge(&[id(9), id(8), id(7)]);
        assert_eq!(ids(&window), [9, 8, 7]);
        assert!(!window.is_whole());
    }

    proptest! {
        /// Whatever comes and goes, what it holds is the newest of all that there is, down to its floor.
        #[test]
        fn it_is_the_newest_part_of_the_timeline(
            steps in prop::collection::vec((0_u8..3, prop::collection::vec(1_u64..60, 1..6)), 0..60),
            max in 1_usize..8,
        ) {
            let mut truth = BTreeSet::new();
            let mut window = Window::new(Vec::new(), max);
            for (kind, numbers) in steps {
                match kind {
                    0 => for n in numbers { truth.insert(n); window.insert(id(n)); },
                    1 => {
                        truth.extend(&numbers);
                        let newest_first: BTreeSet<_> = numbers.into_iter().collect();
                        let newest_first: Vec<_> = newest_first.into_iter().rev().take(max).map(id).collect();
                        window.merge(&newest_first);
                    }
                    _ => for n in numbers { truth.remove(&n); window.remove(id(n)); },
                }
                let held = ids(&window);
                prop_assert!(held.len() <= max);
                let floor = window.floor.map_or(0, TweetId::get);
                let expected: Vec<_> = truth.iter().rev().copied().filter(|n| *n >= floor).collect();
                prop_assert_eq!(held, expected);
            }
        }
    }
}
