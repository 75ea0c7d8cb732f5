//! The only truth: everything that was acknowledged, on disk.
//!
//! A [`Store`] takes [`Change`]s and answers when they are durable, answers reads, and tells of what was
//! committed by [`Event`]s in commit order. It guards the data's own invariants (unique names, no follow
//! across a block, no tie to what is deleted) and knows nothing of who may ask for what.

pub mod change;
mod collections;
#[cfg(test)]
mod conformance;
pub mod env;
pub mod event;
pub mod fault;
mod incident;
pub mod sqlite;
#[cfg(any(test, feature = "test-support"))]
#[allow(clippy::unwrap_used, missing_docs, reason = "tests stop where they cannot go on")]
pub mod test_support;

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use model::{
    Account, AccountId, AccountState, Conversation, ConversationId, Cursor, DirectMessage, EventId, Hashtag,
    MessageId, Notification, Page, Profile, ReadLine, ReadReceipts, Relationship, Report, Result, Role,
    SessionId, Span, SshFingerprint, SshKey, SshKeyId, Tweet, TweetId, Username,
};

pub use change::{Change, ChangeResult, IdempotencyKey, Origin, PasswordHash};
pub use collections::{Map, RandomState, Set};
pub use env::cores;
pub use event::{Commit, Event, EventKind, EventReceiver, Observer, Touched};
pub use incident::incident;

/// What every store can do. Reads see every change that was acknowledged before they were asked for.
#[async_trait]
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// Carries out a change and returns once it is durable: `Ok` means that it survives a power cut. Changes
    /// are carried out in the order in which they were asked for (first polled).
    ///
    /// With `once`, the key is kept with the result in the same transaction: the same key and request give the
    /// same result again without a second effect.
    ///
    /// # Errors
    /// What the change is refused for (each [`Change`] says it), `IDEMPOTENCY_CONFLICT`, `BUSY` when the queue
    /// is full, `STORAGE_FULL`, `UNAVAILABLE`. Nothing of a refused change stays.
    async fn apply(&self, change: Change, once: Option<IdempotencyKey>) -> Result<ChangeResult>;

    /// Notifies this observer of every commit from now on, before the commit is acknowledged, for as long as the
    /// observer exists. A store has at most one observer: a second one is ignored.
    fn observe(&self, observer: Weak<dyn Observer>);

    // Accounts and sessions.

    /// By username; deleted accounts are not found, suspended ones are.
    async fn account_by_username(&self, username: &Username) -> Result<Option<Profile>>;
    /// By identifier; deleted accounts are not found, suspended ones are.
    async fn account(&self, id: AccountId) -> Result<Option<Profile>>;
    /// Those of these accounts that are not deleted, in any order.
    async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>>;
    /// What a log-in is checked against. Deleted accounts are not found.
    async fn credentials(&self, username: &Username) -> Result<Option<Credentials>>;
    /// The session that has this token (its SHA-256), with the state of its account.
    async fn session_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<SessionRecord>>;
    /// All sessions of an account, the last used first.
    async fn sessions(&self, account: AccountId) -> Result<Vec<SessionRecord>>;

    /// The ssh keys of an account, in the order in which they were added.
    async fn ssh_keys(&self, account: AccountId) -> Result<Vec<SshKey>>;
    /// The key with this fingerprint, whosever it is.
    async fn ssh_key_by_fingerprint(&self, fingerprint: &SshFingerprint) -> Result<Option<SshKeyId>>;

    // SocialGraph between people.

    /// From `viewer` to each of the others, in the same order.
    async fn relationships(&self, viewer: AccountId, others: &[AccountId]) -> Result<Vec<Relationship>>;
    /// All relationships of one account at once, for the live room.
    async fn social_graph(&self, account: AccountId) -> Result<SocialGraph>;
    /// A page of a list of people, active accounts only, without whoever is blocked either way with `viewer`.
    /// Everyone is sorted by username (cursor `Username`), the other lists newest tie first (cursor `Id`).
    /// `position` is where the page begins; `None` is the start.
    async fn list_accounts(
        &self,
        viewer: AccountId,
        list: AccountList,
        position: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Account>>;
    /// People resolve_or_self username or display name begins with, contains or resembles the query, best first; active
    /// accounts only, without whoever is blocked either way with `viewer`.
    async fn search_people(&self, viewer: AccountId, query: &str, limit: usize) -> Result<Vec<Account>>;

    // Tweets.

    /// Identifiers of tweets in a timeline, newest first (at most `limit`), each with its place in the list.
    /// Candidates: deleted tweets are never among them, but visibility is for the caller to check.
    async fn timeline(&self, timeline: &Timeline, span: Span, limit: usize) -> Result<Vec<TimelineEntry>>;
    /// These tweets as `viewer` sees them, with what is needed to decide whether they may; deleted ones are
    /// left out. In the order asked for.
    async fn tweets(&self, viewer: AccountId, ids: &[TweetId]) -> Result<Vec<TweetRecord>>;
    /// What this tweet answers, nearest first, at most `limit`.
    async fn ancestors(&self, id: TweetId, limit: usize) -> Result<Vec<TweetId>>;
    /// Replies at any depth below a tweet, oldest first, after this one.
    async fn descendants(&self, id: TweetId, after: Option<TweetId>, limit: usize) -> Result<Vec<TweetId>>;
    /// Every text that a tweet has had with the time it was written, oldest first; the last is what stands.
    async fn tweet_history(&self, id: TweetId) -> Result<Vec<(String, i64)>>;
    /// Who is mentioned by a tweet, and its hashtags' keys: for the live room.
    async fn tweet_entities(&self, id: TweetId) -> Result<TweetEntities>;
    /// Hashtags of public tweets that begin with this key, the most used first, with the number of tweets.
    async fn search_hashtags(&self, key_prefix: &str, limit: usize) -> Result<Vec<(String, u32)>>;
    /// Every use of a hashtag in public tweets newer than this, oldest first: for trends.
    async fn hashtag_uses_since(&self, since: u64) -> Result<Vec<HashtagUse>>;

    /// How far an account has read its timelines, the line that was moved last first.
    async fn read_lines(&self, account: AccountId) -> Result<Vec<ReadLine>>;

    // Notifications and conversations.

    /// A page of notifications, newest first, up to `limit`. Those resolve_or_self tweet is gone are left out.
    async fn notifications(
        &self,
        recipient: AccountId,
        span: Span,
        unread_only: bool,
        limit: usize,
    ) -> Result<Vec<Notification>>;
    /// One notification, for the live room.
    async fn notification(&self, id: model::NotificationId) -> Result<Option<Notification>>;
    /// How many notifications are unread.
    async fn unread_notifications(&self, recipient: AccountId) -> Result<u32>;
    /// Conversations by their newest message (cursor `Id` of that message), without blocked people.
    async fn conversations(
        &self,
        account: AccountId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Page<Conversation>>;
    /// The conversation between two people, seen from the first, if they ever spoke.
    async fn conversation_between(&self, account: AccountId, with: AccountId)
    -> Result<Option<Conversation>>;
    /// Messages of a conversation, newest first, up to `limit`.
    async fn messages(
        &self,
        conversation: ConversationId,
        span: Span,
        limit: usize,
    ) -> Result<Vec<DirectMessage>>;
    /// One message, for the live room.
    async fn message(&self, id: MessageId) -> Result<Option<DirectMessage>>;
    /// How far an account has come in a conversation.
    async fn marks(&self, conversation: ConversationId, account: AccountId) -> Result<ReadReceipts>;

    // Events and the server itself.

    /// Events after `after` up to and including `until`, oldest first, at most `limit`.
    async fn events(&self, after: EventId, until: EventId, limit: usize) -> Result<EventLog>;
    /// The newest event. There always is one: the store's creation.
    async fn last_event(&self) -> Result<EventId>;
    /// Counts for operators.
    async fn statistics(&self) -> Result<StoreStatistics>;
    /// The operator's message to everyone; may be empty.
    async fn announcement(&self) -> Result<String>;
    /// Accounts resolve_or_self deletion has not been carried out to the end.
    async fn accounts_to_purge(&self) -> Result<Vec<AccountId>>;
    /// What was reported, the oldest first: all of it, or what this account reported.
    async fn reports(&self, by: Option<AccountId>, limit: usize) -> Result<Vec<Report>>;
    /// Leaves nothing of what was removed outside the database itself: not in a log either. Whether it could; somebody
    /// who reads may be in the way for a moment.
    async fn forget_removed(&self) -> Result<bool> {
        Ok(true)
    }
}

/// A store that any room can hold.
pub type SharedStore = Arc<dyn Store>;

/// What a log-in is checked against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Whose.
    pub account: AccountId,
    /// Whether the account can be used.
    pub state: AccountState,
    /// How the password is kept.
    pub password: PasswordHash,
}

/// A session at rest.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Its identifier, which tells when it began.
    pub id: SessionId,
    /// Whose.
    pub account: AccountId,
    /// Whether the account can be used.
    pub state: AccountState,
    /// What the account may do.
    pub role: Role,
    /// As the client called itself.
    pub client_name: String,
    /// Unix milliseconds, to the nearest hour or so.
    pub last_used_ms: i64,
}

/// All relationships of one account.
#[derive(Debug, Clone, Default)]
pub struct SocialGraph {
    /// Whom it follows.
    pub following: Vec<AccountId>,
    /// Whom it blocks and who blocks it.
    pub blocked: Vec<AccountId>,
    /// Whom it mutes.
    pub muted: Vec<AccountId>,
    /// It does not want to be seen online.
    pub presence_hidden: bool,
}

/// A list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountList {
    /// Everyone.
    People,
    /// Who follows this account.
    Followers(AccountId),
    /// Whom this account follows.
    Following(AccountId),
    /// Whom the viewer blocks.
    Blocked,
    /// Whom the viewer mutes.
    Muted,
}

/// A list of tweets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timeline {
    /// An account's own tweets and those of the people it follows.
    Home(AccountId),
    /// What an account wrote and retweeted.
    User(AccountId),
    /// What an account wrote in answer to somebody.
    Replies(AccountId),
    /// Public tweets with a hashtag.
    Hashtag(Hashtag),
    /// Every public tweet but plain retweets.
    Local,
    /// What an account bookmarked, newest bookmark first.
    Bookmarks(AccountId),
    /// What an account liked, newest like first.
    Likes(AccountId),
    /// Public tweets that hold all these words.
    Search(String),
}

/// A candidate in a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Sort key: the tweet's identifier, or that of the bookmark or like.
    pub sort_key: u64,
    /// The tweet.
    pub tweet: TweetId,
}

/// A tweet with the facts that decide who may see it.
#[derive(Debug, Clone)]
pub struct TweetRecord {
    /// As the viewer sees it.
    pub tweet: Tweet,
    /// Its author, whatever their state.
    pub author: Account,
    /// Whether the author's account can be seen.
    pub author_state: AccountState,
    /// The viewer's relationships to the author. For one's own tweets: none.
    pub relationship: Relationship,
    /// The tweet mentions the viewer.
    pub mentions_viewer: bool,
}

/// Whom a tweet mentions and what it is about.
#[derive(Debug, Clone, Default)]
pub struct TweetEntities {
    /// Accounts mentioned.
    pub mentions: Vec<AccountId>,
    /// Hashtags.
    pub hashtags: Vec<Hashtag>,
}

/// One use of a hashtag in a public tweet.
#[derive(Debug, Clone)]
pub struct HashtagUse {
    /// The hashtag as first written on this server.
    pub hashtag: Hashtag,
    /// Where.
    pub tweet: TweetId,
    /// By whom.
    pub author: AccountId,
}

/// A part of the log of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventLog {
    /// All that happened, in order.
    Complete(Vec<Event>),
    /// The log no longer reaches back that far.
    Pruned,
}

/// Counts for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStatistics {
    /// Accounts that are not deleted.
    pub accounts: u64,
    /// Tweets that are not deleted, retweets included.
    pub tweets: u64,
    /// Sessions.
    pub sessions: u64,
    /// Bytes on disk, with the write-ahead log.
    pub database_bytes: u64,
    /// Transactions since the start.
    pub commits: u64,
    /// Changes carried out since the start.
    pub changes: u64,
}
