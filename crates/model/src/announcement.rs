//! Announcements: what the operator says to everyone.

use crate::id::AnnouncementId;

/// An announcement, as one account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Identifier; it contains the time.
    pub id: AnnouncementId,
    /// The text; may have several lines.
    pub text: String,
    /// When it ends, in Unix milliseconds; `None`: when it is removed.
    pub ends_ms: Option<i64>,
    /// The account has dismissed it.
    pub dismissed: bool,
}
