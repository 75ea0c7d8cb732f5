//! Tweets as they are read, and the tweet that a change refers to.

use model::{
    Account, AccountId, AccountState, Counts, DisplayName, Error, Hashtag, Relationship, Tweet, TweetId,
    Username, ViewerFlags, Visibility,
};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, first, get, get_optional, optional, parsed};
use super::tx::Tx;
use crate::{TweetEntities, TweetRecord};

const RECORD: &str = "
    SELECT t.author, t.text, t.edited_ms, t.visibility, t.reply_to, t.quote_of, t.retweet_of,
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
    FROM tweet t JOIN account a ON a.id = t.author
    WHERE t.id = ?1 AND t.deleted = 0";

/// These tweets as `viewer` sees them, in the order asked for, without deleted ones.
pub(super) fn records(db: &Connection, viewer: AccountId, ids: &[TweetId]) -> Result<Vec<TweetRecord>> {
    let mut records = Vec::with_capacity(ids.len());
    for &id in ids {
        let record = first(db, RECORD, params![Sql(id), Sql(viewer)], |row| {
            let username: String = row.get(11)?;
            let display_name: String = row.get(12)?;
            let author = get::<AccountId>(row, 0)?;
            Ok(TweetRecord {
                tweet: Tweet {
                    id,
                    author,
                    text: row.get(1)?,
                    edited_ms: row.get(2)?,
                    visibility: get::<Visibility>(row, 3)?,
                    reply_to: get_optional(row, 4)?,
                    quote_of: get_optional(row, 5)?,
                    retweet_of: get_optional(row, 6)?,
                    counts: Counts {
                        replies: row.get(7)?,
                        retweets: row.get(8)?,
                        quotes: row.get(9)?,
                        likes: row.get(10)?,
                    },
                    viewer: ViewerFlags {
                        liked: row.get(14)?,
                        retweeted: row.get(15)?,
                        bookmarked: row.get(16)?,
                    },
                },
                author: Account {
                    id: author,
                    username: parsed(11, Username::parse(&username))?,
                    display_name: parsed(12, DisplayName::parse(&display_name))?,
                },
                author_state: get::<AccountState>(row, 13)?,
                mentions_viewer: row.get(17)?,
                relationship: Relationship {
                    following: row.get(18)?,
                    followed_by: row.get(19)?,
                    blocking: row.get(20)?,
                    blocked_by: row.get(21)?,
                    muting: row.get(22)?,
                },
            })
        })?;
        records.extend(record);
    }
    Ok(records)
}

pub(super) fn history(db: &Connection, id: TweetId) -> Result<Vec<(String, i64)>> {
    let mut versions = all(
        db,
        "SELECT text, written_ms FROM tweet_version WHERE tweet = ?1 ORDER BY written_ms",
        [Sql(id)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let current =
        first(db, "SELECT text, edited_ms FROM tweet WHERE id = ?1 AND deleted = 0", [Sql(id)], |row| {
            Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?.unwrap_or(id.time_ms())))
        })?;
    versions.extend(current);
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
