//! Moving a network from a single server to several, and back: every row, with identifiers, sessions, keys and events.

use std::path::Path;

use tokio_postgres::GenericClient;

use super::connection::{PostgresUrl, client, in_words};
use super::{nodes, schema, transfer};
use crate::OpenError;
use crate::sqlite::copy::{Copy, schema_version};
use crate::sqlite::maintenance::require_sound;
use crate::sqlite::{database_file, make_private_directory};

/// What was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Rows of all tables.
    pub rows: u64,
    /// Secrets of the server: its keys.
    pub secrets: u64,
}

/// Reports the number of rows that are moved.
type OnRows<'a> = &'a mut (dyn FnMut(u64) + Send);

/// Moves the database of a stopped server into an empty PostgreSQL database, in one transaction. What was moved is read again and
/// compared before it is committed. The database in the directory stays as it is.
///
/// # Errors
/// [`OpenError`]; then nothing was moved.
pub async fn to_postgres(
    directory: &Path,
    url: &PostgresUrl,
    on_progress: OnRows<'_>,
) -> Result<Moved, OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let pg = |error: tokio_postgres::Error| failed(in_words(&error));
    let path = &database_file(directory);
    let from = Copy::of_database(path)?;
    let mut client = client(url).await.map_err(failed)?;
    schema::check_server(&client).await.map_err(failed)?;
    require_sound(path)?;
    let secrets = from.secrets().map_err(|e| OpenError::sql(path, &e))?;
    let transaction = client.transaction().await.map_err(pg)?;
    if schema::lock_for_creation(&transaction).await.map_err(failed)?.is_some() {
        return Err(failed("it has a network already: name an empty database".to_owned()));
    }
    let (from, _, sums) = transfer::fill(&transaction, url, path, from, on_progress).await?;
    for (name, value) in &secrets {
        let insert = "INSERT INTO secret (name, value) VALUES ($1, $2)";
        transaction.execute(insert, &[name, value]).await.map_err(pg)?;
    }
    let tables = from.tables().map_err(|e| OpenError::sql(path, &e))?;
    let arrived = transfer::sums(&transaction, url, tables).await?;
    if let Some(table) = sums.difference(&arrived) {
        return Err(failed(format!("what arrived is not what was sent ({table})")));
    }
    transaction.commit().await.map_err(pg)?;
    Ok(Moved { rows: sums.rows(), secrets: secrets.len() as u64 })
}

/// Moves a network whose servers are all stopped into the data directory of a single server, which has no database yet. What is in
/// PostgreSQL stays as it is.
///
/// # Errors
/// [`OpenError`]; then the directory has no database.
pub async fn from_postgres(
    url: &PostgresUrl,
    directory: &Path,
    on_progress: OnRows<'_>,
) -> Result<Moved, OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let pg = |error: tokio_postgres::Error| failed(in_words(&error));
    let path = &database_file(directory);
    if path.exists() {
        return Err(OpenError::Exists { path: path.clone() });
    }
    let mut client = client(url).await.map_err(failed)?;
    let cluster = schema::cluster(&client).await.map_err(failed)?;
    let cluster = cluster.ok_or_else(|| failed("it has no network".to_owned()))?;
    if cluster.schema != schema_version() {
        return Err(failed(format!(
            "it has schema {}, and this version has {}",
            cluster.schema,
            schema_version()
        )));
    }
    let running = nodes::others(&client, 0).await.map_err(pg)?.len();
    if running > 0 {
        return Err(failed(format!("servers use it ({running}): stop all of them first")));
    }
    let secrets = read_secrets(&client).await.map_err(pg)?;
    make_private_directory(directory).map_err(|e| OpenError::io(directory, e))?;
    let unfinished = &path.with_extension("moving.db");
    let sql = |error: rusqlite::Error| OpenError::sql(unfinished, &error);
    let into = Copy::empty(unfinished)?;
    let (into, head, sums) = transfer::read(&mut client, url, unfinished, into, on_progress).await?;
    if let Some(table) = sums.difference(&transfer::sums_of(&into).map_err(sql)?) {
        return Err(failed(format!("what arrived is not what was sent ({table})")));
    }
    into.set_secrets(&secrets).map_err(sql)?;
    into.set_newest_id(head).map_err(sql)?;
    into.finish(None).map_err(sql)?;
    drop(into);
    require_sound(unfinished)?;
    std::fs::rename(unfinished, path).map_err(|e| OpenError::io(path, e))?;
    Ok(Moved { rows: sums.rows(), secrets: secrets.len() as u64 })
}

async fn read_secrets(client: &impl GenericClient) -> Result<Vec<(String, Vec<u8>)>, tokio_postgres::Error> {
    let rows = client.query("SELECT name, value FROM secret", &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
