//! The baseline for writes: the rows that the server wrote, inserted with SQLite only, with the same durability, into a
//! database with the same earlier content.

use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::Error;

/// Tables to which a post adds rows, with a column that shows which rows are new.
const TABLES: [(&str, &str); 7] = [
    ("tweet", "id"),
    ("tweet_hashtag", "tweet"),
    ("hashtag", "id"),
    ("mention", "tweet"),
    ("notification", "id"),
    ("event", "id"),
    ("idempotency", "result"),
];

fn open(path: &Path) -> Result<Connection, Error> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", "OFF")?;
    Ok(db)
}

/// Latencies in nanoseconds of transactions that insert one small row, one after the other.
pub(crate) fn one_row_commits(directory: &Path, length: Duration) -> Result<Histogram<u64>, Error> {
    let db = open(&directory.join("one-row.db"))?;
    db.execute_batch("CREATE TABLE tweet (id INTEGER PRIMARY KEY, author INTEGER, text TEXT)")?;
    let mut insert = db.prepare("INSERT INTO tweet (author, text) VALUES (?1, ?2)")?;
    let mut latencies = Histogram::new(3)?;
    let start = Instant::now();
    while start.elapsed() < length {
        let begin = Instant::now();
        insert.execute((7, "The engine works, and so does everything that depends on it #rust"))?;
        latencies.record(u64::try_from(begin.elapsed().as_nanos())?)?;
    }
    Ok(latencies)
}

/// The largest identifier in a database.
pub(crate) fn newest(database: &Path) -> Result<i64, Error> {
    let sql =
        "SELECT max((SELECT coalesce(max(id), 0) FROM tweet), (SELECT coalesce(max(id), 0) FROM event))";
    Ok(Connection::open(database)?.query_row(sql, [], |row| row.get(0))?)
}

/// Measurements of a replay.
pub(crate) struct Replayed {
    pub(crate) posts_per_second: f64,
    /// Latencies of the transactions in nanoseconds.
    pub(crate) transactions: Histogram<u64>,
}

/// The rows to insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// The rows of posts and their entries in the search index.
    All,
    /// The rows of posts only, because the server updates the search index later.
    WithoutSearch,
}

/// Inserts the rows that `written` has after the identifier `since` into the database `before`, with `batch` posts in
/// each transaction, for at most `length`.
pub(crate) fn replay(
    before: &Path,
    written: &Path,
    since: i64,
    batch: f64,
    which: Rows,
    length: Duration,
) -> Result<Replayed, Error> {
    let source = Connection::open(written)?;
    let tables: Vec<(String, Vec<Vec<Value>>)> =
        TABLES.iter().map(|(table, column)| rows(&source, table, column, since)).collect::<Result<_, _>>()?;
    let texts = {
        let mut select = source.prepare("SELECT id, text FROM tweet WHERE id > ?1")?;
        let rows = select.query_map([since], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        rows.collect::<Result<Vec<_>, _>>()?
    };
    let posts = texts.len();
    let db = open(before)?;
    let mut inserts = Vec::new();
    for (sql, _) in &tables {
        inserts.push(db.prepare(sql)?);
    }
    let mut search = db.prepare("INSERT INTO tweet_search (rowid, text) VALUES (?1, ?2)")?;
    let mut transactions = Histogram::new(3)?;
    let start = Instant::now();
    let mut done = 0;
    while done < posts && start.elapsed() < length {
        let next = posts.min(((done as f64 / batch).round() * batch + batch).round() as usize).max(done + 1);
        let begin = Instant::now();
        db.execute_batch("BEGIN IMMEDIATE")?;
        for ((_, rows), insert) in tables.iter().zip(&mut inserts) {
            // From each table the same share of rows as of posts.
            for row in &rows[rows.len() * done / posts..rows.len() * next / posts] {
                insert.execute(params_from_iter(row))?;
            }
        }
        if which == Rows::All {
            for text in &texts[done..next] {
                search.execute((&text.0, &text.1))?;
            }
        }
        db.execute_batch("COMMIT")?;
        transactions.record(u64::try_from(begin.elapsed().as_nanos())?)?;
        done = next;
    }
    Ok(Replayed { posts_per_second: done as f64 / start.elapsed().as_secs_f64(), transactions })
}

/// An insert statement for a table, and its rows.
fn rows(db: &Connection, table: &str, column: &str, since: i64) -> Result<(String, Vec<Vec<Value>>), Error> {
    let mut select = db.prepare(&format!("SELECT * FROM {table} WHERE {column} > ?1 ORDER BY {column}"))?;
    let columns = select.column_count();
    let rows = select.query_map([since], |row| (0..columns).map(|n| row.get(n)).collect())?;
    let parameters = vec!["?"; columns].join(", ");
    Ok((format!("INSERT OR IGNORE INTO {table} VALUES ({parameters})"), rows.collect::<Result<_, _>>()?))
}
