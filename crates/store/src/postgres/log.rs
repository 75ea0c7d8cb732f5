//! The shared log in PostgreSQL. The lock of the log is the one row of `log_head`, which has the newest identifier.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, maybe_done};
use prost::Message as _;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, GenericClient, Statement};

use super::connection::{PostgresUrl, client, in_words, set_up};
use super::rows;
use crate::env::Clock;
use crate::fault::{self, CrashPoint, InjectedBug};
use crate::shared_log::{EntriesError, Locked, LogEntry, Row, SharedLog, Unreachable};
use crate::sqlite::changed_rows::Table;

/// Longest wait for a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the outcome of a commit is looked for.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long entries are kept. A copy that was away for longer is made again.
const KEPT_MS: i64 = 60 * 60 * 1_000;
/// How often old entries are removed.
const PRUNE_EVERY_MS: i64 = 60 * 1_000;

/// The log as the writer of a node has it. All calls block, so it has a runtime of its own.
pub(super) struct PostgresLog {
    url: PostgresUrl,
    /// Notified after each entry, for the task that notifies the other nodes.
    appended: Arc<Notify>,
    boot: u64,
    tables: HashMap<String, Table>,
    /// Instead of the clock of the database, in tests.
    clock: Option<Arc<dyn Clock>>,
    runtime: Runtime,
    session: Option<Session>,
    /// The session has a transaction with the lock of the log.
    is_locked: bool,
    /// Number of the entry with which old ones were removed last.
    pruned_at: i64,
}

impl std::fmt::Debug for PostgresLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresLog").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A connection with its prepared statements.
struct Session {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Session {
    async fn open(url: &PostgresUrl) -> Result<Self, String> {
        let client = client(url).await?;
        set_up(&client).await?;
        Ok(Self { client, statements: HashMap::new() })
    }

    async fn statement(
        &mut self,
        sql: &str,
        types: &[tokio_postgres::types::Type],
    ) -> Result<Statement, String> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare_typed(sql, types).await.map_err(|e| in_words(&e))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Begins a transaction with the lock of the log; returns the head and the time.
    async fn lock(&mut self) -> Result<(i64, i64), String> {
        let sql =
            "SELECT head, (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM log_head FOR UPDATE";
        let lock = self.statement(sql, &[]).await?;
        loop {
            // Both are sent at once.
            let (begun, locked) =
                tokio::join!(self.client.batch_execute("BEGIN"), self.client.query_one(&lock, &[]));
            begun.map_err(|e| in_words(&e))?;
            match locked {
                Ok(row) => return Ok((row.get(0), row.get(1))),
                Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                    self.client.batch_execute("ROLLBACK").await.map_err(|e| in_words(&e))?;
                    self.end_stopped_holders().await?;
                }
                Err(error) => return Err(in_words(&error)),
            }
        }
    }

    /// Ends sessions that have the lock, and have waited for their node for a second: it was stopped or cut off. PostgreSQL does
    /// that by itself (`idle_in_transaction_session_timeout`), but not in the middle of an exchange.
    async fn end_stopped_holders(&self) -> Result<(), String> {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE wait_event_type = 'Client' AND state_change < clock_timestamp() - interval '1 second'
                       AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'log_head'::regclass
                                   AND mode IN ('RowShareLock', 'RowExclusiveLock'))
                       AND datname = current_database()";
        let ended = self.client.query(sql, &[]).await.map_err(|e| in_words(&e))?;
        if !ended.is_empty() {
            tracing::warn!("a node that held the lock of the log did not respond; its session was ended");
        }
        Ok(())
    }

    /// The entries after this position, if the log has the one at it.
    async fn entries_after(
        &mut self,
        position: i64,
        limit: i64,
    ) -> Result<Result<Vec<(u64, LogEntry)>, EntriesError>, String> {
        let bounds = self.statement("SELECT pruned, head FROM log_head", &[]).await?;
        let sql = "SELECT number, CASE WHEN number > $1 THEN entry END FROM log
                   WHERE number >= $1 ORDER BY number LIMIT $2";
        let entries = self.statement(sql, &[]).await?;
        let with_position = limit.saturating_add(1);
        let parameters: [&(dyn ToSql + Sync); 2] = [&position, &with_position];
        // The entries are read first: what is pruned after that is no loss.
        let (entries, bounds) =
            tokio::join!(self.client.query(&entries, &parameters), self.client.query_one(&bounds, &[]));
        let (entries, bounds) = (entries.map_err(|e| in_words(&e))?, bounds.map_err(|e| in_words(&e))?);
        let (pruned, head): (i64, i64) = (bounds.get(0), bounds.get(1));
        let has_position = entries.first().is_some_and(|row| row.get::<_, i64>(0) == position);
        // A log begins with `pruned`, without an entry for it.
        if !has_position && position != pruned {
            let (position, head) = (position.cast_unsigned(), head.cast_unsigned());
            return Ok(Err(if pruned.cast_unsigned() > position {
                EntriesError::Pruned { position, pruned: pruned.cast_unsigned() }
            } else {
                EntriesError::Lost { position, head }
            }));
        }
        let decoded = entries.iter().skip(usize::from(has_position)).map(|row| {
            let entry = LogEntry::decode(row.get::<_, &[u8]>(1)).map_err(|e| e.to_string())?;
            Ok((row.get::<_, i64>(0).cast_unsigned(), entry))
        });
        decoded.collect::<Result<Vec<_>, String>>().map(Ok)
    }

    /// The statements that write the rows of an entry.
    async fn writes<'a>(
        &mut self,
        tables: &'a HashMap<String, Table>,
        entry: &'a LogEntry,
    ) -> Result<Vec<(Statement, &'a Table, &'a [Row])>, String> {
        let mut writes = Vec::new();
        for changes in &entry.tables {
            let table = tables.get(&changes.table).ok_or_else(|| format!("no table {}", changes.table))?;
            if !changes.deleted.is_empty() {
                let statement = self.statement(&rows::delete(table), &rows::key_types(table)).await?;
                writes.push((statement, table, &changes.deleted[..]));
            }
            if !changes.rows.is_empty() {
                let statement = self.statement(&rows::upsert(table), &rows::column_types(table)).await?;
                writes.push((statement, table, &changes.rows[..]));
            }
        }
        Ok(writes)
    }

    /// Writes an entry and its rows, and commits.
    async fn append(
        &mut self,
        tables: &HashMap<String, Table>,
        (number, boot): (i64, i64),
        entry: &LogEntry,
    ) -> Result<(), String> {
        let writes = self.writes(tables, entry).await?;
        let insert = self.statement("INSERT INTO log (number, boot, entry) VALUES ($1, $2, $3)", &[]).await?;
        let head = self.statement("UPDATE log_head SET head = $1", &[]).await?;
        let encoded = entry.encode_to_vec();
        let insert_parameters: [&(dyn ToSql + Sync); 3] = [&number, &boot, &encoded];
        let head_parameters: [&(dyn ToSql + Sync); 1] = [&number];
        let client = &self.client;
        let mut statements: Vec<LocalBoxFuture<'_, Result<(), String>>> = Vec::new();
        for (statement, table, rows) in &writes {
            statements.push(Box::pin(async { write(client, statement, table, rows).await.map(|_| ()) }));
        }
        for (statement, parameters) in [(&insert, &insert_parameters[..]), (&head, &head_parameters[..])] {
            statements.push(Box::pin(async move {
                client.execute(statement, parameters).await.map(|_| ()).map_err(|e| in_words(&e))
            }));
        }
        // After an error PostgreSQL rolls back, whatever COMMIT says.
        statements.push(Box::pin(async { client.batch_execute("COMMIT").await.map_err(|e| in_words(&e)) }));
        in_order(statements).await
    }

    /// Removes entries up to this number, within the open transaction, before a new one is added.
    async fn prune(&mut self, through: i64) -> Result<(), String> {
        // The newest entry stays: it is where the other nodes are.
        let sql = "DELETE FROM log WHERE number <= $1 AND number < (SELECT head FROM log_head)";
        let delete = self.statement(sql, &[]).await?;
        let sql = "UPDATE log_head SET pruned = greatest(pruned, least($1, head - 1))";
        let floor = self.statement(sql, &[]).await?;
        for statement in [delete, floor] {
            self.client.execute(&statement, &[&through]).await.map_err(|e| in_words(&e))?;
        }
        Ok(())
    }

    async fn has(&mut self, number: i64, boot: i64) -> Result<bool, String> {
        let sql = "SELECT 1 FROM log WHERE number = $1 AND boot = $2";
        let found = self.client.query_opt(sql, &[&number, &boot]).await.map_err(|e| in_words(&e))?;
        Ok(found.is_some())
    }
}

/// Runs statements that are all sent at once, in this order: one round trip. Returns the first error.
async fn in_order(statements: Vec<LocalBoxFuture<'_, Result<(), String>>>) -> Result<(), String> {
    let mut statements: Vec<_> = statements.into_iter().map(maybe_done).collect();
    // A statement is sent when it is polled first.
    poll_fn(|context| {
        let waiting =
            statements.iter_mut().filter_map(|one| one.poll_unpin(context).is_pending().then_some(()));
        if waiting.count() > 0 { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    statements.iter_mut().try_for_each(|one| Pin::new(one).take_output().unwrap_or(Ok(())))
}

/// Runs a statement over rows, at least one.
pub(super) async fn write(
    client: &impl GenericClient,
    statement: &Statement,
    table: &Table,
    rows: &[Row],
) -> Result<u64, String> {
    let arrays = rows::arrays(table, rows);
    let parameters: Vec<&(dyn ToSql + Sync)> =
        arrays.iter().map(|array| &**array as &(dyn ToSql + Sync)).collect();
    client
        .execute(statement, &parameters)
        .await
        .map_err(|error| format!("{}: {}", table.name, in_words(&error)))
}

impl PostgresLog {
    /// The log of this database, for a node with these tables.
    ///
    /// # Errors
    /// When there are no resources for it.
    pub(super) fn new(
        url: PostgresUrl,
        appended: Arc<Notify>,
        boot: u64,
        tables: Vec<Table>,
        clock: Option<Arc<dyn Clock>>,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let tables = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        Ok(Self {
            url,
            appended,
            boot,
            tables,
            clock,
            runtime,
            session: None,
            is_locked: false,
            pruned_at: 0,
        })
    }

    /// Runs a conversation with the database, on a connection that is opened if there is none. While the lock is held, there has to
    /// be one: PostgreSQL may have ended the one with the lock. After an error the connection is closed: what was begun on it
    /// is rolled back.
    fn talk<T>(
        &mut self,
        talk: impl AsyncFnOnce(&mut Session) -> Result<T, String>,
    ) -> Result<T, Unreachable> {
        let (url, kept, is_locked) = (&self.url, self.session.take(), self.is_locked);
        let talked = self.runtime.block_on(async {
            let talked = timeout(RESPONSE_TIMEOUT, async {
                let mut session = match kept {
                    Some(session) if !session.client.is_closed() => session,
                    _ if is_locked => return Err("PostgreSQL has ended the transaction".to_owned()),
                    _ => Session::open(url).await?,
                };
                let value = talk(&mut session).await?;
                Ok((session, value))
            });
            talked.await.unwrap_or_else(|_| Err("PostgreSQL did not respond in time".to_owned()))
        });
        match talked {
            Ok((session, value)) => {
                self.session = Some(session);
                Ok(value)
            }
            Err(error) => Err(Unreachable(error)),
        }
    }

    /// Finds out whether an entry is in the log whose commit had no response.
    fn resolve(&mut self, number: i64) -> Result<bool, Unreachable> {
        if fault::is_on(InjectedBug::AssumeNotCommitted) {
            return Ok(false);
        }
        let (boot, deadline) = (self.boot.cast_signed(), Instant::now() + RESOLVE_TIMEOUT);
        loop {
            // Under the lock: any node that held it before has ended.
            let found = self.talk(async |session| {
                session.lock().await?;
                session.has(number, boot).await
            });
            match found {
                Ok(found) => {
                    self.unlock();
                    return Ok(found);
                }
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => std::thread::sleep(Duration::from_millis(100)),
            }
        }
    }
}

impl SharedLog for PostgresLog {
    fn lock(&mut self) -> Result<Locked, Unreachable> {
        // A connection that was idle may be closed, which is noticed only now.
        let was_open = self.session.is_some();
        let locked = match self.talk(async |session| session.lock().await) {
            Err(_) if was_open => self.talk(async |session| session.lock().await),
            locked => locked,
        };
        let (head, now_ms) = locked?;
        self.is_locked = true;
        let now_ms = self.clock.as_ref().map_or(now_ms, |clock| clock.now_ms());
        Ok(Locked { head: head.cast_unsigned(), now_ms })
    }

    fn entries_after(&mut self, position: u64, limit: usize) -> Result<Vec<(u64, LogEntry)>, EntriesError> {
        let (position, limit) = (position.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX));
        self.talk(async |session| session.entries_after(position, limit).await)?
    }

    fn append(&mut self, number: u64, entry: &LogEntry) -> Result<bool, Unreachable> {
        let (number, boot) = (number.cast_signed(), self.boot.cast_signed());
        let tables = std::mem::take(&mut self.tables);
        let is_due = number - self.pruned_at >= PRUNE_EVERY_MS << 16;
        let prune = is_due.then_some(number - (KEPT_MS << 16));
        fault::crash_point(CrashPoint::LogBeforeAppend);
        let appended = self.talk(async |session| {
            if let Some(through) = prune {
                session.prune(through).await?;
            }
            session.append(&tables, (number, boot), entry).await
        });
        self.tables = tables;
        self.is_locked = false;
        match appended {
            Ok(()) => {
                if prune.is_some() {
                    self.pruned_at = number;
                }
                self.appended.notify_one();
                Ok(true)
            }
            Err(error) => {
                tracing::warn!(%error, "it is not known whether a transaction was committed; looking");
                let is_there = self.resolve(number)?;
                if is_there {
                    self.appended.notify_one();
                }
                Ok(is_there)
            }
        }
    }

    fn unlock(&mut self) {
        // If it fails, the connection is closed, and with it the transaction.
        let _ = self.talk(async |session| {
            let ended = session.client.batch_execute("ROLLBACK").await;
            ended.map_err(|e| in_words(&e))
        });
        self.is_locked = false;
    }
}
