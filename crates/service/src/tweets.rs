//! Posting, editing, deleting, retweeting, liking and bookmarking.

use model::{
    AccountId, Error, NewTweet, Operation, Page, Relationship, Result, TweetId, TweetPage, TweetText,
    Visibility,
};

use crate::policy::{self, Caller, Rows, Walk};
use crate::service::Service;
use store::{Change, ChangeResult, IdempotencyKey, TweetRecord};

/// A tweet as a client asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TweetDraft {
    /// Text.
    pub text: TweetText,
    /// Who may see it; `None`: everyone, or the audience of the tweet that it replies to.
    pub visibility: Option<Visibility>,
    /// The tweet that it replies to.
    pub reply_to: Option<TweetId>,
    /// The tweet that it quotes.
    pub quote_of: Option<TweetId>,
}

impl From<NewTweet> for TweetDraft {
    fn from(tweet: NewTweet) -> Self {
        let NewTweet { text, visibility, reply_to, quote_of } = tweet;
        Self { text, visibility: Some(visibility), reply_to, quote_of }
    }
}

impl Service {
    /// Posts a tweet, a reply or a quote.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}` for the tweet that it replies to or quotes, `FORBIDDEN` for a quote of a followers-only or direct
    /// tweet, `INVALID{text}` for too many mentions.
    pub async fn post(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: impl Into<TweetDraft>,
    ) -> Result<ChangeResult> {
        let (author, _) = policy::member(caller, Operation::Post)?;
        let TweetDraft { text, visibility, reply_to, quote_of } = tweet.into();
        self.check_stranger_mentions(author, &text).await?;
        let parent = match reply_to {
            Some(id) => Some(self.visible_tweet(author, id).await?.tweet.visibility),
            None => None,
        };
        if let Some(id) = quote_of {
            policy::check_shareable(&self.visible_tweet(author, id).await?)?;
        }
        let visibility = visibility.unwrap_or_else(|| policy::default_visibility(parent));
        let tweet = NewTweet { text, visibility, reply_to, quote_of };
        self.store.apply(Change::Post { author, tweet }, once).await
    }

    /// Replaces the text of a tweet of the caller; the old text stays in its history.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`, also for a tweet of another account; `INVALID{tweet_id}` for one that was edited too often.
    pub async fn edit_tweet(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
        text: TweetText,
    ) -> Result<ChangeResult> {
        let (author, _) = policy::member(caller, Operation::EditTweet)?;
        self.check_stranger_mentions(author, &text).await?;
        self.store.apply(Change::EditTweet { author, tweet, text }, once).await
    }

    /// Deletes a tweet of the caller with its retweets, likes, bookmarks and notifications.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`, also for a tweet of another account.
    pub async fn delete_tweet(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (author, _) = policy::member(caller, Operation::DeleteTweet)?;
        self.store.apply(Change::DeleteTweet { author, tweet }, once).await
    }

    /// Retweets without a message.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`, `FORBIDDEN` for a followers-only or direct tweet, `RATE_LIMITED` for one that the caller has
    /// retweeted many times.
    pub async fn retweet(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::Retweet)?;
        let original = self.visible_tweet(account, tweet).await?;
        policy::check_shareable(&original)?;
        let subject = format!("{}:{}", account.get(), original.tweet.id.get());
        let attempt = self.retweets.attempt(&subject).await?;
        let result = self.store.apply(Change::Retweet { account, tweet }, once).await;
        match &result {
            Ok(applied) if applied.changed => attempt.keep().await,
            _ => attempt.refund().await,
        }
        result
    }

    /// Removes the caller's plain retweet of this tweet.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn undo_retweet(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::UndoRetweet)?;
        self.visible_tweet(account, tweet).await?;
        self.store.apply(Change::UndoRetweet { account, tweet }, once).await
    }

    /// Likes a tweet.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn like(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::Like)?;
        self.visible_tweet(account, tweet).await?;
        self.store.apply(Change::SetLike { account, tweet, liked: true }, once).await
    }

    /// Removes the caller's like.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn unlike(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::Unlike)?;
        self.visible_tweet(account, tweet).await?;
        self.store.apply(Change::SetLike { account, tweet, liked: false }, once).await
    }

    /// Bookmarks a tweet; bookmarks are private.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn bookmark(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::Bookmark)?;
        self.visible_tweet(account, tweet).await?;
        self.store.apply(Change::SetBookmark { account, tweet, bookmarked: true }, once).await
    }

    /// Removes a bookmark.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn unbookmark(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::Unbookmark)?;
        self.visible_tweet(account, tweet).await?;
        self.store.apply(Change::SetBookmark { account, tweet, bookmarked: false }, once).await
    }

    /// One tweet with the original that it quotes or retweets.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn tweet(&self, caller: &Caller, id: TweetId) -> Result<TweetPage> {
        let (viewer, _) = policy::member(caller, Operation::GetTweet)?;
        let page = self.page_of(viewer, &[id]).await?;
        if page.tweets.is_empty() {
            return Err(Error::not_found("tweet"));
        }
        Ok(page)
    }

    /// Those of these tweets that the caller may see, each once, in this order, with the originals that they quote or
    /// retweet. The caller of this method limits their number.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`.
    pub async fn tweets(&self, caller: &Caller, ids: &[TweetId]) -> Result<TweetPage> {
        let (viewer, _) = policy::member(caller, Operation::GetTweets)?;
        self.page_of(viewer, ids).await
    }

    /// A page of the texts that a tweet has had after this time, each with its time in Unix milliseconds, oldest first.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn tweet_history(
        &self,
        caller: &Caller,
        id: TweetId,
        after_ms: i64,
        limit: usize,
    ) -> Result<Page<(String, i64)>> {
        let (viewer, _) = policy::member(caller, Operation::GetTweetHistory)?;
        self.visible_tweet(viewer, id).await?;
        let mut rows = Rows::new(limit, Walk::OldestFirst);
        for (text, written_ms) in self.store.tweet_history(id, after_ms, limit + 1).await? {
            let text_bytes = text.len();
            rows.push(written_ms.cast_unsigned(), (text, written_ms), text_bytes);
        }
        let (rows, next) = rows.finish();
        Ok(Page { items: rows.into_iter().map(|(_, version)| version).collect(), next })
    }

    /// Refuses a text that mentions too many accounts that do not follow its author.
    async fn check_stranger_mentions(&self, author: AccountId, text: &TweetText) -> Result<()> {
        let (max, mentions) = (self.config.stranger_mentions, text.mentions());
        if max == 0 || mentions.len() <= max {
            return Ok(());
        }
        let mut accounts = Vec::with_capacity(mentions.len());
        for username in mentions {
            accounts
                .extend(self.store.account_by_username(username).await?.map(|profile| profile.account.id));
        }
        let relationships = self.store.relationships(author, &accounts).await?;
        let is_stranger =
            |(id, relationship): &(&AccountId, Relationship)| **id != author && !relationship.followed_by;
        let strangers = accounts.iter().zip(relationships).filter(is_stranger).count();
        if strangers > max {
            return Err(Error::invalid(
                "text",
                format!("mentions more than {max} people who do not follow you"),
            ));
        }
        Ok(())
    }

    /// A tweet that the viewer may see; for a plain retweet, its original.
    pub(super) async fn visible_tweet(&self, viewer: AccountId, id: TweetId) -> Result<TweetRecord> {
        let mut id = id;
        loop {
            let record = self.store.tweets(viewer, &[id]).await?.pop();
            match record {
                Some(record) if policy::is_visible(&record, viewer) => match record.tweet.retweet_of {
                    Some(original) => id = original,
                    None => return Ok(record),
                },
                _ => return Err(Error::not_found("tweet")),
            }
        }
    }
}
