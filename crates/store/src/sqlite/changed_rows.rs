//! The rows that a transaction changes, for the log that the nodes of a cluster share. Triggers of the writer's connection
//! note the primary key of each; at the end of the transaction the rows are read once, as they are then.

use std::fmt::Write as _;

use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, Row as SqlRow};

use super::sql::Result;
use crate::shared_log::{Datum, LogEntry, Row, TableChanges, Value};

/// Rows of `meta` that are about this copy and not about the network.
const OF_THIS_COPY: &str = "'id_high_water', 'indexed_through', 'refilled_accounts', 'refilled_tweets', \
                            'keyed_accounts', 'log_position', 'cluster'";
/// Tables that are not copied: the progress of removing words from the search indexes of this copy, and the secrets, which
/// only the shared database has.
const NOT_SHARED: [&str; 2] = ["search_erasure", "secret"];

/// A table that all nodes have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// Those of the primary key first. Each with its declared type.
    pub(crate) columns: Vec<(String, String)>,
    pub(crate) key_columns: usize,
}

impl Table {
    pub(crate) fn key(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().take(self.key_columns).map(|(name, _)| name.as_str())
    }

    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// A condition on the rows that all nodes have.
    pub(crate) fn shared_rows(&self) -> String {
        if self.name == "meta" { format!("name NOT IN ({OF_THIS_COPY})") } else { "true".to_owned() }
    }
}

/// The tables that all nodes have, by name.
pub(crate) fn shared_tables(db: &Connection) -> rusqlite::Result<Vec<Table>> {
    let mut names = db.prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'
         ORDER BY name",
    )?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let shared = names.into_iter().filter(|name| !NOT_SHARED.contains(&name.as_str()));
    shared.map(|name| table(db, name)).collect()
}

fn table(db: &Connection, name: String) -> rusqlite::Result<Table> {
    let mut columns =
        db.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY pk = 0, pk, cid")?;
    let columns = columns
        .query_map([&name], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?
        .collect::<Result<Vec<(String, String, i64)>, _>>()?;
    let key_columns = columns.iter().filter(|column| column.2 > 0).count();
    let columns = columns.into_iter().map(|(name, kind, _)| (name, kind)).collect();
    Ok(Table { name, columns, key_columns })
}

/// Notes the rows that this connection changes.
#[derive(Debug)]
pub(super) struct ChangedRows {
    tables: Vec<Table>,
}

impl ChangedRows {
    /// Begins to note the changed rows of this connection.
    pub(super) fn of(db: &Connection) -> rusqlite::Result<Self> {
        let tables = shared_tables(db)?;
        for table in &tables {
            db.execute_batch(&triggers(table))?;
        }
        Ok(Self { tables })
    }

    /// What was changed since the last call, as it is now.
    pub(super) fn take(&self, db: &Connection) -> rusqlite::Result<LogEntry> {
        let mut tables = Vec::new();
        for table in &self.tables {
            let changes = changes(db, table)?;
            if !changes.rows.is_empty() || !changes.deleted.is_empty() {
                db.prepare_cached(&format!("DELETE FROM temp.changed_{}", table.name))?.execute([])?;
                tables.push(changes);
            }
        }
        Ok(LogEntry { tables })
    }

    /// Forgets what was changed since the last call.
    pub(super) fn forget(&self, db: &Connection) -> rusqlite::Result<()> {
        for table in &self.tables {
            db.prepare_cached(&format!("DELETE FROM temp.changed_{}", table.name))?.execute([])?;
        }
        Ok(())
    }
}

/// The statements that make a list of changed rows for a table, and triggers that fill it.
fn triggers(table: &Table) -> String {
    let name = &table.name;
    let list =
        |prefix: &str| table.key().map(|column| format!("{prefix}{column}")).collect::<Vec<_>>().join(", ");
    let (keys, new, old) = (list(""), list("NEW."), list("OLD."));
    let only = |row: &str| match name.as_str() {
        "meta" => format!("WHEN {row}.name NOT IN ({OF_THIS_COPY})"),
        _ => String::new(),
    };
    // Not INSERT OR IGNORE: a conflict clause of the statement that fires the trigger would replace it.
    let mut sql = format!("CREATE TEMP TABLE changed_{name} ({keys}, PRIMARY KEY ({keys})) WITHOUT ROWID;");
    for (event, row, values) in [
        ("INSERT", "NEW", &new),
        ("DELETE", "OLD", &old),
        ("UPDATE", "NEW", &new),
        (&format!("UPDATE OF {keys}"), "OLD", &old),
    ] {
        let trigger = event.replace([' ', ','], "_");
        let when = only(row);
        let _ = write!(
            sql,
            "CREATE TEMP TRIGGER changed_{name}_{trigger} AFTER {event} ON main.{name} {when} BEGIN
                 INSERT INTO changed_{name} VALUES ({values}) ON CONFLICT DO NOTHING;
             END;"
        );
    }
    sql
}

fn changes(db: &Connection, table: &Table) -> rusqlite::Result<TableChanges> {
    let name = &table.name;
    let on: Vec<_> = table.key().map(|key| format!("t.{key} = c.{key}")).collect();
    let noted = table.key().map(|key| format!("c.{key}"));
    let all = table.column_names().map(|column| format!("t.{column}"));
    let first = table.key().next().unwrap_or("rowid");
    let sql = format!(
        "SELECT t.{first} IS NOT NULL, {} FROM temp.changed_{name} c LEFT JOIN main.{name} t ON {}",
        noted.chain(all).collect::<Vec<_>>().join(", "),
        on.join(" AND ")
    );
    let mut changes = TableChanges {
        table: name.clone(),
        columns: table.column_names().map(str::to_owned).collect(),
        key_columns: u32::try_from(table.key_columns).unwrap_or(u32::MAX),
        ..TableChanges::default()
    };
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, bool>(0)? {
            changes.rows.push(values(row, 1 + table.key_columns, table.columns.len())?);
        } else {
            changes.deleted.push(values(row, 1, table.key_columns)?);
        }
    }
    Ok(changes)
}

/// The values of `count` columns from this one on.
pub(crate) fn values(row: &SqlRow<'_>, from: usize, count: usize) -> rusqlite::Result<Row> {
    let values = (from..from + count).map(|column| Ok(value(row.get_ref(column)?)));
    Ok(Row { values: values.collect::<rusqlite::Result<_>>()? })
}

fn value(value: ValueRef<'_>) -> Value {
    let datum = match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(Datum::Integer(number)),
        // No table has such a column.
        ValueRef::Real(number) => Some(Datum::Text(number.to_string())),
        ValueRef::Text(text) => Some(Datum::Text(String::from_utf8_lossy(text).into_owned())),
        ValueRef::Blob(bytes) => Some(Datum::Blob(bytes.to_vec())),
    };
    Value { datum }
}

/// The value for a parameter of a statement.
pub(crate) fn parameter(value: &Value) -> SqlValue {
    match &value.datum {
        None => SqlValue::Null,
        Some(Datum::Integer(number)) => SqlValue::Integer(*number),
        Some(Datum::Text(text)) => SqlValue::Text(text.clone()),
        Some(Datum::Blob(bytes)) => SqlValue::Blob(bytes.clone()),
    }
}
