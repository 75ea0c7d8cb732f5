//! The commit log: the events of every commit, in commit order.

use model::{
    AccountId, AnnouncementId, ConversationId, EventId, MessageId, NotificationId, SessionId, TweetId,
};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, first, get, run};
use crate::{Event, EventKind, EventLog, EventScope};

/// From this code on, events are only for caches: see [`EventKind::is_effect`].
const EFFECTS: i64 = 64;

/// A field of an event in a column; 0 is `None`.
trait Field: Sized {
    fn column(self) -> u64;
    fn from_column(column: u64) -> Option<Self>;
}

macro_rules! fields {
    ($($id:ty),*) => {
        $(impl Field for $id {
            fn column(self) -> u64 {
                self.get()
            }

            fn from_column(column: u64) -> Option<Self> {
                Self::new(column)
            }
        })*
    };
}

fields!(AccountId, AnnouncementId, ConversationId, MessageId, NotificationId, SessionId, TweetId);

impl Field for Option<TweetId> {
    fn column(self) -> u64 {
        self.map_or(0, TweetId::get)
    }

    fn from_column(column: u64) -> Option<Self> {
        Some(TweetId::new(column))
    }
}

macro_rules! event_columns {
    ($($code:literal => $kind:ident { $($field:ident),* },)*) => {
        /// The columns of an event.
        fn columns(kind: EventKind) -> (i64, [i64; 4]) {
            match kind {
                EventKind::Created => (0, [0; 4]),
                EventKind::Imported => (68, [0; 4]),
                $(EventKind::$kind { $($field),* } => {
                    let mut columns = [0; 4];
                    for (column, field) in columns.iter_mut().zip([$($field.column()),*]) {
                        *column = field.cast_signed();
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
                68 => Some(EventKind::Imported),
                $($code => Some(EventKind::$kind { $($field: Field::from_column(columns.next()?)?),* }),)*
                _ => None,
            }
        }
    };
}

event_columns! {
    1 => TweetPosted { tweet, author, reply_to, original },
    2 => TweetEdited { tweet, author },
    3 => TweetDeleted { tweet, author, reply_to, original },
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
    18 => Announced { announcement },
    19 => MessageChanged { conversation, message, author, to },
    20 => AnnouncementRemoved { announcement },
    21 => AnnouncementDismissed { account, announcement },
    64 => Liked { account, tweet },
    65 => Unliked { account, tweet },
    66 => Bookmarked { account, tweet },
    67 => Unbookmarked { account, tweet },
}

/// The event in the columns of a row; `None` for a kind that this version does not know.
pub(super) fn of_columns(id: i64, kind: i64, columns: [i64; 4]) -> Option<Event> {
    Some(Event { id: EventId::new(id.cast_unsigned())?, kind: kind_of(kind, columns)? })
}

pub(super) fn insert(db: &Connection, id: u64, kind: EventKind) -> rusqlite::Result<usize> {
    let (code, [a, b, c, d]) = columns(kind);
    run(
        db,
        "INSERT INTO event (id, kind, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id.cast_signed(), code, a, b, c, d],
    )
}

pub(super) fn after(
    db: &Connection,
    after: EventId,
    until: EventId,
    scope: EventScope,
    limit: usize,
) -> Result<EventLog> {
    // Pruning removes a prefix of the log, so it reaches back to `after` if anything at or before it is left.
    let complete = first(db, "SELECT id FROM event WHERE id <= ?1 LIMIT 1", [Sql(after)], |_| Ok(()))?;
    let complete = complete.is_some()
        && match scope {
            EventScope::Clients => true,
            EventScope::Caches => effects_pruned(db)? <= after.get().cast_signed(),
        };
    if !complete {
        return Ok(EventLog::Pruned);
    }
    let below = match scope {
        EventScope::Clients => EFFECTS,
        EventScope::Caches => i64::MAX,
    };
    let events = all(
        db,
        "SELECT id, kind, a, b, c, d FROM event WHERE id > ?1 AND id <= ?2 AND kind < ?4 ORDER BY id LIMIT ?3",
        params![Sql(after), Sql(until), limit, below],
        |row| {
            let columns = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            let id = get::<EventId>(row, 0)?;
            Ok(kind_of(row.get(1)?, columns).map(|kind| Event { id, kind }))
        },
    )?;
    Ok(EventLog::Complete(events.into_iter().flatten().collect()))
}

/// Events for caches up to this one are pruned.
fn effects_pruned(db: &Connection) -> Result<i64> {
    let sql = "SELECT value FROM meta WHERE name = 'effects_pruned'";
    Ok(first(db, sql, [], |row| row.get(0))?.unwrap_or_default())
}

/// Removes the events up to this time, and those for caches up to a later one. The newest event stays: the log is never
/// empty.
pub(super) fn prune(db: &Connection, before_ms: i64, effects_before_ms: i64) -> Result<bool> {
    let removed =
        run(db, "DELETE FROM event WHERE id < ?1 AND id < (SELECT max(id) FROM event)", [before_ms << 16])?;
    // Only what was added since the last time is looked at.
    let newest = last(db)?.get().cast_signed();
    let (from, to) = (effects_pruned(db)?, newest.min(effects_before_ms << 16));
    if to <= from {
        return Ok(removed > 0);
    }
    let sql =
        "DELETE FROM event WHERE id > ?1 AND id < ?2 AND kind >= ?3 AND id < (SELECT max(id) FROM event)";
    let effects = run(db, sql, params![from, to, EFFECTS])?;
    run(db, "INSERT OR REPLACE INTO meta (name, value) VALUES ('effects_pruned', ?1)", [to])?;
    Ok(removed + effects > 0)
}

pub(super) fn last(db: &Connection) -> rusqlite::Result<EventId> {
    db.query_row("SELECT max(id) FROM event", [], |row| get(row, 0))
}
