//! Plain retweets, likes and bookmarks.

use model::{AccountId, NotificationKind, Tweet, TweetId};
use rusqlite::params;

use super::sql::{Result, Sql, first, get, run};
use super::tweets::empty_tweet;
use super::tx::{Tx, applied};
use crate::{ChangeResult, EventKind};

impl Tx<'_> {
    pub(super) fn remove_retweet(
        &mut self,
        retweet: TweetId,
        by: AccountId,
        original: TweetId,
    ) -> Result<()> {
        run(self.db, "DELETE FROM tweet WHERE id = ?1", [Sql(retweet)])?;
        run(self.db, "UPDATE tweet SET retweets = retweets - 1 WHERE id = ?1", [Sql(original)])?;
        run(self.db, "UPDATE account SET tweets = tweets - 1 WHERE id = ?1", [Sql(by)])?;
        self.withdraw_notification(NotificationKind::Retweet, by, original)?;
        let original = Some(original);
        self.record(EventKind::TweetDeleted { tweet: retweet, author: by, reply_to: None, original })
    }

    fn withdraw_notification(
        &mut self,
        kind: NotificationKind,
        actor: AccountId,
        tweet: TweetId,
    ) -> Result<()> {
        let subject = params![Sql(tweet), Sql(kind), Sql(actor)];
        self.withdraw_notifications("tweet = ?1 AND kind = ?2 AND actor = ?3", subject)
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
        self.notify(subject.author, NotificationKind::Retweet, account, Some(original))?;
        self.posted
            .push(Tweet { retweet_of: Some(original), ..empty_tweet(id, account, subject.visibility) });
        let original = Some(original);
        self.record(EventKind::TweetPosted { tweet: id, author: account, reply_to: None, original })?;
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
            self.require_active(account)?;
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
            if liked {
                self.notify(subject.author, NotificationKind::Like, account, Some(id))?;
                self.record(EventKind::Liked { account, tweet: id })?;
            } else {
                self.withdraw_notification(NotificationKind::Like, account, id)?;
                self.record(EventKind::Unliked { account, tweet: id })?;
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
            self.require_active(account)?;
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
        if changed && bookmarked {
            self.record(EventKind::Bookmarked { account, tweet: id })?;
        } else if changed {
            self.record(EventKind::Unbookmarked { account, tweet: id })?;
        }
        applied(id.get(), changed)
    }
}
