//! Reports of accounts and tweets to the admins.

use model::{Account, AccountId, DisplayName, Error, Report, ReportId, ReportReason, TweetId, Username};
use rusqlite::{Connection, Row, params};

use super::sql::{Result, Sql, all, first, get, parsed, run};
use super::tx::{Tx, applied};
use crate::ChangeResult;

const LIST: &str =
    "SELECT r.id, r.tweet, r.reason, coalesce(t.text, ''), by.id, by.username, by.display_name,
            a.id, a.username, a.display_name
     FROM report r JOIN account by ON by.id = r.reporter JOIN account a ON a.id = r.account
          LEFT JOIN tweet t ON t.id = r.tweet";

pub(super) fn list(db: &Connection, by: Option<AccountId>, limit: usize) -> Result<Vec<Report>> {
    let rows = match by {
        None => all(db, &format!("{LIST} ORDER BY r.id LIMIT ?1"), [limit], read)?,
        Some(by) => {
            let sql = format!("{LIST} WHERE r.reporter = ?1 ORDER BY r.id LIMIT ?2");
            all(db, &sql, params![Sql(by), limit], read)?
        }
    };
    Ok(rows)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Report> {
    Ok(Report {
        id: get(row, 0)?,
        tweet: TweetId::new(row.get::<_, i64>(1)?.cast_unsigned()),
        reason: parsed(2, ReportReason::parse(&row.get::<_, String>(2)?))?,
        text: row.get(3)?,
        reporter: account(row, 4)?,
        account: account(row, 7)?,
    })
}

fn account(row: &Row<'_>, column: usize) -> rusqlite::Result<Account> {
    Ok(Account {
        id: get(row, column)?,
        username: parsed(column + 1, Username::parse(&row.get::<_, String>(column + 1)?))?,
        display_name: parsed(column + 2, DisplayName::parse(&row.get::<_, String>(column + 2)?))?,
    })
}

impl Tx<'_> {
    pub(super) fn report(
        &mut self,
        reporter: AccountId,
        account: AccountId,
        tweet: Option<TweetId>,
        reason: &ReportReason,
    ) -> Result<ChangeResult> {
        if reporter == account {
            return Err(Error::own_account().into());
        }
        self.require_active(reporter)?;
        let number = tweet.map_or(0, TweetId::get).cast_signed();
        let sql = "SELECT id FROM report WHERE reporter = ?1 AND account = ?2 AND tweet = ?3";
        let known =
            first(self.db, sql, params![Sql(reporter), Sql(account), number], |row| get::<ReportId>(row, 0))?;
        if let Some(report) = known {
            return applied(report.get(), false);
        }
        self.require_active_or_suspended(account)?;
        if let Some(tweet) = tweet {
            self.subject(tweet)?;
        }
        let id = self.next_id();
        run(
            self.db,
            "INSERT INTO report (id, reporter, account, tweet, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id.cast_signed(), Sql(reporter), Sql(account), number, reason.as_str()],
        )?;
        applied(id, true)
    }

    pub(super) fn close_report(&mut self, report: ReportId) -> Result<ChangeResult> {
        let closed = run(self.db, "DELETE FROM report WHERE id = ?1", [Sql(report)])? > 0;
        applied(report.get(), closed)
    }
}
