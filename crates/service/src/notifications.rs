//! What others did that concerns one.

use std::collections::HashSet;

use model::{Account, Cursor, Notification, NotificationId, Operation, Page, Result, Span, Tweet};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult};

/// A page of notifications with what is needed to show them.
#[derive(Debug, Clone)]
pub struct NotificationsView {
    /// Newest first.
    pub page: Page<Notification>,
    /// The tweets that they are about.
    pub tweets: Vec<Tweet>,
    /// Actors and authors, once.
    pub accounts: Vec<Account>,
    /// How many are unread in all.
    pub unread: u32,
}

impl Service {
    /// A page of one's notifications.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn notifications(
        &self,
        caller: &Caller,
        span: Span,
        unread_only: bool,
        limit: usize,
    ) -> Result<NotificationsView> {
        let (viewer, _) = policy::member(caller, Operation::ListNotifications)?;
        let list = self.store.notifications(viewer, span, unread_only, limit + 1).await?;
        let mut page = Page::from_surplus(list, limit, |n| Cursor::Id(n.id.get()));
        let ids: HashSet<_> = page.items.iter().filter_map(|n| n.tweet).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let tweets = super::timelines::page_of(self.load_tweets(viewer, &ids).await?, None);
        // What it is about may not be for the viewer any more.
        let seen: HashSet<_> = tweets.tweets.iter().map(|tweet| tweet.id).collect();
        page.items.retain(|n| n.tweet.is_none_or(|tweet| seen.contains(&tweet)));
        let mut accounts = tweets.accounts;
        let known: HashSet<_> = accounts.iter().map(|account| account.id).collect();
        let actors: HashSet<_> =
            page.items.iter().map(|n| n.actor).filter(|id| !known.contains(id)).collect();
        accounts.extend(self.store.accounts(&actors.into_iter().collect::<Vec<_>>()).await?);
        let unread = self.store.unread_notifications(viewer).await?;
        Ok(NotificationsView { page, tweets: tweets.tweets, accounts, unread })
    }

    /// Moves one's read mark forward.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn mark_notifications_read(
        &self,
        caller: &Caller,
        up_to: NotificationId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::MarkNotificationsRead)?;
        self.store.apply(Change::MarkNotificationsRead { account, up_to }, None).await
    }
}
