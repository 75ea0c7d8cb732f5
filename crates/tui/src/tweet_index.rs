//! Which tweets answer a tweet, have a hashtag or are by an account. It is kept where tweets come and go, so that drawing
//! does not search all of them.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use model::{Hashtag, hashtags_and_mentions};
use protocol::v1;

/// Sets of identifiers, which are in the order of age; none of them is empty.
type Sets<K> = HashMap<K, BTreeSet<u64>>;

/// Identifiers of the known tweets by what they answer, by their hashtags and by their authors.
#[derive(Debug, Default)]
pub(crate) struct TweetIndex {
    replies: Sets<u64>,
    by_hashtag: Sets<String>,
    by_author: Sets<u64>,
}

impl TweetIndex {
    /// Adds a tweet.
    pub(crate) fn add(&mut self, tweet: &v1::Tweet) {
        if tweet.reply_to != 0 {
            self.replies.entry(tweet.reply_to).or_default().insert(tweet.id);
        }
        if tweet.retweet_of == 0 {
            self.by_author.entry(tweet.author_id).or_default().insert(tweet.id);
        }
        for hashtag in hashtags_and_mentions(&tweet.text).0 {
            self.by_hashtag.entry(hashtag.key().to_owned()).or_default().insert(tweet.id);
        }
    }

    /// Removes a tweet, which has the text with which it was added.
    pub(crate) fn remove(&mut self, tweet: &v1::Tweet) {
        remove(&mut self.replies, &tweet.reply_to, tweet.id);
        remove(&mut self.by_author, &tweet.author_id, tweet.id);
        for hashtag in hashtags_and_mentions(&tweet.text).0 {
            remove(&mut self.by_hashtag, &hashtag.key().to_owned(), tweet.id);
        }
    }

    /// The known replies to a tweet, the oldest first.
    pub(crate) fn replies(&self, id: u64) -> impl Iterator<Item = u64> {
        self.replies.get(&id).into_iter().flatten().copied()
    }

    /// The known tweets with a hashtag, the newest first.
    pub(crate) fn with_hashtag(&self, hashtag: &Hashtag) -> impl Iterator<Item = u64> {
        self.by_hashtag.get(hashtag.key()).into_iter().flat_map(|ids| ids.iter().rev()).copied()
    }

    /// The newest known tweet of an account, other than retweets without words of their own.
    pub(crate) fn newest_by(&self, account: u64) -> Option<u64> {
        self.by_author.get(&account)?.last().copied()
    }
}

fn remove<K: Eq + Hash>(sets: &mut Sets<K>, key: &K, id: u64) {
    if let Some(ids) = sets.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            sets.remove(key);
        }
    }
}
