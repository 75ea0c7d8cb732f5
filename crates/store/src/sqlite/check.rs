//! The integrity check. It may run next to a server.

use std::path::Path;

use rusqlite::Connection;

use super::connection::open_reader;
use super::open_error::OpenError;
use super::schema;

/// The invariants of every database, each as a query for the rows that violate it.
const INVARIANTS: &[(&str, &str)] = &[
    ("wrong count of tweets", "SELECT id FROM account a WHERE tweets <>
        (SELECT count(*) FROM tweet WHERE author = a.id AND deleted = 0)"),
    ("wrong count of followers", "SELECT id FROM account a WHERE followers <>
        (SELECT count(*) FROM follow WHERE followee = a.id)"),
    ("wrong count of accounts followed", "SELECT id FROM account a WHERE following <>
        (SELECT count(*) FROM follow WHERE follower = a.id)"),
    ("wrong count of replies", "SELECT id FROM tweet t WHERE replies <>
        (SELECT count(*) FROM tweet WHERE reply_to = t.id AND deleted = 0)"),
    ("wrong count of quotes", "SELECT id FROM tweet t WHERE quotes <>
        (SELECT count(*) FROM tweet WHERE quote_of = t.id AND deleted = 0)"),
    ("wrong count of retweets", "SELECT id FROM tweet t WHERE retweets <>
        (SELECT count(*) FROM tweet WHERE retweet_of = t.id)"),
    ("wrong count of likes", "SELECT id FROM tweet t WHERE likes <>
        (SELECT count(*) FROM tweet_like WHERE tweet = t.id)"),
    ("wrong count of a hashtag", "SELECT id FROM hashtag h WHERE tweets <>
        (SELECT count(*) FROM tweet_hashtag WHERE hashtag = h.id)"),
    ("follow across a block", "SELECT f.id FROM follow f JOIN block b
        ON (b.blocker = f.follower AND b.blocked = f.followee) OR (b.blocker = f.followee AND b.blocked = f.follower)"),
    ("notification across a block", "SELECT n.id FROM notification n JOIN block b
        ON (b.blocker = n.recipient AND b.blocked = n.actor) OR (b.blocker = n.actor AND b.blocked = n.recipient)"),
    ("notification of the account's own action", "SELECT id FROM notification WHERE recipient = actor"),
    ("rows refer to a deleted tweet", "SELECT t.id FROM tweet t WHERE deleted = 1 AND (text <> ''
        OR EXISTS (SELECT 1 FROM tweet_like WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM bookmark WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM mention WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM tweet_hashtag WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM notification WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM tweet_version WHERE tweet = t.id)
        OR EXISTS (SELECT 1 FROM tweet WHERE retweet_of = t.id))"),
    ("hashtag of a tweet that is not public", "SELECT t.id FROM tweet_hashtag th JOIN tweet t ON t.id = th.tweet
        WHERE t.visibility <> 1 OR t.deleted = 1"),
    ("public tweet missing from the search index", "SELECT id FROM tweet
        WHERE deleted = 0 AND visibility = 1 AND retweet_of IS NULL
          AND id <= (SELECT value FROM meta WHERE name = 'indexed_through')
          AND id NOT IN (SELECT rowid FROM tweet_search)"),
    ("tweet in the search index that is not public", "SELECT rowid FROM tweet_search WHERE rowid NOT IN
        (SELECT id FROM tweet WHERE deleted = 0 AND visibility = 1 AND retweet_of IS NULL)"),
    ("session of an account that is not active", "SELECT s.id FROM session s JOIN account a ON a.id = s.account
        WHERE a.state <> 1"),
    ("conversation without exactly two members", "SELECT c.id FROM conversation c WHERE 2 <>
        (SELECT count(*) FROM conversation_member WHERE conversation = c.id)"),
    ("wrong newest message of a conversation", "SELECT conversation FROM conversation_member m
        WHERE last_message IS NOT (SELECT max(id) FROM message WHERE conversation = m.conversation)"),
    ("read receipt past the newest message", "SELECT conversation FROM conversation_member
        WHERE delivered > last_message AND last_message >= read_up_to OR read_up_to > delivered"),
    ("identifier above the high-water mark", "SELECT id FROM
        (SELECT max(id) AS id FROM tweet UNION ALL SELECT max(id) FROM account UNION ALL SELECT max(id) FROM event
         UNION ALL SELECT max(id) FROM message UNION ALL SELECT max(id) FROM notification)
        WHERE id > (SELECT value FROM meta WHERE name = 'id_high_water')"),
];

/// Those of databases of schema 7 or newer: a backup that is checked may be older.
const INVARIANTS_SINCE_7: &[(&str, &str)] = &[
    ("wrong newest tweet of an account", "SELECT id FROM account a WHERE last_post <> coalesce(
        (SELECT max(id) FROM tweet WHERE author = a.id AND deleted = 0 AND visibility <= 2 AND retweet_of IS NULL), 0)"),
    ("deleted message with a text", "SELECT id FROM message WHERE deleted = 1 AND text <> ''"),
    ("account without the keys by which lists are sorted", "SELECT id FROM account
        WHERE state = 1 AND (username_key = '' OR name_key = '')
          AND NOT EXISTS (SELECT 1 FROM meta WHERE name = 'keyed_accounts')"),
];

/// Everything that is wrong with a database, one line each; empty when it is sound.
///
/// # Errors
/// [`OpenError`] when it cannot be opened at all.
pub fn check(database: &Path) -> Result<Vec<String>, OpenError> {
    schema::require_database(database)?;
    let db = open_reader(database).map_err(|e| OpenError::sql(database, &e))?;
    findings(&db).map_err(|e| OpenError::sql(database, &e))
}

pub(super) fn findings(db: &Connection) -> rusqlite::Result<Vec<String>> {
    // One transaction: a server that keeps writing must not make counters look wrong.
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
        findings.push(format!("a row of {} refers to a missing row", table?));
    }
    let schema: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let newer = if schema >= 7 { INVARIANTS_SINCE_7 } else { &[] };
    for (finding, query) in INVARIANTS.iter().chain(newer) {
        let mut rows = db.prepare(query)?;
        for id in rows.query_map([], |row| row.get::<_, i64>(0))? {
            findings.push(format!("{finding}: {}", id?));
        }
    }
    drop((integrity, keys));
    transaction.commit()?;
    Ok(findings)
}
