//! Applies entries of the shared log to this copy of the database.

use model::AccountId;
use rusqlite::{Connection, params, params_from_iter};

use super::changed_rows::parameter;
use super::search_erasure::{self, Purge};
use super::sql::first;
use super::{events, search_index};
use crate::Event;
use crate::shared_log::{Datum, LogEntry, Row, TableChanges};

/// Applies an entry in the open transaction. Returns its events, and the number of public tweets that it leaves to be
/// indexed.
pub(super) fn apply(
    db: &Connection,
    entry: &LogEntry,
    indexed_through: u64,
) -> rusqlite::Result<(Vec<Event>, u64)> {
    // Tables refer to each other, also in circles.
    db.pragma_update(None, "defer_foreign_keys", 1)?;
    let (mut events, mut unindexed) = (Vec::new(), 0);
    // Before the insertions: a row may take the place of a deleted one in a unique index.
    for changes in &entry.tables {
        delete(db, changes)?;
    }
    for changes in &entry.tables {
        let search = Search::of(db, changes)?;
        upsert(db, changes)?;
        unindexed += search.follow(db, indexed_through)?;
        if changes.table == "account" {
            for row in changes.rows.iter().filter(|row| is_purged(changes, row)) {
                if let Some(account) =
                    integer(changes, row, "id").and_then(|id| AccountId::new(id.cast_unsigned()))
                {
                    search_erasure::note(db, Purge::Elsewhere, account)?;
                }
            }
        }
        if changes.table == "event" {
            events.extend(changes.rows.iter().filter_map(|row| event(changes, row)));
        }
    }
    Ok((events, unindexed))
}

fn delete(db: &Connection, changes: &TableChanges) -> rusqlite::Result<()> {
    if changes.deleted.is_empty() {
        return Ok(());
    }
    let key = changes.columns.iter().take(changes.key_columns as usize);
    let conditions: Vec<_> = key.map(|column| format!("{column} = ?")).collect();
    let sql = format!("DELETE FROM {} WHERE {}", changes.table, conditions.join(" AND "));
    let mut statement = db.prepare_cached(&sql)?;
    for row in &changes.deleted {
        statement.execute(params_from_iter(row.values.iter().map(parameter)))?;
    }
    Ok(())
}

/// The statement that inserts a row or replaces its columns.
fn upsert(db: &Connection, changes: &TableChanges) -> rusqlite::Result<()> {
    let (key, others) = changes.columns.split_at((changes.key_columns as usize).min(changes.columns.len()));
    let set: Vec<_> = others.iter().map(|column| format!("{column} = excluded.{column}")).collect();
    let conflict =
        if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {conflict}",
        changes.table,
        changes.columns.join(", "),
        vec!["?"; changes.columns.len()].join(", "),
        key.join(", "),
    );
    let mut statement = db.prepare_cached(&sql)?;
    for row in &changes.rows {
        statement.execute(params_from_iter(row.values.iter().map(parameter)))?;
    }
    Ok(())
}

/// A number in a row of an entry.
fn integer(changes: &TableChanges, row: &Row, column: &str) -> Option<i64> {
    let index = changes.columns.iter().position(|name| name == column)?;
    match row.values.get(index)?.datum {
        Some(Datum::Integer(number)) => Some(number),
        _ => None,
    }
}

fn text<'a>(changes: &TableChanges, row: &'a Row, column: &str) -> Option<&'a str> {
    let index = changes.columns.iter().position(|name| name == column)?;
    match &row.values.get(index)?.datum {
        Some(Datum::Text(text)) => Some(text),
        _ => None,
    }
}

/// Whether all texts of this account are removed at the node that purges it, but for the words in the search indexes.
fn is_purged(changes: &TableChanges, row: &Row) -> bool {
    integer(changes, row, "state") == Some(3)
        && text(changes, row, "password_phc").is_some_and(|hash| hash == "purge" || hash.is_empty())
}

fn event(changes: &TableChanges, row: &Row) -> Option<Event> {
    let column = |name| integer(changes, row, name);
    let columns = [column("a")?, column("b")?, column("c")?, column("d")?];
    events::of_columns(column("id")?, column("kind")?, columns)
}

/// Rows whose words change in the search indexes, which are not in the log: each copy has its own.
struct Search {
    tweets: Vec<i64>,
    accounts: Vec<i64>,
}

impl Search {
    /// Before the rows are written.
    fn of(db: &Connection, changes: &TableChanges) -> rusqlite::Result<Self> {
        let mut search = Self { tweets: Vec::new(), accounts: Vec::new() };
        let (found, same) = match changes.table.as_str() {
            "tweet" => {
                (&mut search.tweets, "SELECT 1 FROM tweet WHERE id = ?1 AND text = ?2 AND deleted = ?3")
            }
            "account" => (
                &mut search.accounts,
                "SELECT 1 FROM account WHERE id = ?1 AND username || char(10) || display_name = ?2
                 AND (state = 3) = (?3 = 3)",
            ),
            _ => return Ok(search),
        };
        for row in &changes.rows {
            let id = integer(changes, row, "id").unwrap_or_default();
            let (text, state) = match changes.table.as_str() {
                "tweet" => (text(changes, row, "text").map(str::to_owned), integer(changes, row, "deleted")),
                _ => (
                    text(changes, row, "username")
                        .zip(text(changes, row, "display_name"))
                        .map(|(username, name)| format!("{username}\n{name}")),
                    integer(changes, row, "state"),
                ),
            };
            if first(db, same, params![id, text, state], |_| Ok(()))?.is_none() {
                found.push(id);
            }
        }
        Ok(search)
    }

    /// After the rows were written; returns the number of tweets that are left to be indexed.
    fn follow(&self, db: &Connection, indexed_through: u64) -> rusqlite::Result<u64> {
        let mut unindexed = 0;
        for &id in &self.tweets {
            if id.cast_unsigned() <= indexed_through {
                search_index::index_tweet_again(db, id)?;
            } else {
                unindexed += 1;
            }
        }
        for &id in &self.accounts {
            search_index::index_name_again(db, id)?;
        }
        Ok(unindexed)
    }
}
