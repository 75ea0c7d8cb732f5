//! Which node carries out periodic work: the one that holds an advisory lock, which ends with its connection.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::connection::{PostgresUrl, client, in_words};

/// Longest wait for a response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// PostgreSQL ends the session of a node that was stopped or cut off, and with it the lock, after this time.
const SET_UP: &str = "SET idle_session_timeout = '60s'";

/// The lock, as a node has it.
#[derive(Debug)]
pub(super) struct MaintenanceLock {
    url: PostgresUrl,
    /// What is locked.
    name: String,
    /// The connection that holds the lock.
    holder: Mutex<Option<Client>>,
}

impl MaintenanceLock {
    pub(super) fn new(url: PostgresUrl, cluster: &str) -> Self {
        Self { url, name: format!("mini-tweet maintenance {cluster}"), holder: Mutex::default() }
    }

    /// Whether this node holds the lock; takes it if no other one does.
    pub(super) async fn is_held(&self) -> bool {
        let mut holder = self.holder.lock().await;
        let held = timeout(RESPONSE_TIMEOUT, async {
            match holder.take() {
                Some(client) if client.simple_query("SELECT 1").await.is_ok() => Ok(Some(client)),
                _ => self.take().await,
            }
        });
        *holder = match held.await {
            Ok(Ok(held)) => held,
            Ok(Err(error)) => {
                tracing::debug!(error, "the lock for periodic work cannot be taken");
                None
            }
            Err(_) => None,
        };
        holder.is_some()
    }

    async fn take(&self) -> Result<Option<Client>, String> {
        let client = client(&self.url).await?;
        client.batch_execute(SET_UP).await.map_err(|e| in_words(&e))?;
        let sql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";
        let row = client.query_one(sql, &[&self.name]).await.map_err(|e| in_words(&e))?;
        Ok(row.get::<_, bool>(0).then_some(client))
    }

    /// Lets another node take it.
    pub(super) async fn release(&self) {
        self.holder.lock().await.take();
    }
}
