//! [`SqliteStore`]: the queue in front of the writer, and reads on a pool of connections.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use model::{
    Account, AccountCounts, AccountId, Announcement, Conversation, ConversationId, Cursor, DirectMessage,
    Error, EventId, Hashtag, MessageId, Notification, NotificationId, Page, Profile, ReadLine, ReadReceipts,
    Relationship, Report, Result, Span, SshFingerprint, SshKey, SshKeyId, TweetId, Username,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::files::Lock;
use super::ids::Ids;
use super::maintenance_thread::MaintenanceThread;
use super::open_error::OpenError;
use super::readers::Readers;
use super::requests::{
    PendingChange, WAL_RESTART_STALL_MAX, WalRestart, WriterMetrics, WriterRequest, storage_failed,
};
use super::reserve::Reserve;
use super::shared::{Freshness, Shared, unavailable};
use super::withdrawn::Withdrawn;
use super::writer::Writer;
use super::{
    account_lists, accounts, announcements, connection, conversations, events, invites, notifications, open,
    read_lines, relationships, reports, search, search_index, sessions, sql, ssh_keys, suggestions,
    timelines, tweets,
};
use crate::env::{Clock, Random as _, SystemRandom};
use crate::fault::{self, InjectedBug};
use crate::shared_log::{Commons, SharedDatabase};
use crate::{
    AccountQuery, AttemptCounters, Bus, Change, ChangeResult, CommitLog, ConversationList, Credentials,
    Engine, EventLog, EventScope, HashtagUse, IdempotencyKey, InviteRecord, NodeRecord, NodeReport,
    NotificationFilter, Options, ProfileFilter, SessionRecord, SocialGraph, Store, StoreStatistics, Timeline,
    TimelineEntry, TweetEntities, TweetRecord,
};

/// Name of the database within the data directory.
pub const DATABASE: &str = "mini-tweet.db";

/// The database in this data directory.
#[must_use]
pub fn database_file(data_dir: &Path) -> PathBuf {
    data_dir.join(DATABASE)
}

/// A store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) path: PathBuf,
    pub(super) queue_wait: Option<Duration>,
    pub(super) batch_max: usize,
    /// `None` once the store is closed.
    pub(super) requests: Mutex<Option<mpsc::Sender<WriterRequest>>>,
    pub(super) writer: Mutex<Option<JoinHandle<()>>>,
    pub(super) readers: Readers,
    pub(super) log: Arc<CommitLog>,
    pub(super) metrics: Arc<WriterMetrics>,
    pub(super) failed: watch::Receiver<bool>,
    /// For a copy that follows a shared log.
    pub(super) freshness: Option<Arc<Freshness>>,
    pub(super) commons: Option<Box<dyn Commons>>,
    pub(super) bus: Option<Bus>,
    /// Held while the store is open, so that no second process writes.
    pub(super) _lock: Option<Lock>,
}

impl SqliteStore {
    /// Opens the store in this file, or creates one, and starts its threads.
    ///
    /// # Errors
    /// [`OpenError`], with the next step for the operator; the file is unchanged then.
    pub fn open(path: &Path, options: &Options, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::open_with(path, options, clock, None)
    }

    /// The same for a copy that follows a shared log.
    pub(crate) fn open_with(
        path: &Path,
        options: &Options,
        clock: Arc<dyn Clock>,
        shared: Option<SharedDatabase>,
    ) -> Result<Self, OpenError> {
        let sql = |error| OpenError::sql(path, &error);
        let io = |error| OpenError::io(path, error);
        let (lock, mut db) = open::open_writer(path, clock.now_ms())?;
        let high_water = open::id_high_water(&db).map_err(sql)?;
        let readers = Readers::open(path, options.readers).map_err(sql)?;
        let (requests, queue) = mpsc::channel(options.queue);
        let (failed, failure) = watch::channel(false);
        let maintenance_thread =
            MaintenanceThread::start(path, requests.downgrade(), failed.clone()).map_err(io)?;
        let (indexed_through, unindexed) = search_index::backlog(&db).map_err(sql)?;
        let metrics = Arc::new(WriterMetrics { unindexed: unindexed.into(), ..WriterMetrics::default() });
        let wal_pages = connection::count_wal_pages(&mut db).map_err(sql)?;
        let last = events::last(&db).map_err(sql)?;
        let log = Arc::new(CommitLog::new(last));
        let freshness = shared.is_some().then(|| Arc::new(Freshness::new()));
        let boot = shared.as_ref().map_or_else(draw_boot, |shared| shared.boot);
        let (shared_log, rest) = shared.map(|shared| (shared.log, (shared.commons, shared.bus))).unzip();
        let (commons, bus) = rest.unzip();
        let shared = shared_log.zip(freshness.clone());
        let shared =
            shared.map(|(log, freshness)| Shared::new(&db, log, freshness)).transpose().map_err(sql)?;
        let writer = Writer {
            db,
            ids: Ids::new(options.node, high_water),
            withdrawn: Withdrawn::default(),
            clock,
            requests: queue,
            maintenance_thread,
            wal_pages,
            wal_pages_requested: 0,
            index_requested: false,
            indexed_through,
            log: Arc::clone(&log),
            metrics: Arc::clone(&metrics),
            failed,
            reserve: Reserve::of(path),
            batch_max: options.batch_max,
            new_account_posts: options.new_account_posts,
            boot,
            shared,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || writer.run())
            .map_err(io)?;
        Ok(Self {
            path: path.to_owned(),
            queue_wait: options.queue_wait,
            batch_max: options.batch_max,
            requests: Mutex::new(Some(requests)),
            writer: Mutex::new(Some(thread)),
            readers,
            log,
            metrics,
            failed: failure,
            freshness,
            commons,
            bus,
            _lock: Some(lock),
        })
    }

    /// Queues a request for the writer.
    fn request(&self, request: WriterRequest) -> Result<()> {
        let writer = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let writer = writer.as_ref().ok_or(Error::GoingAway)?;
        if let (WriterRequest::Change(_), Some(wait)) = (&request, self.queue_wait) {
            // The queue is not a burst that fits in the next transaction: one more change would only wait longer.
            let queued = writer.max_capacity() - writer.capacity();
            let waited = Duration::from_micros(self.metrics.queue_wait_us.load(Ordering::Relaxed));
            if queued >= self.batch_max && waited > wait {
                return Err(Error::Busy);
            }
        }
        writer.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => storage_failed(),
        })
    }

    /// Requests that the copy follows the shared log; `false` when the store is closed.
    pub(crate) fn follow(&self) -> bool {
        // A full queue has changes, which follow the log, too.
        !matches!(self.request(WriterRequest::Follow(None)), Err(Error::GoingAway))
    }

    /// The newest entry of the shared log that this copy has; 0 without one.
    pub(crate) fn position(&self) -> u64 {
        self.freshness.as_ref().map_or(0, |freshness| freshness.position())
    }

    /// A person who comes from another node sees what was acknowledged there, and what was revoked there does not count.
    async fn catch_up_for_sign_in(&self) -> Result<()> {
        if fault::is_on(InjectedBug::SkipCatchUp) { Ok(()) } else { self.catch_up().await }
    }

    /// Indexes pending tweets, so that a search finds every tweet acknowledged before it.
    async fn index_pending(&self) -> Result<()> {
        if self.metrics.unindexed.load(Ordering::Relaxed) > 0 {
            let (done, indexed) = oneshot::channel();
            self.request(WriterRequest::Index(Some(done)))?;
            indexed.await.map_err(|_| storage_failed())?;
        }
        Ok(())
    }

    async fn read_inline<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.require_fresh()?;
        self.readers.read_inline(read).await
    }

    async fn read_blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> sql::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.require_fresh()?;
        self.readers.read_blocking(read).await
    }
}

/// A random number for this process.
pub(crate) fn draw_boot() -> u64 {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    u64::from_ne_bytes(bytes)
}

#[async_trait]
impl Engine for SqliteStore {
    async fn secret(&self, name: &str, new: Vec<u8>) -> Result<Vec<u8>, OpenError> {
        if let Some(commons) = &self.commons {
            return commons.secret(name, &new).await;
        }
        open::secret(&self.path, name, new).map_err(|e| OpenError::sql(&self.path, &e))
    }

    async fn failed(&self) {
        let mut failed = self.failed.clone();
        if failed.wait_for(|failed| *failed).await.is_err() {
            // The writer has ended without a failure.
            std::future::pending::<()>().await;
        }
    }

    fn report(&self, report: NodeReport) {
        if let Some(commons) = &self.commons {
            commons.report(report);
        }
    }

    fn drain_requested(&self) -> Option<watch::Receiver<bool>> {
        self.commons.as_ref()?.drain_requested()
    }

    /// Returns when everything is in the database file and the WAL is empty.
    async fn close(&self) {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).take();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            // Joining blocks while the writer finishes its queue.
            let _ = tokio::task::spawn_blocking(|| writer.join()).await;
        }
        if let Some(commons) = &self.commons {
            commons.leave().await;
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn apply(&self, change: Change, key: Option<IdempotencyKey>) -> Result<ChangeResult> {
        let (response, result) = oneshot::channel();
        let pending = PendingChange { change, key, queued_at: Instant::now(), response };
        self.request(WriterRequest::Change(pending))?;
        result.await.map_err(|_| storage_failed())?
    }

    async fn other_processes(&self) -> Result<Vec<u64>> {
        match &self.commons {
            Some(commons) => commons.other_processes().await,
            None => Ok(Vec::new()),
        }
    }

    async fn nodes(&self) -> Result<Vec<NodeRecord>> {
        match &self.commons {
            Some(commons) => commons.nodes().await,
            None => Ok(Vec::new()),
        }
    }

    async fn request_drain(&self, boot: u64) -> Result<bool> {
        match &self.commons {
            Some(commons) => commons.request_drain(boot).await,
            None => Ok(false),
        }
    }

    fn bus(&self) -> Option<&Bus> {
        self.bus.as_ref()
    }

    async fn is_maintainer(&self) -> bool {
        match &self.commons {
            Some(commons) => commons.is_maintainer().await,
            None => true,
        }
    }

    fn attempts(&self) -> Option<Arc<dyn AttemptCounters>> {
        self.commons.as_ref().and_then(|commons| commons.attempts())
    }

    fn log(&self) -> &CommitLog {
        &self.log
    }

    async fn catch_up(&self) -> Result<()> {
        if self.freshness.is_none() {
            return Ok(());
        }
        let (done, followed) = oneshot::channel();
        self.request(WriterRequest::Follow(Some(done)))?;
        if followed.await.map_err(|_| storage_failed())? { Ok(()) } else { Err(unavailable()) }
    }

    fn require_fresh(&self) -> Result<()> {
        self.freshness.as_ref().map_or(Ok(()), |freshness| freshness.require())
    }

    async fn account_by_username(&self, username: &Username) -> Result<Option<Profile>> {
        let username = username.clone();
        self.read_inline(move |db| accounts::by_username(db, &username)).await
    }

    async fn has_lookalike(&self, username: &Username) -> Result<bool> {
        let username = username.clone();
        self.read_inline(move |db| accounts::has_lookalike(db, &username)).await
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
        // A password that was replaced at another node must not be accepted here.
        self.catch_up_for_sign_in().await?;
        self.read_inline(move |db| accounts::credentials(db, &username)).await
    }

    async fn session_by_token(&self, token_hash: &[u8; 32]) -> Result<Option<SessionRecord>> {
        let token_hash = *token_hash;
        self.catch_up_for_sign_in().await?;
        self.read_inline(move |db| sessions::by_token(db, &token_hash)).await
    }

    async fn sessions(&self, account: AccountId) -> Result<Vec<SessionRecord>> {
        self.read_blocking(move |db| sessions::of_account(db, account)).await
    }

    async fn ssh_keys(&self, account: AccountId) -> Result<Vec<SshKey>> {
        self.read_blocking(move |db| ssh_keys::of_account(db, account)).await
    }

    async fn ssh_key_by_fingerprint(&self, fingerprint: &SshFingerprint) -> Result<Option<SshKeyId>> {
        let fingerprint = *fingerprint;
        // Nor a key that was removed there.
        self.catch_up_for_sign_in().await?;
        self.read_inline(move |db| ssh_keys::by_fingerprint(db, &fingerprint)).await
    }

    async fn relationships(&self, viewer: AccountId, others: &[AccountId]) -> Result<Vec<Relationship>> {
        let others = others.to_vec();
        self.read_inline(move |db| relationships::with_others(db, viewer, &others)).await
    }

    async fn social_graph(&self, account: AccountId) -> Result<SocialGraph> {
        self.read_blocking(move |db| relationships::of_account(db, account)).await
    }

    async fn list_accounts(
        &self,
        viewer: AccountId,
        query: &AccountQuery,
        position: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Account>> {
        let query = query.clone();
        self.read_blocking(move |db| account_lists::page(db, viewer, &query, position.as_ref(), limit)).await
    }

    async fn count_accounts(&self, viewer: AccountId, query: &AccountQuery) -> Result<u64> {
        let query = query.clone();
        self.read_blocking(move |db| account_lists::count(db, viewer, &query)).await
    }

    async fn account_counts(&self, ids: &[AccountId]) -> Result<Vec<AccountCounts>> {
        let ids = ids.to_vec();
        self.read_blocking(move |db| accounts::counts(db, &ids)).await
    }

    async fn search_people(&self, viewer: AccountId, query: &str, limit: usize) -> Result<Vec<Account>> {
        let query = query.to_owned();
        self.read_blocking(move |db| search::accounts(db, viewer, &query, limit)).await
    }

    async fn suggested_accounts(&self, viewer: AccountId, limit: usize) -> Result<Vec<Account>> {
        self.read_blocking(move |db| suggestions::list(db, viewer, limit)).await
    }

    async fn dismissed_suggestions(&self, account: AccountId) -> Result<Vec<Account>> {
        self.read_blocking(move |db| suggestions::dismissed(db, account)).await
    }

    async fn timeline(&self, timeline: &Timeline, span: Span, limit: usize) -> Result<Vec<TimelineEntry>> {
        if matches!(timeline, Timeline::Search(_)) {
            self.index_pending().await?;
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

    async fn tweet_history(&self, id: TweetId, after_ms: i64, limit: usize) -> Result<Vec<(String, i64)>> {
        self.read_blocking(move |db| tweets::history(db, id, after_ms, limit)).await
    }

    async fn tweet_entities(&self, id: TweetId) -> Result<TweetEntities> {
        self.read_blocking(move |db| tweets::entities(db, id)).await
    }

    async fn search_hashtags(&self, key_prefix: &str, limit: usize) -> Result<Vec<(String, u32)>> {
        let key_prefix = key_prefix.to_owned();
        self.read_blocking(move |db| search::hashtags(db, &key_prefix, limit)).await
    }

    async fn hashtag_uses_since(&self, since: u64) -> Result<Vec<HashtagUse>> {
        self.read_blocking(move |db| timelines::hashtag_uses_since(db, since)).await
    }

    async fn latest_hashtag_uses(&self, since: u64, limit: usize) -> Result<Vec<HashtagUse>> {
        self.read_blocking(move |db| timelines::latest_hashtag_uses(db, since, limit)).await
    }

    async fn hashtags_of(&self, account: AccountId, limit: usize) -> Result<Vec<Hashtag>> {
        self.read_blocking(move |db| timelines::hashtags_of(db, account, limit)).await
    }

    async fn read_lines(&self, account: AccountId) -> Result<Vec<ReadLine>> {
        self.read_blocking(move |db| read_lines::of_account(db, account)).await
    }

    async fn notifications(
        &self,
        recipient: AccountId,
        span: Span,
        filter: &NotificationFilter,
        limit: usize,
    ) -> Result<Vec<Notification>> {
        let filter = filter.clone();
        self.read_blocking(move |db| notifications::list(db, recipient, span, &filter, limit)).await
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
        list: ConversationList,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Page<Conversation>> {
        self.read_blocking(move |db| conversations::list(db, account, list, before, limit)).await
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

    async fn read_receipts(&self, conversation: ConversationId, account: AccountId) -> Result<ReadReceipts> {
        self.read_blocking(move |db| conversations::read_receipts(db, conversation, account)).await
    }

    async fn events(
        &self,
        after: EventId,
        until: EventId,
        scope: EventScope,
        limit: usize,
    ) -> Result<EventLog> {
        self.read_blocking(move |db| events::after(db, after, until, scope, limit)).await
    }

    async fn last_event(&self) -> Result<EventId> {
        self.read_blocking(|db| Ok(events::last(db)?)).await
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

    async fn announcements(&self, account: Option<AccountId>, now_ms: i64) -> Result<Vec<Announcement>> {
        self.read_blocking(move |db| announcements::list(db, account, now_ms)).await
    }

    async fn profiles(
        &self,
        filter: &ProfileFilter,
        after: Option<&Username>,
        limit: usize,
    ) -> Result<Page<Profile>> {
        let (filter, after) = (filter.clone(), after.cloned());
        self.read_blocking(move |db| accounts::profiles(db, &filter, after.as_ref(), limit)).await
    }

    async fn invites(&self, now_ms: i64) -> Result<Vec<InviteRecord>> {
        self.read_blocking(move |db| invites::list(db, now_ms)).await
    }

    async fn invite(&self, code_hash: &[u8; 32]) -> Result<Option<InviteRecord>> {
        let code_hash = *code_hash;
        self.read_inline(move |db| invites::one(db, &code_hash)).await
    }

    async fn accounts_to_purge(&self) -> Result<Vec<AccountId>> {
        self.read_blocking(accounts::to_purge).await
    }

    async fn reports(&self, by: Option<AccountId>, limit: usize) -> Result<Vec<Report>> {
        self.read_blocking(move |db| reports::list(db, by, limit)).await
    }

    async fn forget_removed(&self) -> Result<bool> {
        let (done, truncated) = oneshot::channel();
        let restart = WalRestart { truncate: true, stall_max: WAL_RESTART_STALL_MAX, done };
        self.request(WriterRequest::RestartWal(restart))?;
        truncated.await.map_err(|_| storage_failed())
    }
}
