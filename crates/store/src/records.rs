//! What a store returns to its reads, and the lists that can be read.

use model::{
    Account, AccountId, AccountSort, AccountState, Hashtag, NotificationKind, Relationship, Role, SessionId,
    Tweet, TweetId,
};

use crate::change::PasswordHash;
use crate::event::Event;

/// What a log-in is verified against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The account that has the username.
    pub account: AccountId,
    /// Active or suspended; a deleted account has no credentials.
    pub state: AccountState,
    /// The hash of the password.
    pub password: PasswordHash,
}

/// A stored session.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// The identifier, which contains the time of the log-in.
    pub id: SessionId,
    /// The account that is logged in.
    pub account: AccountId,
    /// The state of the account now.
    pub state: AccountState,
    /// The role of the account now.
    pub role: Role,
    /// The name that the client chose for itself.
    pub client_name: String,
    /// Whether it was opened with an SSH key and not with the password.
    pub by_ssh_key: bool,
    /// Time of the last [`Change::TouchSession`](crate::Change::TouchSession), or of the log-in, in Unix milliseconds.
    pub last_used_ms: i64,
}

/// All relationships of one account.
#[derive(Debug, Clone, Default)]
pub struct SocialGraph {
    /// Accounts that it follows.
    pub following: Vec<AccountId>,
    /// Accounts that it blocks, and those that block it.
    pub blocked: Vec<AccountId>,
    /// Accounts that it mutes.
    pub muted: Vec<AccountId>,
    /// Whether the account hides its presence.
    pub presence_hidden: bool,
}

/// An invite, known by the SHA-256 of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InviteRecord {
    /// SHA-256 of its code.
    pub code_hash: [u8; 32],
    /// Accounts that can still be created with it.
    pub uses_left: u32,
    /// When it expires, in Unix milliseconds.
    pub expires_ms: i64,
}

impl InviteRecord {
    /// What operators see instead of the code: the beginning of its hash in hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> String {
        self.code_hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Which accounts operators list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileFilter {
    /// Beginning of the username; empty: any.
    pub query: String,
    /// Only suspended ones.
    pub suspended_only: bool,
    /// Only those with the role admin.
    pub admins_only: bool,
}

/// A list of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountList {
    /// All accounts.
    People,
    /// The followers of this account.
    Followers(AccountId),
    /// The accounts that this account follows.
    Following(AccountId),
    /// The accounts that both this account and the viewer follow.
    BothFollow(AccountId),
    /// The accounts that the viewer blocks.
    Blocked,
    /// The accounts that the viewer mutes.
    Muted,
}

/// Which accounts are listed, and in which order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountQuery {
    /// The list.
    pub list: AccountList,
    /// Only accounts whose username begins with this, or whose names contain all its words; empty: all.
    pub query: String,
    /// The order.
    pub sort: AccountSort,
}

impl From<AccountList> for AccountQuery {
    /// The whole list in its own order: people by username, the others by the newest relationship.
    fn from(list: AccountList) -> Self {
        let sort = if list == AccountList::People { AccountSort::Username } else { AccountSort::Newest };
        Self { list, query: String::new(), sort }
    }
}

/// Which notifications are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    /// Only unread ones.
    pub unread_only: bool,
    /// Only these kinds; empty: all.
    pub kinds: Vec<NotificationKind>,
}

/// Which conversations of an account are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConversationList {
    /// Without those with inactive accounts, accounts blocked either way, and accounts that it mutes.
    Shown,
    /// Every one.
    All,
}

/// A list of tweets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timeline {
    /// The account's own tweets and those of the accounts that it follows.
    Home(AccountId),
    /// The account's tweets and retweets.
    User(AccountId),
    /// The account's replies.
    Replies(AccountId),
    /// Public tweets with a hashtag.
    Hashtag(Hashtag),
    /// All public tweets except plain retweets.
    Local,
    /// The account's bookmarks, the newest bookmark first.
    Bookmarks(AccountId),
    /// The account's likes, the newest like first.
    Likes(AccountId),
    /// Public tweets that contain all these words; a word that ends in `*` is a prefix.
    Search(String),
}

/// A candidate in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineEntry {
    /// The identifier of the tweet, the bookmark or the like: what the timeline is sorted by.
    pub sort_key: u64,
    /// The tweet.
    pub tweet: TweetId,
}

/// A tweet with what decides whether the viewer may see it.
#[derive(Debug, Clone)]
pub struct TweetRecord {
    /// The tweet, with the viewer's flags.
    pub tweet: Tweet,
    /// The author, in whatever state.
    pub author: Account,
    /// Tweets of suspended and deleted accounts are not shown.
    pub author_state: AccountState,
    /// The viewer's relationship to the author; empty for the viewer's own tweets.
    pub relationship: Relationship,
    /// Whether the tweet mentions the viewer.
    pub mentions_viewer: bool,
}

/// The mentions and hashtags in the text of a tweet.
#[derive(Debug, Clone, Default)]
pub struct TweetEntities {
    /// Mentioned accounts, without those blocked either way.
    pub mentions: Vec<AccountId>,
    /// Hashtags; only public tweets have them.
    pub hashtags: Vec<Hashtag>,
}

/// One use of a hashtag in a public tweet.
#[derive(Debug, Clone)]
pub struct HashtagUse {
    /// The hashtag as first written on this server.
    pub hashtag: Hashtag,
    /// The tweet that uses it.
    pub tweet: TweetId,
    /// The author of the tweet.
    pub author: AccountId,
}

/// Which events of the commit log are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventScope {
    /// Those that clients may be notified of.
    Clients,
    /// All of them. Those that are only for caches are kept for a shorter time.
    Caches,
}

/// A part of the commit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventLog {
    /// Every event of the range, in commit order.
    Complete(Vec<Event>),
    /// The beginning of the range has expired.
    Pruned,
}

/// Figures for the operator and admins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStatistics {
    /// Accounts that are not deleted.
    pub accounts: u64,
    /// Tweets that are not deleted, retweets included.
    pub tweets: u64,
    /// Open sessions.
    pub sessions: u64,
    /// Size of the database on disk in bytes, with the write-ahead log.
    pub database_bytes: u64,
    /// Transactions committed since the start of the process.
    pub commits: u64,
    /// Changes in those transactions, refused ones included.
    pub changes: u64,
}
