//! The embedded store: SQLite with a write-ahead log, one writer with group commit, several readers.
//!
//! `Ok` leaves the writer only after COMMIT returned with `synchronous=FULL`.

mod accounts;
mod conversations;
mod events;
mod ids;
mod import;
pub mod maintenance;
mod maintenance_thread;
mod notifications;
mod open;
mod purge;
mod read_lines;
mod readers;
mod relationships;
mod reports;
mod search;
#[cfg(any(test, feature = "test-support"))]
#[allow(clippy::unwrap_used, missing_docs, reason = "tests stop where they cannot go on")]
pub mod simulated;
mod sql;
mod ssh_keys;
#[cfg(test)]
mod tests;
mod timelines;
mod tweets;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use model::{
    Account, AccountId, Conversation, ConversationId, Cursor, DirectMessage, Error, EventId, MessageId,
    Notification, NotificationId, Page, Profile, ReadLine, ReadReceipts, Relationship, Report, Result, Span,
    SshFingerprint, SshKey, SshKeyId, TweetId, Username,
};
use tokio::sync::{mpsc, oneshot, watch};

use ids::Ids;
use maintenance_thread::MaintenanceThread;
pub use open::{OpenError, make_private_directory};
use readers::Readers;
use writer::{Checkpoint, Job, Work, Writer, WriterMetrics};

use super::{
    AccountList, Change, ChangeResult, Credentials, EventLog, EventReceiver, HashtagUse, IdempotencyKey,
    Observer, SessionRecord, SocialGraph, Store, StoreStatistics, Timeline, TimelineEntry, TweetEntities,
    TweetRecord,
};
use crate::env::Clock;

/// Name of the database within the data directory.
pub const DATABASE: &str = "mini-tweet.db";

/// How a store is run.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// Number of this node, 0 to 63: part of every identifier.
    pub node: u8,
    /// Changes that may wait for the writer; beyond it they are refused with `BUSY`.
    pub queue: usize,
    /// When more changes wait than one transaction takes, and they wait for so long, new ones are refused with
    /// `BUSY`; `None`: only a full queue refuses.
    pub queue_wait: Option<Duration>,
    /// Most changes in one transaction.
    pub batch_max: usize,
    /// Tweets of an account that is less than a day old in an hour; 0 is no limit.
    pub new_account_posts: u32,
    /// Connections that read at the same time.
    pub readers: usize,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            node: 0,
            queue: 4_096,
            queue_wait: None,
            batch_max: 256,
            new_account_posts: 0,
            readers: crate::cores().max(2),
        }
    }
}

/// A store in one file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    queue_wait: Option<Duration>,
    batch_max: usize,
    work: Mutex<Option<mpsc::Sender<Work>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    readers: Readers,
    observer: Arc<OnceLock<Weak<dyn Observer>>>,
    metrics: Arc<WriterMetrics>,
    failed: watch::Receiver<bool>,
    /// Held for as long as the store is open: no second process may write.
    _lock: Option<open::Lock>,
}

impl SqliteStore {
    /// Opens the store in this file, or makes one.
    ///
    /// # Errors
    /// [`OpenError`] says what is wrong and what to do; nothing is touched then.
    pub fn open(
        path: &Path,
        options: &SqliteOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, EventReceiver), OpenError> {
        let (lock, mut db) = open::writer(path, clock.now_ms())?;
        let high_water = open::high_water(&db).map_err(|e| OpenError::sql(path, &e))?;
        let readers = Readers::open(path, options.readers).map_err(|e| OpenError::sql(path, &e))?;
        let (work, queue) = mpsc::channel(options.queue);
        let (feed, events) = mpsc::channel(1_024);
        let (failed, failure) = watch::channel(false);
        let io = |error| OpenError::Io { path: path.to_owned(), error };
        let maintenance_thread =
            MaintenanceThread::start(path, work.downgrade(), failed.clone()).map_err(io)?;
        let (search_mark, unindexed) = search::backlog(&db).map_err(|e| OpenError::sql(path, &e))?;
        let metrics = Arc::new(WriterMetrics { unindexed: unindexed.into(), ..WriterMetrics::default() });
        let log_pages = open::count_log_pages(&mut db).map_err(|e| OpenError::sql(path, &e))?;
        let observer = Arc::new(OnceLock::new());
        let writer = Writer {
            db,
            ids: Ids::new(options.node, high_water),
            clock,
            work: queue,
            maintenance_thread,
            log_pages,
            log_pages_told: 0,
            index_asked: false,
            search_mark,
            feed,
            observer: Arc::clone(&observer),
            metrics: Arc::clone(&metrics),
            failed,
            batch_max: options.batch_max,
            new_account_posts: options.new_account_posts,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(io)?;
        let store = Self {
            path: path.to_owned(),
            queue_wait: options.queue_wait,
            batch_max: options.batch_max,
            work: Mutex::new(Some(work)),
            writer: Mutex::new(Some(thread)),
            readers,
            observer,
            metrics,
            failed: failure,
            _lock: Some(lock),
        };
        Ok((store, events))
    }

    /// Carries out what is queued, takes nothing more, and returns when all of it is in the database's one file.
    pub async fn close(&self) {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // Joining blocks, and the writer may have much to do.
            let _ = tokio::task::spawn_blocking(|| writer.join()).await;
        }
    }

    /// Returns when the disk has failed and the process should stop.
    pub async fn failed(&self) {
        let mut failed = self.failed.clone();
        if failed.wait_for(|failed| *failed).await.is_err() {
            // The writer has ended in good order.
            std::future::pending::<()>().await;
        }
    }

    /// A small secret of the server that is kept in the store; made when there is none yet.
    ///
    /// # Errors
    /// [`OpenError`] when the database cannot be read or written.
    pub fn secret(&self, name: &str, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, OpenError> {
        open::secret(&self.path, name, make).map_err(|e| OpenError::sql(&self.path, &e))
    }

    fn ask(&self, work: Work) -> Result<()> {
        let writer = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = writer.as_ref().ok_or(Error::GoingAway)?;
        if let (Work::Change(_), Some(wait)) = (&work, self.queue_wait) {
            // What waits is not a burst that the next transaction takes whole: one more would only wait longer.
            let queued = writer.max_capacity() - writer.capacity();
            let waited = Duration::from_micros(self.metrics.waited_us.load(Ordering::Relaxed));
            if queued >= self.batch_max && waited > wait {
                return Err(Error::Busy);
            }
        }
        writer.try_send(work).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => writer::storage_failed(),
        })
    }

    /// Whoever searches finds what was acknowledged before.
    async fn bring_search_up_to_date(&self) -> Result<()> {
        if self.metrics.unindexed.load(Ordering::Relaxed) > 0 {
            let (done, is_done) = oneshot::channel();
            self.ask(Work::Index(Some(done)))?;
            is_done.await.map_err(|_| writer::storage_failed())?;
        }
        Ok(())
    }

    async fn read_inline<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.read_inline(read).await
    }

    async fn read_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.readers.read_blocking(read).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn apply(&self, change: Change, once: Option<IdempotencyKey>) -> Result<ChangeResult> {
        let (answer, result) = oneshot::channel();
        self.ask(Work::Change(Job { change, once, since: Instant::now(), answer }))?;
        result.await.map_err(|_| writer::storage_failed())?
    }

    fn observe(&self, observer: Weak<dyn Observer>) {
        // What was set before stays.
        let _ = self.observer.set(observer);
    }

    async fn account_by_username(&self, username: &Username) -> Result<Option<Profile>> {
        let username = username.clone();
        self.read_inline(move |db| accounts::by_username(db, &username)).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Profile>> {
        self.read_inline(move |db| accounts::by_id(db, id)).await
    }

    async fn accounts(&self, ids: &[AccountId]) -> Result<Vec<Account>> {
        let ids = ids.to_vec();
        self.read_blocking(move |db| accounts::by_ids(db, &ids)).await
    }

    async fn credentials(&self, username: &Username) -> Result<Option<Credentials>> {
        let username = username.clone();
        self.read_inline(move |db| accounts::credentials(db, &username)).await
    }

    async fn session_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<SessionRecord>> {
        let token_hash = *token_hash;
        self.read_inline(move |db| accounts::session_by_token(db, &token_hash)).await
    }

    async fn sessions(&self, account: AccountId) -> Result<Vec<SessionRecord>> {
        self.read_blocking(move |db| accounts::sessions(db, account)).await
    }

    async fn ssh_keys(&self, account: AccountId) -> Result<Vec<SshKey>> {
        self.read_blocking(move |db| ssh_keys::of_account(db, account)).await
    }

    async fn ssh_key_by_fingerprint(&self, fingerprint: &SshFingerprint) -> Result<Option<SshKeyId>> {
        let fingerprint = *fingerprint;
        self.read_inline(move |db| ssh_keys::by_fingerprint(db, &fingerprint)).await
    }

    async fn relationships(&self, viewer: AccountId, others: &[AccountId]) -> Result<Vec<Relationship>> {
        let others = others.to_vec();
        self.read_inline(move |db| relationships::relationships(db, viewer, &others)).await
    }

    async fn social_graph(&self, account: AccountId) -> Result<SocialGraph> {
        self.read_blocking(move |db| relationships::of_account(db, account)).await
    }

    async fn list_accounts(
        &self,
        viewer: AccountId,
        list: AccountList,
        position: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Account>> {
        self.read_blocking(move |db| relationships::list(db, viewer, list, position.as_ref(), limit)).await
    }

    async fn search_people(&self, viewer: AccountId, query: &str, limit: usize) -> Result<Vec<Account>> {
        let query = query.to_owned();
        self.read_blocking(move |db| search::people(db, viewer, &query, limit)).await
    }

    async fn timeline(&self, timeline: &Timeline, span: Span, limit: usize) -> Result<Vec<TimelineEntry>> {
        if matches!(timeline, Timeline::Search(_)) {
            self.bring_search_up_to_date().await?;
        }
        let timeline = timeline.clone();
        self.read_blocking(move |db| timelines::read(db, &timeline, span, limit)).await
    }

    async fn tweets(&self, viewer: AccountId, ids: &[TweetId]) -> Result<Vec<TweetRecord>> {
        let ids = ids.to_vec();
        self.read_blocking(move |db| tweets::records(db, viewer, &ids)).await
    }

    async fn ancestors(&self, id: TweetId, limit: usize) -> Result<Vec<TweetId>> {
        self.read_blocking(move |db| tweets::ancestors(db, id, limit)).await
    }

    async fn descendants(&self, id: TweetId, after: Option<TweetId>, limit: usize) -> Result<Vec<TweetId>> {
        self.read_blocking(move |db| tweets::descendants(db, id, after, limit)).await
    }

    async fn tweet_history(&self, id: TweetId) -> Result<Vec<(String, i64)>> {
        self.read_blocking(move |db| tweets::history(db, id)).await
    }

    async fn tweet_entities(&self, id: TweetId) -> Result<TweetEntities> {
        self.read_blocking(move |db| tweets::marks(db, id)).await
    }

    async fn search_hashtags(&self, key_prefix: &str, limit: usize) -> Result<Vec<(String, u32)>> {
        let key_prefix = key_prefix.to_owned();
        self.read_blocking(move |db| search::hashtags(db, &key_prefix, limit)).await
    }

    async fn hashtag_uses_since(&self, since: u64) -> Result<Vec<HashtagUse>> {
        self.read_blocking(move |db| timelines::hashtag_uses_since(db, since)).await
    }

    async fn read_lines(&self, account: AccountId) -> Result<Vec<ReadLine>> {
        self.read_blocking(move |db| read_lines::of_account(db, account)).await
    }

    async fn notifications(
        &self,
        recipient: AccountId,
        span: Span,
        unread_only: bool,
        limit: usize,
    ) -> Result<Vec<Notification>> {
        self.read_blocking(move |db| notifications::list(db, recipient, span, unread_only, limit)).await
    }

    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>> {
        self.read_inline(move |db| notifications::one(db, id)).await
    }

    async fn unread_notifications(&self, recipient: AccountId) -> Result<u32> {
        self.read_blocking(move |db| notifications::unread(db, recipient)).await
    }

    async fn conversations(
        &self,
        account: AccountId,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Page<Conversation>> {
        self.read_blocking(move |db| conversations::list(db, account, before, limit)).await
    }

    async fn conversation_between(
        &self,
        account: AccountId,
        with: AccountId,
    ) -> Result<Option<Conversation>> {
        self.read_inline(move |db| conversations::between(db, account, with)).await
    }

    async fn messages(
        &self,
        conversation: ConversationId,
        span: Span,
        limit: usize,
    ) -> Result<Vec<DirectMessage>> {
        self.read_blocking(move |db| conversations::messages(db, conversation, span, limit)).await
    }

    async fn message(&self, id: MessageId) -> Result<Option<DirectMessage>> {
        self.read_blocking(move |db| conversations::message(db, id)).await
    }

    async fn marks(&self, conversation: ConversationId, account: AccountId) -> Result<ReadReceipts> {
        self.read_blocking(move |db| conversations::marks(db, conversation, account)).await
    }

    async fn events(&self, after: EventId, until: EventId, limit: usize) -> Result<EventLog> {
        self.read_blocking(move |db| events::after(db, after, until, limit)).await
    }

    async fn last_event(&self) -> Result<EventId> {
        self.read_blocking(events::last).await
    }

    async fn statistics(&self) -> Result<StoreStatistics> {
        let (commits, changes) = (&self.metrics.commits, &self.metrics.changes);
        let (commits, changes) = (commits.load(Ordering::Relaxed), changes.load(Ordering::Relaxed));
        let database_bytes = ["", "-wal"]
            .iter()
            .filter_map(|suffix| {
                let mut path = self.path.as_os_str().to_owned();
                path.push(suffix);
                std::fs::metadata(path).ok()
            })
            .map(|file| file.len())
            .sum();
        self.read_blocking(move |db| {
            let count =
                |sql| sql::first(db, sql, [], |row| row.get::<_, i64>(0)).map(Option::unwrap_or_default);
            Ok(StoreStatistics {
                accounts: count("SELECT count(*) FROM account WHERE state <> 3")?.cast_unsigned(),
                tweets: count("SELECT coalesce(sum(tweets), 0) FROM account")?.cast_unsigned(),
                sessions: count("SELECT count(*) FROM session")?.cast_unsigned(),
                database_bytes,
                commits,
                changes,
            })
        })
        .await
    }

    async fn announcement(&self) -> Result<String> {
        self.read_blocking(events::announcement).await
    }

    async fn accounts_to_purge(&self) -> Result<Vec<AccountId>> {
        self.read_blocking(accounts::to_purge).await
    }

    async fn reports(&self, by: Option<AccountId>, limit: usize) -> Result<Vec<Report>> {
        self.read_blocking(move |db| reports::list(db, by, limit)).await
    }

    async fn forget_removed(&self) -> Result<bool> {
        let (done, is_done) = oneshot::channel();
        self.ask(Work::Checkpoint(Checkpoint { empty: true, patience: maintenance_thread::PATIENCE, done }))?;
        is_done.await.map_err(|_| writer::storage_failed())
    }
}
