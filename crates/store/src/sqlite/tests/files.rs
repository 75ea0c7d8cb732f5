//! The file of the store: check, backup, restore, migration and restart.

use model::AccountId;
use rusqlite::Connection;

use super::over;
use crate::sqlite::maintenance::{backup, check, restore};
use crate::sqlite::schema::MIGRATIONS;
use crate::sqlite::{DATABASE, OpenError, SqliteStore, migrate, open};
use crate::test_support::{START_MS, TestClock, TestStore};
use crate::{Change, Engine as _, EventKind, EventLog, EventScope, IdempotencyKey, Options, Store as _};

#[tokio::test]
async fn check_finds_what_is_wrong() {
    let made = TestStore::new();
    let fixture = over(&made);
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    fixture.follow(ada, bob).await;
    fixture.post(bob, "counted #once").await;
    made.store.close().await;
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());
    for (harm, finding) in [
        ("UPDATE account SET tweets = tweets + 1", "count of tweets"),
        ("UPDATE account SET followers = 7", "count of followers"),
        ("UPDATE tweet SET likes = 1", "count of likes"),
        ("UPDATE hashtag SET tweets = 0", "count of a hashtag"),
        (
            "INSERT INTO block (blocker, blocked, id) SELECT follower, followee, 1 FROM follow",
            "follow across a block",
        ),
        ("UPDATE tweet SET visibility = 3", "hashtag of a tweet that is not public"),
        ("DELETE FROM tweet_search", "missing from the search index"),
        ("UPDATE meta SET value = 1 WHERE name = 'id_high_water'", "high-water"),
    ] {
        let copy = made.directory.path().join("copy.db");
        backup(&made.database(), &copy).unwrap();
        Connection::open(&copy).unwrap().execute_batch(harm).unwrap();
        let findings = check(&copy).unwrap().join("\n");
        assert!(findings.contains(finding), "{harm}: {findings}");
        std::fs::remove_file(copy).unwrap();
    }
}

#[tokio::test]
async fn a_backup_is_complete_and_overwrites_nothing() {
    let made = TestStore::new();
    let fixture = over(&made);
    let ada = fixture.account("ada").await;
    fixture.post(ada, "kept").await;
    let file = made.directory.path().join("backup.db");
    let copied = backup(&made.database(), &file).unwrap();
    assert_eq!((copied.accounts, copied.tweets), (1, 1));
    let overwritten = backup(&made.database(), &file);
    assert!(matches!(overwritten, Err(OpenError::Exists { path }) if path == file));
    let overwritten = restore(&file, &made.database());
    assert!(matches!(overwritten, Err(OpenError::Exists { path }) if path == made.database()));
    let elsewhere = made.directory.path().join("new/mini-tweet.db");
    restore(&file, &elsewhere).unwrap();
    assert_eq!(check(&elsewhere).unwrap(), Vec::<String>::new());

    let mut bytes = std::fs::read(&file).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0x5a);
    let broken = made.directory.path().join("broken.db");
    // A copy keeps the mode: a file that others can read is refused for that alone.
    std::fs::copy(&file, &broken).unwrap();
    std::fs::write(&broken, bytes).unwrap();
    let nowhere = made.directory.path().join("nowhere/mini-tweet.db");
    let error = restore(&broken, &nowhere).unwrap_err();
    assert!(matches!(&error, OpenError::Corrupt { path, .. } if *path == broken), "{error:?}");
    assert!(!nowhere.exists(), "a damaged backup restores nothing");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_unchanged() {
    let made = TestStore::new();
    made.store.close().await;
    let path = made.database();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let clock = made.clock.clone();
    let TestStore { store, directory, .. } = made;
    drop(store);
    let error = SqliteStore::open(&path, &Options::default(), clock).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 99, known, .. } if known == MIGRATIONS.len()),
        "{error}"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(directory);
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_migrated_and_backed_up() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join(DATABASE);
    open::make_at_schema(&path, 1, START_MS).unwrap();
    let old = Connection::open(&path).unwrap();
    let harmless =
        "INSERT INTO account (id, username, display_name, role, password_phc) VALUES (1, 'ada', '', 1, 'x');
         INSERT INTO session (id, account, token_hash, client_name, last_used_ms)
         VALUES (2, 1, zeroblob(32), 'laptop', 5);
         INSERT INTO idempotency (account, key, request_hash, result, changed, made_ms)
         VALUES (1, x'aa', zeroblob(32), 77, 1, 5);";
    old.execute_batch(harmless).unwrap();
    drop(old);

    let made = TestStore::in_directory(directory, TestClock::new());
    let fixture = over(&made);
    let ada = AccountId::new(1).unwrap();
    assert!(made.store.session_by_token(&[0; 32]).await.unwrap().is_some(), "a session of before is kept");
    let tweet = fixture.post(ada, "hello").await;
    let timeline = model::TimelineName::parse("home").unwrap();
    fixture.apply(Change::SetReadLine { account: ada, timeline, tweet }).await;
    assert_eq!(made.store.read_lines(ada).await.unwrap().len(), 1);
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());

    let once = IdempotencyKey { account: ada, key: vec![0xaa], request_hash: [0; 32] };
    let again = Change::Announce { text: "applied before".into(), ends_ms: None };
    assert_eq!(made.store.apply(again, Some(once)).await.unwrap().id, 77, "a key is still known");

    let copy = migrate::backup_path(&made.database(), MIGRATIONS.len());
    assert_eq!(check(&copy).unwrap(), Vec::<String>::new(), "the copy is a sound database");
    let copy = Connection::open(copy).unwrap();
    let version: u32 = copy.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[tokio::test]
async fn the_only_announcement_of_schema_8_is_carried_over_with_its_time() {
    let event = |id: i64| format!("INSERT INTO event (id, kind) VALUES ({id}, 18);");
    let (first, last) = ((START_MS + 7) << 16, (START_MS + 9) << 16);
    for (text, events, announced) in [
        ("We move", event(first) + &event(last), Some(last)),
        ("We move", String::new(), Some(START_MS << 16)),
        ("", event(first), None),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data").join(DATABASE);
        open::make_at_schema(&path, 8, START_MS).unwrap();
        let old = Connection::open(&path).unwrap();
        old.execute_batch(&events).unwrap();
        old.execute("INSERT INTO meta (name, value) VALUES ('announcement', ?1)", [text]).unwrap();
        old.execute("UPDATE meta SET value = ?1 WHERE name = 'id_high_water'", [last]).unwrap();
        drop(old);

        let made = TestStore::in_directory(directory, TestClock::new());
        assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());
        let found = made.store.announcements(None, START_MS).await.unwrap();
        let is: Vec<_> = found.iter().map(|one| (one.id.get().cast_signed(), one.text.as_str())).collect();
        assert_eq!(is, Vec::from_iter(announced.map(|id| (id, text))));
        // A client that was away gets it once.
        let last = made.store.last_event().await.unwrap();
        let created = model::EventId::new(START_MS.cast_unsigned() << 16).unwrap();
        let log = made.store.events(created, last, EventScope::Clients, 9).await.unwrap();
        let EventLog::Complete(log) = log else { panic!("{log:?}") };
        let kinds: Vec<_> = log.iter().map(|event| event.kind).collect();
        let event_of = |one: &model::Announcement| EventKind::Announced { announcement: one.id };
        let expected: Vec<_> =
            if events.is_empty() { Vec::new() } else { found.iter().map(event_of).collect() };
        assert_eq!(kinds, expected);
    }
}

#[test]
fn an_interrupted_migration_is_resumed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join(DATABASE);
    open::make_at_schema(&path, 1, START_MS).unwrap();
    let copy = migrate::backup_path(&path, MIGRATIONS.len());
    backup(&path, &copy).unwrap();
    let made = TestStore::in_directory(directory, TestClock::new());
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());
    assert_eq!(check(&copy).unwrap(), Vec::<String>::new());
}

fn open_error(path: &std::path::Path) -> OpenError {
    SqliteStore::open(path, &Options::default(), TestClock::new()).unwrap_err()
}

fn private_data_directory() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join(DATABASE);
    crate::sqlite::make_private_directory(path.parent().unwrap()).unwrap();
    (directory, path)
}

#[test]
fn what_is_left_of_a_database_is_not_taken_for_a_first_start() {
    for left in ["mini-tweet.db-wal", "mini-tweet.db-shm", "mini-tweet.before-schema-5.db", "operator.sock"] {
        let (_directory, path) = private_data_directory();
        let left = path.with_file_name(left);
        std::fs::write(&left, "kept").unwrap();
        let error = open_error(&path);
        assert!(matches!(&error, OpenError::Leftover { left: found, .. } if *found == left), "{error:?}");
        assert_eq!(std::fs::read(&left).unwrap(), b"kept", "{left:?}");
        assert!(!path.exists(), "{left:?}");
        for error in [check(&path).unwrap_err(), backup(&path, &path.with_file_name("copy")).unwrap_err()] {
            assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
        }
    }
}

#[test]
fn an_empty_file_is_a_damaged_database() {
    let (_directory, path) = private_data_directory();
    drop(crate::sqlite::files::private_file(&path).unwrap());
    for error in [
        open_error(&path),
        check(&path).unwrap_err(),
        backup(&path, &path.with_file_name("copy")).unwrap_err(),
        restore(&path, &path.with_file_name("new.db")).unwrap_err(),
    ] {
        assert!(matches!(error, OpenError::Empty { .. }), "{error:?}");
    }
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[test]
fn an_interrupted_first_start_is_begun_again() {
    let (directory, path) = private_data_directory();
    std::fs::write(path.with_file_name("mini-tweet.db.unfinished"), "SQLite f").unwrap();
    let made = TestStore::in_directory(directory, TestClock::new());
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());
    assert!(!path.with_file_name("mini-tweet.db.unfinished").exists());
}

#[test]
fn only_a_regular_file_is_opened_as_a_database() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let (_directory, path) = private_data_directory();
    // Without a writer, opening it would wait forever.
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    for error in [
        open_error(&path),
        check(&path).unwrap_err(),
        backup(&path, &path.with_file_name("copy")).unwrap_err(),
        restore(&path, &path.with_file_name("new.db")).unwrap_err(),
    ] {
        assert!(matches!(error, OpenError::NotAFile { .. }), "{error:?}");
    }
}

#[test]
fn a_mistyped_name_is_what_is_wrong_whatever_else_is_in_its_directory() {
    let (_directory, path) = private_data_directory();
    let mistyped = path.with_file_name("backup.db");
    for other in ["media", "backup.db-wal", "operator.sock"] {
        std::fs::write(path.with_file_name(other), "").unwrap();
    }
    let elsewhere = tempfile::tempdir().unwrap();
    for error in [
        restore(&mistyped, &elsewhere.path().join("new/mini-tweet.db")).unwrap_err(),
        check(&mistyped).unwrap_err(),
        backup(&mistyped, &elsewhere.path().join("copy")).unwrap_err(),
    ] {
        assert!(matches!(&error, OpenError::Missing { path } if *path == mistyped), "{error:?}");
    }
    assert!(!elsewhere.path().join("new").exists(), "nothing was created for it");
}

#[tokio::test]
async fn a_restore_leaves_the_log_of_an_earlier_database_alone() {
    let made = TestStore::new();
    let (_directory, path) = private_data_directory();
    let log = path.with_file_name("mini-tweet.db-wal");
    std::fs::write(&log, "kept").unwrap();
    let error = restore(&made.database(), &path).unwrap_err();
    assert!(matches!(&error, OpenError::Leftover { left, .. } if *left == log), "{error:?}");
    assert_eq!(std::fs::read(&log).unwrap(), b"kept");
}

#[tokio::test]
async fn a_name_is_never_taken_for_a_uri() {
    use std::os::unix::fs::PermissionsExt as _;
    let made = TestStore::new();
    // Relative, as SQLite takes only names that begin so for URIs. The test does not change its directory, which
    // other tests share.
    let unique = made.directory.path().file_name().unwrap().to_str().unwrap();
    let name = std::path::PathBuf::from(format!("file:copy-{unique}?mode=rwc"));
    let copied = backup(&made.database(), &name);
    let mode = std::fs::metadata(&name).map(|metadata| metadata.permissions().mode() & 0o777);
    let checked = check(&name);
    for stray in [name, format!("copy-{unique}").into(), format!("copy-{unique}.unfinished").into()] {
        let _ = std::fs::remove_file(stray);
    }
    copied.unwrap();
    assert_eq!(mode.unwrap(), 0o600);
    assert_eq!(checked.unwrap(), Vec::<String>::new());
}
