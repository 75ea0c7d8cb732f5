//! Read lines: how far an account has read each timeline.

use model::limits::READ_LINES_MAX;
use model::{AccountId, ReadLine, TimelineName, TweetId};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, get, parsed, run};
use super::tx::{Tx, applied};
use crate::ChangeResult;

pub(super) fn of_account(db: &Connection, account: AccountId) -> Result<Vec<ReadLine>> {
    let sql = "SELECT timeline, tweet FROM read_line WHERE account = ?1 ORDER BY moved DESC";
    Ok(all(db, sql, [Sql(account)], |row| {
        let timeline = parsed(0, TimelineName::parse(&row.get::<_, String>(0)?))?;
        Ok(ReadLine { timeline, tweet: get(row, 1)? })
    })?)
}

impl Tx<'_> {
    pub(super) fn set_read_line(
        &mut self,
        account: AccountId,
        timeline: &TimelineName,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        self.require_active(account)?;
        // A line in the future would never move again, because lines only move forward.
        let tweet = tweet.get().min(self.newest_id());
        let moved = self.next_id();
        let changed = run(
            self.db,
            "INSERT INTO read_line (account, timeline, tweet, moved) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account, timeline) DO UPDATE SET tweet = excluded.tweet, moved = excluded.moved
             WHERE excluded.tweet > tweet",
            params![Sql(account), timeline.as_str(), tweet.cast_signed(), moved.cast_signed()],
        )? > 0;
        if changed {
            let sql = "DELETE FROM read_line WHERE account = ?1 AND timeline IN
                           (SELECT timeline FROM read_line WHERE account = ?1
                            ORDER BY moved DESC LIMIT -1 OFFSET ?2)";
            run(self.db, sql, params![Sql(account), READ_LINES_MAX])?;
        }
        applied(tweet, changed)
    }
}
