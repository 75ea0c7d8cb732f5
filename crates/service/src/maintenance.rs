//! Background maintenance: deletes expired rows and the data of deleted accounts. Of the servers that share a store, one does it
//! at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::service::Service;
use store::{Change, EFFECTS_KEPT, Expiry};

const EXPIRE_EVERY: Duration = Duration::from_secs(3_600);
/// How often a server asks whether the work is up to it.
const ASK_EVERY: Duration = Duration::from_secs(10);
/// Rows removed in one change, and the pause after it, in which other changes are carried out.
const PURGE_BATCH: usize = 500;
const PURGE_PAUSE: Duration = Duration::from_millis(50);
/// How often, and after which pause, the store is asked to erase removed rows while readers prevent it.
const FORGET_TRIES: usize = 30;
const FORGET_PAUSE: Duration = Duration::from_secs(1);

impl Service {
    /// Runs until the future is dropped.
    pub async fn maintain(self: Arc<Self>) {
        let mut ask = tokio::time::interval(ASK_EVERY);
        let mut expire_at = Instant::now();
        // At the start an earlier deletion may not be finished.
        let mut has_deletions = true;
        loop {
            tokio::select! {
                _ = ask.tick() => {}
                () = self.deletions.next() => has_deletions = true,
            }
            if !self.store.is_maintainer().await {
                // The server that takes over does all of it.
                expire_at = Instant::now();
                has_deletions = has_deletions && !self.forget_purged_elsewhere().await;
                continue;
            }
            let expires = Instant::now() >= expire_at;
            if expires {
                self.expire().await;
                expire_at = Instant::now() + EXPIRE_EVERY;
            }
            if expires || has_deletions {
                self.purge_deleted().await;
                has_deletions = false;
            }
        }
    }

    /// Erases removed rows from the files of this server when another one has purged all deleted accounts; `false` if it has not.
    async fn forget_purged_elsewhere(&self) -> bool {
        match self.store.accounts_to_purge().await {
            Ok(accounts) if accounts.is_empty() => {
                self.forget_removed().await;
                true
            }
            _ => false,
        }
    }

    async fn expire(&self) {
        let before = |age: Duration| self.clock.now_ms() - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let change = Change::Expire(Expiry {
            sessions_idle_before_ms: before(self.config.sessions_idle),
            sessions_begun_before_ms: before(self.config.sessions_absolute),
            keys_before_ms: before(self.config.keys_kept),
            events_before_ms: before(self.config.events_kept),
            effects_before_ms: before(EFFECTS_KEPT),
        });
        if let Err(error) = self.store.apply(change, None).await {
            tracing::warn!(%error, "expired rows could not be deleted; trying again in an hour");
        }
    }

    async fn purge_deleted(&self) {
        let accounts = self.store.accounts_to_purge().await.unwrap_or_default();
        let mut purged = Vec::new();
        for account in accounts {
            while self.store.is_maintainer().await {
                match self.store.apply(Change::PurgeAccount { account, limit: PURGE_BATCH }, None).await {
                    Ok(purged) if purged.changed => tokio::time::sleep(PURGE_PAUSE).await,
                    Ok(_) => {
                        purged.push(account);
                        break;
                    }
                    Err(error) => {
                        tracing::warn!(%account, %error, "a deleted account could not be purged; trying again in an hour");
                        break;
                    }
                }
            }
        }
        if purged.is_empty() {
            return;
        }
        if !self.forget_removed().await {
            tracing::warn!(
                "a long-running reader blocks the truncation of the WAL, which still holds deleted data"
            );
        }
        for account in purged {
            tracing::info!(%account, "a deleted account was purged");
        }
    }

    async fn forget_removed(&self) -> bool {
        for _ in 0..FORGET_TRIES {
            match self.store.forget_removed().await {
                Ok(true) => return true,
                Ok(false) => tokio::time::sleep(FORGET_PAUSE).await,
                Err(_) => return false,
            }
        }
        false
    }
}
