//! The stores of a cluster in a simulation: the real writer of a copy, on copies in memory, with a shared database in
//! memory that a server may be cut off from and whose responses may be lost. All of it in one thread.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, sleep};

use super::{BATCH_MAX, SimulatedDisk};
use crate::env::Clock;
use crate::shared_log::memory::MemoryLog;
use crate::shared_log::{Commons, EntriesError, Locked, LogEntry, SharedLog, Unreachable};
use crate::sqlite::changed_rows::shared_tables;
use crate::sqlite::ids::Ids;
use crate::sqlite::maintenance_thread::MaintenanceThread;
use crate::sqlite::readers::Readers;
use crate::sqlite::requests::{PendingChange, WriterMetrics, WriterRequest};
use crate::sqlite::reserve::Reserve;
use crate::sqlite::shared::{Freshness, Shared, position, set_position};
use crate::sqlite::withdrawn::Withdrawn;
use crate::sqlite::writer::Writer;
use crate::sqlite::{SqliteStore, check, connection, events, following, open, search_index};
use crate::{Bus, BusMessage, CommitLog, OpenError, Store as _};

/// Of a hundred entries, how many are not appended, and the server knows it.
const REFUSED: u64 = 3;
/// How many are not appended, and the server does not know it.
const LOST: u64 = 3;
/// How many are appended, and the server does not know it.
const UNHEARD: u64 = 4;
/// Delay of the entry when the writer acknowledges early.
const LATE_APPEND: Duration = Duration::from_millis(300);

/// An injected bug of all servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterBug {
    /// A server signs people in without having what the others acknowledged.
    NoBarrier,
    /// A server ignores idempotency keys.
    NoKeys,
    /// A server responds first and appends to the log later.
    AcknowledgeBeforeAppend,
    /// A server that is cut off from the shared database answers reads for ever.
    NeverStale,
}

/// Behavior of the servers' stores.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// Draws the duration of the round trips of a batch.
    pub takes: fn(&Mutex<u64>) -> Duration,
    /// Draws a random number below a bound.
    pub draw: fn(&Mutex<u64>, u64) -> u64,
    /// State of the random generator.
    pub chance: Arc<Mutex<u64>>,
    /// Length of the writer's queue.
    pub queue: usize,
    pub bug: Option<ClusterBug>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A database in memory that several connections can use.
#[derive(Debug)]
struct MemoryDatabase {
    uri: String,
    /// The database exists for as long as it has a connection.
    db: Arc<Mutex<Connection>>,
}

impl MemoryDatabase {
    fn copy_of(original: &Connection) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let uri = format!("file:/simulated-{}?vfs=memdb", NUMBER.fetch_add(1, Ordering::Relaxed));
        let copy = Self { db: Arc::new(Mutex::new(connect(&uri))), uri };
        original.execute("VACUUM INTO ?1", [&copy.uri]).unwrap();
        copy
    }
}

fn connect(uri: &str) -> Connection {
    let db = Connection::open(uri).unwrap();
    connection::use_stable_plans(&db).unwrap();
    rusqlite::vtab::array::load_module(&db).unwrap();
    db.pragma_update(None, "foreign_keys", 1).unwrap();
    db.pragma_update(None, "temp_store", "MEMORY").unwrap();
    db.set_prepared_statement_cache_capacity(256);
    db
}

/// All rows that copies share.
pub fn shared_rows(db: &Connection) -> Vec<String> {
    let mut rows = Vec::new();
    for table in shared_tables(db).unwrap() {
        let columns: Vec<_> = table.column_names().map(|column| format!("quote({column})")).collect();
        let (columns, name) = (columns.join(", "), &table.name);
        let sql =
            format!("SELECT json_array({columns}) FROM {name} WHERE {} ORDER BY 1", table.shared_rows());
        let mut statement = db.prepare(&sql).unwrap();
        let of_table = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.extend(of_table.map(|row| format!("{name} {}", row.unwrap())));
    }
    rows
}

/// The shared database: its log, and the rows that the entries lead to.
#[derive(Debug)]
pub struct SimulatedCluster {
    log: MemoryLog,
    rows: MemoryDatabase,
}

impl SimulatedCluster {
    /// A cluster with the rows of this disk. The clock is that of the shared database.
    pub fn new(disk: &SimulatedDisk, clock: Arc<dyn Clock>) -> Arc<Self> {
        let rows = MemoryDatabase::copy_of(&disk.database());
        let head = open::id_high_water(&lock(&rows.db)).unwrap();
        Arc::new(Self { log: MemoryLog::new(head, clock), rows })
    }

    /// The rows, which no server changes except through the log.
    pub fn rows(&self) -> MutexGuard<'_, Connection> {
        lock(&self.rows.db)
    }

    fn new_copy(&self) -> MemoryDatabase {
        let copy = MemoryDatabase::copy_of(&self.rows());
        set_position(&lock(&copy.db), self.log.head()).unwrap();
        copy
    }

    fn append(&self, log: &mut MemoryLog, number: u64, entry: &LogEntry) {
        assert_eq!(log.append(number, entry), Ok(true));
        let rows = self.rows();
        rows.execute_batch("BEGIN").unwrap();
        following::apply(&rows, entry, 0).unwrap();
        rows.execute_batch("COMMIT").unwrap();
    }
}

/// What a server loses in a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    Nothing,
    /// What its copy got since the server was started: it was not synced.
    Newest,
    /// Its copy.
    All,
}

/// What there is of a server while it does not run: its copy, and its way to the shared database.
#[derive(Debug)]
pub struct SimulatedServer {
    cluster: Arc<SimulatedCluster>,
    copy: Mutex<MemoryDatabase>,
    /// The copy as it was when the server was started.
    older: Mutex<Option<MemoryDatabase>>,
    is_cut_off: AtomicBool,
}

/// A running server's store, and what its surroundings do for it.
#[derive(Debug)]
pub struct SimulatedNode {
    pub store: Arc<SqliteStore>,
    /// The random number of its process.
    pub boot: u64,
    /// Messages that it sends to the other servers.
    pub to_send: mpsc::Receiver<Vec<u8>>,
    /// Where the messages of the others go.
    pub received: broadcast::Sender<BusMessage>,
    /// Receives a value for each entry that it has appended to the log.
    pub appended: mpsc::UnboundedReceiver<()>,
}

impl SimulatedNode {
    /// Requests that it looks at the log.
    pub fn follow(&self) {
        self.store.follow();
    }

    /// As a server does before it serves anyone.
    ///
    /// # Errors
    /// When the shared database cannot be reached.
    pub async fn catch_up(&self) -> model::Result<()> {
        self.store.catch_up().await
    }
}

impl SimulatedServer {
    pub fn new(cluster: &Arc<SimulatedCluster>) -> Arc<Self> {
        Arc::new(Self {
            cluster: cluster.clone(),
            copy: Mutex::new(cluster.new_copy()),
            older: Mutex::default(),
            is_cut_off: AtomicBool::new(false),
        })
    }

    /// Whether the server cannot reach the shared database.
    pub fn set_cut_off(&self, is_cut_off: bool) {
        self.is_cut_off.store(is_cut_off, Ordering::Relaxed);
    }

    /// What happens to the copy of a server that has crashed.
    pub fn lose(&self, loss: Loss) {
        let copy = match loss {
            Loss::Nothing => None,
            Loss::Newest => lock(&self.older).take(),
            Loss::All => Some(self.cluster.new_copy()),
        };
        if let Some(copy) = copy {
            *lock(&self.copy) = copy;
        }
    }

    /// Whether its copy has the whole log.
    pub fn is_up_to_date(&self) -> bool {
        position(&lock(&lock(&self.copy).db)).unwrap() == Some(self.cluster.log.head())
    }

    /// What is wrong with its copy, which has the whole log.
    pub fn findings(&self) -> Vec<String> {
        let copy = lock(&self.copy);
        let db = lock(&copy.db);
        let mut findings = check::findings(&db).unwrap();
        if shared_rows(&db) != shared_rows(&self.cluster.rows()) {
            findings.push("the copy does not have the rows of the shared database".to_owned());
        }
        findings
    }

    /// Starts the store of this server. The clock is the server's own.
    pub fn open(self: &Arc<Self>, clock: Arc<dyn Clock>, options: ClusterOptions) -> SimulatedNode {
        let copy = lock(&self.copy);
        *lock(&self.older) = Some(MemoryDatabase::copy_of(&lock(&copy.db)));
        let db = connect(&copy.uri);
        let boot = (options.draw)(&options.chance, u64::MAX);
        let (requests, queue) = mpsc::channel(options.queue);
        let (failed, failure) = watch::channel(false);
        let (appending, appended) = mpsc::unbounded_channel();
        let (bus, to_send, received) = Bus::new();
        let (indexed_through, unindexed) = search_index::backlog(&db).unwrap();
        let metrics = Arc::new(WriterMetrics { unindexed: unindexed.into(), ..WriterMetrics::default() });
        let log = Arc::new(CommitLog::new(events::last(&db).unwrap()));
        let freshness = Arc::new(Freshness::new());
        let late = (options.bug == Some(ClusterBug::AcknowledgeBeforeAppend)).then(Arc::default);
        let node_log = NodeLog {
            log: self.cluster.log.clone(),
            server: self.clone(),
            options: options.clone(),
            appending,
            late: late.clone(),
        };
        let writer = Writer {
            ids: Ids::new(0, open::id_high_water(&db).unwrap()),
            withdrawn: Withdrawn::default(),
            clock,
            requests: queue,
            maintenance_thread: MaintenanceThread::simulated(),
            wal_pages: Arc::new(AtomicI32::new(0)),
            wal_pages_requested: 0,
            index_requested: false,
            indexed_through,
            log: log.clone(),
            metrics: metrics.clone(),
            failed,
            reserve: Reserve::simulated(),
            batch_max: BATCH_MAX,
            new_account_posts: 0,
            boot,
            shared: Some(Shared::new(&db, Box::new(node_log), freshness.clone()).unwrap()),
            db,
        };
        if options.bug == Some(ClusterBug::NeverStale) {
            tokio::spawn(confirm_for_ever(freshness.clone()));
        }
        tokio::spawn(work(writer, options, late, self.cluster.clone()));
        let store = SqliteStore {
            path: PathBuf::from("memory"),
            requests: Mutex::new(Some(requests)),
            writer: Mutex::new(None),
            readers: Readers::simulated(copy.db.clone()),
            log,
            metrics,
            failed: failure,
            queue_wait: None,
            batch_max: BATCH_MAX,
            freshness: Some(freshness),
            commons: Some(Box::new(NoCommons)),
            bus: Some(bus),
            _lock: None,
        };
        SimulatedNode { store: Arc::new(store), boot, to_send, received, appended }
    }
}

/// The writer's thread. It may end at any `await`: a crash.
async fn work(
    mut writer: Writer,
    options: ClusterOptions,
    late: LateEntries,
    cluster: Arc<SimulatedCluster>,
) {
    let (mut received, mut requests, mut batch) = (Vec::new(), Vec::new(), Vec::new());
    while writer.requests.recv_many(&mut received, BATCH_MAX).await > 0 {
        sleep((options.takes)(&options.chance)).await;
        for request in received.drain(..) {
            match request {
                WriterRequest::Follow(Some(done)) if options.bug == Some(ClusterBug::NoBarrier) => {
                    let _ = done.send(true);
                }
                WriterRequest::Change(pending) if options.bug == Some(ClusterBug::NoKeys) => {
                    requests.push(WriterRequest::Change(PendingChange { key: None, ..pending }));
                }
                request => requests.push(request),
            }
        }
        writer.serve(&mut requests, &mut batch);
        if let Some(late) = &late {
            sleep(LATE_APPEND).await;
            for (number, entry) in std::mem::take(&mut *lock(late)) {
                let mut log = cluster.log.clone();
                // Others may have appended meanwhile.
                match log.lock() {
                    Ok(locked) if locked.head < number => cluster.append(&mut log, number, &entry),
                    _ => log.unlock(),
                }
            }
        }
    }
}

async fn confirm_for_ever(freshness: Arc<Freshness>) {
    loop {
        freshness.confirm(Instant::now());
        sleep(Duration::from_millis(100)).await;
    }
}

/// Entries that were acknowledged before they are appended.
type LateEntries = Option<Arc<Mutex<Vec<(u64, LogEntry)>>>>;

/// The log as a server has it.
#[derive(Debug)]
struct NodeLog {
    log: MemoryLog,
    server: Arc<SimulatedServer>,
    options: ClusterOptions,
    appending: mpsc::UnboundedSender<()>,
    late: LateEntries,
}

impl NodeLog {
    fn reach(&self) -> Result<(), Unreachable> {
        if self.server.is_cut_off.load(Ordering::Relaxed) {
            return Err(Unreachable("it is cut off".into()));
        }
        Ok(())
    }
}

impl SharedLog for NodeLog {
    fn lock(&mut self) -> Result<Locked, Unreachable> {
        self.reach()?;
        self.log.lock()
    }

    fn entries_after(&mut self, position: u64, limit: usize) -> Result<Vec<(u64, LogEntry)>, EntriesError> {
        self.reach()?;
        self.log.entries_after(position, limit)
    }

    fn append(&mut self, number: u64, entry: &LogEntry) -> Result<bool, Unreachable> {
        if let Some(late) = &self.late {
            lock(late).push((number, entry.clone()));
            self.log.unlock();
            return Ok(true);
        }
        let unknown = || Unreachable("the response was lost".into());
        let chance = (self.options.draw)(&self.options.chance, 100);
        if chance < REFUSED + LOST {
            self.log.unlock();
            return if chance < REFUSED { Ok(false) } else { Err(unknown()) };
        }
        self.server.cluster.append(&mut self.log, number, entry);
        if chance < REFUSED + LOST + UNHEARD {
            return Err(unknown());
        }
        let _ = self.appending.send(());
        Ok(true)
    }

    fn unlock(&mut self) {
        self.log.unlock();
    }
}

/// A simulated server has no secrets, and no ssh sessions.
#[derive(Debug)]
struct NoCommons;

#[async_trait]
impl Commons for NoCommons {
    async fn secret(&self, _: &str, new: &[u8]) -> Result<Vec<u8>, OpenError> {
        Ok(new.to_vec())
    }

    async fn other_processes(&self) -> model::Result<Vec<u64>> {
        Ok(Vec::new())
    }

    async fn leave(&self) {}
}
