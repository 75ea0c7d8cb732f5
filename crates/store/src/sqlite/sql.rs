//! What every statement needs: identifiers and codes in columns, cached statements, and the meaning of SQLite's errors
//! for the caller.

use model::{
    AccountId, AccountState, AnnouncementId, ConversationId, Error, EventId, MessageId, NotificationId,
    NotificationKind, ReportId, Role, SessionId, SshKeyId, TweetId, Visibility,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::vtab::array::Array;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension as _, Params, Row};

use crate::fault::{self, InjectedBug};

/// Why a statement or a change failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The change is refused; the database is as it was.
    Refused(Error),
    /// SQLite failed.
    Sql(rusqlite::Error),
}

pub(super) type Result<T, E = Failure> = std::result::Result<T, E>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    /// The error for the caller. Unexpected errors are logged, and the caller gets the number of the incident.
    pub(super) fn into_error(self) -> Error {
        let error = match self {
            Self::Refused(error) => return error,
            Self::Sql(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::StorageFull,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                tracing::error!(%error, "storage failed; check the disk");
                Error::Unavailable("the server's storage failed; its operator has to check the log".into())
            }
            _ => crate::incident(&error),
        }
    }

    /// Whether the disk is full.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull))
    }

    /// Whether the disk or the file is damaged: nothing may be acknowledged after that.
    pub(super) fn is_fatal(&self) -> bool {
        let Self::Sql(error) = self else { return false };
        if fault::is_on(InjectedBug::StopWhenFull) && error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
            return true;
        }
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
    }
}

/// The statement, prepared once per connection.
pub(super) fn prepared<'db>(db: &'db Connection, sql: &str) -> rusqlite::Result<CachedStatement<'db>> {
    #[cfg(test)]
    PREPARED.lock().unwrap().insert(sql.to_owned());
    db.prepare_cached(sql)
}

/// Every statement that this test process has used, so that a test can check their plans.
#[cfg(test)]
pub(super) static PREPARED: std::sync::Mutex<std::collections::BTreeSet<String>> =
    std::sync::Mutex::new(std::collections::BTreeSet::new());

/// Runs a statement and returns the number of rows that it changed.
pub(super) fn run(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    prepared(db, sql)?.execute(params)
}

/// The first row of a query, if there is one.
pub(super) fn first<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    prepared(db, sql)?.query_row(params, read).optional()
}

/// All rows of a query.
pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    prepared(db, sql)?.query_map(params, read)?.collect()
}

/// Whether a query has a row.
pub(super) fn exists(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<bool> {
    prepared(db, sql)?.exists(params)
}

/// An identifier in a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sql<T>(pub(super) T);

macro_rules! ids {
    ($($id:ident),*) => {$(
        impl ToSql for Sql<$id> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.get().cast_signed().into())
            }
        }

        impl From<Sql<$id>> for Value {
            fn from(id: Sql<$id>) -> Self {
                id.0.get().cast_signed().into()
            }
        }

        impl FromSql for Sql<$id> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let id = value.as_i64()?;
                $id::new(id.cast_unsigned()).map(Self).ok_or(FromSqlError::OutOfRange(id))
            }
        }
    )*};
}
ids!(
    AccountId,
    AnnouncementId,
    ConversationId,
    EventId,
    MessageId,
    NotificationId,
    ReportId,
    SessionId,
    SshKeyId,
    TweetId
);

/// Identifiers for `rarray(?)`: one row for each, in this order by `rowid`, with the identifier in the column `value`.
///
/// One statement with 20 or 100 identifiers takes 20 to 50% less time than one statement for each, and 5 to 15% less than
/// with `json_each`, which parses a text. With a single identifier it takes 0.2 to 0.5 µs more.
pub(super) fn array<T: Copy>(ids: &[T]) -> Array
where
    Sql<T>: Into<Value>,
{
    Array::new(ids.iter().map(|id| Sql(*id).into()).collect())
}

macro_rules! codes {
    ($($kind:ident { $($variant:ident = $code:literal),* })*) => {$(
        impl ToSql for Sql<$kind> {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                let code: i64 = match self.0 { $($kind::$variant => $code,)* };
                Ok(code.into())
            }
        }

        impl FromSql for Sql<$kind> {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                match value.as_i64()? {
                    $($code => Ok(Self($kind::$variant)),)*
                    other => Err(FromSqlError::OutOfRange(other)),
                }
            }
        }
    )*};
}
codes! {
    Role { Member = 1, Admin = 2 }
    AccountState { Active = 1, Suspended = 2, Deleted = 3 }
    Visibility { Public = 1, Unlisted = 2, Followers = 3, Direct = 4 }
    NotificationKind { Follow = 1, Mention = 2, Reply = 3, Retweet = 4, Quote = 5, Like = 6 }
}

/// The code of a kind of notification, for a list of codes in a statement.
pub(super) fn code_of(kind: NotificationKind) -> i64 {
    match kind {
        NotificationKind::Follow => 1,
        NotificationKind::Mention => 2,
        NotificationKind::Reply => 3,
        NotificationKind::Retweet => 4,
        NotificationKind::Quote => 5,
        NotificationKind::Like => 6,
    }
}

/// The value of a column of this kind.
pub(super) fn get<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    Sql<T>: FromSql,
{
    row.get::<_, Sql<T>>(column).map(|sql| sql.0)
}

/// As [`get`], for a column that may be NULL.
pub(super) fn get_optional<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    Sql<T>: FromSql,
{
    row.get::<_, Option<Sql<T>>>(column).map(|sql| sql.map(|sql| sql.0))
}

/// An identifier for a column that may be NULL.
pub(super) fn optional<T>(id: Option<T>) -> Option<Sql<T>> {
    id.map(Sql)
}

/// A text column that was validated when it was written; one that no longer parses is damaged.
pub(super) fn parsed<T>(column: usize, value: model::Result<T>) -> rusqlite::Result<T> {
    value.map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
