//! Trends: hashtags that many accounts use now. And what is shown next to them, or where there are none.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;

use model::{AccountId, Operation, Result, Trend, TweetId};
use store::HashtagUse;
use tokio::time::Instant;

use crate::policy::{self, Caller, Relationships};
use crate::service::Service;

/// The week is read from the store again after this time.
const WEEK_MAX_AGE: Duration = Duration::from_secs(60);
const WEEK_MS: i64 = 7 * 24 * 3_600_000;
/// Uses of hashtags that are counted for a week, the newest.
const WEEK_USES_MAX: usize = 20_000;

/// Hashtags in the sections of a page.
#[derive(Debug, Clone, Default)]
pub struct HashtagSections {
    /// Of two accounts or more in the last 24 hours, the strongest first.
    pub trends: Vec<Trend>,
    /// Of one account in the last 24 hours.
    pub new_today: Vec<Trend>,
    /// The caller's own, the most recently used first.
    pub yours: Vec<Trend>,
    /// Of the last 7 days, with the people and tweets of these days; empty if there are any of the last 24 hours.
    pub this_week: Vec<Trend>,
}

impl Service {
    /// The strongest trends.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, and those of the store.
    pub async fn trends(&self, caller: &Caller, limit: usize) -> Result<Vec<Trend>> {
        policy::member(caller, Operation::GetTrends)?;
        let counts = self.statistics.read(self.store.as_ref()).await?;
        Ok(self.live.trends(limit, counts.accounts))
    }

    /// Up to `limit` hashtags in each section. What only one account used is left out if the caller mutes it, or if one of
    /// them blocks the other.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, and those of the store.
    pub async fn hashtag_sections(&self, caller: &Caller, limit: usize) -> Result<HashtagSections> {
        let (viewer, _) = policy::member(caller, Operation::GetTrends)?;
        let relationships = Relationships::from(self.store.social_graph(viewer).await?);
        let is_hidden = |account| {
            let relationship = relationships.to(account);
            relationship.blocked() || relationship.muting
        };
        let trends = self.live.trends(limit, u64::MAX);
        let new_today = self.live.new_hashtags(limit, is_hidden);
        let yours = self.live.uses_of(&self.store.hashtags_of(viewer, limit).await?);
        let mut this_week = Vec::new();
        if trends.is_empty() && new_today.is_empty() {
            self.read_week().await?;
            let week = self.week.0.lock().unwrap_or_else(PoisonError::into_inner);
            let week = week.iter().flat_map(|(_, week)| week);
            let shown = week.filter(|(_, alone)| !alone.is_some_and(is_hidden));
            this_week = shown.map(|(trend, _)| trend.clone()).take(limit).collect();
        }
        Ok(HashtagSections { trends, new_today, yours, this_week })
    }

    /// Reads the week again if it is too old.
    async fn read_week(&self) -> Result<()> {
        let now = Instant::now();
        let read_at = self.week.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|week| week.0);
        if read_at.is_some_and(|read_at| now.duration_since(read_at) < WEEK_MAX_AGE) {
            return Ok(());
        }
        let since = (self.clock.now_ms() - WEEK_MS).max(0).cast_unsigned() << 16;
        let week = ranked(self.store.latest_hashtag_uses(since, WEEK_USES_MAX).await?);
        *self.week.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, week));
        Ok(())
    }
}

/// The hashtags of these uses, those of the most people first, then those of the most tweets, then the newest.
fn ranked(uses: Vec<HashtagUse>) -> Vec<(Trend, Option<AccountId>)> {
    struct Used {
        name: String,
        newest: TweetId,
        accounts: HashSet<AccountId>,
        tweets: u32,
    }
    let mut by_key: HashMap<String, Used> = HashMap::new();
    for HashtagUse { hashtag, tweet, author } in uses {
        let used = by_key.entry(hashtag.key().to_owned()).or_insert_with(|| Used {
            name: hashtag.name().to_owned(),
            newest: tweet,
            accounts: HashSet::new(),
            tweets: 0,
        });
        used.newest = used.newest.max(tweet);
        used.accounts.insert(author);
        used.tweets = used.tweets.saturating_add(1);
    }
    let mut ranked: Vec<_> = by_key.into_values().collect();
    ranked.sort_by_key(|used| std::cmp::Reverse((used.accounts.len(), used.tweets, used.newest)));
    let trend = |used: Used| {
        let people = u32::try_from(used.accounts.len()).unwrap_or(u32::MAX);
        let alone = if people == 1 { used.accounts.into_iter().next() } else { None };
        (Trend { people, tweets: used.tweets, ..Trend::unused(&used.name) }, alone)
    };
    ranked.into_iter().map(trend).collect()
}
