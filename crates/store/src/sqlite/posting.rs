//! Posting, editing and deleting tweets, with their hashtags, mentions, notifications and counters.

use std::time::Duration;

use model::limits::{NEW_ACCOUNT_STRANGER_MESSAGES, TWEET_VERSIONS_MAX};
use model::{AccountId, Error, NewTweet, NotificationKind, Tweet, TweetId, TweetText, Visibility};
use rusqlite::params;

use super::hashtags;
use super::sql::{Result, Sql, all, exists, first, get, get_optional, optional, run};
use super::tweets::empty_tweet;
use super::tx::{Tx, applied};
use crate::{ChangeResult, EventKind};

const HOUR_MS: i64 = 60 * 60 * 1_000;

impl Tx<'_> {
    pub(super) fn post(&mut self, author: AccountId, new: &NewTweet) -> Result<ChangeResult> {
        self.require_active(author)?;
        self.check_new_account_rate(author)?;
        let id = self.new_tweet_id()?;
        let reply_to = new.reply_to.map(|id| self.subject_for(author, id)).transpose()?;
        let quote_of = new.quote_of.map(|id| self.subject_for(author, id)).transpose()?;
        let (replied, quoted) = (reply_to.as_ref().map(|r| r.0), quote_of.as_ref().map(|q| q.0));
        let mentioned = self.insert_tweet(id, author, new, replied, quoted)?;
        if let Some((_, subject)) = &reply_to
            && !new.visibility.is_shareable()
            && subject.author != author
        {
            self.add_mention(id, subject.author)?;
        }

        // One notification per account: the most specific one.
        let mut notified = Vec::new();
        for (subject, kind) in [(&reply_to, NotificationKind::Reply), (&quote_of, NotificationKind::Quote)] {
            if let Some((_, subject)) = subject
                && !notified.contains(&subject.author)
                && self.may_see(subject.author, author, new.visibility, id)?
            {
                notified.push(subject.author);
                self.notify(subject.author, kind, author, Some(id))?;
            }
        }
        self.notify_mentioned(id, author, &mentioned, &notified)?;
        let text = new.text.as_str().to_owned();
        let empty = empty_tweet(id, author, new.visibility);
        // As it is read: a public reply does not say what hidden tweet it answers.
        let is_named = |parent: Visibility| {
            parent.is_shareable() || parent == new.visibility || new.visibility == Visibility::Direct
        };
        let reply_to = reply_to.filter(|(_, subject)| is_named(subject.visibility)).map(|(id, _)| id);
        self.posted.push(Tweet { text, reply_to, quote_of: quoted, ..empty });
        self.record(EventKind::TweetPosted { tweet: id, author, reply_to: replied, original: quoted })?;
        applied(id.get(), true)
    }

    /// Limits the tweets of a new account, so that it cannot flood timelines. The limit is enforced here and not by the
    /// caller, so that a retry with the same idempotency key gets the result of the first time.
    fn check_new_account_rate(&self, author: AccountId) -> Result<()> {
        let is_new = self.now_ms - author.time_ms() < 24 * HOUR_MS;
        let Some(others) = self.new_account_posts.checked_sub(1).filter(|_| is_new) else { return Ok(()) };
        let earliest = first(
            self.db,
            "SELECT id FROM tweet WHERE author = ?1 AND deleted = 0 ORDER BY id DESC LIMIT 1 OFFSET ?2",
            params![author.get().cast_signed(), others],
            |row| row.get::<_, i64>(0),
        )?;
        let max = self.new_account_posts;
        self.refuse_within_hour(earliest, || {
            format!(
                "an account in its first day can post {max} {} an hour",
                if max == 1 { "tweet" } else { "tweets" }
            )
        })
    }

    /// Limits the messages of a new account to people who have nothing to do with it.
    pub(super) fn check_stranger_rate(&self, author: AccountId, to: AccountId) -> Result<()> {
        let is_new = self.now_ms - author.time_ms() < 24 * HOUR_MS;
        if !is_new || self.new_account_posts == 0 || self.follows(to, author)? {
            return Ok(());
        }
        let answered = "SELECT 1 FROM conversation c JOIN message m ON m.conversation = c.id
                        WHERE c.low = ?1 AND c.high = ?2 AND m.author = ?3";
        let (low, high) = (author.min(to), author.max(to));
        if exists(self.db, answered, params![Sql(low), Sql(high), Sql(to)])? {
            return Ok(());
        }
        let earliest = first(
            self.db,
            "SELECT id FROM message WHERE author = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2",
            params![Sql(author), NEW_ACCOUNT_STRANGER_MESSAGES - 1],
            |row| row.get::<_, i64>(0),
        )?;
        self.refuse_within_hour(earliest, || {
            format!(
                "an account in its first day can send {NEW_ACCOUNT_STRANGER_MESSAGES} messages an hour to people who \
                 do not follow it and have not answered"
            )
        })
    }

    /// Refuses while the identifier, the earliest of those that the limit allows, is less than an hour old.
    fn refuse_within_hour(&self, earliest: Option<i64>, limit: impl FnOnce() -> String) -> Result<()> {
        let Some(earliest) = earliest else { return Ok(()) };
        let wait_ms = model::time_of_id(earliest.cast_unsigned()) + HOUR_MS - self.now_ms;
        match u64::try_from(wait_ms) {
            Ok(wait_ms @ 1..) => {
                let retry_after = Duration::from_millis(wait_ms);
                Err(Error::RateLimited { limit: limit().into(), retry_after }.into())
            }
            _ => Ok(()),
        }
    }

    /// Inserts the row with its hashtags, mentions, search entry and counters; returns the mentioned accounts.
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
        let sql = "UPDATE account SET tweets = tweets + 1, last_post = max(last_post, ?2) WHERE id = ?1";
        let shown = if new.visibility.is_shareable() { id.get().cast_signed() } else { 0 };
        run(self.db, sql, params![Sql(author), shown])?;
        if let Some(parent) = reply_to {
            run(self.db, "UPDATE tweet SET replies = replies + 1 WHERE id = ?1", [Sql(parent)])?;
        }
        if let Some(original) = quote_of {
            run(self.db, "UPDATE tweet SET quotes = quotes + 1 WHERE id = ?1", [Sql(original)])?;
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
        hashtags::insert(self.db, id, text.hashtags())?;
        self.index_for_search(id, text.as_str())?;
        Ok(mentioned)
    }

    /// Lets an account see a followers-only or direct tweet.
    fn add_mention(&self, id: TweetId, account: AccountId) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO mention (tweet, account) VALUES (?1, ?2)";
        run(self.db, sql, params![Sql(id), Sql(account)])?;
        Ok(())
    }

    /// Refuses to show a tweet of limited visibility, and with it its earlier versions, to accounts that could not see
    /// it before.
    fn refuse_new_readers(
        &self,
        author: AccountId,
        visibility: Visibility,
        before: &[AccountId],
        mentioned: &[AccountId],
    ) -> Result<()> {
        if visibility.is_shareable() {
            return Ok(());
        }
        for account in mentioned.iter().filter(|account| !before.contains(account)) {
            if visibility == Visibility::Direct || !self.follows(*account, author)? {
                let reason = "mentions someone who could not see this tweet before: post a new one instead";
                return Err(Error::invalid("text", reason).into());
            }
        }
        Ok(())
    }

    /// Undoes `index_text`.
    fn unindex_text(&self, id: TweetId) -> Result<()> {
        hashtags::remove(self.db, id)?;
        run(self.db, "DELETE FROM mention WHERE tweet = ?1", [Sql(id)])?;
        self.unindex_for_search(id)
    }

    fn notify_mentioned(
        &mut self,
        id: TweetId,
        author: AccountId,
        mentioned: &[AccountId],
        except: &[AccountId],
    ) -> Result<()> {
        for account in mentioned {
            if !except.contains(account) {
                self.notify(*account, NotificationKind::Mention, author, Some(id))?;
            }
        }
        Ok(())
    }

    /// Whether this account may see the author's tweet with this visibility.
    fn may_see(
        &self,
        viewer: AccountId,
        author: AccountId,
        visibility: Visibility,
        id: TweetId,
    ) -> Result<bool> {
        let mentioned = || {
            exists(
                self.db,
                "SELECT 1 FROM mention WHERE tweet = ?1 AND account = ?2",
                params![Sql(id), Sql(viewer)],
            )
        };
        Ok(match visibility {
            Visibility::Public | Visibility::Unlisted => true,
            Visibility::Followers => self.follows(viewer, author)? || mentioned()?,
            Visibility::Direct => mentioned()?,
        })
    }

    pub(super) fn edit_tweet(
        &mut self,
        author: AccountId,
        id: TweetId,
        text: &TweetText,
    ) -> Result<ChangeResult> {
        let (old, visibility, written_ms, answered) = first(
            self.db,
            "SELECT text, visibility, edited_ms, (SELECT author FROM tweet WHERE id = t.reply_to) FROM tweet t
             WHERE id = ?1 AND author = ?2 AND deleted = 0 AND retweet_of IS NULL",
            params![Sql(id), Sql(author)],
            |row| {
                let text: String = row.get(0)?;
                let written_ms: Option<i64> = row.get(2)?;
                Ok((text, get::<Visibility>(row, 1)?, written_ms, get_optional::<AccountId>(row, 3)?))
            },
        )?
        .ok_or_else(|| Error::not_found("tweet"))?;
        if old == text.as_str() {
            return applied(id.get(), false);
        }
        let sql = "SELECT count(*) FROM tweet_version WHERE tweet = ?1";
        let versions: usize = first(self.db, sql, [Sql(id)], |row| row.get(0))?.unwrap_or_default();
        if versions >= TWEET_VERSIONS_MAX {
            let reason = format!(
                "was edited {TWEET_VERSIONS_MAX} times and cannot be edited again; delete it and post a new one"
            );
            return Err(Error::invalid("tweet_id", reason).into());
        }
        let before = all(self.db, "SELECT account FROM mention WHERE tweet = ?1", [Sql(id)], |row| {
            get::<AccountId>(row, 0)
        })?;
        let written_ms = written_ms.unwrap_or(id.time_ms());
        // Two edits in one millisecond, or after the clock was set back, are still two versions.
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
        self.refuse_new_readers(author, visibility, &before, &mentioned)?;
        // Who is answered keeps seeing the answer.
        if let Some(answered) =
            answered.filter(|answered| !visibility.is_shareable() && before.contains(answered))
        {
            self.add_mention(id, answered)?;
        }
        self.withdraw_notifications(
            "tweet = ?1 AND kind = 2 AND recipient NOT IN (SELECT account FROM mention WHERE tweet = ?1)",
            [Sql(id)],
        )?;
        self.notify_mentioned(id, author, &mentioned, &before)?;
        self.record(EventKind::TweetEdited { tweet: id, author })?;
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

    pub(super) fn remove_any_tweet(&mut self, id: TweetId) -> Result<ChangeResult> {
        let sql = "SELECT author FROM tweet WHERE id = ?1 AND deleted = 0";
        let author = first(self.db, sql, [Sql(id)], |row| get::<AccountId>(row, 0))?;
        self.delete_tweet(author.ok_or_else(|| Error::not_found("tweet"))?, id)
    }

    /// Deletes a tweet with everything that refers to it; a tombstone stays.
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
        let [reply_to, original] = refers.unwrap_or_default();
        self.unindex_text(id)?;
        self.remove_notifications("tweet = ?1", [Sql(id)])?;
        for sql in [
            "DELETE FROM tweet_like WHERE tweet = ?1",
            "DELETE FROM bookmark WHERE tweet = ?1",
            "DELETE FROM tweet_version WHERE tweet = ?1",
            "UPDATE tweet SET replies = replies - 1 WHERE id = (SELECT reply_to FROM tweet WHERE id = ?1)",
            "UPDATE tweet SET quotes = quotes - 1 WHERE id = (SELECT quote_of FROM tweet WHERE id = ?1)",
            "UPDATE tweet SET deleted = 1, text = '', edited_ms = NULL, likes = 0 WHERE id = ?1",
        ] {
            run(self.db, sql, [Sql(id)])?;
        }
        run(
            self.db,
            "UPDATE account SET tweets = tweets - 1, last_post = CASE last_post WHEN ?2 THEN coalesce(
                 (SELECT id FROM tweet WHERE author = ?1 AND deleted = 0 AND visibility <= 2 AND retweet_of IS NULL
                  ORDER BY id DESC LIMIT 1), 0) ELSE last_post END
             WHERE id = ?1",
            params![Sql(author), Sql(id)],
        )?;
        self.record(EventKind::TweetDeleted { tweet: id, author, reply_to, original })
    }
}
