//! The baselines of the benchmark: what PostgreSQL takes for the same entries, and for one row, and does nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message as _;

use super::connection::{PostgresUrl, client, in_words};
use super::log::PostgresLog;
use crate::OpenError;
use crate::shared_log::{LogEntry, SharedLog as _};
use crate::sqlite::copy::Copy;
use crate::sqlite::database_file;

/// Entries that are read at once.
const ENTRIES_AT_ONCE: usize = 256;

/// Appends the entries of one shared database to another one that had the same state before them.
#[derive(Debug)]
pub struct Replay {
    from: PostgresLog,
    to: PostgresLog,
    position: u64,
}

/// What was appended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Tweets in the entries.
    pub tweets: u64,
    /// Number of entries, each a transaction.
    pub entries: u64,
    /// Their size in the log.
    pub bytes: u64,
    /// Time from the first lock to the last commit.
    pub took: Duration,
}

impl Replay {
    /// Two shared databases into which the database in this directory was moved. Blocks, as all calls do.
    ///
    /// # Errors
    /// When a database cannot be read.
    pub fn new(moved: &Path, from: &PostgresUrl, to: &PostgresUrl) -> Result<Self, OpenError> {
        let path = &database_file(moved);
        let tables = Copy::of_database(path)?.tables().map_err(|e| OpenError::sql(path, &e))?;
        let log = |url: &PostgresUrl| {
            PostgresLog::new(url.clone(), Arc::default(), 1, tables.clone(), None)
                .map_err(|e| OpenError::Postgres { url: url.to_string(), detail: e.to_string() })
        };
        let (from, mut to) = (log(from)?, log(to)?);
        let locked = to.lock();
        to.unlock();
        let failed = |detail: String| OpenError::Postgres { url: "replay".to_owned(), detail };
        Ok(Self { from, to, position: locked.map_err(|e| failed(e.0))?.head })
    }

    /// Appends the entries that are new, one after the other.
    ///
    /// # Errors
    /// When a database does not respond, or refuses an entry.
    pub fn run(&mut self) -> Result<Replayed, String> {
        let mut entries: Vec<(u64, LogEntry)> = Vec::new();
        loop {
            let after = entries.last().map_or(self.position, |(number, _)| *number);
            let some = self.from.entries_after(after, ENTRIES_AT_ONCE).map_err(|e| e.to_string())?;
            if some.is_empty() {
                break;
            }
            entries.extend(some);
        }
        let mut replayed = Replayed::default();
        let start = Instant::now();
        for (number, entry) in &entries {
            self.to.lock().map_err(|e| e.0)?;
            if !self.to.append(*number, entry).map_err(|e| e.0)? {
                return Err(format!("entry {number} was not committed"));
            }
            self.position = *number;
        }
        replayed.took = start.elapsed();
        for (_, entry) in &entries {
            let tweets = entry.tables.iter().filter(|table| table.table == "tweet");
            replayed.tweets += tweets.map(|table| table.rows.len() as u64).sum::<u64>();
            replayed.bytes += entry.encoded_len() as u64;
        }
        replayed.entries = entries.len() as u64;
        Ok(replayed)
    }
}

/// Inserts one row after the other, each in a transaction of its own, for this long; returns the time that each took.
///
/// # Errors
/// When the database does not respond.
pub async fn one_row_commits(url: &PostgresUrl, length: Duration) -> Result<Vec<Duration>, String> {
    let client = client(url).await?;
    let pg = |error: tokio_postgres::Error| in_words(&error);
    let create = "CREATE TABLE IF NOT EXISTS one_row (id bigserial PRIMARY KEY, author bigint, text text)";
    client.batch_execute(create).await.map_err(pg)?;
    let insert = client.prepare("INSERT INTO one_row (author, text) VALUES ($1, $2)").await.map_err(pg)?;
    let (mut times, start) = (Vec::new(), Instant::now());
    let text = "The engine works, and so does everything that depends on it #rust";
    while start.elapsed() < length {
        let begin = Instant::now();
        client.execute(&insert, &[&7_i64, &text]).await.map_err(pg)?;
        times.push(begin.elapsed());
    }
    Ok(times)
}
