//! Removal of the data of a deleted account, in small steps between which other changes are applied.

use model::{AccountId, TweetId};
use rusqlite::params;

use super::search_erasure::{Purge, erase_words};
use super::sql::{Result, Sql, all, exists, first, get, get_optional, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, EventKind};

impl Tx<'_> {
    /// Removes up to `limit` rows, or rewrites up to about `limit` pages of the search indexes; not `changed` when
    /// nothing is left.
    pub(super) fn purge_account(&mut self, account: AccountId, limit: usize) -> Result<ChangeResult> {
        let deleted = "SELECT 1 FROM account WHERE id = ?1 AND state = 3 AND password_phc <> ''";
        if !exists(self.db, deleted, [Sql(account)])? {
            return applied(account.get(), false);
        }
        if self.purge_rows(account, limit)? < limit {
            self.purge_words(account, limit)?;
        }
        applied(account.get(), true)
    }

    fn purge_rows(&mut self, account: AccountId, limit: usize) -> Result<usize> {
        let mut left = limit;
        left -= self.purge_tweets(account, left)?;
        left -= self.purge_follows(account, left)?;
        for sql in [
            "DELETE FROM tweet_like WHERE account = ?1 AND id IN
                 (SELECT id FROM tweet_like WHERE account = ?1 LIMIT ?2) RETURNING tweet",
            "DELETE FROM bookmark WHERE account = ?1 AND id IN
                 (SELECT id FROM bookmark WHERE account = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM block WHERE (blocker, blocked) IN
                 (SELECT blocker, blocked FROM block WHERE blocker = ?1 OR blocked = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM mute WHERE (muter, muted) IN
                 (SELECT muter, muted FROM mute WHERE muter = ?1 OR muted = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM mention WHERE (tweet, account) IN
                 (SELECT tweet, account FROM mention WHERE account = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM notification WHERE id IN
                 (SELECT id FROM notification WHERE recipient = ?1 OR actor = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM read_line WHERE (account, timeline) IN
                 (SELECT account, timeline FROM read_line WHERE account = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM suggestion_dismissal WHERE (account, dismissed) IN
                 (SELECT account, dismissed FROM suggestion_dismissal WHERE account = ?1 OR dismissed = ?1 LIMIT ?2)
             RETURNING NULL",
            "DELETE FROM announcement_dismissal WHERE (account, announcement) IN
                 (SELECT account, announcement FROM announcement_dismissal WHERE account = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM report WHERE id IN
                 (SELECT id FROM report WHERE reporter = ?1 OR account = ?1 LIMIT ?2) RETURNING NULL",
            "DELETE FROM ssh_key WHERE id IN
                 (SELECT id FROM ssh_key WHERE account = ?1 LIMIT ?2) RETURNING NULL",
        ] {
            let liked =
                all(self.db, sql, params![Sql(account), left], |row| get_optional::<TweetId>(row, 0))?;
            left -= liked.len();
            for tweet in liked.into_iter().flatten() {
                run(self.db, "UPDATE tweet SET likes = likes - 1 WHERE id = ?1", [Sql(tweet)])?;
                self.record(EventKind::Unliked { account, tweet })?;
            }
        }
        left -= self.purge_messages(account, left)?;
        Ok(limit - left)
    }

    /// Removes the profile, then the account's words from the search indexes. An empty password hash marks an account
    /// whose purge is complete; its username stays reserved for a while.
    fn purge_words(&mut self, account: AccountId, pages: usize) -> Result<()> {
        let sql =
            "UPDATE account SET display_name = '', name_key = '', bio = '', password_phc = 'purge', password_legacy = NULL
                   WHERE id = ?1 AND password_phc <> 'purge'";
        if run(self.db, sql, [Sql(account)])? > 0 {
            // Scans the keys of a day once: an index for this would cost every change of every account.
            run(self.db, "DELETE FROM idempotency WHERE account = ?1", [Sql(account)])?;
        }
        if let Some(erased) = erase_words(self.db, Purge::Here, account, pages)? {
            run(self.db, "UPDATE account SET password_phc = '' WHERE id = ?1", [Sql(erased)])?;
            self.set_hidden(erased, false)?;
        }
        Ok(())
    }

    fn purge_tweets(&mut self, account: AccountId, limit: usize) -> Result<usize> {
        let sql = "SELECT id, retweet_of FROM tweet WHERE author = ?1 AND deleted = 0 LIMIT ?2";
        let mut tweets = all(self.db, sql, params![Sql(account), limit], |row| {
            Ok((get::<TweetId>(row, 0)?, get_optional::<TweetId>(row, 1)?))
        })?;
        // Retweets first: one of a tweet in the same step would be removed with it and then be counted twice.
        tweets.sort_unstable_by_key(|(_, retweet_of)| retweet_of.is_none());
        for (id, retweet_of) in &tweets {
            match retweet_of {
                Some(original) => self.remove_retweet(*id, account, *original)?,
                None => self.remove_tweet(*id, account)?,
            }
        }
        Ok(tweets.len())
    }

    fn purge_follows(&mut self, account: AccountId, limit: usize) -> Result<usize> {
        let sql = "SELECT follower, followee FROM follow WHERE follower = ?1
                   UNION ALL SELECT follower, followee FROM follow WHERE followee = ?1 LIMIT ?2";
        let follows =
            all(self.db, sql, params![Sql(account), limit], |row| Ok((get(row, 0)?, get(row, 1)?)))?;
        for (follower, followee) in &follows {
            self.end_follow(*follower, *followee)?;
        }
        Ok(follows.len())
    }

    /// Removes the account's messages, and conversations that have none left.
    fn purge_messages(&mut self, account: AccountId, limit: usize) -> Result<usize> {
        let sql = "DELETE FROM message WHERE id IN (SELECT id FROM message WHERE author = ?1 LIMIT ?2)
                   RETURNING conversation";
        let mut touched = all(self.db, sql, params![Sql(account), limit], |row| row.get::<_, i64>(0))?;
        let removed = touched.len();
        touched.sort_unstable();
        touched.dedup();
        for conversation in touched {
            let sql = "SELECT max(id) FROM message WHERE conversation = ?1";
            let newest = first(self.db, sql, [conversation], |row| row.get::<_, Option<i64>>(0))?.flatten();
            if let Some(newest) = newest {
                let sql = "UPDATE conversation_member SET last_message = ?2 WHERE conversation = ?1";
                run(self.db, sql, [conversation, newest])?;
            } else {
                run(self.db, "DELETE FROM conversation_member WHERE conversation = ?1", [conversation])?;
                run(self.db, "DELETE FROM conversation WHERE id = ?1", [conversation])?;
            }
        }
        Ok(removed)
    }
}
