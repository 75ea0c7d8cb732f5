//! Backup, restore and check. Backup and check may run beside a server.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::Connection;

use super::open::{self, OpenError};
use super::readers::reader;
use crate::fault::{self, CrashPoint};

/// What a backup or a restore copied.
#[derive(Debug, Clone, Copy)]
pub struct Copied {
    /// Size of the copy.
    pub bytes: u64,
    /// Accounts that are not deleted.
    pub accounts: u64,
    /// Tweets that are not deleted.
    pub tweets: u64,
}

/// Copies the database as it is at this moment into a new file that only its owner can read.
///
/// # Errors
/// [`OpenError`]; there is no half-written backup under the final name.
pub fn backup(database: &Path, to: &Path) -> Result<Copied, OpenError> {
    if open::examine(database)? {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::io(database, error));
    }
    if to.exists() {
        return Err(OpenError::Exists { path: to.to_owned() });
    }
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = Path::new(&unfinished);
    let _ = fs::remove_file(unfinished);
    // VACUUM INTO writes into a file that is there if it is empty: so its mode is right from the first byte.
    drop(open::private_file(unfinished)?);
    fault::crash_point(CrashPoint::Backup);
    let copy = || -> rusqlite::Result<()> {
        let target =
            unfinished.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(unfinished.to_owned()))?;
        reader(database)?.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    };
    let finished = copy().map_err(|e| OpenError::sql(to, &e)).and_then(|()| finish(unfinished, to));
    if finished.is_err() {
        let _ = fs::remove_file(unfinished);
    }
    finished?;
    summary(to)
}

/// Syncs the copy and gives it its name.
fn finish(unfinished: &Path, to: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::io(to, error);
    File::open(unfinished).and_then(|file| file.sync_all()).map_err(io)?;
    fault::crash_point(CrashPoint::Backup);
    fs::hard_link(unfinished, to).map_err(io)?;
    fault::crash_point(CrashPoint::Backup);
    fs::remove_file(unfinished).map_err(io)?;
    open::sync_name(to).map_err(io)
}

fn summary(path: &Path) -> Result<Copied, OpenError> {
    let sql = |error| OpenError::sql(path, &error);
    let db = reader(path).map_err(sql)?;
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned);
    Ok(Copied {
        bytes: fs::metadata(path).map_err(|e| OpenError::io(path, e))?.len(),
        accounts: count("SELECT count(*) FROM account WHERE state <> 3").map_err(sql)?,
        tweets: count("SELECT count(*) FROM tweet WHERE deleted = 0").map_err(sql)?,
    })
}

/// Puts a backup in the place of a database that is not there.
///
/// # Errors
/// [`OpenError`] when the backup is not sound, or there is a database already.
pub fn restore(from: &Path, database: &Path) -> Result<Copied, OpenError> {
    if database.exists() {
        return Err(OpenError::Exists { path: database.to_owned() });
    }
    let findings = check(from)?;
    if let Some(finding) = findings.first() {
        return Err(OpenError::Corrupt { path: from.to_owned(), detail: finding.clone() });
    }
    if let Some(directory) = database.parent().filter(|d| !d.exists()) {
        open::make_private_directory(directory).map_err(|e| OpenError::io(directory, e))?;
    }
    let _lock = open::lock(database)?;
    backup(from, database)
}

/// What must be true of every database, each as a query for the rows that break it.
const INVARIANTS: &[(&str, &str)] = &[
    ("a counter of tweets is wrong", "SELECT id FROM account a WHERE tweets <>
        (SELECT count(*) FROM tweet WHERE author = a.id AND deleted = 0)"),
    ("a counter of followers is wrong", "SELECT id FROM account a WHERE followers <>
        (SELECT count(*) FROM follow WHERE followee = a.id)"),
    ("a counter of following is wrong", "SELECT id FROM account a WHERE following <>
        (SELECT count(*) FROM follow WHERE follower = a.id)"),
    ("a counter of replies is wrong", "SELECT id FROM tweet t WHERE replies <>
        (SELECT count(*) FROM tweet WHERE reply_to = t.id AND deleted = 0)"),
    ("a counter of quotes is wrong", "SELECT id FROM tweet t WHERE quotes <>
        (SELECT count(*) FROM tweet WHERE quote_of = t.id AND deleted = 0)"),
    ("a counter of retweets is wrong", "SELECT id FROM tweet t WHERE retweets <>
        (SELECT count(*) FROM tweet WHERE retweet_of = t.id)"),
    ("a counter of likes is wrong", "SELECT id FROM tweet t WHERE likes <>
        (SELECT count(*) FROM tweet_like WHERE tweet = t.id)"),
    ("a counter of a hashtag is wrong", "SELECT id FROM hashtag h WHERE tweets <>
        (SELECT count(*) FROM tweet_hashtag WHERE hashtag = h.id)"),
    ("a follow across a block", "SELECT f.id FROM follow f JOIN block b
        ON (b.blocker = f.follower AND b.blocked = f.followee) OR (b.blocker = f.followee AND b.blocked = f.follower)"),
    ("a notification across a block", "SELECT n.id FROM notification n JOIN block b
        ON (b.blocker = n.recipient AND b.blocked = n.actor) OR (b.blocker = n.actor AND b.blocked = n.recipient)"),
    ("a notification of what one did oneself", "SELECT id FROM notification WHERE recipient = actor"),
    ("something hangs on a deleted tweet", "SELECT t.id FROM tweet t WHERE deleted = 1 AND (text <> ''
        OR EXISTS (SELECT 1 FROM tweet_like WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM bookmark WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM mention WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM tweet_hashtag WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM notification WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM tweet_version WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM tweet WHERE retweet_of = t.id))"),
    ("a hashtag of a tweet that is not public", "SELECT t.id FROM tweet_hashtag th JOIN tweet t ON t.id = th.tweet
        WHERE t.visibility <> 1 OR t.deleted = 1"),
    ("a public tweet that search does not know", "SELECT id FROM tweet
        WHERE deleted = 0 AND visibility = 1 AND retweet_of IS NULL
          AND id <= (SELECT value FROM meta WHERE name = 'search_mark')
          AND id NOT IN (SELECT rowid FROM tweet_search)"),
    ("search knows a tweet that is not public", "SELECT rowid FROM tweet_search WHERE rowid NOT IN
        (SELECT id FROM tweet WHERE deleted = 0 AND visibility = 1 AND retweet_of IS NULL)"),
    ("a session of an account that may not have one", "SELECT s.id FROM session s JOIN account a ON a.id = s.account
        WHERE a.state <> 1"),
    ("a conversation with other than two members", "SELECT c.id FROM conversation c WHERE 2 <>
        (SELECT count(*) FROM conversation_member WHERE conversation = c.id)"),
    ("a conversation resolve_or_self newest message is another", "SELECT conversation FROM conversation_member m
        WHERE last_message IS NOT (SELECT max(id) FROM message WHERE conversation = m.conversation)"),
    ("a mark past the newest message", "SELECT conversation FROM conversation_member
        WHERE delivered > last_message AND last_message >= read_up_to OR read_up_to > delivered"),
    ("an identifier above the high-water mark", "SELECT id FROM
        (SELECT max(id) AS id FROM tweet UNION ALL SELECT max(id) FROM account UNION ALL SELECT max(id) FROM event
         UNION ALL SELECT max(id) FROM message UNION ALL SELECT max(id) FROM notification)
        WHERE id > (SELECT value FROM meta WHERE name = 'id_high_water')"),
];

/// Everything that is wrong with a database, a line each; empty when it is sound.
///
/// # Errors
/// [`OpenError`] when it cannot be opened at all.
pub fn check(database: &Path) -> Result<Vec<String>, OpenError> {
    if open::examine(database)? {
        let error = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(OpenError::io(database, error));
    }
    let db = reader(database).map_err(|e| OpenError::sql(database, &e))?;
    findings(&db).map_err(|e| OpenError::sql(database, &e))
}

fn findings(db: &Connection) -> rusqlite::Result<Vec<String>> {
    // One transaction: a server that goes on writing does not make counters look wrong.
    let transaction = db.unchecked_transaction()?;
    let mut findings = Vec::new();
    let mut integrity = db.prepare("PRAGMA integrity_check(20)")?;
    for line in integrity.query_map([], |row| row.get::<_, String>(0))? {
        let line = line?;
        if line != "ok" {
            findings.push(format!("damaged: {line}"));
        }
    }
    let mut keys = db.prepare("PRAGMA foreign_key_check")?;
    for table in keys.query_map([], |row| row.get::<_, String>(0))? {
        findings.push(format!("a row of {} refers to nothing", table?));
    }
    for (what, query) in INVARIANTS {
        let mut rows = db.prepare(query)?;
        for id in rows.query_map([], |row| row.get::<_, i64>(0))? {
            findings.push(format!("{what}: {}", id?));
        }
    }
    drop((integrity, keys));
    transaction.commit()?;
    Ok(findings)
}
