//! Databases of every schema that there was, brought up to date: with all that was in them, a copy from before beside
//! them, and old or new, never between, when the server dies at any moment of it. One of a later version is refused and
//! not touched (P20).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::sleep;

use super::Setup;
use crate::Error;
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory};

/// As the server takes them, in their order.
const STEPS: [&str; 5] = [
    include_str!("../../../store/src/sqlite/schema_1.sql"),
    include_str!("../../../store/src/sqlite/schema_2.sql"),
    include_str!("../../../store/src/sqlite/schema_3.sql"),
    include_str!("../../../store/src/sqlite/schema_4.sql"),
    include_str!("../../../store/src/sqlite/schema_5.sql"),
];
/// "MiTw", by which the server knows its own.
const APPLICATION: i64 = 0x4d69_5477;
const TWEETS: i64 = 3_000;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let deaths = setup.times(10, 50);
    let mut random = setup.random("migrate");
    let (mut broken, mut died, mut versions) = (Vec::new(), 0, Vec::new());
    for version in 1..STEPS.len() {
        for n in 0..deaths {
            let directory = private_directory()?;
            let launch = prepared(&setup.faults, directory.path(), version)?;
            // At each of its fault points, and at any other moment.
            let fault = match n % 4 {
                0 => format!("kill:migration:{}", 1 + n / 4 % (STEPS.len() - version)),
                1 => format!("kill:backup:{}", 1 + n / 4 % 3),
                _ => String::new(),
            };
            let mut process = launch.clone().with("MINI_TWEET_FAULTS", fault).spawn()?;
            if n % 4 > 1 {
                sleep(random.between(Duration::from_millis(1), Duration::from_millis(60))).await;
                process.kill()?;
            } else {
                process.ended().await?;
            }
            let now = schema(&launch.database())?;
            died += usize::from(now < STEPS.len());
            versions.push(now);
            if !(version..=STEPS.len()).contains(&now) {
                broken.push(format!("from schema {version} it came to {now}"));
            }
            let what = |problem: String| format!("schema {version}, death {n}: {problem}");
            broken.extend(problems_with(&launch, now).into_iter().map(what));
            match launch.start().await {
                Ok(server) => drop(server.stop().await?),
                Err(error) => broken.push(what(error.to_string())),
            }
            broken.extend(problems_with(&launch, STEPS.len()).into_iter().map(what));
            broken.extend(launch.check()?.into_iter().map(what));
            if now == version {
                let copy = launch.database().with_extension(format!("before-schema-{}.db", STEPS.len()));
                let kept = schema(&copy).unwrap_or_default();
                broken.extend(
                    (kept != version).then(|| what(format!("the copy from before has schema {kept}"))),
                );
            }
        }
    }
    broken.extend(newer_is_refused(setup).await?);
    Ok(vec![Line {
        promise: 20,
        tried: format!(
            "{} upgrades that died, of {} schemas, and one of a later version",
            versions.len(),
            STEPS.len() - 1
        ),
        figures: format!(
            "{died} died before the end; {TWEETS} tweets in each are all there; the later one is refused"
        ),
        broken,
        control: halfway()?,
    }])
}

/// A database as an older version left it, and how to start a server on it.
fn prepared(program: &Path, directory: &Path, version: usize) -> Result<Launch, Error> {
    let launch = Launch::new(program, &directory.join("data"));
    fs::create_dir(launch.data())?;
    fs::set_permissions(launch.data(), fs::Permissions::from_mode(0o700))?;
    let db = Connection::open(launch.database())?;
    fs::set_permissions(launch.database(), fs::Permissions::from_mode(0o600))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "application_id", APPLICATION)?;
    for step in STEPS.iter().take(version) {
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
        // Seen by followers only: search need not know them.
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

/// What is not as a database of this schema has it.
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
    // The tables of this schema and no others: what a step made or left is whole.
    let expected = Connection::open_in_memory()?;
    for step in STEPS.iter().take(version) {
        expected.execute_batch(step)?;
    }
    let names = |db: &Connection| -> Result<Vec<String>, Error> {
        let mut query = db.prepare("SELECT name || coalesce(sql, '') FROM sqlite_master ORDER BY name")?;
        Ok(query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    };
    if names(&db)? != names(&expected)? {
        problems.push(format!("its tables are not those of schema {version}"));
    }
    Ok(problems)
}

async fn newer_is_refused(setup: &Setup) -> Result<Vec<String>, Error> {
    let directory = private_directory()?;
    let launch = prepared(&setup.program, directory.path(), STEPS.len())?;
    Connection::open(launch.database())?.pragma_update(None, "user_version", 99)?;
    let before = fs::read(launch.database())?;
    let mut process = launch.spawn()?;
    let status = process.ended().await?;
    let said = process.said();
    let mut broken = Vec::new();
    if status.success() || !said.contains("newer version") {
        broken.push(format!("a later version: it ended with {status} and said {said}"));
    }
    if fs::read(launch.database())? != before {
        broken.push("a database of a later version was touched".to_owned());
    }
    Ok(broken)
}

/// A step of which only a part was taken is seen.
fn halfway() -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = prepared(Path::new("nothing"), directory.path(), 1)?;
    let db = Connection::open(launch.database())?;
    let first = STEPS[1].split_inclusive(';').next().unwrap_or_default();
    db.execute_batch(first)?;
    let seen = problems(&launch.database(), 1)?;
    Ok(Control::of(!seen.is_empty(), format!("one statement of a step: {}", seen.join(", "))))
}
