//! Assembles a page of a home timeline from encodings: each tweet and each author is encoded once for all viewers.

use bytes::Bytes;
use model::Cursor;
use prost::Message as _;
use prost::encoding::{WireType, bool, encode_key, encode_varint, string};
use protocol::v1;

use service::timeline::{CachedAccount, CachedTweet, HomePage, HomeTweet};

// Field numbers of `TweetPage`, and those of `Tweet` that differ between viewers.
const TWEETS: u32 = 1;
const REFERENCED: u32 = 2;
const ACCOUNTS: u32 = 3;
const NEXT: u32 = 4;
const LIKED: u32 = 14;
const RETWEETED: u32 = 15;
const BOOKMARKED: u32 = 16;
const REPLY_TO_USERNAME: u32 = 17;
const REPLY_TO_TEXT: u32 = 18;

/// The fields of a [`v1::TweetPage`], encoded.
pub(super) fn encode(page: &HomePage<'_>) -> Vec<u8> {
    let tweets = page.tweets.iter().chain(&page.referenced).map(|tweet| tweet_fields(tweet.tweet).len() + 16);
    let accounts = page.accounts.iter().map(|account| account_fields(account).len() + 4);
    let mut out = Vec::with_capacity(tweets.sum::<usize>() + accounts.sum::<usize>() + 32);
    for tweet in &page.tweets {
        put_tweet(TWEETS, tweet, &mut out);
    }
    for tweet in &page.referenced {
        put_tweet(REFERENCED, tweet, &mut out);
    }
    for account in &page.accounts {
        let fields = account_fields(account);
        encode_key(ACCOUNTS, WireType::LengthDelimited, &mut out);
        encode_varint(fields.len() as u64, &mut out);
        out.extend_from_slice(fields);
    }
    if let Some(Cursor::Id(id)) = &page.next {
        string::encode(NEXT, &id.to_string(), &mut out);
    }
    out
}

fn tweet_fields(tweet: &CachedTweet) -> &Bytes {
    tweet.encoded.get_or_init(|| v1::Tweet::from(tweet.tweet.clone()).encode_to_vec().into())
}

fn account_fields(account: &CachedAccount) -> &Bytes {
    account.encoded.get_or_init(|| v1::Account::from(&account.account).encode_to_vec().into())
}

/// Fields of a message may come in any order: those of the viewer are appended to the shared ones.
fn put_tweet(field: u32, tweet: &HomeTweet<'_>, out: &mut Vec<u8>) {
    let fields = tweet_fields(tweet.tweet);
    let flags = [
        (LIKED, tweet.marks.liked),
        (RETWEETED, tweet.marks.retweeted),
        (BOOKMARKED, tweet.marks.bookmarked),
    ];
    let set = flags.into_iter().filter(|(_, is_set)| *is_set);
    let parent = tweet.parent.map(|parent| parent.preview());
    let texts =
        parent.map(|parent| [(REPLY_TO_USERNAME, parent.username.to_string()), (REPLY_TO_TEXT, parent.text)]);
    let texts = texts.as_ref().into_iter().flatten();
    let flags_length: usize = set.clone().map(|(field, is_set)| bool::encoded_len(field, &is_set)).sum();
    let texts_length: usize = texts.clone().map(|(field, text)| string::encoded_len(*field, text)).sum();
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint((fields.len() + flags_length + texts_length) as u64, out);
    out.extend_from_slice(fields);
    for (field, is_set) in set {
        bool::encode(field, &is_set, out);
    }
    for (field, text) in texts {
        string::encode(*field, text, out);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use model::{
        Account, AccountId, AccountState, Counts, DisplayName, ParentPreview, Tweet, TweetId, TweetPage,
        Username, ViewerFlags, Visibility,
    };

    use service::timeline::HomeParent;

    use super::*;

    fn tweet(id: u64, viewer: ViewerFlags) -> Tweet {
        Tweet {
            id: TweetId::new(id).unwrap(),
            author: AccountId::new(id % 2 + 1).unwrap(),
            text: format!("tweet {id} #tag \u{1f600}").repeat(usize::try_from(id).unwrap()),
            edited_ms: (id > 3).then_some(1_700_000_000_000),
            visibility: if id.is_multiple_of(2) { Visibility::Public } else { Visibility::Direct },
            reply_to: TweetId::new(id / 3),
            parent: None,
            quote_of: TweetId::new(id / 2),
            retweet_of: None,
            counts: Counts { replies: 0, retweets: 300, quotes: 1, likes: u32::MAX },
            viewer,
        }
    }

    #[test]
    fn a_page_is_encoded_as_the_message_is() {
        let flags = (0..8_u64).map(|bits| ViewerFlags {
            liked: bits & 1 != 0,
            retweeted: bits & 2 != 0,
            bookmarked: bits & 4 != 0,
        });
        let tweets: Vec<_> = (1..).zip(flags).map(|(id, flags)| tweet(id, flags)).collect();
        let account = |id: u64| Account {
            id: AccountId::new(id).unwrap(),
            username: Username::parse(&format!("user{id}")).unwrap(),
            display_name: DisplayName::parse(if id == 1 { "" } else { "A Name" }).unwrap(),
        };
        let accounts = vec![account(1), account(2)];
        let next = Some(Cursor::Id(1 << 40));
        let parent = || ParentPreview::new(&account(1).username, "What was asked");
        let with_parent = |tweet: &Tweet| Tweet { parent: tweet.reply_to.map(|_| parent()), ..tweet.clone() };
        let shown: Vec<_> = tweets.iter().map(with_parent).collect();
        let page = TweetPage { tweets: shown[..5].to_vec(), referenced: shown[5..].to_vec(), accounts, next };

        let cached: Vec<_> = tweets
            .iter()
            .map(|tweet| CachedTweet {
                tweet: Tweet { viewer: ViewerFlags::default(), ..tweet.clone() },
                encoded: OnceLock::new(),
            })
            .collect();
        let asked = Tweet { text: "What was asked".into(), ..tweet(100, ViewerFlags::default()) };
        let asked = CachedTweet { tweet: asked, encoded: OnceLock::new() };
        let cached_accounts: Vec<_> = page
            .accounts
            .iter()
            .map(|account| CachedAccount {
                account: account.clone(),
                state: AccountState::Active,
                encoded: OnceLock::new(),
            })
            .collect();
        let parent = HomeParent { tweet: &asked, author: &cached_accounts[0] };
        let home_tweets: Vec<_> = cached
            .iter()
            .zip(&tweets)
            .map(|(tweet, viewed)| HomeTweet {
                tweet,
                marks: viewed.viewer,
                parent: viewed.reply_to.map(|_| parent),
            })
            .collect();
        let home = HomePage {
            tweets: home_tweets[..5].to_vec(),
            referenced: home_tweets[5..].to_vec(),
            accounts: cached_accounts.iter().collect(),
            next: page.next.clone(),
        };
        let whole = v1::TweetPage::from(page).encode_to_vec();
        assert_eq!(encode(&home), whole);
        assert_eq!(encode(&home), whole, "from the stored encodings");
        let empty = HomePage { tweets: Vec::new(), referenced: Vec::new(), accounts: Vec::new(), next: None };
        assert_eq!(encode(&empty), v1::TweetPage::default().encode_to_vec());
    }
}
