//! Upgrades of databases with every earlier schema: nothing is lost, a copy from before is next to the database, and a
//! server that crashes during the upgrade leaves the old or the new schema, never a mixture. A database of a later
//! version is refused and not changed (P20).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::sleep;

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::random::duration_in;
use crate::server::{Launch, private_directory};

/// The migrations of the server, in order.
const MIGRATIONS: [&str; 10] = [
    include_str!("../../../store/src/sqlite/schema_1.sql"),
    include_str!("../../../store/src/sqlite/schema_2.sql"),
    include_str!("../../../store/src/sqlite/schema_3.sql"),
    include_str!("../../../store/src/sqlite/schema_4.sql"),
    include_str!("../../../store/src/sqlite/schema_5.sql"),
    include_str!("../../../store/src/sqlite/schema_6.sql"),
    include_str!("../../../store/src/sqlite/schema_7.sql"),
    include_str!("../../../store/src/sqlite/schema_8.sql"),
    include_str!("../../../store/src/sqlite/schema_9.sql"),
    include_str!("../../../store/src/sqlite/schema_10.sql"),
];
/// "MiTw", the `application_id` of a database of Mini-Tweet.
const APPLICATION: i64 = 0x4d69_5477;
const TWEETS: i64 = 3_000;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let crashes = context.times(10, 50);
    let mut random = context.random("migrate");
    let (mut broken, mut interrupted, mut versions) = (Vec::new(), 0, Vec::new());
    for version in 1..MIGRATIONS.len() {
        for n in 0..crashes {
            let directory = private_directory()?;
            let launch = prepare(&context.faults, directory.path(), version)?;
            // At each crash point, and at random moments.
            let fault = match n % 4 {
                0 => format!("kill:migration:{}", 1 + n / 4 % (MIGRATIONS.len() - version)),
                1 => format!("kill:backup:{}", 1 + n / 4 % 3),
                _ => String::new(),
            };
            let mut process = launch.clone().with("MINI_TWEET_FAULTS", fault).spawn()?;
            if n % 4 > 1 {
                sleep(duration_in(&mut random, Duration::from_millis(1)..=Duration::from_millis(60))).await;
                process.kill()?;
            } else {
                process.wait().await?;
            }
            let now = schema(&launch.database())?;
            interrupted += usize::from(now < MIGRATIONS.len());
            versions.push(now);
            if !(version..=MIGRATIONS.len()).contains(&now) {
                broken.push(format!("an upgrade from schema {version} ended with schema {now}"));
            }
            let what = |problem: String| format!("schema {version}, crash {n}: {problem}");
            broken.extend(problems_with(&launch, now).into_iter().map(what));
            match launch.start().await {
                Ok(server) => drop(server.stop().await?),
                Err(error) => broken.push(what(error.to_string())),
            }
            broken.extend(problems_with(&launch, MIGRATIONS.len()).into_iter().map(what));
            broken.extend(launch.check()?.into_iter().map(what));
            if now == version {
                let copy = launch.database().with_extension(format!("before-schema-{}.db", MIGRATIONS.len()));
                let copied = schema(&copy).unwrap_or_default();
                broken.extend(
                    (copied != version).then(|| what(format!("the copy from before has schema {copied}"))),
                );
            }
        }
    }
    broken.extend(newer_is_refused(context).await?);
    Ok(vec![Finding {
        promise: 20,
        tried: format!(
            "{} interrupted upgrades from {} schemas, and a database of a later version",
            versions.len(),
            MIGRATIONS.len() - 1
        ),
        figures: format!(
            "{interrupted} killed before the end; {TWEETS} tweets in each are complete; the later version is refused"
        ),
        broken,
        control: incomplete_migration()?,
    }])
}

/// Creates a database with this schema; how to start a server on it.
fn prepare(program: &Path, directory: &Path, version: usize) -> Result<Launch, Error> {
    let launch = Launch::new(program, &directory.join("data"));
    fs::create_dir(launch.data())?;
    fs::set_permissions(launch.data(), fs::Permissions::from_mode(0o700))?;
    let db = Connection::open(launch.database())?;
    fs::set_permissions(launch.database(), fs::Permissions::from_mode(0o600))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    for step in MIGRATIONS.iter().take(version) {
        db.execute_batch(step)?;
    }
    db.pragma_update(None, "user_version", version as i64)?;
    let id = |n: i64| (1_700_000_000_000_i64 << 16) + n;
    db.execute("INSERT INTO event (id, kind) VALUES (?1, 0)", [id(0)])?;
    db.execute("INSERT INTO meta (name, value) VALUES ('id_high_water', ?1)", [id(10 * TWEETS)])?;
    db.execute(
        "INSERT INTO account (id, username, display_name, role, password_phc, tweets) VALUES (?1, 'ada', '', 1, 'x', ?2)",
        [id(1), TWEETS],
    )?;
    db.execute_batch("BEGIN")?;
    for n in 0..TWEETS {
        // For followers only, so it does not have to be in the search index.
        let sql = "INSERT INTO tweet (id, author, text, visibility) VALUES (?1, ?2, 'tweet ' || ?3, 3)";
        db.execute(sql, [id(10 + n), id(1), n])?;
        let sql = "INSERT INTO idempotency (account, key, request_hash, result, changed, made_ms)
                   VALUES (?1, CAST(?2 AS BLOB), zeroblob(32), ?3, 1, 4000000000000)";
        db.execute(sql, [id(1), n, id(10 + n)])?;
    }
    db.execute_batch("COMMIT")?;
    Ok(launch)
}

fn schema(database: &Path) -> Result<usize, Error> {
    let db = Connection::open(database)?;
    Ok(db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?.try_into()?)
}

/// What differs from a complete database of this schema.
fn problems_with(launch: &Launch, version: usize) -> Vec<String> {
    problems(&launch.database(), version).unwrap_or_else(|error| vec![error.to_string()])
}

fn problems(database: &Path, version: usize) -> Result<Vec<String>, Error> {
    let db = Connection::open(database)?;
    let mut problems = Vec::new();
    let integrity: String = db.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    problems.extend((integrity != "ok").then_some(integrity));
    for table in ["tweet", "idempotency"] {
        let count: i64 = db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        problems.extend((count != TWEETS).then(|| format!("{count} rows of {table}")));
    }
    // Exactly the tables of this schema: no migration is half done.
    let expected = Connection::open_in_memory()?;
    for step in MIGRATIONS.iter().take(version) {
        expected.execute_batch(step)?;
    }
    let names = |db: &Connection| -> Result<Vec<String>, Error> {
        let mut query = db.prepare("SELECT name || coalesce(sql, '') FROM sqlite_master ORDER BY name")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    if names(&db)? != names(&expected)? {
        problems.push(format!("the tables are not those of schema {version}"));
    }
    Ok(problems)
}

async fn newer_is_refused(context: &Context) -> Result<Vec<String>, Error> {
    let directory = private_directory()?;
    let launch = prepare(&context.program, directory.path(), MIGRATIONS.len())?;
    Connection::open(launch.database())?.pragma_update(None, "user_version", 99)?;
    let before = fs::read(launch.database())?;
    let mut process = launch.spawn()?;
    let status = process.wait().await?;
    let log = process.output();
    let mut broken = Vec::new();
    if status.success() || !log.contains("newer version") {
        broken.push(format!("a later version: the server exited with {status} and logged {log}"));
    }
    if fs::read(launch.database())? != before {
        broken.push("a database of a later version was changed".to_owned());
    }
    Ok(broken)
}

/// The negative control: a migration that executed only its first statement.
fn incomplete_migration() -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = prepare(Path::new("unused"), directory.path(), 1)?;
    let db = Connection::open(launch.database())?;
    let first = MIGRATIONS[1].split_inclusive(';').next().unwrap_or_default();
    db.execute_batch(first)?;
    let found = problems(&launch.database(), 1)?;
    Ok(Control::of(!found.is_empty(), format!("one statement of a migration: {}", found.join(", "))))
}
