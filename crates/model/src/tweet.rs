//! Tweets.

use crate::account::Account;
use crate::cursor::Cursor;
use crate::id::{AccountId, TweetId};
use crate::limits::PARENT_TEXT_CHARS_MAX;
use crate::name::Username;
use crate::text::first_words;
use crate::tweet_text::TweetText;

/// Who may see a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Everyone on this server; part of local and hashtag timelines, search and trends.
    Public,
    /// Everyone, but not part of those lists.
    Unlisted,
    /// The author's followers and the mentioned accounts.
    Followers,
    /// Only the mentioned accounts.
    Direct,
}

impl Visibility {
    /// Whether such a tweet may be retweeted and quoted: only if everyone may see it.
    #[must_use]
    pub fn is_shareable(self) -> bool {
        matches!(self, Self::Public | Self::Unlisted)
    }
}

/// A tweet to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTweet {
    /// Text.
    pub text: TweetText,
    /// Who may see it.
    pub visibility: Visibility,
    /// The tweet it is in reply to.
    pub reply_to: Option<TweetId>,
    /// The quoted tweet.
    pub quote_of: Option<TweetId>,
}

/// A tweet, a quote or a plain retweet, as one viewer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tweet {
    /// Identifier; it contains the time.
    pub id: TweetId,
    /// The author.
    pub author: AccountId,
    /// Text as sent; empty for a plain retweet.
    pub text: String,
    /// Time of the last edit in Unix milliseconds.
    pub edited_ms: Option<i64>,
    /// Who may see it.
    pub visibility: Visibility,
    /// The tweet it is in reply to.
    pub reply_to: Option<TweetId>,
    /// What the viewer sees of that tweet; `None` if nothing, and as long as it is not known who the viewer is.
    pub parent: Option<ParentPreview>,
    /// The quoted tweet.
    pub quote_of: Option<TweetId>,
    /// The original, if this is a plain retweet.
    pub retweet_of: Option<TweetId>,
    /// Numbers of replies, retweets, quotes and likes.
    pub counts: Counts,
    /// What the viewer did with the tweet.
    pub viewer: ViewerFlags,
}

/// What a reply shows of the tweet that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentPreview {
    /// Its author.
    pub username: Username,
    /// The beginning of its text on one line, at most [`PARENT_TEXT_CHARS_MAX`] characters.
    pub text: String,
}

impl ParentPreview {
    /// The preview of a tweet with this author and text.
    #[must_use]
    pub fn new(username: &Username, text: &str) -> Self {
        Self { username: username.clone(), text: first_words(text, PARENT_TEXT_CHARS_MAX) }
    }
}

/// How often others replied to, retweeted, quoted and liked a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Direct replies.
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

/// Tweets with everything that is needed to show them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TweetPage {
    /// Tweets in the order of the list.
    pub tweets: Vec<Tweet>,
    /// Originals of retweets and quotes. A missing one was deleted or is not visible to the viewer.
    pub referenced: Vec<Tweet>,
    /// The authors of all these tweets, each once.
    pub accounts: Vec<Account>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<Cursor>,
}
