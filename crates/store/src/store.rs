//! The trait of a store: changes, reads and the log.

use std::sync::Arc;

use async_trait::async_trait;
use model::{
    Account, AccountCounts, AccountId, Announcement, Conversation, ConversationId, Cursor, DirectMessage,
    EventId, Hashtag, MessageId, Notification, NotificationId, Page, Profile, ReadLine, ReadReceipts,
    Relationship, Report, Result, Span, SshFingerprint, SshKey, SshKeyId, TweetId, Username,
};

use crate::{
    AccountQuery, AttemptCounters, Bus, Change, ChangeResult, CommitLog, ConversationList, Credentials,
    EventLog, EventScope, HashtagUse, IdempotencyKey, InviteRecord, NodeRecord, NotificationFilter,
    ProfileFilter, SessionRecord, SocialGraph, StoreStatistics, Timeline, TimelineEntry, TweetEntities,
    TweetRecord,
};

/// A durable store. A read sees every change that was acknowledged before the read began.
///
/// # Errors
/// Every method may return `BUSY` (overloaded, try again), `UNAVAILABLE` (the disk has failed, and the server stops),
/// `GOING_AWAY` (the store is being closed) and `INTERNAL` (a bug; the log has the cause). A method whose documentation
/// names no error returns no other; what does not exist is `None` or left out.
#[async_trait]
pub trait Store: std::fmt::Debug + Send + Sync + 'static {
    /// Applies a change and returns once it is durable: `Ok` survives a power cut. Changes are applied in the order in
    /// which the futures were first polled. All identifiers, those of events included, grow in this order; only imports have
    /// identifiers of earlier times.
    ///
    /// The result is stored with `key` in the same transaction: a retry with the same key and request returns the same
    /// result and has no second effect. A refusal is not stored.
    ///
    /// # Errors
    /// The refusals named at each [`Change`]. `IDEMPOTENCY_CONFLICT` when the key was used for another request, `BUSY`
    /// when the queue is full, `STORAGE_FULL` when the disk is. A refused change has no effect at all.
    async fn apply(&self, change: Change, key: Option<IdempotencyKey>) -> Result<ChangeResult>;

    /// The random numbers of the other processes that have this store open.
    async fn other_processes(&self) -> Result<Vec<u64>> {
        Ok(Vec::new())
    }

    /// The servers that share this store, this one included, in the order in which they were started; none if there can be no
    /// others.
    async fn nodes(&self) -> Result<Vec<NodeRecord>> {
        Ok(Vec::new())
    }

    /// Asks the server with this random number to move its clients to the others; `false` if it is not there.
    async fn request_drain(&self, _boot: u64) -> Result<bool> {
        Ok(false)
    }

    /// Carries messages to the other processes; `None` if there can be none.
    fn bus(&self) -> Option<&Bus> {
        None
    }

    /// Whether periodic work on what is stored is up to this process: one of those that have this store open, until it ends or
    /// loses its connection.
    async fn is_maintainer(&self) -> bool {
        true
    }

    /// Counts attempts over all processes that have this store open; `None` if there can be no others.
    fn attempts(&self) -> Option<Arc<dyn AttemptCounters>> {
        None
    }

    /// Reports every commit, before it is acknowledged.
    fn log(&self) -> &CommitLog;

    /// Waits until this process has everything that was committed by any process before this was called.
    ///
    /// # Errors
    /// `UNAVAILABLE` when that cannot be found out.
    async fn catch_up(&self) -> Result<()> {
        Ok(())
    }

    /// Whether what was reported may be shown to anyone without reading from the store.
    ///
    /// # Errors
    /// `UNAVAILABLE` when others may have changed what is stored, as for every read.
    fn require_fresh(&self) -> Result<()> {
        Ok(())
    }

    // Accounts and sessions.

    /// The account with this username, suspended ones included, deleted ones not.
    async fn account_by_username(&self, username: &Username) -> Result<Option<Profile>>;
    /// Whether another username, of an account that is not deleted, looks like this one.
    async fn has_lookalike(&self, username: &Username) -> Result<bool>;
    /// The account with this identifier, suspended ones included, deleted ones not.
    async fn account(&self, id: AccountId) -> Result<Option<Profile>>;
    /// These accounts, without deleted and unknown ones, in any order.
    async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>>;
    /// What a log-in with this username is verified against; `None` for a deleted account.
    async fn credentials(&self, username: &Username) -> Result<Option<Credentials>>;
    /// The session whose token has this SHA-256.
    async fn session_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<SessionRecord>>;
    /// All sessions of an account, the most recently used first.
    async fn sessions(&self, account: AccountId) -> Result<Vec<SessionRecord>>;

    /// The SSH keys of an account, in the order in which they were added.
    async fn ssh_keys(&self, account: AccountId) -> Result<Vec<SshKey>>;
    /// The key with this fingerprint, of any account.
    async fn ssh_key_by_fingerprint(&self, fingerprint: &SshFingerprint) -> Result<Option<SshKeyId>>;

    // Relationships between accounts.

    /// The relationship of `viewer` to each of the others, in the order of `others`.
    async fn relationships(&self, viewer: AccountId, others: &[AccountId]) -> Result<Vec<Relationship>>;
    /// All relationships of one account at once.
    async fn social_graph(&self, account: AccountId) -> Result<SocialGraph>;
    /// A page of a list of accounts: active ones only, and (except in
    /// [`AccountList::Blocked`](crate::AccountList::Blocked)) without those blocked either way with `viewer`. The page begins at `position`, `None` is the start. Each order has its own kind of cursor.
    ///
    /// # Errors
    /// `INVALID{cursor}` when `position` is of another order.
    async fn list_accounts(
        &self,
        viewer: AccountId,
        query: &AccountQuery,
        position: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Account>>;
    /// The number of accounts on all pages of [`Store::list_accounts`].
    async fn count_accounts(&self, viewer: AccountId, query: &AccountQuery) -> Result<u64>;
    /// Figures of these accounts, in the order of `ids`; all zero for an unknown one.
    async fn account_counts(&self, ids: &[AccountId]) -> Result<Vec<AccountCounts>>;
    /// Accounts whose username begins with the query, then those whose names contain it, then those with similar names;
    /// active ones only, without those blocked either way with `viewer`.
    async fn search_people(&self, viewer: AccountId, query: &str, limit: usize) -> Result<Vec<Account>>;

    /// Up to `limit` accounts that `viewer` may want to follow: those that the accounts that it follows follow, the most of
    /// them first, then those that posted last. Active ones only, without itself, those that it follows or mutes, those
    /// blocked either way, and dismissed ones. Looks at a bounded number of accounts.
    async fn suggested_accounts(&self, viewer: AccountId, limit: usize) -> Result<Vec<Account>>;
    /// The accounts that are no longer suggested to this one, the newest first.
    async fn dismissed_suggestions(&self, account: AccountId) -> Result<Vec<Account>>;

    // Tweets.

    /// Up to `limit` entries of a timeline, newest first; with [`Span::After`] those directly after it. They are
    /// candidates: no deleted tweet is among them, but the caller has to check whether the viewer may see them.
    async fn timeline(&self, timeline: &Timeline, span: Span, limit: usize) -> Result<Vec<TimelineEntry>>;
    /// These tweets for `viewer`, in the order of `ids`, without deleted and unknown ones. The caller has to check
    /// whether the viewer may see them.
    async fn tweets(&self, viewer: AccountId, ids: &[TweetId]) -> Result<Vec<TweetRecord>>;
    /// The tweets above a reply, the nearest first, deleted ones included.
    async fn ancestors(&self, id: TweetId, limit: usize) -> Result<Vec<TweetId>>;
    /// Replies at any depth below a tweet, after `after`, oldest first, deleted ones included.
    async fn descendants(&self, id: TweetId, after: Option<TweetId>, limit: usize) -> Result<Vec<TweetId>>;
    /// The versions of a tweet's text that were written after this time, each with its time (Unix milliseconds), oldest
    /// first; the last one of all is the current text.
    async fn tweet_history(&self, id: TweetId, after_ms: i64, limit: usize) -> Result<Vec<(String, i64)>>;
    /// The mentions and hashtags of a tweet.
    async fn tweet_entities(&self, id: TweetId) -> Result<TweetEntities>;
    /// Hashtags in public tweets of active accounts whose key begins with this prefix, with the number of tweets, the
    /// most used first.
    async fn search_hashtags(&self, key_prefix: &str, limit: usize) -> Result<Vec<(String, u32)>>;
    /// Every use of a hashtag in a public tweet of an active account with an identifier above `since`, oldest first.
    async fn hashtag_uses_since(&self, since: u64) -> Result<Vec<HashtagUse>>;
    /// The same, only the latest `limit` uses, newest first.
    async fn latest_hashtag_uses(&self, since: u64, limit: usize) -> Result<Vec<HashtagUse>>;
    /// The hashtags in the newest [`model::limits::OWN_HASHTAG_TWEETS`] tweets of an account, each once, the most recently
    /// used first.
    async fn hashtags_of(&self, account: AccountId, limit: usize) -> Result<Vec<Hashtag>>;

    /// The read lines of an account, the most recently moved first.
    async fn read_lines(&self, account: AccountId) -> Result<Vec<ReadLine>>;

    // Notifications and conversations.

    /// Up to `limit` notifications, newest first, without those of muted and inactive accounts.
    async fn notifications(
        &self,
        recipient: AccountId,
        span: Span,
        filter: &NotificationFilter,
        limit: usize,
    ) -> Result<Vec<Notification>>;
    /// The notification with this identifier, unless the account that caused it is no longer active.
    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>>;
    /// The number of unread notifications that [`Store::notifications`] lists, without those of tweets that the recipient may
    /// not see.
    async fn unread_notifications(&self, recipient: AccountId) -> Result<u32>;
    /// A page of an account's conversations before this message, by their newest message (cursor `Id`).
    async fn conversations(
        &self,
        account: AccountId,
        list: ConversationList,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Page<Conversation>>;
    /// The conversation of two accounts as the first one sees it; `None` if there is no message between them.
    async fn conversation_between(&self, account: AccountId, with: AccountId)
    -> Result<Option<Conversation>>;
    /// Up to `limit` messages of a conversation, newest first.
    async fn messages(
        &self,
        conversation: ConversationId,
        span: Span,
        limit: usize,
    ) -> Result<Vec<DirectMessage>>;
    /// The message with this identifier.
    async fn message(&self, id: MessageId) -> Result<Option<DirectMessage>>;
    /// How far an account has received and read a conversation; empty if it is not a member.
    async fn read_receipts(&self, conversation: ConversationId, account: AccountId) -> Result<ReadReceipts>;

    // Events and the server itself.

    /// Up to `limit` events after `after`, up to and including `until`, oldest first.
    async fn events(
        &self,
        after: EventId,
        until: EventId,
        scope: EventScope,
        limit: usize,
    ) -> Result<EventLog>;
    /// The newest event. There always is one, at least the creation of the store.
    async fn last_event(&self) -> Result<EventId>;
    /// Figures about the store.
    async fn statistics(&self) -> Result<StoreStatistics>;
    /// The announcements that have not ended, the newest first, and which of them this account has dismissed.
    async fn announcements(&self, account: Option<AccountId>, now_ms: i64) -> Result<Vec<Announcement>>;
    /// Accounts that are not deleted, suspended ones included, by username after this one (cursor `Username`).
    async fn profiles(
        &self,
        filter: &ProfileFilter,
        after: Option<&Username>,
        limit: usize,
    ) -> Result<Page<Profile>>;
    /// Up to [`model::limits::INVITES_LISTED_MAX`] invites that can be used now, those that expire first.
    async fn invites(&self, now_ms: i64) -> Result<Vec<InviteRecord>>;
    /// The invite with this hash of its code, used up and expired ones included.
    async fn invite(&self, code_hash: &[u8; 32]) -> Result<Option<InviteRecord>>;
    /// Deleted accounts whose data is not completely removed yet: [`Change::PurgeAccount`] removes it.
    async fn accounts_to_purge(&self) -> Result<Vec<AccountId>>;
    /// The reports of this account, or of everyone, oldest first.
    async fn reports(&self, by: Option<AccountId>, limit: usize) -> Result<Vec<Report>>;
    /// Purges remnants of deleted rows from auxiliary files such as the write-ahead log. Returns `false` if a
    /// concurrent reader prevented it; retry later.
    async fn forget_removed(&self) -> Result<bool> {
        Ok(true)
    }
}

/// A store that several subsystems share.
pub type SharedStore = Arc<dyn Store>;
