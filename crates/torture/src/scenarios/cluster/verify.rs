//! What must be true of a cluster when it is stopped: PostgreSQL has everything that was acknowledged, once; all copies are
//! equal to it; and what arrived live is the log.

use std::path::Path;

use rusqlite::Connection;

use super::load::History;
use super::nodes::{Cluster, url};
use super::postgres::Postgres;
use super::readers::Reader;
use crate::error::Error;

/// Rows of the table `meta` that each copy has for itself, and the tables that are not copied. As in the store.
const OF_THIS_COPY: &str = "'id_high_water', 'indexed_through', 'refilled_accounts', 'refilled_tweets', 'keyed_accounts', \
                            'log_position', 'cluster'";
const NOT_SHARED: [&str; 2] = ["search_erasure", "secret"];
/// Differences reported for each table and copy.
const SHOWN: usize = 3;

/// Stops the servers; returns what is broken, one line each.
pub(super) async fn verify(
    cluster: &mut Cluster,
    postgres: &Postgres,
    database: &str,
    history: &History,
    readers: &[Reader],
) -> Result<Vec<String>, Error> {
    cluster.stop().await?;
    let mut broken = history.take_broken();
    // Servers that were killed could not say that they end; all have ended now.
    postgres.sql(database, "DELETE FROM node")?;
    let truth = cluster.directory().join("truth");
    let from = url(&[&postgres.address()], database);
    cluster.launch().run(&["move", "--from", &from, "--to", truth.to_str().ok_or("not UTF-8")?])?;
    // What was moved is the database of a single server.
    let checked = cluster.launch().at(&truth).with("MINI_TWEET_STORE", "sqlite:");
    broken.extend(checked.check()?);
    broken.extend(history.acknowledged.with(|record| record.missing_from(&checked.database()))?);
    let head = postgres.sql(database, "SELECT head FROM log_head")?;
    for (n, node) in cluster.nodes.iter().enumerate() {
        let different = differences(&checked.database(), &node.copy(), &head)?;
        broken.extend(different.into_iter().map(|line| format!("copy of server {n}: {line}")));
    }
    for (n, reader) in readers.iter().enumerate() {
        broken.extend(not_arrived(reader, history).into_iter().map(|line| format!("at server {n}: {line}")));
    }
    Ok(broken)
}

/// What is not right about what arrived at a reader.
fn not_arrived(reader: &Reader, history: &History) -> Vec<String> {
    reader.with(|arrived| {
        let mut broken = std::mem::take(&mut arrived.broken);
        history.acknowledged.with(|record| {
            let missing = record.tweets.keys().filter(|id| !arrived.tweets.contains_key(id));
            let unexcused = missing.filter(|&&id| !arrived.excuses(id));
            broken.extend(unexcused.map(|id| format!("tweet {id} did not arrive, and no gap was announced")));
        });
        broken
    })
}

/// How a copy is different from the truth.
fn differences(truth: &Path, copy: &Path, head: &str) -> Result<Vec<String>, Error> {
    let db = Connection::open(truth)?;
    db.execute("ATTACH ?1 AS copy", [copy.to_str().ok_or("not UTF-8")?])?;
    let mut broken = Vec::new();
    let position = "SELECT value FROM copy.meta WHERE name = 'log_position'";
    let position: i64 = db.query_row(position, [], |row| row.get(0))?;
    if position.to_string() != head {
        broken.push(format!("it is at {position} of the log, whose head is {head}"));
    }
    for table in tables(&db)? {
        let columns = columns(&db, &table)?;
        let shared =
            if table == "meta" { format!("WHERE name NOT IN ({OF_THIS_COPY})") } else { String::new() };
        let rows = |of: &str| format!("SELECT {} FROM {of}.{table} {shared}", columns.join(", "));
        for (what, one, other) in [("lacks", "main", "copy"), ("has in addition", "copy", "main")] {
            let sql = format!("SELECT count(*) FROM ({} EXCEPT {})", rows(one), rows(other));
            let count: usize = db.query_row(&sql, [], |row| row.get(0))?;
            if count == 0 {
                continue;
            }
            let keys =
                format!("SELECT {} FROM ({} EXCEPT {}) LIMIT {SHOWN}", columns[0], rows(one), rows(other));
            let mut keys = db.prepare(&keys)?;
            let keys: Vec<String> =
                keys.query_map([], |row| Ok(format!("{:?}", row.get_ref(0)?)))?.collect::<Result<_, _>>()?;
            broken.push(format!("it {what} {count} rows of {table}: {}", keys.join(", ")));
        }
    }
    Ok(broken)
}

/// The tables that the copies share with PostgreSQL.
fn tables(db: &Connection) -> Result<Vec<String>, Error> {
    let sql = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut tables = db.prepare(sql)?;
    let names = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(names.into_iter().filter(|name| !NOT_SHARED.contains(&name.as_str())).collect())
}

fn columns(db: &Connection, table: &str) -> Result<Vec<String>, Error> {
    let mut columns = db.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY pk = 0, pk, cid")?;
    Ok(columns.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_missing_or_different_is_reported() {
        let directory = tempfile::tempdir().unwrap();
        let make = |name: &str, rows: &str| {
            let path = directory.path().join(name);
            let schema = "CREATE TABLE meta (name TEXT PRIMARY KEY, value); CREATE TABLE tweet (id INTEGER PRIMARY KEY, text);
                          INSERT INTO meta VALUES ('log_position', 9);";
            Connection::open(&path).unwrap().execute_batch(&format!("{schema}{rows}")).unwrap();
            path
        };
        let truth = make("truth", "INSERT INTO tweet VALUES (1, 'a'), (2, 'b');");
        let same = make("same", "INSERT INTO tweet VALUES (1, 'a'), (2, 'b');");
        let other = make("other", "INSERT INTO tweet VALUES (1, 'a'), (3, 'c');");
        assert!(differences(&truth, &same, "9").unwrap().is_empty());
        assert_eq!(
            differences(&truth, &other, "8").unwrap(),
            [
                "it is at 9 of the log, whose head is 8",
                "it lacks 1 rows of tweet: Integer(2)",
                "it has in addition 1 rows of tweet: Integer(3)"
            ]
        );
    }
}
