//! Migrations: bringing a database to the current schema, with a backup first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::backup::backup;
use super::open_error::OpenError;
use super::sql::run;
use crate::fault::{self, CrashPoint};

/// Where a database is backed up before it is migrated to this schema version.
pub(super) fn backup_path(path: &Path, schema: usize) -> PathBuf {
    path.with_extension(format!("before-schema-{schema}.db"))
}

/// Applies the missing migrations, each in a transaction of its own. A database that has data is backed up first.
pub(super) fn migrate(
    db: &mut Connection,
    path: &Path,
    migrations: &[&str],
    now_ms: i64,
) -> Result<(), OpenError> {
    let sql = |error| OpenError::sql(path, &error);
    let version: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if version > 0 && version < migrations.len() {
        let copy = backup_path(path, migrations.len());
        // An existing one is of an interrupted migration; the database has not been written to since.
        match fs::remove_file(&copy) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(OpenError::io(&copy, error)),
            _ => backup(path, &copy)?,
        };
    }
    for (number, migration) in migrations.iter().enumerate().skip(version) {
        let transaction = db.transaction().map_err(sql)?;
        transaction.execute_batch(migration).map_err(sql)?;
        if number == 0 {
            insert_first_rows(&transaction, now_ms).map_err(sql)?;
        }
        transaction.pragma_update(None, "user_version", (number + 1).to_string()).map_err(sql)?;
        fault::crash_point(CrashPoint::Migration);
        transaction.commit().map_err(sql)?;
    }
    let schema = migrations.len();
    if version == 0 {
        tracing::info!(schema, "database created");
    } else if version < schema {
        tracing::info!(from = version, schema, "database migrated");
    }
    Ok(())
}

fn insert_first_rows(db: &Connection, now_ms: i64) -> rusqlite::Result<()> {
    let id = now_ms.max(1) << 16;
    run(db, "INSERT INTO event (id, kind) VALUES (?1, 0)", [id])?;
    run(db, "INSERT INTO meta (name, value) VALUES ('id_high_water', ?1)", [id])?;
    Ok(())
}
