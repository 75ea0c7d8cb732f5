//! Derives again what is derived from texts, after a migration that changed the rules of text: read positions of
//! hashtags, names in the search for people, hashtags and mentions of tweets, the search for tweets, and the keys by which
//! names are sorted.
//!
//! It works in batches, each a transaction with its mark, so that an interrupted start continues where it was.

use model::{Account, Hashtag, TimelineName, TweetId, Username, Visibility, hashtags_and_mentions};
use rusqlite::{Connection, Result, params};

use super::sql::{Sql, all, first, get, run};
use super::{hashtags, search_index};

/// Rows of one transaction.
const BATCH: usize = 2_000;
/// After this many tweets, the progress is logged.
const LOG_EVERY: usize = 100_000;

/// Does all that is left to do; nothing if a migration did not ask for it.
pub(super) fn refill(db: &Connection) -> Result<()> {
    let of = if mark(db, "refilled_tweets")?.is_some() { count(db)? } else { 0 };
    let mut done = 0;
    while let Some(rows) = step(db, BATCH)? {
        let logged = done / LOG_EVERY;
        done += rows;
        if done / LOG_EVERY > logged {
            tracing::info!(done, of, "updating hashtags, mentions and search");
        }
    }
    Ok(())
}

/// Rows to go through: accounts once, tweets twice.
fn count(db: &Connection) -> Result<usize> {
    let sql = "SELECT (SELECT count(*) FROM account) + 2 * (SELECT count(*) FROM tweet)";
    db.query_row(sql, [], |row| row.get(0))
}

/// One batch; returns the number of rows that it went through, or `None` if nothing is left.
pub(super) fn step(db: &Connection, batch: usize) -> Result<Option<usize>> {
    if let Some(mark) = mark(db, "refilled_accounts")? {
        return in_transaction(db, || accounts(db, mark, batch)).map(Some);
    }
    let Some(tweets_mark) = mark(db, "refilled_tweets")? else {
        let Some(mark) = mark(db, "keyed_accounts")? else { return Ok(None) };
        return in_transaction(db, || name_keys(db, mark, batch)).map(Some);
    };
    let rows = in_transaction(db, || tweets(db, tweets_mark, batch))?;
    if rows > 0 {
        return Ok(Some(rows));
    }
    let (indexed_through, _) = search_index::backlog(db)?;
    let (_, indexed) = search_index::index(db, indexed_through, batch as u64)?;
    if indexed == 0 {
        run(db, "DELETE FROM meta WHERE name = 'refilled_tweets'", [])?;
    }
    Ok(Some(usize::try_from(indexed).unwrap_or(usize::MAX)))
}

fn in_transaction(db: &Connection, work: impl FnOnce() -> Result<usize>) -> Result<usize> {
    let transaction = db.unchecked_transaction()?;
    let rows = work()?;
    transaction.commit()?;
    Ok(rows)
}

fn mark(db: &Connection, name: &str) -> Result<Option<i64>> {
    first(db, "SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
}

fn set_mark(db: &Connection, name: &str, value: Option<i64>) -> Result<()> {
    match value {
        Some(value) => run(db, "UPDATE meta SET value = ?2 WHERE name = ?1", params![name, value])?,
        None => run(db, "DELETE FROM meta WHERE name = ?1", [name])?,
    };
    Ok(())
}

fn accounts(db: &Connection, after: i64, batch: usize) -> Result<usize> {
    if after == 0 {
        read_lines(db)?;
    }
    let sql = "SELECT id, username, display_name, state <> 3 FROM account WHERE id > ?1 ORDER BY id LIMIT ?2";
    let rows = all(db, sql, params![after, batch], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, String>(2)?,
            row.get::<_, bool>(3)?,
        ))
    })?;
    for (id, username, display_name, is_found) in &rows {
        // A username of an account that was deleted long ago is free again.
        if let Ok(name) = Username::parse(username) {
            run(db, "UPDATE account SET skeleton = ?2 WHERE id = ?1", params![id, name.skeleton()])?;
        }
        if *is_found {
            search_index::insert_name(db, *id, username, display_name)?;
        }
    }
    set_mark(db, "refilled_accounts", rows.last().map(|row| row.0))?;
    Ok(rows.len())
}

/// The keys by which lists of accounts are sorted.
fn name_keys(db: &Connection, after: i64, batch: usize) -> Result<usize> {
    let sql = "SELECT id, username, display_name FROM account WHERE id > ?1 ORDER BY id LIMIT ?2";
    let rows = all(db, sql, params![after, batch], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    for (id, username, display_name) in &rows {
        let username_key = Username::parse(username).map(|name| name.sort_key()).unwrap_or_default();
        let name_key = Account::name_key(username, display_name);
        let sql = "UPDATE account SET username_key = ?2, name_key = ?3 WHERE id = ?1";
        run(db, sql, params![id, username_key, name_key])?;
    }
    set_mark(db, "keyed_accounts", rows.last().map(|row| row.0))?;
    Ok(rows.len())
}

/// Read positions in hashtags get the names that the hashtags have now.
fn read_lines(db: &Connection) -> Result<()> {
    let sql = "SELECT account, timeline, tweet FROM read_line WHERE timeline >= '#' AND timeline < '$'";
    let rows =
        all(db, sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)))?;
    for (account, old, tweet) in rows {
        let new = TimelineName::parse(&old).ok();
        if new.as_ref().is_some_and(|new| new.as_str() == old) {
            continue;
        }
        let name = new.as_ref().map(TimelineName::as_str);
        // Two names can become one: then the position that is further wins.
        let sql = "UPDATE read_line SET tweet = max(tweet, ?3) WHERE account = ?1 AND timeline = ?2";
        let merged = run(db, sql, params![account, name, tweet])? > 0;
        if merged || name.is_none() {
            run(db, "DELETE FROM read_line WHERE account = ?1 AND timeline = ?2", params![account, old])?;
        } else {
            let sql = "UPDATE read_line SET timeline = ?3 WHERE account = ?1 AND timeline = ?2";
            run(db, sql, params![account, old, name])?;
        }
    }
    Ok(())
}

fn tweets(db: &Connection, after: i64, batch: usize) -> Result<usize> {
    let sql = "SELECT id, visibility, text FROM tweet WHERE id > ?1 ORDER BY id LIMIT ?2";
    let rows = all(db, sql, params![after, batch], |row| {
        Ok((get::<TweetId>(row, 0)?, get::<Visibility>(row, 1)?, row.get::<_, String>(2)?))
    })?;
    // The rules are the same as before for ASCII, and for deleted tweets and retweets there is no text.
    for (id, visibility, text) in rows.iter().filter(|(_, _, text)| !text.is_ascii()) {
        let (tags, mentions) = hashtags_and_mentions(text);
        if *visibility == Visibility::Public {
            replace_hashtags(db, *id, &tags)?;
        }
        if visibility.is_shareable() {
            // The mentions of other tweets decide who can see them: these stay as they were.
            replace_mentions(db, *id, &mentions)?;
        }
    }
    let last = rows.last().map(|(id, _, _)| id.get().cast_signed());
    if last.is_some() {
        set_mark(db, "refilled_tweets", last)?;
    }
    Ok(rows.len())
}

fn replace_hashtags(db: &Connection, id: TweetId, new: &[Hashtag]) -> Result<()> {
    let sql =
        "SELECT h.name, h.key FROM tweet_hashtag th JOIN hashtag h ON h.id = th.hashtag WHERE th.tweet = ?1";
    let old = all(db, sql, [Sql(id)], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let is_same = |(name, key): &(String, String)| {
        Hashtag::parse(name).is_ok_and(|tag| tag.key() == key) && new.iter().any(|tag| tag.key() == key)
    };
    if old.len() == new.len() && old.iter().all(is_same) {
        return Ok(());
    }
    hashtags::remove(db, id)?;
    hashtags::insert(db, id, new)
}

fn replace_mentions(db: &Connection, id: TweetId, new: &[Username]) -> Result<()> {
    let sql = "SELECT a.id, a.username FROM mention m JOIN account a ON a.id = m.account WHERE m.tweet = ?1";
    let old = all(db, sql, [Sql(id)], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
    for (account, _) in old.iter().filter(|(_, name)| new.iter().all(|username| username.as_str() != name)) {
        run(db, "DELETE FROM mention WHERE tweet = ?1 AND account = ?2", params![Sql(id), account])?;
        let sql = "DELETE FROM notification WHERE tweet = ?1 AND recipient = ?2 AND kind = 2";
        run(db, sql, params![Sql(id), account])?;
    }
    for username in new {
        // As when it was posted: an account that existed then, and no block.
        run(
            db,
            "INSERT OR IGNORE INTO mention (tweet, account)
             SELECT t.id, a.id FROM tweet t JOIN account a ON a.username = ?2
             WHERE t.id = ?1 AND a.state = 1 AND a.id < t.id AND a.id <> t.author
               AND NOT EXISTS (SELECT 1 FROM block WHERE blocker = a.id AND blocked = t.author)
               AND NOT EXISTS (SELECT 1 FROM block WHERE blocker = t.author AND blocked = a.id)",
            params![Sql(id), username.as_str()],
        )?;
    }
    Ok(())
}
