//! The commit log: the events of every commit, in commit order.

use model::EventId;
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, first, get, run};
use crate::{Event, EventKind, EventLog};

macro_rules! event_columns {
    ($($code:literal => $kind:ident { $($field:ident),* },)*) => {
        /// The columns of an event.
        fn columns(kind: EventKind) -> (i64, [i64; 4]) {
            match kind {
                EventKind::Created => (0, [0; 4]),
                EventKind::Announced => (18, [0; 4]),
                $(EventKind::$kind { $($field),* } => {
                    let mut columns = [0; 4];
                    for (column, id) in columns.iter_mut().zip([$($field.get()),*]) {
                        *column = id.cast_signed();
                    }
                    ($code, columns)
                })*
            }
        }

        /// The event in these columns; `None` for a kind that this version does not know.
        fn kind_of(code: i64, columns: [i64; 4]) -> Option<EventKind> {
            let mut columns = columns.into_iter().map(i64::cast_unsigned);
            match code {
                0 => Some(EventKind::Created),
                18 => Some(EventKind::Announced),
                $($code => Some(EventKind::$kind { $($field: id_from(columns.next()?)?),* }),)*
                _ => None,
            }
        }
    };
}

event_columns! {
    1 => TweetPosted { tweet, author },
    2 => TweetEdited { tweet, author },
    3 => TweetDeleted { tweet, author },
    4 => Followed { follower, followee },
    5 => Unfollowed { follower, followee },
    6 => Blocked { blocker, blocked },
    7 => Unblocked { blocker, blocked },
    8 => Muted { muter, muted },
    9 => Unmuted { muter, muted },
    10 => Notified { recipient, notification },
    11 => MessageSent { conversation, message, author, to },
    12 => ConversationMarked { conversation, account, with },
    13 => ProfileEdited { account },
    14 => SessionEnded { session, account },
    15 => AccountHidden { account },
    16 => AccountShown { account },
    17 => UnreadChanged { recipient },
}

fn id_from<T>(id: u64) -> Option<T>
where
    Sql<T>: rusqlite::types::FromSql,
{
    let value = rusqlite::types::ValueRef::Integer(id.cast_signed());
    <Sql<T> as rusqlite::types::FromSql>::column_result(value).ok().map(|sql| sql.0)
}

pub(super) fn insert(db: &Connection, id: u64, kind: EventKind) -> rusqlite::Result<usize> {
    let (code, [a, b, c, d]) = columns(kind);
    run(
        db,
        "INSERT INTO event (id, kind, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.cast_signed(), code, a, b, c, d],
    )
}

pub(super) fn after(db: &Connection, after: EventId, until: EventId, limit: usize) -> Result<EventLog> {
    // Pruning removes a prefix of the log, so it reaches back to `after` if anything at or before it is left.
    let complete = first(db, "SELECT id FROM event WHERE id <= ?1 LIMIT 1", [Sql(after)], |_| Ok(()))?;
    if complete.is_none() {
        return Ok(EventLog::Pruned);
    }
    let events = all(
        db,
        "SELECT id, kind, a, b, c, d FROM event WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3",
        params![Sql(after), Sql(until), limit],
        |row| {
            let columns = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            let id = get::<EventId>(row, 0)?;
            Ok(kind_of(row.get(1)?, columns).map(|kind| Event { id, kind }))
        },
    )?;
    Ok(EventLog::Complete(events.into_iter().flatten().collect()))
}

pub(super) fn last(db: &Connection) -> Result<EventId> {
    Ok(db.query_row("SELECT max(id) FROM event", [], |row| get(row, 0))?)
}
