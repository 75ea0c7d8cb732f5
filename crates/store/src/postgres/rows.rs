//! Rows of the network in PostgreSQL: the columns of the copies, written as sets, one statement for each table.

use std::fmt::Write as _;

use prost::Message as _;
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::{ToSql, Type};

use crate::shared_log::{Datum, Row, Value};
use crate::sqlite::changed_rows::Table;

/// How a column is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Text,
    Bytes,
    /// A value of any kind, encoded.
    Any,
}

impl Kind {
    fn of(declared: &str) -> Self {
        match declared {
            "INTEGER" => Self::Integer,
            "TEXT" => Self::Text,
            "BLOB" => Self::Bytes,
            _ => Self::Any,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Integer => "bigint",
            Self::Text => "text",
            Self::Bytes | Self::Any => "bytea",
        }
    }

    fn array(self) -> Type {
        match self {
            Self::Integer => Type::INT8_ARRAY,
            Self::Text => Type::TEXT_ARRAY,
            Self::Bytes | Self::Any => Type::BYTEA_ARRAY,
        }
    }
}

fn kinds(table: &Table) -> impl Iterator<Item = Kind> {
    table.columns.iter().map(|(_, declared)| Kind::of(declared))
}

/// The types of the parameters of [`upsert`].
pub(super) fn column_types(table: &Table) -> Vec<Type> {
    kinds(table).map(Kind::array).collect()
}

/// The types of the parameters of [`delete`].
pub(super) fn key_types(table: &Table) -> Vec<Type> {
    kinds(table).take(table.key_columns).map(Kind::array).collect()
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The statement that creates the table. It has no index but its primary key: nothing else reads it by other columns.
pub(super) fn create(table: &Table) -> String {
    let mut sql = format!("CREATE TABLE {} (", table.name);
    for ((column, _), kind) in table.columns.iter().zip(kinds(table)) {
        let _ = write!(sql, "{column} {}, ", kind.name());
    }
    let _ = write!(sql, "PRIMARY KEY ({}))", list(table.key()));
    sql
}

/// The statement that inserts rows, or replaces those with the same primary key; one array for each column.
pub(super) fn upsert(table: &Table) -> String {
    let places: Vec<_> = (1..=table.columns.len()).map(|number| format!("${number}")).collect();
    let others = table.column_names().skip(table.key_columns);
    let set: Vec<_> = others.map(|column| format!("{column} = excluded.{column}")).collect();
    let action = if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
    format!(
        "INSERT INTO {} ({}) SELECT * FROM unnest({}) ON CONFLICT ({}) DO {action}",
        table.name,
        list(table.column_names()),
        places.join(", "),
        list(table.key()),
    )
}

/// The statement that deletes the rows with these primary keys; one array for each column.
pub(super) fn delete(table: &Table) -> String {
    let places: Vec<_> = (1..=table.key_columns).map(|number| format!("${number}")).collect();
    let on: Vec<_> = table.key().map(|column| format!("t.{column} = k.{column}")).collect();
    format!(
        "DELETE FROM {} t USING unnest({}) AS k ({}) WHERE {}",
        table.name,
        places.join(", "),
        list(table.key()),
        on.join(" AND ")
    )
}

/// The statement that reads all rows.
pub(super) fn select(table: &Table) -> String {
    format!("SELECT {} FROM {}", list(table.column_names()), table.name)
}

/// A parameter for each column: the array of its values.
pub(super) fn arrays<'a>(table: &Table, rows: &'a [Row]) -> Vec<Box<dyn ToSql + Sync + Send + 'a>> {
    let width = rows.first().map_or(0, |row| row.values.len());
    kinds(table).take(width).enumerate().map(|(column, kind)| array(kind, column, rows)).collect()
}

fn array<'a>(kind: Kind, column: usize, rows: &'a [Row]) -> Box<dyn ToSql + Sync + Send + 'a> {
    let values = rows.iter().map(move |row| row.values.get(column));
    let data = values.clone().map(|value| value.and_then(|value| value.datum.as_ref()));
    match kind {
        Kind::Integer => Box::new(
            data.map(|datum| match datum {
                Some(Datum::Integer(number)) => Some(*number),
                _ => None,
            })
            .collect::<Vec<_>>(),
        ),
        Kind::Text => Box::new(
            data.map(|datum| match datum {
                Some(Datum::Text(text)) => Some(text.as_str()),
                _ => None,
            })
            .collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            data.map(|datum| match datum {
                Some(Datum::Blob(bytes)) => Some(bytes.as_slice()),
                _ => None,
            })
            .collect::<Vec<_>>(),
        ),
        Kind::Any => Box::new(values.map(|value| value.map(Value::encode_to_vec)).collect::<Vec<_>>()),
    }
}

/// A row that [`select`] read.
///
/// # Errors
/// When the table has other columns.
pub(super) fn row(table: &Table, row: &PgRow) -> Result<Row, String> {
    let value = |(column, kind): (usize, Kind)| -> Result<Value, tokio_postgres::Error> {
        let datum = match kind {
            Kind::Integer => row.try_get::<_, Option<i64>>(column)?.map(Datum::Integer),
            Kind::Text => row.try_get::<_, Option<String>>(column)?.map(Datum::Text),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(column)?.map(Datum::Blob),
            Kind::Any => {
                let encoded = row.try_get::<_, Option<Vec<u8>>>(column)?.unwrap_or_default();
                return Ok(Value::decode(encoded.as_slice()).unwrap_or_default());
            }
        };
        Ok(Value { datum })
    };
    let values = kinds(table).enumerate().map(value).collect::<Result<_, _>>();
    values.map(|values| Row { values }).map_err(|error| format!("table {}: {error}", table.name))
}
