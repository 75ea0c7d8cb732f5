//! Announcements: the operator and admins make and remove them, everyone sees them, and each account dismisses them.

use model::limits::TWEET_BYTES_MAX;
use model::{Announcement, AnnouncementId, Error, Operation, Result};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult};

const ANNOUNCEMENT_HOURS_MAX: u32 = 365 * 24;

impl Service {
    /// Adds an announcement to everyone, which ends after so many hours or, with 0, when it is removed. A text in which
    /// nothing can be seen removes all announcements.
    ///
    /// # Errors
    /// `INVALID{text}`, also for one too many, and `INVALID{valid_hours}` above the limit.
    pub async fn announce(&self, caller: &Caller, text: &str, valid_hours: u32) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::Announce)?;
        if text.len() > TWEET_BYTES_MAX {
            return Err(Error::invalid("text", format!("is longer than {TWEET_BYTES_MAX} bytes")));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(Error::invalid("text", "has a control character"));
        }
        if valid_hours > ANNOUNCEMENT_HOURS_MAX {
            return Err(Error::invalid("valid_hours", format!("is more than {ANNOUNCEMENT_HOURS_MAX}")));
        }
        if model::is_blank(text) {
            return self.store.apply(Change::RemoveAnnouncements, None).await;
        }
        let ends_ms = (valid_hours > 0).then(|| self.clock.now_ms() + i64::from(valid_hours) * 3_600_000);
        self.store.apply(Change::Announce { text: text.trim().to_owned(), ends_ms }, None).await
    }

    /// Removes an announcement.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_announcement(
        &self,
        caller: &Caller,
        announcement: AnnouncementId,
    ) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::RemoveAnnouncement)?;
        self.store.apply(Change::RemoveAnnouncement { announcement }, None).await
    }

    /// Dismisses an announcement for the caller's account.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, and those of the store.
    pub async fn dismiss_announcement(
        &self,
        caller: &Caller,
        announcement: AnnouncementId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::DismissAnnouncement)?;
        self.store.apply(Change::DismissAnnouncement { account, announcement }, None).await
    }

    /// The announcements as the caller sees them, the newest first.
    pub(crate) async fn announcements(&self, caller: &Caller) -> Result<Vec<Announcement>> {
        let account = match caller {
            Caller::Member { account, .. } => Some(*account),
            Caller::Anonymous(_) | Caller::Operator => None,
        };
        self.store.announcements(account, self.clock.now_ms()).await
    }
}
