//! How a page is assembled, from the store, from memory and for live delivery: candidates in, the page out.

use model::limits::PAGE_BYTES_MAX;
use model::{Account, Cursor, ParentPreview, Span, Tweet, TweetId, TweetPage};
use store::TweetRecord;

use super::visibility::{Original, TweetFacts, TweetList};

/// Within so many tweets of a home timeline, retweets of one tweet are shown once.
pub const RETWEETS_ONCE_WITHIN: usize = 40;

/// Most candidates that are read for one page; above it the page ends early, with a cursor to continue from.
pub const CANDIDATES_MAX: usize = 2_000;

/// What a row counts in addition to its text: identifiers, counts, and the names of its accounts.
const ROW_BYTES: usize = 1_024;

/// In which direction candidates are walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// From the newest down; the page is shown as it was walked.
    NewestFirst,
    /// From a cursor up to newer ones; the page is shown newest first, and the next page is always the older one.
    Upwards,
    /// From the oldest up; the page is shown as it was walked.
    OldestFirst,
}

impl Walk {
    /// In which direction this part of a list whose newest row comes first is walked.
    #[must_use]
    pub fn of(span: Span) -> Self {
        if matches!(span, Span::After(_)) { Self::Upwards } else { Self::NewestFirst }
    }

    /// Where the walk goes on after the row with this sort key.
    #[must_use]
    pub fn continue_from(self, sort_key: u64) -> Span {
        match self {
            Self::NewestFirst => Span::Before(sort_key),
            Self::Upwards | Self::OldestFirst => Span::After(sort_key),
        }
    }
}

/// Rows of one page with their sort keys: where it ends and where the next one begins.
#[derive(Debug)]
pub struct Rows<T> {
    rows: Vec<(u64, T)>,
    limit: usize,
    /// What the rows may still hold.
    bytes_left: usize,
    walk: Walk,
    resume_at: Option<u64>,
}

impl<T> Rows<T> {
    /// No rows yet, of at most `limit` and at most [`PAGE_BYTES_MAX`] together.
    #[must_use]
    pub fn new(limit: usize, walk: Walk) -> Self {
        let rows = Vec::with_capacity(limit + 1);
        Self { rows, limit, bytes_left: PAGE_BYTES_MAX, walk, resume_at: None }
    }

    /// Adds the next row of the walk, with this much text.
    pub fn push(&mut self, sort_key: u64, row: T, text_bytes: usize) {
        match self.bytes_left.checked_sub(text_bytes + ROW_BYTES) {
            Some(left) => self.bytes_left = left,
            // The page ends before this row, unless it is the only one.
            None => (self.bytes_left, self.limit) = (0, self.limit.min(self.rows.len().max(1))),
        }
        self.rows.push((sort_key, row));
    }

    /// How many rows were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is one row more than the page shows: enough to know that another page follows.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.len() > self.limit
    }

    /// The walk was given up after the candidate with this sort key: the next page begins there.
    pub fn stop_at(&mut self, sort_key: u64) {
        self.resume_at = Some(sort_key);
    }

    /// The rows of the page in the order in which they are shown, and where the next page begins.
    #[must_use]
    pub fn finish(mut self) -> (Vec<(u64, T)>, Option<Cursor>) {
        let has_more = self.is_full();
        self.rows.truncate(self.limit);
        let upwards = self.walk == Walk::Upwards;
        if upwards {
            self.rows.reverse();
        }
        let last = self.rows.last().map(|(sort_key, _)| *sort_key);
        let next = if upwards || has_more { last } else { self.resume_at };
        (self.rows, next.map(Cursor::Id))
    }
}

/// A tweet with its author, on its way to a page: read from the store, or borrowed from memory.
pub trait PageEntry {
    /// What the page holds of the tweet.
    type Tweet;
    /// What the page holds of the author.
    type Account;

    /// The tweet itself.
    fn tweet(&self) -> &Tweet;
    /// The tweet and its author.
    fn into_parts(self) -> (Self::Tweet, Self::Account);
    /// Shows the beginning of the tweet that this one replies to.
    fn set_parent(&mut self, parent: &Self);
    /// The identifier of a tweet on the page.
    fn id_of(tweet: &Self::Tweet) -> TweetId;
    /// Whether two authors are the same account.
    fn is_same(one: &Self::Account, other: &Self::Account) -> bool;
}

impl PageEntry for TweetRecord {
    type Tweet = Tweet;
    type Account = Account;

    fn tweet(&self) -> &Tweet {
        &self.tweet
    }

    fn into_parts(self) -> (Tweet, Account) {
        (self.tweet, self.author)
    }

    fn set_parent(&mut self, parent: &Self) {
        self.tweet.parent = Some(ParentPreview::new(&parent.author.username, &parent.tweet.text));
    }

    fn id_of(tweet: &Tweet) -> TweetId {
        tweet.id
    }

    fn is_same(one: &Account, other: &Account) -> bool {
        one.id == other.id
    }
}

/// What is known of a candidate.
#[derive(Debug)]
pub enum Lookup<E> {
    /// The tweet with what decides whether it is shown.
    Found(E, TweetFacts),
    /// It is deleted.
    Deleted,
    /// It has to be read from the store first.
    Unknown,
}

impl Lookup<TweetRecord> {
    /// Of a record that was read for this viewer; `None`: the tweet is deleted.
    #[must_use]
    pub fn of(record: Option<TweetRecord>, viewer: model::AccountId) -> Self {
        match record {
            Some(record) => {
                let facts = TweetFacts::of(&record, viewer);
                Self::Found(record, facts)
            }
            None => Self::Deleted,
        }
    }
}

/// A page of tweets with everything that is needed to show it.
#[derive(Debug, Clone)]
pub struct PageOf<T, A> {
    /// In the order of the list.
    pub tweets: Vec<T>,
    /// Originals of retweets and quotes that are not among `tweets` themselves, each once.
    pub referenced: Vec<T>,
    /// Every author of the above, once.
    pub accounts: Vec<A>,
    /// Where the next page begins; `None` when there is no more.
    pub next: Option<Cursor>,
}

impl From<PageOf<Tweet, Account>> for TweetPage {
    fn from(page: PageOf<Tweet, Account>) -> Self {
        let PageOf { tweets, referenced, accounts, next } = page;
        Self { tweets, referenced, accounts, next }
    }
}

/// A tweet and its original. Both are taken out when the page is put together.
#[derive(Debug)]
struct Row<E> {
    tweet: Option<E>,
    /// Of a plain retweet.
    retweet_of: Option<TweetId>,
    original: Option<E>,
}

/// A page of tweets that is being filled.
#[derive(Debug)]
pub struct PageBuilder<E> {
    list: TweetList,
    rows: Rows<Row<E>>,
}

impl<E: PageEntry> PageBuilder<E> {
    /// An empty page of this list.
    #[must_use]
    pub fn new(list: TweetList, limit: usize, walk: Walk) -> Self {
        Self { list, rows: Rows::new(limit, walk) }
    }

    /// The same for tweets that are shown together, whatever they hold.
    #[must_use]
    pub fn whole(list: TweetList, limit: usize, walk: Walk) -> Self {
        Self { list, rows: Rows { bytes_left: usize::MAX, ..Rows::new(limit, walk) } }
    }

    /// Adds the next candidate of the walk, unless the list leaves it out. Returns the tweet (the candidate, its original
    /// or the tweet that it replies to) that has to be read before the candidate can be judged.
    #[inline]
    #[must_use]
    pub fn offer(
        &mut self,
        sort_key: u64,
        id: TweetId,
        candidate: Lookup<E>,
        look_up: impl FnOnce(TweetId) -> Lookup<E>,
        look_up_parent: impl FnOnce(TweetId) -> Lookup<E>,
    ) -> Option<TweetId> {
        let (mut entry, tweet_facts) = match candidate {
            Lookup::Found(entry, facts) => (entry, facts),
            Lookup::Deleted => return None,
            Lookup::Unknown => return Some(id),
        };
        let (retweet_of, quote_of) = (entry.tweet().retweet_of, entry.tweet().quote_of);
        let is_retweet = retweet_of.is_some();
        if !self.list.includes(tweet_facts, is_retweet) {
            return None;
        }
        let mut original = None;
        if let Some(id) = retweet_of.or(quote_of) {
            let facts = match look_up(id) {
                Lookup::Unknown => return Some(id),
                Lookup::Deleted => None,
                Lookup::Found(entry, facts) => {
                    original = Some(entry);
                    Some(facts)
                }
            };
            match self.list.original(tweet_facts, facts, is_retweet) {
                Original::Shown => {}
                Original::Omitted => original = None,
                Original::HidesTweet => return None,
            }
        }
        if let Some(id) = entry.tweet().reply_to {
            match look_up_parent(id) {
                Lookup::Unknown => return Some(id),
                Lookup::Found(parent, facts) if self.list.shows_parent(tweet_facts, facts) => {
                    entry.set_parent(&parent);
                }
                Lookup::Found(..) | Lookup::Deleted => {}
            }
        }
        if is_retweet && self.list.joins_retweets() && self.has_retweet_of(retweet_of) {
            return None;
        }
        let of_original = original.as_ref().map_or(0, |original| original.tweet().text.len());
        let text_bytes = entry.tweet().text.len() + of_original;
        self.rows.push(sort_key, Row { tweet: Some(entry), retweet_of, original }, text_bytes);
        None
    }

    fn has_retweet_of(&self, original: Option<TweetId>) -> bool {
        let nearby = self.rows.rows.iter().rev().take(RETWEETS_ONCE_WITHIN);
        nearby.into_iter().any(|(_, row)| row.retweet_of == original)
    }

    /// How many tweets are on the page so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the page has no tweet yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As [`Rows::is_full`].
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.rows.is_full()
    }

    /// As [`Rows::stop_at`].
    pub fn stop_at(&mut self, sort_key: u64) {
        self.rows.stop_at(sort_key);
    }

    /// The page: originals and authors once.
    #[must_use]
    pub fn finish(self) -> PageOf<E::Tweet, E::Account> {
        let (mut rows, next) = self.rows.finish();
        let mut page = PageOf {
            tweets: Vec::with_capacity(rows.len()),
            referenced: Vec::new(),
            accounts: Vec::with_capacity(rows.len()),
            next,
        };
        for entry in rows.iter_mut().filter_map(|(_, row)| row.tweet.take()) {
            let (tweet, author) = entry.into_parts();
            add_author::<E>(&mut page.accounts, author);
            page.tweets.push(tweet);
        }
        for entry in rows.iter_mut().filter_map(|(_, row)| row.original.take()) {
            let id = entry.tweet().id;
            if !page.tweets.iter().chain(&page.referenced).any(|other| E::id_of(other) == id) {
                let (tweet, author) = entry.into_parts();
                add_author::<E>(&mut page.accounts, author);
                page.referenced.push(tweet);
            }
        }
        page
    }
}

fn add_author<E: PageEntry>(accounts: &mut Vec<E::Account>, author: E::Account) {
    if !accounts.iter().any(|other| E::is_same(other, &author)) {
        accounts.push(author);
    }
}

/// The page of one tweet, with its original if that is shown.
#[must_use]
pub fn page_of_one<E: PageEntry>(tweet: E, original: Option<E>) -> PageOf<E::Tweet, E::Account> {
    let mut rows = Rows::new(1, Walk::NewestFirst);
    rows.push(tweet.tweet().id.get(), Row { retweet_of: None, tweet: Some(tweet), original }, 0);
    PageBuilder { list: TweetList::Requested, rows }.finish()
}
