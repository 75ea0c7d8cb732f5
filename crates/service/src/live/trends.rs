//! Trends: hashtags that many different accounts use now. In memory, read from the store.
//!
//! Each account counts once for a hashtag, with a weight that halves every few hours after its last use of it: no one
//! makes a trend alone, except on a server with few accounts, and older trends give way.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use model::{AccountId, Hashtag, Result, Trend, TweetId};

use store::{HashtagUse, SharedStore};

const HOUR_MS: i64 = 3_600_000;
const HOURS: i64 = 24;
const HALF_LIFE_HOURS: f64 = 4.0;
/// A hashtag of fewer accounts is no trend.
const ACCOUNTS_MIN: usize = 2;
/// With fewer accounts than this on the server, one makes a trend: there would be none for days.
pub(super) const SMALL_SERVER_ACCOUNTS: u64 = 20;
/// Most hashtags in memory; above it those with the fewest accounts are dropped first.
const HASHTAGS_MAX: usize = 20_000;

/// The hashtags of the last 24 hours.
#[derive(Debug, Default)]
pub(super) struct Trends {
    by_key: HashMap<String, Use>,
    newest: u64,
}

#[derive(Debug)]
struct Use {
    name: String,
    /// When each account used it last, Unix milliseconds.
    accounts: HashMap<AccountId, i64>,
    /// Which account used it in which hour since 1970.
    hours: HashSet<(i64, AccountId)>,
    tweets: HashSet<TweetId>,
}

impl Trends {
    /// The trends of the last 24 hours, read from the store.
    pub(super) async fn read(store: &SharedStore, now_ms: i64) -> Result<Self> {
        let since = (now_ms - HOURS * HOUR_MS).max(0).cast_unsigned() << 16;
        let mut trends = Self { newest: since, ..Self::default() };
        trends.add(store.hashtag_uses_since(since).await?, now_ms);
        Ok(trends)
    }

    /// The newest tweet that was counted.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn add(&mut self, uses: Vec<HashtagUse>, now_ms: i64) {
        for HashtagUse { hashtag, tweet, author } in uses {
            self.newest = self.newest.max(tweet.get());
            let used = self.by_key.entry(hashtag.key().to_owned()).or_insert_with(|| Use {
                name: hashtag.name().to_owned(),
                accounts: HashMap::new(),
                hours: HashSet::new(),
                tweets: HashSet::new(),
            });
            let at = tweet.time_ms();
            let last = used.accounts.entry(author).or_insert(at);
            *last = (*last).max(at);
            used.hours.insert((at / HOUR_MS, author));
            used.tweets.insert(tweet);
        }
        self.forget(now_ms);
    }

    fn forget(&mut self, now_ms: i64) {
        let oldest = now_ms - HOURS * HOUR_MS;
        self.by_key.retain(|_, used| {
            used.accounts.retain(|_, last| *last > oldest);
            used.hours.retain(|(hour, _)| *hour > oldest / HOUR_MS);
            used.tweets.retain(|tweet| tweet.time_ms() > oldest);
            !used.accounts.is_empty()
        });
        if self.by_key.len() > HASHTAGS_MAX {
            let mut sizes: Vec<_> =
                self.by_key.iter().map(|(key, used)| (used.accounts.len(), key.clone())).collect();
            sizes.sort_unstable();
            for (_, key) in sizes.into_iter().take(self.by_key.len() - HASHTAGS_MAX) {
                self.by_key.remove(&key);
            }
        }
    }

    /// The strongest first; the name decides between equals.
    pub(super) fn top(&self, now_ms: i64, limit: usize, server_accounts: u64) -> Vec<Trend> {
        let accounts_min = if server_accounts < SMALL_SERVER_ACCOUNTS { 1 } else { ACCOUNTS_MIN };
        self.ranked(now_ms, limit, |accounts| accounts.len() >= accounts_min)
    }

    /// Hashtags that one account used, unless it is one that the viewer does not see.
    pub(super) fn of_one(
        &self,
        now_ms: i64,
        limit: usize,
        is_hidden: impl Fn(AccountId) -> bool,
    ) -> Vec<Trend> {
        self.ranked(now_ms, limit, |accounts| {
            matches!(accounts, [account] if !is_hidden(*account)) && accounts.len() < ACCOUNTS_MIN
        })
    }

    /// The last 24 hours of a hashtag; nothing but its name if it was not used.
    pub(super) fn of(&self, hashtag: &Hashtag, now_ms: i64) -> Trend {
        match self.by_key.get(hashtag.key()) {
            Some(used) => used.trend(now_ms, used.accounts_since(now_ms - HOURS * HOUR_MS).len()),
            None => Trend::unused(hashtag.name()),
        }
    }

    fn ranked(&self, now_ms: i64, limit: usize, is_shown: impl Fn(&[AccountId]) -> bool) -> Vec<Trend> {
        let oldest = now_ms - HOURS * HOUR_MS;
        let mut ranked: Vec<_> = self
            .by_key
            .iter()
            .filter_map(|(key, used)| {
                let accounts = used.accounts_since(oldest);
                if accounts.is_empty() || !is_shown(&accounts) {
                    return None;
                }
                Some((used.score(oldest, now_ms), accounts.len(), key, used))
            })
            .collect();
        ranked.sort_by(|a, b| {
            b.0.total_cmp(&a.0).then_with(|| Reverse(a.1).cmp(&Reverse(b.1))).then_with(|| a.2.cmp(b.2))
        });
        ranked.into_iter().take(limit).map(|(_, accounts, _, used)| used.trend(now_ms, accounts)).collect()
    }
}

impl Use {
    fn accounts_since(&self, oldest: i64) -> Vec<AccountId> {
        self.accounts.iter().filter(|(_, last)| **last > oldest).map(|(account, _)| *account).collect()
    }

    fn score(&self, oldest: i64, now_ms: i64) -> f64 {
        let weight = |last: i64| {
            let age_minutes = i32::try_from((now_ms - last).max(0) / 60_000).unwrap_or(i32::MAX);
            (-f64::from(age_minutes) / 60.0 / HALF_LIFE_HOURS).exp2()
        };
        self.accounts.values().filter(|last| **last > oldest).map(|last| weight(*last)).sum()
    }

    fn trend(&self, now_ms: i64, accounts: usize) -> Trend {
        let mut history = [0; 24];
        let this_hour = now_ms / HOUR_MS;
        for (hour, _) in &self.hours {
            let age = usize::try_from(this_hour - hour).unwrap_or(usize::MAX);
            if let Some(count) = history.iter_mut().rev().nth(age) {
                *count += 1;
            }
        }
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Trend { name: self.name.clone(), people: count(accounts), tweets: count(self.tweets.len()), history }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn used(tag: &str, by: u64, hours_ago: i64, n: u64) -> HashtagUse {
        let at = (NOW - hours_ago * HOUR_MS).cast_unsigned();
        HashtagUse {
            hashtag: Hashtag::parse(tag).unwrap(),
            tweet: TweetId::new((at << 16) + n).unwrap(),
            author: AccountId::new(by).unwrap(),
        }
    }

    fn names(trends: &Trends) -> Vec<String> {
        trends.top(NOW, 5, SMALL_SERVER_ACCOUNTS).into_iter().map(|trend| trend.name).collect()
    }

    #[test]
    fn one_account_makes_a_trend_only_on_a_small_server() {
        let mut trends = Trends::default();
        trends.add((0..1_000).map(|n| used("me", 1, 0, n)).collect(), NOW);
        trends.add(vec![used("us", 1, 0, 1), used("us", 2, 0, 2)], NOW);
        assert_eq!(names(&trends), ["us"]);
        let small = trends.top(NOW, 5, SMALL_SERVER_ACCOUNTS - 1);
        assert_eq!(small.into_iter().map(|trend| trend.name).collect::<Vec<_>>(), ["us", "me"]);
    }

    #[test]
    fn what_one_account_uses_is_new_and_no_trend() {
        let mut trends = Trends::default();
        trends.add(vec![used("us", 1, 0, 1), used("us", 2, 0, 2), used("Mine", 1, 2, 3)], NOW);
        trends.add(vec![used("theirs", 3, 1, 4), used("theirs", 3, 0, 5)], NOW);
        let names = |trends: Vec<Trend>| trends.into_iter().map(|trend| trend.name).collect::<Vec<_>>();
        assert_eq!(names(trends.of_one(NOW, 5, |_| false)), ["theirs", "Mine"]);
        let hides = AccountId::new(3).unwrap();
        assert_eq!(names(trends.of_one(NOW, 5, |account| account == hides)), ["Mine"]);
        let of = |name: &str| trends.of(&Hashtag::parse(name).unwrap(), NOW);
        assert_eq!(
            (of("THEIRS").people, of("THEIRS").tweets, of("THEIRS").history[22..].to_vec()),
            (1, 2, vec![1, 1])
        );
        assert_eq!((of("quiet").name.as_str(), of("quiet").people), ("quiet", 0));
    }

    #[test]
    fn people_count_and_not_tweets_and_now_counts_more_than_yesterday() {
        let mut trends = Trends::default();
        trends.add((1..=2).flat_map(|by| (0..50).map(move |n| used("loud", by, 0, n))).collect(), NOW);
        trends.add((1..=3).map(|by| used("Broad", by, 0, by)).collect(), NOW);
        trends.add((1..=5).map(|by| used("old", by, 20, by)).collect(), NOW);
        assert_eq!(names(&trends), ["Broad", "loud", "old"]);
        let broad = &trends.top(NOW, 1, SMALL_SERVER_ACCOUNTS)[0];
        assert_eq!((broad.people, broad.tweets, broad.history[23]), (3, 3, 3));
    }

    #[test]
    fn what_is_older_than_a_day_is_forgotten() {
        let mut trends = Trends::default();
        trends.add((1..=5).map(|by| used("old", by, 23, by)).collect(), NOW);
        assert_eq!(names(&trends), ["old"]);
        assert!(trends.top(NOW + 2 * HOUR_MS, 5, 1).is_empty());
        trends.add(Vec::new(), NOW + 2 * HOUR_MS);
        assert!(trends.by_key.is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let mut trends = Trends::default();
        let many = (0..HASHTAGS_MAX as u64 + 100).map(|n| used(&format!("t{n}"), 1, 0, n)).collect();
        trends.add(many, NOW);
        assert_eq!(trends.by_key.len(), HASHTAGS_MAX);
    }
}
