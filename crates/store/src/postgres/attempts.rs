//! Attempts of all nodes, counted in one table that is neither logged nor replicated: a crash of PostgreSQL or a failover sets
//! all counts to zero.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::connection::{PostgresUrl, client, in_words};
use super::secrets;
use crate::attempts::{AttemptCounters, AttemptWindow, AttemptsUnreachable, CountedAttempts};
use crate::env::{Random as _, SystemRandom};

/// Longest wait for PostgreSQL: someone waits for the response to a log-in.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Name of the secret that the keys are hashed with.
const SECRET: &str = "throttle_key";
/// Bytes of a hashed key.
const KEY_LENGTH: usize = 16;

/// An attempt is pending until its outcome is known. A window that has passed begins again.
const BEGIN: &str = "
    INSERT INTO throttle AS t (kind, key, count, pending, first, last, expires)
    VALUES ($1, $2, 0, 1, now(), now(), now() + make_interval(secs => $3))
    ON CONFLICT (kind, key) DO UPDATE SET
        count = CASE WHEN t.expires <= now() THEN 0 ELSE t.count END,
        pending = CASE WHEN t.expires <= now() THEN 1 ELSE t.pending + 1 END,
        first = CASE WHEN t.expires <= now() THEN now() ELSE t.first END,
        last = CASE WHEN t.expires <= now() THEN now() ELSE t.last END,
        expires = CASE WHEN t.expires <= now() THEN excluded.expires ELSE t.expires END
    RETURNING count, pending, extract(epoch FROM now() - first)::float8, extract(epoch FROM now() - last)::float8";
const COUNT: &str = "
    UPDATE throttle SET pending = greatest(pending - 1, 0), count = count + 1, last = now(),
        expires = CASE WHEN $4 THEN now() + make_interval(secs => $3) ELSE expires END
    WHERE kind = $1 AND key = $2";
/// A row that counts nothing is removed.
const REFUND: &str = "
    WITH removed AS (
        DELETE FROM throttle WHERE kind = $1 AND key = $2 AND count = 0 AND pending <= 1 RETURNING 1
    )
    UPDATE throttle SET pending = greatest(pending - 1, 0)
    WHERE kind = $1 AND key = $2 AND NOT EXISTS (SELECT 1 FROM removed)";
const FORGET: &str = "DELETE FROM throttle WHERE kind = $1 AND key = $2";

/// Removes what no longer counts.
pub(super) const PRUNE: &str = "DELETE FROM throttle WHERE expires <= now()";

/// The counters of a cluster, as a node has them.
#[derive(Debug)]
pub(super) struct PostgresAttempts {
    url: PostgresUrl,
    /// Opened with the first attempt, and again when it was lost.
    client: Mutex<Option<Arc<Client>>>,
    secret: OnceCell<Vec<u8>>,
}

impl PostgresAttempts {
    pub(super) fn new(url: PostgresUrl) -> Self {
        Self { url, client: Mutex::default(), secret: OnceCell::new() }
    }

    async fn client(&self) -> Result<Arc<Client>, String> {
        let mut kept = self.client.lock().await;
        if let Some(client) = kept.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let opened = Arc::new(client(&self.url).await?);
        *kept = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// The key as it is stored. Addresses and names cannot be found out from it without the secret, which is in a table of its own.
    async fn hashed(&self, client: &Client, kind: &str, key: &str) -> Result<Vec<u8>, String> {
        let read = || async {
            let mut new = vec![0; 32];
            SystemRandom.fill(&mut new);
            secrets::get_or_insert(client, SECRET, &new).await.map_err(|e| in_words(&e))
        };
        let secret = self.secret.get_or_try_init(read).await?;
        let hash = Sha256::new().chain_update(secret).chain_update(kind).chain_update([0]).chain_update(key);
        Ok(hash.finalize().into_iter().take(KEY_LENGTH).collect())
    }

    /// Runs a statement whose first two parameters are the kind and the key.
    async fn run(
        &self,
        sql: &str,
        kind: &str,
        key: &str,
        others: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, String> {
        let answered = timeout(RESPONSE_TIMEOUT, async {
            let client = self.client().await?;
            let key = self.hashed(&client, kind, key).await?;
            let mut parameters: Vec<(&(dyn ToSql + Sync), Type)> =
                vec![(&kind, Type::TEXT), (&key, Type::BYTEA)];
            parameters.extend(others.iter().cloned());
            client.query_typed(sql, &parameters).await.map_err(|e| in_words(&e))
        });
        answered.await.unwrap_or_else(|_| Err("PostgreSQL did not respond in time".to_owned()))
    }
}

#[async_trait]
impl AttemptCounters for PostgresAttempts {
    async fn begin(&self, window: AttemptWindow, key: &str) -> Result<CountedAttempts, AttemptsUnreachable> {
        let length = window.length.as_secs_f64();
        let begun = self.run(BEGIN, window.kind, key, &[(&length, Type::FLOAT8)]).await;
        let rows = begun.map_err(AttemptsUnreachable)?;
        let row = rows.first().ok_or_else(|| AttemptsUnreachable("no row was returned".to_owned()))?;
        let number = |column: usize| u32::try_from(row.get::<_, i32>(column)).unwrap_or_default();
        let since =
            |column: usize| Duration::try_from_secs_f64(row.get::<_, f64>(column)).unwrap_or_default();
        Ok(CountedAttempts {
            count: number(0),
            pending: number(1).saturating_sub(1),
            since_first: since(2),
            since_last: since(3),
        })
    }

    async fn finish(&self, window: AttemptWindow, key: &str, counts: bool) {
        let length = window.length.as_secs_f64();
        let finished = if counts {
            let others: [(&(dyn ToSql + Sync), Type); 2] =
                [(&length, Type::FLOAT8), (&window.is_sliding, Type::BOOL)];
            self.run(COUNT, window.kind, key, &others).await
        } else {
            self.run(REFUND, window.kind, key, &[]).await
        };
        if let Err(error) = finished {
            tracing::warn!(%error, kind = window.kind, "the outcome of an attempt is not counted for all servers");
        }
    }

    async fn forget(&self, window: AttemptWindow, key: &str) {
        if let Err(error) = self.run(FORGET, window.kind, key, &[]).await {
            tracing::warn!(%error, kind = window.kind, "attempts still count at the other servers");
        }
    }
}
