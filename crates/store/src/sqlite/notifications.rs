//! Notifications.

use model::{AccountId, Notification, NotificationId, NotificationKind, Span, TweetId};
use rusqlite::{Connection, Row, params};

use super::sql::{Result, Sql, all, code_of, exists, first, get, get_optional, optional, run};
use super::tx::{Tx, applied};
use super::withdrawn::Cause;
use crate::{ChangeResult, EventKind, NotificationFilter};

const NOTIFICATION: &str = "
    SELECT n.id, n.kind, n.actor, n.tweet, n.id > r.notifications_read AND n.is_read = 0
    FROM notification n JOIN account r ON r.id = n.recipient JOIN account a ON a.id = n.actor
    WHERE a.state = 1 ";

/// Condition: the recipient does not mute the actor.
const NOT_MUTED: &str = "NOT EXISTS (SELECT 1 FROM mute WHERE muter = n.recipient AND muted = n.actor)";

/// Condition: the recipient may see the tweet `t`, which is their own or that of the actor.
const VISIBLE: &str = "(t.deleted = 0 AND (t.author = n.recipient OR t.visibility <= 2
    OR EXISTS (SELECT 1 FROM mention WHERE tweet = t.id AND account = n.recipient)
    OR (t.visibility = 3 AND EXISTS (SELECT 1 FROM follow WHERE follower = n.recipient AND followee = t.author))))";

fn notification_of(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        id: get(row, 0)?,
        kind: get(row, 1)?,
        actor: get(row, 2)?,
        tweet: get_optional(row, 3)?,
        unread: row.get(4)?,
    })
}

pub(super) fn list(
    db: &Connection,
    recipient: AccountId,
    span: Span,
    filter: &NotificationFilter,
    limit: usize,
) -> Result<Vec<Notification>> {
    let (bound, side, order) = match span {
        Span::Latest => (i64::MAX, "<", "DESC"),
        Span::Before(id) => (id.cast_signed(), "<", "DESC"),
        Span::After(id) => (id.cast_signed(), ">", "ASC"),
    };
    let unread = if filter.unread_only { "AND n.id > r.notifications_read AND n.is_read = 0" } else { "" };
    let kinds = match filter.kinds.as_slice() {
        [] => String::new(),
        kinds => format!("AND n.kind IN ({})", codes_of(kinds)),
    };
    let sql = format!(
        "{NOTIFICATION} AND n.recipient = ?1 AND n.id {side} ?2 {unread} {kinds} AND {NOT_MUTED}
         ORDER BY n.id {order} LIMIT ?3"
    );
    let mut list = all(db, &sql, params![Sql(recipient), bound, limit], notification_of)?;
    if order == "ASC" {
        list.reverse();
    }
    Ok(list)
}

/// The codes of these kinds, separated by commas.
fn codes_of(kinds: &[NotificationKind]) -> String {
    let mut codes: Vec<String> = kinds.iter().map(|kind| code_of(*kind).to_string()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join(", ")
}

pub(super) fn one(db: &Connection, id: NotificationId) -> Result<Option<Notification>> {
    Ok(first(db, &format!("{NOTIFICATION} AND n.id = ?1"), [Sql(id)], notification_of)?)
}

pub(super) fn unread(db: &Connection, recipient: AccountId) -> Result<u32> {
    let sql = format!(
        "SELECT count(*) FROM notification n JOIN account a ON a.id = n.actor LEFT JOIN tweet t ON t.id = n.tweet
         WHERE n.recipient = ?1 AND a.state = 1 AND {NOT_MUTED} AND (n.tweet IS NULL OR {VISIBLE})
           AND n.id > (SELECT notifications_read FROM account WHERE id = ?1) AND n.is_read = 0"
    );
    Ok(first(db, &sql, [Sql(recipient)], |row| row.get(0))?.unwrap_or_default())
}

impl Tx<'_> {
    /// Notifies the recipient, unless the actor is the recipient, blocked either way, or muted by the recipient. A
    /// notification of the same that was withdrawn a short while ago is restored instead.
    pub(super) fn notify(
        &mut self,
        recipient: AccountId,
        kind: NotificationKind,
        actor: AccountId,
        tweet: Option<TweetId>,
    ) -> Result<()> {
        let muted = "SELECT 1 FROM mute WHERE muter = ?1 AND muted = ?2";
        if recipient == actor
            || self.blocked(recipient, actor)?
            || exists(self.db, muted, params![Sql(recipient), Sql(actor)])?
        {
            return Ok(());
        }
        let cause = Cause { recipient, kind, actor, tweet };
        let restored = self.withdrawn.find(&self.withdrawals, &cause, self.now_ms);
        let new = || NotificationId::new(self.next_id()).map(|id| (id, false));
        let Some((notification, is_read)) = restored.or_else(new) else { return Ok(()) };
        run(
            self.db,
            "INSERT INTO notification (id, recipient, kind, actor, tweet, is_read) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![Sql(notification), Sql(recipient), Sql(kind), Sql(actor), optional(tweet), is_read],
        )?;
        self.record(match restored {
            Some(_) => EventKind::UnreadChanged { recipient },
            None => EventKind::Notified { recipient, notification },
        })
    }

    pub(super) fn mark_notifications_read(
        &mut self,
        account: AccountId,
        up_to: NotificationId,
    ) -> Result<ChangeResult> {
        // A position in the future would mark notifications as read that do not exist yet.
        let changed = run(
            self.db,
            "UPDATE account SET notifications_read = newest FROM
                 (SELECT max(id) AS newest FROM notification WHERE recipient = ?1 AND id <= ?2)
             WHERE id = ?1 AND newest > notifications_read",
            params![Sql(account), Sql(up_to)],
        )? > 0;
        if changed {
            self.record(EventKind::UnreadChanged { recipient: account })?;
        }
        applied(up_to.get(), changed)
    }

    /// Marks these notifications of the account as read, and no others.
    pub(super) fn mark_each_notification_read(
        &mut self,
        account: AccountId,
        notifications: &[NotificationId],
    ) -> Result<ChangeResult> {
        let mut changed = false;
        for notification in notifications {
            let sql = "UPDATE notification SET is_read = 1 WHERE id = ?1 AND recipient = ?2 AND is_read = 0
                         AND id > (SELECT notifications_read FROM account WHERE id = ?2)";
            changed |= run(self.db, sql, params![Sql(*notification), Sql(account)])? > 0;
        }
        if changed {
            self.record(EventKind::UnreadChanged { recipient: account })?;
        }
        applied(0, changed)
    }

    /// Removes notifications together with a cause that can come back, and reports to whom they were.
    pub(super) fn withdraw_notifications(
        &mut self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<()> {
        let sql = format!(
            "DELETE FROM notification WHERE {condition} RETURNING id, recipient, kind, actor, tweet, is_read"
        );
        let withdrawn = all(self.db, &sql, params, |row| {
            let cause = Cause {
                recipient: get(row, 1)?,
                kind: get(row, 2)?,
                actor: get(row, 3)?,
                tweet: get_optional(row, 4)?,
            };
            Ok((cause, (get::<NotificationId>(row, 0)?, row.get::<_, bool>(5)?)))
        })?;
        for (cause, notification) in withdrawn {
            self.withdrawals.push((cause, notification, self.now_ms));
            self.record(EventKind::UnreadChanged { recipient: cause.recipient })?;
        }
        Ok(())
    }

    /// Removes notifications together with their cause, and reports to whom they were.
    pub(super) fn remove_notifications(
        &mut self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<()> {
        let sql = format!("DELETE FROM notification WHERE {condition} RETURNING recipient");
        let mut recipients = all(self.db, &sql, params, |row| get::<AccountId>(row, 0))?;
        recipients.sort_unstable();
        recipients.dedup();
        for recipient in recipients {
            self.record(EventKind::UnreadChanged { recipient })?;
        }
        Ok(())
    }
}
