//! Import of rows of other databases, with their original times and without notifications, and without events for clients.

use model::{AccountId, DisplayName, NewTweet, Role, TweetId, Username};
use rusqlite::params;

use super::sql::{Result, exists, first, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, Event, EventKind, Origin, PasswordHash};

impl Tx<'_> {
    pub(super) fn import_account(
        &mut self,
        origin: &Origin,
        username: &Username,
        display_name: &DisplayName,
        password: &PasswordHash,
        created_ms: i64,
    ) -> Result<ChangeResult> {
        if let Some(id) = self.imported(origin)? {
            return applied(id, false);
        }
        let id = self.id_at(created_ms, "account")?;
        self.insert_account(id, username, display_name, password, Role::Member, true)?;
        self.remember(origin, id)
    }

    pub(super) fn import_follow(&mut self, follower: AccountId, followee: AccountId) -> Result<ChangeResult> {
        self.require_active_or_suspended(follower)?;
        self.require_active_or_suspended(followee)?;
        let changed = self.insert_follow(follower, followee)?;
        self.record_import()?;
        applied(followee.get(), changed)
    }

    pub(super) fn import_tweet(
        &mut self,
        origin: &Origin,
        author: AccountId,
        tweet: &NewTweet,
        created_ms: i64,
    ) -> Result<ChangeResult> {
        if let Some(id) = self.imported(origin)? {
            return applied(id, false);
        }
        self.require_active_or_suspended(author)?;
        let id = self.id_at(created_ms, "tweet")?;
        let tweet_id = TweetId::new(id).ok_or_else(|| crate::incident(&"an impossible time"))?;
        self.insert_tweet(tweet_id, author, tweet, tweet.reply_to, tweet.quote_of)?;
        self.remember(origin, id)
    }

    fn imported(&self, origin: &Origin) -> Result<Option<u64>> {
        let sql = "SELECT id FROM import_origin WHERE source = ?1 AND key = ?2";
        let id = first(self.db, sql, [&origin.source, &origin.key], |row| row.get::<_, i64>(0))?;
        Ok(id.map(i64::cast_unsigned))
    }

    fn remember(&mut self, origin: &Origin, id: u64) -> Result<ChangeResult> {
        let sql = "INSERT INTO import_origin (source, key, id) VALUES (?1, ?2, ?3)";
        run(self.db, sql, params![origin.source, origin.key, id.cast_signed()])?;
        self.record_import()?;
        applied(id, true)
    }

    /// One event for the imports of a batch that follow each other.
    fn record_import(&mut self) -> Result<()> {
        match self.events.last() {
            Some(Event { kind: EventKind::Imported, .. }) => Ok(()),
            _ => self.record(EventKind::Imported),
        }
    }

    /// The first free identifier of this time, which may be long ago.
    fn id_at(&self, created_ms: i64, table: &str) -> Result<u64> {
        // A time in the future would sort above everything that is posted until then.
        let created_ms = created_ms.clamp(1, self.now_ms);
        let mut id = created_ms.cast_unsigned() << 16;
        while exists(self.db, &format!("SELECT 1 FROM {table} WHERE id = ?1"), [id.cast_signed()])? {
            id += 1;
        }
        Ok(id)
    }
}
