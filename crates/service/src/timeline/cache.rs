//! Tweets and their authors as everybody sees them, each read and encoded once.

use std::sync::OnceLock;

use bytes::Bytes;
use model::{Account, AccountId, AccountState, Tweet, TweetId, ViewerFlags};
use quick_cache::Weighter;

use store::TweetRecord;

/// A tweet without any viewer's marks.
#[derive(Debug)]
pub struct CachedTweet {
    /// The tweet; nobody's marks are set.
    pub tweet: Tweet,
    /// Its fields in the form of a gateway's protocol: made once, by the first who sends it.
    pub encoded: OnceLock<Bytes>,
}

/// An author.
#[derive(Debug)]
pub struct CachedAccount {
    /// Who.
    pub account: Account,
    /// Whether they can be seen.
    pub state: AccountState,
    /// As [`CachedTweet::encoded`].
    pub encoded: OnceLock<Bytes>,
}

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

/// Bytes of an entry beside its texts: the key, the fields, the encoding's header.
const ENTRY_BYTES: u64 = 256;

/// Counts bytes.
#[derive(Debug, Clone)]
pub(super) struct ByteWeighter;

impl Weighter<TweetId, Option<Box<CachedTweet>>> for ByteWeighter {
    fn weight(&self, _: &TweetId, tweet: &Option<Box<CachedTweet>>) -> u64 {
        // The text, and once more in its encoding.
        tweet.as_ref().map_or(64, |tweet| ENTRY_BYTES + 2 * tweet.tweet.text.len() as u64)
    }
}

impl Weighter<AccountId, Box<CachedAccount>> for ByteWeighter {
    fn weight(&self, _: &AccountId, account: &Box<CachedAccount>) -> u64 {
        ENTRY_BYTES + 2 * account.account.display_name.as_str().len() as u64
    }
}
