//! Accounts that are hidden but still in the database: suspended ones, and deleted ones that are not purged yet. There are
//! few, so that what they did is subtracted when counts are read: it is gone at once, and back with the account.

use model::AccountId;
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, run};
use super::tx::Tx;

/// The identifiers of the hidden accounts in the column `value`.
pub(super) const HIDDEN: &str = "json_each((SELECT value FROM meta WHERE name = 'hidden_accounts'))";

/// Lists the hidden accounts of a database of an earlier version.
pub(super) fn list_once(db: &Connection) -> rusqlite::Result<()> {
    db.execute(
        "INSERT OR IGNORE INTO meta (name, value)
         SELECT 'hidden_accounts', json_group_array(id) FROM account
         WHERE state = 2 OR (state = 3 AND password_phc <> '')",
        [],
    )?;
    Ok(())
}

/// Uses of hashtags in tweets of hidden accounts: hashtag and number of tweets.
pub(super) fn hashtag_uses(db: &Connection) -> Result<Vec<(i64, u32)>> {
    let sql = format!(
        "SELECT th.hashtag, count(*) FROM {HIDDEN} hidden
         CROSS JOIN tweet t ON t.author = hidden.value AND t.deleted = 0
         CROSS JOIN tweet_hashtag th ON th.tweet = t.id GROUP BY th.hashtag"
    );
    Ok(all(db, &sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

impl Tx<'_> {
    /// Adds an account to the list, or removes it.
    pub(super) fn set_hidden(&self, account: AccountId, hidden: bool) -> Result<()> {
        run(
            self.db,
            "UPDATE meta SET value =
                 (SELECT json_group_array(one.value) FROM json_each(meta.value) one WHERE one.value <> ?1)
             WHERE name = 'hidden_accounts'",
            [Sql(account)],
        )?;
        if hidden {
            run(
                self.db,
                "INSERT INTO meta (name, value) VALUES ('hidden_accounts', json_array(?1))
                 ON CONFLICT (name) DO UPDATE SET value = json_insert(value, '$[#]', ?1)",
                params![Sql(account)],
            )?;
        }
        Ok(())
    }
}
