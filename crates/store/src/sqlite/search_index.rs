//! The search indexes of tweets and of people. A transaction does not index the tweets that it adds: that is done after the commit, up
//! to `indexed_through`.

use model::{TweetId, name_words, search_tokens};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, first, run};
use super::tx::Tx;

/// The tweet through which all public ones are indexed, and the number of later ones.
pub(super) fn backlog(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let sql = "SELECT value FROM meta WHERE name = 'indexed_through'";
    let indexed_through: i64 = db.query_row(sql, [], |row| row.get(0))?;
    let sql =
        "SELECT count(*) FROM tweet WHERE id > ?1 AND deleted = 0 AND visibility = 1 AND retweet_of IS NULL";
    Ok((indexed_through.cast_unsigned(), db.query_row(sql, [indexed_through], |row| row.get(0))?))
}

/// Indexes up to `limit` public tweets after `indexed_through`, in one transaction. Returns the new `indexed_through`
/// and the number of tweets indexed.
pub(super) fn index(db: &Connection, indexed_through: u64, limit: u64) -> rusqlite::Result<(u64, u64)> {
    run(db, "BEGIN IMMEDIATE", [])?;
    let tweets = all(
        db,
        "SELECT id, text FROM tweet
         WHERE id > ?1 AND deleted = 0 AND visibility = 1 AND retweet_of IS NULL ORDER BY id LIMIT ?2",
        [indexed_through.cast_signed(), limit.cast_signed()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    for (id, text) in &tweets {
        insert(db, *id, text)?;
    }
    let indexed_through = tweets.last().map_or(indexed_through, |(id, _)| id.cast_unsigned());
    run(db, "UPDATE meta SET value = ?1 WHERE name = 'indexed_through'", [indexed_through.cast_signed()])?;
    run(db, "COMMIT", [])?;
    Ok((indexed_through, tweets.len() as u64))
}

fn insert(db: &Connection, id: i64, text: &str) -> rusqlite::Result<()> {
    let tokens = search_tokens(text);
    run(db, "INSERT INTO tweet_search (rowid, text) VALUES (?1, ?2)", params![id, tokens])?;
    Ok(())
}

/// Indexes a tweet with the text that it has now, in place of its earlier text.
pub(super) fn index_tweet_again(db: &Connection, id: i64) -> rusqlite::Result<()> {
    run(db, "DELETE FROM tweet_search WHERE rowid = ?1", [id])?;
    let sql =
        "SELECT text FROM tweet WHERE id = ?1 AND deleted = 0 AND visibility = 1 AND retweet_of IS NULL";
    match first(db, sql, [id], |row| row.get::<_, String>(0))? {
        Some(text) => insert(db, id, &text),
        None => Ok(()),
    }
}

/// Indexes the names that an account has now, in place of its earlier ones.
pub(super) fn index_name_again(db: &Connection, id: i64) -> rusqlite::Result<()> {
    run(db, "DELETE FROM account_search WHERE rowid = ?1", [id])?;
    let sql = "SELECT username, display_name FROM account WHERE id = ?1 AND state <> 3";
    match first(db, sql, [id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))? {
        Some((username, name)) => insert_name(db, id, &username, &name),
        None => Ok(()),
    }
}

/// Indexes the names of an account.
pub(super) fn insert_name(
    db: &Connection,
    id: i64,
    username: &str,
    display_name: &str,
) -> rusqlite::Result<()> {
    let words = name_words(username).into_iter().chain(name_words(display_name));
    let tokens: Vec<String> = words.flat_map(|word| name_tokens(&word)).collect();
    run(db, "INSERT INTO account_search (rowid, name) VALUES (?1, ?2)", params![id, tokens.join(" ")])?;
    Ok(())
}

/// The tokens of a word of a name: the three characters from each place, fewer at the end. A part of three characters or
/// more is a sequence of them, a shorter one is the beginning of one.
pub(super) fn name_tokens(word: &str) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    (0..characters.len()).map(|start| characters.iter().skip(start).take(3).collect()).collect()
}

impl Tx<'_> {
    /// Indexes a public tweet with its new text. A tweet after `indexed_through` is left to [`index`].
    pub(super) fn index_for_search(&mut self, id: TweetId, text: &str) -> Result<()> {
        if id.get() > self.indexed_through {
            self.unindexed += 1;
            return Ok(());
        }
        Ok(insert(self.db, id.get().cast_signed(), text)?)
    }

    /// Removes a tweet from the results of searches. Its words stay in the index until the index is merged.
    pub(super) fn unindex_for_search(&self, id: TweetId) -> Result<()> {
        if id.get() <= self.indexed_through {
            run(self.db, "DELETE FROM tweet_search WHERE rowid = ?1", [Sql(id)])?;
        }
        Ok(())
    }
}
