//! Notifications: what other accounts did that concerns the caller.

use std::collections::{HashMap, HashSet};

use model::{Account, Notification, NotificationId, Operation, Page, Result, Span, Tweet};

use crate::policy::{self, CANDIDATES_MAX, Caller, Rows, Walk};
use crate::service::Service;
use store::{Change, ChangeResult, NotificationFilter};

/// A page of notifications with what is needed to show them.
#[derive(Debug, Clone)]
pub struct NotificationsView {
    /// Newest first.
    pub page: Page<Notification>,
    /// The tweets that they are about.
    pub tweets: Vec<Tweet>,
    /// Their actors and authors, each once.
    pub accounts: Vec<Account>,
    /// The number of all unread notifications.
    pub unread: u32,
}

impl Service {
    /// A page of the caller's notifications.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn notifications(
        &self,
        caller: &Caller,
        span: Span,
        filter: NotificationFilter,
        limit: usize,
    ) -> Result<NotificationsView> {
        let (viewer, _) = policy::member(caller, Operation::ListNotifications)?;
        let walk = Walk::of(span);
        let mut rows = Rows::new(limit, walk);
        let mut span = span;
        let mut looked_at = 0;
        let (mut tweets, mut accounts) = (HashMap::new(), HashMap::new());
        // Read on until the page is full: some notifications are about tweets that the viewer may not see any more.
        loop {
            let asked = limit + 1;
            let mut candidates = self.store.notifications(viewer, span, &filter, asked).await?;
            if walk == Walk::Upwards {
                candidates.reverse();
            }
            let Some(furthest) = candidates.last().map(|notification| notification.id.get()) else { break };
            looked_at += candidates.len();
            let is_last = candidates.len() < asked;
            let ids: HashSet<_> = candidates.iter().filter_map(|notification| notification.tweet).collect();
            let visible = self.page_of(viewer, &ids.into_iter().collect::<Vec<_>>()).await?;
            tweets.extend(visible.tweets.into_iter().map(|tweet| (tweet.id, tweet)));
            accounts.extend(visible.accounts.into_iter().map(|account| (account.id, account)));
            for notification in candidates {
                let tweet = notification.tweet.map(|tweet| tweets.get(&tweet));
                match tweet {
                    // It is about a tweet that the viewer may not see any more.
                    Some(None) => {}
                    Some(Some(tweet)) => rows.push(notification.id.get(), notification, tweet.text.len()),
                    None => rows.push(notification.id.get(), notification, 0),
                }
            }
            if rows.is_full() || is_last {
                break;
            }
            if looked_at >= CANDIDATES_MAX {
                rows.stop_at(furthest);
                break;
            }
            span = walk.continue_from(furthest);
        }
        let (rows, next) = rows.finish();
        let items: Vec<Notification> = rows.into_iter().map(|(_, notification)| notification).collect();
        let tweets: Vec<Tweet> = {
            let shown: HashSet<_> = items.iter().filter_map(|notification| notification.tweet).collect();
            tweets.into_values().filter(|tweet| shown.contains(&tweet.id)).collect()
        };
        let shown: HashSet<_> =
            items.iter().map(|n| n.actor).chain(tweets.iter().map(|t| t.author)).collect();
        accounts.retain(|id, _| shown.contains(id));
        let missing: Vec<_> = shown.into_iter().filter(|id| !accounts.contains_key(id)).collect();
        let mut accounts: Vec<Account> = accounts.into_values().collect();
        accounts.extend(self.store.accounts(&missing).await?);
        let page = Page { items, next };
        let unread = self.store.unread_notifications(viewer).await?;
        Ok(NotificationsView { page, tweets, accounts, unread })
    }

    /// Marks notifications up to this one as read; the read position never moves back.
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

    /// Marks these notifications as read and no others, so that those that were never shown stay unread.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn mark_each_notification_read(
        &self,
        caller: &Caller,
        notifications: Vec<NotificationId>,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::MarkNotificationsRead)?;
        self.store.apply(Change::MarkEachNotificationRead { account, notifications }, None).await
    }
}
