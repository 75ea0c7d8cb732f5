//! Tweets: posting with everything that hangs on it, editing, deleting, retweets, likes and bookmarks; and how a
//! tweet is read with what decides who may see it.

use std::time::Duration;

use model::{
    Account, AccountId, AccountState, Counts, DisplayName, Error, Hashtag, NewTweet, NotificationKind,
    Relationship, Tweet, TweetId, TweetText, Username, ViewerFlags, Visibility,
};
use rusqlite::{Connection, params};

use super::sql::{Result, Sql, all, exists, first, get, get_optional, optional, parsed, run};
use super::writer::{Tx, applied};
use crate::{ChangeResult, EventKind, Touched, TweetEntities, TweetRecord};

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

pub(super) fn marks(db: &Connection, id: TweetId) -> Result<TweetEntities> {
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
        // The queue is ordered by identifier: a reply is always later than what it answers, so the oldest come
        // first and the walk ends with the page.
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

/// What a change needs to know of a tweet that it refers to.
struct Subject {
    author: AccountId,
    visibility: Visibility,
    retweet_of: Option<TweetId>,
}

/// A tweet with nothing said and nothing done with it.
fn fresh(id: TweetId, author: AccountId, visibility: Visibility) -> Tweet {
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
    /// A tweet that is there; a plain retweet stands for its original.
    fn subject(&self, id: TweetId) -> Result<(TweetId, Subject)> {
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

    /// The same, refused when its author and this account block one another.
    fn subject_for(&self, account: AccountId, id: TweetId) -> Result<(TweetId, Subject)> {
        let (id, subject) = self.subject(id)?;
        self.refuse_across_block(account, subject.author)?;
        Ok((id, subject))
    }

    pub(super) fn post(&mut self, author: AccountId, new: &NewTweet) -> Result<ChangeResult> {
        self.require_active(author)?;
        self.check_new_account_rate(author)?;
        let id = self.new_tweet_id()?;
        let reply_to = new.reply_to.map(|id| self.subject_for(author, id)).transpose()?;
        let quote_of = new.quote_of.map(|id| self.subject_for(author, id)).transpose()?;
        let (replied, quoted) = (reply_to.as_ref().map(|r| r.0), quote_of.as_ref().map(|q| q.0));
        let mentioned = self.insert_tweet(id, author, new, replied, quoted)?;

        // One notification a person: the most specific one.
        let mut told = Vec::new();
        for (subject, kind) in [(&reply_to, NotificationKind::Reply), (&quote_of, NotificationKind::Quote)] {
            if let Some((_, subject)) = subject
                && !told.contains(&subject.author)
                && self.may_learn_of(subject.author, author, new.visibility, id)?
            {
                told.push(subject.author);
                self.notify(subject.author, kind, author, Some(id))?;
            }
        }
        self.notify_mentioned(id, author, &mentioned, &told)?;
        let text = new.text.as_str().to_owned();
        let fresh = fresh(id, author, new.visibility);
        self.posted.push(Tweet { text, reply_to: replied, quote_of: quoted, ..fresh });
        self.tell(EventKind::TweetPosted { tweet: id, author })?;
        applied(id.get(), true)
    }

    /// An account that is new may not fill everybody's timelines. It stands here and not before the store, so that a
    /// tweet which is sent again with its key is answered as the first time.
    fn check_new_account_rate(&self, author: AccountId) -> Result<()> {
        const HOUR_MS: i64 = 60 * 60 * 1_000;
        let is_new = self.now_ms - author.time_ms() < 24 * HOUR_MS;
        let Some(others) = self.new_account_posts.checked_sub(1).filter(|_| is_new) else { return Ok(()) };
        let earliest = first(
            self.db,
            "SELECT id FROM tweet WHERE author = ?1 AND deleted = 0 ORDER BY id DESC LIMIT 1 OFFSET ?2",
            params![author.get().cast_signed(), others],
            |row| row.get::<_, i64>(0),
        )?;
        let Some(earliest) = earliest else { return Ok(()) };
        let wait_ms = model::time_of_id(earliest.cast_unsigned()) + HOUR_MS - self.now_ms;
        match u64::try_from(wait_ms) {
            Ok(wait_ms @ 1..) => {
                Err(Error::RateLimited { retry_after: Duration::from_millis(wait_ms) }.into())
            }
            _ => Ok(()),
        }
    }

    fn new_tweet_id(&mut self) -> Result<TweetId> {
        TweetId::new(self.next_id()).ok_or_else(|| crate::incident(&"the identifiers are used up").into())
    }

    /// The row with its hashtags, mentions, search entry and counters; whom it mentions.
    pub(super) fn insert_tweet(
        &mut self,
        id: TweetId,
        author: AccountId,
        new: &NewTweet,
        reply_to: Option<TweetId>,
        quote_of: Option<TweetId>,
    ) -> Result<Vec<AccountId>> {
        run(
            self.db,
            "INSERT INTO tweet (id, author, text, visibility, reply_to, quote_of) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                Sql(id),
                Sql(author),
                new.text.as_str(),
                Sql(new.visibility),
                optional(reply_to),
                optional(quote_of)
            ],
        )?;
        run(self.db, "UPDATE account SET tweets = tweets + 1 WHERE id = ?1", [Sql(author)])?;
        if let Some(parent) = reply_to {
            run(self.db, "UPDATE tweet SET replies = replies + 1 WHERE id = ?1", [Sql(parent)])?;
            self.touch(Touched::Tweet(parent));
        }
        if let Some(original) = quote_of {
            run(self.db, "UPDATE tweet SET quotes = quotes + 1 WHERE id = ?1", [Sql(original)])?;
            self.touch(Touched::Tweet(original));
        }
        self.index_text(id, author, new.visibility, &new.text)
    }

    fn index_text(
        &mut self,
        id: TweetId,
        author: AccountId,
        visibility: Visibility,
        text: &TweetText,
    ) -> Result<Vec<AccountId>> {
        let mut mentioned = Vec::new();
        for username in text.mentions() {
            let sql = "SELECT id FROM account WHERE username = ?1 AND state = 1";
            let Some(account) = first(self.db, sql, [username.as_str()], |row| get::<AccountId>(row, 0))?
            else {
                continue;
            };
            if account != author && !self.blocked(author, account)? {
                let sql = "INSERT INTO mention (tweet, account) VALUES (?1, ?2)";
                run(self.db, sql, params![Sql(id), Sql(account)])?;
                mentioned.push(account);
            }
        }
        if visibility != Visibility::Public {
            return Ok(mentioned);
        }
        for hashtag in text.hashtags() {
            let number: i64 = self
                .db
                .prepare_cached(
                    "INSERT INTO hashtag (key, name, tweets) VALUES (?1, ?2, 1)
                     ON CONFLICT (key) DO UPDATE SET tweets = tweets + 1 RETURNING id",
                )?
                .query_row([hashtag.key(), hashtag.name()], |row| row.get(0))?;
            run(
                self.db,
                "INSERT INTO tweet_hashtag (hashtag, tweet) VALUES (?1, ?2)",
                params![number, Sql(id)],
            )?;
        }
        self.make_searchable(id, text.as_str())?;
        Ok(mentioned)
    }

    /// Takes back what `index_text` did. A hashtag that nobody uses any more goes: it is somebody's word.
    fn unindex_text(&self, id: TweetId) -> Result<()> {
        let sql = "DELETE FROM tweet_hashtag WHERE tweet = ?1 RETURNING hashtag";
        for hashtag in all(self.db, sql, [Sql(id)], |row| row.get::<_, i64>(0))? {
            run(self.db, "UPDATE hashtag SET tweets = tweets - 1 WHERE id = ?1", [hashtag])?;
            run(self.db, "DELETE FROM hashtag WHERE id = ?1 AND tweets = 0", [hashtag])?;
        }
        run(self.db, "DELETE FROM mention WHERE tweet = ?1", [Sql(id)])?;
        self.forget_in_search(id)
    }

    fn notify_mentioned(
        &mut self,
        id: TweetId,
        author: AccountId,
        mentioned: &[AccountId],
        told: &[AccountId],
    ) -> Result<()> {
        for account in mentioned {
            if !told.contains(account) {
                self.notify(*account, NotificationKind::Mention, author, Some(id))?;
            }
        }
        Ok(())
    }

    /// Whether this person may see the author's tweet with this visibility.
    fn may_learn_of(
        &self,
        person: AccountId,
        author: AccountId,
        visibility: Visibility,
        id: TweetId,
    ) -> Result<bool> {
        let mentioned = || {
            exists(
                self.db,
                "SELECT 1 FROM mention WHERE tweet = ?1 AND account = ?2",
                params![Sql(id), Sql(person)],
            )
        };
        Ok(match visibility {
            Visibility::Public | Visibility::Unlisted => true,
            Visibility::Followers => self.follows(person, author)? || mentioned()?,
            Visibility::Direct => mentioned()?,
        })
    }

    pub(super) fn edit_tweet(
        &mut self,
        author: AccountId,
        id: TweetId,
        text: &TweetText,
    ) -> Result<ChangeResult> {
        let (old, visibility, written_ms) = first(
            self.db,
            "SELECT text, visibility, edited_ms FROM tweet
             WHERE id = ?1 AND author = ?2 AND deleted = 0 AND retweet_of IS NULL",
            params![Sql(id), Sql(author)],
            |row| Ok((row.get::<_, String>(0)?, get::<Visibility>(row, 1)?, row.get::<_, Option<i64>>(2)?)),
        )?
        .ok_or_else(|| Error::not_found("tweet"))?;
        if old == text.as_str() {
            return applied(id.get(), false);
        }
        let before =
            all(self.db, "SELECT account FROM mention WHERE tweet = ?1", [Sql(id)], |row| get(row, 0))?;
        let written_ms = written_ms.unwrap_or(id.time_ms());
        // Two edits in one millisecond, or a clock that stepped back, still make two versions.
        let edited_ms = self.now_ms.max(written_ms + 1);
        run(
            self.db,
            "INSERT INTO tweet_version (tweet, written_ms, text) VALUES (?1, ?2, ?3)",
            params![Sql(id), written_ms, old],
        )?;
        run(
            self.db,
            "UPDATE tweet SET text = ?2, edited_ms = ?3 WHERE id = ?1",
            params![Sql(id), text.as_str(), edited_ms],
        )?;
        self.unindex_text(id)?;
        let mentioned = self.index_text(id, author, visibility, text)?;
        run(
            self.db,
            "DELETE FROM notification WHERE tweet = ?1 AND kind = 2
             AND recipient NOT IN (SELECT account FROM mention WHERE tweet = ?1)",
            [Sql(id)],
        )?;
        self.notify_mentioned(id, author, &mentioned, &before)?;
        self.tell(EventKind::TweetEdited { tweet: id, author })?;
        applied(id.get(), true)
    }

    pub(super) fn delete_tweet(&mut self, author: AccountId, id: TweetId) -> Result<ChangeResult> {
        let retweet_of = first(
            self.db,
            "SELECT retweet_of FROM tweet WHERE id = ?1 AND author = ?2 AND deleted = 0",
            params![Sql(id), Sql(author)],
            |row| get_optional::<TweetId>(row, 0),
        )?
        .ok_or_else(|| Error::not_found("tweet"))?;
        match retweet_of {
            Some(original) => self.remove_retweet(id, author, original)?,
            None => self.remove_tweet(id, author)?,
        }
        applied(id.get(), true)
    }

    /// A tweet with everything that hangs on it; the tombstone stays.
    pub(super) fn remove_tweet(&mut self, id: TweetId, author: AccountId) -> Result<()> {
        let retweets =
            all(self.db, "SELECT id, author FROM tweet WHERE retweet_of = ?1", [Sql(id)], |row| {
                Ok((get::<TweetId>(row, 0)?, get::<AccountId>(row, 1)?))
            })?;
        for (retweet, by) in retweets {
            self.remove_retweet(retweet, by, id)?;
        }
        let sql = "SELECT reply_to, quote_of FROM tweet WHERE id = ?1";
        let refers = first(self.db, sql, [Sql(id)], |row| {
            Ok([get_optional::<TweetId>(row, 0)?, get_optional::<TweetId>(row, 1)?])
        })?;
        for other in refers.into_iter().flatten().flatten() {
            self.touch(Touched::Tweet(other));
        }
        self.unindex_text(id)?;
        for sql in [
            "DELETE FROM tweet_like WHERE tweet = ?1",
            "DELETE FROM bookmark WHERE tweet = ?1",
            "DELETE FROM notification WHERE tweet = ?1",
            "DELETE FROM tweet_version WHERE tweet = ?1",
            "UPDATE tweet SET replies = replies - 1 WHERE id = (SELECT reply_to FROM tweet WHERE id = ?1)",
            "UPDATE tweet SET quotes = quotes - 1 WHERE id = (SELECT quote_of FROM tweet WHERE id = ?1)",
            "UPDATE tweet SET deleted = 1, text = '', edited_ms = NULL, likes = 0 WHERE id = ?1",
        ] {
            run(self.db, sql, [Sql(id)])?;
        }
        run(self.db, "UPDATE account SET tweets = tweets - 1 WHERE id = ?1", [Sql(author)])?;
        self.tell(EventKind::TweetDeleted { tweet: id, author })
    }

    pub(super) fn remove_retweet(
        &mut self,
        retweet: TweetId,
        by: AccountId,
        original: TweetId,
    ) -> Result<()> {
        run(self.db, "DELETE FROM tweet WHERE id = ?1", [Sql(retweet)])?;
        run(self.db, "UPDATE tweet SET retweets = retweets - 1 WHERE id = ?1", [Sql(original)])?;
        run(self.db, "UPDATE account SET tweets = tweets - 1 WHERE id = ?1", [Sql(by)])?;
        self.touch(Touched::Tweet(original));
        self.touch(Touched::ViewerFlags { account: by, tweet: original });
        self.forget_notification(NotificationKind::Retweet, by, original)?;
        self.tell(EventKind::TweetDeleted { tweet: retweet, author: by })
    }

    fn forget_notification(&self, kind: NotificationKind, actor: AccountId, tweet: TweetId) -> Result<()> {
        run(
            self.db,
            "DELETE FROM notification WHERE tweet = ?1 AND kind = ?2 AND actor = ?3",
            params![Sql(tweet), Sql(kind), Sql(actor)],
        )?;
        Ok(())
    }

    pub(super) fn retweet(&mut self, account: AccountId, tweet: TweetId) -> Result<ChangeResult> {
        self.require_active(account)?;
        let (original, subject) = self.subject_for(account, tweet)?;
        let sql = "SELECT id FROM tweet WHERE retweet_of = ?1 AND author = ?2";
        if let Some(id) =
            first(self.db, sql, params![Sql(original), Sql(account)], |row| get::<TweetId>(row, 0))?
        {
            return applied(id.get(), false);
        }
        let id = self.new_tweet_id()?;
        run(
            self.db,
            "INSERT INTO tweet (id, author, text, visibility, retweet_of) VALUES (?1, ?2, '', ?3, ?4)",
            params![Sql(id), Sql(account), Sql(subject.visibility), Sql(original)],
        )?;
        run(self.db, "UPDATE tweet SET retweets = retweets + 1 WHERE id = ?1", [Sql(original)])?;
        run(self.db, "UPDATE account SET tweets = tweets + 1 WHERE id = ?1", [Sql(account)])?;
        self.touch(Touched::Tweet(original));
        self.touch(Touched::ViewerFlags { account, tweet: original });
        self.notify(subject.author, NotificationKind::Retweet, account, Some(original))?;
        self.posted.push(Tweet { retweet_of: Some(original), ..fresh(id, account, subject.visibility) });
        self.tell(EventKind::TweetPosted { tweet: id, author: account })?;
        applied(id.get(), true)
    }

    pub(super) fn undo_retweet(&mut self, account: AccountId, tweet: TweetId) -> Result<ChangeResult> {
        let (original, _) = self.subject(tweet)?;
        let sql = "SELECT id FROM tweet WHERE retweet_of = ?1 AND author = ?2";
        let retweet =
            first(self.db, sql, params![Sql(original), Sql(account)], |row| get::<TweetId>(row, 0))?;
        if let Some(retweet) = retweet {
            self.remove_retweet(retweet, account, original)?;
        }
        applied(original.get(), retweet.is_some())
    }

    pub(super) fn set_like(
        &mut self,
        account: AccountId,
        tweet: TweetId,
        liked: bool,
    ) -> Result<ChangeResult> {
        let (id, subject) = if liked { self.subject_for(account, tweet)? } else { self.subject(tweet)? };
        let changed = if liked {
            let number = self.next_id().cast_signed();
            run(
                self.db,
                "INSERT OR IGNORE INTO tweet_like (account, id, tweet) VALUES (?1, ?2, ?3)",
                params![Sql(account), number, Sql(id)],
            )? > 0
        } else {
            run(
                self.db,
                "DELETE FROM tweet_like WHERE tweet = ?1 AND account = ?2",
                params![Sql(id), Sql(account)],
            )? > 0
        };
        if changed {
            let step = if liked { 1 } else { -1 };
            run(self.db, "UPDATE tweet SET likes = likes + ?2 WHERE id = ?1", params![Sql(id), step])?;
            self.touch(Touched::Tweet(id));
            self.touch(Touched::ViewerFlags { account, tweet: id });
            if liked {
                self.notify(subject.author, NotificationKind::Like, account, Some(id))?;
            } else {
                self.forget_notification(NotificationKind::Like, account, id)?;
            }
        }
        applied(id.get(), changed)
    }

    pub(super) fn set_bookmark(
        &mut self,
        account: AccountId,
        tweet: TweetId,
        bookmarked: bool,
    ) -> Result<ChangeResult> {
        let (id, _) = self.subject(tweet)?;
        let changed = if bookmarked {
            let number = self.next_id().cast_signed();
            run(
                self.db,
                "INSERT OR IGNORE INTO bookmark (account, id, tweet) VALUES (?1, ?2, ?3)",
                params![Sql(account), number, Sql(id)],
            )? > 0
        } else {
            run(
                self.db,
                "DELETE FROM bookmark WHERE tweet = ?1 AND account = ?2",
                params![Sql(id), Sql(account)],
            )? > 0
        };
        self.touch(Touched::ViewerFlags { account, tweet: id });
        applied(id.get(), changed)
    }
}
