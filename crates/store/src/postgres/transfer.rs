//! All rows of a network, from SQLite to PostgreSQL and back.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::Path;

use futures_util::{StreamExt as _, TryStreamExt as _};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::connection::{PostgresUrl, in_words};
use super::log::write;
use super::{rows, schema};
use crate::OpenError;
use crate::env::{Random as _, SystemRandom};
use crate::shared_log::Row;
use crate::sqlite::changed_rows::Table;
use crate::sqlite::copy::{Copy, schema_version};

/// Rows that are written to PostgreSQL at once.
const ROWS_AT_ONCE: usize = 1_000;
/// Rows that are inserted into SQLite in one transaction.
const ROWS_OF_TRANSACTION: usize = 10_000;

/// Number and sum of the rows of each table that has rows: equal for equal rows in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sums(BTreeMap<String, (u64, u64)>);

impl Sums {
    fn add(&mut self, table: &Table, rows: &[Row]) {
        for row in rows {
            let mut hasher = DefaultHasher::new();
            hasher.write(&row.encode_to_vec());
            let (count, sum) = self.0.entry(table.name.clone()).or_default();
            *count += 1;
            *sum = sum.wrapping_add(hasher.finish());
        }
    }

    /// The number of all rows.
    pub(super) fn rows(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// A table that is not the same in the other.
    pub(super) fn difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let tables = self.0.keys().chain(other.0.keys());
        tables.map(String::as_str).find(|table| self.0.get(*table) != other.0.get(*table))
    }
}

/// Creates the shared database in this transaction, with all rows of a database in SQLite.
pub(super) async fn fill(
    transaction: &Transaction<'_>,
    url: &PostgresUrl,
    path: &Path,
    from: Copy,
    on_progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(Copy, schema::Cluster, Sums), OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let pg = |error: tokio_postgres::Error| failed(in_words(&error));
    let tables = from.tables().map_err(sql)?;
    schema::create(transaction, &tables).await.map_err(failed)?;
    let (sender, mut chunks) = mpsc::channel(4);
    let of_reader = tables.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let read = of_reader.iter().enumerate().try_for_each(|(index, table)| {
            from.read(table, ROWS_AT_ONCE, &mut |chunk| sender.blocking_send((index, chunk)).is_ok())
        });
        (from, read)
    });
    let mut sums = Sums::default();
    let mut statement = None;
    while let Some((index, chunk)) = chunks.recv().await {
        let Some(table) = tables.get(index) else { break };
        let prepared = match statement.take() {
            Some((of, prepared)) if of == index => prepared,
            _ => transaction
                .prepare_typed(&rows::upsert(table), &rows::column_types(table))
                .await
                .map_err(pg)?,
        };
        write(transaction, &prepared, table, &chunk).await.map_err(failed)?;
        statement = Some((index, prepared));
        sums.add(table, &chunk);
        on_progress(sums.rows());
    }
    let (from, read) = reading.await.map_err(|error| failed(error.to_string()))?;
    read.map_err(sql)?;
    let mut id = [0; 8];
    SystemRandom.fill(&mut id);
    let cluster = schema::Cluster { id: data_encoding::HEXLOWER.encode(&id), schema: schema_version() };
    let head = from.newest_id().map_err(sql)?.cast_signed();
    schema::insert_first_rows(transaction, &cluster, head).await.map_err(failed)?;
    Ok((from, cluster, sums))
}

/// Inserts all rows of the shared database, as they are at one moment, into an empty one in SQLite. Returns it with the
/// newest identifier.
pub(super) async fn read(
    client: &mut Client,
    url: &PostgresUrl,
    path: &Path,
    into: Copy,
    on_progress: &mut (dyn FnMut(u64) + Send),
) -> Result<(Copy, u64, Sums), OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let pg = |error: tokio_postgres::Error| failed(in_words(&error));
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let transaction = snapshot.start().await.map_err(pg)?;
    let head = transaction.query_one("SELECT head FROM log_head", &[]).await.map_err(pg)?;
    let mut sums = Sums::default();
    for table in into.tables().map_err(sql)? {
        let none: [&str; 0] = [];
        let stream = transaction.query_raw(&rows::select(&table), none).await.map_err(pg)?;
        let mut chunks = std::pin::pin!(stream.map_err(pg).try_chunks(ROWS_OF_TRANSACTION));
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| error.1)?;
            let chunk = chunk.iter().map(|row| rows::row(&table, row)).collect::<Result<Vec<_>, _>>();
            let chunk = chunk.map_err(failed)?;
            into.insert(&table, &chunk).map_err(sql)?;
            sums.add(&table, &chunk);
            on_progress(sums.rows());
        }
    }
    Ok((into, head.get::<_, i64>(0).cast_unsigned(), sums))
}

/// The sums of a database in SQLite.
pub(super) fn sums_of(copy: &Copy) -> rusqlite::Result<Sums> {
    let mut sums = Sums::default();
    for table in copy.tables()? {
        copy.read(&table, ROWS_AT_ONCE, &mut |chunk| {
            sums.add(&table, &chunk);
            true
        })?;
    }
    Ok(sums)
}

/// The sums of what the shared database has.
pub(super) async fn sums(
    client: &Transaction<'_>,
    url: &PostgresUrl,
    tables: Vec<Table>,
) -> Result<Sums, OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let pg = |error: tokio_postgres::Error| failed(in_words(&error));
    let mut sums = Sums::default();
    for table in tables {
        let none: [&str; 0] = [];
        let mut stream = std::pin::pin!(client.query_raw(&rows::select(&table), none).await.map_err(pg)?);
        while let Some(row) = stream.next().await {
            let row = rows::row(&table, &row.map_err(pg)?).map_err(failed)?;
            sums.add(&table, &[row]);
        }
    }
    Ok(sums)
}
