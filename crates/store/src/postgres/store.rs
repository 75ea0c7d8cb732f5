//! Opening a node's store: the shared database is created, or the node gets a copy of it, and then follows it.

use std::path::Path;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio_postgres::Client;

use super::attempts::PostgresAttempts;
use super::connection::{PostgresUrl, client, in_words};
use super::log::PostgresLog;
use super::maintenance::MaintenanceLock;
use super::reports::{self, Reports};
use super::{nodes, schema, secrets, transfer};
use crate::env::Clock;
use crate::nats;
use crate::shared_log::{Commons, SharedDatabase};
use crate::sqlite::copy::{Copy, CopyState, schema_version};
use crate::sqlite::{SqliteStore, draw_boot};
use crate::{AttemptCounters, Bus, Engine, NodeRecord, NodeReport, OpenError, Options, Store as _};

/// Name of the copy within the data directory. It can be removed while the server is stopped: it is made again.
pub(crate) const COPY: &str = "copy.db";

/// Opens the store of a node.
///
/// # Errors
/// [`OpenError`], with the next step for the operator.
pub(crate) async fn open(
    url: &PostgresUrl,
    data_dir: &Path,
    options: &Options,
    clock: Arc<dyn Clock>,
    time_of_tests: Option<Arc<dyn Clock>>,
) -> Result<Arc<dyn Engine>, OpenError> {
    let path = data_dir.join(COPY);
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let cluster = prepare(url, &path, clock.now_ms()).await?;
    let boot = draw_boot();
    let channel = format!("mini_tweet_{cluster}");
    let tables = Copy::open(&path, clock.now_ms())?.tables().map_err(|e| OpenError::sql(&path, &e))?;
    let appended = Arc::new(Notify::new());
    let log = PostgresLog::new(url.clone(), Arc::clone(&appended), boot, tables, time_of_tests)
        .map_err(|e| failed(e.to_string()))?;
    let reports = Arc::new(Reports::new());
    let commons = Box::new(PostgresCommons {
        url: url.clone(),
        boot,
        attempts: Arc::new(PostgresAttempts::new(url.clone())),
        maintenance: MaintenanceLock::new(url.clone(), &cluster),
        reports: Arc::clone(&reports),
    });
    let (bus, to_send, received) = Bus::new();
    let shared = SharedDatabase { log: Box::new(log), commons, bus, boot };
    let node = Arc::new(SqliteStore::open_with(&path, options, clock, Some(shared))?);
    node.catch_up().await.map_err(|error| failed(error.to_string()))?;
    let weak = Arc::downgrade(&node);
    let messages = match &options.bus {
        Some(bus) => {
            let (node, ends) = (Weak::clone(&weak), nats::Ends { boot, to_send, appended, received });
            let look = move || {
                let _ = node.upgrade().map(|node| node.follow());
            };
            tokio::spawn(nats::carry(bus.clone(), format!("mini_tweet.{cluster}"), ends, look));
            None
        }
        None => Some(nodes::Messages { to_send, appended, received }),
    };
    tokio::spawn(nodes::follow(url.clone(), channel, boot, weak, messages, reports));
    Ok(node)
}

/// Creates the shared database if it is empty, and the copy if there is none that can follow; returns the identifier of the
/// cluster.
async fn prepare(url: &PostgresUrl, path: &Path, now_ms: i64) -> Result<String, OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let mut client = client(url).await.map_err(failed)?;
    schema::check_server(&client).await.map_err(failed)?;
    let cluster = match schema::cluster(&client).await.map_err(failed)? {
        Some(cluster) => cluster,
        None => create(&mut client, url, path, now_ms).await?,
    };
    let known = schema_version();
    if cluster.schema != known {
        return Err(failed(format!(
            "it has schema {}, and this version needs {known}: use the version of the other nodes",
            cluster.schema
        )));
    }
    let state = match Copy::state(path) {
        Err(
            error @ (OpenError::Corrupt { .. } | OpenError::NotADatabase { .. } | OpenError::Empty { .. }),
        ) => {
            tracing::warn!(%error, "the copy of the shared database cannot be read");
            None
        }
        state => state?.filter(|state| state.cluster == cluster.id),
    };
    if !can_follow(&client, state).await.map_err(failed)? {
        tracing::info!("copying the shared database");
        copy(&mut client, url, path, &cluster.id).await?;
    }
    Ok(cluster.id)
}

/// Whether the log goes on from where this copy is.
async fn can_follow(client: &Client, state: Option<CopyState>) -> Result<bool, String> {
    let Some(CopyState { position, .. }) = state else { return Ok(false) };
    let sql = "SELECT pruned, head, EXISTS (SELECT 1 FROM log WHERE number = $1) FROM log_head";
    let row = client.query_one(sql, &[&position.cast_signed()]).await.map_err(|e| in_words(&e))?;
    let (pruned, head) = (row.get::<_, i64>(0).cast_unsigned(), row.get::<_, i64>(1).cast_unsigned());
    // A log begins with `pruned`, without an entry for it.
    let can_follow = row.get(2) || position == pruned;
    if !can_follow && position > pruned {
        tracing::error!(
            copy = position,
            database = head,
            "the shared database has lost changes that this server has, as in a failover to an asynchronous standby"
        );
    }
    Ok(can_follow)
}

/// Makes the shared database from a new one of this node.
async fn create(
    client: &mut Client,
    url: &PostgresUrl,
    path: &Path,
    now_ms: i64,
) -> Result<schema::Cluster, OpenError> {
    let failed = |detail: String| OpenError::Postgres { url: url.to_string(), detail };
    let pg = |error: tokio_postgres::Error| failed(in_words(&error));
    let transaction = client.transaction().await.map_err(pg)?;
    if let Some(cluster) = schema::lock_for_creation(&transaction).await.map_err(failed)? {
        return Ok(cluster);
    }
    // The first rows, such as the event of the creation, are those of a single server.
    Copy::remove(path)?;
    let founder = Copy::new(path, now_ms)?;
    let (founder, cluster, _) = transfer::fill(&transaction, url, path, founder, &mut |_| {}).await?;
    transaction.commit().await.map_err(pg)?;
    let position = founder.newest_id().map_err(|e| OpenError::sql(path, &e))?;
    let state = CopyState { cluster: cluster.id.clone(), position };
    founder.finish(Some(&state)).map_err(|e| OpenError::sql(path, &e))?;
    Ok(cluster)
}

/// Makes a copy from the rows of the shared database.
async fn copy(client: &mut Client, url: &PostgresUrl, path: &Path, cluster: &str) -> Result<(), OpenError> {
    Copy::remove(path)?;
    let copy = Copy::empty(path)?;
    let (copy, position, _) = transfer::read(client, url, path, copy, &mut |_| {}).await?;
    let state = CopyState { cluster: cluster.to_owned(), position };
    copy.finish(Some(&state)).map_err(|e| OpenError::sql(path, &e))
}

/// The shared database, besides the rows of the network.
#[derive(Debug)]
struct PostgresCommons {
    url: PostgresUrl,
    boot: u64,
    attempts: Arc<PostgresAttempts>,
    maintenance: MaintenanceLock,
    reports: Arc<Reports>,
}

/// The response when the shared database does not answer.
fn unreachable(error: &str) -> model::Error {
    tracing::warn!(%error, "PostgreSQL cannot be reached");
    model::Error::Unavailable("the server cannot reach its database; try again in a moment".into())
}

#[async_trait]
impl Commons for PostgresCommons {
    async fn secret(&self, name: &str, new: &[u8]) -> Result<Vec<u8>, OpenError> {
        let failed = |detail: String| OpenError::Postgres { url: self.url.to_string(), detail };
        let pg = |error: tokio_postgres::Error| failed(in_words(&error));
        let client = client(&self.url).await.map_err(failed)?;
        secrets::get_or_insert(&client, name, new).await.map_err(pg)
    }

    async fn is_maintainer(&self) -> bool {
        self.maintenance.is_held().await
    }

    fn attempts(&self) -> Option<Arc<dyn AttemptCounters>> {
        Some(Arc::clone(&self.attempts) as Arc<dyn AttemptCounters>)
    }

    async fn other_processes(&self) -> model::Result<Vec<u64>> {
        let others = client(&self.url).await;
        let others = match &others {
            Ok(client) => nodes::others(client, self.boot).await.map_err(|e| in_words(&e)),
            Err(error) => Err(error.clone()),
        };
        others.map_err(|error| crate::incident(&error))
    }

    async fn nodes(&self) -> model::Result<Vec<NodeRecord>> {
        let client = client(&self.url).await.map_err(|e| unreachable(&e))?;
        reports::all(&client, self.boot).await.map_err(|e| unreachable(&in_words(&e)))
    }

    async fn request_drain(&self, boot: u64) -> model::Result<bool> {
        let client = client(&self.url).await.map_err(|e| unreachable(&e))?;
        reports::request_drain(&client, boot).await.map_err(|e| unreachable(&in_words(&e)))
    }

    fn report(&self, report: NodeReport) {
        self.reports.set(report);
    }

    fn drain_requested(&self) -> Option<watch::Receiver<bool>> {
        Some(self.reports.drain_requested())
    }

    async fn leave(&self) {
        self.maintenance.release().await;
        // Without it the others notice after a while.
        if let Ok(client) = client(&self.url).await {
            let _ = nodes::leave(&client, self.boot).await;
        }
    }
}
