//! Tweets.

use crate::{Account, AccountId, Cursor, TweetId, TweetText};

/// Who may see a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everyone on this server; in local and hashtag timelines, search and trends.
    Public,
    /// Everyone, but not in those lists.
    Unlisted,
    /// The author's followers and those mentioned.
    Followers,
    /// Only those mentioned.
    Direct,
}

impl Visibility {
    /// Whether such a tweet may be retweeted and quoted: only what everyone may see anyway.
    #[must_use]
    pub fn is_shareable(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }
}

/// A tweet to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTweet {
    /// What it says.
    pub text: TweetText,
    /// Who may see it.
    pub visibility: Visibility,
    /// What it answers.
    pub reply_to: Option<TweetId>,
    /// What it quotes.
    pub quote_of: Option<TweetId>,
}

/// A tweet, a quote or a plain retweet as shown to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tweet {
    /// Its identifier, which tells its time.
    pub id: TweetId,
    /// Who wrote it.
    pub author: AccountId,
    /// As sent; empty in a plain retweet.
    pub text: String,
    /// When the text was last changed, Unix milliseconds.
    pub edited_ms: Option<i64>,
    /// Who may see it.
    pub visibility: Visibility,
    /// What it answers.
    pub reply_to: Option<TweetId>,
    /// What it quotes.
    pub quote_of: Option<TweetId>,
    /// What it is a plain retweet of.
    pub retweet_of: Option<TweetId>,
    /// What others did with it.
    pub counts: Counts,
    /// What the viewer did with it.
    pub viewer: ViewerFlags,
}

/// How often others replied to, retweeted, quoted and liked a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Direct answers.
    pub replies: u32,
    /// Plain retweets.
    pub retweets: u32,
    /// Retweets with a message.
    pub quotes: u32,
    /// Likes.
    pub likes: u32,
}

/// What the viewer did with a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewerFlags {
    /// Liked it.
    pub liked: bool,
    /// Retweeted it without a message.
    pub retweeted: bool,
    /// Bookmarked it.
    pub bookmarked: bool,
}

/// Tweets with all that is needed to show them; each author once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TweetPage {
    /// In the order of the list.
    pub tweets: Vec<Tweet>,
    /// Originals of retweets and quotes. One that is missing was deleted or is not for the viewer.
    pub referenced: Vec<Tweet>,
    /// Every author of the above, once.
    pub accounts: Vec<Account>,
    /// Where the next page begins; `None` when there is no more.
    pub next: Option<Cursor>,
}
