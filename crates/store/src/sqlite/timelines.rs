//! Timelines: candidates only, the caller decides which of them the viewer may see.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use model::limits::OWN_HASHTAG_TWEETS;
use model::{AccountId, Hashtag, Span, TweetId};
use rusqlite::{Connection, Row, params, params_from_iter};

use super::sql::{Result, Sql, all, get, parsed, prepared};
use crate::{HashtagUse, Timeline, TimelineEntry};

/// Up to this many authors a home timeline is read with one seek for each, which costs a few microseconds an author
/// whatever else there is; beyond it the tweets of everyone are walked from the newest on and picked, which is fast
/// only while those followed write a good part of them.
const SEEKS_MAX: usize = 1_000;

pub(super) fn read(
    db: &Connection,
    timeline: &Timeline,
    span: Span,
    limit: usize,
) -> Result<Vec<TimelineEntry>> {
    let entries = match timeline {
        Timeline::Home(account) => return home(db, *account, span, limit),
        Timeline::User(account) => spanned(
            db,
            "id, id FROM tweet WHERE author = ?1 AND deleted = 0",
            account.get().cast_signed(),
            span,
            limit,
        ),
        Timeline::Replies(account) => spanned(
            db,
            "id, id FROM tweet WHERE author = ?1 AND deleted = 0 AND reply_to IS NOT NULL",
            account.get().cast_signed(),
            span,
            limit,
        ),
        Timeline::Local => spanned(
            db,
            "id, id FROM tweet WHERE deleted = 0 AND visibility = 1 AND retweet_of IS NULL AND ?1 = ?1",
            0_i64,
            span,
            limit,
        ),
        Timeline::Hashtag(hashtag) => spanned(
            db,
            "tweet AS id, tweet FROM tweet_hashtag WHERE hashtag = (SELECT id FROM hashtag WHERE key = ?1)",
            hashtag.key(),
            span,
            limit,
        ),
        Timeline::Bookmarks(account) => spanned(
            db,
            "id, tweet FROM bookmark WHERE account = ?1",
            account.get().cast_signed(),
            span,
            limit,
        ),
        Timeline::Likes(account) => spanned(
            db,
            "id, tweet FROM tweet_like WHERE account = ?1",
            account.get().cast_signed(),
            span,
            limit,
        ),
        Timeline::Search(query) => {
            let Some(words) = super::search::fts_query(query) else { return Ok(Vec::new()) };
            spanned(
                db,
                "rowid AS id, rowid FROM tweet_search WHERE tweet_search MATCH ?1",
                words,
                span,
                limit,
            )
        }
    };
    Ok(entries?)
}

/// Rows `place, tweet` on one side of a place, newest first. `select` has one parameter and calls the place `id`.
fn spanned(
    db: &Connection,
    select: &str,
    parameter: impl rusqlite::ToSql,
    span: Span,
    limit: usize,
) -> rusqlite::Result<Vec<TimelineEntry>> {
    let key = select.split([',', ' ']).next().unwrap_or("id");
    let (bound, side, order) = bound_of(span, key);
    let sql = format!("SELECT {select} AND {side} ORDER BY {key} {order} LIMIT ?3");
    let mut entries = all(db, &sql, params![parameter, bound, limit], |row| {
        Ok(TimelineEntry { sort_key: row.get::<_, i64>(0)?.cast_unsigned(), tweet: get(row, 1)? })
    })?;
    if matches!(span, Span::After(_)) {
        entries.reverse();
    }
    Ok(entries)
}

/// The bound, its comparison and the order of the walk.
fn bound_of(span: Span, key: &str) -> (i64, String, &'static str) {
    match span {
        Span::Latest => (i64::MAX, format!("{key} < ?2"), "DESC"),
        Span::Before(key_max) => (key_max.cast_signed(), format!("{key} < ?2"), "DESC"),
        Span::After(key_min) => (key_min.cast_signed(), format!("{key} > ?2"), "ASC"),
    }
}

fn home(db: &Connection, account: AccountId, span: Span, limit: usize) -> Result<Vec<TimelineEntry>> {
    let sql = "SELECT followee FROM follow WHERE follower = ?1";
    let mut authors = all(db, sql, [Sql(account)], |row| get::<AccountId>(row, 0))?;
    authors.push(account);
    let mut ids = if authors.len() <= SEEKS_MAX {
        seek_each(db, &authors, span, limit)?
    } else {
        walk_all(db, authors, span, limit)?
    };
    ids.sort_unstable_by_key(|id| Reverse(*id));
    Ok(ids.into_iter().map(|tweet| TimelineEntry { sort_key: tweet.get(), tweet }).collect())
}

/// One seek an author; a tweet that could not be on the page any more ends its author's walk. One statement for all authors
/// cannot end a walk: for 800 tweets of 20, 100 and 500 authors with 50 tweets each it takes 2.3 to 2.8 times as long, and
/// the more tweets an author has, the longer.
fn seek_each(db: &Connection, authors: &[AccountId], span: Span, limit: usize) -> Result<Vec<TweetId>> {
    let (bound, side, order) = bound_of(span, "id");
    let newest_first = order == "DESC";
    let sql = format!(
        "SELECT id FROM tweet WHERE author = ?1 AND {side} AND deleted = 0 ORDER BY id {order} LIMIT ?3"
    );
    let mut statement = prepared(db, &sql)?;
    // The worst of the best so far is on top. Walking upwards the order is turned around by negation.
    let mut best: BinaryHeap<Reverse<i64>> = BinaryHeap::with_capacity(limit + 1);
    for author in authors {
        let mut rows = statement.query(params![Sql(*author), bound, limit])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            let rank = if newest_first { id } else { -id };
            if best.len() == limit {
                if best.peek().is_some_and(|worst| rank <= worst.0) {
                    break;
                }
                best.pop();
            }
            best.push(Reverse(rank));
        }
    }
    Ok(best.into_iter().filter_map(|rank| TweetId::new(rank.0.unsigned_abs())).collect())
}

/// Everyone's tweets from one end on until the page is full.
fn walk_all(db: &Connection, authors: Vec<AccountId>, span: Span, limit: usize) -> Result<Vec<TweetId>> {
    let authors: HashSet<_> = authors.into_iter().collect();
    let (bound, side, order) = bound_of(span, "id");
    let sql =
        format!("SELECT id, author FROM tweet WHERE {side} AND deleted = 0 AND ?1 = ?1 ORDER BY id {order}");
    let mut statement = prepared(db, &sql)?;
    let mut rows = statement.query(params_from_iter([0_i64, bound]))?;
    let mut ids = Vec::with_capacity(limit);
    while ids.len() < limit
        && let Some(row) = rows.next()?
    {
        if authors.contains(&get(row, 1)?) {
            ids.push(get(row, 0)?);
        }
    }
    Ok(ids)
}

pub(super) fn hashtag_uses_since(db: &Connection, since: u64) -> Result<Vec<HashtagUse>> {
    let sql = format!("{HASHTAG_USES} ORDER BY th.tweet");
    Ok(all(db, &sql, [since.cast_signed()], hashtag_use_of)?)
}

pub(super) fn latest_hashtag_uses(db: &Connection, since: u64, limit: usize) -> Result<Vec<HashtagUse>> {
    let sql = format!("{HASHTAG_USES} ORDER BY th.tweet DESC LIMIT ?2");
    Ok(all(db, &sql, params![since.cast_signed(), limit], hashtag_use_of)?)
}

/// Uses of hashtags after the tweet `?1`.
const HASHTAG_USES: &str = "
    SELECT h.name, t.id, t.author FROM tweet_hashtag th
    CROSS JOIN tweet t ON t.id = th.tweet JOIN hashtag h ON h.id = th.hashtag
    JOIN account a ON a.id = t.author
    WHERE th.tweet > ?1 AND t.deleted = 0 AND a.state = 1";

fn hashtag_use_of(row: &Row<'_>) -> rusqlite::Result<HashtagUse> {
    let hashtag = parsed(0, Hashtag::parse(&row.get::<_, String>(0)?))?;
    Ok(HashtagUse { hashtag, tweet: get(row, 1)?, author: get(row, 2)? })
}

pub(super) fn hashtags_of(db: &Connection, account: AccountId, limit: usize) -> Result<Vec<Hashtag>> {
    let sql = "
        SELECT h.name FROM
            (SELECT id FROM tweet WHERE author = ?1 AND deleted = 0 ORDER BY id DESC LIMIT ?2) s
        CROSS JOIN tweet_hashtag th ON th.tweet = s.id JOIN hashtag h ON h.id = th.hashtag
        GROUP BY h.id ORDER BY max(s.id) DESC, h.key";
    let mut hashtags = all(db, sql, params![Sql(account), OWN_HASHTAG_TWEETS], |row| {
        parsed(0, Hashtag::parse(&row.get::<_, String>(0)?))
    })?;
    hashtags.truncate(limit);
    Ok(hashtags)
}
