//! Timelines and threads: pages of what the viewer may see.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use model::limits::{PAGE_BYTES_MAX, THREAD_ANCESTORS_MAX};
use model::{
    Account, AccountId, Error, Hashtag, Operation, Result, Span, Tweet, TweetId, TweetPage, Username,
};

use crate::policy::{self, CANDIDATES_MAX, Caller, Lookup, PageBuilder, TweetList, Walk};
use crate::service::Service;
use crate::timeline::HomePage;
use store::{Timeline, TimelineEntry, TweetRecord};

/// A timeline as a client requests it; a username of `None` is the caller's own.
#[derive(Debug, Clone)]
pub enum TimelineRequest {
    /// Tweets of the caller and of followed accounts.
    Home,
    /// Tweets and retweets of an account.
    User(Option<Username>),
    /// Replies of an account.
    Replies(Option<Username>),
    /// Public tweets with a hashtag.
    Hashtag(Hashtag),
    /// All public tweets.
    Local,
    /// The caller's bookmarks.
    Bookmarks,
    /// The caller's likes.
    Likes,
    /// Public tweets with all these words.
    Search(String),
}

/// A tweet with the tweets that it replies to and the replies to it.
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

/// Where the candidates of a page come from.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Timeline(&'a Timeline),
    /// Replies to this tweet at any depth, oldest first.
    Replies(TweetId),
}

impl Source<'_> {
    fn walk(self, span: Span) -> Walk {
        match self {
            Self::Replies(_) => Walk::OldestFirst,
            Self::Timeline(_) => Walk::of(span),
        }
    }
}

impl Service {
    /// A page of a timeline.
    ///
    /// # Errors
    /// `NOT_FOUND{account}` for an account that is hidden from the caller, `INVALID{search}`.
    pub async fn timeline(
        &self,
        caller: &Caller,
        request: TimelineRequest,
        span: Span,
        limit: usize,
    ) -> Result<TweetPage> {
        let (viewer, _) = policy::member(caller, Operation::ReadTimeline)?;
        let (timeline, list) = match request {
            TimelineRequest::Home => (Timeline::Home(viewer), TweetList::Home),
            TimelineRequest::User(username) => {
                (Timeline::User(self.resolve_or_self(viewer, username).await?), TweetList::Account)
            }
            TimelineRequest::Replies(username) => {
                (Timeline::Replies(self.resolve_or_self(viewer, username).await?), TweetList::Account)
            }
            TimelineRequest::Hashtag(hashtag) => (Timeline::Hashtag(hashtag), TweetList::Public),
            TimelineRequest::Local => (Timeline::Local, TweetList::Public),
            TimelineRequest::Bookmarks => (Timeline::Bookmarks(viewer), TweetList::Requested),
            TimelineRequest::Likes => (Timeline::Likes(viewer), TweetList::Requested),
            TimelineRequest::Search(query) => {
                crate::search::check_tweet_search(&query)?;
                (Timeline::Search(query), TweetList::Public)
            }
        };
        self.fill(viewer, Source::Timeline(&timeline), list, span, limit).await
    }

    /// The caller, who may read what is in memory: it is no newer than the store.
    fn reader_in_memory(&self, caller: &Caller) -> Result<AccountId> {
        let (viewer, _) = policy::member(caller, Operation::ReadTimeline)?;
        self.store.require_fresh()?;
        Ok(viewer)
    }

    /// What `take` makes of a page of the caller's home timeline in memory; `None` where only [`Service::timeline`] has the
    /// page.
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
        let viewer = self.reader_in_memory(caller)?;
        self.timelines.home(viewer, span, limit, take).await
    }

    /// As [`Service::home`] without waiting; `None` also where something has to be read from the store first.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, and `UNAVAILABLE` as for every read.
    pub fn home_now<T>(
        &self,
        caller: &Caller,
        span: Span,
        limit: usize,
        take: impl FnOnce(&HomePage<'_>) -> T,
    ) -> Result<Option<T>> {
        let viewer = self.reader_in_memory(caller)?;
        Ok(self.timelines.home_now(viewer, span, limit, take))
    }

    /// As [`Service::home_now`] for the newest page in its encoding, made by `encode` where it is not cached.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub fn newest_now(
        &self,
        caller: &Caller,
        limit: usize,
        encode: impl FnOnce(&HomePage<'_>) -> Vec<u8>,
    ) -> Result<Option<Bytes>> {
        let viewer = self.reader_in_memory(caller)?;
        Ok(self.timelines.newest_now(viewer, limit, encode))
    }

    /// Reads candidates until the page is full of visible tweets or there are no more: a page never ends early because
    /// of what was filtered out.
    async fn fill(
        &self,
        viewer: AccountId,
        source: Source<'_>,
        list: TweetList,
        span: Span,
        limit: usize,
    ) -> Result<TweetPage> {
        let walk = source.walk(span);
        let mut page = PageBuilder::new(list, limit, walk);
        let mut span = span;
        let mut looked_at = 0;
        loop {
            let asked = limit + 1;
            let entries = self.candidates(source, span, asked).await?;
            let Some(furthest) = entries.last().copied() else { break };
            self.offer_all(&mut page, viewer, &entries).await?;
            looked_at += entries.len();
            if page.is_full() || entries.len() < asked {
                break;
            }
            if looked_at >= CANDIDATES_MAX {
                page.stop_at(furthest.sort_key);
                break;
            }
            span = walk.continue_from(furthest.sort_key);
        }
        Ok(page.finish().into())
    }

    /// The next candidates in the order of the walk.
    async fn candidates(&self, source: Source<'_>, span: Span, limit: usize) -> Result<Vec<TimelineEntry>> {
        match source {
            Source::Timeline(timeline) => {
                let mut entries = self.store.timeline(timeline, span, limit).await?;
                if matches!(span, Span::After(_)) {
                    entries.reverse();
                }
                Ok(entries)
            }
            Source::Replies(tweet) => {
                let after = match span {
                    Span::After(id) => TweetId::new(id),
                    Span::Latest | Span::Before(_) => None,
                };
                let ids = self.store.descendants(tweet, after, limit).await?;
                Ok(ids.into_iter().map(entry_of).collect())
            }
        }
    }

    /// Offers these candidates to a page, with their originals and the tweets that they reply to.
    async fn offer_all(
        &self,
        page: &mut PageBuilder<TweetRecord>,
        viewer: AccountId,
        entries: &[TimelineEntry],
    ) -> Result<()> {
        let ids: Vec<_> = entries.iter().map(|entry| entry.tweet).collect();
        let mut records = self.visible_records(viewer, &ids).await?;
        let others: HashSet<_> = records
            .values()
            .flat_map(|record| [record.tweet.retweet_of.or(record.tweet.quote_of), record.tweet.reply_to])
            .flatten()
            .collect();
        let others: Vec<_> = others.into_iter().collect();
        let others = self.visible_records(viewer, &others).await?;
        for TimelineEntry { sort_key, tweet } in entries {
            let candidate = Lookup::of(records.remove(tweet), viewer);
            let other = |id| Lookup::of(others.get(&id).cloned(), viewer);
            let unread = page.offer(*sort_key, *tweet, candidate, other, other);
            debug_assert_eq!(unread, None, "everything was read");
        }
        Ok(())
    }

    /// Those of these tweets that the viewer may see.
    async fn visible_records(
        &self,
        viewer: AccountId,
        ids: &[TweetId],
    ) -> Result<HashMap<TweetId, TweetRecord>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let records = self.store.tweets(viewer, ids).await?.into_iter();
        let visible = records.filter(|record| policy::is_visible(record, viewer));
        Ok(visible.map(|record| (record.tweet.id, record)).collect())
    }

    /// A page of exactly these tweets, in this order, without those that the viewer may not see.
    pub(crate) async fn page_of(&self, viewer: AccountId, ids: &[TweetId]) -> Result<TweetPage> {
        let mut page = PageBuilder::whole(TweetList::Requested, ids.len(), Walk::NewestFirst);
        let entries: Vec<_> = ids.iter().copied().map(entry_of).collect();
        self.offer_all(&mut page, viewer, &entries).await?;
        Ok(page.finish().into())
    }

    /// A tweet with the tweets that it replies to and a page of the replies to it.
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
        let page = self.page_of(viewer, &above).await?;
        let mut ancestors = page.tweets;
        let Some(tweet) = ancestors.pop_if(|last| last.id == id) else {
            return Err(Error::not_found("tweet"));
        };
        keep_nearest(&mut ancestors);
        let span = after.map_or(Span::Latest, |after| Span::After(after.get()));
        let replies = self.fill(viewer, Source::Replies(id), TweetList::Replies, span, limit).await?;
        Ok(Thread { ancestors, tweet, replies, referenced: page.referenced, accounts: page.accounts })
    }
}

/// Leaves out the furthest ancestors of a tweet where the texts are more than fits on a page.
fn keep_nearest(ancestors: &mut Vec<Tweet>) {
    let mut bytes = 0;
    let fits = |tweet: &&Tweet| {
        bytes += tweet.text.len();
        bytes <= PAGE_BYTES_MAX
    };
    let kept = ancestors.iter().rev().take_while(fits).count();
    ancestors.drain(..ancestors.len() - kept);
}

/// A candidate that is sorted by its own identifier.
fn entry_of(tweet: TweetId) -> TimelineEntry {
    TimelineEntry { sort_key: tweet.get(), tweet }
}
