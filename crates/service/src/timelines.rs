//! Timelines and threads: filling a page with what the viewer may see.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use model::limits::THREAD_ANCESTORS_MAX;
use model::{
    Account, AccountId, Cursor, Error, Hashtag, Operation, Result, Span, Tweet, TweetId, TweetPage, Username,
};

use crate::policy::{self, Caller};
use crate::service::Service;
use crate::timeline::HomePage;
use store::{Timeline, TimelineEntry, TweetRecord};

/// Most candidates looked at for one page; past it the page ends early, with a cursor that goes on.
const CANDIDATES_MAX: usize = 2_000;

/// A timeline as a person asks for it.
#[derive(Debug, Clone)]
pub enum TimelineRequest {
    /// One's own tweets and those of the people one follows.
    Home,
    /// What someone (or oneself) wrote and retweeted.
    User(Option<Username>),
    /// What someone (or oneself) wrote in answer to somebody.
    Replies(Option<Username>),
    /// Public tweets with a hashtag.
    Hashtag(Hashtag),
    /// All public tweets.
    Local,
    /// One's bookmarks.
    Bookmarks,
    /// One's likes.
    Likes,
    /// Public tweets with all these words.
    Search(String),
}

/// A tweet among what it answers and what answers it.
#[derive(Debug, Clone)]
pub struct Thread {
    /// The root first.
    pub ancestors: Vec<Tweet>,
    /// The tweet itself.
    pub tweet: Tweet,
    /// Oldest first, at any depth.
    pub replies: TweetPage,
    /// Originals of ancestors and tweet.
    pub referenced: Vec<Tweet>,
    /// Authors of ancestors, tweet and originals.
    pub accounts: Vec<Account>,
}

/// A tweet that the viewer may see, with the original that it refers to if they may see that too.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    record: TweetRecord,
    original: Option<TweetRecord>,
}

impl Shown {
    fn is_muted(&self) -> bool {
        let retweeted = self.original.as_ref().filter(|_| self.record.tweet.retweet_of.is_some());
        self.record.relationship.muting || retweeted.is_some_and(|original| original.relationship.muting)
    }
}

impl Service {
    /// A page of a timeline.
    ///
    /// # Errors
    /// `NOT_FOUND{account}` for someone who is not there for the viewer, `INVALID{search}`.
    pub async fn timeline(
        &self,
        caller: &Caller,
        request: TimelineRequest,
        span: Span,
        limit: usize,
    ) -> Result<TweetPage> {
        let (viewer, _) = policy::member(caller, Operation::ReadTimeline)?;
        let (timeline, show_muted) = match request {
            TimelineRequest::Home => (Timeline::Home(viewer), false),
            TimelineRequest::User(username) => {
                (Timeline::User(self.resolve_or_self(viewer, username).await?), true)
            }
            TimelineRequest::Replies(username) => {
                (Timeline::Replies(self.resolve_or_self(viewer, username).await?), true)
            }
            TimelineRequest::Hashtag(hashtag) => (Timeline::Hashtag(hashtag), false),
            TimelineRequest::Local => (Timeline::Local, false),
            TimelineRequest::Bookmarks => (Timeline::Bookmarks(viewer), true),
            TimelineRequest::Likes => (Timeline::Likes(viewer), true),
            TimelineRequest::Search(query) => {
                crate::search::check_query("search", &query)?;
                (Timeline::Search(query), false)
            }
        };
        self.fill(viewer, &timeline, show_muted, span, limit).await
    }

    /// What `take` makes of a page of the caller's home timeline out of memory; `None` where [`Service::timeline`] has
    /// to be asked.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub async fn home<T>(
        &self,
        caller: &Caller,
        span: Span,
        limit: usize,
        take: impl Fn(&HomePage<'_>) -> T,
    ) -> Result<Option<T>> {
        let (viewer, _) = policy::member(caller, Operation::ReadTimeline)?;
        self.timelines.home(viewer, span, limit, take).await
    }

    /// The same without waiting; `None` where [`Service::home`] has to be asked.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub fn home_now<T>(
        &self,
        caller: &Caller,
        span: Span,
        limit: usize,
        take: impl FnOnce(&HomePage<'_>) -> T,
    ) -> Result<Option<T>> {
        let (viewer, _) = policy::member(caller, Operation::ReadTimeline)?;
        Ok(self.timelines.home_now(viewer, span, limit, take))
    }

    /// The newest page of the same in its encoding, made by `encode` where it is not kept.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub fn newest_now(
        &self,
        caller: &Caller,
        limit: usize,
        encode: impl FnOnce(&HomePage<'_>) -> Vec<u8>,
    ) -> Result<Option<Bytes>> {
        let (viewer, _) = policy::member(caller, Operation::ReadTimeline)?;
        Ok(self.timelines.newest_now(viewer, limit, encode))
    }

    /// Takes candidates until the page is full of visible ones, or there are no more: a page never ends early
    /// because of what was filtered out.
    async fn fill(
        &self,
        viewer: AccountId,
        timeline: &Timeline,
        show_muted: bool,
        span: Span,
        limit: usize,
    ) -> Result<TweetPage> {
        let upwards = matches!(span, Span::After(_));
        let home = matches!(timeline, Timeline::Home(_));
        let mut span = span;
        let mut filled = Filled::default();
        let mut looked_at = 0;
        loop {
            let asked = limit + 1;
            let mut entries = self.store.timeline(timeline, span, asked).await?;
            if upwards {
                entries.reverse();
            }
            let Some(furthest) = entries.last().copied() else { break };
            let shown = self.load_entries(viewer, &entries).await?;
            for (place, shown) in shown {
                if (show_muted || !shown.is_muted()) && !(home && filled.has_retweet_of_same(&shown)) {
                    filled.push(place, shown);
                }
            }
            looked_at += entries.len();
            if filled.tweets.len() > limit || entries.len() < asked {
                break;
            }
            if looked_at >= CANDIDATES_MAX {
                filled.goes_on_at = Some(furthest.sort_key);
                break;
            }
            span = if upwards { Span::After(furthest.sort_key) } else { Span::Before(furthest.sort_key) };
        }
        Ok(filled.into_page(limit, upwards))
    }

    async fn load_entries(&self, viewer: AccountId, entries: &[TimelineEntry]) -> Result<Vec<(u64, Shown)>> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.tweet).collect();
        let mut shown: HashMap<_, _> = self
            .load_tweets(viewer, &ids)
            .await?
            .into_iter()
            .map(|shown| (shown.record.tweet.id, shown))
            .collect();
        Ok(entries.iter().filter_map(|entry| Some((entry.sort_key, shown.remove(&entry.tweet)?))).collect())
    }

    /// These tweets with their originals, in order, without those that the viewer may not see. A plain retweet
    /// goes with its original; a quote stays without it.
    pub(super) async fn load_tweets(&self, viewer: AccountId, ids: &[TweetId]) -> Result<Vec<Shown>> {
        let mut records = self.store.tweets(viewer, ids).await?;
        records.retain(|record| policy::can_see(record, viewer));
        let originals: HashSet<_> = records.iter().filter_map(original_of).collect();
        let originals: Vec<_> = originals.into_iter().collect();
        let originals =
            if originals.is_empty() { Vec::new() } else { self.store.tweets(viewer, &originals).await? };
        let originals: HashMap<_, _> = originals
            .into_iter()
            .filter(|original| policy::can_see(original, viewer))
            .map(|original| (original.tweet.id, original))
            .collect();
        Ok(records
            .into_iter()
            .map(|record| {
                let original = original_of(&record).and_then(|id| originals.get(&id).cloned());
                Shown { record, original }
            })
            .filter(|shown| shown.record.tweet.retweet_of.is_none() || shown.original.is_some())
            .collect())
    }

    /// A tweet with what it answers and a page of what answers it.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn thread(
        &self,
        caller: &Caller,
        id: TweetId,
        after: Option<TweetId>,
        limit: usize,
    ) -> Result<Thread> {
        let (viewer, _) = policy::member(caller, Operation::GetThread)?;
        let id = self.visible_tweet(viewer, id).await?.tweet.id;
        let mut above = self.store.ancestors(id, THREAD_ANCESTORS_MAX).await?;
        above.reverse();
        above.push(id);
        let mut shown = self.load_tweets(viewer, &above).await?;
        if shown.last().is_none_or(|last| last.record.tweet.id != id) {
            return Err(Error::not_found("tweet"));
        }
        let page = page_of(std::mem::take(&mut shown), None);
        let mut ancestors = page.tweets;
        let Some(tweet) = ancestors.pop() else { return Err(Error::not_found("tweet")) };
        let replies = self.replies(viewer, id, after, limit).await?;
        Ok(Thread { ancestors, tweet, replies, referenced: page.referenced, accounts: page.accounts })
    }

    async fn replies(
        &self,
        viewer: AccountId,
        id: TweetId,
        after: Option<TweetId>,
        limit: usize,
    ) -> Result<TweetPage> {
        let mut after = after;
        let mut filled = Filled::default();
        let mut looked_at = 0;
        loop {
            let ids = self.store.descendants(id, after, limit + 1).await?;
            for shown in self.load_tweets(viewer, &ids).await? {
                if !shown.is_muted() {
                    filled.push(shown.record.tweet.id.get(), shown);
                }
            }
            looked_at += ids.len();
            if filled.tweets.len() > limit || ids.len() <= limit {
                break;
            }
            after = ids.last().copied();
            if looked_at >= CANDIDATES_MAX {
                filled.goes_on_at = after.map(TweetId::get);
                break;
            }
        }
        Ok(filled.into_page(limit, false))
    }
}

fn original_of(record: &TweetRecord) -> Option<TweetId> {
    record.tweet.retweet_of.or(record.tweet.quote_of)
}

/// A page on its way.
#[derive(Default)]
struct Filled {
    tweets: Vec<(u64, Shown)>,
    goes_on_at: Option<u64>,
}

impl Filled {
    fn push(&mut self, place: u64, shown: Shown) {
        self.tweets.push((place, shown));
    }

    fn has_retweet_of_same(&self, shown: &Shown) -> bool {
        let Some(original) = shown.record.tweet.retweet_of else { return false };
        let recent = self.tweets.iter().rev().take(policy::RETWEETS_ONCE_WITHIN);
        recent.into_iter().any(|(_, other)| other.record.tweet.retweet_of == Some(original))
    }

    fn into_page(mut self, limit: usize, upwards: bool) -> TweetPage {
        let more = self.tweets.len() > limit;
        self.tweets.truncate(limit);
        // Walking upwards the last one found is the newest; the page that follows is always the older one.
        if upwards {
            self.tweets.reverse();
        }
        let last = self.tweets.last().map(|(place, _)| *place);
        let next = if upwards || more { last } else { self.goes_on_at };
        page_of(self.tweets.into_iter().map(|(_, shown)| shown).collect(), next.map(Cursor::Id))
    }
}

/// A page of these tweets: originals and authors once.
pub(super) fn page_of(shown: Vec<Shown>, next: Option<Cursor>) -> TweetPage {
    let mut page = TweetPage { next, ..TweetPage::default() };
    let mut accounts = HashSet::new();
    let mut on_page: HashSet<_> = shown.iter().map(|shown| shown.record.tweet.id).collect();
    for Shown { record, original } in shown {
        for (record, is_original) in [(Some(record), false), (original, true)] {
            let Some(record) = record else { continue };
            if is_original && !on_page.insert(record.tweet.id) {
                continue;
            }
            if accounts.insert(record.author.id) {
                page.accounts.push(record.author);
            }
            if is_original { &mut page.referenced } else { &mut page.tweets }.push(record.tweet);
        }
    }
    page
}
