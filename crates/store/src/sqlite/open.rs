//! Opening the database for the writer, and the values that are read at a start.

use std::fs;
use std::io;
use std::path::Path;

use rusqlite::{Connection, params};

use super::connection;
use super::files::{self, Lock};
use super::hidden;
use super::migrate::migrate;
use super::open_error::OpenError;
use super::refill::refill;
use super::schema::{self, APPLICATION_ID, MIGRATIONS};
use super::sql::{first, run};

/// Locks the database and opens the writer's connection, with the schema brought up to date.
pub(super) fn open_writer(path: &Path, now_ms: i64) -> Result<(Lock, Connection), OpenError> {
    files::private_parent(path)?;
    let is_new = schema::is_new(path)?;
    let lock = files::lock(path)?;
    if is_new {
        create(path)?;
    }
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let mut db = connection::open(path).map_err(sql)?;
    connection::configure(&db).map_err(sql)?;
    migrate(&mut db, path, MIGRATIONS, now_ms)?;
    refill(&db).map_err(sql)?;
    hidden::list_once(&db).map_err(sql)?;
    Ok((lock, db))
}

/// Creates a database without a schema. It gets its name only when it is whole: an empty or half-written file of this
/// name is never that of an interrupted first start.
fn create(path: &Path) -> Result<(), OpenError> {
    let unfinished = files::unfinished(path);
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(OpenError::io(&unfinished, error));
        }
        _ => {}
    }
    let file = files::private_file(&unfinished)?;
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let db = connection::open(&unfinished).map_err(sql)?;
    db.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
    db.close().map_err(|(_, error)| sql(error))?;
    let named = file.sync_all().and_then(|()| fs::rename(&unfinished, path));
    named.and_then(|()| files::sync_parent(path)).map_err(|error| OpenError::io(path, error))
}

/// A new database as an older version made it.
#[cfg(test)]
pub(super) fn make_at_schema(path: &Path, version: usize, now_ms: i64) -> Result<(), OpenError> {
    files::private_parent(path)?;
    files::private_file(path)?;
    let sql = |error: rusqlite::Error| OpenError::sql(path, &error);
    let mut db = connection::open(path).map_err(sql)?;
    db.pragma_update(None, "application_id", APPLICATION_ID).map_err(sql)?;
    migrate(&mut db, path, MIGRATIONS.get(..version).unwrap_or_default(), now_ms)
}

/// A new database in memory.
#[cfg(any(test, feature = "test-support"))]
pub(super) fn open_in_memory(now_ms: i64) -> Connection {
    let mut db = Connection::open_in_memory().expect("memory");
    connection::use_stable_plans(&db).expect("an option of a connection");
    rusqlite::vtab::array::load_module(&db).expect("a module of a connection");
    db.pragma_update(None, "foreign_keys", 1).expect("an option of a connection");
    migrate(&mut db, Path::new("memory"), MIGRATIONS, now_ms).expect("the schema");
    refill(&db).expect("nothing to derive");
    db
}

/// The highest identifier that may have been assigned.
pub(super) fn id_high_water(db: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT value FROM meta WHERE name = 'id_high_water'";
    Ok(first(db, sql, [], |row| row.get::<_, i64>(0))?.unwrap_or_default().cast_unsigned())
}

/// The secret with this name; `new` becomes it if there is none.
pub(super) fn secret(path: &Path, name: &str, new: Vec<u8>) -> rusqlite::Result<Vec<u8>> {
    let db = connection::open(path)?;
    db.pragma_update(None, "synchronous", 2)?;
    let sql = "SELECT value FROM secret WHERE name = ?1";
    if let Some(value) = first(&db, sql, [name], |row| row.get(0))? {
        return Ok(value);
    }
    run(&db, "INSERT INTO secret (name, value) VALUES (?1, ?2)", params![name, new])?;
    Ok(new)
}
