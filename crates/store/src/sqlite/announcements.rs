//! Announcements: what the operator says to everyone, and who has dismissed it.

use model::limits::ANNOUNCEMENTS_MAX;
use model::{AccountId, Announcement, AnnouncementId, Error};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, first, get, optional, run};
use super::tx::{Tx, applied};
use crate::{ChangeResult, EventKind};

pub(super) fn list(db: &Connection, account: Option<AccountId>, now_ms: i64) -> Result<Vec<Announcement>> {
    let sql = "SELECT a.id, a.text, a.ends_ms,
                      EXISTS (SELECT 1 FROM announcement_dismissal WHERE account = ?1 AND announcement = a.id)
               FROM announcement a WHERE a.ends_ms IS NULL OR a.ends_ms > ?2 ORDER BY a.id DESC";
    Ok(all(db, sql, params![optional(account), now_ms], |row| {
        Ok(Announcement { id: get(row, 0)?, text: row.get(1)?, ends_ms: row.get(2)?, dismissed: row.get(3)? })
    })?)
}

impl Tx<'_> {
    pub(super) fn announce(&mut self, text: &str, ends_ms: Option<i64>) -> Result<ChangeResult> {
        self.remove_ended_announcements()?;
        let sql = "SELECT id FROM announcement WHERE text = ?1";
        if let Some(known) = first(self.db, sql, [text], |row| get::<AnnouncementId>(row, 0))? {
            return applied(known.get(), false);
        }
        let count = first(self.db, "SELECT count(*) FROM announcement", [], |row| row.get::<_, usize>(0))?;
        if count.unwrap_or_default() >= ANNOUNCEMENTS_MAX {
            let reason =
                format!("is one too many: there are {ANNOUNCEMENTS_MAX} announcements; remove one first");
            return Err(Error::invalid("text", reason).into());
        }
        let id = self.next_id();
        let announcement =
            AnnouncementId::new(id).ok_or_else(|| crate::incident(&"no identifier is left"))?;
        let sql = "INSERT INTO announcement (id, text, ends_ms) VALUES (?1, ?2, ?3)";
        run(self.db, sql, params![Sql(announcement), text, ends_ms])?;
        self.record(EventKind::Announced { announcement })?;
        applied(id, true)
    }

    pub(super) fn remove_announcement(&mut self, announcement: AnnouncementId) -> Result<ChangeResult> {
        run(self.db, "DELETE FROM announcement_dismissal WHERE announcement = ?1", [Sql(announcement)])?;
        let changed = run(self.db, "DELETE FROM announcement WHERE id = ?1", [Sql(announcement)])? > 0;
        if changed {
            self.record(EventKind::AnnouncementRemoved { announcement })?;
        }
        applied(announcement.get(), changed)
    }

    pub(super) fn remove_announcements(&mut self) -> Result<ChangeResult> {
        let ids = all(self.db, "SELECT id FROM announcement", [], |row| get(row, 0))?;
        applied(0, self.remove_each_announcement(ids)?)
    }

    /// Removes those that have ended; whether there were any.
    pub(super) fn remove_ended_announcements(&mut self) -> Result<bool> {
        let sql = "SELECT id FROM announcement WHERE ends_ms <= ?1";
        let ended = all(self.db, sql, [self.now_ms], |row| get(row, 0))?;
        self.remove_each_announcement(ended)
    }

    fn remove_each_announcement(&mut self, ids: Vec<AnnouncementId>) -> Result<bool> {
        let changed = !ids.is_empty();
        for id in ids {
            self.remove_announcement(id)?;
        }
        Ok(changed)
    }

    pub(super) fn dismiss_announcement(
        &mut self,
        account: AccountId,
        announcement: AnnouncementId,
    ) -> Result<ChangeResult> {
        self.require_active(account)?;
        let sql = "INSERT OR IGNORE INTO announcement_dismissal (account, announcement)
                   SELECT ?1, id FROM announcement WHERE id = ?2";
        let changed = run(self.db, sql, params![Sql(account), Sql(announcement)])? > 0;
        if changed {
            self.record(EventKind::AnnouncementDismissed { account, announcement })?;
        }
        applied(announcement.get(), changed)
    }
}
