//! A page of a home timeline put together from encodings: each tweet and each author is encoded once for everybody.

use bytes::Bytes;
use model::Cursor;
use prost::Message as _;
use prost::encoding::{WireType, bool, encode_key, encode_varint, string};
use protocol::v1;

use service::timeline::{CachedAccount, CachedTweet, HomePage, HomeTweet};

// Fields of `TweetPage` and, for one viewer, of `Tweet`.
const TWEETS: u32 = 1;
const REFERENCED: u32 = 2;
const ACCOUNTS: u32 = 3;
const NEXT: u32 = 4;
const LIKED: u32 = 14;
const RETWEETED: u32 = 15;
const BOOKMARKED: u32 = 16;
/// Most bytes that a viewer's marks take behind a tweet.
const MARKS_BYTES: usize = 7;

/// The fields of the page as [`v1::TweetPage`] has them.
pub(super) fn encode(page: &HomePage<'_>) -> Vec<u8> {
    let tweets = page.tweets.iter().chain(&page.referenced).map(|tweet| of_tweet(tweet.tweet).len() + 16);
    let accounts = page.accounts.iter().map(|account| of_account(account).len() + 4);
    let mut out = Vec::with_capacity(tweets.sum::<usize>() + accounts.sum::<usize>() + 32);
    for tweet in &page.tweets {
        put_tweet(TWEETS, tweet, &mut out);
    }
    for tweet in &page.referenced {
        put_tweet(REFERENCED, tweet, &mut out);
    }
    for account in &page.accounts {
        let fields = of_account(account);
        encode_key(ACCOUNTS, WireType::LengthDelimited, &mut out);
        encode_varint(fields.len() as u64, &mut out);
        out.extend_from_slice(fields);
    }
    if let Some(Cursor::Id(id)) = &page.next {
        string::encode(NEXT, &id.to_string(), &mut out);
    }
    out
}

fn of_tweet(tweet: &CachedTweet) -> &Bytes {
    tweet.encoded.get_or_init(|| v1::Tweet::from(tweet.tweet.clone()).encode_to_vec().into())
}

fn of_account(account: &CachedAccount) -> &Bytes {
    account.encoded.get_or_init(|| v1::Account::from(&account.account).encode_to_vec().into())
}

/// A message may end in any of its fields: the viewer's come last.
fn put_tweet(field: u32, tweet: &HomeTweet<'_>, out: &mut Vec<u8>) {
    let fields = of_tweet(tweet.tweet);
    let marks = [
        (LIKED, tweet.marks.liked),
        (RETWEETED, tweet.marks.retweeted),
        (BOOKMARKED, tweet.marks.bookmarked),
    ];
    let set = marks.into_iter().filter(|(_, is_set)| *is_set);
    let marks_length: usize = set.clone().map(|(field, is_set)| bool::encoded_len(field, &is_set)).sum();
    debug_assert!(marks_length <= MARKS_BYTES, "three booleans");
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint((fields.len() + marks_length) as u64, out);
    out.extend_from_slice(fields);
    for (field, is_set) in set {
        bool::encode(field, &is_set, out);
    }
}
