//! A copy of a shared database before it is opened as a store: made from the rows of the shared database, or read so that a
//! shared database can be made from it.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, params, params_from_iter};

use super::changed_rows::{Table, parameter, shared_tables, values};
use super::files::{Lock, OPERATOR_SOCKET};
use super::open::open_writer;
use super::open_error::OpenError;
use super::schema::MIGRATIONS;
use super::sql::{first, run};
use super::{open, schema, search_index, shared};
use crate::shared_log::Row;

/// Tweets that are indexed in one transaction.
const INDEXED_AT_ONCE: u64 = 10_000;
/// After this many tweets, the progress is logged.
const LOG_EVERY: u64 = 100_000;

/// Which shared database a copy is of, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyState {
    /// The identifier of the shared database.
    pub(crate) cluster: String,
    /// Number of the newest entry that the copy has.
    pub(crate) position: u64,
}

/// A database that nothing else uses.
#[derive(Debug)]
pub(crate) struct Copy {
    db: Connection,
    _lock: Lock,
}

/// The schema version of this program's databases.
pub(crate) fn schema_version() -> usize {
    MIGRATIONS.len()
}

fn remove_files(path: &Path) -> Result<(), OpenError> {
    ["", "-wal", "-shm"].iter().try_for_each(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        remove_file(Path::new(&name))
    })
}

fn remove_file(path: &Path) -> Result<(), OpenError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OpenError::io(path, error)),
        _ => Ok(()),
    }
}

impl Copy {
    /// The copy in this file, if it is one.
    ///
    /// # Errors
    /// As for any database.
    pub(crate) fn state(path: &Path) -> Result<Option<CopyState>, OpenError> {
        // A server that was killed leaves its socket.
        if !path.exists() {
            return Ok(None);
        }
        schema::is_new(path)?;
        let (lock, db) = open_writer(path, 0)?;
        Self { db, _lock: lock }.read_state().map_err(|e| OpenError::sql(path, &e))
    }

    fn read_state(&self) -> rusqlite::Result<Option<CopyState>> {
        let sql = "SELECT value FROM meta WHERE name = 'cluster'";
        let cluster = first(&self.db, sql, [], |row| row.get::<_, String>(0))?;
        let position = shared::position(&self.db)?;
        Ok(cluster.zip(position).map(|(cluster, position)| CopyState { cluster, position }))
    }

    /// The database of a stopped server.
    pub(crate) fn of_database(path: &Path) -> Result<Self, OpenError> {
        schema::require_database(path)?;
        Self::open(path, 0)
    }

    /// Opens a database, or creates one.
    pub(crate) fn open(path: &Path, now_ms: i64) -> Result<Self, OpenError> {
        let (lock, db) = open_writer(path, now_ms)?;
        Ok(Self { db, _lock: lock })
    }

    /// A new database, in place of one that may be there.
    pub(crate) fn new(path: &Path, now_ms: i64) -> Result<Self, OpenError> {
        remove_files(path)?;
        Self::open(path, now_ms)
    }

    /// Removes a copy, with what a server that was killed has left of it: a new one has everything.
    pub(crate) fn remove(path: &Path) -> Result<(), OpenError> {
        remove_files(path)?;
        remove_file(&path.with_file_name(OPERATOR_SOCKET))
    }

    /// The same without any row.
    pub(crate) fn empty(path: &Path) -> Result<Self, OpenError> {
        let copy = Self::new(path, 1)?;
        let clear = || -> rusqlite::Result<()> {
            copy.db.pragma_update(None, "foreign_keys", 0)?;
            for table in shared_tables(&copy.db)? {
                copy.db.execute(&format!("DELETE FROM {} WHERE {}", table.name, table.shared_rows()), [])?;
            }
            Ok(())
        };
        clear().map_err(|e| OpenError::sql(path, &e))?;
        Ok(copy)
    }

    /// The tables that the shared database has.
    pub(crate) fn tables(&self) -> rusqlite::Result<Vec<Table>> {
        shared_tables(&self.db)
    }

    /// Passes all rows of a table on, at most this many at once, until `pass` returns `false`.
    pub(crate) fn read(
        &self,
        table: &Table,
        at_once: usize,
        pass: &mut dyn FnMut(Vec<Row>) -> bool,
    ) -> rusqlite::Result<()> {
        let columns: Vec<_> = table.column_names().collect();
        let sql = format!("SELECT {} FROM {} WHERE {}", columns.join(", "), table.name, table.shared_rows());
        let mut statement = self.db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut chunk = Vec::with_capacity(at_once);
        while let Some(row) = rows.next()? {
            chunk.push(values(row, 0, columns.len())?);
            if chunk.len() == at_once && !pass(std::mem::replace(&mut chunk, Vec::with_capacity(at_once))) {
                return Ok(());
            }
        }
        if !chunk.is_empty() {
            pass(chunk);
        }
        Ok(())
    }

    /// The secrets of the server, with their names.
    pub(crate) fn secrets(&self) -> rusqlite::Result<Vec<(String, Vec<u8>)>> {
        let mut secrets = self.db.prepare("SELECT name, value FROM secret")?;
        secrets.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    pub(crate) fn set_secrets(&self, secrets: &[(String, Vec<u8>)]) -> rusqlite::Result<()> {
        for (name, value) in secrets {
            run(&self.db, "INSERT INTO secret (name, value) VALUES (?1, ?2)", params![name, value])?;
        }
        Ok(())
    }

    /// Inserts rows into a table, in one transaction.
    pub(crate) fn insert(&self, table: &Table, rows: &[Row]) -> rusqlite::Result<()> {
        let columns: Vec<_> = table.column_names().collect();
        let places = vec!["?"; columns.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, columns.join(", "));
        let transaction = self.db.unchecked_transaction()?;
        let mut statement = transaction.prepare_cached(&sql)?;
        for row in rows {
            statement.execute(params_from_iter(row.values.iter().map(parameter)))?;
        }
        drop(statement);
        transaction.commit()
    }

    /// The newest identifier that was assigned.
    pub(crate) fn newest_id(&self) -> rusqlite::Result<u64> {
        open::id_high_water(&self.db)
    }

    pub(crate) fn set_newest_id(&self, id: u64) -> rusqlite::Result<()> {
        let sql = "UPDATE meta SET value = ?1 WHERE name = 'id_high_water'";
        run(&self.db, sql, [id.cast_signed()]).map(|_| ())
    }

    /// Ends the work on a database that has all rows now: indexes them for search, and notes what it is a copy of.
    pub(crate) fn finish(&self, copy_of: Option<&CopyState>) -> rusqlite::Result<()> {
        let transaction = self.db.unchecked_transaction()?;
        transaction.execute("DELETE FROM account_search", [])?;
        let mut accounts = transaction.prepare("SELECT id FROM account")?;
        let mut ids = accounts.query([])?;
        while let Some(row) = ids.next()? {
            search_index::index_name_again(&transaction, row.get(0)?)?;
        }
        drop(ids);
        drop(accounts);
        if let Some(state) = copy_of {
            let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('cluster', ?1)";
            run(&transaction, sql, [&state.cluster])?;
            shared::set_position(&transaction, state.position)?;
        }
        transaction.commit()?;
        let (mut indexed_through, unindexed) = search_index::backlog(&self.db)?;
        let (mut done, mut indexed) = (0, u64::from(unindexed > 0));
        while indexed > 0 {
            (indexed_through, indexed) = search_index::index(&self.db, indexed_through, INDEXED_AT_ONCE)?;
            done += indexed;
            if indexed > 0 && done % LOG_EVERY == 0 {
                tracing::info!(done, of = unindexed, "indexing tweets for search");
            }
        }
        self.db.pragma_update(None, "wal_checkpoint", "TRUNCATE")
    }
}
