//! Tweets as they are read, and the tweet that a change refers to.

use model::{
    Account, AccountId, Counts, DisplayName, Error, Hashtag, Tweet, TweetId, Username, ViewerFlags,
    Visibility,
};
use rusqlite::{Connection, Row, params};

use super::relationships::relationship_of;
use super::sql::{Result, Sql, all, array, first, get, get_optional, optional, parsed};
use super::tx::Tx;
use crate::{TweetEntities, TweetRecord};

/// A reply that more accounts can see than what it answers does not say what that is.
const RECORDS: &str = "
    SELECT t.id, t.author, t.text, t.edited_ms, t.visibility,
           (SELECT id FROM tweet WHERE id = t.reply_to AND (visibility <= 2 OR visibility <= t.visibility)),
           t.quote_of, t.retweet_of,
           t.replies, t.retweets, t.quotes, t.likes, a.username, a.display_name, a.state,
           EXISTS (SELECT 1 FROM tweet_like WHERE tweet = t.id AND account = ?2),
           EXISTS (SELECT 1 FROM tweet WHERE retweet_of = t.id AND author = ?2),
           EXISTS (SELECT 1 FROM bookmark WHERE tweet = t.id AND account = ?2),
           EXISTS (SELECT 1 FROM mention WHERE tweet = t.id AND account = ?2),
           EXISTS (SELECT 1 FROM follow WHERE follower = ?2 AND followee = t.author),
           EXISTS (SELECT 1 FROM follow WHERE follower = t.author AND followee = ?2),
           EXISTS (SELECT 1 FROM block WHERE blocker = ?2 AND blocked = t.author),
           EXISTS (SELECT 1 FROM block WHERE blocker = t.author AND blocked = ?2),
           EXISTS (SELECT 1 FROM mute WHERE muter = ?2 AND muted = t.author)
    FROM rarray(?1) ids CROSS JOIN tweet t ON t.id = ids.value JOIN account a ON a.id = t.author
    WHERE t.deleted = 0 ORDER BY ids.rowid";

/// These tweets as `viewer` sees them, in the order asked for, without deleted ones.
pub(super) fn records(db: &Connection, viewer: AccountId, ids: &[TweetId]) -> Result<Vec<TweetRecord>> {
    Ok(all(db, RECORDS, params![array(ids), Sql(viewer)], record_of)?)
}

fn record_of(row: &Row<'_>) -> rusqlite::Result<TweetRecord> {
    let author = Account {
        id: get(row, 1)?,
        username: parsed(12, Username::parse(&row.get::<_, String>(12)?))?,
        display_name: parsed(13, DisplayName::parse(&row.get::<_, String>(13)?))?,
    };
    Ok(TweetRecord {
        tweet: Tweet {
            id: get(row, 0)?,
            author: author.id,
            text: row.get(2)?,
            edited_ms: row.get(3)?,
            visibility: get(row, 4)?,
            reply_to: get_optional(row, 5)?,
            parent: None,
            quote_of: get_optional(row, 6)?,
            retweet_of: get_optional(row, 7)?,
            counts: Counts {
                replies: row.get(8)?,
                retweets: row.get(9)?,
                quotes: row.get(10)?,
                likes: row.get(11)?,
            },
            viewer: ViewerFlags { liked: row.get(15)?, retweeted: row.get(16)?, bookmarked: row.get(17)? },
        },
        author,
        author_state: get(row, 14)?,
        mentions_viewer: row.get(18)?,
        relationship: relationship_of(row, 19)?,
    })
}

pub(super) fn history(
    db: &Connection,
    id: TweetId,
    after_ms: i64,
    limit: usize,
) -> Result<Vec<(String, i64)>> {
    let mut versions = all(
        db,
        "SELECT text, written_ms FROM tweet_version WHERE tweet = ?1 AND written_ms > ?2
         ORDER BY written_ms LIMIT ?3",
        params![Sql(id), after_ms, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if versions.len() < limit {
        let sql = "SELECT text, edited_ms FROM tweet WHERE id = ?1 AND deleted = 0";
        let current = first(db, sql, [Sql(id)], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.unwrap_or(id.time_ms())))
        })?;
        versions.extend(current.filter(|(_, written_ms)| *written_ms > after_ms));
    }
    Ok(versions)
}

pub(super) fn entities(db: &Connection, id: TweetId) -> Result<TweetEntities> {
    let mentions =
        all(db, "SELECT account FROM mention WHERE tweet = ?1", [Sql(id)], |row| get::<AccountId>(row, 0))?;
    let hashtags = all(
        db,
        "SELECT h.name FROM tweet_hashtag th JOIN hashtag h ON h.id = th.hashtag WHERE th.tweet = ?1",
        [Sql(id)],
        |row| parsed(0, Hashtag::parse(&row.get::<_, String>(0)?)),
    )?;
    Ok(TweetEntities { mentions, hashtags })
}

pub(super) fn ancestors(db: &Connection, id: TweetId, limit: usize) -> Result<Vec<TweetId>> {
    let mut ancestors = Vec::new();
    let mut below = id;
    while ancestors.len() < limit {
        let sql = "SELECT reply_to FROM tweet WHERE id = ?1";
        let Some(Some(above)) = first(db, sql, [Sql(below)], |row| get_optional::<TweetId>(row, 0))? else {
            break;
        };
        ancestors.push(above);
        below = above;
    }
    Ok(ancestors)
}

pub(super) fn descendants(
    db: &Connection,
    id: TweetId,
    after: Option<TweetId>,
    limit: usize,
) -> Result<Vec<TweetId>> {
    Ok(all(
        db,
        // The queue is ordered by identifier. A reply is always newer than its parent, so the oldest replies come
        // first and the query ends with the page.
        "WITH RECURSIVE below (id) AS (
             SELECT id FROM tweet WHERE reply_to = ?1
             UNION ALL
             SELECT t.id FROM below JOIN tweet t ON t.reply_to = below.id
             ORDER BY 1
         )
         SELECT id FROM below WHERE id > ?2 LIMIT ?3",
        params![Sql(id), optional(after).map_or(0, |sql| sql.0.get().cast_signed()), limit],
        |row| get(row, 0),
    )?)
}

/// A tweet that a change refers to.
pub(super) struct Subject {
    pub(super) author: AccountId,
    pub(super) visibility: Visibility,
    retweet_of: Option<TweetId>,
}

/// A new tweet without text, reference and counts.
pub(super) fn empty_tweet(id: TweetId, author: AccountId, visibility: Visibility) -> Tweet {
    Tweet {
        id,
        author,
        text: String::new(),
        edited_ms: None,
        visibility,
        reply_to: None,
        parent: None,
        quote_of: None,
        retweet_of: None,
        counts: Counts::default(),
        viewer: ViewerFlags::default(),
    }
}

impl Tx<'_> {
    /// The tweet that a change refers to; for a plain retweet, its original. Refuses with `NOT_FOUND{tweet}`.
    pub(super) fn subject(&self, id: TweetId) -> Result<(TweetId, Subject)> {
        let subject = first(
            self.db,
            "SELECT author, visibility, retweet_of FROM tweet WHERE id = ?1 AND deleted = 0",
            [Sql(id)],
            |row| {
                Ok(Subject {
                    author: get(row, 0)?,
                    visibility: get(row, 1)?,
                    retweet_of: get_optional(row, 2)?,
                })
            },
        )?
        .ok_or_else(|| Error::not_found("tweet"))?;
        match subject.retweet_of {
            Some(original) => self.subject(original),
            None => Ok((id, subject)),
        }
    }

    /// As [`Tx::subject`]; also refuses with `FORBIDDEN` when the author and this account block each other.
    pub(super) fn subject_for(&self, account: AccountId, id: TweetId) -> Result<(TweetId, Subject)> {
        let (id, subject) = self.subject(id)?;
        self.refuse_across_block(account, subject.author)?;
        Ok((id, subject))
    }

    pub(super) fn new_tweet_id(&mut self) -> Result<TweetId> {
        TweetId::new(self.next_id()).ok_or_else(|| crate::incident(&"no identifier is left").into())
    }
}
