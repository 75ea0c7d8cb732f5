//! The tables of the shared database, and whether a database can be one.

use tokio_postgres::{Client, GenericClient};

use super::connection::in_words;
use super::rows;
use crate::sqlite::changed_rows::Table;

/// Besides the tables of the network: who this is, the newest identifier, whose row is the lock of the log, the log, the nodes,
/// the secrets, and the attempts that are limited.
const OWN_TABLES: &str = "
    CREATE TABLE cluster (id text PRIMARY KEY, schema bigint NOT NULL);
    CREATE TABLE log_head (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        head bigint NOT NULL,
        pruned bigint NOT NULL
    );
    CREATE TABLE log (number bigint PRIMARY KEY, boot bigint NOT NULL, entry bytea NOT NULL);
    CREATE TABLE node (
        boot bigint PRIMARY KEY,
        seen timestamptz NOT NULL DEFAULT now(),
        started_ms bigint NOT NULL DEFAULT 0,
        version text NOT NULL DEFAULT '',
        address text NOT NULL DEFAULT '',
        connections bigint NOT NULL DEFAULT 0,
        is_draining boolean NOT NULL DEFAULT false,
        behind_entries bigint NOT NULL DEFAULT 0,
        behind_ms bigint NOT NULL DEFAULT 0,
        drain_requested boolean NOT NULL DEFAULT false
    );
    CREATE TABLE secret (name text PRIMARY KEY, value bytea NOT NULL);
    CREATE UNLOGGED TABLE throttle (
        kind text NOT NULL,
        key bytea NOT NULL,
        count integer NOT NULL,
        pending integer NOT NULL,
        first timestamptz NOT NULL,
        last timestamptz NOT NULL,
        expires timestamptz NOT NULL,
        PRIMARY KEY (kind, key)
    );
";

/// Advisory lock for creating the tables: "MiTw".
const CREATE_LOCK: i64 = 0x4d69_5477;

/// What a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cluster {
    /// Its identifier.
    pub(super) id: String,
    pub(super) schema: usize,
}

/// Checks the settings of the server that durability depends on.
///
/// # Errors
/// What the operator has to change.
pub(super) async fn check_server(client: &Client) -> Result<(), String> {
    let sql = "SELECT current_setting('server_version_num')::bigint, current_setting('fsync'),
                      current_setting('full_page_writes'), current_setting('synchronous_commit'),
                      current_setting('server_encoding'), pg_is_in_recovery(),
                      current_setting('synchronous_standby_names'),
                      (SELECT count(*) FROM pg_stat_replication)";
    let row = client.query_one(sql, &[]).await.map_err(|e| in_words(&e))?;
    let text = |column: usize| row.get::<_, String>(column);
    let version: i64 = row.get(0);
    if version < 150_000 {
        return Err(format!("PostgreSQL {} is too old: version 15 or later is needed", version / 10_000));
    }
    if row.get::<_, bool>(5) {
        return Err("it is a standby, which cannot be written to: name the primary".to_owned());
    }
    for (name, value) in [("fsync", text(1)), ("full_page_writes", text(2))] {
        if value != "on" {
            return Err(format!("{name} is {value}, so it may lose what was acknowledged: set {name} = on"));
        }
    }
    let commit = text(3);
    if commit == "off" {
        return Err(
            "synchronous_commit is off, so it may lose what was acknowledged: set it to on".to_owned()
        );
    }
    if text(4) != "UTF8" {
        return Err(format!("its encoding is {}: create the database with ENCODING 'UTF8'", text(4)));
    }
    let standbys: i64 = row.get(7);
    if standbys > 0 && text(6).is_empty() {
        tracing::warn!(
            standbys,
            "PostgreSQL replicates asynchronously: a failover may lose what was acknowledged; set synchronous_standby_names"
        );
    }
    Ok(())
}

/// The cluster whose database this is; `None` if the database is empty.
///
/// # Errors
/// When it is the database of another program.
pub(super) async fn cluster(client: &impl GenericClient) -> Result<Option<Cluster>, String> {
    let sql = "SELECT to_regclass('cluster') IS NOT NULL AND to_regclass('log_head') IS NOT NULL,
                      (SELECT count(*) FROM pg_tables WHERE schemaname = current_schema())";
    let row = client.query_one(sql, &[]).await.map_err(|e| in_words(&e))?;
    if row.get::<_, bool>(0) {
        let sql = "SELECT id, schema FROM cluster";
        let row = client.query_opt(sql, &[]).await.map_err(|e| in_words(&e))?;
        let row = row.ok_or("its table cluster is empty")?;
        let schema = usize::try_from(row.get::<_, i64>(1)).unwrap_or_default();
        return Ok(Some(Cluster { id: row.get(0), schema }));
    }
    if row.get::<_, i64>(1) > 0 {
        return Err("it has tables of another program: create a database for Mini-Tweet alone".to_owned());
    }
    Ok(None)
}

/// Writes who this is, and where the log begins.
pub(super) async fn insert_first_rows(
    client: &impl GenericClient,
    cluster: &Cluster,
    head: i64,
) -> Result<(), String> {
    let schema = i64::try_from(cluster.schema).unwrap_or_default();
    let sql = "INSERT INTO cluster (id, schema) VALUES ($1, $2)";
    client.execute(sql, &[&cluster.id, &schema]).await.map_err(|e| in_words(&e))?;
    let sql = "INSERT INTO log_head (head, pruned) VALUES ($1, $1)";
    client.execute(sql, &[&head]).await.map(|_| ()).map_err(|e| in_words(&e))
}

/// Lets no other node create the tables until the end of the transaction. Returns the cluster if another node was first.
pub(super) async fn lock_for_creation(client: &impl GenericClient) -> Result<Option<Cluster>, String> {
    client.execute("SELECT pg_advisory_xact_lock($1)", &[&CREATE_LOCK]).await.map_err(|e| in_words(&e))?;
    cluster(client).await
}

/// Creates all tables.
pub(super) async fn create(client: &impl GenericClient, tables: &[Table]) -> Result<(), String> {
    let mut sql = OWN_TABLES.to_owned();
    for table in tables {
        sql.push_str(&rows::create(table));
        sql.push(';');
    }
    client.batch_execute(&sql).await.map_err(|e| in_words(&e))
}
