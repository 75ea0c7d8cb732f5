//! The hashtags of public tweets, and how many tweets each has.

use model::{Hashtag, TweetId};
use rusqlite::{Connection, params};

use super::sql::{Sql, all, run};

/// Counts the tweet at each of these hashtags.
pub(super) fn insert(db: &Connection, id: TweetId, hashtags: &[Hashtag]) -> rusqlite::Result<()> {
    for hashtag in hashtags {
        let number: i64 = db
            .prepare_cached(
                "INSERT INTO hashtag (key, name, tweets) VALUES (?1, ?2, 1)
                 ON CONFLICT (key) DO UPDATE SET tweets = tweets + 1 RETURNING id",
            )?
            .query_row([hashtag.key(), hashtag.name()], |row| row.get(0))?;
        run(db, "INSERT INTO tweet_hashtag (hashtag, tweet) VALUES (?1, ?2)", params![number, Sql(id)])?;
    }
    Ok(())
}

/// Undoes [`insert`]. A hashtag without tweets is deleted: it is a word that its author deleted.
pub(super) fn remove(db: &Connection, id: TweetId) -> rusqlite::Result<()> {
    let sql = "DELETE FROM tweet_hashtag WHERE tweet = ?1 RETURNING hashtag";
    for hashtag in all(db, sql, [Sql(id)], |row| row.get::<_, i64>(0))? {
        run(db, "UPDATE hashtag SET tweets = tweets - 1 WHERE id = ?1", [hashtag])?;
        run(db, "DELETE FROM hashtag WHERE id = ?1 AND tweets = 0", [hashtag])?;
    }
    Ok(())
}
