//! Tweets and their authors as everyone sees them, each read and encoded once.

use std::sync::OnceLock;

use bytes::Bytes;
use model::{Account, AccountId, AccountState, ParentPreview, Tweet, TweetId, ViewerFlags};
use quick_cache::Weighter;
use quick_cache::unsync::{Cache, DefaultLifecycle};
use store::{RandomState, TweetRecord};

use crate::policy::{PageEntry, PageOf};

/// A tweet without the flags of any viewer.
#[derive(Debug)]
pub struct CachedTweet {
    /// The tweet; no viewer flag is set.
    pub tweet: Tweet,
    /// Its fields in the encoding of a gateway's protocol, made by the first connection that sends it.
    pub encoded: OnceLock<Bytes>,
}

/// An author.
#[derive(Debug)]
pub struct CachedAccount {
    /// The account.
    pub account: Account,
    /// Whether it is active, suspended or deleted.
    pub state: AccountState,
    /// As [`CachedTweet::encoded`].
    pub encoded: OnceLock<Bytes>,
}

/// A tweet as its viewer sees it.
#[derive(Debug, Clone, Copy)]
pub struct HomeTweet<'a> {
    /// What everyone sees.
    pub tweet: &'a CachedTweet,
    /// What the viewer did with it.
    pub marks: ViewerFlags,
    /// What the viewer sees of the tweet that it replies to.
    pub parent: Option<HomeParent<'a>>,
}

/// A tweet that another one replies to, with its author.
#[derive(Debug, Clone, Copy)]
pub struct HomeParent<'a> {
    /// The tweet.
    pub tweet: &'a CachedTweet,
    /// Its author.
    pub author: &'a CachedAccount,
}

impl HomeParent<'_> {
    /// What the reply shows of it.
    #[must_use]
    pub fn preview(&self) -> ParentPreview {
        ParentPreview::new(&self.author.account.username, &self.tweet.tweet.text)
    }
}

/// A page of a home timeline: a [`model::TweetPage`] that borrows from the cache.
pub type HomePage<'a> = PageOf<HomeTweet<'a>, &'a CachedAccount>;

impl CachedTweet {
    pub(super) fn new(tweet: &Tweet) -> Box<Self> {
        let tweet = Tweet { viewer: ViewerFlags::default(), ..tweet.clone() };
        Box::new(Self { tweet, encoded: OnceLock::new() })
    }
}

impl CachedAccount {
    pub(super) fn new(record: &TweetRecord) -> Box<Self> {
        Box::new(Self {
            account: record.author.clone(),
            state: record.author_state,
            encoded: OnceLock::new(),
        })
    }
}

/// A tweet with its author, both in the cache.
#[derive(Debug, Clone, Copy)]
pub(super) struct CachedEntry<'a> {
    pub(super) tweet: HomeTweet<'a>,
    pub(super) author: &'a CachedAccount,
}

impl<'a> PageEntry for CachedEntry<'a> {
    type Tweet = HomeTweet<'a>;
    type Account = &'a CachedAccount;

    #[inline]
    fn tweet(&self) -> &Tweet {
        &self.tweet.tweet.tweet
    }

    #[inline]
    fn into_parts(self) -> (HomeTweet<'a>, &'a CachedAccount) {
        (self.tweet, self.author)
    }

    #[inline]
    fn set_parent(&mut self, parent: &Self) {
        self.tweet.parent = Some(HomeParent { tweet: parent.tweet.tweet, author: parent.author });
    }

    #[inline]
    fn id_of(tweet: &HomeTweet<'a>) -> TweetId {
        tweet.tweet.tweet.id
    }

    /// Each account is in the cache once, and no cached account moves while a page borrows it.
    #[inline]
    fn is_same(one: &&'a CachedAccount, other: &&'a CachedAccount) -> bool {
        std::ptr::eq(*one, *other)
    }
}

/// `None`: deleted, which is final.
pub(super) type TweetCache = Cache<TweetId, Option<Box<CachedTweet>>, ByteWeighter, RandomState>;
pub(super) type AccountCache = Cache<AccountId, Box<CachedAccount>, ByteWeighter, RandomState>;

/// An empty cache of at most so many bytes.
pub(super) fn with_capacity<K: Eq + std::hash::Hash, V>(bytes: u64) -> Cache<K, V, ByteWeighter, RandomState>
where
    ByteWeighter: Weighter<K, V>,
{
    let items = usize::try_from(bytes / 512).unwrap_or(usize::MAX);
    Cache::with(items, bytes, ByteWeighter, RandomState::default(), DefaultLifecycle::default())
}

/// Bytes of an entry without its texts: key, fields and the header of its encoding.
const ENTRY_BYTES: u64 = 256;

/// Weighs entries in bytes.
#[derive(Debug, Clone)]
pub(super) struct ByteWeighter;

impl Weighter<TweetId, Option<Box<CachedTweet>>> for ByteWeighter {
    fn weight(&self, _: &TweetId, tweet: &Option<Box<CachedTweet>>) -> u64 {
        // The text, and the text in its encoding.
        tweet.as_ref().map_or(64, |tweet| ENTRY_BYTES + 2 * tweet.tweet.text.len() as u64)
    }
}

impl Weighter<AccountId, Box<CachedAccount>> for ByteWeighter {
    fn weight(&self, _: &AccountId, account: &Box<CachedAccount>) -> u64 {
        ENTRY_BYTES + 2 * account.account.display_name.as_str().len() as u64
    }
}
