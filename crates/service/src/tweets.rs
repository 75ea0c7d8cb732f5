//! Posting, editing, deleting, retweeting, liking and bookmarking.

use model::{AccountId, Error, NewTweet, Operation, Relationship, Result, TweetId, TweetPage, TweetText};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult, IdempotencyKey, TweetRecord};

impl Service {
    /// Posts a tweet, a reply or a quote.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}` for what it answers or quotes, `FORBIDDEN` for a quote of what may not be shared.
    pub async fn post(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: NewTweet,
    ) -> Result<ChangeResult> {
        let (author, _) = policy::member(caller, Operation::Post)?;
        self.check_stranger_mentions(author, &tweet.text).await?;
        if let Some(id) = tweet.reply_to {
            self.visible_tweet(author, id).await?;
        }
        if let Some(id) = tweet.quote_of {
            policy::check_shareable(&self.visible_tweet(author, id).await?)?;
        }
        self.store.apply(Change::Post { author, tweet }, once).await
    }

    /// Replaces the text of one's own tweet; the old one stays in its history.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}` also for other people's.
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

    /// Deletes one's own tweet with everything that hangs on it.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}` also for other people's.
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
    /// `NOT_FOUND{tweet}`, `FORBIDDEN` for what may not be shared.
    pub async fn retweet(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        tweet: TweetId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::Retweet)?;
        policy::check_shareable(&self.visible_tweet(account, tweet).await?)?;
        self.store.apply(Change::Retweet { account, tweet }, once).await
    }

    /// Takes one's plain retweet of this tweet back.
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

    /// No longer likes a tweet.
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
        self.store.apply(Change::SetLike { account, tweet, liked: false }, once).await
    }

    /// Bookmarks a tweet; nobody else knows.
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

    /// Takes a bookmark away.
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
        self.store.apply(Change::SetBookmark { account, tweet, bookmarked: false }, once).await
    }

    /// One tweet with what it quotes or retweets.
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

    /// Every text that a tweet has had, with its time, oldest first.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn tweet_history(&self, caller: &Caller, id: TweetId) -> Result<Vec<(String, i64)>> {
        let (viewer, _) = policy::member(caller, Operation::GetTweetHistory)?;
        self.visible_tweet(viewer, id).await?;
        self.store.tweet_history(id).await
    }

    /// Refuses a text that calls too many people who do not follow its author.
    async fn check_stranger_mentions(&self, author: AccountId, text: &TweetText) -> Result<()> {
        let (max, mentions) = (self.config.stranger_mentions, text.mentions());
        if max == 0 || mentions.len() <= max {
            return Ok(());
        }
        let mut people = Vec::with_capacity(mentions.len());
        for username in mentions {
            people.extend(self.store.account_by_username(username).await?.map(|profile| profile.account.id));
        }
        let relationships = self.store.relationships(author, &people).await?;
        let is_stranger =
            |(id, relationships): &(&AccountId, Relationship)| **id != author && !relationships.followed_by;
        let strangers = people.iter().zip(relationships).filter(is_stranger).count();
        if strangers > max {
            return Err(Error::invalid(
                "text",
                format!("mentions more than {max} people who do not follow you"),
            ));
        }
        Ok(())
    }

    /// A tweet, if it is there and the viewer may see it; a plain retweet stands for its original.
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
