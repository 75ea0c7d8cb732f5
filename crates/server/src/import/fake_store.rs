//! A store in memory that knows the three changes of an import and nothing else.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use model::{
    Account, AccountId, Conversation, ConversationId, Cursor, DirectMessage, Error, EventId, IdGenerator,
    MessageId, NewTweet, Notification, NotificationId, Page, Profile, ReadLine, ReadReceipts, Relationship,
    Report, Result, Span, SshFingerprint, SshKey, SshKeyId, TweetId, Username,
};

use store::{
    AccountList, Change, ChangeResult, Credentials, EventLog, HashtagUse, IdempotencyKey, PasswordHash,
    SessionRecord, SocialGraph, Store, StoreStatistics, Timeline, TimelineEntry, TweetEntities, TweetRecord,
};

/// What was imported, in commit order.
#[derive(Default)]
pub(super) struct FakeStore {
    state: Mutex<State>,
}

impl std::fmt::Debug for FakeStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeStore")
    }
}

#[derive(Default)]
struct State {
    accounts: Vec<FakeAccount>,
    follows: Vec<(u64, u64)>,
    tweets: Vec<FakeTweet>,
    origins: HashMap<String, u64>,
    /// Errors for the changes to come, counted from now.
    full_after: Option<usize>,
}

#[derive(Clone)]
pub(super) struct FakeAccount {
    pub(super) id: u64,
    pub(super) username: String,
    pub(super) display_name: String,
    pub(super) password: PasswordHash,
    pub(super) created_ms: i64,
}

#[derive(Clone)]
pub(super) struct FakeTweet {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) tweet: NewTweet,
    pub(super) created_ms: i64,
}

impl FakeStore {
    /// Takes so many changes more, then its disk is full.
    pub(super) fn full_after(&self, changes: usize) {
        self.state.lock().unwrap().full_after = Some(changes);
    }

    /// The disk has room again.
    pub(super) fn has_room(&self) {
        self.state.lock().unwrap().full_after = None;
    }

    pub(super) fn all_accounts(&self) -> Vec<FakeAccount> {
        self.state.lock().unwrap().accounts.clone()
    }

    /// By usernames, sorted.
    pub(super) fn follows(&self) -> Vec<(String, String)> {
        let state = self.state.lock().unwrap();
        let name = |id| state.accounts.iter().find(|a| a.id == id).unwrap().username.clone();
        let mut follows: Vec<_> = state.follows.iter().map(|&(a, b)| (name(a), name(b))).collect();
        follows.sort();
        follows
    }

    pub(super) fn all_tweets(&self) -> Vec<FakeTweet> {
        self.state.lock().unwrap().tweets.clone()
    }

    pub(super) fn name_of(&self, id: u64) -> String {
        self.all_accounts().into_iter().find(|a| a.id == id).unwrap().username
    }
}

impl State {
    fn apply(&mut self, change: Change) -> Result<ChangeResult> {
        match &mut self.full_after {
            Some(0) => return Err(Error::StorageFull),
            Some(left) => *left -= 1,
            None => {}
        }
        let id = IdGenerator::new(0, 0).next(1_700_000_000_000) + self.origins.len() as u64;
        let origin_key = |origin: &store::Origin| format!("{}:{}", origin.source, origin.key);
        match change {
            Change::ImportAccount { origin, username, display_name, password, created_ms } => {
                if let Some(&id) = self.origins.get(&origin_key(&origin)) {
                    return Ok(ChangeResult::new(id, false));
                }
                if self.accounts.iter().any(|a| a.username == username.as_str()) {
                    return Err(Error::AlreadyExists("username".into()));
                }
                self.origins.insert(origin_key(&origin), id);
                let (username, display_name) = (username.to_string(), display_name.as_str().to_owned());
                self.accounts.push(FakeAccount { id, username, display_name, password, created_ms });
                Ok(ChangeResult::new(id, true))
            }
            Change::ImportFollow { follower, followee } => {
                let follow = (follower.get(), followee.get());
                let changed = !self.follows.contains(&follow);
                if changed {
                    self.follows.push(follow);
                }
                Ok(ChangeResult::new(followee.get(), changed))
            }
            Change::ImportTweet { origin, author, tweet, created_ms } => {
                if let Some(&id) = self.origins.get(&origin_key(&origin)) {
                    return Ok(ChangeResult::new(id, false));
                }
                if let Some(original) = tweet.quote_of
                    && self.tweets.iter().all(|t| t.id != original.get())
                {
                    return Err(Error::not_found("tweet"));
                }
                self.origins.insert(origin_key(&origin), id);
                self.tweets.push(FakeTweet { id, author: author.get(), tweet, created_ms });
                Ok(ChangeResult::new(id, true))
            }
            other => panic!("an import has no business with {other:?}"),
        }
    }
}

fn reads_nothing<T>() -> T {
    panic!("an import reads nothing")
}

#[async_trait]
impl Store for FakeStore {
    async fn apply(&self, change: Change, once: Option<IdempotencyKey>) -> Result<ChangeResult> {
        assert!(once.is_none());
        // In the order in which they are asked for, as the real store does, but answered later.
        let answer = self.state.lock().unwrap().apply(change);
        tokio::task::yield_now().await;
        answer
    }

    async fn account_by_username(&self, _: &Username) -> Result<Option<Profile>> {
        reads_nothing()
    }
    async fn account(&self, _: AccountId) -> Result<Option<Profile>> {
        reads_nothing()
    }
    async fn accounts(&self, _: &[AccountId]) -> Result<Vec<Account>> {
        reads_nothing()
    }
    async fn credentials(&self, _: &Username) -> Result<Option<Credentials>> {
        reads_nothing()
    }
    async fn session_by_token(&self, _: &[u8; 32]) -> Result<Option<SessionRecord>> {
        reads_nothing()
    }
    async fn sessions(&self, _: AccountId) -> Result<Vec<SessionRecord>> {
        reads_nothing()
    }
    async fn ssh_keys(&self, _: AccountId) -> Result<Vec<SshKey>> {
        reads_nothing()
    }
    async fn ssh_key_by_fingerprint(&self, _: &SshFingerprint) -> Result<Option<SshKeyId>> {
        reads_nothing()
    }
    async fn reports(&self, _: Option<AccountId>, _: usize) -> Result<Vec<Report>> {
        reads_nothing()
    }
    async fn read_lines(&self, _: AccountId) -> Result<Vec<ReadLine>> {
        reads_nothing()
    }
    async fn relationships(&self, _: AccountId, _: &[AccountId]) -> Result<Vec<Relationship>> {
        reads_nothing()
    }
    async fn social_graph(&self, _: AccountId) -> Result<SocialGraph> {
        reads_nothing()
    }
    async fn list_accounts(
        &self,
        _: AccountId,
        _: AccountList,
        _: Option<Cursor>,
        _: usize,
    ) -> Result<Page<Account>> {
        reads_nothing()
    }
    async fn search_people(&self, _: AccountId, _: &str, _: usize) -> Result<Vec<Account>> {
        reads_nothing()
    }
    async fn timeline(&self, _: &Timeline, _: Span, _: usize) -> Result<Vec<TimelineEntry>> {
        reads_nothing()
    }
    async fn tweets(&self, _: AccountId, _: &[TweetId]) -> Result<Vec<TweetRecord>> {
        reads_nothing()
    }
    async fn ancestors(&self, _: TweetId, _: usize) -> Result<Vec<TweetId>> {
        reads_nothing()
    }
    async fn descendants(&self, _: TweetId, _: Option<TweetId>, _: usize) -> Result<Vec<TweetId>> {
        reads_nothing()
    }
    async fn tweet_history(&self, _: TweetId) -> Result<Vec<(String, i64)>> {
        reads_nothing()
    }
    async fn tweet_entities(&self, _: TweetId) -> Result<TweetEntities> {
        reads_nothing()
    }
    async fn search_hashtags(&self, _: &str, _: usize) -> Result<Vec<(String, u32)>> {
        reads_nothing()
    }
    async fn hashtag_uses_since(&self, _: u64) -> Result<Vec<HashtagUse>> {
        reads_nothing()
    }
    async fn notifications(&self, _: AccountId, _: Span, _: bool, _: usize) -> Result<Vec<Notification>> {
        reads_nothing()
    }
    async fn notification(&self, _: NotificationId) -> Result<Option<Notification>> {
        reads_nothing()
    }
    async fn unread_notifications(&self, _: AccountId) -> Result<u32> {
        reads_nothing()
    }
    async fn conversations(
        &self,
        _: AccountId,
        _: Option<MessageId>,
        _: usize,
    ) -> Result<Page<Conversation>> {
        reads_nothing()
    }
    async fn conversation_between(&self, _: AccountId, _: AccountId) -> Result<Option<Conversation>> {
        reads_nothing()
    }
    async fn messages(&self, _: ConversationId, _: Span, _: usize) -> Result<Vec<DirectMessage>> {
        reads_nothing()
    }
    async fn message(&self, _: MessageId) -> Result<Option<DirectMessage>> {
        reads_nothing()
    }
    async fn read_receipts(&self, _: ConversationId, _: AccountId) -> Result<ReadReceipts> {
        reads_nothing()
    }
    async fn events(&self, _: EventId, _: EventId, _: usize) -> Result<EventLog> {
        reads_nothing()
    }
    async fn last_event(&self) -> Result<EventId> {
        reads_nothing()
    }
    async fn statistics(&self) -> Result<StoreStatistics> {
        reads_nothing()
    }
    async fn announcement(&self) -> Result<String> {
        reads_nothing()
    }
    async fn accounts_to_purge(&self) -> Result<Vec<AccountId>> {
        reads_nothing()
    }
}
